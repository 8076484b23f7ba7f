/* SPDX-License-Identifier: MIT
 *
 * A suite run from end to end: every kernel of every case is verified, and, if asked, those that
 * pass are timed. Everything that computes does so in child processes. */
#ifndef MLABENCH_RUN_H
#define MLABENCH_RUN_H

#include "harness/case_save.h"
#include "harness/catalogue.h"
#include "harness/error.h"
#include "harness/given.h"
#include "harness/progress.h"
#include "harness/result.h"
#include "harness/suite.h"
#include "harness/tally.h"

#include <stdbool.h>
#include <stdint.h>

/* How fast a kernel was in the largest case that it was verified on so far: what it may be expected
 * to take on the next. */
struct pace {
    double flops; /* 0: none yet */
    double ns_per_flop;
};

struct run {
    const struct catalogue *catalogue;
    const struct suite *suite;
    bool timing; /* else verification alone */
    bool quiet;
    bool fail_fast; /* stop at the first failure */
    uint64_t seed;
    bool json;                   /* nothing but JSON is printed */
    const struct given *given;   /* whose layer all cases are about, or NULL: seeded ones */
    bool random_cases;           /* the suite is suite_random's */
    const char *replay;          /* the folder that the one case's inputs come from, or NULL */
    struct saver *saver;         /* that keeps failures, or NULL */
    const char *const *counters; /* names */
    int counter_count;
    struct result *result;
    struct tally tally;
    struct progress progress;
    int64_t start_ns;
    struct pace *paces; /* [catalogue count] */
    bool *hung;         /* [catalogue count] it did once, and is not tried again */
};

/* Fills in run.result and run.tally as it goes, and writes the result after each case. Returns 0
 * also when kernels failed (see the tally); MLA_INTERRUPTED; or MLA_MACHINE when the result cannot
 * be written. */
int run_suite(struct run *run, struct mla_error *error);

/* One case of it. */
int run_case(struct run *run, const struct bench_case *c, struct mla_error *error);

/* Whether a failure has ended it. */
bool run_over(const struct run *run);
extern const char run_over_reason[];

/* Seconds since the run began. */
double run_elapsed(const struct run *run);

/* Records that a kernel (or, with kernel -1, every kernel that the case wants) is left out. */
__attribute__((format(printf, 4, 5))) void run_skip(struct run *run, const struct bench_case *c,
                                                    int kernel, const char *format, ...);

#endif
