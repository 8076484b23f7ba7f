/* SPDX-License-Identifier: MIT */
#include "harness/shard.h"

#include "harness/accounting.h"
#include "harness/problem.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

/* A process that fills a cache, verifies and ends; and FLOP/s of the plain kernels, which take the
 * most of a run's time. Both are rough: only cases are compared by them. */
static const double start_s = 0.1, plain_flops = 1e10;

int shard_parse(const char *text, struct shard *shard, struct mla_error *error)
{
    char *end = NULL;
    errno = 0;
    long index = strtol(text, &end, 10), count = 0;
    bool split = end != text && *end == '/' && end[1] >= '0' && end[1] <= '9';
    if (split)
        count = strtol(end + 1, &end, 10);
    if (errno || !split || *end || text[0] < '0' || text[0] > '9' || index < 1 || index > count ||
        count > SHARDS_MOST)
        return mla_fail(error, MLA_BAD_INPUT,
                        "--shard is '%.40s', accepted: i/n, the i-th of n shards, with i from 1 to "
                        "n and n up to %d, e.g. 2/3",
                        text, SHARDS_MOST);
    *shard = (struct shard){(int)index, (int)count};
    return 0;
}

/* Of one kernel: its cache is filled, it is verified, and timed. */
static double kernel_cost(const struct suite *suite, const struct bench_case *c,
                          const struct mla_kernel *kernel, const struct mla_problem *problem,
                          const struct workload *workload, bool timing)
{
    struct account work = account(problem, workload, kernel->order, MLA_LATENT);
    double rate = plain_flops * c->threads, step = work.flops / rate;
    double fill = kernel->order == MLA_EXPANDED
                      ? 2.0 * problem->kv_lora_rank * problem->heads *
                            (problem->qk_nope_head_dim + problem->v_head_dim) / rate
                      : 0;
    double timed = suite->repetitions * fmax(1e-3 * suite->repetition_ms, step);
    if (!timing || c->about != ABOUT_KERNEL || timed > suite->kernel_time_limit_s)
        timed = 0; /* it is left out */
    return start_s + (double)workload->rows * fill + step + timed;
}

double shard_cost(const struct suite *suite, const struct bench_case *c,
                  const struct catalogue *catalogue, bool timing)
{
    struct mla_problem problem;
    struct workload workload;
    struct mla_error error;
    const char *why;
    double cost = start_s; /* the reference's */
    model_problem(&c->model, c->format, &problem);
    problem.page_size = c->page_size;
    if (workload_create(c, 0, &workload, &error))
        return cost; /* no memory: all cases count alike */
    for (int i = 0; i < catalogue->count; i++) {
        const struct mla_kernel *kernel = catalogue->kernels[i];
        if (case_wants(c, kernel->name) && kernel->supports(&problem, c->top_k > 0, c->sinks, &why))
            cost += kernel_cost(suite, c, kernel, &problem, &workload, timing);
    }
    workload_destroy(&workload);
    return cost;
}

struct priced {
    double cost;
    int place; /* in the suite */
};

static int dear_first(const void *one, const void *other)
{
    const struct priced *a = one, *b = other;
    if (a->cost != b->cost)
        return a->cost < b->cost ? 1 : -1;
    return a->place - b->place;
}

/* Which shard, from 0, each case of the suite goes to. */
static int assign(int shards, const struct catalogue *catalogue, bool timing,
                  const struct suite *suite, int *shard_of, struct mla_error *error)
{
    struct priced *priced = calloc((size_t)suite->count, sizeof *priced);
    double *load = calloc((size_t)shards, sizeof *load);
    int code = priced && load
                   ? 0
                   : mla_fail(error, MLA_MACHINE, "no memory to split %d cases", suite->count);
    for (int i = 0; i < suite->count && !code; i++)
        priced[i] = (struct priced){shard_cost(suite, &suite->cases[i], catalogue, timing), i};
    if (!code)
        qsort(priced, (size_t)suite->count, sizeof *priced, dear_first);
    for (int i = 0; i < suite->count && !code; i++) {
        int least = 0;
        for (int s = 1; s < shards; s++)
            if (load[s] < load[least])
                least = s;
        load[least] += priced[i].cost;
        shard_of[priced[i].place] = least;
    }
    free(priced);
    free(load);
    return code;
}

int shard_take(const struct shard *shard, const struct catalogue *catalogue, bool timing,
               struct suite *suite, json_t **cases, struct mla_error *error)
{
    if (shard->count > suite->count)
        return mla_fail(error, MLA_BAD_INPUT,
                        "--shard %d/%d: suite %s has %d cases, accepted: as many shards at most",
                        shard->index, shard->count, suite->name, suite->count);
    int *shard_of = calloc((size_t)suite->count, sizeof *shard_of);
    if (!shard_of)
        return mla_fail(error, MLA_MACHINE, "no memory to split %d cases", suite->count);
    int code = assign(shard->count, catalogue, timing, suite, shard_of, error), kept = 0;
    *cases = json_array();
    for (int i = 0; i < suite->count && !code; i++) {
        char name[CASE_NAME_MAX];
        case_name(&suite->cases[i], name);
        json_array_append_new(*cases,
                              json_pack("{s:s, s:i}", "name", name, "shard", shard_of[i] + 1));
        if (shard_of[i] == shard->index - 1)
            suite->cases[kept++] = suite->cases[i];
    }
    if (!code)
        suite->count = kept;
    free(shard_of);
    return code;
}
