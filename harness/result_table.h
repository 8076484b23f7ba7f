/* SPDX-License-Identifier: MIT
 *
 * result.json read back: its repetitions gathered into one row per kernel and case. Reports, tables
 * and plots start here. */
#ifndef MLABENCH_RESULT_TABLE_H
#define MLABENCH_RESULT_TABLE_H

#include "harness/error.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

/* Over n repetitions; all NAN if n is 0. */
struct spread {
    int n;
    double min, q1, median, q3, max, mad;
};

struct result_kv_cache { /* bytes; -1: not known */
    int64_t predicted, allocated, touched, per_token;
};

struct result_error { /* NAN or -1: not known */
    double ratio, limit, lse_ratio, max_abs, max_rel, rms_rel, lse_max_abs;
    /* As rms_rel: what the cache's format costs, and that with the arithmetic's error. Of fp32 0
     * and rms_rel itself. */
    double format_rms_rel, total_rms_rel;
    int64_t queries_checked, queries;
};

/* One kernel in one case. Strings are borrowed from the file. */
struct result_row {
    const char *name, *model, *phase, *format, *kernel, *isa;
    const char *order; /* "expanded", "absorbed", "re-expanded" or "" */
    char family[64];   /* the model that this one is a baseline of, or the model itself */
    char series[96];   /* what it is in a plot of the family: the kernel, or of whichever kernel
                          "MHA", "GQA-8", "MQA"; letters, digits and ._+- only */
    bool baseline;     /* model is not family */
    int64_t cached, new_tokens, batch, threads;
    bool ragged, cold;
    char special[64]; /* pages, lists and the like, as in a title: ", pages 64, sinks" or "" */
    char tag[64];     /* the same as in a file's name: "-pages64-sinks" */
    const json_t **repetitions; /* [count], the entries in file order */
    int count;
    struct spread ns; /* of real_time, per iteration */
    struct spread pct_fma_peak, core_pct_fma_peak, pct_read_bandwidth;
    struct result_kv_cache kv_cache;
    struct result_error error;
};

struct result_table {
    json_t *root;
    const json_t *context, *mlabench; /* context.mlabench */
    struct result_row *rows; /* cases by first appearance, kernels by result_kernel_order */
    int count;
};

/* Returns 0, MLA_BAD_INPUT (file, field, what was found and what is accepted) or MLA_MACHINE (the
 * file cannot be read, no memory). Entries other than iterations (aggregates) are passed over. */
int result_table_read(const char *path, struct result_table *table, struct mla_error *error);
/* The same of what such a file holds, or would; `root` then is the table's, whatever is returned.
 * `path`: for messages. */
int result_table_take(json_t *root, const char *path, struct result_table *table,
                      struct mla_error *error);
void result_table_destroy(struct result_table *table);

/* Of a member over the row's repetitions, nulls left out. `object`: the member of the entry that
 * holds it, e.g. "stages", or NULL. */
struct spread result_spread(const struct result_row *row, const char *object, const char *key);

/* Whether a counter is null in an entry only because other repetitions count it: more were asked
 * for than the machine counts at once. */
bool result_counted_elsewhere(const json_t *entry, const char *counter);

/* New tokens of one iteration, of all sequences; time per new token is real_time over this. A
 * ragged batch of 3 or more has one sequence without any. */
double result_tokens(const struct result_row *row);

/* What is cached: "MHA", "GQA-8" or "MQA", the "expanded" keys and values, or the "latent". */
const char *result_cache(const struct result_row *row);

/* How kernels are ordered wherever they are listed, like strcmp: MHA, GQA, MQA, then by their
 * arithmetic (expanded, re-expanded, absorbed), then by name. Measuring shuffles them. */
int result_kernel_order(const struct result_row *a, const struct result_row *b);
/* The same without regard to baselines. */
int result_arithmetic_order(const struct result_row *a, const struct result_row *b);

/* How much of the row's name is that of its case: all before "/KERNEL". */
int result_case_length(const struct result_row *row);

/* Whether two rows are of one case but for the kernel, the baseline and the number of threads. */
bool result_same_work(const struct result_row *a, const struct result_row *b);

/* Member of an object as text ("" if it is none), number (NAN) or count (-1). NULL object is
 * fine. */
const char *result_text(const json_t *object, const char *key);
double result_number(const json_t *object, const char *key);
int64_t result_count(const json_t *object, const char *key);

#endif
