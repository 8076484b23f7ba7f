/* SPDX-License-Identifier: MIT
 *
 * One kernel of two builds in one case: what is found out about it, in child processes. */
#ifndef MLABENCH_GATE_CASE_H
#define MLABENCH_GATE_CASE_H

#include "harness/gate.h"
#include "harness/gate_libraries.h"
#include "harness/inputs.h"
#include "harness/oracle.h"
#include "harness/suite.h"

#include <stdbool.h>
#include <stdint.h>

/* Of one build's kernel. */
struct gate_check {
    bool passed;         /* verification */
    double error;        /* in units of the limit */
    int64_t cache_bytes; /* allocated for the rows stored */
    char reason[256];    /* why it did not pass */
};

struct gate_comparison {
    int suite_case;
    char case_name[CASE_NAME_MAX], kernel[48];
    struct gate_check base, head;
    struct gate_series series; /* of the latest stage */
    double steal_ms;           /* while it was timed, in all stages */
    int64_t involuntary_switches;
    struct gate_finding finding; /* of the latest stage */
    int32_t processes;           /* of the next stage */
    int stages;                  /* that it was timed in */
    int alarms[2];               /* of them, as slower and as faster */
    enum gate_verdict verdict;   /* so far */
    bool cut;                    /* there was no time to ask again */
};

/* The case; its inputs and the reference's answers are shared with the children. */
struct gate_case {
    const struct bench_case *c;
    const struct gate_libraries *libraries;
    double repetition_ms;
    uint64_t seed;
    struct inputs inputs;
    struct oracle oracle;
};

/* Whatever they return, gate_case_close is to follow. All return 0, MLA_MACHINE or
 * MLA_INTERRUPTED; a kernel that crashes has not passed. */
int gate_case_open(struct gate_case *gc, struct mla_error *error);
void gate_case_close(struct gate_case *gc);

/* Verifies both builds' kernels. */
int gate_case_check(const struct gate_case *gc, struct gate_comparison *comparison,
                    struct mla_error *error);

/* Times them against each other in that many processes one after the other, each of which runs so
 * many rounds, into comparison->series. */
int gate_case_time(const struct gate_case *gc, struct gate_comparison *comparison,
                   int32_t processes, int rounds, struct mla_error *error);

#endif
