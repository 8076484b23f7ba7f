/* SPDX-License-Identifier: MIT */
#include "console.h"
#include "port.h"

#include <stdarg.h>
#include <stdbool.h>

enum { DEBUG_PORT = 0xe9, SHUTDOWN_PORT = 0x8900 };

static bool line_begun;

void console_write(const void *bytes, size_t count)
{
    if (count == 0)
        return;
    port_out_bytes(DEBUG_PORT, bytes, count);
    line_begun = ((const char *)bytes)[count - 1] != '\n';
}

static void write_text(const char *text)
{
    size_t length = 0;
    while (text[length])
        length++;
    console_write(text, length);
}

static void write_number(uint64_t number, unsigned base)
{
    char digits[20];
    size_t at = sizeof digits;
    do {
        digits[--at] = "0123456789abcdef"[number % base];
        number /= base;
    } while (number);
    console_write(digits + at, sizeof digits - at);
}

static void write_line(const char *start, const char *format, va_list arguments)
{
    if (line_begun)
        write_text("\n");
    write_text(start);
    for (; *format; format++)
        if (*format != '%')
            console_write(format, 1);
        else if (*++format == 's')
            write_text(va_arg(arguments, const char *));
        else
            write_number(va_arg(arguments, uint64_t), *format == 'x' ? 16 : 10);
    write_text("\n");
}

void say(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    write_line("emulator: ", format, arguments);
    va_end(arguments);
}

static void mark(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    write_line("mlabench-emulator: ", format, arguments);
    va_end(arguments);
}

void console_begin(void)
{
    mark("begin");
}

_Noreturn void console_end(int status)
{
    mark("exit status %u", (uint64_t)status & 0xff);
    static const char shutdown[] = "Shutdown";
    for (;;)
        port_out_bytes(SHUTDOWN_PORT, shutdown, sizeof shutdown - 1);
}

_Noreturn void give_up(const char *why)
{
    say("%s", why);
    console_end(125);
}
