/* SPDX-License-Identifier: MIT */
#include "tests/counting/cases.h"

#define LATENT \
    .kind = MLA_LATENT, .heads = 8, .heads_kv = 8, .nope = 32, .rope = 16, .v = 32, .rank = 64
#define GROUPS  .kind = MLA_KV, .heads = 8, .heads_kv = 2, .nope = 32, .rope = 16, .v = 32

#define DECODE  .cached = 300, .new_tokens = 1, .batch = 1
#define CHUNK   .cached = 70, .new_tokens = 20, .batch = 1
#define PREFILL .cached = 0, .new_tokens = 40, .batch = 1
#define RAGGED  .cached = 90, .new_tokens = 2, .batch = 4, .ragged = true

const struct counting_case counting_cases[] = {
    {"decode", {LATENT, DECODE}, {0}},
    {"decode/bf16", {LATENT, DECODE}, {.format = MLA_BF16}},
    {"decode/fp16", {LATENT, DECODE}, {.format = MLA_FP16}},
    {"decode/fp8", {LATENT, DECODE}, {.format = MLA_FP8}},
    {"decode/int8", {LATENT, DECODE}, {.format = MLA_INT8}},
    {"chunk", {LATENT, CHUNK}, {0}},
    {"chunk/bf16", {LATENT, CHUNK}, {.format = MLA_BF16}},
    {"prefill", {LATENT, PREFILL}, {0}},
    {"ragged/pages", {LATENT, RAGGED}, {.page_size = 16, .sinks = true}},
    {"decode/top-k", {LATENT, DECODE}, {.top_k = 60}},
    {"gqa/decode", {GROUPS, DECODE}, {0}},
    {"gqa/decode/bf16", {GROUPS, DECODE}, {.format = MLA_BF16}},
    {"gqa/chunk", {GROUPS, CHUNK}, {0}},
};

const int counting_case_count = sizeof counting_cases / sizeof counting_cases[0];

#define MLA \
    .kind = MLA_LATENT, .heads = 4, .heads_kv = 4, .nope = 128, .rope = 64, .v = 128, .rank = 512
#define MHA .kind = MLA_KV, .heads = 4, .heads_kv = 4, .nope = 128, .rope = 0, .v = 128

const struct counting_case counting_study_cases[] = {
    {"decode/mla", {MLA, .cached = 512, .new_tokens = 1, .batch = 1}, {0}},
    {"decode/mha", {MHA, .cached = 512, .new_tokens = 1, .batch = 1}, {0}},
    {"chunk/mla", {MLA, .cached = 256, .new_tokens = 32, .batch = 1}, {0}},
    {"chunk/mha", {MHA, .cached = 256, .new_tokens = 32, .batch = 1}, {0}},
    {"prefill/mla", {MLA, .cached = 0, .new_tokens = 128, .batch = 1}, {0}},
    {"prefill/mha", {MHA, .cached = 0, .new_tokens = 128, .batch = 1}, {0}},
};

const int counting_study_case_count = sizeof counting_study_cases / sizeof counting_study_cases[0];
