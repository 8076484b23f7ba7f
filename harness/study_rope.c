/* SPDX-License-Identifier: MIT
 *
 * Why RoPE is decoupled: what absorbing keys that carry it gets wrong, against distance. */
#include "harness/model.h"
#include "harness/rope_trial.h"
#include "harness/study.h"

#include <math.h>
#include <stdio.h>

/* The ways in the order of the tables. */
static const struct {
    const char *name;   /* for tables and plots */
    const char *figure; /* ends the names of figures */
} ways[ROPE_WAYS] = {
    [ROPE_EXPANDED] = {NULL, NULL}, /* what others are held to */
    [ROPE_LEFT_OUT] = {"RoPE left out", "left_out"},
    [ROPE_ON_QUERY] = {"RoPE on query only", "on_query"},
    [ROPE_ON_LATENT] = {"RoPE on latent", "on_latent"},
    [ROPE_PER_KEY] = {"absorbed per key", "per_key"},
    [DECOUPLED_EXPANDED] = {NULL, NULL},
    [DECOUPLED_ABSORBED] = {"decoupled RoPE", "decoupled"},
};

enum { DISTANCES_MAX = 18 };

/* Powers of two: 1 .. 2^(count - 1). */
struct errors {
    int count;
    int64_t distances[DISTANCES_MAX];
    double scores[DISTANCES_MAX][ROPE_WAYS];
    double outputs[DISTANCES_MAX][ROPE_WAYS];
};

static int measure(const struct rope_trial *trial, int64_t samples, struct errors *errors,
                   struct mla_error *error)
{
    int code = 0;
    for (int i = 0; i < errors->count && !code; i++) {
        errors->distances[i] = (int64_t)1 << i;
        code = rope_score_errors(trial, errors->distances[i], samples, errors->scores[i], error);
    }
    if (!code)
        code = rope_output_errors(trial, errors->distances, errors->count, errors->outputs, error);
    return code;
}

static void add_columns(json_t *found)
{
    study_column(found, "distance", "tokens", "from the query back to the key");
    study_column(found, "way", "", "how the score is had from the latent");
    study_column(found, "of", "",
                 "scores: of keys at that distance; output: o over all keys up to it");
    study_column(found, "error", "", "root mean square, relative");
    study_column(found, "flops", "FLOP",
                 "of a score, per key and head, without what is done once per query");
}

static void add_rows(json_t *found, const struct rope_trial *trial, const struct errors *errors)
{
    const struct rope_heads *h = &trial->heads;
    for (int of = 0; of < 2; of++)
        for (int way = 0; way < ROPE_WAYS; way++)
            for (int i = 0; i < errors->count && ways[way].name; i++) {
                double e = of ? errors->outputs[i][way] : errors->scores[i][way];
                if (isfinite(e))
                    study_row(found, json_pack("[I, s, s, f, f]", (json_int_t)errors->distances[i],
                                               ways[way].name, of ? "output" : "scores", e,
                                               rope_flops(way, h->head_dim, h->rank, h->rope_dim)));
            }
}

/* The first distance measured at which the scores' error passes a limit. */
static double passes(const struct errors *errors, int way, double limit)
{
    for (int i = 0; i < errors->count; i++)
        if (errors->scores[i][way] > limit)
            return (double)errors->distances[i];
    return NAN;
}

static void add_figures(json_t *found, const struct rope_trial *trial, const struct errors *errors)
{
    static const int at[] = {1, 16, 1024};
    const struct rope_heads *h = &trial->heads;
    char name[96];
    for (int way = 0; way < ROPE_WAYS; way++) {
        double most = 0;
        if (!ways[way].name)
            continue;
        for (int i = 0; i < errors->count; i++) {
            most = fmax(most, fmax(errors->scores[i][way], errors->outputs[i][way]));
            for (size_t k = 0; k < sizeof at / sizeof at[0]; k++)
                if (errors->distances[i] == at[k]) {
                    snprintf(name, sizeof name, "score_error_at_%d_%s", at[k], ways[way].figure);
                    study_figure(found, name, errors->scores[i][way]);
                    snprintf(name, sizeof name, "output_error_at_%d_%s", at[k], ways[way].figure);
                    study_figure(found, name, errors->outputs[i][way]);
                }
        }
        snprintf(name, sizeof name, "largest_error_%s", ways[way].figure);
        study_figure(found, name, most);
        snprintf(name, sizeof name, "distance_past_10pct_%s", ways[way].figure);
        study_figure(found, name, passes(errors, way, 0.1));
        snprintf(name, sizeof name, "flops_%s", ways[way].figure);
        study_figure(found, name, rope_flops(way, h->head_dim, h->rank, h->rope_dim));
    }
    study_figure(found, "flops_expanded",
                 rope_flops(ROPE_EXPANDED, h->head_dim, h->rank, h->rope_dim));
}

static void add_texts(json_t *found, const struct model *m, const struct rope_trial *trial,
                      int64_t samples)
{
    const struct rope_heads *h = &trial->heads;
    char text[1024];
    snprintf(text, sizeof text,
             "Scores and outputs of attention over latents of %lld elements, with RoPE on keys of "
             "%lld per head that are made of them (%s's dimensions and RoPE, %d heads, %d random "
             "queries each at position %lld), had from the latent in several ways, against "
             "expanding and rotating every key.",
             (long long)h->rank, (long long)h->head_dim, m->name, h->heads, h->queries,
             (long long)h->position);
    study_about(found, text);
    study_plot(found, "of", "way", "distance from query to key, tokens",
               "What absorbing gets wrong where keys that are made of a latent carry RoPE. Above: "
               "scores of keys at one distance, below: attention output over all keys up to that "
               "distance; root mean square, relative, 1.41 being that of unrelated scores. "
               "Decoupled RoPE, and absorbing anew for each key, are exact.");
    study_note(found,
               "Queries, latents (%lld at each distance) and weights are random, so that all pairs "
               "of dimensions matter alike, the fast ones too: the errors are those of a head "
               "without any preference, and say nothing of one that learnt to use slow pairs only.",
               (long long)samples);
    study_note(
        found,
        "RoPE left out is (Wuk^T q) . c. RoPE on query only is (Wuk^T R_p q) . c, right only "
        "for a key at position 0: it depends on the key's position and not on its distance. "
        "RoPE on latent is (R'_p Wuk^T q) . (R'_j c_j), R' being RoPE as wide as the latent, "
        "with the same base: it does not commute with Wuk. Decoupled RoPE defines scores of its "
        "own and is held to its own expanded order.");
    study_note(
        found,
        "Exact in other ways, but dear: expanding a key costs %.0f FLOP per head and key and "
        "absorbing anew for each key %.0f, against %.0f with decoupled RoPE (a multiplication "
        "and an addition for each product of Wuk, latent and key; values, rotations and what "
        "is done once per query left out).",
        rope_flops(ROPE_EXPANDED, h->head_dim, h->rank, h->rope_dim),
        rope_flops(ROPE_PER_KEY, h->head_dim, h->rank, h->rope_dim),
        rope_flops(DECOUPLED_ABSORBED, h->head_dim, h->rank, h->rope_dim));
    study_note(found, "The output of absorbing anew for each key is not computed: its scores are "
                      "those of the expanded keys but for rounding.");
}

/* Absent from other BLAS libraries. */
extern void openblas_set_num_threads(int threads) __attribute__((weak));

static int run(const struct study_settings *settings, json_t *found, struct mla_error *error)
{
    struct model m;
    struct errors errors = {.count = settings->quick ? 11 : DISTANCES_MAX};
    const int64_t samples = settings->quick ? 32 : 64;
    int code = model_find(settings->paths->configs,
                          settings->quick ? "tiny-16" : "deepseek-v2-lite", &m, error);
    if (code)
        return code;
    if (openblas_set_num_threads)
        openblas_set_num_threads(settings->quick ? 1 : settings->threads);
    struct rope_trial trial = {
        .heads = {.heads = 4,
                  .queries = 8,
                  .rank = m.kv_lora_rank,
                  .head_dim = m.qk_nope_head_dim,
                  .rope_dim = m.qk_rope_head_dim,
                  .rope = m.rope,
                  .position = m.max_position_embeddings - 1,
                  .threads = settings->threads},
        .v_head_dim = m.v_head_dim,
        .seed = settings->seed,
    };
    code = rope_trial_create(&trial, error);
    if (!code)
        code = measure(&trial, samples, &errors, error);
    if (!code) {
        add_columns(found);
        add_rows(found, &trial, &errors);
        add_figures(found, &trial, &errors);
        add_texts(found, &m, &trial, samples);
    }
    rope_trial_destroy(&trial);
    return code;
}

const struct study study_rope = {"rope", "Absorbing keys that carry RoPE", run};
