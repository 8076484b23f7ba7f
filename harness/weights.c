/* SPDX-License-Identifier: MIT */
#include "harness/weights.h"

#include "harness/problem.h"
#include "harness/random.h"

#include <math.h>

/* Rows of a tensor that share mean and standard deviation; each part has its own stream. */
struct part {
    const float **tensor; /* that begins with this part; NULL: the one before goes on */
    int64_t rows, columns;
    double mean, sd;
};

enum { PARTS = 11, CHUNK = 4096, HIDDEN_STREAM = RANDOM_LAYER, PART_STREAMS };

static const double norm_input_sd = 0.25, norm_weight_sd = 0.2;

/* What q is multiplied by, for scores that are neither uniform nor one-hot. */
static double score_gain(const struct model *model)
{
    double sd = model->softmax_scale * sqrt(model->qk_nope_head_dim + model->qk_rope_head_dim);
    return sd < 1 || sd > 3 ? 2 / sd : 1;
}

/* Standard deviation of the weights of a projection from n inputs that keeps the variance. */
static double keeping(double n)
{
    return n > 0 ? 1 / sqrt(n) : 0;
}

/* All tensors of any model; those that this one has not have no rows. */
static void list_parts(const struct model *model, struct ref_layer_weights *named,
                       struct part parts[PARTS])
{
    struct ref_layer_dims dims;
    model_ref_layer_dims(model, &dims);
    const struct ref_dims *a = &dims.attention;
    bool mla = dims.kind == REF_LAYER_MLA, mha = dims.kind == REF_LAYER_MHA, latent = !mha;
    bool compressed = dims.q_lora_rank > 0;
    int64_t hidden = dims.hidden_size, q_rank = dims.q_lora_rank, kv_rank = a->kv_lora_rank;
    int64_t nope = a->qk_nope_head_dim, rope = a->qk_rope_head_dim, v = a->v_head_dim;
    int64_t q_width = a->heads * (nope + rope), o_width = a->heads * v;
    int64_t q_in = compressed ? q_rank : mla || mha ? hidden : kv_rank;
    double q_sd = score_gain(model) * keeping((double)q_in) / (compressed ? dims.q_lora_gain : 1);
    double kv_b_sd = keeping((double)kv_rank) / dims.kv_lora_gain;
    double hidden_sd = keeping((double)hidden);
    const struct part list[PARTS] = {
        {&named->q_a_proj, q_rank, hidden, 0, norm_input_sd * hidden_sd},
        {&named->q_a_layernorm, compressed, q_rank, 1, norm_weight_sd},
        {&named->q_b_proj, compressed ? q_width : 0, q_in, 0, q_sd},
        {&named->q_proj, compressed ? 0 : q_width, q_in, 0, q_sd},
        {&named->kv_a_proj, latent ? kv_rank : 0, hidden, 0,
         mla ? norm_input_sd * hidden_sd : hidden_sd},
        {NULL, latent ? rope : 0, hidden, 0, hidden_sd},
        {&named->kv_a_layernorm, mla, kv_rank, 1, norm_weight_sd},
        {&named->kv_b_proj, latent ? a->heads * (nope + v) : 0, kv_rank, 0, kv_b_sd},
        {&named->k_proj, mha ? a->heads_kv * (nope + rope) : 0, hidden, 0, hidden_sd},
        {&named->v_proj, mha ? a->heads_kv * v : 0, hidden, 0, hidden_sd},
        {&named->o_proj, dims.output_size, o_width, 0, keeping((double)o_width)},
    };
    for (int i = 0; i < PARTS; i++)
        parts[i] = list[i];
}

uint64_t weights_bytes(const struct model *model)
{
    struct ref_layer_weights named;
    struct part parts[PARTS];
    list_parts(model, &named, parts);
    uint64_t floats = 0;
    for (int i = 0; i < PARTS; i++)
        floats += (uint64_t)parts[i].rows * (uint64_t)parts[i].columns;
    return sizeof(float) * floats;
}

static void fill(const struct part *part, uint64_t seed, uint32_t stream, int threads, float *out)
{
    int64_t count = part->rows * part->columns;
#pragma omp parallel for num_threads(threads) schedule(static)
    for (int64_t first = 0; first < count; first += CHUNK) {
        int64_t n = count - first < CHUNK ? count - first : CHUNK;
        random_normal(seed, stream, (uint64_t)first, n, part->sd, out + first);
        for (int64_t i = first; part->mean != 0 && i < first + n; i++)
            out[i] += (float)part->mean;
    }
}

/* Memory for the parts, which the tensors are set to. */
static int allocate(const struct model *model, enum buffer_kind kind, struct part parts[PARTS],
                    struct layer_weights *weights, struct mla_error *error)
{
    *weights = (struct layer_weights){0};
    list_parts(model, &weights->named, parts);
    int code =
        buffer_create(&weights->memory, kind, weights_bytes(model), "the layer's weights", error);
    float *next = weights->memory.data;
    for (int i = 0; i < PARTS && !code; i++) {
        if (parts[i].tensor && parts[i].rows > 0)
            *parts[i].tensor = next;
        next += parts[i].rows * parts[i].columns;
    }
    return code;
}

int weights_allocate(const struct model *model, enum buffer_kind kind,
                     struct layer_weights *weights, struct mla_error *error)
{
    struct part parts[PARTS];
    return allocate(model, kind, parts, weights, error);
}

int weights_create(const struct model *model, uint64_t seed, int threads,
                   struct layer_weights *weights, struct mla_error *error)
{
    struct part parts[PARTS];
    int code = allocate(model, BUFFER_PLAIN, parts, weights, error);
    float *next = weights->memory.data;
    for (int i = 0; i < PARTS && !code; i++) {
        if (parts[i].rows > 0)
            fill(&parts[i], seed, (uint32_t)(PART_STREAMS + i), threads, next);
        next += parts[i].rows * parts[i].columns;
    }
    return code;
}

int weights_list(const struct model *model, const struct ref_layer_weights *named,
                 struct named_weight list[NAMED_WEIGHTS])
{
    int64_t heads = model->num_attention_heads, nope = model->qk_nope_head_dim;
    int64_t rope = model->qk_rope_head_dim, v = model->v_head_dim;
    int64_t hidden = model->hidden_size, q_rank = model->q_lora_rank, rank = model->kv_lora_rank;
    const struct named_weight all[NAMED_WEIGHTS] = {
        {"q_proj", named->q_proj, heads * (nope + rope), hidden},
        {"q_a_proj", named->q_a_proj, q_rank, hidden},
        {"q_a_layernorm", named->q_a_layernorm, 0, q_rank},
        {"q_b_proj", named->q_b_proj, heads * (nope + rope), q_rank},
        {"kv_a_proj_with_mqa", named->kv_a_proj, rank + rope, hidden},
        {"kv_a_layernorm", named->kv_a_layernorm, 0, rank},
        {"kv_b_proj", named->kv_b_proj, heads * (nope + v), rank},
        {"o_proj", named->o_proj, hidden, heads * v},
    };
    int count = 0;
    for (int i = 0; i < NAMED_WEIGHTS; i++)
        if (all[i].data)
            list[count++] = all[i];
    return count;
}

void weights_destroy(struct layer_weights *weights)
{
    buffer_destroy(&weights->memory);
    *weights = (struct layer_weights){0};
}

void hidden_states(const struct model *model, uint64_t seed, int64_t first, int64_t tokens,
                   float *x)
{
    random_normal(seed, HIDDEN_STREAM, (uint64_t)(first * model->hidden_size),
                  tokens * model->hidden_size, 1, x);
}
