/* SPDX-License-Identifier: MIT
 *
 * A group of cases: the lists whose product they are. */
#ifndef MLABENCH_AXES_H
#define MLABENCH_AXES_H

#include "harness/suite.h"

#include <stdbool.h>
#include <stdint.h>

#define AXIS_MAX 64

/* What a list of numbers may hold. */
struct axis_bounds {
    int64_t least, most;
};
extern const struct axis_bounds cached_bounds, new_bounds, batch_bounds, threads_bounds,
    page_size_bounds, prefix_bounds, split_bounds, top_k_bounds;

struct axis {
    int64_t values[AXIS_MAX];
    int count;
};

struct axes {
    struct model *models; /* [model_count], malloc'ed */
    int model_count;
    struct axis cached, new_tokens, batch, threads, page_sizes, shared_prefix, split, top_k;
    struct axis formats;      /* enum mla_format */
    struct axis inputs;       /* enum input_kind */
    struct axis cache_states; /* enum cache_state; none: warm */
    char kernels[sizeof(((struct bench_case *)0)->kernels)];
    bool ragged, layer, certificate, sinks;
};

/* Adds a model unless it is there; another one of its name is refused. Frees nothing on failure.
 * `where` names who asks, for the message. */
int axes_add_model(struct axes *axes, const struct model *model, const char *where,
                   struct mla_error *error);

/* Adds a value that the caller has checked, unless it is there. */
int axis_add(struct axis *axis, int64_t value, const char *where, struct mla_error *error);

/* Adds a format by name, refusing an unknown one. */
int axis_add_format(struct axis *axis, const char *name, const char *where,
                    struct mla_error *error);

/* Adds a kind of inputs by name, or all of them. */
int axis_add_inputs(struct axis *axis, const char *name, const char *where,
                    struct mla_error *error);

/* Adds a state of the caches by name. */
int axis_add_cache_state(struct axis *axis, const char *name, const char *where,
                         struct mla_error *error);

/* Adds a glob of kernel names to a comma-separated list, unless it is there. */
int globs_add(char *globs, const char *glob, const char *where, struct mla_error *error);

/* Appends the cases to the suite. Contradictions between them are refused. */
int axes_expand(const struct axes *axes, const char *where, struct suite *suite,
                struct mla_error *error);

void axes_free(struct axes *axes);

#endif
