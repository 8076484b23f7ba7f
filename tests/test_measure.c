/* SPDX-License-Identifier: MIT
 *
 * What measuring adds to what is measured. */
#include "harness/measure.h"

#include "harness/clock.h"
#include "harness/counter_names.h"
#include "harness/statistics.h"
#include "tests/small_inputs.h"

#include <criterion/criterion.h>
#include <math.h>

enum { ROUNDS = 20, STEP_NS = 1000000 };

/* --- a kernel that takes one millisecond, and knows how long it took --- */

static int64_t spun_ns;

static int attend_1_ms(const struct mla_problem *problem, const struct mla_memory *memory,
                       const struct mla_call *call)
{
    int64_t start = clock_ns(), now = start;
    (void)problem;
    (void)memory;
    call->enter(call->enter_context, 0, MLA_STAGE_CORE);
    while (now - start < STEP_NS)
        now = clock_ns();
    call->enter(call->enter_context, 0, MLA_STAGES);
    spun_ns += now - start;
    return 0;
}

/* Nothing but announcements. */
static int attend_announcing(const struct mla_problem *problem, const struct mla_memory *memory,
                             const struct mla_call *call)
{
    (void)problem;
    (void)memory;
    for (int i = 0; i < 20000; i++)
        call->enter(call->enter_context, 0, i % 2 ? MLA_STAGES : MLA_STAGE_CORE);
    return 0;
}

static struct mla_kernel spinning(void)
{
    struct mla_kernel kernel = {0};
    for (uint32_t i = 0; i < mla_kernels()->count; i++)
        if (strcmp(mla_kernels()->kernels[i]->name, "absorbed") == 0)
            kernel = *mla_kernels()->kernels[i];
    kernel.name = "spinning";
    kernel.attend = attend_1_ms;
    return kernel;
}

/* --- what is heard of it --- */

struct heard {
    int rounds;
    double added[ROUNDS]; /* of the kernel's own time */
    double timer_ns[ROUNDS], real_ns[ROUNDS];
    int64_t spun_before;
};

static void take(void *context, const struct sample *sample)
{
    struct heard *heard = context;
    double own = (double)(spun_ns - heard->spun_before) / (double)sample->iterations;
    heard->added[heard->rounds] = (sample->real_ns + sample->timer_ns - own) / own;
    heard->real_ns[heard->rounds] = sample->real_ns;
    heard->timer_ns[heard->rounds++] = sample->timer_ns;
    heard->spun_before = spun_ns;
}

static void end_round(void *context, double fma_peak_gflops)
{
    (void)context;
    (void)fma_peak_gflops;
}

static void leave_out(void *context, int kernel, double seconds)
{
    (void)context;
    cr_assert(false, "kernel %d would take %g s", kernel, seconds);
}

static struct heard hear(const struct mla_kernel *kernel, int counter_count)
{
    static const struct shape shape = {MLA_LATENT, MLA_CAUSAL, 3, 3, 12, 6, 10, 20, 80, 5, 3, true};
    struct inputs inputs = inputs_of(&shape, 1);
    const struct mla_kernel *const kernels[] = {kernel};
    struct measure_settings settings = {.threads = 1,
                                        .repetitions = ROUNDS,
                                        .repetition_ms = 3,
                                        .kernel_time_limit_s = 100,
                                        .without_ceiling = true,
                                        .counters = counters_default,
                                        .counter_count = counter_count};
    struct heard heard = {0};
    struct measure_listener listener = {
        .take = take, .end_round = end_round, .leave_out = leave_out, .context = &heard};
    struct mla_error error;
    /* Warming up spins as well; the first round's own time is therefore not known. */
    cr_assert(measure(&inputs, kernels, 1, &settings, &listener, &error) == 0, "%s", error.message);
    cr_assert(heard.rounds == ROUNDS);
    inputs_destroy(&inputs);
    return heard;
}

TestSuite(measure, .timeout = 120);

/* Interruptions fall into the kernel's own time, so this is no question of how busy the machine
 * is. */
Test(measure, adds_less_than_1_percent_to_1_ms)
{
    struct mla_kernel kernel = spinning();
    struct heard heard = hear(&kernel, COUNTERS_DEFAULT);
    double added = stat_median(heard.added + 1, ROUNDS - 1);
    cr_assert(added > 0 && added < 0.01, "%g %%", 100 * added);
}

/* It is taken off all the same. */
Test(measure, the_timer_takes_less_than_a_thousandth)
{
    struct mla_kernel kernel = spinning();
    struct heard heard = hear(&kernel, 0);
    double timer = stat_median(heard.timer_ns, ROUNDS);
    /* Two stages' readings, two of storing, one for the repetition of three steps or more. */
    double readings = timer / clock_cost_ns();
    cr_assert(timer > 0 && timer < 0.001 * STEP_NS, "%g ns", timer);
    cr_assert(readings > 3.9 && readings < 4.5, "%g readings", readings);
}

Test(measure, the_timer_is_taken_off)
{
    struct mla_kernel kernel = spinning();
    kernel.attend = attend_announcing;
    struct heard heard = hear(&kernel, 0);
    double left = INFINITY;
    for (int i = 0; i < ROUNDS; i++)
        left = fmin(left, heard.real_ns[i] / heard.timer_ns[i]);
    cr_assert(left > 0 && left < 0.7, "%g of it is left", left);
}

/* The clock's cost is no more than what a reading between two others takes. */
Test(measure, cost_of_the_clock)
{
    double cost = clock_cost_ns(), gaps[1001];
    for (int i = 0; i < 1001; i++) {
        int64_t before = clock_ns();
        gaps[i] = (double)(clock_ns() - before);
    }
    cr_assert(cost > 1 && cost <= stat_quantile(gaps, 1001, 0.9) + 1, "%g", cost);
}
