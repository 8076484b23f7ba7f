/* SPDX-License-Identifier: MIT */
#include "harness/error.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>

int(mla_fail)(struct mla_error *error, int code, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(error->message, sizeof error->message, format, arguments);
    va_end(arguments);
    for (char *c = error->message; *c; c++)
        if (iscntrl((unsigned char)*c))
            *c = '?';
    return code;
}
