/* SPDX-License-Identifier: MIT */
#include "harness/case_run.h"
#include "harness/child.h"
#include "harness/control.h"
#include "harness/entry.h"
#include "harness/measure.h"
#include "harness/statistics.h"
#include "harness/timed_output.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A child that is still timing after this, and after the time that its kernels may take, hangs. */
static const double least_limit_s = 60;

/* In the child: a round's samples wait for its ceiling. */
struct sender {
    const struct case_run *cr;
    struct child_channel *channel;
    json_t *round;
};

static void keep_sample(void *context, const struct sample *sample)
{
    struct sender *sender = context;
    json_array_append_new(sender->round, sample_json(sample));
}

static void send_round(void *context, double fma_peak_gflops)
{
    struct sender *sender = context;
    size_t i;
    json_t *sample;
    json_array_foreach(sender->round, i, sample)
    {
        json_object_set_new(sample, "fma_peak_gflops", json_real(fma_peak_gflops));
        child_send(sender->channel, json_incref(sample));
    }
    json_array_clear(sender->round);
}

static void send_left_out(void *context, int kernel, double seconds)
{
    struct sender *sender = context;
    child_send(sender->channel, json_pack("{s:i, s:f}", "left_out", kernel, "seconds", seconds));
}

static int send_output(void *context, int kernel, struct trial *trial, struct mla_error *error)
{
    struct sender *sender = context;
    const json_t *verdict = sender->cr->group[kernel]->verdict;
    uint64_t verified = (uint64_t)json_integer_value(json_object_get(verdict, "digest"));
    struct timed_output output;
    int code = timed_output_check(trial, &sender->cr->oracle, verified, &output, error);
    if (!code)
        child_send(sender->channel,
                   json_pack("{s:i, s:b, s:b, s:s}", "output", kernel, "passed", output.passed,
                             "same_bits", output.same_bits, "reason", output.reason));
    return code;
}

static int time_group(void *context, struct child_channel *channel, struct mla_error *error)
{
    const struct case_run *cr = context;
    const struct mla_kernel **kernels = calloc((size_t)cr->group_count, sizeof *kernels);
    if (!kernels)
        return mla_fail(error, MLA_MACHINE, "no memory for %d kernels", cr->group_count);
    for (int i = 0; i < cr->group_count; i++)
        kernels[i] = cr->group[i]->kernel;
    struct measure_settings settings = {
        .threads = cr->c->threads,
        .repetitions = cr->repetitions,
        .repetition_ms = cr->run->suite->repetition_ms,
        .kernel_time_limit_s = cr->run->suite->kernel_time_limit_s,
        .seed = cr->run->seed,
        .control = cr->controlled,
        .cold = cr->c->cache_state == CACHE_COLD,
        .counters = cr->run->counters,
        .counter_count = cr->run->counter_count,
    };
    struct sender sender = {cr, channel, json_array()};
    struct measure_listener listener = {
        .take = keep_sample,
        .end_round = send_round,
        .leave_out = send_left_out,
        .end = send_output,
        .context = &sender,
    };
    int code = measure(&cr->inputs, kernels, cr->group_count, &settings, &listener, error);
    json_decref(sender.round);
    free(kernels);
    return code;
}

static void take_control(struct case_run *cr, struct contender *contender, const json_t *message)
{
    cr->control = contender;
    cr->control_times[cr->control_rounds++] =
        json_number_value(json_object_get(message, "real_time"));
}

/* What a kernel put out while it was timed came last; times of another output are not kept. */
static void take_output(struct case_run *cr, struct contender *contender, const json_t *message)
{
    json_t *entries = cr->run->result->benchmarks;
    bool passed = json_is_true(json_object_get(message, "passed"));
    bool same = json_is_true(json_object_get(message, "same_bits"));
    for (size_t i = json_array_size(entries); i-- > cr->first_entry;) {
        json_t *entry = json_array_get(entries, i);
        const char *kernel = json_string_value(json_object_get(entry, "kernel"));
        if (strcmp(kernel, contender->kernel->name) != 0)
            continue;
        if (passed)
            json_object_set_new(entry, "timed_output",
                                json_string(same ? "same bits" : "within the limit"));
        else
            json_array_remove(entries, i);
    }
    if (passed)
        return;
    contender->samples = 0;
    case_fail(cr, contender, "timed output", json_string_value(json_object_get(message, "reason")));
}

static void take_sample(void *context, const json_t *message)
{
    struct case_run *cr = context;
    const json_t *left_out = json_object_get(message, "left_out");
    const json_t *output = json_object_get(message, "output");
    if (output) {
        take_output(cr, cr->group[json_integer_value(output)], message);
        return;
    }
    if (left_out) {
        run_skip(cr->run, cr->c, cr->group[json_integer_value(left_out)]->index,
                 "verified, not timed: %d repetitions would take %.0f s, the limit is %.0f s "
                 "(kernel_time_limit_s)",
                 cr->repetitions, json_number_value(json_object_get(message, "seconds")),
                 cr->run->suite->kernel_time_limit_s);
        return;
    }
    struct contender *contender = cr->group[json_integer_value(json_object_get(message, "sample"))];
    if (json_is_true(json_object_get(message, "control"))) {
        take_control(cr, contender, message);
        return;
    }
    struct entry_source source = {.c = cr->c,
                                  .case_name = cr->name,
                                  .inputs = &cr->inputs,
                                  .kernel = contender->kernel,
                                  .verdict = contender->verdict,
                                  .dram_read_gbs = cr->dram_read_gbs,
                                  .repetitions = cr->repetitions};
    json_t *entry = entry_json(&source, message);
    contender->times[contender->samples] = json_number_value(json_object_get(entry, "real_time"));
    contender->peaks[contender->samples++] =
        json_number_value(json_object_get(entry, "pct_fma_peak"));
    json_array_append_new(cr->run->result->benchmarks, entry);
    if (contender == cr->group[0])
        progress_step(&cr->run->progress, "timing, round %lld of %d",
                      (long long)json_integer_value(json_object_get(message, "round")) + 1,
                      cr->repetitions);
}

static void print_times(const struct case_run *cr)
{
    progress_clear(&cr->run->progress);
    for (int i = 0; i < cr->count; i++) {
        const struct contender *k = &cr->contenders[i];
        if (k->samples == 0)
            continue;
        double median = stat_median(k->times, k->samples);
        double spread =
            stat_quantile(k->times, k->samples, 0.75) - stat_quantile(k->times, k->samples, 0.25);
        printf("%-62s %-17s %11.3f ms +-%4.1f %%  %5.1f %% of FMA peak  error %.3f of limit\n",
               cr->name, k->kernel->name, 1e-6 * median, 50 * spread / median,
               stat_median(k->peaks, k->samples), contender_error(k));
    }
    fflush(stdout);
}

/* Of the group, once it was timed. */
static void note_control(struct case_run *cr)
{
    const struct contender *kernel = cr->control;
    json_t *names = json_array();
    double *ratios = cr->control_times;
    /* A child that crashed may have sent one of a round's two; a kernel whose output was wrong has
     * no times. */
    int kept = kernel ? kernel->samples : 0;
    int rounds = kept < cr->control_rounds ? kept : cr->control_rounds;
    for (int i = 0; i < rounds; i++)
        ratios[i] = log(cr->control_times[i] / kernel->times[i]);
    for (int i = 0; i < cr->group_count; i++)
        if (cr->group[i]->samples > 0)
            json_array_append_new(names, json_string(cr->group[i]->kernel->name));
    const char *reason = !cr->controlled ? "no memory for a second copy of a kernel"
                         : !kernel       ? "no kernel was timed"
                         : rounds == 0   ? "the times of its kernel are not kept"
                                         : NULL;
    json_array_append_new(json_object_get(cr->run->result->mlabench, "controls"),
                          control_json(cr->name, kernel ? kernel->kernel->name : NULL, names,
                                       ratios, rounds, reason));
    cr->control = NULL;
    cr->control_rounds = 0;
}

/* As many of the kernels from `first` on as fit into memory together. Returns how many. */
static int gather_group(struct case_run *cr, int first, uint64_t available)
{
    uint64_t bytes = 0, largest = 0;
    int taken = first;
    cr->group_count = 0;
    for (; taken < cr->count; taken++) {
        struct contender *contender = &cr->contenders[taken];
        uint64_t needed = measure_bytes(&cr->inputs, contender->kernel);
        if (!contender->passed)
            continue;
        if (cr->group_count > 0 && bytes + needed > available)
            break;
        bytes += needed;
        largest = needed > largest ? needed : largest;
        cr->group[cr->group_count++] = contender;
    }
    cr->controlled = bytes + largest <= available;
    return taken - first;
}

int case_time(struct case_run *cr, uint64_t available, struct mla_error *error)
{
    int code = 0;
    cr->first_entry = json_array_size(cr->run->result->benchmarks);
    cr->control_times = calloc((size_t)cr->repetitions, sizeof(double));
    if (!cr->control_times)
        return mla_fail(error, MLA_MACHINE, "no memory for the samples");
    for (int i = 0; i < cr->count && !code; i++) {
        cr->contenders[i].times = calloc((size_t)cr->repetitions, sizeof(double));
        cr->contenders[i].peaks = calloc((size_t)cr->repetitions, sizeof(double));
        if (!cr->contenders[i].times || !cr->contenders[i].peaks)
            code = mla_fail(error, MLA_MACHINE, "no memory for the samples");
    }
    for (int first = 0; first < cr->count && !code;) {
        first += gather_group(cr, first, available);
        if (cr->group_count == 0)
            break;
        progress_step(&cr->run->progress, "filling the caches of %d kernels", cr->group_count);
        double seconds = cr->run->suite->kernel_time_limit_s * (2 + VERIFY_PATIENCE);
        struct child_job job = {time_group, take_sample, cr,
                                fmax(least_limit_s, seconds * cr->group_count)};
        code = child_run(&job, error);
        if (code == MLA_INTERRUPTED)
            break;
        note_control(cr);
        for (int i = 0; i < cr->group_count && code; i++)
            run_skip(cr->run, cr->c, cr->group[i]->index, "verified, timing stopped: %s",
                     error->message);
        code = 0;
    }
    print_times(cr);
    return code;
}
