/* SPDX-License-Identifier: MIT */
#include "harness/memory.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* The signal that ends a child which touches one byte, 0 if it lives. */
static int signal_of_touching(volatile char *byte, bool write)
{
    pid_t pid = fork();
    if (pid == 0) {
        signal(SIGSEGV, SIG_DFL); /* not a sanitizer's report */
        char value = *byte;
        if (write)
            *byte = value;
        _exit(0);
    }
    int status;
    waitpid(pid, &status, 0);
    return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

Test(memory, guards_stand_right_behind_and_before)
{
    static const size_t sizes[] = {4, 100, 4096, 12292};
    struct mla_error error;
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        struct buffer end, start;
        cr_assert(buffer_create(&end, BUFFER_GUARD_END, sizes[i], "x", &error) == 0);
        cr_assert(buffer_create(&start, BUFFER_GUARD_START, sizes[i], "x", &error) == 0);
        char *data = end.data;
        cr_assert(signal_of_touching(data + sizes[i] - 1, true) == 0);
        cr_assert(signal_of_touching(data + sizes[i], false) == SIGSEGV);
        data = start.data;
        cr_assert(signal_of_touching(data, true) == 0);
        cr_assert(signal_of_touching(data - 1, false) == SIGSEGV);
        buffer_destroy(&end);
        buffer_destroy(&start);
    }
}

Test(memory, read_only_can_be_read_and_not_written)
{
    struct mla_error error;
    struct buffer buffer;
    cr_assert(buffer_create(&buffer, BUFFER_GUARD_END, 5000, "x", &error) == 0);
    buffer_read_only(&buffer);
    cr_assert(signal_of_touching(buffer.data, false) == 0);
    cr_assert(signal_of_touching(buffer.data, true) == SIGSEGV);
    cr_assert(signal_of_touching((char *)buffer.data + 4999, true) == SIGSEGV);
    buffer_destroy(&buffer);
}

/* Runs in a process of its own. */
static void write_elsewhere(char *byte, char value)
{
    pid_t pid = fork();
    if (pid == 0) {
        *byte = value;
        _exit(0);
    }
    waitpid(pid, NULL, 0);
}

Test(memory, what_is_shared_can_be_unshared)
{
    struct mla_error error;
    struct buffer buffer, none;
    cr_assert(buffer_create(&buffer, BUFFER_SHARED, 5000, "x", &error) == 0);
    cr_assert(buffer_create(&none, BUFFER_SHARED, 0, "y", &error) == 0);
    char *data = buffer.data;
    write_elsewhere(data + 4999, 3);
    cr_assert(data[4999] == 3);
    cr_assert(buffer_unshare(&buffer, &error) == 0, "%s", error.message);
    cr_assert(buffer.data == data && data[4999] == 3);
    write_elsewhere(data + 4999, 4);
    cr_assert(data[4999] == 3);
    cr_assert(buffer_unshare(&none, &error) == 0, "%s", error.message);
    buffer_destroy(&buffer);
}

Test(memory, changed_words_are_counted)
{
    struct mla_error error;
    struct buffer buffer;
    cr_assert(buffer_create(&buffer, BUFFER_PLAIN, 4002, "x", &error) == 0);
    buffer_poison(&buffer, POISON_NAN);
    cr_assert(buffer_changed(&buffer, POISON_NAN) == 0);
    ((float *)buffer.data)[3] = 0;
    ((float *)buffer.data)[999] = 1;
    cr_assert(buffer_changed(&buffer, POISON_NAN) == 2);
    buffer_destroy(&buffer);
}

Test(memory, nothing_is_asked_for_nothing)
{
    struct mla_error error;
    struct buffer buffer;
    cr_assert(buffer_create(&buffer, BUFFER_GUARD_END, 0, "x", &error) == 0);
    cr_assert(buffer.data == NULL);
    buffer_poison(&buffer, POISON_NAN);
    buffer_read_only(&buffer);
    buffer_destroy(&buffer);
}

Test(memory, too_much_is_refused_by_name)
{
    struct mla_error error;
    struct buffer buffer;
    int code = buffer_create(&buffer, BUFFER_PLAIN, (size_t)1 << 60, "the cache", &error);
    cr_assert(code == MLA_MACHINE);
    cr_assert(strstr(error.message, "the cache") && strstr(error.message, "1152921504606846976"));
}

Test(memory, availability_is_known)
{
    cr_assert(memory_available() > 1 << 20);
}

/* Every kind, with sizes that leave every remainder: where the bytes lie, and what is noticed. */
Test(memory, margins)
{
    static const struct {
        enum buffer_kind kind;
        uintptr_t alignment, remainder;
    } kinds[] = {{BUFFER_GUARD_END, 4, 0},
                 {BUFFER_GUARD_START, 4096, 0},
                 {BUFFER_ALIGNED, 64, 0},
                 {BUFFER_UNALIGNED, 8, 4}};
    static const size_t sizes[] = {1, 3, 4, 63, 64, 65, 4095, 4096, 4097, 10000};
    for (size_t k = 0; k < sizeof kinds / sizeof kinds[0]; k++)
        for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++) {
            struct buffer buffer;
            struct mla_error error;
            ptrdiff_t offset;
            cr_assert(buffer_create(&buffer, kinds[k].kind, sizes[s], "it", &error) == 0);
            char *bytes = buffer.data;
            cr_assert((uintptr_t)bytes % kinds[k].alignment == kinds[k].remainder,
                      "kind %zu, %zu bytes", k, sizes[s]);
            memset(bytes, 1, sizes[s]);
            cr_assert(buffer_intact(&buffer), "kind %zu, %zu bytes", k, sizes[s]);
            cr_assert(buffer_around(bytes + sizes[s], &offset) == &buffer &&
                      (size_t)offset == sizes[s]);
            if (kinds[k].kind == BUFFER_UNALIGNED) {
                bytes[-1] = 0;
                cr_assert(!buffer_intact(&buffer), "a byte before the first is not noticed");
            } else if (kinds[k].kind == BUFFER_ALIGNED && sizes[s] % 64) {
                bytes[sizes[s]] = 0;
                cr_assert(!buffer_intact(&buffer), "a byte after the last is not noticed");
            }
            buffer_destroy(&buffer);
            cr_assert(buffer_around(bytes, &offset) == NULL, "a destroyed buffer is still known");
        }
}

/* However many there have been. */
Test(memory, buffers_are_known_for_as_long_as_they_live)
{
    static struct buffer buffers[300];
    struct mla_error error;
    ptrdiff_t offset;
    for (int i = 0; i < 300; i++) {
        struct buffer *buffer = &buffers[i];
        cr_assert(buffer_create(buffer, BUFFER_GUARD_END, 10, "it", &error) == 0);
        cr_assert(buffer_around((char *)buffer->data + 3, &offset) == buffer && offset == 3,
                  "buffer %d is not known", i);
        buffer_destroy(buffer);
    }
}
