/* SPDX-License-Identifier: MIT */
#include "harness/duel.h"

#include "harness/catalogue.h"
#include "harness/measure.h"
#include "harness/random.h"

#include <math.h>
#include <sys/mman.h>

enum { MOST_PAGES_APART = 4096, PAGE = 4096 };

struct listener {
    const int32_t *order; /* which arm is the measured kernel number i */
    struct duel_round round;
    void (*take)(void *context, const struct duel_round *round);
    void *context;
};

static void take_sample(void *context, const struct sample *sample)
{
    struct listener *listener = context;
    listener->round.ns[listener->order[sample->kernel]] = sample->real_ns;
    listener->round.steal_ms += sample->steal_ms;
    listener->round.involuntary_switches += sample->involuntary_switches;
}

static void end_round(void *context, double fma_peak_gflops)
{
    struct listener *listener = context;
    (void)fma_peak_gflops;
    listener->take(listener->context, &listener->round);
    listener->round = (struct duel_round){0};
}

static void leave_out(void *context, int kernel, double seconds)
{
    (void)context;
    (void)kernel;
    (void)seconds;
}

/* The loader puts objects one below the other; some address space in between moves the next. The
 * process ends soon, and if there is none, so be it. */
static void leave_gap(const struct duel *duel, int32_t arm)
{
    uint64_t pages = random_below(duel->seed, RANDOM_DUEL, (uint64_t)arm, MOST_PAGES_APART);
    void *gap =
        mmap(NULL, (size_t)(pages + 1) * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    (void)gap;
}

static int load(const struct duel *duel, int32_t arm, struct catalogue *catalogue,
                const struct mla_kernel **kernel, struct mla_error *error)
{
    leave_gap(duel, arm);
    int code = catalogue_load(catalogue, duel->paths[arm], error);
    *kernel = code ? NULL : catalogue_find(catalogue, duel->kernel);
    if (!code && !*kernel)
        return mla_fail(error, MLA_BAD_INPUT, "%s has no kernel %s", duel->paths[arm],
                        duel->kernel);
    return code;
}

int duel(const struct duel *duel, void (*take)(void *context, const struct duel_round *round),
         void *context, struct mla_error *error)
{
    struct catalogue catalogues[DUEL_ARMS] = {{0}};
    const struct mla_kernel *kernels[DUEL_ARMS] = {NULL};
    int32_t order[DUEL_ARMS] = {DUEL_BASE, DUEL_HEAD, DUEL_CONTROL};
    random_shuffle(duel->seed, RANDOM_DUEL, 1000, order, DUEL_ARMS);
    int code = 0;
    for (int i = 0; i < DUEL_ARMS && !code; i++)
        code = load(duel, order[i], &catalogues[i], &kernels[i], error);
    struct listener listener = {.order = order, .take = take, .context = context};
    struct measure_settings settings = {.threads = duel->threads,
                                        .repetitions = duel->rounds,
                                        .repetition_ms = duel->repetition_ms,
                                        .kernel_time_limit_s = INFINITY,
                                        .seed = duel->seed,
                                        .without_ceiling = true};
    struct measure_listener hears = {
        .take = take_sample, .end_round = end_round, .leave_out = leave_out, .context = &listener};
    if (!code)
        code = measure(duel->inputs, kernels, DUEL_ARMS, &settings, &hears, error);
    for (int i = 0; i < DUEL_ARMS; i++)
        catalogue_destroy(&catalogues[i]);
    return code;
}
