/* SPDX-License-Identifier: MIT
 *
 * Timing kernels against each other: interleaved rounds, so that what the machine does meanwhile
 * befalls all of them alike. Each round runs every kernel once and, as one more of them, measures
 * the FMA peak, the ceiling of that round; in an order that is random and then reversed (ABBA for
 * two).
 */
#ifndef MLABENCH_MEASURE_H
#define MLABENCH_MEASURE_H

#include "harness/counters.h"
#include "harness/error.h"
#include "harness/inputs.h"
#include "harness/trial.h"
#include "kernels/kernel.h"

#include <stdbool.h>
#include <stdint.h>

struct measure_settings {
    int threads;
    int repetitions;            /* rounds */
    double repetition_ms;       /* wanted length of the fastest kernel's repetition, evictions and
                                   all */
    double kernel_time_limit_s; /* of all repetitions of one kernel */
    uint64_t seed;              /* of the order */
    bool cold;                  /* caches are emptied before every step (evict.h), untimed */
    bool without_ceiling;       /* a round has the kernels alone, and no FMA peak (NAN) */
    bool control; /* a round has the fastest kernel twice, the second time set up anew: what that
                     differs by from itself is what this machine does to anything */
    const char *const *counters; /* names */
    int counter_count;
    int counters_per_pass; /* at most; 0: as many as the machine can. A round counts one pass */
};

/* One repetition of one kernel. Times are per iteration. */
struct sample {
    int kernel;   /* index */
    bool control; /* that kernel's second copy */
    int round;
    int64_t iterations;          /* steps in one repetition, the same for all kernels */
    double real_ns, cpu_ns;      /* of storing the new rows and attending */
    double timer_ns;             /* of reading the clock meanwhile, taken off real_ns */
    double stage_ns[MLA_STAGES]; /* mean over threads; NAN for a stage never announced */
    double steal_ms;             /* of all CPUs during the repetition */
    int64_t involuntary_switches;
    const struct counters *counters; /* what they are; valid during the call */
    const int64_t *counted;          /* [counters_count] in all iterations, where not missing */
};

/* Bytes that timing the kernel takes beside the inputs. */
uint64_t measure_bytes(const struct inputs *inputs, const struct mla_kernel *kernel);

/* Who hears of it, while it goes on. */
struct measure_listener {
    void (*take)(void *context, const struct sample *sample);
    /* All samples of a round were handed over; its FMA peak is known. */
    void (*end_round)(void *context, double fma_peak_gflops);
    /* Kernel number `kernel` is left out: its repetitions would take that long. */
    void (*leave_out)(void *context, int kernel, double seconds);
    /* All rounds were run. The trial is kernel number `kernel` as its last repetition has left it,
     * before which its outputs held NaNs; valid during the call. Returns 0 or MLA_MACHINE. NULL:
     * not of interest. */
    int (*end)(void *context, int kernel, struct trial *trial, struct mla_error *error);
    void *context;
};

/* Sets up all kernels, warms each up until two steps in a row take the same within 3 %, chooses the
 * number of iterations from the fastest, leaves out those that are then too slow, and hands over
 * every repetition as it ends. To be called in a child process. */
int measure(const struct inputs *inputs, const struct mla_kernel *const *kernels, int count,
            const struct measure_settings *settings, const struct measure_listener *listener,
            struct mla_error *error);

#endif
