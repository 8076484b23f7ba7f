/* SPDX-License-Identifier: MIT
 *
 * RoPE on keys that are made of a latent: the ways to have their scores, and the study of them. */
#include "harness/rope_absorption.h"
#include "harness/rope_trial.h"
#include "tests/studies.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static struct mla_error error;

/* Random heads at a position, RoPE without YaRN. */
static struct rope_trial trial_at(int64_t position)
{
    struct rope_trial trial = {
        .heads = {.heads = 3,
                  .queries = 8,
                  .rank = 48,
                  .head_dim = 32,
                  .rope_dim = 16,
                  .rope = {.theta = 1e4, .interleaved = true},
                  .position = position,
                  .threads = 2},
        .v_head_dim = 20,
        .seed = 11,
    };
    cr_assert(rope_trial_create(&trial, &error) == 0, "%s", error.message);
    return trial;
}

static void score_errors(const struct rope_trial *trial, int64_t distance, int64_t samples,
                         double errors[ROPE_WAYS])
{
    cr_assert(rope_score_errors(trial, distance, samples, errors, &error) == 0, "%s",
              error.message);
}

Test(study_rope, what_is_exact_somewhere_is_exact_there)
{
    double errors[ROPE_WAYS];
    struct rope_trial trial = trial_at(5000);
    score_errors(&trial, 0, 20, errors);
    cr_assert(errors[ROPE_LEFT_OUT] <= 1e-14 && errors[ROPE_ON_LATENT] <= 1e-14, "%g, %g",
              errors[ROPE_LEFT_OUT], errors[ROPE_ON_LATENT]);
    cr_assert(errors[ROPE_ON_QUERY] > 0.5, "%g", errors[ROPE_ON_QUERY]);
    /* The key at position 0. */
    score_errors(&trial, 5000, 20, errors);
    cr_assert(errors[ROPE_ON_QUERY] <= 1e-14, "%g", errors[ROPE_ON_QUERY]);
    cr_assert(errors[ROPE_LEFT_OUT] > 0.5 && errors[ROPE_ON_LATENT] > 0.5);
    rope_trial_destroy(&trial);
}

Test(study_rope, what_is_exact_is_so_at_every_distance)
{
    static const int64_t distances[] = {0, 1, 7, 300, 99999};
    double errors[ROPE_WAYS];
    struct rope_trial trial = trial_at(100000);
    for (size_t i = 0; i < sizeof distances / sizeof distances[0]; i++) {
        score_errors(&trial, distances[i], 10, errors);
        cr_assert(errors[ROPE_PER_KEY] <= 1e-14, "%g", errors[ROPE_PER_KEY]);
        cr_assert(errors[DECOUPLED_ABSORBED] <= 1e-14, "%g", errors[DECOUPLED_ABSORBED]);
        cr_assert(errors[ROPE_EXPANDED] == 0 && errors[DECOUPLED_EXPANDED] == 0);
    }
    rope_trial_destroy(&trial);
}

/* Mean over the pairs of cos(distance * frequency). */
static double mean_cosine(const struct ref_rope *of, int64_t dim, int64_t distance)
{
    struct ref_rope rope = *of;
    double frequencies[64], sum = 0;
    rope.dim = (int32_t)dim;
    ref_rope_frequencies(&rope, frequencies);
    for (int64_t i = 0; i < dim / 2; i++)
        sum += cos((double)distance * frequencies[i]);
    return 2 * sum / (double)dim;
}

/* For normal queries, weights and latents the expected square of q^T (R - 1) k is in proportion to
 * |R - 1|^2 = 2 d (1 - mean cos), and of q^T (R W - W R') c to 2 (1 - mean cos mean cos'). */
Test(study_rope, errors_are_those_that_the_frequencies_imply)
{
    static const int64_t distances[] = {1, 3, 20, 500};
    double errors[ROPE_WAYS];
    struct rope_trial trial = trial_at(1000);
    rope_trial_destroy(&trial);
    trial.heads.queries = 200;
    cr_assert(rope_trial_create(&trial, &error) == 0);
    for (size_t i = 0; i < sizeof distances / sizeof distances[0]; i++) {
        const struct rope_heads *h = &trial.heads;
        double head = mean_cosine(&h->rope, h->head_dim, distances[i]);
        double latent = mean_cosine(&h->rope, h->rank, distances[i]);
        double left_out = sqrt(2 * (1 - head)), on_latent = sqrt(2 * (1 - head * latent));
        score_errors(&trial, distances[i], 200, errors);
        cr_assert(fabs(errors[ROPE_LEFT_OUT] / left_out - 1) <= 0.05, "%d: %g, %g",
                  (int)distances[i], errors[ROPE_LEFT_OUT], left_out);
        cr_assert(fabs(errors[ROPE_ON_LATENT] / on_latent - 1) <= 0.05, "%d: %g, %g",
                  (int)distances[i], errors[ROPE_ON_LATENT], on_latent);
    }
    rope_trial_destroy(&trial);
}

/* Weights that turn and scale each pair of a latent as wide as the key commute with RoPE: then RoPE
 * on the latent is exact, and only then. */
Test(study_rope, nothing_is_lost_where_weights_commute_with_rope)
{
    double errors[ROPE_WAYS];
    struct rope_trial trial = trial_at(1000);
    rope_trial_destroy(&trial);
    trial.heads.rank = trial.heads.head_dim;
    cr_assert(rope_trial_create(&trial, &error) == 0);
    score_errors(&trial, 40, 20, errors);
    cr_assert(errors[ROPE_ON_LATENT] > 0.5, "%g", errors[ROPE_ON_LATENT]);
    int64_t d = trial.heads.head_dim;
    double *wuk = calloc((size_t)(trial.heads.heads * d * d), sizeof *wuk);
    cr_assert(wuk != NULL);
    for (int64_t h = 0; h < trial.heads.heads; h++)
        for (int64_t i = 0; i < d; i += 2) {
            double *w = wuk + (h * d + i) * d + i, angle = 0.7 * (double)i + (double)h;
            double gain = 1 + 0.1 * (double)i;
            w[0] = w[d + 1] = gain * cos(angle);
            w[d] = gain * sin(angle);
            w[1] = -w[d];
        }
    trial.heads.wuk = wuk;
    for (int64_t distance = 1; distance < 1000; distance = 3 * distance + 1) {
        score_errors(&trial, distance, 20, errors);
        cr_assert(errors[ROPE_ON_LATENT] <= 1e-14, "%g", errors[ROPE_ON_LATENT]);
        cr_assert(errors[ROPE_LEFT_OUT] > 0.1, "%g", errors[ROPE_LEFT_OUT]);
    }
    free(wuk);
    rope_trial_destroy(&trial);
}

enum { KEYS = 5 };

/* The log-sum-exp of one key is its score: what the reference makes of keys that it is given
 * expanded and rotated, and of latent rows in its own absorbed order. */
Test(study_rope, scores_are_those_of_the_reference)
{
    struct rope_trial trial = trial_at(300);
    const struct rope_heads *h = &trial.heads;
    int64_t positions[KEYS] = {300, 299, 280, 100, 0};
    double c[KEYS * 48], k_rope[KEYS * 16], frequencies[16], small[8], o[3 * 20], lse[3];
    double scores_of[ROPE_WAYS][3 * 8 * KEYS];
    double *scores[ROPE_WAYS];
    for (int i = 0; i < ROPE_WAYS; i++)
        scores[i] = scores_of[i];
    for (int i = 0; i < KEYS * 48; i++)
        c[i] = sin(1.7 * i);
    for (int i = 0; i < KEYS * 16; i++)
        k_rope[i] = cos(2.3 * i);
    const struct rope_keys keys = {KEYS, positions, c, k_rope};
    cr_assert(rope_scores(h, &keys, scores, &error) == 0, "%s", error.message);
    struct ref_rope rope = h->rope, narrow = h->rope;
    rope.dim = 32;
    narrow.dim = 16;
    ref_rope_frequencies(&rope, frequencies);
    ref_rope_frequencies(&narrow, small);
    const struct ref_dims mha = {3, 3, 0, 32, 20, 0, h->scale};
    const struct ref_dims mla = {3, 3, 32, 16, 20, 48, h->decoupled_scale};
    const struct ref_output out = {.o = o, .lse = lse};
    float wkv_b[3 * 52 * 48] = {0};
    for (int head = 0; head < 3; head++)
        for (int i = 0; i < 32 * 48; i++) /* fp32 from the start: exact */
            wkv_b[head * 52 * 48 + i] = (float)h->wuk[head * 32 * 48 + i];
    for (int j = 0; j < KEYS; j++)
        for (int query = 0; query < 8; query++) {
            double q[3 * 32], row[3 * 52] = {0}, q_mla[3 * 48], latent[64];
            for (int head = 0; head < 3; head++) {
                const double *from = h->q + (head * 8 + query) * 32;
                memcpy(q + head * 32, from, 32 * sizeof *q);
                memcpy(q_mla + head * 48, from, 32 * sizeof *q);
                memcpy(q_mla + head * 48 + 32, h->q_rope + (head * 8 + query) * 16, 16 * sizeof *q);
                ref_rope_rotate(&rope, frequencies, 300, q + head * 32, NULL);
                ref_rope_rotate(&narrow, small, 300, q_mla + head * 48 + 32, NULL);
                for (int i = 0; i < 32; i++)
                    for (int r = 0; r < 48; r++)
                        row[head * 52 + i] += h->wuk[(head * 32 + i) * 48 + r] * c[j * 48 + r];
                ref_rope_rotate(&rope, frequencies, (double)positions[j], row + head * 52, NULL);
            }
            memcpy(latent, c + j * 48, 48 * sizeof *c);
            memcpy(latent + 48, k_rope + j * 16, 16 * sizeof *c);
            ref_rope_rotate(&narrow, small, (double)positions[j], latent + 48, NULL);
            const struct ref_rows rows = {.f64 = row, .count = 1};
            cr_assert(ref_attend_kv(&mha, q, &rows, NULL, &out, 1) == 0);
            for (int head = 0; head < 3; head++) {
                double got = scores[ROPE_EXPANDED][(head * 8 + query) * KEYS + j];
                cr_assert(fabs(got - lse[head]) <= 1e-12, "%d: %g, %g", j, got, lse[head]);
            }
            const struct ref_rows latents = {.f64 = latent, .count = 1};
            cr_assert(
                ref_attend_latent(REF_ABSORBED, &mla, wkv_b, q_mla, &latents, NULL, &out, 1) == 0);
            for (int head = 0; head < 3; head++)
                for (int way = DECOUPLED_EXPANDED; way <= DECOUPLED_ABSORBED; way++) {
                    double got = scores[way][(head * 8 + query) * KEYS + j];
                    cr_assert(fabs(got - lse[head]) <= 1e-12, "%d: %g, %g", j, got, lse[head]);
                }
        }
    rope_trial_destroy(&trial);
}

Test(study_rope, outputs_do_not_depend_on_where_the_context_is_cut)
{
    static const int64_t once[] = {5000}, often[] = {0, 10, 3000, 5000};
    double at_once[1][ROPE_WAYS], in_steps[4][ROPE_WAYS];
    struct rope_trial trial = trial_at(6000);
    cr_assert(rope_output_errors(&trial, once, 1, at_once, &error) == 0, "%s", error.message);
    cr_assert(rope_output_errors(&trial, often, 4, in_steps, &error) == 0);
    for (int way = 0; way < ROPE_WAYS; way++) {
        if (way == ROPE_PER_KEY)
            continue;
        cr_assert(fabs(at_once[0][way] - in_steps[3][way]) <= 1e-11, "%d: %g, %g", way,
                  at_once[0][way], in_steps[3][way]);
        /* One key: whatever its score, the output is its value. */
        cr_assert(in_steps[0][way] <= 1e-14, "%d: %g", way, in_steps[0][way]);
    }
    cr_assert(at_once[0][DECOUPLED_ABSORBED] <= 1e-13, "%g", at_once[0][DECOUPLED_ABSORBED]);
    cr_assert(at_once[0][ROPE_ON_LATENT] > 0.3 && in_steps[1][ROPE_LEFT_OUT] > 0.1);
    rope_trial_destroy(&trial);
}

Test(study_rope, flops_are_those_of_the_products)
{
    /* DeepSeek's dimensions: 128 of 512, and 64. */
    cr_assert(rope_flops(ROPE_EXPANDED, 128, 512, 64) == 131072 + 256);
    cr_assert(rope_flops(ROPE_PER_KEY, 128, 512, 64) == 131072 + 1024);
    cr_assert(rope_flops(ROPE_ON_LATENT, 128, 512, 64) == 1024);
    cr_assert(rope_flops(DECOUPLED_ABSORBED, 128, 512, 64) == 1152);
}

Test(study_rope, the_study_says_what_it_found)
{
    json_t *found = study_found("rope");
    /* 11 distances, 5 ways, and 4 for outputs. */
    study_is_whole(found, 11 * 9);
    cr_assert(found_figure(found, "largest_error_decoupled") <= 1e-13);
    cr_assert(found_figure(found, "largest_error_per_key") <= 1e-13);
    cr_assert(found_figure(found, "score_error_at_1024_left_out") > 0.5);
    cr_assert(found_figure(found, "distance_past_10pct_left_out") == 1);
    double per_key = found_figure(found, "flops_per_key");
    cr_assert(per_key == 2 * 32 * 48 + 2 * 48, "%g", per_key);
    /* Nothing is ever off by that much. */
    const json_t *never =
        json_object_get(json_object_get(found, "figures"), "distance_past_10pct_decoupled");
    cr_assert(json_is_null(never));
    /* The figure is that of its row. */
    size_t i;
    const json_t *row;
    int seen = 0;
    json_array_foreach(
        json_object_get(found, "rows"), i,
        row) if (row_number(row, 0) == 16 &&
                 strcmp(json_string_value(json_array_get(row, 1)), "RoPE on latent") == 0)
    {
        bool scores = strcmp(json_string_value(json_array_get(row, 2)), "scores") == 0;
        cr_assert(row_number(row, 3) == found_figure(found, scores
                                                                ? "score_error_at_16_on_latent"
                                                                : "output_error_at_16_on_latent"));
        seen++;
    }
    cr_assert(seen == 2);
    json_decref(found);
}
