/* SPDX-License-Identifier: MIT
 *
 * FLOPs, bytes and lengths against figures worked out by hand. */
#include "harness/accounting.h"
#include "harness/inputs.h"
#include "harness/workload.h"
#include "tests/shapes.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

static struct workload workload_of(int64_t cached, int64_t new_tokens, int32_t batch, bool ragged)
{
    struct bench_case c = {
        .cached = cached, .new_tokens = new_tokens, .batch = batch, .ragged = ragged};
    struct workload w;
    struct mla_error error;
    cr_assert(workload_create(&c, 1, &w, &error) == 0);
    return w;
}

Test(accounting, cache_bytes_of_v3)
{
    cr_assert(cache_elements(&shape_v3, MLA_LATENT) == 576);
    cr_assert(cache_elements(&shape_v3, MLA_KV) == 40960);
    cr_assert(cache_bytes_per_token(&shape_v3, MLA_LATENT, MLA_FP32) == 2304);
    cr_assert(cache_bytes_per_token(&shape_v3, MLA_LATENT, MLA_BF16) == 1152);
    cr_assert(cache_bytes_per_token(&shape_v3, MLA_LATENT, MLA_FP8) == 656);
    cr_assert(cache_bytes_per_token(&shape_v3, MLA_LATENT, MLA_INT8) == 584);
    cr_assert(cache_bytes_per_token(&shape_v3, MLA_KV, MLA_FP32) == 163840);
    cr_assert(cache_bytes_per_token(&shape_v3, MLA_KV, MLA_FP16) == 81920);
    cr_assert(cache_bytes_per_token(&shape_v3, MLA_KV, MLA_FP8) ==
              INT64_C(128) * (132 + 128 + 132));
    cr_assert(cache_bytes_per_token(&shape_v3, MLA_KV, MLA_INT8) ==
              INT64_C(128) * (132 + 68 + 132));
}

Test(accounting, cache_bytes_of_baselines)
{
    struct mla_problem mha = {.kind = MLA_KV, .qk_rope_head_dim = 128, .v_head_dim = 128};
    static const struct {
        int32_t heads_kv;
        int64_t elements;
    } rows[] = {{128, 32768}, {8, 2048}, {1, 256}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        mha.heads_kv = rows[i].heads_kv;
        cr_assert(cache_elements(&mha, MLA_KV) == rows[i].elements);
        cr_assert(cache_bytes_per_token(&mha, MLA_KV, MLA_FP32) == 4 * rows[i].elements);
    }
}

/* pairs = S P + S (S + 1) / 2 */
Test(accounting, pairs_leave_out_what_is_masked)
{
    static const struct {
        int64_t past, fresh, pairs;
    } rows[] = {{0, 1, 1}, {4096, 1, 4097}, {0, 512, 512 * 513 / 2}, {100, 7, 7 * 100 + 28}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct workload w = workload_of(rows[i].past, rows[i].fresh, 1, false);
        cr_assert(workload_pairs(&w, &shape_v3) == rows[i].pairs);
        struct mla_problem all = shape_v3;
        all.mask = MLA_MASK_NONE;
        cr_assert(workload_pairs(&w, &all) == rows[i].fresh * (rows[i].past + rows[i].fresh));
        workload_destroy(&w);
    }
}

Test(accounting, flops_per_pair_and_per_token)
{
    struct workload w = workload_of(4095, 1, 1, false);
    double pairs = 4096.0 * 128;
    struct account absorbed = account(&shape_v3, &w, MLA_ABSORBED, MLA_LATENT);
    struct account expanded = account(&shape_v3, &w, MLA_EXPANDED, MLA_KV);
    struct account again = account(&shape_v3, &w, MLA_REEXPANDED, MLA_LATENT);
    cr_assert(absorbed.core_flops == pairs * 2176);
    cr_assert(absorbed.flops == absorbed.core_flops + 128 * 262144.0);
    cr_assert(expanded.core_flops == pairs * 640);
    cr_assert(expanded.flops == expanded.core_flops + 128 * 262144.0);
    cr_assert(again.core_flops == expanded.core_flops);
    cr_assert(again.flops == again.core_flops + 4096 * 128 * 262144.0);
    workload_destroy(&w);
}

Test(accounting, bytes_are_rows_once_and_q_and_o)
{
    struct workload w = workload_of(4095, 1, 1, false);
    struct account absorbed = account(&shape_v3, &w, MLA_ABSORBED, MLA_LATENT);
    cr_assert(absorbed.bytes == 4096.0 * 2304 + 4.0 * 128 * (192 + 128));
    workload_destroy(&w);
}

/* Two tokens after 4094, worked out by hand: 128 heads, 192 + 128 wide, rows of 576. */
Test(accounting, step_bytes_have_weights_and_what_is_written)
{
    struct workload w = workload_of(4094, 2, 1, false);
    struct account absorbed = account(&shape_v3, &w, MLA_ABSORBED, MLA_LATENT);
    struct account expanded = account(&shape_v3, &w, MLA_EXPANDED, MLA_KV);
    double weights = 4.0 * 128 * (128 + 128) * 512, fresh = 2 * 4.0 * (576 + 128 * 192);
    double out = 2 * 4.0 * 128 * (128 + 1);
    cr_assert(absorbed.weight_bytes == weights && expanded.weight_bytes == weights);
    cr_assert(absorbed.read_bytes == 4094 * 2304.0 + weights + fresh, "%f", absorbed.read_bytes);
    cr_assert(expanded.read_bytes == 4094 * 163840.0 + weights + fresh, "%f", expanded.read_bytes);
    cr_assert(absorbed.written_bytes == 2 * 2304.0 + out, "%f", absorbed.written_bytes);
    cr_assert(expanded.written_bytes == 2 * 163840.0 + out, "%f", expanded.written_bytes);
    workload_destroy(&w);
    struct mla_problem mha = {.kind = MLA_KV,
                              .heads = 3,
                              .heads_kv = 3,
                              .qk_nope_head_dim = 5,
                              .qk_rope_head_dim = 2,
                              .v_head_dim = 4};
    w = workload_of(0, 3, 1, false);
    struct account kv = account(&mha, &w, MLA_EXPANDED, MLA_KV);
    cr_assert(kv.weight_bytes == 0);
    cr_assert(kv.read_bytes == 3 * 4.0 * (3 * 11 + 3 * 7), "%f", kv.read_bytes);
    cr_assert(kv.written_bytes == 3 * 4.0 * (3 * 11 + 3 * 5), "%f", kv.written_bytes);
    workload_destroy(&w);
}

/* Of two tokens after 3, one lists 0, 4 (which the mask hides from it), -1 and 2, the other 4, 3, 3
 * and 9. */
Test(accounting, lists_count_for_what_the_mask_leaves_of_them)
{
    static const int32_t lists[] = {0, 4, -1, 2, 4, 3, 3, 9};
    struct workload w = workload_of(3, 2, 1, false);
    w.listed = 4;
    cr_assert(workload_pairs(&w, &shape_v3) == 8, "as many as listed, until there are lists");
    w.lists = lists;
    cr_assert(workload_keys(&w, &shape_v3, 0, 0) == 2 && workload_keys(&w, &shape_v3, 0, 1) == 3);
    struct account absorbed = account(&shape_v3, &w, MLA_ABSORBED, MLA_LATENT);
    cr_assert(absorbed.core_flops == 5.0 * 128 * 2176);
    cr_assert(absorbed.bytes == 5 * 2304.0 + 2 * 4.0 * 128 * (192 + 128));
    struct account again = account(&shape_v3, &w, MLA_REEXPANDED, MLA_LATENT);
    cr_assert(again.flops == again.core_flops + 5 * 128 * 262144.0);
    workload_destroy(&w);
}

/* FACTS: absorbed wins in one pass while n_q < 262144 n_kv / (262144 + 1536 n_kv), about 171. */
Test(accounting, crossover_of_expanding_and_absorbing)
{
    static const int64_t fresh[] = {150, 190};
    for (int i = 0; i < 2; i++) {
        struct workload w = workload_of(131072, fresh[i], 1, false);
        struct account absorbed = account(&shape_v3, &w, MLA_ABSORBED, MLA_LATENT);
        struct account again = account(&shape_v3, &w, MLA_REEXPANDED, MLA_LATENT);
        cr_assert((absorbed.flops < again.flops) == (i == 0), "%ld new tokens", (long)fresh[i]);
        workload_destroy(&w);
    }
}

Test(workload, a_ragged_batch_has_a_full_an_empty_and_an_idle_sequence)
{
    struct workload w = workload_of(1000, 2, 8, true);
    cr_assert(w.seqs[0].position == 1000 && w.seqs[0].tokens == 2);
    cr_assert(w.seqs[1].position == 0 && w.seqs[1].tokens == 2);
    cr_assert(w.seqs[7].position == 0 && w.seqs[7].tokens == 0);
    cr_assert(w.tokens == 14 && w.max_keys == 1002);
    int64_t rows = 0;
    for (int i = 0; i < 8; i++) {
        cr_assert(w.seqs[i].slot == rows && workload_first_row(&w, i) == rows);
        rows += w.seqs[i].kv_end;
        cr_assert(w.seqs[i].kv_end == w.seqs[i].position + w.seqs[i].tokens);
    }
    cr_assert(w.rows == rows && w.slots == rows);
    workload_place(&w, 16, 3);
    for (int i = 1; i < 8; i++)
        cr_assert(w.seqs[i].slot % 16 == 0 &&
                  w.seqs[i].slot >= w.seqs[i - 1].slot + w.seqs[i - 1].kv_end + 3);
    workload_destroy(&w);
}

/* What inputs.h says of the scores, measured, for a model whose plain scores would be too flat. */
Test(inputs, scores_are_neither_uniform_nor_one_hot)
{
    static const double scales[] = {0.0721688, 0.135, 0.001, 3};
    for (size_t i = 0; i < sizeof scales / sizeof scales[0]; i++) {
        struct bench_case c = {.cached = 300, .new_tokens = 1, .batch = 1, .threads = 1};
        c.model = (struct model){.kind = MODEL_MHA,
                                 .num_attention_heads = 4,
                                 .num_key_value_heads = 4,
                                 .qk_nope_head_dim = 128,
                                 .qk_rope_head_dim = 64,
                                 .v_head_dim = 8,
                                 .softmax_scale = scales[i],
                                 .causal = true};
        struct inputs in;
        struct mla_error error;
        cr_assert(inputs_create(&c, 1, &in, &error) == 0);
        inputs_fill(&in, 1);
        double sum = 0, sum2 = 0;
        int count = 0;
        for (int row = 0; row < 301; row++)
            for (int head = 0; head < 4; head++, count++) {
                const float *q = (const float *)in.q.data + head * 192;
                const float *k = (const float *)in.rows.data + (row * 4 + head) * 200;
                double score = 0;
                for (int d = 0; d < 192; d++)
                    score += (double)q[d] * k[d] * in.problem.scale;
                sum += score;
                sum2 += score * score;
            }
        double sd = sqrt(sum2 / count - sum * sum / count / count);
        cr_assert(sd > 0.9 && sd < 3.1, "scale %g: standard deviation %g", scales[i], sd);
        inputs_destroy(&in);
    }
}

Test(inputs, the_same_bits_for_any_number_of_threads)
{
    struct bench_case c = {.cached = 3000, .new_tokens = 2, .batch = 3, .threads = 3};
    c.model = (struct model){.kind = MODEL_MLA,
                             .num_attention_heads = 3,
                             .num_key_value_heads = 3,
                             .qk_nope_head_dim = 10,
                             .qk_rope_head_dim = 6,
                             .v_head_dim = 8,
                             .kv_lora_rank = 20,
                             .softmax_scale = 0.25,
                             .causal = true};
    struct inputs a, b;
    struct mla_error error;
    cr_assert(inputs_create(&c, 9, &a, &error) == 0 && inputs_create(&c, 9, &b, &error) == 0);
    inputs_fill(&a, 1);
    inputs_fill(&b, 3);
    cr_assert(memcmp(a.rows.data, b.rows.data, a.rows.size) == 0);
    cr_assert(memcmp(a.q.data, b.q.data, a.q.size) == 0);
    cr_assert(memcmp(a.wkv_b.data, b.wkv_b.data, a.wkv_b.size) == 0);
    inputs_destroy(&a);
    inputs_destroy(&b);
}
