/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "harness/gnuplot.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define ARGUMENTS_MAX 16

extern char **environ;

/* Starts it with its complaints going to `complaints`. Returns 0 or an errno. */
static int start(const char *folder, const char *const *arguments, int complaints, pid_t *pid)
{
    /* -d: a user's own gnuplot settings must not change the figures. */
    const char *words[ARGUMENTS_MAX + 4] = {"gnuplot", "-d", "-c"};
    int count = 3;
    while (*arguments && count < ARGUMENTS_MAX + 3)
        words[count++] = *arguments++;
    if (*arguments)
        return E2BIG;
    posix_spawn_file_actions_t actions;
    int reason = posix_spawn_file_actions_init(&actions);
    if (reason)
        return reason;
    reason = posix_spawn_file_actions_addchdir_np(&actions, folder);
    if (!reason)
        reason = posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    if (!reason)
        reason = posix_spawn_file_actions_adddup2(&actions, complaints, 1);
    if (!reason)
        reason = posix_spawn_file_actions_adddup2(&actions, complaints, 2);
    if (!reason)
        reason = posix_spawnp(pid, words[0], &actions, NULL, (char *const *)words, environ);
    posix_spawn_file_actions_destroy(&actions);
    return reason;
}

/* The first line that names what is wrong: gnuplot shows the offending line and a caret before. */
static void first_reason(const char *text, char *message, size_t size)
{
    const char *line = strstr(text, "line ");
    if (!line)
        for (line = text; *line == '\n' || *line == ' '; line++)
            ;
    snprintf(message, size, "gnuplot: %.*s", (int)strcspn(line, "\n"), line);
}

static int wait_for(pid_t pid)
{
    int status;
    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR)
            return -1;
    return status;
}

bool gnuplot_run(const char *folder, const char *const *arguments, struct gnuplot_outcome *outcome)
{
    *outcome = (struct gnuplot_outcome){0};
    int ends[2];
    if (pipe2(ends, O_CLOEXEC)) {
        snprintf(outcome->message, sizeof outcome->message, "gnuplot: %s", strerror(errno));
        return false;
    }
    pid_t pid;
    int reason = start(folder, arguments, ends[1], &pid);
    close(ends[1]);
    char text[2048] = "", rest[512];
    size_t used = 0;
    ssize_t got;
    /* Read to the end, so that a talkative gnuplot does not wait for us. */
    while (!reason && (got = read(ends[0], rest, sizeof rest)) != 0) {
        if (got < 0 && errno != EINTR)
            break;
        for (ssize_t i = 0; i < got && used + 1 < sizeof text; i++)
            text[used++] = rest[i];
    }
    close(ends[0]);
    text[used] = 0;
    if (reason) {
        outcome->missing = reason == ENOENT;
        if (outcome->missing)
            snprintf(outcome->message, sizeof outcome->message,
                     "gnuplot is not installed (Debian, Ubuntu: gnuplot-nox; Fedora, Arch: "
                     "gnuplot)");
        else
            snprintf(outcome->message, sizeof outcome->message, "gnuplot cannot be started: %s",
                     strerror(reason));
        return false;
    }
    int status = wait_for(pid);
    if (status == 0)
        return true;
    if (status > 0 && WIFSIGNALED(status))
        snprintf(outcome->message, sizeof outcome->message, "gnuplot was ended by signal %d",
                 WTERMSIG(status));
    else
        first_reason(text, outcome->message, sizeof outcome->message);
    return false;
}
