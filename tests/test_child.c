/* SPDX-License-Identifier: MIT */
#include "harness/child.h"
#include "harness/memory.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int sum;

static void receive(void *context, const json_t *message)
{
    (void)context;
    sum += (int)json_integer_value(json_object_get(message, "value"));
}

static int send_many(void *context, struct child_channel *channel, struct mla_error *error)
{
    const int *count = context;
    for (int i = 1; i <= *count; i++)
        child_send(channel, json_pack("{s:i, s:s}", "value", i, "filler", "................"));
    return mla_fail(error, MLA_REGRESSION, "sent %d", *count);
}

Test(child, messages_and_outcome_arrive)
{
    int count = 20000; /* more than a pipe holds */
    struct child_job job = {send_many, receive, &count, 20};
    struct mla_error error;
    sum = 0;
    cr_assert(child_run(&job, &error) == MLA_REGRESSION);
    cr_assert(strcmp(error.message, "sent 20000") == 0, "%s", error.message);
    cr_assert(sum == 20000 * 20001 / 2, "%d", sum);
}

static int crash(void *context, struct child_channel *channel, struct mla_error *error)
{
    (void)channel;
    (void)error;
    signal(*(const int *)context, SIG_DFL);
    raise(*(const int *)context);
    return 0;
}

Test(child, a_crash_is_a_failure_with_its_signal)
{
    int number = SIGILL;
    struct child_job job = {crash, NULL, &number, 20};
    struct mla_error error;
    cr_assert(child_run(&job, &error) == MLA_FAILED);
    cr_assert(strstr(error.message, "Illegal instruction"), "%s", error.message);
}

enum deed { ILLEGAL, ABORT, BESIDE, READ_ONLY };

static int do_wrong(void *context, struct child_channel *channel, struct mla_error *error)
{
    struct buffer buffer;
    (void)channel;
    int code = buffer_create(&buffer, BUFFER_GUARD_START, 100, "the thing", error);
    volatile unsigned char *bytes = buffer.data;
    switch (*(const enum deed *)context) {
    case ILLEGAL:
        raise(SIGILL);
        break;
    case ABORT:
        abort();
    case BESIDE:
        code = bytes[-8];
        break;
    case READ_ONLY:
        buffer_read_only(&buffer);
        bytes[5] = 1;
        break;
    }
    return code;
}

Test(child, what_a_crash_was_is_said)
{
    static const struct {
        enum deed deed;
        enum child_ending ending;
        const char *message;
    } deeds[] = {
        {ILLEGAL, CHILD_CRASHED, "an instruction that this CPU does not have"},
        {ABORT, CHILD_CRASHED, "it called abort"},
        {BESIDE, CHILD_OUT_OF_BOUNDS, "reading 8 bytes before the start of the thing (100 bytes)"},
        {READ_ONLY, CHILD_OUT_OF_BOUNDS,
         "writing at offset 5 of the thing, which is read-only now"},
    };
    for (size_t i = 0; i < sizeof deeds / sizeof deeds[0]; i++) {
        enum deed deed = deeds[i].deed;
        enum child_ending ending;
        struct child_job job = {do_wrong, NULL, &deed, 20};
        struct mla_error error;
        cr_assert(child_run_ending(&job, &ending, &error) == MLA_FAILED);
        cr_assert(strstr(error.message, deeds[i].message), "%s", error.message);
        cr_assert(ending == deeds[i].ending, "%s: ending %d", error.message, (int)ending);
    }
}

static int hang(void *context, struct child_channel *channel, struct mla_error *error)
{
    (void)context;
    (void)channel;
    (void)error;
    while (pause())
        continue;
    return 0;
}

Test(child, a_hang_is_ended)
{
    struct child_job job = {hang, NULL, NULL, 0.3};
    struct mla_error error;
    cr_assert(child_run(&job, &error) == MLA_FAILED);
    cr_assert(strstr(error.message, "did not end"), "%s", error.message);
}

static int quit(void *context, struct child_channel *channel, struct mla_error *error)
{
    (void)context;
    (void)channel;
    (void)error;
    _exit(7);
}

Test(child, an_early_exit_is_a_failure)
{
    struct child_job job = {quit, NULL, NULL, 5};
    struct mla_error error;
    cr_assert(child_run(&job, &error) == MLA_FAILED);
    cr_assert(strstr(error.message, "exit code 7"), "%s", error.message);
}
