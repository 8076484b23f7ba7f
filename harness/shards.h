/* SPDX-License-Identifier: MIT
 *
 * The tensors of a checkpoint in Hugging Face's layout: one model.safetensors, or several files
 * that model.safetensors.index.json lists. */
#ifndef MLABENCH_SHARDS_H
#define MLABENCH_SHARDS_H

#include "harness/error.h"
#include "harness/safetensors.h"
#include "harness/tensor.h"

#include <jansson.h>

struct shards {
    char *folder;  /* malloc'ed */
    json_t *index; /* weight_map: tensor -> file name; NULL: all is in the one file */
    int count;
    struct safetensors *files; /* [count] opened so far, malloc'ed */
    char **names;              /* [count] of the files */
};

/* Opens the index, or the one file. MLA_BAD_INPUT: there is neither, or the index is none, or names
 * files outside the folder. shards_close is due only after success. */
int shards_open(const char *folder, struct shards *shards, struct mla_error *error);
void shards_close(struct shards *shards);

/* The only tensor whose name is `tail`, or ends in '.' and it, without whatever is before. *name is
 * borrowed. MLA_BAD_INPUT where there is none, or several. */
int shards_find_tail(const struct shards *shards, const char *tail, const char **name,
                     struct mla_error *error);

/* Whether a tensor of that name is listed. */
bool shards_has(const struct shards *shards, const char *name);

/* The tensor of that name, from the file that holds it, which is opened now. MLA_BAD_INPUT also
 * where that file is missing. */
int shards_tensor(struct shards *shards, const char *name, struct tensor *tensor,
                  struct mla_error *error);

#endif
