/* SPDX-License-Identifier: MIT
 *
 * How each format lays out a cached row. A row consists of groups of columns, one for the latent
 * and one per key-value head for keys and values; a group of parts, [c_kv | k_rope] or [k_nope |
 * k_rope | v]; and a part is stored as its codes, followed by their scales if there are any:
 *
 *   fp32, bf16, fp16  values one after the other, without a gap
 *   fp8               e4m3, with an fp32 scale for each 128 columns of a part; but k_rope as bf16.
 *                     DeepSeek-V3's latent: 512 + 4 x 4 + 64 x 2 = 656 bytes, as in FlashMLA
 *   int8              with an fp32 scale for each part: 512 + 4 + 64 + 4 = 584
 *
 * With fp8 and int8 each part begins at a multiple of 4 bytes. */
#ifndef MLABENCH_ROW_LAYOUT_H
#define MLABENCH_ROW_LAYOUT_H

#include "kernels/kernel.h"

#pragma GCC visibility push(hidden)

enum code { CODE_FP32, CODE_BF16, CODE_FP16, CODE_E4M3, CODE_INT8 };

/* Bytes of one. */
static inline int64_t code_bytes(enum code code)
{
    return code == CODE_FP32 ? 4 : code == CODE_BF16 || code == CODE_FP16 ? 2 : 1;
}

static inline bool code_has_scale(enum code code)
{
    return code == CODE_E4M3 || code == CODE_INT8;
}

struct row_part {
    enum code code;
    int32_t first, columns; /* of the group's */
    int32_t block;          /* columns that share a scale */
    int64_t offset, scales; /* bytes from where the group begins, of codes and scales */
};

enum { ROW_PARTS = 3 };

struct row_layout {
    enum mla_format format;
    int32_t groups, parts;
    int32_t columns;     /* of a group */
    int64_t group_bytes; /* from one to the next */
    int64_t row_bytes;
    int64_t payload_bytes; /* of them: without what alignment adds */
    struct row_part part[ROW_PARTS];
};

/* Of the latent, and of keys and values of all key-value heads. */
struct row_layout latent_layout(const struct mla_problem *problem);
struct row_layout expanded_layout(const struct mla_problem *problem);

/* Whether the groups' values stand side by side in fp32, bf16 or fp16. */
static inline bool layout_is_plain(const struct row_layout *layout)
{
    return layout->format <= MLA_FP16;
}

/* Where the part of the row that query group `group` uses begins: all of it if there is one only.
 */
static inline int64_t layout_group(const struct row_layout *layout, int64_t group)
{
    return layout->groups > 1 ? group * layout->group_bytes : 0;
}

/* Values to codes and back; `at` is where the group begins. */
void part_encode(const struct row_part *part, const float *values, char *at);
void part_decode(const struct row_part *part, const char *at, float *values);

#pragma GCC visibility pop

#endif
