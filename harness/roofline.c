/* SPDX-License-Identifier: MIT */
#include "harness/roofline.h"

#include "harness/ceilings.h"
#include "harness/ceilings_json.h"
#include "harness/child.h"

#include <stdio.h>

#define FMA_LIST "fma_peak_gflops"

const char *const roofline_lists[ACCESSES] = {
    [ACCESS_READ] = "read_bandwidth_gbs",
    [ACCESS_WRITE] = "write_bandwidth_gbs",
    [ACCESS_STREAM] = "non_temporal_write_bandwidth_gbs",
};

/* A child that is still measuring one number of threads after this hangs. */
static const double limit_s = 300;

struct job {
    int threads;
    char key[16]; /* threads */
    json_t *roofs;
    struct progress *progress;
};

/* The figure takes its place under list, number of threads and name. */
static void send_figure(struct child_channel *channel, const char *list, const char *name,
                        json_t *figure)
{
    child_send(channel, json_pack("{s:s, s:s, s:o}", "list", list, "name", name, "figure", figure));
}

static int measure_peaks(const struct job *job, struct child_channel *channel,
                         struct mla_error *error)
{
    for (int i = 0; i < CEILING_ISAS; i++) {
        const char *isa = ceiling_loops[i]->isa;
        char lacks[64];
        struct ceiling peak;
        json_t *figure;
        if (cpu_has_isa(isa)) {
            int code = ceiling_fma_peak(job->threads, isa, &peak, error);
            if (code)
                return code;
            figure = ceiling_json(&peak);
        } else {
            figure = json_pack("{s:s}", "missing", cpu_lacks_isa(isa, lacks));
        }
        send_figure(channel, FMA_LIST, isa, figure);
    }
    return 0;
}

static int measure_bandwidths(const struct job *job, struct child_channel *channel,
                              struct mla_error *error)
{
    for (int level = 0; level < CEILING_LEVELS; level++)
        for (int access = 0; access < ACCESSES; access++) {
            struct bandwidth bandwidth;
            int code = bandwidth_measure((enum ceiling_level)level, (enum access)access,
                                         job->threads, &bandwidth, error);
            if (code)
                return code;
            send_figure(channel, roofline_lists[access], ceiling_level_names[level],
                        bandwidth_json(&bandwidth));
        }
    return 0;
}

static int measure(void *context, struct child_channel *channel, struct mla_error *error)
{
    const struct job *job = context;
    char pinning[CPU_PINNING_MAX];
    cpu_pin_team(job->threads, pinning);
    child_send(channel, json_pack("{s:s}", "pinning", pinning));
    int code = measure_peaks(job, channel, error);
    return code ? code : measure_bandwidths(job, channel, error);
}

/* The object under a name, made if it is not there. Borrowed. */
static json_t *member(json_t *object, const char *name)
{
    if (!json_object_get(object, name))
        json_object_set_new(object, name, json_object());
    return json_object_get(object, name);
}

static void take(void *context, const json_t *message)
{
    const struct job *job = context;
    json_t *pinning = json_object_get(message, "pinning");
    if (pinning) {
        json_object_set_new(member(job->roofs, "pinning"), job->key, json_deep_copy(pinning));
        return;
    }
    const char *list = json_string_value(json_object_get(message, "list"));
    const char *name = json_string_value(json_object_get(message, "name"));
    json_object_set_new(member(member(job->roofs, list), job->key), name,
                        json_deep_copy(json_object_get(message, "figure")));
    progress_step(job->progress, "%s: %s", list, name);
}

static void miss_all(const struct job *job)
{
    char why[64];
    snprintf(why, sizeof why, "this process may use %d CPUs", cpu_count());
    for (int i = 0; i < CEILING_ISAS; i++)
        json_object_set_new(member(member(job->roofs, FMA_LIST), job->key), ceiling_loops[i]->isa,
                            json_pack("{s:s}", "missing", why));
    json_object_set_new(member(job->roofs, "pinning"), job->key, json_string(why));
    for (int access = 0; access < ACCESSES; access++)
        for (int level = 0; level < CEILING_LEVELS; level++)
            json_object_set_new(member(member(job->roofs, roofline_lists[access]), job->key),
                                ceiling_level_names[level], json_pack("{s:s}", "missing", why));
}

int roofline_measure(const int *threads, int count, struct progress *progress, json_t *roofs,
                     struct mla_error *error)
{
    int code = 0;
    for (int i = 0; i < count && !code; i++) {
        struct job job = {.threads = threads[i], .roofs = roofs, .progress = progress};
        char what[64];
        snprintf(job.key, sizeof job.key, "%d", threads[i]);
        snprintf(what, sizeof what, "%d thread%s: FMA peak and bandwidth", threads[i],
                 threads[i] == 1 ? "" : "s");
        progress_case(progress, i, what);
        struct child_job child = {measure, take, &job, limit_s};
        if (threads[i] > cpu_count())
            miss_all(&job);
        else
            code = child_run(&child, error);
    }
    progress_clear(progress);
    return code;
}
