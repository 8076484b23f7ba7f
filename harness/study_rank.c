/* SPDX-License-Identifier: MIT
 *
 * Keys and values of an MHA layer in one latent of low rank: error against rank, on data with more
 * and less structure, beside the bytes saved. */
#include "harness/rank_trial.h"
#include "harness/study.h"
#include "harness/weights.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

static const struct {
    struct spectrum spectrum;
    bool separate; /* with latents of K and V apart; two kinds will do */
} kinds[] = {
    {{.name = "white", .figure = "white"}, true},
    {{.name = "power 1", .figure = "power_1", .exponent = 1}, false},
    {{.name = "power 1.5", .figure = "power_1_5", .exponent = 1.5}, true},
    {{.name = "power 2", .figure = "power_2", .exponent = 2}, false},
    {{.name = "1/8 + noise", .figure = "eighth", .dimension = 0.125, .noise = 0.005}, false},
};
enum { KINDS = sizeof kinds / sizeof kinds[0], RANKS_MAX = 32 };

/* Of a 16-bit format. */
static const int64_t element_bytes = 2;

/* 8, 16, 24, 32, 48, 64, 96, ... and the hidden size, which loses nothing. */
static int list_ranks(int64_t hidden, int64_t ranks[RANKS_MAX])
{
    int count = 0;
    for (int64_t rank = 8; rank < hidden && count < RANKS_MAX - 2; rank *= 2) {
        ranks[count++] = rank;
        if (rank > 8 && rank / 2 * 3 < hidden)
            ranks[count++] = rank / 2 * 3;
    }
    ranks[count++] = hidden;
    return count;
}

static void describe(json_t *found, const struct rank_trial *trial, int64_t columns)
{
    const struct model *m = trial->model;
    char text[768];
    snprintf(
        text, sizeof text,
        "Keys and values of an MHA layer (%s: %d heads of %d + %d, %lld elements per token) are "
        "replaced by one latent per token, of the directions that are best for %lld tokens; "
        "errors are those over %lld other tokens.",
        m->name, m->num_attention_heads, m->qk_nope_head_dim + m->qk_rope_head_dim, m->v_head_dim,
        (long long)columns, (long long)trial->fitted, (long long)trial->held_out);
    study_about(found, text);
    study_column(found, "rank", "", "elements of the latent");
    study_column(found, "data", "", "covariance of the hidden states");
    study_column(found, "output_error", "", "of o, over other tokens; root mean square, relative");
    study_column(found, "kv_error", "", "of [K | V], over other tokens");
    study_column(found, "fitted_error", "",
                 "of [K | V], over the tokens that the directions were fitted to");
    study_column(found, "separate_error", "",
                 "of [K | V], over other tokens, of two latents of half the rank, K's and V's; "
                 "null where it was not tried");
    study_column(found, "bytes", "B", "per token and layer, 16-bit elements");
    study_column(found, "saved", "", "bytes of the keys and values / bytes of the latent");
    study_plot(
        found, "", "data", "rank of the latent",
        "Error of an MHA layer whose keys and values go through one latent per token, "
        "against its rank, for hidden states that are white, that have a covariance with "
        "eigenvalues i^-1, i^-1.5 and i^-2, or that lie in an eighth of the directions but "
        "for 0.5 % noise. Above: [K | V] before RoPE, below: the attention output, both over "
        "tokens that the latent was not fitted to (root mean square, relative). On top: how "
        "many times fewer bytes the latent has. At the hidden size (dotted) nothing is lost.");
}

static void add_notes(json_t *found, const struct rank_trial *trial, int64_t columns)
{
    long long hidden = trial->model->hidden_size;
    study_note(
        found,
        "Rows are [all heads' K | V] of one token before RoPE, which is applied to the keys "
        "that the latent gives back. Such a latent cannot be absorbed (see the study of RoPE "
        "and absorption): MLA carries positions in a part of their own.");
    study_note(found,
               "Keys and values are linear in the hidden state, so that their rank is no more than "
               "its %lld elements: of %lld elements a latent of that rank loses nothing, whatever "
               "the data.",
               hidden, (long long)columns);
    study_note(
        found,
        "White hidden states through normal weights have no direction that matters much less "
        "than others: below the full rank nothing can be left out cheaply.");
    study_note(
        found,
        "Weights are random and no model was trained: power laws and the low dimension stand "
        "for the structure that activations of trained models have. MLA's latent is learnt "
        "together with the rest of the model, so that the errors say what compressing a "
        "finished MHA layer costs, not how good a model with MLA is.");
    study_note(found, "Latents of K and V apart were tried on two kinds of data only: each takes a "
                      "singular value decomposition more.");
    study_note(found, "Ranks and savings in the figures are the smallest of the ranks measured.");
}

static void add_rows(json_t *found, const struct rank_trial *trial, int64_t columns,
                     const struct rank_errors *errors)
{
    for (int i = 0; i < trial->count; i++) {
        const struct rank_errors *e = &errors[i];
        long long rank = trial->ranks[i];
        json_t *separate = trial->separate ? json_real(e->separate) : json_null();
        study_row(found,
                  json_pack("[I, s, f, f, f, o, I, f]", (json_int_t)rank, trial->spectrum->name,
                            e->output, e->held_out, e->fitted, separate,
                            (json_int_t)(rank * element_bytes), (double)columns / (double)rank));
    }
}

/* The smallest rank whose output error is below a limit: the full one's is. */
static void add_smallest(json_t *found, const struct rank_trial *trial, int64_t columns,
                         const struct rank_errors *errors, int percent)
{
    char name[96];
    int i = 0;
    while (i < trial->count - 1 && errors[i].output >= percent / 100.0)
        i++;
    snprintf(name, sizeof name, "rank_%dpct_%s", percent, trial->spectrum->figure);
    study_figure(found, name, (double)trial->ranks[i]);
    snprintf(name, sizeof name, "saved_%dpct_%s", percent, trial->spectrum->figure);
    study_figure(found, name, (double)columns / (double)trial->ranks[i]);
}

static void add_figures(json_t *found, const struct rank_trial *trial, int64_t columns,
                        int64_t kv_lora_rank, const struct rank_errors *errors)
{
    char name[96];
    add_smallest(found, trial, columns, errors, 10);
    add_smallest(found, trial, columns, errors, 1);
    for (int i = 0; i < trial->count; i++)
        if (trial->ranks[i] == kv_lora_rank) {
            snprintf(name, sizeof name, "output_error_at_kv_lora_rank_%s", trial->spectrum->figure);
            study_figure(found, name, errors[i].output);
            snprintf(name, sizeof name, "kv_error_at_kv_lora_rank_%s", trial->spectrum->figure);
            study_figure(found, name, errors[i].held_out);
        }
}

/* Absent from other BLAS libraries. */
extern void openblas_set_num_threads(int threads) __attribute__((weak));

static int run(const struct study_settings *settings, json_t *found, struct mla_error *error)
{
    struct model mla, mha;
    struct layer_weights weights;
    struct rank_errors errors[RANKS_MAX];
    int64_t ranks[RANKS_MAX];
    int code = model_find(settings->paths->configs,
                          settings->quick ? "tiny-16" : "deepseek-v2-lite", &mla, error);
    if (!code)
        code = model_baseline(&mla, BASELINE_MHA, &mha, error);
    if (!code)
        code = weights_create(&mha, settings->seed, settings->threads, &weights, error);
    if (code)
        return code;
    if (openblas_set_num_threads)
        openblas_set_num_threads(settings->quick ? 1 : settings->threads);
    struct rank_trial trial = {
        .model = &mha,
        .weights = &weights.named,
        .fitted = 4 * (int64_t)mha.hidden_size,
        .held_out = settings->quick ? 256 : 1024,
        .queries = 32,
        .seed = settings->seed,
        .threads = settings->threads,
        .ranks = ranks,
        .count = list_ranks(mha.hidden_size, ranks),
    };
    int64_t columns = (int64_t)mha.num_attention_heads *
                      (mha.qk_nope_head_dim + mha.qk_rope_head_dim + mha.v_head_dim);
    describe(found, &trial, columns);
    study_figure(found, "kv_lora_rank", mla.kv_lora_rank);
    study_figure(found, "elements", (double)columns);
    for (int i = 0; i < KINDS && !code; i++) {
        trial.spectrum = &kinds[i].spectrum;
        trial.separate = kinds[i].separate;
        code = rank_trial(&trial, errors, error);
        if (code)
            break;
        add_rows(found, &trial, columns, errors);
        add_figures(found, &trial, columns, mla.kv_lora_rank, errors);
    }
    add_notes(found, &trial, columns);
    weights_destroy(&weights);
    return code;
}

const struct study study_rank = {"rank", "Keys and values in a latent of low rank", run};
