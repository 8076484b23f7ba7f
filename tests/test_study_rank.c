/* SPDX-License-Identifier: MIT
 *
 * Low rank: the decomposition, the data, and the study of both. */
#include "harness/low_rank.h"
#include "harness/problem.h"
#include "harness/random.h"
#include "harness/rank_trial.h"
#include "harness/study.h"
#include "harness/weights.h"
#include "tests/studies.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS = 40, COLUMNS = 24, PLANTED = 3 };

static struct mla_error error;

static double *normal(uint32_t stream, int64_t count)
{
    float *some = malloc((size_t)count * sizeof *some);
    double *numbers = malloc((size_t)count * sizeof *numbers);
    cr_assert(some && numbers);
    random_normal(5, stream, 0, count, 1, some);
    for (int64_t i = 0; i < count; i++)
        numbers[i] = some[i];
    free(some);
    return numbers;
}

/* The error that directions 0 .. rank - 1 leave over `rows`. */
static double error_over(const struct low_rank *fit, int64_t rank, int64_t rows, const double *a)
{
    double *sum = calloc((size_t)(rows * fit->columns), sizeof *sum);
    cr_assert(sum != NULL);
    cr_assert(low_rank_add(fit, 0, rank / 2, rows, a, sum, &error) == 0);
    cr_assert(low_rank_add(fit, rank / 2, rank, rows, a, sum, &error) == 0);
    double left = relative_error(rows * fit->columns, a, sum);
    free(sum);
    return left;
}

Test(study_rank, error_is_that_of_eckart_and_young)
{
    /* Wider than high, and higher than wide. */
    for (int turned = 0; turned < 2; turned++) {
        int64_t rows = turned ? COLUMNS : ROWS, columns = turned ? ROWS : COLUMNS;
        double *a = normal(1, rows * columns);
        struct low_rank fit;
        cr_assert(low_rank_fit(rows, columns, a, &fit, &error) == 0, "%s", error.message);
        cr_assert(fit.rank == COLUMNS);
        for (int64_t rank = 0; rank <= fit.rank; rank++) {
            double said = low_rank_error(&fit, rank), left = error_over(&fit, rank, rows, a);
            cr_assert(fabs(said - left) <= 1e-13, "rank %d: %g, %g", (int)rank, said, left);
            cr_assert(rank == 0 || said < low_rank_error(&fit, rank - 1), "rank %d", (int)rank);
        }
        cr_assert(low_rank_error(&fit, 0) == 1 && low_rank_error(&fit, fit.rank) == 0);
        low_rank_destroy(&fit);
        free(a);
    }
}

Test(study_rank, directions_are_orthonormal_and_no_others_are_better)
{
    double *a = normal(2, ROWS * COLUMNS), *b = normal(3, ROWS * COLUMNS);
    struct low_rank fit, other;
    cr_assert(low_rank_fit(ROWS, COLUMNS, a, &fit, &error) == 0);
    cr_assert(low_rank_fit(ROWS, COLUMNS, b, &other, &error) == 0);
    for (int i = 0; i < COLUMNS; i++)
        for (int j = 0; j <= i; j++) {
            double dot = 0;
            for (int c = 0; c < COLUMNS; c++)
                dot += fit.directions[i * COLUMNS + c] * fit.directions[j * COLUMNS + c];
            cr_assert(fabs(dot - (i == j)) <= 1e-13, "%d, %d: %g", i, j, dot);
        }
    for (int rank = 1; rank < COLUMNS; rank++)
        cr_assert(error_over(&fit, rank, ROWS, a) < error_over(&other, rank, ROWS, a), "%d", rank);
    low_rank_destroy(&fit);
    low_rank_destroy(&other);
    free(a);
    free(b);
}

/* Element i of cosine k of n, of length 1; two of them are orthogonal. */
static double cosine(int k, int i, int n)
{
    return sqrt(2.0 / n) * cos(M_PI * k * (i + 0.5) / n);
}

Test(study_rank, planted_directions_are_found)
{
    static const double strength[PLANTED] = {7, 2, 0.5};
    double a[ROWS * COLUMNS] = {0};
    for (int t = 0; t < ROWS; t++)
        for (int c = 0; c < COLUMNS; c++)
            for (int k = 0; k < PLANTED; k++)
                a[t * COLUMNS + c] +=
                    strength[k] * cosine(k + 4, t, ROWS) * cosine(2 * k + 1, c, COLUMNS);
    struct low_rank fit;
    cr_assert(low_rank_fit(ROWS, COLUMNS, a, &fit, &error) == 0);
    for (int k = 0; k < PLANTED; k++) {
        double dot = 0;
        for (int c = 0; c < COLUMNS; c++)
            dot += fit.directions[k * COLUMNS + c] * cosine(2 * k + 1, c, COLUMNS);
        cr_assert(fabs(fabs(dot) - 1) <= 1e-13, "%d: %g", k, dot);
        cr_assert(fabs(fit.singular[k] - strength[k]) <= 1e-13, "%d: %g", k, fit.singular[k]);
    }
    /* Of rank 3: three directions lose nothing, two lose what was planted third. */
    cr_assert(low_rank_error(&fit, PLANTED) <= 1e-15, "%g", low_rank_error(&fit, PLANTED));
    cr_assert(error_over(&fit, PLANTED, ROWS, a) <= 1e-14);
    cr_assert(fabs(low_rank_error(&fit, 2) - 0.5 / sqrt(49 + 4 + 0.25)) <= 1e-13);
    low_rank_destroy(&fit);
}

Test(study_rank, a_triangle_stands_for_all_rows)
{
    double *x = normal(4, ROWS * COLUMNS), *r = normal(4, ROWS * COLUMNS);
    cr_assert(low_rank_triangle(ROWS, COLUMNS, r, &error) == 0, "%s", error.message);
    for (int i = 0; i < COLUMNS; i++)
        for (int j = 0; j < COLUMNS; j++) {
            double of_x = 0, of_r = 0;
            for (int t = 0; t < ROWS; t++)
                of_x += x[t * COLUMNS + i] * x[t * COLUMNS + j];
            for (int t = 0; t < COLUMNS; t++)
                of_r += r[t * COLUMNS + i] * r[t * COLUMNS + j];
            cr_assert(fabs(of_x - of_r) <= 1e-12, "%d, %d: %g, %g", i, j, of_x, of_r);
            cr_assert(j >= i || r[i * COLUMNS + j] == 0, "%d, %d", i, j);
        }
    free(x);
    free(r);
}

Test(study_rank, states_have_the_covariance_that_is_asked_for)
{
    enum { N = 64 };
    double deviations[N], squares = 0, noise = 0;
    const struct spectrum power = {.exponent = 1.5};
    spectrum_deviations(&power, N, deviations);
    for (int i = 0; i < N; i++)
        squares += deviations[i] * deviations[i] / N;
    cr_assert(fabs(squares - 1) <= 1e-14);
    double ratio = deviations[15] * deviations[15] / (deviations[3] * deviations[3]);
    cr_assert(fabs(ratio - pow(4, -1.5)) <= 1e-14, "%g", ratio);
    const struct spectrum eighth = {.dimension = 0.125, .noise = 0.01};
    spectrum_deviations(&eighth, N, deviations);
    for (int i = N / 8; i < N; i++)
        noise += deviations[i] * deviations[i];
    double signal = N - noise;
    cr_assert(deviations[0] == deviations[7] && deviations[8] == deviations[63]);
    cr_assert(fabs(sqrt(noise / signal) - 0.01) <= 1e-12, "%g", sqrt(noise / signal));
}

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
