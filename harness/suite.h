/* SPDX-License-Identifier: MIT
 *
 * A suite: which cases to run, and how long that may take. A case is one model, workload, thread
 * count and cache format; each kernel that supports it runs it. */
#ifndef MLABENCH_SUITE_H
#define MLABENCH_SUITE_H

#include "harness/error.h"
#include "harness/input_kind.h"
#include "harness/model.h"
#include "kernels/kernel.h"

#include <stdint.h>

enum phase {
    PHASE_DECODE,  /* one new token */
    PHASE_MTP,     /* multi-token prediction: 2 to 4 */
    PHASE_PREFILL, /* nothing cached */
    PHASE_CHUNKED, /* more than 4 new tokens after cached ones */
};
extern const char *const phase_names[4];
enum phase phase_of(int64_t cached, int64_t new_tokens);

extern const char *const format_names[5]; /* by enum mla_format */

/* What the caches of the machine hold when a timed step begins. */
enum cache_state {
    CACHE_WARM, /* what the step before, the same one, has left there */
    CACHE_COLD, /* nothing of what the step works on */
};
extern const char *const cache_state_names[2];

enum case_subject {
    ABOUT_KERNEL,      /* outputs against the reference */
    ABOUT_LAYER,       /* the whole layer around the kernel, instead of the kernel alone */
    ABOUT_CERTIFICATE, /* the invariances of the kernel */
};

#define CASE_NAME_MAX 256

struct bench_case {
    struct model model;
    int64_t cached;     /* tokens cached before, per sequence; ragged: of the longest */
    int64_t new_tokens; /* per sequence */
    int32_t batch;
    bool ragged; /* sequences hold 0 to `cached` tokens (seeded), one of them none and one all */
    int32_t threads;
    enum mla_format format;
    int64_t page_size;      /* slots; 0: contiguous. Pages are shuffled */
    int64_t shared_prefix;  /* tokens that the sequences of a paged batch begin with in common */
    int32_t split;          /* parts that each sequence's keys are split in (split.h); 0: none */
    int32_t top_k;          /* sparse: positions listed per query, some of them -1; 0: dense */
    bool sinks;             /* one per head */
    enum input_kind inputs; /* what the kernels are given */
    enum cache_state cache_state; /* of a timed step */
    char kernels[128];            /* comma-separated globs, e.g. "absorbed*,mha,!*-scalar" */
    enum case_subject about;      /* what is verified */
    uint64_t seed_offset;         /* added to the run's seed: random cases have one each */
};

/* `model/phase/cached:N/new:N/batch:N/threads:N/format`, without the kernel. A ragged batch is
 * batch:Nr; the phase of what is not about the kernel alone is layer-PHASE or certificate-PHASE.
 * What differs from the ordinary follows: /pages:N, /split:N, /top-k:N, /sinks, /inputs:KIND,
 * /cold. */
void case_name(const struct bench_case *c, char name[CASE_NAME_MAX]);

/* Only kernels that match one of the comma-separated globs from now on. */
int case_narrow(struct bench_case *c, const char *globs, struct mla_error *error);

/* Whether a kernel's name matches one of the case's globs, and none of those that begin with '!';
 * if all do, any other name is wanted. */
bool case_wants(const struct bench_case *c, const char *kernel);

struct suite {
    char name[64];
    char summary[256];
    double time_limit_s;        /* of the whole run; what is left then is skipped by name */
    double kernel_time_limit_s; /* of one kernel in one case: one too slow for min_repetitions
                                   within it is left out by name */
    int32_t repetitions;        /* wanted, at least 10 when timed */
    double repetition_ms;       /* wanted length of one: sets the iterations */
    int32_t count;
    struct bench_case *cases; /* malloc'ed */
};

/* Reads configs/suites/NAME.json or a path, and expands its lists into cases in file order: models
 * (each followed by its baselines) x cached x new x batch x threads x formats, the last running
 * fastest. A case that comes up again is not repeated; globs it has anew are added to it.
 * `folder`: the configs folder. `cpus`: how many threads "all" means. The file's fields:
 *   summary              one line for `mlabench list`
 *   time_limit_s         as in the struct; also kernel_time_limit_s
 *   repetitions          default 10; also repetition_ms, default 50
 *   cases                a list of objects, each with
 *     models             names or paths, or ["all"]
 *     baselines          of "mha", "gqa8", "mqa": derived from each of the models; default none
 *     cached             numbers of tokens
 *     new, batch         numbers; default [1]
 *     ragged             default false
 *     threads            numbers or "all"; default [1]
 *     formats            default ["fp32"]
 *     kernels            globs, those of kernels to leave out after a '!'; default ["*"]
 *     layer              default false
 *     certificate        default false
 *     page_size          numbers of slots, 0 for contiguous; default [0]
 *     shared_prefix      numbers of tokens that all sequences begin with, on the same pages as far
 *                        as these are full; default [0]
 *     split              numbers of parts that each sequence's keys are split in, as over workers,
 *                        whose outputs are merged; 0 for none; default [0]
 *     top_k              numbers of positions listed per query, 0 for dense; default [0]
 *     sinks              default false
 *     inputs             kinds (input_kind.h), or ["all"]; default ["random"]
 *     cache_state        "warm", "cold"; default ["warm"]
 * A context beyond a model's max_position_embeddings is refused, as are ragged batches of one,
 * shared prefixes without pages, of a single sequence, longer than what is cached or beside special
 * inputs or certificates, layer cases of a batch or with anything that is not ordinary, cold cases
 * of what is not timed, and cases about layer and certificate at once. */
int suite_read(const char *folder, const char *name, int cpus, struct suite *suite,
               struct mla_error *error);
void suite_free(struct suite *suite);

/* Has every case that is timed a second time, cold, after all others. */
int suite_add_cold(struct suite *suite, struct mla_error *error);

/* Refuses a suite one of whose kernel globs matches none of the `count` names, with the nearest. */
int suite_check_kernels(const struct suite *suite, const char *const *names, int count,
                        struct mla_error *error);

/* `count` cases, the i-th drawn from seed + i: shapes, workload, kind of inputs, threads. */
int suite_random(uint64_t seed, int32_t count, struct suite *suite, struct mla_error *error);

/* What a user gave by hand, as lists: NULL or "" means the default. */
struct case_options {
    const char *models;        /* comma-separated, needed; "all" is every file in configs/models */
    const struct model *model; /* instead: one that has been read; or NULL */
    const char *cached;        /* comma-separated numbers, also 4k, 128k; default 4096 */
    const char *new_tokens;    /* default 1 */
    const char *batch;         /* default 1 */
    const char *threads;       /* numbers or "all"; default 1 */
    const char *formats;       /* default fp32 */
    const char *kernels;       /* globs; default "*" */
    const char *page_sizes;    /* default 0 */
    const char *shared_prefix; /* default 0 */
    const char *split;         /* default 0 */
    const char *top_k;         /* default 0 */
    const char *inputs;        /* kinds or "all"; default random */
    bool ragged, layer, certificate, sinks;
};

/* The suite that the options describe, with default limits. */
int suite_by_hand(const char *folder, const struct case_options *options, int cpus,
                  struct suite *suite, struct mla_error *error);

#endif
