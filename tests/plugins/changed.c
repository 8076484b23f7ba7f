/* SPDX-License-Identifier: MIT
 *
 * All kernels, changed as the environment variable CHANGED_BY says, for the gate to notice:
 *   slower:P   every step, storing its rows included, takes P percent longer, in multiplications
 *   busier:N   every step does N multiplications more: as many instructions each time
 *   wrong      outputs are too large by a hundredth
 *   coarser:X  outputs are too large by X of themselves
 *   larger:N   the cache takes N bytes more */
#include "kernels/kernel.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define KERNEL(symbol) extern const struct mla_kernel symbol;
#include "kernels/kernels.def"
#undef KERNEL

#ifndef CHANGED_BY
#define CHANGED_BY "MLABENCH_CHANGE"
#endif

enum { CALIBRATIONS = 5, CALIBRATION = 200000 };

static volatile double sink;

/* Each step waits for the one before, so that nothing but the clock rate matters. */
static void multiply(int64_t steps)
{
    double x = 1;
    for (int64_t i = 0; i < steps; i++)
        x = x * 1.0000001 + 1e-9;
    sink = x;
}

static double now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return 1e9 * (double)t.tv_sec + (double)t.tv_nsec;
}

static double multiplication_ns(void)
{
    static double least;
    for (int i = 0; i < CALIBRATIONS && (i > 0 || least == 0); i++) {
        double start = now_ns();
        multiply(CALIBRATION);
        double ns = (now_ns() - start) / CALIBRATION;
        if (least == 0 || ns < least)
            least = ns;
    }
    return least;
}

/* What follows "NAME" or "NAME:" in the variable, 1 if nothing does; 0 if it says something else.
 */
static double changed(const char *name)
{
    const char *change = getenv(CHANGED_BY);
    size_t length = strlen(name);
    if (!change || strncmp(change, name, length) != 0)
        return 0;
    return change[length] == ':' ? strtod(change + length + 1, NULL) : 1;
}

static void slow(double took_ns)
{
    multiply((int64_t)(changed("slower") / 100 * took_ns / multiplication_ns()));
}

static void spoil(const struct mla_problem *problem, const struct mla_call *call)
{
    double factor = 1 + changed("coarser") + 0.01 * changed("wrong");
    size_t tokens = 0;
    for (int32_t i = 0; i < call->batch; i++)
        tokens += (size_t)call->seqs[i].tokens;
    size_t n = tokens * (size_t)problem->heads * (size_t)problem->v_head_dim;
    for (size_t i = 0; i < n && factor != 1; i++)
        call->o[i] = (float)(factor * call->o[i]);
}

/* What storing took in the step that the next attend ends. */
static double stored_ns;

#define KERNEL(symbol)                                                                             \
    static int plan_##symbol(const struct mla_problem *problem, struct mla_plan *plan)             \
    {                                                                                              \
        int status = symbol.plan(problem, plan);                                                   \
        plan->cache_padding += (size_t)changed("larger");                                          \
        return status;                                                                             \
    }                                                                                              \
    static int attend_##symbol(const struct mla_problem *problem, const struct mla_memory *memory, \
                               const struct mla_call *call)                                        \
    {                                                                                              \
        double start = now_ns();                                                                   \
        int status = symbol.attend(problem, memory, call);                                         \
        slow(stored_ns + now_ns() - start);                                                        \
        multiply((int64_t)changed("busier"));                                                      \
        spoil(problem, call);                                                                      \
        stored_ns = 0;                                                                             \
        return status;                                                                             \
    }                                                                                              \
    static int store_##symbol(const struct mla_problem *problem, const struct mla_memory *memory,  \
                              const struct mla_seq *seq, int64_t position, int64_t count,          \
                              const float *rows, int32_t threads)                                  \
    {                                                                                              \
        double start = now_ns();                                                                   \
        int status = symbol.store(problem, memory, seq, position, count, rows, threads);           \
        stored_ns += now_ns() - start;                                                             \
        return status;                                                                             \
    }
#include "kernels/kernels.def"
#undef KERNEL

#define KERNEL(symbol) +1
enum {
    COUNT = 0
#include "kernels/kernels.def"
#undef KERNEL
};

const struct mla_registry *mla_kernels(void)
{
    static struct mla_kernel kernels[COUNT];
    static const struct mla_kernel *table[COUNT];
    static const struct mla_registry registry = {.abi = MLA_ABI, .count = COUNT, .kernels = table};
    int i = 0;
#define KERNEL(symbol)                   \
    kernels[i] = symbol;                 \
    kernels[i].plan = plan_##symbol;     \
    kernels[i].attend = attend_##symbol; \
    kernels[i].store = store_##symbol;   \
    table[i] = &kernels[i];              \
    i++;
#include "kernels/kernels.def"
#undef KERNEL
    return &registry;
}
