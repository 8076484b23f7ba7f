/* SPDX-License-Identifier: MIT
 *
 * One case under way: its inputs, the reference's answers and the kernels that take part. The
 * parent process holds it; children fill in the shared parts of inputs and oracle. */
#ifndef MLABENCH_CASE_RUN_H
#define MLABENCH_CASE_RUN_H

#include "harness/error.h"
#include "harness/inputs.h"
#include "harness/oracle.h"
#include "harness/run.h"
#include "harness/suite.h"
#include "kernels/kernel.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

/* A kernel in one case. */
struct contender {
    int index; /* in the catalogue */
    const struct mla_kernel *kernel;
    json_t *verdict; /* verdict_json; NULL: not examined */
    bool passed;
    double seconds; /* that verifying it took */
    double *times;  /* [repetitions] ns */
    double *peaks;  /* [repetitions] % of FMA peak */
    int samples;
};

struct case_run {
    struct run *run;
    const struct bench_case *c;
    char name[CASE_NAME_MAX];
    struct inputs inputs;
    struct oracle oracle;
    struct contender *contenders; /* [count] */
    int count;
    int repetitions;
    double dram_read_gbs;     /* measured at the case's threads, or NAN */
    struct contender **group; /* [group_count] the kernels that the present child works on */
    int group_count;
    size_t first_entry; /* of the case's in benchmarks */
    int control_rounds;
    double *control_times;           /* [repetitions] ns */
    const struct contender *control; /* whose second copy took them; NULL: none yet */
    bool controlled;                 /* there is memory for that copy */
};

/* Verification may take this many times kernel_time_limit_s: the cache is filled, pages are small,
 * and nothing is warm. */
#define VERIFY_PATIENCE 10

/* Verifies every contender within `available` bytes, and notes what failed or was left out. Returns
 * 0 also when kernels failed, MLA_INTERRUPTED, or MLA_MACHINE. */
int case_verify(struct case_run *cr, uint64_t available, struct mla_error *error);

/* Times those that passed, together as far as memory allows, and prints a line for each. */
int case_time(struct case_run *cr, uint64_t available, struct mla_error *error);

/* Verifies the whole layer around every contender, stage by stage; layers are not timed. Returns
 * likewise. */
int case_layer(struct case_run *cr, struct mla_error *error);

/* Checks the invariances of every contender, and notes its certificate. Returns likewise. */
int case_certificate(struct case_run *cr, struct mla_error *error);

/* Names the contenders from number `first` on as left out, if a failure has ended the run. */
void case_leave_rest(struct case_run *cr, int first);

/* Records a failure under the name of the check that noticed, and says how to see it again. */
void case_fail(struct case_run *cr, const struct contender *contender, const char *check,
               const char *reason);

/* The name of the check that comparing a case's outputs with the reference is: "random",
 * "inputs:KIND", "paged", "top-k" or "sinks". Valid until the next call. */
const char *case_check(const struct bench_case *c);

/* The worst of o's and lse's error, in units of the limit. */
double contender_error(const struct contender *contender);

#endif
