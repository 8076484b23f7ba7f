/* SPDX-License-Identifier: MIT
 *
 * The reference's whole layers. */
#include "harness/random.h"
#include "reference/reference.h"
#include "tests/mpfr_attention.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define MPFR_TOLERANCE  1e-14
#define CHUNK_TOLERANCE 1e-12
enum { TOKENS = 9, HIDDEN = 24, MAX_OUTPUT = 24, MAX_ROW = 96, WEIGHTS = 10 };

static const struct ref_layer_dims cases[] = {
    /* DeepSeek-V3 in small: query compression, YaRN, interleaved pairs. */
    {.kind = REF_LAYER_MLA,
     .hidden_size = HIDDEN,
     .output_size = HIDDEN,
     .q_lora_rank = 10,
     .attention = {3, 3, 5, 4, 7, 11, 0.4},
     .rope = {4, 100, true, 8, 16, 2, 0.5, 0.707, 1},
     .norm_eps = 1e-6,
     .q_lora_gain = 1,
     .kv_lora_gain = 1,
     .causal = true},
    /* LongCat's gains, MiniCPM3's rotation of halves. */
    {.kind = REF_LAYER_MLA,
     .hidden_size = HIDDEN,
     .output_size = HIDDEN,
     .q_lora_rank = 9,
     .attention = {2, 2, 3, 6, 4, 8, 0.3},
     .rope = {.dim = 6, .theta = 1e4},
     .norm_eps = 1e-5,
     .q_lora_gain = 1.75,
     .kv_lora_gain = 2.5,
     .causal = true},
    /* V2-Lite: no query compression. */
    {.kind = REF_LAYER_MLA,
     .hidden_size = HIDDEN,
     .output_size = HIDDEN,
     .attention = {4, 4, 4, 2, 3, 6, 0.5},
     .rope = {.dim = 2, .theta = 1e4, .interleaved = true},
     .norm_eps = 1e-6,
     .q_lora_gain = 1,
     .kv_lora_gain = 1,
     .causal = true},
    /* MHA with RoPE on the whole head, and GQA with it on a part. */
    {.kind = REF_LAYER_MHA,
     .hidden_size = HIDDEN,
     .output_size = HIDDEN,
     .attention = {3, 3, 0, 8, 8, 0, 0.35},
     .rope = {.dim = 8, .theta = 1e4, .interleaved = true},
     .causal = true},
    {.kind = REF_LAYER_MHA,
     .hidden_size = HIDDEN,
     .output_size = HIDDEN,
     .attention = {6, 2, 3, 4, 5, 0, 0.4},
     .rope = {.dim = 4, .theta = 1e4},
     .causal = true},
    /* The article: from 24 wide to 16, k = 12, 3 heads. */
    {.kind = REF_LAYER_ARTICLE,
     .hidden_size = HIDDEN,
     .output_size = 16,
     .attention = {3, 3, 4, 0, 4, 12, 0.28867513459481287}},
};
enum { CASES = sizeof cases / sizeof *cases };

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

static struct ref_layer_weights make_weights(const struct ref_layer_dims *dims)
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

static void free_weights(const struct ref_layer_weights *w)
{
    const float *const all[WEIGHTS] = {
        w->q_proj,         w->q_a_proj,  w->q_a_layernorm, w->q_b_proj, w->kv_a_proj,
        w->kv_a_layernorm, w->kv_b_proj, w->k_proj,        w->v_proj,   w->o_proj};
    for (int i = 0; i < WEIGHTS; i++)
        free((void *)(uintptr_t)all[i]);
}

static void hidden_states(double x[TOKENS * HIDDEN])
{
    float narrow[TOKENS * HIDDEN];
    random_normal(13, 20, 0, TOKENS * HIDDEN, 2, narrow);
    for (int i = 0; i < TOKENS * HIDDEN; i++)
        x[i] = narrow[i];
}

static void run(const struct ref_layer_dims *dims, const struct ref_layer_weights *w,
                int64_t position, int64_t tokens, const double *x, double *rows, double *y,
                enum ref_order order, int threads)
{
    int error = ref_layer(dims, w, position, tokens, x, rows, y, order, threads);
    cr_assert(error == 0, "error %d", error);
}

Test(reference_layer, equals_mpfr)
{
    double x[TOKENS * HIDDEN], rows[TOKENS * MAX_ROW], y[TOKENS * MAX_OUTPUT];
    hidden_states(x);
    for (int i = 0; i < CASES; i++) {
        struct ref_layer_weights w = make_weights(&cases[i]);
        struct exact *exact = exact_layer(&cases[i], &w, TOKENS, x);
        for (enum ref_order order = REF_EXPANDED; order <= REF_ABSORBED; order++) {
            run(&cases[i], &w, 0, TOKENS, x, rows, y, order, 1);
            double error = exact_error(exact, y);
            cr_assert(error <= MPFR_TOLERANCE, "layer %d, order %d: off by %g", i, (int)order,
                      error);
        }
        exact_free(exact);
        free_weights(&w);
    }
}

Test(reference_layer, threads_keep_every_bit)
{
    double x[TOKENS * HIDDEN], rows[TOKENS * MAX_ROW];
    hidden_states(x);
    for (int i = 0; i < 2 * CASES; i++) {
        const struct ref_layer_dims *dims = &cases[i / 2];
        struct ref_layer_weights w = make_weights(dims);
        double one[TOKENS * MAX_OUTPUT] = {0}, three[TOKENS * MAX_OUTPUT] = {0};
        run(dims, &w, 0, TOKENS, x, rows, one, i % 2 ? REF_EXPANDED : REF_ABSORBED, 1);
        run(dims, &w, 0, TOKENS, x, rows, three, i % 2 ? REF_EXPANDED : REF_ABSORBED, 3);
        cr_assert(memcmp(one, three, sizeof one) == 0, "layer %d: three threads differ", i / 2);
        free_weights(&w);
    }
}

/* A later token changes nothing before it, and changes itself; the article's form sees it. */
Test(reference_layer, causality)
{
    double x[TOKENS * HIDDEN], rows[TOKENS * MAX_ROW];
    for (int i = 0; i < CASES; i++) {
        const struct ref_layer_dims *dims = &cases[i];
        struct ref_layer_weights w = make_weights(dims);
        double before[TOKENS * MAX_OUTPUT], after[TOKENS * MAX_OUTPUT];
        hidden_states(x);
        run(dims, &w, 0, TOKENS, x, rows, before, REF_ABSORBED, 1);
        x[5 * HIDDEN + 3] += 10;
        run(dims, &w, 0, TOKENS, x, rows, after, REF_ABSORBED, 1);
        size_t bytes = (size_t)dims->output_size * sizeof(double);
        for (int t = 0; t < TOKENS; t++) {
            const double *a = before + t * dims->output_size, *b = after + t * dims->output_size;
            bool same = memcmp(a, b, bytes) == 0;
            cr_assert(same == (dims->causal && t < 5), "layer %d: token %d %s", i, t,
                      same ? "ignores token 5" : "depends on a later token");
        }
        free_weights(&w);
    }
}

/* Cached rows are those of the tokens before: any chunking gives the same outputs and rows. */
Test(reference_layer, chunks_agree)
{
    static const int64_t chunks[] = {1, 2, 4, 8};
    double x[TOKENS * HIDDEN];
    hidden_states(x);
    for (int i = 0; i < 2 * CASES; i++) {
        const struct ref_layer_dims *dims = &cases[i / 2];
        enum ref_order order = i % 2 ? REF_EXPANDED : REF_ABSORBED;
        if (!dims->causal)
            continue;
        struct ref_layer_weights w = make_weights(dims);
        double rows[TOKENS * MAX_ROW], y[TOKENS * MAX_OUTPUT];
        run(dims, &w, 0, TOKENS, x, rows, y, order, 1);
        for (size_t c = 0; c < sizeof chunks / sizeof *chunks; c++) {
            double chunk_rows[TOKENS * MAX_ROW], chunk_y[TOKENS * MAX_OUTPUT];
            for (int64_t t = 0; t < TOKENS; t += chunks[c])
                run(dims, &w, t, t + chunks[c] < TOKENS ? chunks[c] : TOKENS - t, x + t * HIDDEN,
                    chunk_rows, chunk_y + t * HIDDEN, order, 1);
            for (int j = 0; j < TOKENS * HIDDEN; j++)
                cr_assert(fabs(chunk_y[j] - y[j]) <= CHUNK_TOLERANCE,
                          "layer %d, chunks of %ld: y[%d] %.17g for %.17g", i / 2, (long)chunks[c],
                          j, chunk_y[j], y[j]);
            cr_assert(memcmp(chunk_rows, rows,
                             (size_t)(TOKENS * ref_layer_row_width(dims)) * sizeof *rows) == 0,
                      "layer %d, chunks of %ld: rows differ", i / 2, (long)chunks[c]);
        }
        free_weights(&w);
    }
}

/* The article's tokens attend to all rows, cached ones included. */
Test(reference_layer, article_attends_to_cached_rows)
{
    const struct ref_layer_dims *dims = &cases[CASES - 1];
    double x[TOKENS * HIDDEN], rows[TOKENS * MAX_ROW];
    double y[TOKENS * MAX_OUTPUT], last[MAX_OUTPUT];
    hidden_states(x);
    struct ref_layer_weights w = make_weights(dims);
    run(dims, &w, 0, TOKENS, x, rows, y, REF_ABSORBED, 1);
    run(dims, &w, TOKENS - 1, 1, x + (TOKENS - 1) * HIDDEN, rows, last, REF_ABSORBED, 1);
    for (int i = 0; i < dims->output_size; i++) {
        double want = y[(TOKENS - 1) * dims->output_size + i];
        cr_assert(fabs(last[i] - want) <= CHUNK_TOLERANCE, "%.17g for %.17g", last[i], want);
    }
    free_weights(&w);
}

Test(reference_layer, row_widths)
{
    static const int64_t widths[CASES] = {15, 14, 8, 48, 24, 12};
    for (int i = 0; i < CASES; i++)
        cr_assert(ref_layer_row_width(&cases[i]) == widths[i], "layer %d: %ld", i,
                  (long)ref_layer_row_width(&cases[i]));
}

/* No token is no work. */
Test(reference_layer, no_token)
{
    struct ref_layer_weights w = make_weights(&cases[0]);
    double rows[MAX_ROW] = {0}, y[1] = {42};
    run(&cases[0], &w, 1, 0, NULL, rows, y, REF_ABSORBED, 1);
    cr_assert(y[0] == 42, "y written");
    free_weights(&w);
}
