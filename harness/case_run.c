/* SPDX-License-Identifier: MIT */
#include "harness/case_run.h"

#include "harness/child.h"
#include "harness/cpu.h"
#include "harness/inputs_file.h"
#include "harness/memory.h"
#include "harness/problem.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* Head-key pairs that the reference may evaluate beyond the queries that are always checked: about
 * half a second on one core with V3's dimensions. */
static const double oracle_budget = 2e6;

/* More becomes infinite. */
#define FP16_MOST 65504.0

/* A kernel made for another kind of rows, or for formats that neither fp32 nor this one is among,
 * is not skipped; it does not apply. */
static bool applies(const struct mla_kernel *kernel, enum mla_kind kind, enum mla_format format)
{
    static const float weights[8];
    struct mla_problem least = {.kind = kind,
                                .heads = 1,
                                .heads_kv = 1,
                                .qk_nope_head_dim = 2,
                                .v_head_dim = 2,
                                .kv_lora_rank = kind == MLA_LATENT ? 2 : 0,
                                .scale = 1,
                                .wkv_b = kind == MLA_LATENT ? weights : NULL,
                                .slots = 1,
                                .max_tokens = 1,
                                .max_keys = 1,
                                .max_batch = 1,
                                .max_threads = 1};
    const char *why = NULL;
    bool in_fp32 = kernel->supports(&least, false, false, &why);
    least.format = format;
    return in_fp32 || kernel->supports(&least, false, false, &why);
}

static int choose_contenders(struct case_run *cr, struct mla_error *error)
{
    const struct catalogue *catalogue = cr->run->catalogue;
    cr->contenders = calloc((size_t)catalogue->count, sizeof *cr->contenders);
    cr->group = calloc((size_t)catalogue->count, sizeof *cr->group);
    if (!cr->contenders || !cr->group)
        return mla_fail(error, MLA_MACHINE, "no memory for %d kernels", catalogue->count);
    struct mla_problem problem = {0};
    model_problem(&cr->c->model, cr->c->format, &problem);
    problem.page_size = cr->c->page_size;
    for (int i = 0; i < catalogue->count; i++) {
        const struct mla_kernel *kernel = catalogue->kernels[i];
        const char *why = "it gives no reason";
        if (!case_wants(cr->c, kernel->name) || !applies(kernel, problem.kind, cr->c->format))
            continue;
        char lacks[64];
        if (!cpu_has_isa(kernel->isa))
            run_skip(cr->run, cr->c, i, "%s", cpu_lacks_isa(kernel->isa, lacks));
        else if (cr->run->hung[i])
            run_skip(cr->run, cr->c, i, "it hung in a case before");
        else if (!kernel->supports(&problem, cr->c->top_k > 0, cr->c->sinks, &why))
            run_skip(cr->run, cr->c, i, "%s", why);
        else
            cr->contenders[cr->count++] = (struct contender){.index = i, .kernel = kernel};
    }
    return 0;
}

static int prepare(void *context, struct child_channel *channel, struct mla_error *error)
{
    struct case_run *cr = context;
    (void)channel;
    char pinning[CPU_PINNING_MAX];
    int threads = cpu_count(); /* the reference may use all: it is not timed */
    cpu_pin_team(threads, pinning);
    if (!cr->run->replay)
        inputs_fill(&cr->inputs, threads);
    int code = cr->run->given && !cr->run->replay
                   ? given_fill(cr->run->given, &cr->inputs, threads, error)
                   : 0;
    if (code)
        return code;
    return oracle_compute(&cr->oracle, &cr->inputs, threads, error);
}

static double dram_bandwidth(const struct run *run, int threads)
{
    char key[16];
    snprintf(key, sizeof key, "%d", threads);
    const json_t *levels =
        json_object_get(json_object_get(run->result->mlabench, "read_bandwidth_gbs"), key);
    const json_t *median = json_object_get(json_object_get(levels, "DRAM"), "median");
    return json_is_number(median) ? json_number_value(median) : NAN;
}

static int run_kernels(struct case_run *cr, struct mla_error *error)
{
    struct run *run = cr->run;
    /* A tenth is left for the system and for what a kernel's threads keep on their stacks. */
    uint64_t available = memory_available() / 10 * 9, needed = inputs_bytes(cr->c);
    if (needed > available) {
        run_skip(run, cr->c, -1, "the inputs need %.1f GiB, %.1f GiB are available",
                 (double)needed / (1 << 30), (double)available / (1 << 30));
        return 0;
    }
    available -= needed;
    int code = inputs_create(cr->c, run->seed + cr->c->seed_offset, &cr->inputs, error);
    if (!code && run->replay)
        code = inputs_load(&cr->inputs, run->replay, error);
    if (!code)
        code = oracle_create(&cr->inputs, oracle_budget, &cr->oracle, error);
    if (code)
        return code;
    progress_step(&run->progress, "reference: %ld of %ld queries", (long)cr->oracle.count,
                  (long)cr->oracle.total);
    struct child_job job = {prepare, NULL, cr, 3600};
    code = child_run(&job, error);
    if (code == MLA_INTERRUPTED)
        return code;
    if (code) {
        run_skip(run, cr->c, -1, "inputs and reference: %s", error->message);
        return 0;
    }
    double largest = cr->c->format == MLA_FP16 ? inputs_largest_row_element(&cr->inputs) : 0;
    if (largest > FP16_MOST) {
        run_skip(run, cr->c, -1, "fp16 holds up to %g, these rows go up to %.3g", (double)FP16_MOST,
                 largest);
        return 0;
    }
    if (cr->c->about == ABOUT_CERTIFICATE)
        return case_certificate(cr, error);
    code = case_verify(cr, available, error);
    if (!code && run->timing)
        code = case_time(cr, available, error);
    return code;
}

void case_leave_rest(struct case_run *cr, int first)
{
    for (int i = first; i < cr->count && run_over(cr->run); i++)
        run_skip(cr->run, cr->c, cr->contenders[i].index, "%s", run_over_reason);
}

int run_case(struct run *run, const struct bench_case *c, struct mla_error *error)
{
    struct case_run cr = {.run = run, .c = c};
    case_name(c, cr.name);
    cr.repetitions = run->suite->repetitions;
    cr.dram_read_gbs = dram_bandwidth(run, c->threads);
    int code = choose_contenders(&cr, error);
    if (run->timing && c->threads > cpu_count())
        run_skip(run, c, -1, "this process may use %d CPUs", cpu_count());
    else if (!code && c->about == ABOUT_LAYER)
        code = case_layer(&cr, error);
    else if (!code && cr.count > 0)
        code = run_kernels(&cr, error);
    for (int i = 0; i < cr.count; i++) {
        json_decref(cr.contenders[i].verdict);
        free(cr.contenders[i].times);
        free(cr.contenders[i].peaks);
    }
    oracle_destroy(&cr.oracle);
    inputs_destroy(&cr.inputs);
    free(cr.contenders);
    free(cr.group);
    free(cr.control_times);
    return code;
}
