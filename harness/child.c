/* SPDX-License-Identifier: MIT */
#include "harness/child.h"

#include "harness/clock.h"
#include "harness/fault.h"
#include "harness/interrupt.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

struct child_channel {
    FILE *out;
};

void child_send(struct child_channel *channel, json_t *message)
{
    json_dumpf(message, channel->out, JSON_COMPACT);
    fputc('\n', channel->out);
    fflush(channel->out);
    json_decref(message);
}

/* The closing message: what the job returned. */
static const char *const result_key = "child_result";

_Noreturn static void be_child(const struct child_job *job, int fd)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    interrupt_ignore();
    struct child_channel channel = {fdopen(fd, "w")};
    struct mla_error error = {{0}};
    if (!channel.out)
        _exit(1);
    fault_report_to(fd);
    int code = job->work(job->context, &channel, &error);
    child_send(&channel, json_pack("{s:i, s:s%}", result_key, code, "message", error.message,
                                   strlen(error.message)));
    _exit(0); /* not exit: the parent's buffers and handlers are not ours to flush and run */
}

const char *child_ending_check(enum child_ending ending)
{
    static const char *const names[] = {[CHILD_RETURNED] = "status",
                                        [CHILD_CRASHED] = "crash",
                                        [CHILD_OUT_OF_BOUNDS] = "bounds",
                                        [CHILD_HUNG] = "hang",
                                        [CHILD_STOPPED] = "status"};
    return names[ending];
}

/* Lines received so far. */
struct inbox {
    char *data;
    size_t length, capacity;
    int code;
    bool done;             /* the closing message has come */
    char fault[FAULT_MAX]; /* what a crash was, if there was one */
    bool out_of_bounds;    /* it was about one of the guarded buffers */
    bool overflow;
};

static void take_line(const struct child_job *job, struct inbox *inbox, const char *line,
                      size_t length, struct mla_error *error)
{
    json_t *message = json_loadb(line, length, 0, NULL);
    const json_t *code = json_object_get(message, result_key);
    if (code) {
        const char *text = json_string_value(json_object_get(message, "message"));
        inbox->done = true;
        inbox->code = (int)json_integer_value(code);
        mla_fail(error, 0, "%s", text ? text : "");
    } else if (json_object_get(message, FAULT_KEY)) {
        snprintf(inbox->fault, sizeof inbox->fault, "%s",
                 json_string_value(json_object_get(message, FAULT_KEY)));
        inbox->out_of_bounds = json_is_true(json_object_get(message, FAULT_BUFFER_KEY));
    } else if (message && job->receive) {
        job->receive(job->context, message);
    }
    json_decref(message);
}

/* False at end of file. */
static bool read_some(const struct child_job *job, int fd, struct inbox *inbox,
                      struct mla_error *error)
{
    enum { READ = 65536 };
    if (inbox->capacity - inbox->length < READ) {
        char *data = realloc(inbox->data, inbox->capacity * 2 + READ);
        if (!data) {
            inbox->overflow = true;
            return false;
        }
        inbox->data = data;
        inbox->capacity = inbox->capacity * 2 + READ;
    }
    ssize_t got = read(fd, inbox->data + inbox->length, READ);
    if (got < 0)
        return errno == EINTR;
    inbox->length += (size_t)got;
    char *start = inbox->data, *end;
    while ((end = memchr(start, '\n', inbox->length - (size_t)(start - inbox->data)))) {
        take_line(job, inbox, start, (size_t)(end - start), error);
        start = end + 1;
    }
    inbox->length -= (size_t)(start - inbox->data);
    memmove(inbox->data, start, inbox->length);
    return got > 0;
}

enum ending { ENDED, TIMED_OUT, STOPPED };

static enum ending listen(const struct child_job *job, int fd, struct inbox *inbox,
                          struct mla_error *error)
{
    enum { TICK_MS = 200 };
    int64_t deadline = clock_ns() + (int64_t)(job->limit_s * 1e9);
    for (;;) {
        if (interrupted())
            return STOPPED;
        if (clock_ns() > deadline)
            return TIMED_OUT;
        struct pollfd poll_fd = {.fd = fd, .events = POLLIN};
        if (poll(&poll_fd, 1, TICK_MS) > 0 && !read_some(job, fd, inbox, error))
            return ENDED;
    }
}

static int conclude(const struct child_job *job, enum ending ending, int status,
                    const struct inbox *inbox, enum child_ending *how, struct mla_error *error)
{
    *how = CHILD_STOPPED;
    if (ending == STOPPED)
        return mla_fail(error, MLA_INTERRUPTED, "interrupted");
    if (inbox->overflow)
        return mla_fail(error, MLA_MACHINE, "no memory for a child's messages");
    if (ending == TIMED_OUT) {
        *how = CHILD_HUNG;
        return mla_fail(error, MLA_FAILED, "did not end within %.0f s and was stopped",
                        job->limit_s);
    }
    *how = CHILD_RETURNED;
    if (inbox->done)
        return inbox->code;
    *how = inbox->out_of_bounds ? CHILD_OUT_OF_BOUNDS : CHILD_CRASHED;
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL)
        return mla_fail(error, MLA_MACHINE,
                        "was killed from outside, most likely for lack of memory");
    if (WIFSIGNALED(status) && inbox->fault[0])
        return mla_fail(error, MLA_FAILED, "crashed (%s): %s", strsignal(WTERMSIG(status)),
                        inbox->fault);
    if (WIFSIGNALED(status))
        return mla_fail(error, MLA_FAILED, "crashed: %s", strsignal(WTERMSIG(status)));
    return mla_fail(error, MLA_FAILED, "ended early with exit code %d", WEXITSTATUS(status));
}

int child_run(const struct child_job *job, struct mla_error *error)
{
    enum child_ending ending;
    return child_run_ending(job, &ending, error);
}

int child_run_ending(const struct child_job *job, enum child_ending *how, struct mla_error *error)
{
    *how = CHILD_STOPPED;
    int fds[2];
    error->message[0] = 0;
    if (pipe(fds))
        return mla_fail(error, MLA_MACHINE, "cannot make a pipe: %s", strerror(errno));
    fflush(NULL); /* or the child would hold copies of unwritten output */
    pid_t pid = fork();
    if (pid < 0) {
        close(fds[0]);
        close(fds[1]);
        return mla_fail(error, MLA_MACHINE, "cannot start a process: %s", strerror(errno));
    }
    if (pid == 0) {
        close(fds[0]);
        be_child(job, fds[1]);
    }
    close(fds[1]);
    struct inbox inbox = {0};
    enum ending ending = listen(job, fds[0], &inbox, error);
    if (ending != ENDED)
        kill(pid, SIGKILL);
    int status = 0;
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        continue;
    close(fds[0]);
    free(inbox.data);
    return conclude(job, ending, status, &inbox, how, error);
}
