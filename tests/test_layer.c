/* SPDX-License-Identifier: MIT */
#include "harness/layer.h"
#include "harness/layer_verify.h"
#include "harness/problem.h"
#include "harness/random.h"
#include "harness/weights.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* More outputs than one call of BLAS computes. */
enum { SEED = 7, HIDDEN = 131 };

/* Dimensions that are multiples of nothing in particular. */
static struct model mla_model(void)
{
    struct model model = {
        .name = "layer-mla",
        .kind = MODEL_MLA,
        .hidden_size = HIDDEN,
        .output_size = HIDDEN,
        .num_attention_heads = 3,
        .num_key_value_heads = 3,
        .q_lora_rank = 24,
        .kv_lora_rank = 20,
        .qk_nope_head_dim = 9,
        .qk_rope_head_dim = 6,
        .v_head_dim = 11,
        .max_position_embeddings = 202752,
        .norm_eps = 1e-6,
        .q_lora_gain = 1,
        .kv_lora_gain = 1,
        .rope = {.dim = 6,
                 .theta = 10000,
                 .interleaved = true,
                 .factor = 40,
                 .original_max_position_embeddings = 4096,
                 .beta_fast = 32,
                 .beta_slow = 1,
                 .mscale = 0.707,
                 .mscale_all_dim = 0.707},
        .causal = true,
    };
    model.softmax_scale = ref_softmax_scale(15, &model.rope);
    return model;
}

static struct model uncompressed_model(void)
{
    struct model model = mla_model();
    strcpy(model.name, "layer-uncompressed");
    model.q_lora_rank = 0;
    return model;
}

/* LongCat's gains, RoPE plain and rotating halves, magnitude other than 1, another eps. */
static struct model gains_model(void)
{
    struct model model = mla_model();
    strcpy(model.name, "layer-gains");
    model.q_lora_gain = sqrt((double)HIDDEN / 24);
    model.kv_lora_gain = sqrt((double)HIDDEN / 20);
    model.rope.interleaved = false;
    model.rope.mscale = 1;
    model.norm_eps = 1e-5;
    return model;
}

static struct model heads_model(const char *name, int heads_kv, int nope)
{
    struct model model = mla_model();
    strcpy(model.name, name);
    model.kind = MODEL_MHA;
    model.num_attention_heads = 6;
    model.num_key_value_heads = heads_kv;
    model.q_lora_rank = model.kv_lora_rank = 0;
    model.qk_nope_head_dim = nope;
    model.qk_rope_head_dim = model.rope.dim = 10;
    model.rope.factor = 0;
    model.softmax_scale = 1 / sqrt(nope + 10);
    return model;
}

static struct model mha_model(void)
{
    return heads_model("layer-mha", 6, 0);
}

static struct model gqa_model(void)
{
    return heads_model("layer-gqa2", 2, 0);
}

static struct model mqa_model(void)
{
    return heads_model("layer-mqa", 1, 0);
}

static struct model partial_rope_model(void)
{
    return heads_model("layer-partial-rope", 3, 5);
}

static struct model article_model(void)
{
    struct model model = {
        .name = "layer-article",
        .kind = MODEL_ARTICLE,
        .hidden_size = 49,
        .output_size = 17,
        .num_attention_heads = 4,
        .num_key_value_heads = 4,
        .kv_lora_rank = 24,
        .qk_nope_head_dim = 6,
        .v_head_dim = 6,
        .max_position_embeddings = 784,
        .q_lora_gain = 1,
        .kv_lora_gain = 1,
        .softmax_scale = 1 / sqrt(24),
    };
    return model;
}

static struct model (*const models[])(void) = {
    mla_model, uncompressed_model, gains_model,        mha_model,
    gqa_model, mqa_model,          partial_rope_model, article_model,
};
enum { MODELS = sizeof models / sizeof models[0] };

static bool can_run(const struct mla_kernel *kernel, const struct model *model)
{
    struct mla_problem problem;
    const char *why = "";
    model_problem(model, MLA_FP32, &problem);
    return kernel->supports(&problem, false, false, &why);
}

/* The first kernel that can run the model, and declares these invariances. */
static const struct mla_kernel *kernel_for(const struct model *model, uint32_t invariances)
{
    const struct mla_registry *registry = mla_kernels();
    for (uint32_t i = 0; i < registry->count; i++) {
        const struct mla_kernel *kernel = registry->kernels[i];
        if ((kernel->invariances & invariances) == invariances && can_run(kernel, model))
            return kernel;
    }
    cr_assert(false, "no kernel runs %s", model->name);
    return NULL;
}

static void passes(const struct model *model, const struct mla_kernel *kernel, int64_t cached,
                   int64_t new_tokens, int threads)
{
    struct layer_verdict verdict;
    struct mla_error error;
    int code =
        layer_verify(model, NULL, kernel, cached, new_tokens, SEED, threads, &verdict, &error);
    cr_assert(code == 0, "%s", error.message);
    cr_assert(verdict.passed, "%s, %s, %ld cached, %ld new: %s", model->name, kernel->name,
              (long)cached, (long)new_tokens, verdict.reason);
    cr_assert(verdict.runs == (model->qk_rope_head_dim ? 5 : 4), "%s: %d runs", model->name,
              verdict.runs);
    cr_assert(verdict.rms_rel > 0 && verdict.rms_rel <= 1e-5, "%s, %s: y is off by %g of its RMS",
              model->name, kernel->name, verdict.rms_rel);
    for (int i = 0; i < verdict.count; i++) {
        const struct layer_check *check = &verdict.checks[i];
        cr_assert(check->ratio <= verdict.checks[verdict.worst].ratio, "%s is not worst",
                  verdict.checks[verdict.worst].stage);
        bool exact = strcmp(check->stage, "v") == 0;
        cr_assert(exact ? check->ratio == 0 : check->ratio > 0 && check->ratio <= 1,
                  "%s, stage %s: ratio %g", model->name, check->stage, check->ratio);
    }
}

Test(layer, every_kernel_passes_on_every_kind_of_model)
{
    const struct mla_registry *registry = mla_kernels();
    for (int m = 0; m < MODELS; m++) {
        struct model model = models[m]();
        int ran = 0;
        for (uint32_t i = 0; i < registry->count; i++) {
            if (!can_run(registry->kernels[i], &model))
                continue;
            passes(&model, registry->kernels[i], 9, 5, 2);
            passes(&model, registry->kernels[i], 0, 7, 1);
            ran++;
        }
        cr_assert(ran > 0, "no kernel runs %s", model.name);
    }
}

Test(layer, long_caches_and_single_tokens_pass)
{
    struct model model = mla_model();
    const struct mla_kernel *kernel = kernel_for(&model, 0);
    passes(&model, kernel, 129, 2, 2);
    passes(&model, kernel, 0, 1, 1);
}

Test(layer, promised_bits_are_checked)
{
    struct model model = mla_model();
    struct layer_verdict verdict;
    struct mla_error error;
    const struct mla_kernel *kernel =
        kernel_for(&model, MLA_SAME_FOR_QUERIES | MLA_SAME_FOR_CHUNKS);
    int code = layer_verify(&model, NULL, kernel, 9, 5, SEED, 1, &verdict, &error);
    cr_assert(code == 0 && verdict.passed, "%s", verdict.reason);
    cr_assert(verdict.same_bits_checked, "%s promises the same bits", kernel->name);
}

/* One run of a layer, to be damaged. */
struct fixture {
    struct model model;
    struct layer_weights weights;
    struct layer_trace trace;
};

enum { TOKENS = 6, ROPE_OFFSET = 1000 };

static void fixture_create(struct fixture *f, struct model model)
{
    struct mla_error error = {""};
    const struct layer_chunks chunks = {{LAYER_ALL}, 1, 4};
    f->model = model;
    int code = weights_create(&f->model, SEED, 1, &f->weights, &error);
    if (code == 0)
        code = layer_trace_create(&f->model, &f->weights.named, TOKENS, &f->trace, &error);
    cr_assert(code == 0, "%s", error.message);
    hidden_states(&f->model, SEED, 0, TOKENS, f->trace.at[LAYER_X]);
    code = layer_trace_run(&f->trace, &f->weights.named, kernel_for(&f->model, 0), &chunks,
                           ROPE_OFFSET, 1, &error);
    cr_assert(code == 0, "%s", error.message);
}

static void fixture_destroy(struct fixture *f)
{
    layer_trace_destroy(&f->trace);
    weights_destroy(&f->weights);
}

static void verify(const struct fixture *f, struct layer_verdict *verdict)
{
    struct mla_error error;
    *verdict = (struct layer_verdict){0};
    int code = layer_verify_stages(&f->trace, NULL, "damaged", 1, verdict, &error);
    cr_assert(code == 0, "%s", error.message);
}

/* Token 3's part of an array. */
static float *token_3(struct fixture *f, enum layer_array array)
{
    return f->trace.at[array] + 3 * f->trace.plan.width[array];
}

/* Token 3's query heads, rotated at another position, or by another pairing. */
static void rotate_again(struct fixture *f, double position, bool interleaved)
{
    struct ref_rope rope = f->model.rope;
    double frequencies[16], x[32];
    int nope = f->model.qk_nope_head_dim, qk = nope + rope.dim;
    rope.interleaved = interleaved;
    ref_rope_frequencies(&rope, frequencies);
    for (int h = 0; h < f->model.num_attention_heads; h++) {
        for (int i = 0; i < rope.dim; i++)
            x[i] = token_3(f, LAYER_Q_RAW)[h * qk + nope + i];
        ref_rope_rotate(&rope, frequencies, position, x, NULL);
        for (int i = 0; i < rope.dim; i++)
            token_3(f, LAYER_Q)[h * qk + nope + i] = (float)x[i];
    }
}

static void rope_of_the_position_before(struct fixture *f)
{
    rotate_again(f, ROPE_OFFSET + 2, f->model.rope.interleaved);
}

static void rope_without_offset(struct fixture *f)
{
    rotate_again(f, 3, f->model.rope.interleaved);
}

static void rope_in_the_other_pairing(struct fixture *f)
{
    rotate_again(f, ROPE_OFFSET + 3, !f->model.rope.interleaved);
}

/* As when position times frequency is taken in fp32. */
static void rope_angle_in_fp32(struct fixture *f)
{
    int nope = f->model.qk_nope_head_dim;
    const float *raw = token_3(f, LAYER_Q_RAW) + nope;
    float *q = token_3(f, LAYER_Q) + nope;
    double frequencies[16];
    ref_rope_frequencies(&f->model.rope, frequencies);
    float angle = (float)(ROPE_OFFSET + 3) * (float)frequencies[1];
    q[2] = raw[2] * cosf(angle) - raw[3] * sinf(angle);
    q[3] = raw[2] * sinf(angle) + raw[3] * cosf(angle);
}

static void no_rope(struct fixture *f)
{
    memcpy(token_3(f, LAYER_Q), token_3(f, LAYER_Q_RAW),
           sizeof(float) * (size_t)f->trace.plan.width[LAYER_Q]);
}

static void nope_part_by_an_ulp(struct fixture *f)
{
    token_3(f, LAYER_Q)[0] = nextafterf(token_3(f, LAYER_Q)[0], INFINITY);
}

static void no_norm(struct fixture *f)
{
    memcpy(token_3(f, LAYER_C_Q), token_3(f, LAYER_C_Q_RAW),
           sizeof(float) * (size_t)f->trace.plan.width[LAYER_C_Q]);
}

static void norm_again(struct fixture *f, enum layer_array in, enum layer_array out, double eps,
                       double gain, const float *weight, int n)
{
    double x[32] = {0};
    float ones[32] = {0};
    for (int i = 0; i < n; i++) {
        x[i] = token_3(f, in)[i];
        ones[i] = 1;
    }
    ref_rmsnorm(n, eps, gain, weight ? weight : ones, x, x, NULL);
    for (int i = 0; i < n; i++)
        token_3(f, out)[i] = (float)x[i];
}

static void norm_without_weight(struct fixture *f)
{
    norm_again(f, LAYER_C_Q_RAW, LAYER_C_Q, f->model.norm_eps, f->model.q_lora_gain, NULL,
               f->model.q_lora_rank);
}

static void norm_with_another_eps(struct fixture *f)
{
    norm_again(f, LAYER_C_Q_RAW, LAYER_C_Q, 10 * f->model.norm_eps, f->model.q_lora_gain,
               f->weights.named.q_a_layernorm, f->model.q_lora_rank);
}

static void kv_norm_without_gain(struct fixture *f)
{
    norm_again(f, LAYER_LATENT_RAW, LAYER_ROWS, f->model.norm_eps, 1,
               f->weights.named.kv_a_layernorm, f->model.kv_lora_rank);
}

static void k_rope_left_out(struct fixture *f)
{
    int rank = f->model.kv_lora_rank;
    memcpy(token_3(f, LAYER_ROWS) + rank, token_3(f, LAYER_LATENT_RAW) + rank,
           sizeof(float) * (size_t)f->model.qk_rope_head_dim);
}

static void another_weight(struct fixture *f)
{
    ((float *)
         f->weights.memory.data)[f->weights.named.q_b_proj - (float *)f->weights.memory.data] +=
        0.01f;
}

static void projection_in_bf16(struct fixture *f)
{
    float *c_q = token_3(f, LAYER_C_Q_RAW);
    for (int i = 0; i < f->model.q_lora_rank; i++) {
        uint32_t bits;
        memcpy(&bits, &c_q[i], sizeof bits);
        bits = (bits + 0x8000) & 0xFFFF0000;
        memcpy(&c_q[i], &bits, sizeof bits);
    }
}

static void kv_a_not_finite(struct fixture *f)
{
    token_3(f, LAYER_LATENT_RAW)[1] = INFINITY;
}

static void o_not_written(struct fixture *f)
{
    token_3(f, LAYER_O)[4] = NAN;
}

static void lse_in_base_2(struct fixture *f)
{
    token_3(f, LAYER_LSE)[1] /= logf(2);
}

static void output_heads_swapped(struct fixture *f)
{
    int v = f->model.v_head_dim;
    float *o = token_3(f, LAYER_O), head[32];
    memcpy(head, o, sizeof(float) * (size_t)v);
    memcpy(o, o + v, sizeof(float) * (size_t)v);
    memcpy(o + v, head, sizeof(float) * (size_t)v);
}

static void y_not_written(struct fixture *f)
{
    token_3(f, LAYER_Y)[f->model.output_size - 1] = NAN;
}

static void value_by_an_ulp(struct fixture *f)
{
    float *v = token_3(f, LAYER_ROWS) + f->model.qk_nope_head_dim + f->model.qk_rope_head_dim;
    *v = nextafterf(*v, INFINITY);
}

static void key_not_rotated(struct fixture *f)
{
    memcpy(token_3(f, LAYER_ROWS), token_3(f, LAYER_K_RAW),
           sizeof(float) * (size_t)(f->model.qk_nope_head_dim + f->model.qk_rope_head_dim));
}

static void latent_of_another_token(struct fixture *f)
{
    memcpy(token_3(f, LAYER_ROWS), token_3(f, LAYER_ROWS) - f->model.kv_lora_rank,
           sizeof(float) * (size_t)f->model.kv_lora_rank);
}

static const struct damage {
    const char *name;
    struct model (*model)(void);
    void (*inflict)(struct fixture *);
    const char *stage; /* that must be named */
} damages[] = {
    {"RoPE at p - 1", mla_model, rope_of_the_position_before, "q_rope"},
    {"RoPE from 0", mla_model, rope_without_offset, "q_rope"},
    {"RoPE in halves", mla_model, rope_in_the_other_pairing, "q_rope"},
    {"RoPE interleaved", gains_model, rope_in_the_other_pairing, "q_rope"},
    {"RoPE's angle in fp32", mla_model, rope_angle_in_fp32, "q_rope"},
    {"no RoPE", mla_model, no_rope, "q_rope"},
    {"RoPE on MHA's queries at p - 1", mha_model, rope_of_the_position_before, "q_rope"},
    {"nope part changed", mla_model, nope_part_by_an_ulp, "q_rope"},
    {"no norm", mla_model, no_norm, "q_a_layernorm"},
    {"norm without weight", mla_model, norm_without_weight, "q_a_layernorm"},
    {"norm's eps", mla_model, norm_with_another_eps, "q_a_layernorm"},
    {"norm's gain", gains_model, kv_norm_without_gain, "kv_a_layernorm"},
    {"k_rope not rotated", mla_model, k_rope_left_out, "k_rope"},
    {"weight", mla_model, another_weight, "q_b_proj"},
    {"bf16", mla_model, projection_in_bf16, "q_a_proj"},
    {"infinity", uncompressed_model, kv_a_not_finite, "kv_a_proj"},
    {"o not written", mla_model, o_not_written, "attention"},
    {"lse in base 2", mla_model, lse_in_base_2, "attention"},
    {"heads swapped", mla_model, output_heads_swapped, "attention"},
    {"y not written", mla_model, y_not_written, "o_proj"},
    {"v changed", gqa_model, value_by_an_ulp, "v"},
    {"k not rotated", mqa_model, key_not_rotated, "k_rope"},
    {"partial RoPE", partial_rope_model, key_not_rotated, "k_rope"},
    {"the article's Z", article_model, latent_of_another_token, "z_proj"},
};

Test(layer, damage_is_caught_at_its_stage)
{
    for (size_t i = 0; i < sizeof damages / sizeof damages[0]; i++) {
        const struct damage *damage = &damages[i];
        struct fixture f;
        struct layer_verdict verdict;
        char expected[64];
        fixture_create(&f, damage->model());
        verify(&f, &verdict);
        cr_assert(!verdict.reason[0], "before %s: %s", damage->name, verdict.reason);
        damage->inflict(&f);
        verify(&f, &verdict);
        snprintf(expected, sizeof expected, "stage %s, tokens damaged:", damage->stage);
        cr_assert(strncmp(verdict.reason, expected, strlen(expected)) == 0, "%s: got \"%s\"",
                  damage->name, verdict.reason);
        cr_assert(verdict.checks[verdict.worst].ratio > 1, "%s: ratio %g", damage->name,
                  verdict.checks[verdict.worst].ratio);
        fixture_destroy(&f);
    }
}

Test(layer, only_the_same_stage_is_taken_as_known)
{
    struct fixture f;
    struct layer_verdict verdict = {0};
    struct mla_error error;
    fixture_create(&f, mla_model());
    struct layer_trace known = f.trace;
    nope_part_by_an_ulp(&f);
    layer_verify_stages(&f.trace, &known, "again", 1, &verdict, &error);
    cr_assert(!verdict.reason[0], "computed again: %s", verdict.reason);
    f.trace.rope_offset++;
    layer_verify_stages(&f.trace, &known, "elsewhere", 1, &verdict, &error);
    cr_assert(strstr(verdict.reason, "stage q_rope, tokens elsewhere"), "got \"%s\"",
              verdict.reason);
    fixture_destroy(&f);
}

/* y of the reference's layer, for the tokens of the fixture. */
static void exact_output(const struct fixture *f, double kv_lora_gain, double *y)
{
    enum { ROW = 32 };
    double x[TOKENS * HIDDEN], rows[TOKENS * ROW];
    struct ref_layer_dims dims;
    model_ref_layer_dims(&f->model, &dims);
    dims.kv_lora_gain = kv_lora_gain;
    for (int i = 0; i < TOKENS * HIDDEN; i++)
        x[i] = f->trace.at[LAYER_X][i];
    int status = ref_layer(&dims, &f->weights.named, 0, TOKENS, x, rows, y, REF_EXPANDED, 1);
    cr_assert(status == 0, "status %d", status);
}

Test(layer, y_is_held_against_the_whole_reference)
{
    struct fixture f;
    double y[TOKENS * HIDDEN];
    struct layer_verdict verdict = {0};
    fixture_create(&f, mla_model());
    exact_output(&f, 1, y);
    layer_verify_y(&f.trace, y, "alike", &verdict);
    cr_assert(!verdict.reason[0] && verdict.rms_rel <= 1e-5, "%s", verdict.reason);
    exact_output(&f, 1.01, y);
    layer_verify_y(&f.trace, y, "otherwise", &verdict);
    cr_assert(strncmp(verdict.reason, "y, tokens otherwise", 19) == 0 && verdict.max_abs > 1e-3,
              "got \"%s\"", verdict.reason);
    fixture_destroy(&f);
}

Test(layer, chunks_are_held_against_each_other)
{
    struct fixture f;
    struct layer_verdict verdict = {0};
    float y[TOKENS * HIDDEN];
    fixture_create(&f, mla_model());
    struct layer_trace other = f.trace;
    other.at[LAYER_Y] = y;
    for (int i = 0; i < TOKENS * HIDDEN; i++)
        y[i] = f.trace.at[LAYER_Y][i] * 1.0005f;
    layer_verify_chunks(&f.trace, &other, "nearly", &verdict);
    cr_assert(!verdict.reason[0] && fabs(verdict.chunks_rms_rel - 5e-4) <= 1e-6, "%s: %g",
              verdict.reason, verdict.chunks_rms_rel);
    y[7] = NAN;
    layer_verify_chunks(&f.trace, &other, "not", &verdict);
    cr_assert(strncmp(verdict.reason, "y, tokens not", 13) == 0, "got \"%s\"", verdict.reason);
    cr_assert(isinf(verdict.chunks_max_abs) && isinf(verdict.chunks_rms_rel), "NaN is infinite");
    fixture_destroy(&f);
}

/* Kernels that are wrong in ways that only a layer shows: made of a right one. */
static const struct mla_kernel *right;

static int attend_without_first_key(const struct mla_problem *p, const struct mla_memory *memory,
                                    const struct mla_call *call)
{
    struct mla_seq seq = call->seqs[0];
    struct mla_call less = *call;
    less.seqs = &seq;
    seq.kv_begin = seq.position > 4 ? 1 : 0;
    return right->attend(p, memory, &less);
}

static int attend_as_if_at_0(const struct mla_problem *p, const struct mla_memory *memory,
                             const struct mla_call *call)
{
    struct mla_seq seq = call->seqs[0];
    struct mla_call other = *call;
    other.seqs = &seq;
    seq.position = 0;
    return right->attend(p, memory, &other);
}

static int attend_with_other_bits(const struct mla_problem *p, const struct mla_memory *memory,
                                  const struct mla_call *call)
{
    int status = right->attend(p, memory, call);
    if (call->seqs[0].tokens == 1)
        call->o[0] = nextafterf(call->o[0], INFINITY);
    return status;
}

static int attend_with_other_lse(const struct mla_problem *p, const struct mla_memory *memory,
                                 const struct mla_call *call)
{
    int status = right->attend(p, memory, call);
    if (call->seqs[0].tokens == 1)
        call->lse[0] = nextafterf(call->lse[0], INFINITY);
    return status;
}

static int attend_without_last_token(const struct mla_problem *p, const struct mla_memory *memory,
                                     const struct mla_call *call)
{
    struct mla_seq seq = call->seqs[0];
    struct mla_call less = *call;
    less.seqs = &seq;
    seq.tokens = seq.position == 9 ? 4 : seq.tokens;
    return right->attend(p, memory, &less);
}

static int plan_aligned(const struct mla_problem *p, struct mla_plan *plan)
{
    int status = right->plan(p, plan);
    plan->slot_align = 16;
    return status;
}

static int store_refuses(const struct mla_problem *p, const struct mla_memory *memory,
                         const struct mla_seq *seq, int64_t position, int64_t count,
                         const float *rows, int32_t threads)
{
    if (position > 0)
        return -EIO;
    return right->store(p, memory, seq, position, count, rows, threads);
}

static void fails(const struct mla_kernel *wrong, const char *reason)
{
    struct model model = mla_model();
    struct layer_verdict verdict;
    struct mla_error error;
    int code = layer_verify(&model, NULL, wrong, 9, 5, SEED, 1, &verdict, &error);
    cr_assert(code == 0, "%s", error.message);
    cr_assert(!verdict.passed && strstr(verdict.reason, reason), "expected \"%s\", got \"%s\"",
              reason, verdict.reason);
}

Test(layer, wrong_kernels_fail)
{
    struct model model = mla_model();
    right = kernel_for(&model, MLA_SAME_FOR_QUERIES | MLA_SAME_FOR_CHUNKS);
    struct mla_kernel wrong = *right;
    wrong.attend = attend_without_first_key;
    fails(&wrong, "stage attention, tokens at once");
    wrong.attend = attend_as_if_at_0;
    fails(&wrong, "stage attention, tokens at once");
    wrong.attend = attend_without_last_token;
    fails(&wrong, "nan instead of");
    wrong.attend = attend_with_other_bits;
    fails(&wrong, "attention, tokens one by one: o or lse have other bits");
    wrong.attend = attend_with_other_lse;
    fails(&wrong, "attention, tokens one by one: o or lse have other bits");
    wrong = *right;
    wrong.store = store_refuses;
    fails(&wrong, "store returned -5");
}

/* A kernel's own verbs, right and wrong, as obvious loops. */
static int own_linear(int64_t tokens, int64_t in, int64_t out, const float *weight, const float *x,
                      float *y, int32_t threads)
{
    (void)threads;
    for (int64_t t = 0; t < tokens; t++) {
        for (int64_t o = 0; o < out; o++) {
            float sum = 0;
            for (int64_t i = 0; i < in; i++)
                sum += weight[o * in + i] * x[t * in + i];
            y[t * out + o] = sum;
        }
    }
    return 0;
}

static const float *from(const struct mla_vectors *v, int64_t t, int64_t i)
{
    return v->x + t * v->x_token_stride + i * v->x_stride;
}

static float *to(const struct mla_vectors *v, int64_t t, int64_t i)
{
    return v->y + t * v->y_token_stride + i * v->y_stride;
}

static int own_norm(const struct mla_vectors *v, const float *weight, double eps, double gain,
                    int32_t threads)
{
    (void)threads;
    for (int64_t t = 0; t < v->tokens; t++) {
        for (int64_t i = 0; i < v->count; i++) {
            float sum = 0;
            for (int64_t k = 0; k < v->width; k++)
                sum += from(v, t, i)[k] * from(v, t, i)[k];
            float factor = (float)gain / sqrtf(sum / (float)v->width + (float)eps);
            for (int64_t k = 0; k < v->width; k++)
                to(v, t, i)[k] = from(v, t, i)[k] * factor * weight[k];
        }
    }
    return 0;
}

static void rotate_last(const struct mla_rope *rope, double position, const float *x, float *y)
{
    int half = rope->dim / 2;
    for (int i = 0; i < half; i++) {
        int a = rope->interleaved ? 2 * i : i, b = rope->interleaved ? 2 * i + 1 : i + half;
        double angle = position * rope->frequencies[i];
        float c = (float)(rope->magnitude * cos(angle)), s = (float)(rope->magnitude * sin(angle));
        y[a] = x[a] * c - x[b] * s;
        y[b] = x[a] * s + x[b] * c;
    }
}

static int64_t first_position, last_position; /* that any call of own_rope was given */

static int own_rope(const struct mla_vectors *v, const struct mla_rope *rope,
                    const int64_t *positions, int32_t threads)
{
    (void)threads;
    int64_t rest = v->width - rope->dim;
    for (int64_t t = 0; t < v->tokens; t++) {
        first_position = positions[t] < first_position ? positions[t] : first_position;
        last_position = positions[t] > last_position ? positions[t] : last_position;
        for (int64_t i = 0; i < v->count; i++) {
            memcpy(to(v, t, i), from(v, t, i), sizeof(float) * (size_t)rest);
            rotate_last(rope, (double)positions[t], from(v, t, i) + rest, to(v, t, i) + rest);
        }
    }
    return 0;
}

Test(layer, verbs_of_the_kernel_pass_at_all_positions)
{
    for (int m = 0; m < MODELS; m++) {
        struct model model = models[m]();
        struct mla_kernel kernel = *kernel_for(&model, 0);
        kernel.linear = own_linear;
        kernel.norm = own_norm;
        kernel.rope = own_rope;
        first_position = INT64_MAX;
        last_position = -1;
        passes(&model, &kernel, 9, 5, 1);
        if (model.qk_rope_head_dim)
            cr_assert(first_position == 0 && last_position == model.max_position_embeddings - 1,
                      "%s: RoPE at %ld to %ld", model.name, (long)first_position,
                      (long)last_position);
    }
}

static int linear_without_first_input(int64_t tokens, int64_t in, int64_t out, const float *weight,
                                      const float *x, float *y, int32_t threads)
{
    own_linear(tokens, in, out, weight, x, y, threads);
    for (int64_t i = 0; i < tokens * out && out == HIDDEN; i++)
        y[i] -= weight[i % out * in] * x[i / out * in];
    return 0;
}

static int linear_refuses_many(int64_t tokens, int64_t in, int64_t out, const float *weight,
                               const float *x, float *y, int32_t threads)
{
    return tokens > 1 ? -ENOSYS : own_linear(tokens, in, out, weight, x, y, threads);
}

static int no_norm_at_all(const struct mla_vectors *v, const float *weight, double eps, double gain,
                          int32_t threads)
{
    (void)weight, (void)eps, (void)gain, (void)threads;
    for (int64_t t = 0; t < v->tokens; t++)
        for (int64_t i = 0; i < v->count; i++)
            memcpy(to(v, t, i), from(v, t, i), sizeof(float) * (size_t)v->width);
    return 0;
}

static int norm_as_if_dense(const struct mla_vectors *v, const float *weight, double eps,
                            double gain, int32_t threads)
{
    struct mla_vectors dense = *v;
    dense.x_token_stride = v->count * v->width;
    return own_norm(&dense, weight, eps, gain, threads);
}

static int norm_refuses(const struct mla_vectors *v, const float *weight, double eps, double gain,
                        int32_t threads)
{
    (void)v, (void)weight, (void)eps, (void)gain, (void)threads;
    return -EIO;
}

static int rope_at_the_position_before(const struct mla_vectors *v, const struct mla_rope *rope,
                                       const int64_t *positions, int32_t threads)
{
    int64_t before[16];
    for (int64_t t = 0; t < v->tokens; t++)
        before[t] = positions[t] - 1;
    return own_rope(v, rope, before, threads);
}

/* Right for keys. */
static int rope_of_the_first_head_alone(const struct mla_vectors *v, const struct mla_rope *rope,
                                        const int64_t *positions, int32_t threads)
{
    struct mla_vectors first = *v;
    first.count = 1;
    return own_rope(&first, rope, positions, threads);
}

/* Right for queries. */
static int rope_of_heads_alone(const struct mla_vectors *v, const struct mla_rope *rope,
                               const int64_t *positions, int32_t threads)
{
    struct mla_rope still = {.dim = 0};
    return own_rope(v, v->count > 1 ? rope : &still, positions, threads);
}

/* As with tables of too few positions: wrong where only a far run looks. */
static int rope_up_to_4096(const struct mla_vectors *v, const struct mla_rope *rope,
                           const int64_t *positions, int32_t threads)
{
    int64_t near[16];
    for (int64_t t = 0; t < v->tokens; t++)
        near[t] = positions[t] % 4096;
    return own_rope(v, rope, near, threads);
}

/* Wrong at one position alone. */
static int rope_not_at(int64_t position, const struct mla_vectors *v, const struct mla_rope *rope,
                       const int64_t *positions, int32_t threads)
{
    int64_t other[16];
    for (int64_t t = 0; t < v->tokens; t++)
        other[t] = positions[t] + (positions[t] == position);
    return own_rope(v, rope, other, threads);
}

static int rope_not_at_0(const struct mla_vectors *v, const struct mla_rope *rope,
                         const int64_t *positions, int32_t threads)
{
    return rope_not_at(0, v, rope, positions, threads);
}

static int rope_not_at_the_last(const struct mla_vectors *v, const struct mla_rope *rope,
                                const int64_t *positions, int32_t threads)
{
    return rope_not_at(202751, v, rope, positions, threads);
}

/* Of keys there is one vector per token. */
static int rope_of_keys_not_at_0(const struct mla_vectors *v, const struct mla_rope *rope,
                                 const int64_t *positions, int32_t threads)
{
    return v->count > 1 ? own_rope(v, rope, positions, threads)
                        : rope_not_at_0(v, rope, positions, threads);
}

static int rope_of_keys_not_at_the_last(const struct mla_vectors *v, const struct mla_rope *rope,
                                        const int64_t *positions, int32_t threads)
{
    return v->count > 1 ? own_rope(v, rope, positions, threads)
                        : rope_not_at_the_last(v, rope, positions, threads);
}

Test(layer, wrong_verbs_fail_at_their_stage)
{
    struct model model = mla_model();
    const struct mla_kernel *kernel = kernel_for(&model, 0);
    struct mla_kernel wrong = *kernel;
    wrong.linear = linear_without_first_input;
    fails(&wrong, "stage o_proj, tokens at once");
    wrong.linear = linear_refuses_many;
    fails(&wrong, "stage q_a_proj: linear returned -38");
    wrong = *kernel;
    wrong.norm = no_norm_at_all;
    fails(&wrong, "stage q_a_layernorm, tokens at once");
    wrong.norm = norm_as_if_dense;
    fails(&wrong, "stage kv_a_layernorm, tokens at once");
    wrong.norm = norm_refuses;
    fails(&wrong, "stage q_a_layernorm: norm returned -5");
    static const struct {
        int (*rope)(const struct mla_vectors *, const struct mla_rope *, const int64_t *, int32_t);
        const char *reason;
    } ropes[] = {
        {rope_at_the_position_before, "stage q_rope, tokens at once"},
        {rope_of_the_first_head_alone, "stage q_rope, tokens at once"},
        {rope_of_heads_alone, "stage k_rope, tokens at once"},
        {rope_up_to_4096, "stage q_rope, tokens at the last positions"},
        {rope_not_at_0, "stage q_rope, tokens at once"},
        {rope_not_at_the_last, "stage q_rope, tokens at the last positions"},
        {rope_of_keys_not_at_0, "stage k_rope, tokens at once"},
        {rope_of_keys_not_at_the_last, "stage k_rope, tokens at the last positions"},
    };
    wrong = *kernel;
    for (size_t i = 0; i < sizeof ropes / sizeof ropes[0]; i++) {
        wrong.rope = ropes[i].rope;
        fails(&wrong, ropes[i].reason);
    }
}

static bool refuses(const struct mla_problem *problem, bool top_k, bool sinks, const char **why)
{
    (void)problem, (void)top_k, (void)sinks;
    *why = "no head of 15";
    return false;
}

Test(layer, an_unsupported_model_is_bad_input)
{
    struct model model = mla_model();
    struct mla_kernel kernel = *kernel_for(&model, 0);
    struct layer_verdict verdict;
    struct mla_error error;
    kernel.supports = refuses;
    int code = layer_verify(&model, NULL, &kernel, 1, 1, SEED, 1, &verdict, &error);
    cr_assert(code == MLA_BAD_INPUT, "code %d", code);
    cr_assert(strstr(error.message, kernel.name) && strstr(error.message, "no head of 15"), "%s",
              error.message);
    struct layer_limits limits = {.tokens = 1, .keys = 1, .batch = 1, .threads = 1};
    cr_assert(layer_bytes(&model, &kernel, MLA_FP32, &limits) == 0, "bytes of what cannot be");
}

/* Root mean square of a difference, relative to b's. */
static double distance(int64_t n, const float *a, const float *b)
{
    double errors = 0, squares = 0;
    for (int64_t i = 0; i < n; i++) {
        errors += ((double)a[i] - b[i]) * ((double)a[i] - b[i]);
        squares += (double)b[i] * b[i];
    }
    return sqrt(errors / squares);
}

static void forward(struct layer *layer, const struct mla_seq *seqs, int32_t batch, const float *x,
                    float *y, int threads)
{
    struct mla_error error;
    int code = layer_forward(layer, seqs, batch, x, y, threads, &error);
    cr_assert(code == 0, "%s", error.message);
}

static void create(struct layer *layer, const struct model *model,
                   const struct layer_weights *weights, const struct mla_kernel *kernel,
                   struct layer_limits limits)
{
    struct mla_error error;
    int code = layer_create(model, &weights->named, kernel, MLA_FP32, &limits, layer, &error);
    cr_assert(code == 0, "%s", error.message);
}

Test(layer, a_ragged_batch_gives_what_its_sequences_give_alone)
{
    const int64_t cached[] = {5, 0, 2, 0}, added[] = {3, 4, 0, 1};
    struct model model = mla_model();
    struct layer_weights weights;
    struct mla_error error;
    struct layer together, alone;
    float x[HIDDEN * 8], y[HIDDEN * 8], y_alone[HIDDEN * 8];
    float past[HIDDEN * 5], ignored[HIDDEN * 5];
    struct mla_seq seqs[4];
    int64_t token = 0;
    weights_create(&model, SEED, 1, &weights, &error);
    const struct mla_kernel *kernel = kernel_for(&model, 0);
    create(&together, &model, &weights, kernel, (struct layer_limits){8, 8, 4, 2});
    create(&alone, &model, &weights, kernel, (struct layer_limits){8, 8, 1, 2});
    hidden_states(&model, SEED, 0, 8, x);
    for (int i = 0; i < 4; i++) {
        hidden_states(&model, SEED + 1 + (uint64_t)i, 0, 5, past);
        struct mla_seq before = {
            .tokens = cached[i], .kv_end = cached[i], .slot = i * together.slots_per_sequence};
        forward(&together, &before, 1, past, ignored, 2);
        seqs[i] = (struct mla_seq){.token = token,
                                   .tokens = added[i],
                                   .position = cached[i],
                                   .kv_end = cached[i] + added[i],
                                   .slot = before.slot};
        struct mla_seq seq = seqs[i];
        seq.slot = before.slot = seq.token = 0;
        forward(&alone, &before, 1, past, ignored, 2);
        forward(&alone, &seq, 1, x + HIDDEN * token, y_alone + HIDDEN * token, 2);
        token += added[i];
    }
    forward(&together, seqs, 4, x, y, 2);
    cr_assert(distance(HIDDEN * 8, y, y_alone) <= 1e-6, "batch: y is off by %g of its RMS",
              distance(HIDDEN * 8, y, y_alone));
    layer_destroy(&together);
    layer_destroy(&alone);
    weights_destroy(&weights);
}

Test(layer, threads_do_not_change_a_bit)
{
    struct model model = mla_model();
    struct layer_weights one, two;
    struct mla_error error;
    struct layer layer;
    float x[HIDDEN * 5], y[HIDDEN * 5], y_2[HIDDEN * 5];
    struct mla_seq seq = {.tokens = 5, .kv_end = 5};
    weights_create(&model, SEED, 1, &one, &error);
    weights_create(&model, SEED, 2, &two, &error);
    cr_assert(one.memory.size == weights_bytes(&model) &&
                  memcmp(one.memory.data, two.memory.data, one.memory.size) == 0,
              "weights depend on the number of threads");
    hidden_states(&model, SEED, 0, 5, x);
    create(&layer, &model, &one, kernel_for(&model, MLA_SAME_FOR_THREADS),
           (struct layer_limits){5, 5, 1, 2});
    forward(&layer, &seq, 1, x, y, 1);
    forward(&layer, &seq, 1, x, y_2, 2);
    cr_assert(memcmp(y, y_2, sizeof y) == 0, "y depends on the number of threads");
    seq.tokens = seq.kv_end = 1;
    forward(&layer, &seq, 1, x, y, 1);
    forward(&layer, &seq, 1, x, y_2, 2);
    cr_assert(memcmp(y, y_2, sizeof(float) * HIDDEN) == 0,
              "y of one token depends on the number of threads");
    layer_destroy(&layer);
    weights_destroy(&one);
    weights_destroy(&two);
}

Test(layer, too_many_tokens_are_refused)
{
    struct model model = mla_model();
    struct layer_weights weights;
    struct mla_error error;
    struct layer layer;
    float x[2 * HIDDEN] = {0}, y[2 * HIDDEN];
    struct mla_seq seq = {.tokens = 2, .kv_end = 2};
    weights_create(&model, SEED, 1, &weights, &error);
    create(&layer, &model, &weights, kernel_for(&model, 0), (struct layer_limits){1, 2, 1, 1});
    int code = layer_forward(&layer, &seq, 1, x, y, 1, &error);
    cr_assert(code == MLA_BAD_INPUT, "code %d", code);
    layer_destroy(&layer);
    weights_destroy(&weights);
}

Test(layer, sequences_begin_where_the_kernel_wants_them)
{
    struct model model = mla_model();
    right = kernel_for(&model, 0);
    struct mla_kernel kernel = *right;
    struct layer_weights weights;
    struct mla_error error;
    struct layer layer;
    kernel.plan = plan_aligned;
    weights_create(&model, SEED, 1, &weights, &error);
    create(&layer, &model, &weights, &kernel, (struct layer_limits){1, 17, 3, 1});
    cr_assert(layer.slots_per_sequence == 32 && layer.problem.slots == 96, "%ld slots each, %ld",
              (long)layer.slots_per_sequence, (long)layer.problem.slots);
    layer_destroy(&layer);
    weights_destroy(&weights);
}

Test(layer, bytes_are_those_allocated)
{
    for (int m = 0; m < MODELS; m++) {
        struct model model = models[m]();
        const struct mla_kernel *kernel = kernel_for(&model, 0);
        struct layer_limits limits = {.tokens = 3, .keys = 13, .batch = 2, .threads = 2};
        struct layer_weights weights;
        struct mla_error error;
        struct layer layer;
        weights_create(&model, SEED, 1, &weights, &error);
        create(&layer, &model, &weights, kernel, limits);
        size_t bytes = layer.prepared.size + layer.cache.size + layer.workspace.size +
                       layer.activations.size + layer.rope.size;
        cr_assert(layer_bytes(&model, kernel, MLA_FP32, &limits) == bytes, "%s: %zu bytes",
                  model.name, bytes);
        layer_destroy(&layer);
        weights_destroy(&weights);
    }
}

/* Score of a query head of the last token with token j's key. */
static double score(const struct fixture *f, int head, int64_t j)
{
    const struct model *model = &f->model;
    int nope = model->qk_nope_head_dim, rope = model->qk_rope_head_dim, v = model->v_head_dim;
    int rank = model->kv_lora_rank, qk = nope + rope;
    const float *q = f->trace.at[LAYER_Q] + (TOKENS - 1) * f->trace.plan.width[LAYER_Q] + head * qk;
    const float *row = f->trace.at[LAYER_ROWS] + j * f->trace.plan.width[LAYER_ROWS];
    double sum = 0;
    for (int i = 0; i < qk; i++) {
        double k = 0;
        int group = model->num_attention_heads / model->num_key_value_heads;
        if (model->kind == MODEL_MHA)
            k = row[head / group * (qk + v) + i];
        else if (i >= nope)
            k = row[rank + i - nope];
        else
            for (int c = 0; c < rank; c++)
                k +=
                    (double)f->weights.named.kv_b_proj[(head * (nope + v) + i) * rank + c] * row[c];
        sum += q[i] * k;
    }
    return model->softmax_scale * sum;
}

Test(layer, scores_are_neither_uniform_nor_one_hot)
{
    for (int m = 0; m < MODELS; m++) {
        struct fixture f;
        double sum = 0, squares = 0;
        fixture_create(&f, models[m]());
        int heads = f.model.num_attention_heads, count = heads * TOKENS;
        for (int i = 0; i < count; i++) {
            double s = score(&f, i % heads, i / heads);
            sum += s;
            squares += s * s;
        }
        double sd = sqrt(squares / count - sum * sum / count / count);
        cr_assert(sd >= 0.6 && sd <= 4, "%s: scores have a standard deviation of %g", f.model.name,
                  sd);
        fixture_destroy(&f);
    }
}

Test(layer, a_verdict_is_json)
{
    struct fixture f;
    struct layer_verdict verdict;
    fixture_create(&f, mla_model());
    o_not_written(&f);
    verify(&f, &verdict);
    json_t *json = layer_verdict_json(&verdict);
    json_t *stages = json_object_get(json, "stages");
    cr_assert(json_object_size(stages) == 9, "%zu stages", json_object_size(stages));
    cr_assert(json_is_null(json_object_get(json_object_get(stages, "attention"), "ratio")),
              "an infinite ratio is null");
    cr_assert(strcmp(json_string_value(json_object_get(json, "worst")), "attention") == 0, "worst");
    json_decref(json);
    fixture_destroy(&f);
}

Test(problem, each_kind_of_model_has_its_problem)
{
    struct mla_problem p;
    struct model model = mla_model();
    model_problem(&model, MLA_BF16, &p);
    cr_assert(p.kind == MLA_LATENT && p.format == MLA_BF16 && p.mask == MLA_CAUSAL, "MLA");
    cr_assert(p.heads == 3 && p.heads_kv == 3 && p.kv_lora_rank == 20, "MLA's heads and rank");
    cr_assert(p.scale == (float)model.softmax_scale && p.slots == 0 && !p.wkv_b, "MLA's scale");
    model = gqa_model();
    model_problem(&model, MLA_FP32, &p);
    cr_assert(p.kind == MLA_KV && p.heads == 6 && p.heads_kv == 2 && p.kv_lora_rank == 0, "GQA");
    cr_assert(p.qk_nope_head_dim == 0 && p.qk_rope_head_dim == 10 && p.v_head_dim == 11, "GQA");
    model = article_model();
    model_problem(&model, MLA_FP32, &p);
    cr_assert(p.kind == MLA_LATENT && p.mask == MLA_MASK_NONE && p.qk_rope_head_dim == 0 &&
                  p.heads_kv == 4,
              "the article's form");
    struct ref_layer_dims dims;
    model_ref_layer_dims(&model, &dims);
    cr_assert(dims.kind == REF_LAYER_ARTICLE && dims.hidden_size == 49 && dims.output_size == 17 &&
                  dims.q_lora_rank == 0 && !dims.causal,
              "the article's layer");
}
