/* SPDX-License-Identifier: MIT */
#include "harness/gate_libraries.h"

#include "harness/random.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

static int copy_file(const char *from, const char *to, struct mla_error *error)
{
    struct stat status;
    int in = open(from, O_RDONLY | O_CLOEXEC);
    if (in < 0)
        return mla_fail(error, MLA_BAD_INPUT, "%s: %s", from, strerror(errno));
    int out = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0700);
    bool good = out >= 0 && fstat(in, &status) == 0;
    for (off_t left = good ? status.st_size : 0; left > 0 && good;) {
        ssize_t sent = sendfile(out, in, NULL, (size_t)left);
        good = sent > 0;
        left -= sent;
    }
    int problem = errno;
    close(in);
    if (out >= 0 && close(out) && good) {
        problem = errno;
        good = false;
    }
    return good ? 0
                : mla_fail(error, MLA_MACHINE, "%s: cannot be copied there from %s: %s", to, from,
                           strerror(problem));
}

static int make_place(struct gate_libraries *libraries, struct mla_error *error)
{
    const char *temporary = getenv("TMPDIR");
    char *folder = libraries->folder;
    if (snprintf(folder, sizeof libraries->folder, "%s/mlabench-gate-XXXXXX",
                 temporary && *temporary ? temporary : "/tmp") >= (int)sizeof libraries->folder)
        snprintf(folder, sizeof libraries->folder, "/tmp/mlabench-gate-XXXXXX");
    if (!mkdtemp(folder)) {
        int code = mla_fail(error, MLA_MACHINE, "%s: no folder can be made there: %s", folder,
                            strerror(errno));
        folder[0] = 0;
        return code;
    }
    for (int arm = 0; arm < DUEL_ARMS; arm++)
        snprintf(libraries->copies[arm], sizeof libraries->copies[arm], "%s/%d.so", folder, arm);
    return 0;
}

int gate_libraries_copy(const struct gate_libraries *libraries, uint64_t seed,
                        struct mla_error *error)
{
    int32_t order[DUEL_ARMS];
    int code = 0;
    for (int arm = 0; arm < DUEL_ARMS; arm++) {
        order[arm] = arm;
        unlink(libraries->copies[arm]);
    }
    random_shuffle(seed, RANDOM_DUEL, 2000, order, DUEL_ARMS);
    for (int i = 0; i < DUEL_ARMS && !code; i++)
        code = copy_file(libraries->from[order[i]], libraries->copies[order[i]], error);
    return code;
}

int gate_libraries_open(struct gate_libraries *libraries, const char *base, const char *head,
                        struct mla_error *error)
{
    *libraries = (struct gate_libraries){
        .base.load_limit_s = 20,
        .head.load_limit_s = 20,
        .from = {[DUEL_BASE] = base, [DUEL_HEAD] = head, [DUEL_CONTROL] = base}};
    int code = catalogue_add(&libraries->base, base, error);
    if (!code)
        code = catalogue_add(&libraries->head, head, error);
    if (!code)
        code = make_place(libraries, error);
    return code ? code : gate_libraries_copy(libraries, 0, error);
}

void gate_libraries_close(struct gate_libraries *libraries)
{
    for (int arm = 0; arm < DUEL_ARMS; arm++)
        if (libraries->copies[arm][0])
            unlink(libraries->copies[arm]);
    if (libraries->folder[0])
        rmdir(libraries->folder);
    catalogue_destroy(&libraries->base);
    catalogue_destroy(&libraries->head);
}
