/* SPDX-License-Identifier: MIT */
#include "harness/shell_word.h"

#include <stdio.h>
#include <string.h>

static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                            "-_./:+,@%=";

void shell_append(char *text, size_t size, const char *word)
{
    size_t used = strlen(text), length = strlen(word), quotes = 0;
    for (const char *c = word; *c; c++)
        quotes += *c == '\'';
    if (length > 0 && strspn(word, plain) == length) {
        if (used + 1 + length < size)
            snprintf(text + used, size - used, " %s", word);
        return;
    }
    /* ' becomes '\'' */
    if (used + 3 + length + 3 * quotes >= size)
        return;
    char *end = stpcpy(text + used, " '");
    for (const char *c = word; *c; c++)
        end = *c == '\'' ? stpcpy(end, "'\\''") : (*end = *c, end + 1);
    stpcpy(end, "'");
}
