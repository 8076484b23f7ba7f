/* SPDX-License-Identifier: MIT */
#include "harness/criteria.h"

#include <math.h>

#define COUNT(array) (int)(sizeof(array) / sizeof(array)[0])
#define ALL(dtype)   .q_dtype = (dtype), .kv_dtype = (dtype), .o_dtype = (dtype)

#define FLASH_MLA                                                    \
    .page_size = 64, ALL(DTYPE_BF16), .o = {8e-4, 2.01 / 128, 5e-6}, \
    .lse = {1e-6, 8.01 / 65536, 1e-7}
static const struct core_case flash_mla[] = {
    {"s_k 20", .heads = 9, .batch = 2, .lengths = {20, 20}, .tokens = 1, FLASH_MLA},
    {"s_k 20, s_q 4", .heads = 3, .batch = 1, .lengths = {20}, .tokens = 4, FLASH_MLA},
    {"s_k 140, varying, s_q 2, causal", .heads = 63, .batch = 2, .lengths = {199, 77}, .tokens = 2,
     .causal = true, FLASH_MLA},
    {"s_k 4096, varying, some empty, s_q 2, causal", .heads = 3, .batch = 3,
     .lengths = {0, 2741, 0}, .tokens = 2, .causal = true, FLASH_MLA},
    {"s_k 4096", .heads = 9, .batch = 1, .lengths = {4096}, .tokens = 1, FLASH_MLA},
};

#define REFCHECK .page_size = 32, ALL(DTYPE_BF16), .o = {1e-2, 0.2, 0}
static const struct core_case flashinfer_bench[] = {
    {"1 to 1024 keys", .heads = 16, .batch = 4, .lengths = {1024, 611, 230, 37}, .tokens = 1,
     REFCHECK},
};

#define UNIT_TEST(atol) ALL(DTYPE_FP16), .o = {(atol), 1e-3, 0}, .lse = {(atol), 1e-3, 0}
static const struct core_case flashinfer_test[] = {
    {"kv 97, qo 3", .heads = 16, .batch = 3, .lengths = {97, 97, 97}, .tokens = 3, .page_size = 16,
     UNIT_TEST(1e-3)},
    {"kv 33, qo 7, causal", .heads = 16, .batch = 2, .lengths = {33, 33}, .tokens = 7,
     .page_size = 32, .causal = true, UNIT_TEST(1e-3)},
    {"kv 514", .heads = 16, .batch = 1, .lengths = {514}, .tokens = 1, .page_size = 1,
     UNIT_TEST(1e-3)},
    {"kv 1024, qo 5, causal", .heads = 16, .batch = 1, .lengths = {1024}, .tokens = 5,
     .page_size = 16, .causal = true, UNIT_TEST(1e-3)},
    {"kv 0, 17, 514", .heads = 16, .batch = 3, .lengths = {0, 17, 514}, .tokens = 1, .page_size = 1,
     UNIT_TEST(2e-3)},
    {"kv 3, 114, 2743, qo 3, causal", .heads = 4, .batch = 3, .lengths = {3, 114, 2743},
     .tokens = 3, .page_size = 1, .causal = true, UNIT_TEST(2e-3)},
};

#define BACKEND_OPS .kv_dtype = DTYPE_FP16, .o = {0, 0, 5e-4}
static const struct core_case llama_cpp[] = {
    {"kv 113, nb 3", .heads = 1, .batch = 1, .lengths = {113}, .tokens = 3, BACKEND_OPS},
    {"kv 1024, nb 32", .heads = 1, .batch = 1, .lengths = {1024}, .tokens = 32, BACKEND_OPS},
    {"kv 512, nr 4, nb 75", .heads = 4, .batch = 1, .lengths = {512}, .tokens = 75, BACKEND_OPS},
    {"kv 512, nr 20, nb 1, sinks", .heads = 20, .batch = 1, .lengths = {512}, .tokens = 1,
     .sinks = true, BACKEND_OPS},
};

#define TEST_MLA .page_size = 1, ALL(DTYPE_BF16), .o = {1e-2, 1e-2, 0.99}
static const struct core_case sglang[] = {
    {"888 keys", .heads = 22, .batch = 1, .lengths = {888}, .tokens = 1, TEST_MLA},
    {"1024 keys", .heads = 22, .batch = 2, .lengths = {1024, 1024}, .tokens = 1, TEST_MLA},
    {"1064 keys", .heads = 22, .batch = 2, .lengths = {1064, 1064}, .tokens = 1, TEST_MLA},
};

/* The tolerances are those that torch takes for each type unless told otherwise. */
#define VLLM(dtype, rtol) .page_size = 16, ALL(dtype), .o = {1e-5, (rtol), 0}
static const struct core_case vllm[] = {
    {"bfloat16", .heads = 16, .batch = 4, .lengths = {256, 256, 256, 256}, .tokens = 1,
     VLLM(DTYPE_BF16, 1.6e-2)},
    {"bfloat16, varying", .heads = 16, .batch = 4, .lengths = {131, 402, 247, 2}, .tokens = 1,
     VLLM(DTYPE_BF16, 1.6e-2)},
    {"float16, varying", .heads = 16, .batch = 4, .lengths = {131, 402, 247, 2}, .tokens = 1,
     VLLM(DTYPE_FP16, 1e-3)},
    {"float32, varying", .heads = 16, .batch = 4, .lengths = {131, 402, 247, 2}, .tokens = 1,
     VLLM(DTYPE_FP32, 1.3e-6)},
};

static const struct layer_case ktransformers[] = {{"tiny", 3212}, {"deepseek-v2-lite", 256}};

const struct criterion criteria[CRITERIA] = {
    {
        .name = "flashmla",
        .project = "FlashMLA, dense decode",
        .source = "tests/test_flash_mla_dense_decoding.py",
        .summary =
            "q and rows are normal numbers / 10 in bf16, pages of 64 shuffled, NaN in unused "
            "slots, up to 4096 keys; every element of o within 8e-4 or 2.01/128 of it, "
            "cosine difference at most 5e-6, lse within 1e-6 or 8.01/65536. Here at most 63 "
            "heads of their 128 and 3 sequences of their 128",
        .scale = 1 / 24.0, /* 576^-0.5 */
        .q = TENTH_NORMAL,
        .rows = TENTH_NORMAL,
        .shuffled = true,
        .nan_unused = true,
        .compares_lse = true,
        .lse_factor = 1,
        .accept = accept_flash_mla,
        .cases = flash_mla,
        .case_count = COUNT(flash_mla),
    },
    {
        .name = "flashinfer-bench",
        .project = "flashinfer, MLA benchmark with --refcheck",
        .source = "benchmarks/routines/attention.py",
        .summary = "q uniform on 0 to 1 but for its RoPE part, which is zero, rows normal, bf16, "
                   "up to 1024 keys; every element of o within 1e-2 + 0.2 |o|. Here 16 heads of "
                   "their 128 and 4 sequences of their 16",
        .scale = 0.07216878364870322, /* 192^-0.5 */
        .q = UNIT,
        .rows = NORMAL,
        .q_rope_zero = true,
        .accept = accept_close_to_got,
        .cases = flashinfer_bench,
        .case_count = COUNT(flashinfer_bench),
    },
    {
        .name = "flashinfer-test",
        .project = "flashinfer, unit tests",
        .source = "tests/attention/test_deepseek_mla.py",
        .summary =
            "q and rows normal in fp16, causal or not, ragged, NaN in unused slots, up to "
            "2743 keys; o and lse to base 2 within 1e-3 + 1e-3 of them (2e-3 + 1e-3 where "
            "lengths differ). Here at most 16 heads of their 64 and 3 sequences of their 157",
        .scale = 0.07216878364870322,
        .q = NORMAL,
        .rows = NORMAL,
        .nan_unused = true,
        .compares_lse = true,
        .lse_factor = M_LOG2E,
        .accept = accept_close,
        .cases = flashinfer_test,
        .case_count = COUNT(flashinfer_test),
    },
    {
        .name = "llama.cpp",
        .project = "llama.cpp, test-backend-ops, FLASH_ATTN_EXT",
        .source = "tests/test-backend-ops.cpp",
        .summary = "q and rows uniform on -1 to 1, the cache in fp16, 113, 512 or 1024 keys, with "
                   "and without sinks; NMSE of o at most 5e-4. Here without their additive masks, "
                   "which a kernel's problem cannot state",
        .scale = 1 / 24.0,
        .q = SYMMETRIC,
        .rows = SYMMETRIC,
        .accept = accept_nmse,
        .cases = llama_cpp,
        .case_count = COUNT(llama_cpp),
    },
    {
        .name = "sglang",
        .project = "SGLang, CPU decode",
        .source = "test/srt/cpu/test_mla.py",
        .summary = "q and rows normal in bf16, 888, 1024 or 1064 keys, of which the kernel itself "
                   "stores one at a random place; o within 1e-2 + 1e-2 |o| and cosine above 0.99. "
                   "Here 2 sequences of their 40",
        .scale = 1 / 24.0,
        .q = NORMAL,
        .rows = NORMAL,
        .new_row = true,
        .accept = accept_similar,
        .cases = sglang,
        .case_count = COUNT(sglang),
    },
    {
        .name = "vllm",
        .project = "vLLM, CPU decode",
        .source = "tests/kernels/attention/test_mla_decode_cpu.py",
        .summary =
            "q and rows normal in bf16, fp16 and fp32, 4 sequences of about 256 keys, NaN in "
            "unused slots; o within 1e-5 + 1.6e-2, 1e-3 or 1.3e-6 of it, by type",
        .scale = 1 / 24.0,
        .q = NORMAL,
        .rows = NORMAL,
        .nan_unused = true,
        .accept = accept_close,
        .cases = vllm,
        .case_count = COUNT(vllm),
    },
    {
        .name = "ktransformers",
        .project = "ktransformers, MLA module",
        .source = "kt-kernel/examples/test_mla.py",
        .summary = "a whole layer over normal hidden states, 3212 tokens at once, output against a "
                   "bf16 one; mean error less than 0.2 of the mean magnitude. Here with random "
                   "weights of smaller models: 3212 tokens of tiny, 256 of DeepSeek-V2-Lite",
        .accept = accept_mean,
        .layers = ktransformers,
        .layer_count = COUNT(ktransformers),
        .layer_tolerance = {.whole = 0.2},
    },
};
