/* SPDX-License-Identifier: MIT
 *
 * Case i takes value i, counted round and round, of each list below. The lists' lengths have no
 * divisor in common, so that any two of them bring all their values together within the product of
 * their lengths: tokens with heads and with ranks in LATENT_CASES, tokens with heads in KV_CASES,
 * widths with the plain formats in WHOLE_CASES. What needs several sizes at once is listed by hand.
 */
#include "tests/standalone/cases.h"

#define COUNT(list)   ((int)(sizeof(list) / sizeof *(list)))
#define PICK(list, i) ((list)[(i) % COUNT(list)])

enum { LATENT_CASES = 91, KV_CASES = 77, WHOLE_CASES = 21 };

/* Tiles have 4 rows: heads, or tokens of few heads. */
static const int32_t heads[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 16, 20};
static const struct {
    int32_t all, kv;
} head_groups[] = {{1, 1}, {2, 1}, {3, 3}, {4, 2},  {5, 5}, {6, 3},
                   {7, 1}, {8, 2}, {9, 3}, {16, 4}, {20, 1}};
static const int64_t new_tokens[] = {1, 2, 3, 1, 4, 5, 9};

/* Chunks have 16 columns, strips up to 6 chunks. */
static const int32_t ranks[] = {3, 16, 17, 20, 31, 32, 48, 64, 80, 96, 100, 5, 112};
static const struct {
    int32_t nope, rope, v;
} widths[] = {{1, 0, 1},    {16, 16, 16}, {12, 6, 10}, {31, 2, 33},  {32, 0, 32}, {5, 7, 3},
              {4, 16, 64},  {15, 1, 17},  {0, 32, 16}, {17, 14, 24}, {2, 30, 80}, {3, 0, 100},
              {16, 32, 48}, {33, 4, 4},   {3, 13, 96}, {20, 28, 15}, {1, 15, 8}};

/* Rows of whole chunks are attended as they lie in the cache. */
static const int32_t whole_chunks[] = {16, 32, 48, 64, 80, 96, 112};

/* Groups of keys have 6 or 12, tiles 1, 3 or 6, blocks 64 or 96, spans 384. */
static const int64_t cached[] = {0,  1,  2,  3,  5,  6,   7,   12,  13,  62,  63,  64,
                                 65, 94, 95, 96, 97, 191, 193, 383, 384, 385, 1025};

static const struct {
    int32_t batch;
    enum mla_mask mask;
    struct extras extras;
} ways[] = {
    {1, MLA_CAUSAL, {0}},
    {1, MLA_CAUSAL, {.format = MLA_BF16}},
    {1, MLA_MASK_NONE, {.page_size = 16, .sinks = true}},
    {4, MLA_CAUSAL, {.page_size = 5}},
    {1, MLA_CAUSAL, {.kv_begin = 1, .page_size = 1}},
    {3, MLA_CAUSAL, {.top_k = 70, .page_size = 16}},
    {2, MLA_MASK_NONE, {.kv_begin = 64, .format = MLA_BF16}},
    {1, MLA_CAUSAL, {.format = MLA_FP16}},
    {2, MLA_CAUSAL, {.format = MLA_FP8, .page_size = 16}},
    {1, MLA_CAUSAL, {.format = MLA_INT8}},
    {1, MLA_MASK_NONE, {.format = MLA_FP8, .top_k = 70}},
    {4, MLA_CAUSAL, {.sinks = true, .top_k = 6}},
};

/* A key left out or taken twice, and a maximum that is found late. */
static const enum input_kind kinds[] = {INPUT_RANDOM, INPUT_RANDOM, INPUT_IDENTIFY, INPUT_RANDOM,
                                        INPUT_RISING};

static const struct {
    struct shape shape;
    struct extras extras;
} special[] = {
    /* Prefill, and queries of one head beyond 32 tiles. */
    {{MLA_LATENT, MLA_CAUSAL, 2, 2, 12, 6, 10, 20, 0, 131, 1, false}, {0}},
    {{MLA_LATENT, MLA_CAUSAL, 3, 3, 5, 0, 16, 32, 130, 67, 1, false}, {0}},
    {{MLA_LATENT, MLA_MASK_NONE, 1, 1, 8, 8, 8, 16, 0, 140, 1, false}, {.format = MLA_BF16}},
    {{MLA_KV, MLA_CAUSAL, 2, 1, 12, 6, 10, 0, 0, 131, 1, false}, {0}},
    {{MLA_KV, MLA_CAUSAL, 20, 1, 8, 8, 16, 0, 40, 14, 1, false}, {0}},
    /* More tiles, and more jobs, than one wave takes. */
    {{MLA_LATENT, MLA_CAUSAL, 20, 20, 2, 0, 1, 3, 0, 210, 1, false}, {0}},
    {{MLA_LATENT, MLA_CAUSAL, 20, 20, 4, 2, 3, 5, 30, 5, 6, true}, {.top_k = 7}},
    {{MLA_KV, MLA_CAUSAL, 20, 20, 4, 2, 3, 0, 30, 9, 4, true}, {.top_k = 7}},
    /* Weights read beside the keys. */
    {{MLA_LATENT, MLA_CAUSAL, 67, 67, 3, 0, 2, 16, 3071, 1, 1, false}, {0}},
    /* Keys and values of more than 64 tiles. */
    {{MLA_LATENT, MLA_CAUSAL, 1, 1, 257, 1, 262, 5, 3, 1, 1, false}, {0}},
    /* More strips than one. */
    {{MLA_LATENT, MLA_CAUSAL, 3, 3, 4, 16, 2, 192, 7, 1, 1, false}, {0}},
    {{MLA_LATENT, MLA_CAUSAL, 3, 3, 4, 16, 2, 176, 7, 3, 1, false}, {0}},
    /* The dimensions of real models. */
    {{MLA_LATENT, MLA_CAUSAL, 1, 1, 128, 64, 128, 512, 13, 1, 1, false}, {0}},
    {{MLA_LATENT, MLA_CAUSAL, 1, 1, 128, 64, 128, 512, 13, 1, 1, false}, {.format = MLA_BF16}},
    {{MLA_LATENT, MLA_CAUSAL, 1, 1, 128, 64, 128, 512, 13, 1, 1, false}, {.format = MLA_FP16}},
    {{MLA_LATENT, MLA_CAUSAL, 1, 1, 128, 64, 128, 512, 13, 1, 1, false}, {.format = MLA_FP8}},
    {{MLA_LATENT, MLA_CAUSAL, 1, 1, 128, 64, 128, 512, 13, 1, 1, false}, {.format = MLA_INT8}},
    /* A sink and no key, and neither of them. */
    {{MLA_LATENT, MLA_CAUSAL, 5, 5, 4, 2, 3, 5, 30, 2, 1, false}, {.kv_begin = 100, .sinks = true}},
    {{MLA_KV, MLA_CAUSAL, 4, 2, 4, 2, 3, 0, 30, 2, 1, false}, {.kv_begin = 100}},
};

int case_count(void)
{
    return LATENT_CASES + KV_CASES + WHOLE_CASES + COUNT(special);
}

static void combine(enum mla_kind kind, int i, struct shape *shape, struct extras *extras)
{
    bool latent = kind == MLA_LATENT;
    *shape = (struct shape){
        .kind = kind,
        .mask = PICK(ways, i).mask,
        .heads = latent ? PICK(heads, i) : PICK(head_groups, i).all,
        .heads_kv = latent ? PICK(heads, i) : PICK(head_groups, i).kv,
        .nope = PICK(widths, i).nope,
        .rope = PICK(widths, i).rope,
        .v = PICK(widths, i).v,
        .rank = latent ? PICK(ranks, i) : 0,
        .cached = PICK(cached, i),
        .new_tokens = PICK(new_tokens, i),
        .batch = PICK(ways, i).batch,
        .ragged = PICK(ways, i).batch > 1,
    };
    *extras = PICK(ways, i).extras;
    extras->inputs = PICK(kinds, i);
}

static void combine_whole(int i, struct shape *shape, struct extras *extras)
{
    int32_t width = PICK(whole_chunks, i);
    *shape = (struct shape){MLA_LATENT, MLA_CAUSAL, PICK(heads, i), PICK(heads, i),  16,
                            16,         width,      width,          PICK(cached, i), 2,
                            1,          false};
    *extras = (struct extras){.format = (enum mla_format)(i % 3)};
}

void case_at(int number, struct shape *shape, struct extras *extras)
{
    int i = number;
    if (i < LATENT_CASES) {
        combine(MLA_LATENT, i, shape, extras);
    } else if ((i -= LATENT_CASES) < KV_CASES) {
        combine(MLA_KV, i, shape, extras);
    } else if ((i -= KV_CASES) < WHOLE_CASES) {
        combine_whole(i, shape, extras);
    } else {
        *shape = special[i - WHOLE_CASES].shape;
        *extras = special[i - WHOLE_CASES].extras;
    }
}
