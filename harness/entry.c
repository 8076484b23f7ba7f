/* SPDX-License-Identifier: MIT */
#include "harness/entry.h"

#include "harness/accounting.h"
#include "harness/cpu.h"
#include "harness/derived.h"

#include <math.h>
#include <stdio.h>

static const char *const stage_names[MLA_STAGES] = {
    [MLA_STAGE_ABSORB] = "absorb",
    [MLA_STAGE_CORE] = "core",
    [MLA_STAGE_VALUE_UP] = "value_up",
    [MLA_STAGE_STORE] = "store",
};

static const char *const order_names[] = {
    [MLA_EXPANDED] = "expanded",
    [MLA_ABSORBED] = "absorbed",
    [MLA_REEXPANDED] = "re-expanded",
};

static json_t *number(double value)
{
    return isfinite(value) ? json_real(value) : json_null();
}

json_t *sample_json(const struct sample *s)
{
    json_t *stages = json_object();
    for (int stage = 0; stage < MLA_STAGES; stage++)
        json_object_set_new(stages, stage_names[stage], number(s->stage_ns[stage]));
    json_t *values = json_object(), *missing = json_object();
    for (int i = 0; i < counters_count(s->counters); i++) {
        const char *why = counters_missing(s->counters, i);
        const char *name = counters_name(s->counters, i);
        json_object_set_new(values, name, why ? json_null() : json_integer(s->counted[i]));
        if (why)
            json_object_set_new(missing, name, json_string(why));
    }
    return json_pack("{s:i, s:b, s:i, s:I, s:f, s:f, s:f, s:o, s:{s:f, s:I}, s:o, s:o}", "sample",
                     s->kernel, "control", s->control, "round", s->round, "iterations",
                     (json_int_t)s->iterations, "real_time", s->real_ns, "cpu_time", s->cpu_ns,
                     "timer_ns", s->timer_ns, "stages", stages, "noise", "steal_ms", s->steal_ms,
                     "involuntary_switches", (json_int_t)s->involuntary_switches, "counters",
                     values, "counters_missing", missing);
}

static double real(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    return json_is_number(value) ? json_number_value(value) : NAN;
}

/* Copies of members, so that the sample may go. */
static void copy(json_t *entry, const json_t *from, const char *key)
{
    json_object_set_new(entry, key, json_deep_copy(json_object_get(from, key)));
}

static enum mla_order kernel_order(const struct mla_kernel *kernel, const struct inputs *inputs)
{
    const struct workload *workload = &inputs->workload;
    return kernel->order_for ? kernel->order_for(&inputs->problem, workload->seqs, workload->batch)
                             : kernel->order;
}

static void add_case(json_t *entry, const struct entry_source *source)
{
    const struct bench_case *c = source->c;
    const struct mla_kernel *kernel = source->kernel;
    json_object_set_new(entry, "model", json_string(c->model.name));
    json_object_set_new(entry, "phase",
                        json_string(phase_names[phase_of(c->cached, c->new_tokens)]));
    json_object_set_new(entry, "cached", json_integer(c->cached));
    json_object_set_new(entry, "new", json_integer(c->new_tokens));
    json_object_set_new(entry, "batch", json_integer(c->batch));
    json_object_set_new(entry, "ragged", json_boolean(c->ragged));
    json_object_set_new(entry, "threads", json_integer(c->threads));
    json_object_set_new(entry, "format", json_string(format_names[c->format]));
    json_object_set_new(entry, "cache_state", json_string(cache_state_names[c->cache_state]));
    json_object_set_new(entry, "kernel", json_string(kernel->name));
    json_object_set_new(entry, "isa", json_string(kernel->isa));
    json_object_set_new(entry, "order",
                        json_string(order_names[kernel_order(kernel, source->inputs)]));
}

static void add_figures(json_t *entry, const struct entry_source *source, const json_t *sample)
{
    struct mla_plan plan = {.cached = source->inputs->problem.kind};
    source->kernel->plan(&source->inputs->problem, &plan);
    struct account a = account(&source->inputs->problem, &source->inputs->workload,
                               kernel_order(source->kernel, source->inputs), plan.cached);
    double peak = real(sample, "fma_peak_gflops");
    double time = real(sample, "real_time"), core = real(json_object_get(sample, "stages"), "core");
    json_object_set_new(entry, "flops", json_real(a.flops));
    json_object_set_new(entry, "core_flops", json_real(a.core_flops));
    json_object_set_new(entry, "bytes", json_real(a.bytes));
    json_object_set_new(entry, "step_bytes",
                        json_pack("{s:f, s:f, s:f}", "read", a.read_bytes, "written",
                                  a.written_bytes, "weights", a.weight_bytes));
    json_object_set_new(entry, "pct_fma_peak", number(100 * a.flops / time / peak));
    json_object_set_new(entry, "core_pct_fma_peak", number(100 * a.core_flops / core / peak));
    json_object_set_new(entry, "pct_read_bandwidth",
                        number(100 * a.bytes / time / source->dram_read_gbs));
    double steps = real(sample, "iterations");
    const struct derived_work work = {
        steps * a.flops, steps * (double)source->inputs->workload.tokens, (double)cpu_cache_line()};
    json_t *missing;
    json_object_set_new(entry, "derived",
                        derived_json(json_object_get(sample, "counters"),
                                     json_object_get(sample, "counters_missing"), &work, &missing));
    json_object_set_new(entry, "derived_missing", missing);
}

json_t *entry_json(const struct entry_source *source, const json_t *sample)
{
    char name[CASE_NAME_MAX + 64];
    snprintf(name, sizeof name, "%s/%s", source->case_name, source->kernel->name);
    json_t *entry = json_object();
    json_object_set_new(entry, "name", json_string(name));
    json_object_set_new(entry, "run_name", json_string(name));
    json_object_set_new(entry, "run_type", json_string("iteration"));
    json_object_set_new(entry, "repetitions", json_integer(source->repetitions));
    copy(entry, sample, "round");
    json_object_set(entry, "repetition_index", json_object_get(sample, "round"));
    copy(entry, sample, "iterations");
    copy(entry, sample, "real_time");
    copy(entry, sample, "cpu_time");
    copy(entry, sample, "timer_ns");
    json_object_set_new(entry, "time_unit", json_string("ns"));
    add_case(entry, source);
    copy(entry, sample, "stages");
    copy(entry, sample, "fma_peak_gflops");
    add_figures(entry, source, sample);
    copy(entry, source->verdict, "kv_cache");
    copy(entry, source->verdict, "error");
    json_object_set_new(entry, "timed_output", json_null()); /* known at the end */
    copy(entry, sample, "counters");
    copy(entry, sample, "counters_missing");
    copy(entry, sample, "noise");
    return entry;
}
