/* SPDX-License-Identifier: MIT
 *
 * What keys and values lose in a latent of low rank, and the study of it. */
#include "harness/low_rank.h"
#include "harness/problem.h"
#include "harness/rank_trial.h"
#include "harness/weights.h"
#include "tests/studies.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static struct mla_error error;

enum { TRIAL_RANKS = 5 };
static const int64_t trial_ranks[TRIAL_RANKS] = {2, 8, 24, 48, 64};

/* A trial on the MHA layer of tiny-16, 64 wide. */
static struct rank_trial trial_of(const struct model *mha, const struct layer_weights *weights,
                                  const struct spectrum *spectrum, uint64_t seed)
{
    return (struct rank_trial){.model = mha,
                               .weights = &weights->named,
                               .spectrum = spectrum,
                               .fitted = 160,
                               .held_out = 96,
                               .queries = 8,
                               .seed = seed,
                               .threads = 2,
                               .ranks = trial_ranks,
                               .count = TRIAL_RANKS,
                               .separate = true};
}

static void make_layer(struct model *mha, struct layer_weights *weights)
{
    struct model mla;
    cr_assert(model_find("configs", "tiny-16", &mla, &error) == 0, "%s", error.message);
    cr_assert(model_baseline(&mla, BASELINE_MHA, mha, &error) == 0, "%s", error.message);
    cr_assert(weights_create(mha, 3, 1, weights, &error) == 0, "%s", error.message);
}

Test(study_rank, a_trial_is_exact_at_the_full_rank_and_repeats)
{
    struct model mha;
    struct layer_weights weights;
    const struct spectrum power = {.name = "power", .exponent = 1};
    struct rank_errors errors[TRIAL_RANKS], again[TRIAL_RANKS], other[TRIAL_RANKS];
    make_layer(&mha, &weights);
    struct rank_trial trial = trial_of(&mha, &weights, &power, 3);
    cr_assert(rank_trial(&trial, errors, &error) == 0, "%s", error.message);
    cr_assert(rank_trial(&trial, again, &error) == 0);
    trial.seed = 4;
    cr_assert(rank_trial(&trial, other, &error) == 0);
    cr_assert(memcmp(errors, again, sizeof errors) == 0);
    cr_assert(errors[1].held_out != other[1].held_out && errors[1].output != other[1].output);
    for (int i = 0; i < TRIAL_RANKS - 1; i++) {
        const struct rank_errors *e = &errors[i];
        cr_assert(e[1].fitted < e->fitted && e[1].held_out < e->held_out, "%d", i);
        cr_assert(e[1].output < e->output && e[1].separate < e->separate, "%d", i);
        cr_assert(e->fitted < e->held_out && e->held_out < e->separate, "%d", i);
        cr_assert(e->output > 0.01, "%d: %g", i, e->output);
    }
    /* Keys and values are linear in the 64 elements of a state; apart, 32 directions for each lose
     * something. */
    const struct rank_errors *full = &errors[TRIAL_RANKS - 1];
    cr_assert(full->fitted == 0 && full->held_out <= 1e-13 && full->output <= 1e-13, "%g, %g",
              full->held_out, full->output);
    cr_assert(full->separate > 0.1, "%g", full->separate);
    weights_destroy(&weights);
}

Test(study_rank, a_trial_fits_all_its_tokens)
{
    struct model mha;
    struct layer_weights weights;
    const struct spectrum power = {.name = "power", .exponent = 2};
    struct rank_errors errors[TRIAL_RANKS];
    make_layer(&mha, &weights);
    struct rank_trial trial = trial_of(&mha, &weights, &power, 3);
    trial.separate = false;
    cr_assert(rank_trial(&trial, errors, &error) == 0, "%s", error.message);
    cr_assert(isnan(errors[0].separate));
    /* The rows themselves, without a triangle. */
    int64_t heads = mha.num_attention_heads, k = heads * mha.qk_rope_head_dim;
    int64_t v = heads * mha.v_head_dim;
    double *x = malloc(sizeof(double) * (size_t)(trial.fitted * mha.hidden_size));
    double *rows = malloc(sizeof(double) * (size_t)(trial.fitted * (k + v)));
    cr_assert(x && rows && mha.qk_nope_head_dim == 0);
    cr_assert(spectrum_states(&power, &mha, 3, 0, trial.fitted, x, &error) == 0);
    for (int64_t t = 0; t < trial.fitted; t++) {
        const double *of = x + t * mha.hidden_size;
        ref_linear(1, mha.hidden_size, k, weights.named.k_proj, of, rows + t * (k + v), NULL, 1);
        ref_linear(1, mha.hidden_size, v, weights.named.v_proj, of, rows + t * (k + v) + k, NULL,
                   1);
    }
    struct low_rank fit;
    cr_assert(low_rank_fit(trial.fitted, k + v, rows, &fit, &error) == 0);
    for (int i = 0; i < TRIAL_RANKS; i++) {
        double all = low_rank_error(&fit, trial_ranks[i]);
        cr_assert(fabs(all - errors[i].fitted) <= 1e-12, "%d: %g, %g", i, all, errors[i].fitted);
    }
    low_rank_destroy(&fit);
    free(x);
    free(rows);
    weights_destroy(&weights);
}

/* Through a latent of rank r, X W becomes X W V_r V_r^T: the reference's own layer with such
 * weights has the same outputs, RoPE included. */
Test(study_rank, outputs_are_those_of_a_layer_with_weights_of_low_rank)
{
    enum { RANK = 24, AT = 2, TOKENS = 96, QUERIES = 8, O = 96 };
    struct model mha;
    struct layer_weights weights;
    const struct spectrum power = {.name = "power", .exponent = 1};
    struct rank_errors errors[TRIAL_RANKS];
    make_layer(&mha, &weights);
    struct rank_trial trial = trial_of(&mha, &weights, &power, 3);
    cr_assert(rank_trial(&trial, errors, &error) == 0, "%s", error.message);
    int64_t hidden = mha.hidden_size, k = (int64_t)mha.num_attention_heads * mha.qk_rope_head_dim;
    int64_t v = (int64_t)mha.num_attention_heads * mha.v_head_dim, columns = k + v;
    double *x = malloc(sizeof(double) * (size_t)(trial.fitted * hidden));
    double *w = malloc(sizeof(double) * (size_t)(columns * hidden)); /* [hidden][columns] */
    double *rows = calloc((size_t)(trial.fitted * columns), sizeof(double));
    float *low = malloc(sizeof(float) * (size_t)(columns * hidden)); /* [columns][hidden] */
    float *identity = calloc((size_t)O * O, sizeof(float));
    double *y = malloc(sizeof(double) * 2 * TOKENS * O);
    cr_assert(x && w && rows && low && identity && y && v == O);
    for (int64_t c = 0; c < columns; c++)
        for (int64_t i = 0; i < hidden; i++)
            w[i * columns + c] = c < k ? weights.named.k_proj[c * hidden + i]
                                       : weights.named.v_proj[(c - k) * hidden + i];
    cr_assert(spectrum_states(&power, &mha, 3, 0, trial.fitted, x, &error) == 0);
    for (int64_t t = 0; t < trial.fitted; t++)
        for (int64_t i = 0; i < hidden; i++)
            for (int64_t c = 0; c < columns; c++)
                rows[t * columns + c] += x[t * hidden + i] * w[i * columns + c];
    struct low_rank fit;
    cr_assert(low_rank_fit(trial.fitted, columns, rows, &fit, &error) == 0);
    memset(rows, 0, sizeof(double) * (size_t)(hidden * columns));
    cr_assert(low_rank_add(&fit, 0, RANK, hidden, w, rows, &error) == 0);
    for (int64_t c = 0; c < columns; c++)
        for (int64_t i = 0; i < hidden; i++)
            low[c * hidden + i] = (float)rows[i * columns + c];
    for (int i = 0; i < O; i++)
        identity[i * O + i] = 1;
    struct ref_layer_dims dims;
    struct ref_layer_weights named = weights.named;
    model_ref_layer_dims(&mha, &dims);
    dims.output_size = O;
    named.o_proj = identity;
    cr_assert(spectrum_states(&power, &mha, 3, trial.fitted, TOKENS, x, &error) == 0);
    cr_assert(ref_layer(&dims, &named, 0, TOKENS, x, rows, y, REF_EXPANDED, 1) == 0);
    named.k_proj = low;
    named.v_proj = low + k * hidden;
    cr_assert(ref_layer(&dims, &named, 0, TOKENS, x, rows, y + (ptrdiff_t)TOKENS * O, REF_EXPANDED,
                        1) == 0);
    ptrdiff_t first = (ptrdiff_t)(TOKENS - QUERIES) * O;
    double layer =
        relative_error((int64_t)QUERIES * O, y + first, y + (ptrdiff_t)TOKENS * O + first);
    /* Weights in fp32. */
    cr_assert(trial_ranks[AT] == RANK && fabs(errors[AT].output / layer - 1) <= 1e-5, "%.9g, %.9g",
              errors[AT].output, layer);
    low_rank_destroy(&fit);
    free(x);
    free(w);
    free(rows);
    free(low);
    free(identity);
    free(y);
    weights_destroy(&weights);
}

Test(study_rank, the_study_says_what_it_found)
{
    json_t *found = study_found("rank");
    study_is_whole(found, 5 * 6);
    /* The smallest rank is that of the rows. */
    double least = INFINITY;
    size_t i;
    const json_t *row;
    json_array_foreach(json_object_get(found, "rows"), i, row)
    {
        double rank = row_number(row, 0), output = row_number(row, 2);
        if (strcmp(json_string_value(json_array_get(row, 1)), "power 2") == 0 && output < 0.1)
            least = fmin(least, rank);
        cr_assert(row_number(row, 6) == 2 * rank && row_number(row, 7) == 288 / rank);
        cr_assert(rank < 64 || output <= 1e-13, "%g", output);
    }
    cr_assert(found_figure(found, "rank_10pct_power_2") == least, "%g", least);
    cr_assert(found_figure(found, "saved_10pct_power_2") == 288 / least);
    /* Structure is what compresses. */
    cr_assert(found_figure(found, "rank_10pct_white") == 64);
    cr_assert(found_figure(found, "rank_1pct_eighth") == 8);
    cr_assert(found_figure(found, "kv_lora_rank") == 48);
    double white = found_figure(found, "output_error_at_kv_lora_rank_white");
    double power = found_figure(found, "output_error_at_kv_lora_rank_power_2");
    cr_assert(white > 0.2 && power < 0.05, "%g, %g", white, power);
    json_decref(found);
}
