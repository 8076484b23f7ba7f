/* SPDX-License-Identifier: MIT */
#include "kernels/row_layout.h"
#include "kernels/formats/bf16.h"
#include "kernels/formats/e4m3.h"
#include "kernels/formats/fp16.h"
#include "kernels/formats/int8.h"

#include <string.h>

enum { FP8_BLOCK = 128, ALIGNMENT = 4 };

static enum code code_of(enum mla_format format, bool rope)
{
    static const enum code codes[] = {CODE_FP32, CODE_BF16, CODE_FP16, CODE_E4M3, CODE_INT8};
    return format == MLA_FP8 && rope ? CODE_BF16 : codes[format];
}

/* Appends a part to the layout's groups; one without columns takes no bytes. */
static void add_part(struct row_layout *layout, int32_t columns, bool rope)
{
    enum code code = code_of(layout->format, rope);
    struct row_part *part = &layout->part[layout->parts++];
    *part = (struct row_part){.code = code,
                              .first = layout->columns,
                              .columns = columns,
                              .block = code == CODE_E4M3 ? FP8_BLOCK
                                       : columns > 0     ? columns
                                                         : 1,
                              .offset = layout->group_bytes};
    int64_t codes = columns * code_bytes(code), scales = 0;
    if (code_has_scale(code))
        scales = (columns + part->block - 1) / part->block * (int64_t)sizeof(float);
    layout->payload_bytes += codes + scales;
    if (!layout_is_plain(layout))
        codes = (codes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    part->scales = part->offset + codes;
    layout->columns += columns;
    layout->group_bytes += codes + scales;
}

static void repeat(struct row_layout *layout, int32_t groups)
{
    layout->groups = groups;
    layout->row_bytes = groups * layout->group_bytes;
    layout->payload_bytes *= groups;
}

struct row_layout latent_layout(const struct mla_problem *problem)
{
    struct row_layout layout = {.format = problem->format};
    add_part(&layout, problem->kv_lora_rank, false);
    add_part(&layout, problem->qk_rope_head_dim, true);
    repeat(&layout, 1);
    return layout;
}

struct row_layout expanded_layout(const struct mla_problem *problem)
{
    struct row_layout layout = {.format = problem->format};
    add_part(&layout, problem->qk_nope_head_dim, false);
    add_part(&layout, problem->qk_rope_head_dim, true);
    add_part(&layout, problem->v_head_dim, false);
    repeat(&layout, problem->heads_kv);
    return layout;
}

/* The columns from `from` on that share a scale. */
static int64_t block_at(const struct row_part *part, int64_t from)
{
    int64_t left = part->columns - from;
    return left < part->block ? left : part->block;
}

void part_encode(const struct row_part *part, const float *values, char *at)
{
    void *codes = at + part->offset;
    char *scale = at + part->scales;
    switch (part->code) {
    case CODE_FP32:
        memcpy(codes, values, (size_t)part->columns * sizeof *values);
        return;
    case CODE_BF16:
        bf16_encode(part->columns, values, codes);
        return;
    case CODE_FP16:
        fp16_encode(part->columns, values, codes);
        return;
    default:
        break;
    }
    for (int64_t x = 0; x < part->columns; x += part->block, scale += sizeof(float)) {
        int64_t count = block_at(part, x);
        float shared = part->code == CODE_E4M3
                           ? e4m3_encode(count, values + x, (uint8_t *)codes + x)
                           : int8_encode(count, values + x, (int8_t *)codes + x);
        memcpy(scale, &shared, sizeof shared);
    }
}

void part_decode(const struct row_part *part, const char *at, float *values)
{
    const void *codes = at + part->offset;
    const char *scale = at + part->scales;
    switch (part->code) {
    case CODE_FP32:
        memcpy(values, codes, (size_t)part->columns * sizeof *values);
        return;
    case CODE_BF16:
        bf16_decode(part->columns, codes, values);
        return;
    case CODE_FP16:
        fp16_decode(part->columns, codes, values);
        return;
    default:
        break;
    }
    for (int64_t x = 0; x < part->columns; x += part->block, scale += sizeof(float)) {
        int64_t count = block_at(part, x);
        float shared;
        memcpy(&shared, scale, sizeof shared);
        if (part->code == CODE_E4M3)
            e4m3_decode(count, (const uint8_t *)codes + x, shared, values + x);
        else
            int8_decode(count, (const int8_t *)codes + x, shared, values + x);
    }
}
