/* SPDX-License-Identifier: MIT */
#include "harness/run.h"

#include "harness/ceilings.h"
#include "harness/ceilings_json.h"
#include "harness/child.h"
#include "harness/clock.h"
#include "harness/interrupt.h"
#include "harness/proven.h"
#include "harness/suspect.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

double run_elapsed(const struct run *run)
{
    return 1e-9 * (double)(clock_ns() - run->start_ns);
}

const char run_over_reason[] = "a failure before it ended the run (--fail-fast)";

bool run_over(const struct run *run)
{
    return run->fail_fast && run->tally.failed > 0;
}

/* A plug-in's words may be in any encoding; JSON takes UTF-8 alone. */
static void make_writable(char *text)
{
    json_t *string = json_string(text);
    for (char *c = text; *c && !string; c++)
        if ((unsigned char)*c >= 0x80)
            *c = '?';
    json_decref(string);
}

void run_skip(struct run *run, const struct bench_case *c, int kernel, const char *format, ...)
{
    char reason[640], name[CASE_NAME_MAX], full[CASE_NAME_MAX + 64];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(reason, sizeof reason, format, arguments);
    va_end(arguments);
    make_writable(reason);
    case_name(c, name);
    for (int i = 0; i < run->catalogue->count; i++) {
        if (kernel >= 0 ? i != kernel : !case_wants(c, run->catalogue->names[i]))
            continue;
        tally_skip(&run->tally, i, name, reason);
        snprintf(full, sizeof full, "%s/%s", name, run->catalogue->names[i]);
        if (kernel >= 0)
            result_note(run->result, "skipped", full, reason, NULL);
    }
    if (kernel < 0)
        result_note(run->result, "skipped", name, reason, NULL);
}

static json_t *ceilings_json(const struct ceilings *c)
{
    json_t *peak = ceiling_json(&c->fma_gflops);
    json_object_set_new(peak, "isa", json_string(c->isa));
    json_t *bandwidth = json_object();
    for (int level = 0; level < CEILING_LEVELS; level++)
        json_object_set_new(bandwidth, ceiling_level_names[level], bandwidth_json(&c->read[level]));
    return json_pack("{s:i, s:s, s:o, s:o}", "threads", c->threads, "pinning", c->pinning,
                     "fma_peak_gflops", peak, "read_bandwidth_gbs", bandwidth);
}

struct ceilings_job {
    int threads;
    struct result *result;
};

static int measure_ceilings(void *context, struct child_channel *channel, struct mla_error *error)
{
    const struct ceilings_job *job = context;
    struct ceilings ceilings;
    int code = ceilings_measure(job->threads, &ceilings, error);
    if (!code)
        child_send(channel, ceilings_json(&ceilings));
    return code;
}

/* Keyed by the number of threads. */
static void take_ceilings(void *context, const json_t *message)
{
    const struct ceilings_job *job = context;
    char key[16];
    snprintf(key, sizeof key, "%d", job->threads);
    const char *const lists[] = {"fma_peak_gflops", "read_bandwidth_gbs"};
    for (int i = 0; i < 2; i++)
        json_object_set_new(json_object_get(job->result->mlabench, lists[i]), key,
                            json_deep_copy(json_object_get(message, lists[i])));
    json_object_set(json_object_get(job->result->mlabench, "memory"), "pinning",
                    json_object_get(message, "pinning"));
}

static int run_ceilings(struct run *run, struct mla_error *error)
{
    for (int i = 0; i < run->suite->count; i++) {
        struct ceilings_job job = {run->suite->cases[i].threads, run->result};
        char key[16];
        snprintf(key, sizeof key, "%d", job.threads);
        if (json_object_get(json_object_get(run->result->mlabench, "fma_peak_gflops"), key))
            continue;
        progress_case(&run->progress, 0, "ceilings: FMA peak and read bandwidth");
        struct child_job child = {measure_ceilings, take_ceilings, &job, 120};
        int code = child_run(&child, error);
        if (code == MLA_INTERRUPTED)
            return code;
        if (code) /* without ceilings there are times, but no percentages */
            result_note(run->result, "skipped", "ceilings", error->message, NULL);
    }
    return 0;
}

/* What a reader of these models' results must know. */
static void note_models(struct run *run)
{
    json_t *notes = json_object_get(run->result->mlabench, "notes");
    for (int i = 0; i < run->suite->count; i++) {
        const struct model *model = &run->suite->cases[i].model;
        bool known = !model->note[0];
        size_t index;
        json_t *note;
        json_array_foreach(notes, index, note) known =
            known || strcmp(json_string_value(json_object_get(note, "model")), model->name) == 0;
        if (!known)
            json_array_append_new(
                notes, json_pack("{s:s, s:s}", "model", model->name, "note", model->note));
    }
}

static void note_suspects(struct run *run)
{
    json_object_set_new(run->result->mlabench, "counters_suspect",
                        suspect_counters(run->result->benchmarks));
}

static int run_cases(struct run *run, struct mla_error *error)
{
    for (int i = 0; i < run->suite->count; i++) {
        const struct bench_case *c = &run->suite->cases[i];
        if (run_over(run)) {
            run_skip(run, c, -1, "%s", run_over_reason);
            continue;
        }
        if (run_elapsed(run) > run->suite->time_limit_s) {
            run_skip(run, c, -1, "the time limit of %.0f s was reached: raise time_limit_s",
                     run->suite->time_limit_s);
            continue;
        }
        char name[CASE_NAME_MAX];
        case_name(c, name);
        progress_case(&run->progress, i, name);
        int code = run_case(run, c, error);
        if (code == MLA_INTERRUPTED) {
            for (int rest = i; rest < run->suite->count; rest++)
                run_skip(run, &run->suite->cases[rest], -1, "interrupted%s",
                         rest == i ? ": what this case had measured is kept" : "");
            return code;
        }
        if (code)
            return code;
        note_suspects(run);
        result_stamp(run->result);
        code = result_write(run->result, error);
        if (code)
            return code;
    }
    return 0;
}

int run_suite(struct run *run, struct mla_error *error)
{
    run->start_ns = clock_ns();
    run->paces = calloc((size_t)run->catalogue->count, sizeof *run->paces);
    run->hung = calloc((size_t)run->catalogue->count, sizeof *run->hung);
    if (!run->paces || !run->hung)
        return mla_fail(error, MLA_MACHINE, "no memory for %d kernels", run->catalogue->count);
    json_object_set_new(run->result->mlabench, "suite", json_string(run->suite->name));
    json_object_set_new(run->result->mlabench, "seed", json_integer((json_int_t)run->seed));
    note_models(run);
    progress_start(&run->progress, run->quiet, run->suite->count);
    int code = run->timing ? run_ceilings(run, error) : 0;
    if (!code)
        code = run_cases(run, error);
    progress_clear(&run->progress);
    free(run->paces);
    free(run->hung);
    bool ended = code == 0 || code == MLA_INTERRUPTED;
    json_object_set_new(run->result->mlabench, "interrupted",
                        json_boolean(code == MLA_INTERRUPTED));
    json_object_set_new(run->result->mlabench, "complete", json_boolean(code == 0));
    json_object_set_new(run->result->mlabench, "verified",
                        json_pack("{s:i, s:i, s:i}", "passed", run->tally.passed, "failed",
                                  run->tally.failed, "skipped", run->tally.skipped));
    note_suspects(run);
    json_object_set_new(run->result->mlabench, "proven",
                        proven_by_program(run->suite, run->catalogue, &run->tally));
    if (ended) {
        result_stamp(run->result);
        int written = result_write(run->result, error);
        if (written)
            return written;
    }
    return code;
}
