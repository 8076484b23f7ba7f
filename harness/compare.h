/* SPDX-License-Identifier: MIT
 *
 * Two stored runs: what became slower, larger or less exact. Unlike harness/gate.h these runs were
 * not interleaved: whatever happened to the machine between them befell one alone, and no interval
 * made of their repetitions holds it. Hence a wide limit, and two witnesses: the FMA peak, which
 * both measured in every round, and the other kernels of the case, which took turns with this one.
 */
#ifndef MLABENCH_COMPARE_H
#define MLABENCH_COMPARE_H

#include "harness/error.h"
#include "harness/gate.h"
#include "harness/lineup.h"
#include "harness/machine.h"

#include <stdbool.h>
#include <stdint.h>

/* As a fraction. Identical code, run one after the other, has been seen 38 % apart. */
#define COMPARE_LIMIT 0.10

/* Of one kernel in one case; ratios as logarithms, after / before, positive is slower. */
struct compare_times {
    double ratio;             /* of the medians */
    double low, high;         /* both intervals together; infinite with too few repetitions */
    double rank[2], drawn[2]; /* of the two intervals: by order statistics, by bootstrap */
    double peak;              /* FMA peak before / after: how much slower the machine was; or NAN */
    double others;  /* median ratio of the case's other kernels; NAN if there are fewer than 3 */
    double control; /* how far the case's A/A control moved (control.h), in the run where it moved
                       more; NAN if neither has one */
    enum gate_verdict verdict;
    const char *why; /* unresolved, in words; else NULL. Static */
};

/* Sets ratio and intervals of `n` and `m` repetitions:
 *   rank    the medians' exact intervals, [low after / high before, high after / low before], each
 *           as sure as both together are to be, 95 %; no assumption about distributions
 *   drawn   2,000 times both sides' repetitions drawn with repetition, fewer if there are very many
 * peak, others and control are NAN then. */
void compare_estimate(const double *before, int n, const double *after, int m, uint64_t seed,
                      struct compare_times *times);

/* Sets the verdict. It is a change if it is beyond the limit (a fraction) and both intervals
 * exclude none, and if that still holds when what a witness did the same way is taken off, which
 * must not be half of it; equal, if the intervals lie within the limit and no witness moved by half
 * of it. Neither if the control moved by half of the change, or of the limit. What slows all
 * kernels alike, say another compiler, is unresolved by this: no stored run can tell it from a
 * slower machine. */
void compare_conclude(double limit, struct compare_times *times);

struct compare_row {
    const struct lineup_row *row; /* of[0] is before, of[1] after; both are there */
    struct compare_times times;   /* judged on the same machine alone */
    bool cache_grew;              /* what is allocated or touched */
    bool error_grew; /* by more than 0.05 of the limit; judged on the same machine with the same
                        inputs alone */
};

struct comparison {
    const struct stored_runs *runs; /* two; borrowed */
    double limit;
    struct machine_difference differences[MACHINE_FIELDS]; /* none: times are compared */
    int difference_count;
    bool same_inputs;         /* the seeds are the same */
    struct lineup lineup;     /* rows with one run are those that only it has */
    struct compare_row *rows; /* [count], malloc'ed: of those that both have */
    int count;
    const json_t **broken; /* [broken_count], malloc'ed: entries of after's `failed` whose names
                              are not in before's */
    int broken_count;
};

/* How many rows came to what. */
struct compare_counts {
    int rows, verdicts[GATE_UNRESOLVED + 1];
    int cache, error, broken;
    int only[2]; /* in before, in after */
    int regressions;
};

/* Compares two runs read by runs_read, without joining shards. Returns 0 whatever it finds,
 * MLA_BAD_INPUT if there is nothing to compare, MLA_MACHINE. comparison_free is to follow. */
int comparison_make(const struct stored_runs *runs, double limit, struct comparison *comparison,
                    struct mla_error *error);
void comparison_free(struct comparison *comparison);

struct compare_counts comparison_count(const struct comparison *comparison);

/* The worst of o and lse, as a fraction of the limit; NAN if it is not known. */
double compare_error(const struct result_row *row);

#endif
