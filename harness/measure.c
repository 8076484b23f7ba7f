/* SPDX-License-Identifier: MIT */
#include "harness/measure.h"

#include "harness/ceilings.h"
#include "harness/clock.h"
#include "harness/cpu.h"
#include "harness/evict.h"
#include "harness/memory.h"
#include "harness/noise.h"
#include "harness/placement.h"
#include "harness/random.h"
#include "harness/split.h"
#include "harness/stages.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { BURST_MS = 4, WARM_UPS = 8 };
static const double warm_up_change = 0.03;

/* One kernel, ready to run. */
struct arm {
    const struct mla_kernel *kernel;
    struct placement placed;
    struct buffer prepared, cache, workspace, o, lse;
    struct mla_memory memory;
    struct mla_call call;
    struct split split;
    struct evict_span *spans; /* [span_count] all that a step may touch, if steps begin cold */
    int span_count;
    double step_ns;  /* once it has run a few times */
    double evict_ns; /* before each step; 0 where steps are warm */
    bool left_out;
};

struct bench {
    const struct inputs *inputs;
    const struct measure_settings *settings;
    struct arm *arms; /* [count + 1], the control last */
    int count;
    int control; /* the kernel that the control is a copy of, or -1: there is none */
    int64_t iterations;
    int32_t *order;
    struct stage_clock *clocks; /* [threads] */
    struct counters *counters;
    int64_t *counted; /* [counters_count] in the present repetition */
    struct evictor evictor;
};

static int plan_arm(struct arm *arm, const struct inputs *inputs, struct mla_error *error)
{
    int code = placement_create(inputs, arm->kernel, 0, 0, &arm->placed, error);
    if (code == MLA_FAILED) {
        struct mla_error because = *error;
        return mla_fail(error, code, "%s: %.500s", arm->kernel->name, because.message);
    }
    return code;
}

static size_t output_floats(const struct mla_problem *p)
{
    return (size_t)p->max_tokens * (size_t)p->heads * (size_t)p->v_head_dim;
}

static uint64_t arm_bytes(const struct arm *arm, const struct inputs *inputs)
{
    return arm->placed.plan.prepared + arm->placed.plan.cache_payload +
           arm->placed.plan.cache_padding + arm->placed.plan.workspace +
           sizeof(float) * 2 * output_floats(&arm->placed.problem) +
           split_bytes(inputs->split, &arm->placed.problem);
}

static void release_arm(struct arm *arm)
{
    if (arm->kernel->release && arm->memory.cache)
        arm->kernel->release(&arm->placed.problem, arm->prepared.data);
    buffer_destroy(&arm->prepared);
    buffer_destroy(&arm->cache);
    buffer_destroy(&arm->workspace);
    buffer_destroy(&arm->o);
    buffer_destroy(&arm->lse);
    split_destroy(&arm->split);
    placement_destroy(&arm->placed);
    free(arm->spans);
}

uint64_t measure_bytes(const struct inputs *inputs, const struct mla_kernel *kernel)
{
    struct arm arm = {.kernel = kernel};
    struct mla_error ignored;
    uint64_t bytes = plan_arm(&arm, inputs, &ignored) ? 0 : arm_bytes(&arm, inputs);
    placement_destroy(&arm.placed);
    return bytes;
}

static int allocate_arm(struct arm *arm, int32_t split, struct mla_error *error)
{
    const struct mla_problem *p = &arm->placed.problem;
    const struct {
        struct buffer *buffer;
        size_t size;
        const char *what;
    } wanted[] = {
        {&arm->prepared, arm->placed.plan.prepared, "the prepared weights"},
        {&arm->cache, arm->placed.plan.cache_payload + arm->placed.plan.cache_padding, "the cache"},
        {&arm->workspace, arm->placed.plan.workspace, "the workspace"},
        {&arm->o, sizeof(float) * output_floats(p), "the outputs"},
        {&arm->lse, sizeof(float) * (size_t)p->max_tokens * (size_t)p->heads, "lse"},
    };
    for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++) {
        int code =
            buffer_create(wanted[i].buffer, BUFFER_PLAIN, wanted[i].size, wanted[i].what, error);
        if (code)
            return code;
    }
    int code = split_create(split, p, BUFFER_PLAIN, &arm->split, error);
    if (code)
        return code;
    arm->memory = (struct mla_memory){arm->prepared.data, arm->cache.data, arm->workspace.data};
    return 0;
}

static int store_rows(const struct arm *arm, const struct inputs *inputs, int32_t seq,
                      int64_t position, int64_t count, int threads)
{
    if (count == 0)
        return 0;
    int64_t row = workload_first_row(&inputs->workload, seq) + position;
    return arm->kernel->store(&arm->placed.problem, &arm->memory, &arm->placed.seqs[seq], position,
                              count, (const float *)inputs->rows.data + row * inputs->width,
                              threads);
}

static void add_span(struct arm *arm, const void *data, size_t size)
{
    arm->spans[arm->span_count++] = (struct evict_span){data, size};
}

/* All that a step reads or writes: the kernel's memory and, of the inputs, what goes into a step.
 */
static int list_spans(struct arm *arm, const struct inputs *inputs, struct mla_error *error)
{
    const struct buffer *const whole[] = {
        &arm->prepared, &arm->cache,    &arm->workspace, &arm->o,
        &arm->lse,      &inputs->wkv_b, &inputs->q,      &inputs->top_k,
        &inputs->sinks, &arm->split.o,  &arm->split.lse,
    };
    enum { WHOLE = sizeof whole / sizeof whole[0] };
    int32_t batch = inputs->workload.batch;
    arm->spans = calloc(WHOLE + (size_t)batch, sizeof *arm->spans);
    if (!arm->spans)
        return mla_fail(error, MLA_MACHINE, "no memory to time %d sequences", batch);
    for (int i = 0; i < WHOLE; i++)
        add_span(arm, whole[i]->data, whole[i]->size);
    for (int32_t i = 0; i < batch; i++) {
        const struct mla_seq *seq = &inputs->workload.seqs[i];
        add_span(arm, inputs_row(inputs, i, seq->position),
                 sizeof(float) * (size_t)(seq->tokens * inputs->width));
    }
    return 0;
}

/* The cache holds all rows but the new ones, which every step stores anew. */
static int fill_arm(struct arm *arm, const struct bench *bench, struct mla_error *error)
{
    int threads = bench->settings->threads;
    const struct mla_kernel *kernel = arm->kernel;
    int status =
        kernel->prepare ? kernel->prepare(&arm->placed.problem, arm->prepared.data, threads) : 0;
    for (int32_t i = 0; i < bench->inputs->workload.batch && status == 0; i++)
        status = store_rows(arm, bench->inputs, i, 0, arm->placed.seqs[i].position, threads);
    if (status)
        return mla_fail(error, MLA_FAILED, "%s: filling the cache returned %d", kernel->name,
                        status);
    arm->call = (struct mla_call){.seqs = arm->placed.seqs,
                                  .batch = bench->inputs->workload.batch,
                                  .threads = threads,
                                  .q = bench->inputs->q.data,
                                  .o = arm->o.data,
                                  .lse = arm->lse.data,
                                  .enter = stages_enter,
                                  .enter_context = bench->clocks};
    inputs_call(bench->inputs, &arm->call);
    return 0;
}

/* One step: the new rows are stored and attended. *store_ns grows by what storing took. */
static int step(const struct bench *bench, const struct arm *arm, int64_t *store_ns)
{
    int64_t start = clock_ns();
    int status = 0;
    for (int32_t i = 0; i < bench->inputs->workload.batch && status == 0; i++)
        status = store_rows(arm, bench->inputs, i, arm->placed.seqs[i].position,
                            arm->placed.seqs[i].tokens, bench->settings->threads);
    *store_ns += clock_ns() - start;
    if (status == 0)
        status =
            split_attend(&arm->split, arm->kernel, &arm->placed.problem, &arm->memory, &arm->call);
    return status;
}

static void evict_arm(const struct bench *bench, const struct arm *arm)
{
    if (bench->settings->cold)
        evict(&bench->evictor, arm->spans, arm->span_count, bench->settings->threads);
}

static int warm_up(const struct bench *bench, struct arm *arm)
{
    int status = 0;
    stages_reset(bench->clocks, bench->settings->threads);
    for (int i = 0; i < WARM_UPS && status == 0; i++) {
        int64_t store_ns = 0, begun = clock_ns();
        evict_arm(bench, arm);
        int64_t start = clock_ns();
        status = step(bench, arm, &store_ns);
        double took = (double)(clock_ns() - start);
        bool stable = fabs(took - arm->step_ns) <= warm_up_change * arm->step_ns;
        arm->step_ns = took;
        arm->evict_ns = bench->settings->cold ? (double)(start - begun) : 0;
        bool hopeless = (took + arm->evict_ns) * bench->settings->repetitions >
                        1e9 * bench->settings->kernel_time_limit_s;
        if (stable || hopeless)
            break;
    }
    return status;
}

static void choose_iterations(struct bench *bench, const struct measure_listener *listener)
{
    const struct measure_settings *settings = bench->settings;
    double fastest = INFINITY;
    for (int i = 0; i < bench->count; i++)
        fastest = fmin(fastest, bench->arms[i].step_ns + bench->arms[i].evict_ns);
    bench->iterations = (int64_t)fmax(1, ceil(settings->repetition_ms * 1e6 / fastest));
    for (int i = 0; i < bench->count; i++) {
        struct arm *arm = &bench->arms[i];
        double seconds = 1e-9 * (arm->step_ns + arm->evict_ns) * (double)bench->iterations *
                         settings->repetitions;
        arm->left_out = seconds > settings->kernel_time_limit_s;
        if (arm->left_out)
            listener->leave_out(listener->context, i, seconds);
    }
}

/* Sums over the steps of a repetition, in ns. */
struct elapsed {
    int64_t real, cpu, store;
};

/* `steps` in a row between one start and one stop of clocks and counters, those of a pass. */
static int time_steps(const struct bench *bench, const struct arm *arm, int pass, int64_t steps,
                      struct elapsed *elapsed)
{
    int status = 0;
    counters_start(bench->counters, pass);
    int64_t cpu = clock_cpu_ns(), real = clock_ns();
    for (int64_t i = 0; i < steps && status == 0; i++)
        status = step(bench, arm, &elapsed->store);
    elapsed->real += clock_ns() - real;
    elapsed->cpu += clock_cpu_ns() - cpu;
    counters_stop(bench->counters);
    for (int i = 0; i < counters_count(bench->counters); i++)
        bench->counted[i] += counters_value(bench->counters, i);
    return status;
}

/* Cold steps are timed one by one, each after an eviction that nothing counts. */
static int repeat(const struct bench *bench, int index, struct sample *sample)
{
    const struct measure_settings *settings = bench->settings;
    struct arm *arm = &bench->arms[index];
    double iterations = (double)bench->iterations;
    int64_t at_once = settings->cold ? 1 : bench->iterations;
    int pass = sample->round % counters_passes(bench->counters);
    struct elapsed elapsed = {0};
    int status = 0;
    if (sample->round == settings->repetitions - 1) { /* what is there at the end is new */
        buffer_poison(&arm->o, POISON_NAN);
        buffer_poison(&arm->lse, POISON_NAN);
    }
    stages_reset(bench->clocks, settings->threads);
    memset(bench->counted, 0, sizeof *bench->counted * (size_t)counters_count(bench->counters));
    struct noise before = noise_now();
    for (int64_t done = 0; done < bench->iterations && status == 0; done += at_once) {
        evict_arm(bench, arm);
        status = time_steps(bench, arm, pass, at_once, &elapsed);
    }
    struct noise after = noise_now();
    sample->control = index == bench->count;
    sample->kernel = sample->control ? bench->control : index;
    sample->iterations = bench->iterations;
    /* Once for each start and stop: half a reading before and half a reading after are in it. */
    double readings = iterations / (double)at_once + 2 * iterations +
                      (double)stages_readings(bench->clocks, settings->threads);
    sample->timer_ns = clock_cost_ns() * readings / iterations;
    sample->real_ns = (double)elapsed.real / iterations - sample->timer_ns;
    sample->cpu_ns = (double)elapsed.cpu / iterations;
    for (int stage = 0; stage < MLA_STAGES; stage++)
        sample->stage_ns[stage] =
            stages_mean(bench->clocks, settings->threads, (enum mla_stage)stage) / iterations;
    sample->stage_ns[MLA_STAGE_STORE] = (double)elapsed.store / iterations;
    sample->steal_ms = after.steal_ms - before.steal_ms;
    sample->involuntary_switches = after.involuntary_switches - before.involuntary_switches;
    sample->counters = bench->counters;
    sample->counted = bench->counted;
    return status;
}

/* The control and the ceiling are arms, too, after the kernels. */
static int timed_arms(const struct bench *bench)
{
    return bench->count + (bench->control >= 0);
}

static int arms_of(const struct bench *bench)
{
    return timed_arms(bench) + !bench->settings->without_ceiling;
}

/* Even rounds get a random order (Fisher-Yates), odd ones the one before reversed. */
static void draw_order(const struct bench *bench, int round)
{
    int arms = arms_of(bench);
    if (round % 2) {
        for (int i = 0, j = arms - 1; i < j; i++, j--) {
            int kernel = bench->order[i];
            bench->order[i] = bench->order[j];
            bench->order[j] = kernel;
        }
        return;
    }
    for (int i = 0; i < arms; i++)
        bench->order[i] = i;
    random_shuffle(bench->settings->seed, RANDOM_ORDER, (uint64_t)round << 32, bench->order, arms);
}

static int run_rounds(const struct bench *bench, const struct measure_listener *listener,
                      struct mla_error *error)
{
    clock_cost_ns(); /* as below, the first call measures */
    if (!bench->settings->without_ceiling)
        ceiling_fma_burst(bench->settings->threads, BURST_MS); /* the first call calibrates */
    for (int round = 0; round < bench->settings->repetitions; round++) {
        struct sample sample = {.round = round};
        double peak = NAN;
        draw_order(bench, round);
        for (int i = 0; i < arms_of(bench); i++) {
            int index = bench->order[i];
            if (index == timed_arms(bench)) {
                peak = ceiling_fma_burst(bench->settings->threads, BURST_MS);
                continue;
            }
            if (bench->arms[index].left_out)
                continue;
            int status = repeat(bench, index, &sample);
            if (status)
                return mla_fail(error, MLA_FAILED, "%s: a step returned %d",
                                bench->arms[index].kernel->name, status);
            listener->take(listener->context, &sample);
        }
        listener->end_round(listener->context, peak);
    }
    return 0;
}

/* The arm's memory stays its own. */
static int end_arm(const struct bench *bench, int index, const struct measure_listener *listener,
                   struct mla_error *error)
{
    const struct arm *arm = &bench->arms[index];
    struct trial trial = {.inputs = bench->inputs,
                          .kernel = arm->kernel,
                          .way = {.memory = BUFFER_PLAIN, .threads = bench->settings->threads},
                          .placed = arm->placed,
                          .seqs = arm->placed.seqs,
                          .cache = arm->cache,
                          .o = arm->o,
                          .lse = arm->lse,
                          .memory = arm->memory};
    int64_t width = row_width(&arm->placed.problem, arm->placed.plan.cached);
    int code = buffer_create(&trial.rows, BUFFER_PLAIN,
                             sizeof(float) * (size_t)width * TRIAL_CHUNK_MAX, "rows", error);
    if (!code)
        code = listener->end(listener->context, index, &trial, error);
    buffer_destroy(&trial.rows);
    return code;
}

static int end_arms(const struct bench *bench, const struct measure_listener *listener,
                    struct mla_error *error)
{
    int code = 0;
    for (int i = 0; i < bench->count && listener->end && !code; i++)
        if (!bench->arms[i].left_out)
            code = end_arm(bench, i, listener, error);
    return code;
}

static int set_up_arm(const struct bench *bench, int index, const struct mla_kernel *kernel,
                      struct mla_error *error)
{
    struct arm *arm = &bench->arms[index];
    arm->kernel = kernel;
    int code = plan_arm(arm, bench->inputs, error);
    if (!code)
        code = allocate_arm(arm, bench->inputs->split, error);
    if (!code)
        code = fill_arm(arm, bench, error);
    if (!code && bench->settings->cold)
        code = list_spans(arm, bench->inputs, error);
    return code;
}

static int warm_up_arm(const struct bench *bench, int index, struct mla_error *error)
{
    struct arm *arm = &bench->arms[index];
    return warm_up(bench, arm) ? mla_fail(error, MLA_FAILED, "%s: a step failed", arm->kernel->name)
                               : 0;
}

static int set_up(const struct bench *bench, const struct mla_kernel *const *kernels,
                  struct mla_error *error)
{
    int code = 0;
    for (int i = 0; i < bench->count && !code; i++)
        code = set_up_arm(bench, i, kernels[i], error);
    for (int i = 0; i < bench->count && !code; i++)
        code = warm_up_arm(bench, i, error);
    return code;
}

static int set_up_control(struct bench *bench, struct mla_error *error)
{
    int fastest = 0;
    for (int i = 1; i < bench->count; i++)
        if (bench->arms[i].step_ns < bench->arms[fastest].step_ns)
            fastest = i;
    if (bench->arms[fastest].left_out)
        return 0; /* then all are */
    int code = set_up_arm(bench, bench->count, bench->arms[fastest].kernel, error);
    if (!code)
        code = warm_up_arm(bench, bench->count, error);
    bench->control = fastest;
    return code;
}

int measure(const struct inputs *inputs, const struct mla_kernel *const *kernels, int count,
            const struct measure_settings *settings, const struct measure_listener *listener,
            struct mla_error *error)
{
    char pinning[CPU_PINNING_MAX];
    struct bench bench = {.inputs = inputs, .settings = settings, .count = count, .control = -1};
    bench.arms = calloc((size_t)count + 1, sizeof *bench.arms);
    bench.order = calloc((size_t)count + 2, sizeof *bench.order);
    bench.clocks = aligned_alloc(64, sizeof *bench.clocks * (size_t)settings->threads);
    int code = bench.arms && bench.order && bench.clocks
                   ? 0
                   : mla_fail(error, MLA_MACHINE, "no memory to measure %d kernels", count);
    cpu_pin_team(settings->threads, pinning);
    const struct counters_settings counting = {settings->threads, settings->counters_per_pass,
                                               settings->repetitions};
    if (!code)
        code = counters_open(&bench.counters, settings->counters, settings->counter_count,
                             &counting, error);
    if (!code) {
        bench.counted = calloc((size_t)settings->counter_count + 1, sizeof *bench.counted);
        code = bench.counted ? 0 : mla_fail(error, MLA_MACHINE, "no memory for the counters");
    }
    if (!code && settings->cold)
        code = evictor_create(&bench.evictor, evict_best(), error);
    if (!code)
        code = set_up(&bench, kernels, error);
    if (!code)
        choose_iterations(&bench, listener);
    if (!code && settings->control)
        code = set_up_control(&bench, error);
    if (!code)
        code = run_rounds(&bench, listener, error);
    if (!code)
        code = end_arms(&bench, listener, error);
    for (int i = 0; i <= count && bench.arms; i++)
        if (bench.arms[i].kernel)
            release_arm(&bench.arms[i]);
    counters_close(bench.counters);
    evictor_destroy(&bench.evictor);
    free(bench.counted);
    free(bench.arms);
    free(bench.order);
    free(bench.clocks);
    return code;
}
