/* SPDX-License-Identifier: MIT
 *
 * All kernels, each with work added: MLABENCH_SLOWED percent of the time that storing and attending
 * took at first, spent in multiplications. To see that the gate notices. */
#include "kernels/kernel.h"

#include <stdint.h>
#include <stdlib.h>
#include <time.h>

#define KERNEL(symbol) extern const struct mla_kernel symbol;
#include "kernels/kernels.def"
#undef KERNEL

enum { CALIBRATING = 4, CALIBRATION = 200000 };

struct added {
    int calls;
    double least_ns;
    int64_t steps;
};

static volatile double sink;

/* Each step waits for the one before. */
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

static double step_ns(void)
{
    static double ns;
    for (int i = 0; i < 5 && ns == 0; i++) {
        double start = now_ns();
        multiply(CALIBRATION);
        ns = (now_ns() - start) / CALIBRATION;
    }
    return ns;
}

/* What a call that began then has to add. */
static void add_work(struct added *added, double start)
{
    const char *percent = getenv("MLABENCH_SLOWED");
    double took = now_ns() - start;
    if (added->calls < CALIBRATING) {
        added->calls++;
        if (added->calls == 1 || took < added->least_ns)
            added->least_ns = took;
        double share = percent ? strtod(percent, NULL) / 100 : 0;
        added->steps = (int64_t)(share * added->least_ns / step_ns());
    }
    multiply(added->steps);
}

/* Storing a cache's first rows says nothing of storing a few more. */
enum { FEW_ROWS = 64 };

#define KERNEL(symbol)                                                                             \
    static int attend_##symbol(const struct mla_problem *problem, const struct mla_memory *memory, \
                               const struct mla_call *call)                                        \
    {                                                                                              \
        static struct added added;                                                                 \
        double start = now_ns();                                                                   \
        int status = symbol.attend(problem, memory, call);                                         \
        add_work(&added, start);                                                                   \
        return status;                                                                             \
    }                                                                                              \
    static int store_##symbol(const struct mla_problem *problem, const struct mla_memory *memory,  \
                              const struct mla_seq *seq, int64_t position, int64_t count,          \
                              const float *rows, int32_t threads)                                  \
    {                                                                                              \
        static struct added added;                                                                 \
        double start = now_ns();                                                                   \
        int status = symbol.store(problem, memory, seq, position, count, rows, threads);           \
        if (count <= FEW_ROWS)                                                                     \
            add_work(&added, start);                                                               \
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
    kernels[i].attend = attend_##symbol; \
    kernels[i].store = store_##symbol;   \
    table[i] = &kernels[i];              \
    i++;
#include "kernels/kernels.def"
#undef KERNEL
    return &registry;
}
