/* SPDX-License-Identifier: MIT
 *
 * The article's example: drawings, what heads attend to, and the study of it. */
#include "harness/article_heads.h"
#include "harness/drawings.h"
#include "harness/problem.h"
#include "harness/weights.h"
#include "tests/studies.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static struct mla_error error;

Test(study_article, drawings_are_ten_and_stay_within_the_paper)
{
    static double ink[DRAWINGS][DRAWING_PIXELS];
    for (int i = 0; i < DRAWINGS; i++) {
        double x[DRAWING_PIXELS], sum = 0, squares = 0, inked = 0;
        drawing_ink(i, ink[i]);
        double deviation = drawing_standardised(ink[i], x);
        for (int p = 0; p < DRAWING_PIXELS; p++) {
            int row = p / DRAWING_SIDE, column = p % DRAWING_SIDE;
            bool margin =
                row < 2 || column < 2 || row >= DRAWING_SIDE - 2 || column >= DRAWING_SIDE - 2;
            cr_assert(ink[i][p] >= 0 && ink[i][p] <= (margin ? 0 : 1), "%d: %g", i, ink[i][p]);
            inked += ink[i][p];
            sum += x[p];
            squares += x[p] * x[p];
        }
        cr_assert(inked > 30 && inked < 200, "%d: %g", i, inked);
        cr_assert(fabs(sum) <= 1e-10 && fabs(squares / DRAWING_PIXELS - 1) <= 1e-12);
        double back = x[400] * deviation + inked / DRAWING_PIXELS;
        cr_assert(fabs(back - ink[i][400]) <= 1e-14, "%d: %g", i, back);
        for (int j = 0; j < i; j++) {
            double difference = 0;
            for (int p = 0; p < DRAWING_PIXELS; p++)
                difference += fabs(ink[i][p] - ink[j][p]);
            cr_assert(difference > 20, "%d, %d: %g", i, j, difference);
        }
    }
    /* The middle of a zero is paper, its left edge ink; a one is upright. */
    cr_assert(ink[0][14 * DRAWING_SIDE + 14] == 0 && ink[0][14 * DRAWING_SIDE + 8] == 1);
    for (int row = 6; row < 22; row++)
        cr_assert(ink[1][row * DRAWING_SIDE + 14] == 1, "%d", row);
}

struct layer {
    struct ref_layer_dims dims;
    struct layer_weights weights;
    double x[DRAWINGS][DRAWING_PIXELS];
};

static struct layer *make_layer(void)
{
    struct model model;
    double ink[DRAWING_PIXELS];
    struct layer *layer = malloc(sizeof *layer);
    cr_assert(layer != NULL);
    cr_assert(model_find("configs", "article-784", &model, &error) == 0, "%s", error.message);
    cr_assert(weights_create(&model, 1, 1, &layer->weights, &error) == 0, "%s", error.message);
    model_ref_layer_dims(&model, &layer->dims);
    for (int i = 0; i < DRAWINGS; i++) {
        drawing_ink(i, ink);
        drawing_standardised(ink, layer->x[i]);
    }
    return layer;
}

static void free_layer(struct layer *layer)
{
    weights_destroy(&layer->weights);
    free(layer);
}

/* s_j = q_i . k_ij / sqrt(128), by way of z, q and k. */
Test(study_article, pixels_add_up_to_the_score)
{
    enum { RANK = 128, WIDTH = 32, QUERY = 7 };
    struct layer *layer = make_layer();
    const struct ref_layer_weights *w = &layer->weights.named;
    struct article_heads heads;
    double z[DRAWINGS][RANK], q[4 * WIDTH], k[WIDTH];
    cr_assert(layer->dims.attention.kv_lora_rank == RANK);
    cr_assert(layer->dims.attention.qk_nope_head_dim == WIDTH);
    cr_assert(article_heads(&layer->dims, w, DRAWINGS, layer->x[0], QUERY, &heads) == 0);
    ref_linear(DRAWINGS, DRAWING_PIXELS, RANK, w->kv_a_proj, layer->x[0], z[0], NULL, 1);
    ref_linear(1, RANK, 4L * WIDTH, w->q_proj, z[QUERY], q, NULL, 1);
    for (int head = 0; head < 4; head++) {
        double sum = 0;
        for (int j = 0; j < DRAWINGS; j++) {
            double score = 0, pixels = 0;
            ref_linear(1, RANK, WIDTH, w->kv_b_proj + (ptrdiff_t)head * 2 * WIDTH * RANK, z[j], k,
                       NULL, 1);
            for (int i = 0; i < WIDTH; i++)
                score += q[head * WIDTH + i] * k[i] / sqrt(RANK);
            for (int i = 0; i < DRAWING_PIXELS; i++)
                pixels += heads.g[head * DRAWING_PIXELS + i] * layer->x[j][i];
            cr_assert(fabs(score - pixels) <= 1e-12, "%d, %d: %g, %g", head, j, score, pixels);
            cr_assert(fabs(score - heads.scores[head * DRAWINGS + j]) <= 1e-12);
            sum += heads.p[head * DRAWINGS + j];
        }
        cr_assert(fabs(sum - 1) <= 1e-14, "%g", sum);
        /* Weights go with scores, and heads differ. */
        cr_assert(fabs(log(heads.p[head * DRAWINGS] / heads.p[head * DRAWINGS + 1]) -
                       heads.scores[head * DRAWINGS] + heads.scores[head * DRAWINGS + 1]) <= 1e-12);
        cr_assert(head == 0 || fabs(heads.p[head * DRAWINGS] - heads.p[0]) > 1e-4);
    }
    article_heads_destroy(&heads);
    free_layer(layer);
}

Test(study_article, the_output_is_that_of_the_reference)
{
    struct layer *layer = make_layer();
    const struct ref_layer_weights *w = &layer->weights.named;
    double rows[DRAWINGS * 128], y[DRAWINGS * 128];
    cr_assert(layer->dims.output_size == 128 && ref_layer_row_width(&layer->dims) == 128);
    cr_assert(ref_layer(&layer->dims, w, 0, DRAWINGS, layer->x[0], rows, y, REF_ABSORBED, 1) == 0);
    for (int query = 0; query < DRAWINGS; query++) {
        struct article_heads heads;
        cr_assert(article_heads(&layer->dims, w, DRAWINGS, layer->x[0], query, &heads) == 0);
        for (int i = 0; i < 128; i++)
            cr_assert(fabs(heads.y[i] - y[query * 128 + i]) <= 1e-12, "%d, %d: %g, %g", query, i,
                      heads.y[i], y[query * 128 + i]);
        article_heads_destroy(&heads);
    }
    free_layer(layer);
}

Test(study_article, the_study_says_what_it_found)
{
    json_t *found = study_found("article");
    study_is_whole(found, DRAWING_PIXELS);
    static const struct {
        const char *name;
        double value;
    } widths[] = {{"tokens", 10},
                  {"input_width", 784},
                  {"latent_width", 128},
                  {"heads", 4},
                  {"head_width", 32},
                  {"output_width", 128},
                  {"cached_elements_latent", 128},
                  {"cached_elements_keys_and_values", 256},
                  {"cached_elements_drawing", 784}};
    for (size_t i = 0; i < sizeof widths / sizeof widths[0]; i++)
        cr_assert(found_figure(found, widths[i].name) == widths[i].value, "%s", widths[i].name);
    cr_assert(found_figure(found, "difference_from_reference") <= 1e-13);
    /* The maps are those of the layer: the seed is the same. */
    struct layer *layer = make_layer();
    struct article_heads heads;
    double ink[DRAWINGS][DRAWING_PIXELS], x[DRAWING_PIXELS];
    cr_assert(
        article_heads(&layer->dims, &layer->weights.named, DRAWINGS, layer->x[0], 3, &heads) == 0);
    for (int j = 0; j < DRAWINGS; j++)
        drawing_ink(j, ink[j]);
    double deviation = drawing_standardised(ink[3], x);
    size_t p;
    const json_t *row;
    json_array_foreach(json_object_get(found, "rows"), p, row)
    {
        size_t down = p / DRAWING_SIDE, across = p % DRAWING_SIDE;
        cr_assert(row_number(row, 0) == (double)down);
        cr_assert(row_number(row, 1) == (double)across);
        cr_assert(fabs(row_number(row, 2) - ink[3][p]) <= 1e-12);
        for (size_t head = 0; head < 4; head++) {
            double seen = 0, adds = heads.g[head * DRAWING_PIXELS + p] * ink[3][p] / deviation;
            for (size_t j = 0; j < DRAWINGS; j++)
                seen += heads.p[head * DRAWINGS + j] * ink[j][p];
            cr_assert(fabs(row_number(row, 3 + head) - seen) <= 1e-12, "%zu, %zu", p, head);
            cr_assert(fabs(row_number(row, 7 + head) - adds) <= 1e-12, "%zu, %zu", p, head);
        }
    }
    const double *second = heads.p + DRAWINGS;
    double most = found_figure(found, "head_2_attends_most_to");
    for (int j = 0; j < DRAWINGS; j++)
        cr_assert(second[j] <= second[(int)most]);
    cr_assert(fabs(found_figure(found, "head_2_largest_weight") - second[(int)most]) <= 1e-12);
    article_heads_destroy(&heads);
    free_layer(layer);
    json_decref(found);
}
