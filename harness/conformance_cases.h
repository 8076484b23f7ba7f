/* SPDX-License-Identifier: MIT
 *
 * What is computed for a model, so that another implementation can be held to it: a few tokens for
 * each of what implementations get wrong. */
#ifndef MLABENCH_CONFORMANCE_CASES_H
#define MLABENCH_CONFORMANCE_CASES_H

#include "harness/conformance_model.h"
#include "harness/error.h"
#include "harness/tensor_list.h"

#include <stdbool.h>
#include <stdint.h>

enum { CONFORMANCE_SEQUENCES = 3 };

struct conformance_sequence {
    int32_t cached, new_tokens;
    bool far; /* its last token is the model's last position; else its first is position 0 */
};

/* How a case comes by what it attends. */
enum conformance_kind {
    CONFORMANCE_LAYER,  /* a whole layer, from hidden states */
    CONFORMANCE_SINKS,  /* the others: queries and rows of the case `of` */
    CONFORMANCE_SPARSE, /* listed keys */
    CONFORMANCE_EMPTY,  /* no key */
    CONFORMANCE_SPLIT,  /* two parts of the keys, and both together */
};

struct conformance_case {
    const char *name, *catches;
    enum conformance_kind kind;
    int sequences;
    struct conformance_sequence sequence[CONFORMANCE_SEQUENCES];
    int32_t page_size; /* 0: none */
    float x_factor;    /* of the hidden states; 0: 1 */
    const char *of;
};

enum { CONFORMANCE_CASES = 10 };
extern const struct conformance_case conformance_cases[CONFORMANCE_CASES];

/* Position of a sequence's first token, which is also the first that is attended. */
int64_t conformance_first_position(const struct conformance_sequence *sequence,
                                   const struct model *model);

/* What the tensor CASE.PART is, NULL if there is no such part. */
const char *conformance_meaning(const char *part);

/* Adds the tensors of a case; those of the case `of` are there already. The same bits for any
 * number of threads; on other machines up to libm's last bits. Returns 0, MLA_BAD_INPUT where the
 * model has too few positions or MLA_MACHINE. */
int conformance_compute(const struct conformance_model *m, const struct conformance_case *c,
                        uint64_t seed, int threads, struct tensor_list *list,
                        struct mla_error *error);

#endif
