/* SPDX-License-Identifier: MIT
 *
 * The reference's whole layers. */
#include "harness/random.h"
#include "reference/reference.h"
#include "tests/mpfr_attention.h"
#include "tests/small_layers.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#define MPFR_TOLERANCE  1e-14
#define CHUNK_TOLERANCE 1e-12
enum {
    TOKENS = 9,
    CASES = SMALL_LAYERS,
    HIDDEN = SMALL_HIDDEN,
    MAX_OUTPUT = SMALL_OUTPUT,
    MAX_ROW = SMALL_ROW
};

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
        struct ref_layer_weights w = small_layer_weights(&small_layers[i]);
        struct exact *exact = exact_layer(&small_layers[i], &w, TOKENS, x);
        for (enum ref_order order = REF_EXPANDED; order <= REF_ABSORBED; order++) {
            run(&small_layers[i], &w, 0, TOKENS, x, rows, y, order, 1);
            double error = exact_error(exact, y);
            cr_assert(error <= MPFR_TOLERANCE, "layer %d, order %d: off by %g", i, (int)order,
                      error);
        }
        exact_free(exact);
        small_layer_free(&w);
    }
}

Test(reference_layer, threads_keep_every_bit)
{
    double x[TOKENS * HIDDEN], rows[TOKENS * MAX_ROW];
    hidden_states(x);
    for (int i = 0; i < 2 * CASES; i++) {
        const struct ref_layer_dims *dims = &small_layers[i / 2];
        struct ref_layer_weights w = small_layer_weights(dims);
        double one[TOKENS * MAX_OUTPUT] = {0}, three[TOKENS * MAX_OUTPUT] = {0};
        run(dims, &w, 0, TOKENS, x, rows, one, i % 2 ? REF_EXPANDED : REF_ABSORBED, 1);
        run(dims, &w, 0, TOKENS, x, rows, three, i % 2 ? REF_EXPANDED : REF_ABSORBED, 3);
        cr_assert(memcmp(one, three, sizeof one) == 0, "layer %d: three threads differ", i / 2);
        small_layer_free(&w);
    }
}

/* A later token changes nothing before it, and changes itself; the article's form sees it. */
Test(reference_layer, causality)
{
    double x[TOKENS * HIDDEN], rows[TOKENS * MAX_ROW];
    for (int i = 0; i < CASES; i++) {
        const struct ref_layer_dims *dims = &small_layers[i];
        struct ref_layer_weights w = small_layer_weights(dims);
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
        small_layer_free(&w);
    }
}

/* Cached rows are those of the tokens before: any chunking gives the same outputs and rows. */
Test(reference_layer, chunks_agree)
{
    static const int64_t chunks[] = {1, 2, 4, 8};
    double x[TOKENS * HIDDEN];
    hidden_states(x);
    for (int i = 0; i < 2 * CASES; i++) {
        const struct ref_layer_dims *dims = &small_layers[i / 2];
        enum ref_order order = i % 2 ? REF_EXPANDED : REF_ABSORBED;
        if (!dims->causal)
            continue;
        struct ref_layer_weights w = small_layer_weights(dims);
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
        small_layer_free(&w);
    }
}

/* The article's tokens attend to all rows, cached ones included. */
Test(reference_layer, article_attends_to_cached_rows)
{
    const struct ref_layer_dims *dims = &small_layers[CASES - 1];
    double x[TOKENS * HIDDEN], rows[TOKENS * MAX_ROW];
    double y[TOKENS * MAX_OUTPUT], last[MAX_OUTPUT];
    hidden_states(x);
    struct ref_layer_weights w = small_layer_weights(dims);
    run(dims, &w, 0, TOKENS, x, rows, y, REF_ABSORBED, 1);
    run(dims, &w, TOKENS - 1, 1, x + (TOKENS - 1) * HIDDEN, rows, last, REF_ABSORBED, 1);
    for (int i = 0; i < dims->output_size; i++) {
        double want = y[(TOKENS - 1) * dims->output_size + i];
        cr_assert(fabs(last[i] - want) <= CHUNK_TOLERANCE, "%.17g for %.17g", last[i], want);
    }
    small_layer_free(&w);
}

Test(reference_layer, row_widths)
{
    static const int64_t widths[CASES] = {15, 14, 8, 48, 24, 12};
    for (int i = 0; i < CASES; i++)
        cr_assert(ref_layer_row_width(&small_layers[i]) == widths[i], "layer %d: %ld", i,
                  (long)ref_layer_row_width(&small_layers[i]));
}

/* No token is no work. */
Test(reference_layer, no_token)
{
    struct ref_layer_weights w = small_layer_weights(&small_layers[0]);
    double rows[MAX_ROW] = {0}, y[1] = {42};
    run(&small_layers[0], &w, 1, 0, NULL, rows, y, REF_ABSORBED, 1);
    cr_assert(y[0] == 42, "y written");
    small_layer_free(&w);
}
