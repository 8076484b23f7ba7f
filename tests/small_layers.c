/* SPDX-License-Identifier: MIT */
#include "tests/small_layers.h"

#include "harness/random.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>

const struct ref_layer_dims small_layers[SMALL_LAYERS] = {
    /* DeepSeek-V3 in small: query compression, YaRN, interleaved pairs. */
    {.kind = REF_LAYER_MLA,
     .hidden_size = SMALL_HIDDEN,
     .output_size = SMALL_HIDDEN,
     .q_lora_rank = 10,
     .attention = {3, 3, 5, 4, 7, 11, 0.4},
     .rope = {4, 100, true, 8, 16, 2, 0.5, 0.707, 1},
     .norm_eps = 1e-6,
     .q_lora_gain = 1,
     .kv_lora_gain = 1,
     .causal = true},
    /* LongCat's gains, MiniCPM3's rotation of halves. */
    {.kind = REF_LAYER_MLA,
     .hidden_size = SMALL_HIDDEN,
     .output_size = SMALL_HIDDEN,
     .q_lora_rank = 9,
     .attention = {2, 2, 3, 6, 4, 8, 0.3},
     .rope = {.dim = 6, .theta = 1e4},
     .norm_eps = 1e-5,
     .q_lora_gain = 1.75,
     .kv_lora_gain = 2.5,
     .causal = true},
    /* V2-Lite: no query compression. */
    {.kind = REF_LAYER_MLA,
     .hidden_size = SMALL_HIDDEN,
     .output_size = SMALL_HIDDEN,
     .attention = {4, 4, 4, 2, 3, 6, 0.5},
     .rope = {.dim = 2, .theta = 1e4, .interleaved = true},
     .norm_eps = 1e-6,
     .q_lora_gain = 1,
     .kv_lora_gain = 1,
     .causal = true},
    /* MHA with RoPE on the whole head, and GQA with it on a part. */
    {.kind = REF_LAYER_MHA,
     .hidden_size = SMALL_HIDDEN,
     .output_size = SMALL_HIDDEN,
     .attention = {3, 3, 0, 8, 8, 0, 0.35},
     .rope = {.dim = 8, .theta = 1e4, .interleaved = true},
     .causal = true},
    {.kind = REF_LAYER_MHA,
     .hidden_size = SMALL_HIDDEN,
     .output_size = SMALL_HIDDEN,
     .attention = {6, 2, 3, 4, 5, 0, 0.4},
     .rope = {.dim = 4, .theta = 1e4},
     .causal = true},
    /* The article: from 24 wide to 16, k = 12, 3 heads. */
    {.kind = REF_LAYER_ARTICLE,
     .hidden_size = SMALL_HIDDEN,
     .output_size = 16,
     .attention = {3, 3, 4, 0, 4, 12, 0.28867513459481287}},
};
/* Weights of standard deviation 1 / sqrt(their inputs); norms' weights about 1. */
static float *random_weights(uint32_t stream, int64_t out, int64_t in)
{
    float *w = malloc((size_t)(out * in) * sizeof *w);
    cr_assert(w != NULL, "no memory");
    random_normal(13, stream, 0, out * in, 1 / sqrt((double)in), w);
    return w;
}

static float *norm_weights(uint32_t stream, int64_t n)
{
    float *w = random_weights(stream, n, 1);
    for (int64_t i = 0; i < n; i++)
        w[i] = 1 + 0.25f * w[i];
    return w;
}

struct ref_layer_weights small_layer_weights(const struct ref_layer_dims *dims)
{
    const struct ref_dims *a = &dims->attention;
    int64_t hidden = dims->hidden_size, c = a->kv_lora_rank;
    int64_t qk = a->qk_nope_head_dim + a->qk_rope_head_dim, v = a->v_head_dim;
    struct ref_layer_weights w = {.o_proj = random_weights(1, dims->output_size, a->heads * v)};
    if (dims->kind == REF_LAYER_MHA) {
        w.q_proj = random_weights(2, a->heads * qk, hidden);
        w.k_proj = random_weights(3, a->heads_kv * qk, hidden);
        w.v_proj = random_weights(4, a->heads_kv * v, hidden);
        return w;
    }
    w.kv_a_proj = random_weights(5, ref_layer_row_width(dims), hidden);
    w.kv_b_proj = random_weights(6, a->heads * (a->qk_nope_head_dim + v), c);
    if (dims->kind == REF_LAYER_ARTICLE) {
        w.q_proj = random_weights(2, a->heads * qk, c);
        return w;
    }
    w.kv_a_layernorm = norm_weights(7, c);
    if (dims->q_lora_rank) {
        w.q_a_proj = random_weights(8, dims->q_lora_rank, hidden);
        w.q_a_layernorm = norm_weights(9, dims->q_lora_rank);
        w.q_b_proj = random_weights(10, a->heads * qk, dims->q_lora_rank);
    } else {
        w.q_proj = random_weights(2, a->heads * qk, hidden);
    }
    return w;
}

void small_layer_free(const struct ref_layer_weights *w)
{
    const float *const all[] = {w->q_proj,    w->q_a_proj,       w->q_a_layernorm, w->q_b_proj,
                                w->kv_a_proj, w->kv_a_layernorm, w->kv_b_proj,     w->k_proj,
                                w->v_proj,    w->o_proj};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        free((void *)(uintptr_t)all[i]);
}

void small_layer_list(const struct ref_layer_dims *dims, const struct ref_layer_weights *w,
                      struct small_tensor list[SMALL_TENSORS])
{
    const struct ref_dims *a = &dims->attention;
    int64_t qk = a->qk_nope_head_dim + a->qk_rope_head_dim, hidden = dims->hidden_size;
    int64_t rank = dims->q_lora_rank, c = a->kv_lora_rank, v = a->v_head_dim;
    int64_t q_in = dims->kind == REF_LAYER_ARTICLE ? c : hidden;
    const struct {
        const char *name;
        const float *weight;
        int64_t count;
    } all[SMALL_TENSORS] = {{"q_proj", w->q_proj, a->heads * qk * q_in},
                            {"q_a_proj", w->q_a_proj, rank * hidden},
                            {"q_a_layernorm", w->q_a_layernorm, rank},
                            {"q_b_proj", w->q_b_proj, a->heads * qk * rank},
                            {"kv_a_proj", w->kv_a_proj, (c + a->qk_rope_head_dim) * hidden},
                            {"kv_a_layernorm", w->kv_a_layernorm, c},
                            {"kv_b_proj", w->kv_b_proj, a->heads * (a->qk_nope_head_dim + v) * c},
                            {"k_proj", w->k_proj, a->heads_kv * qk * hidden},
                            {"v_proj", w->v_proj, a->heads_kv * v * hidden},
                            {"o_proj", w->o_proj, dims->output_size * a->heads * v}};
    for (int i = 0; i < SMALL_TENSORS; i++) {
        int64_t count = all[i].weight ? all[i].count : 0;
        cr_assert(count <= SMALL_TENSOR, "%s has %ld elements", all[i].name, (long)count);
        list[i] = (struct small_tensor){all[i].name, (float *)(uintptr_t)all[i].weight, count};
    }
}
