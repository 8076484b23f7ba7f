/* SPDX-License-Identifier: MIT */
#include "harness/document.h"

#include <stdarg.h>

void doc_paragraph(struct document *doc, const char *format, ...)
{
    char text[2048];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    doc->format->paragraph(doc, text);
}

void doc_item(struct document *doc, const char *format, ...)
{
    char text[2048];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    doc->format->item(doc, text);
}
