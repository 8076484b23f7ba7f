/* SPDX-License-Identifier: MIT
 *
 * The article's example: drawings of 28 x 28 pixels to 128 numbers through a latent and 4 heads,
 * and what each head attends to. */
#include "harness/article_heads.h"
#include "harness/drawings.h"
#include "harness/low_rank.h"
#include "harness/model.h"
#include "harness/problem.h"
#include "harness/study.h"
#include "harness/weights.h"

#include <stdio.h>
#include <stdlib.h>

enum { QUERY = 3, HEADS = 4 };

/* All of it, for DRAWINGS tokens of DRAWING_PIXELS. */
struct example {
    struct model model;
    struct ref_layer_dims dims;
    struct layer_weights weights;
    double ink[DRAWINGS][DRAWING_PIXELS];
    double x[DRAWINGS][DRAWING_PIXELS];
    double deviation; /* of the ink of the drawing that asks */
    double *rows;     /* [DRAWINGS][cached width] */
    double *y;        /* [DRAWINGS][output_size], of the reference */
    struct article_heads heads;
};

static int compute(struct example *e, const struct study_settings *settings,
                   struct mla_error *error)
{
    int code = weights_create(&e->model, settings->seed, settings->threads, &e->weights, error);
    if (code)
        return code;
    model_ref_layer_dims(&e->model, &e->dims);
    for (int i = 0; i < DRAWINGS; i++) {
        drawing_ink(i, e->ink[i]);
        double deviation = drawing_standardised(e->ink[i], e->x[i]);
        if (i == QUERY)
            e->deviation = deviation;
    }
    e->rows = malloc(DRAWINGS * (size_t)ref_layer_row_width(&e->dims) * sizeof(double));
    e->y = malloc(DRAWINGS * (size_t)e->dims.output_size * sizeof(double));
    if (!e->rows || !e->y ||
        ref_layer(&e->dims, &e->weights.named, 0, DRAWINGS, e->x[0], e->rows, e->y, REF_EXPANDED,
                  settings->threads) ||
        article_heads(&e->dims, &e->weights.named, DRAWINGS, e->x[0], QUERY, &e->heads))
        return mla_fail(error, MLA_MACHINE, "no memory for the article's example");
    return 0;
}

static void destroy(struct example *e)
{
    weights_destroy(&e->weights);
    free(e->rows);
    free(e->y);
    article_heads_destroy(&e->heads);
}

static void add_columns(json_t *found)
{
    char name[32];
    study_column(found, "row", "pixels", "from the top");
    study_column(found, "column", "pixels", "from the left");
    study_column(found, "drawing", "", "ink of the drawing whose query is looked at");
    for (int head = 1; head <= HEADS; head++) {
        snprintf(name, sizeof name, "seen_%d", head);
        study_column(found, name, "", "mean ink of all drawings, by the head's attention weights");
    }
    for (int head = 1; head <= HEADS; head++) {
        snprintf(name, sizeof name, "adds_%d", head);
        study_column(found, name, "",
                     "what the pixel's ink adds to the head's score of the drawing with itself");
    }
}

static void add_rows(json_t *found, const struct example *e)
{
    for (int i = 0; i < DRAWING_PIXELS; i++) {
        json_t *row = json_pack("[i, i, f]", i / DRAWING_SIDE, i % DRAWING_SIDE, e->ink[QUERY][i]);
        for (int head = 0; head < HEADS; head++) {
            double seen = 0;
            for (int j = 0; j < DRAWINGS; j++)
                seen += e->heads.p[head * DRAWINGS + j] * e->ink[j][i];
            json_array_append_new(row, json_real(seen));
        }
        for (int head = 0; head < HEADS; head++)
            json_array_append_new(row, json_real(e->heads.g[head * DRAWING_PIXELS + i] *
                                                 e->ink[QUERY][i] / e->deviation));
        study_row(found, row);
    }
}

static void add_figures(json_t *found, const struct example *e)
{
    const struct ref_dims *a = &e->dims.attention;
    char name[64];
    study_figure(found, "tokens", DRAWINGS);
    study_figure(found, "input_width", e->dims.hidden_size);
    study_figure(found, "latent_width", (double)ref_layer_row_width(&e->dims));
    study_figure(found, "heads", a->heads);
    study_figure(found, "head_width", a->qk_nope_head_dim);
    study_figure(found, "output_width", e->dims.output_size);
    study_figure(found, "cached_elements_latent", (double)ref_layer_row_width(&e->dims));
    study_figure(found, "cached_elements_keys_and_values",
                 (double)a->heads * (a->qk_nope_head_dim + a->v_head_dim));
    study_figure(found, "cached_elements_drawing", e->dims.hidden_size);
    study_figure(found, "difference_from_reference",
                 relative_error(e->dims.output_size, e->y + (ptrdiff_t)QUERY * e->dims.output_size,
                                e->heads.y));
    for (int head = 0; head < HEADS; head++) {
        const double *p = e->heads.p + (ptrdiff_t)head * DRAWINGS;
        int most = 0;
        for (int j = 1; j < DRAWINGS; j++)
            most = p[j] > p[most] ? j : most;
        snprintf(name, sizeof name, "head_%d_attends_most_to", head + 1);
        study_figure(found, name, most);
        snprintf(name, sizeof name, "head_%d_largest_weight", head + 1);
        study_figure(found, name, p[most]);
    }
}

static void add_texts(json_t *found, const struct example *e)
{
    const struct ref_dims *a = &e->dims.attention;
    char text[768];
    snprintf(
        text, sizeof text,
        "The article's example on %d drawings of %d x %d pixels, one token of %d numbers each: "
        "a latent of %d, %d heads of %d, an output of %d per drawing, in the double-precision "
        "reference with random weights.",
        DRAWINGS, DRAWING_SIDE, DRAWING_SIDE, e->dims.hidden_size, a->kv_lora_rank, a->heads,
        a->qk_nope_head_dim, e->dims.output_size);
    study_about(found, text);
    study_plot(found, "", "", "",
               "The article's example, 784 to 128 with 4 heads, on the ten digits drawn on 28 x 28 "
               "pixels, each drawing one token. Left: the drawing whose query is looked at. Above: "
               "the mean of all ten drawings with each head's attention weights; the darker, the "
               "more. Below: how much each pixel of the drawing's own ink adds to the head's score "
               "(magnitude, each map to its largest). Weights are random: the maps show how the "
               "mechanism reads a drawing, not what it could learn.");
    study_note(found,
               "Widths: x %d, z = Wz x %d, q, k and v %d x %d, their concatenation %d, output %d. "
               "Scores are scaled by 1 / sqrt(%d), the latent's width, nothing is masked.",
               e->dims.hidden_size, a->kv_lora_rank, a->heads, a->qk_nope_head_dim,
               a->heads * a->v_head_dim, e->dims.output_size, a->kv_lora_rank);
    study_note(found,
               "Cached per token: the latent's %d elements, against %d of keys and values of all "
               "heads and %d pixels.",
               a->kv_lora_rank, a->heads * (a->qk_nope_head_dim + a->v_head_dim),
               e->dims.hidden_size);
    study_note(
        found,
        "Drawings are brought to mean 0 and variance 1 before they go in. A head's score of a "
        "drawing is then linear in its pixels, s = g . x with g = Wz^T Wk^T q / sqrt(%d): the "
        "maps below are g times the ink, over its standard deviation; their "
        "sum, less what taking off the mean takes off, is the score.",
        a->kv_lora_rank);
    study_note(found, "That the kernels agree with the reference on this layer is a matter of "
                      "verification: mlabench verify --model article-784.");
}

static int run(const struct study_settings *settings, json_t *found, struct mla_error *error)
{
    struct model model;
    int code = model_find(settings->paths->configs, "article-784", &model, error);
    if (code)
        return code;
    if (model.hidden_size != DRAWING_PIXELS || model.num_attention_heads != HEADS)
        return mla_fail(error, MLA_BAD_INPUT,
                        "article-784: hidden_size is %d and num_attention_heads %d, the article's "
                        "example has %d and %d",
                        model.hidden_size, model.num_attention_heads, DRAWING_PIXELS, HEADS);
    struct example *e = calloc(1, sizeof *e);
    if (!e)
        return mla_fail(error, MLA_MACHINE, "no memory for the article's example");
    e->model = model;
    code = compute(e, settings, error);
    if (!code) {
        add_columns(found);
        add_rows(found, e);
        add_figures(found, e);
        add_texts(found, e);
    }
    destroy(e);
    free(e);
    return code;
}

const struct study study_article = {"article", "The article's example: 784 to 128, 4 heads", run};
