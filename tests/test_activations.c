/* SPDX-License-Identifier: MIT
 *
 * The study of training's activation memory, in small. */
#include "harness/study.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

extern const struct study study_activations;

/* Configs/models/tiny.json: 3 heads, hidden 48, q_lora 20, kv_lora 24, nope 12, rope 8, v 10. */
enum { ROWS = 20, COLUMNS = 16 };
enum { MODEL, ATTENTION, FORM, AGAIN, ALLOCATED, WRITTEN, COMPUTED, BF16, PARTS, OVER_MHA = 12 };

static json_t *study(void)
{
    struct paths paths;
    struct mla_error error = {""};
    json_t *into = json_object();
    cr_assert(paths_find(&paths, &error) == 0, "%s", error.message);
    const struct study_settings settings = {
        .paths = &paths, .seed = 1, .threads = 2, .quick = true};
    int code = study_run(&study_activations, &settings, into, &error);
    cr_assert(code == 0, "%s", error.message);
    json_t *found = json_incref(json_object_get(into, "activations"));
    json_decref(into);
    cr_assert(found != NULL, "nothing found");
    return found;
}

static double number(const json_t *row, size_t column)
{
    const json_t *value = json_array_get(row, column);
    cr_assert(json_is_number(value), "column %zu is no number", column);
    return json_number_value(value);
}

static const json_t *row_of(const json_t *found, const char *attention, const char *form,
                            const char *again)
{
    size_t i;
    json_t *row;
    json_array_foreach(
        json_object_get(found, "rows"), i,
        row) if (!strcmp(json_string_value(json_array_get(row, ATTENTION)), attention) &&
                 !strcmp(json_string_value(json_array_get(row, FORM)), form) &&
                 !strcmp(json_string_value(json_array_get(row, AGAIN)), again)) return row;
    cr_assert(false, "no row %s, %s, %s", attention, form, again);
    return NULL;
}

static double figure(const json_t *found, const char *name)
{
    const json_t *value = json_object_get(json_object_get(found, "figures"), name);
    cr_assert(json_is_number(value), "no figure %s", name);
    return json_number_value(value);
}

Test(activations, every_row_is_full_and_was_run)
{
    json_t *found = study();
    const json_t *rows = json_object_get(found, "rows");
    cr_assert(json_array_size(json_object_get(found, "columns")) == COLUMNS, "columns");
    cr_assert(json_array_size(rows) == ROWS, "%zu rows", json_array_size(rows));
    for (size_t i = 0; i < ROWS; i++) {
        const json_t *row = json_array_get(rows, i);
        double parts = 0;
        cr_assert(json_array_size(row) == COLUMNS, "row %zu has %zu columns", i,
                  json_array_size(row));
        for (size_t part = PARTS; part < OVER_MHA; part++)
            parts += number(row, part);
        cr_assert(number(row, ALLOCATED) == number(row, COMPUTED) &&
                      number(row, WRITTEN) == number(row, COMPUTED) &&
                      parts == number(row, ALLOCATED),
                  "row %zu: %g allocated, %g written, %g computed, parts of %g", i,
                  number(row, ALLOCATED), number(row, WRITTEN), number(row, COMPUTED), parts);
        cr_assert(!strcmp(json_string_value(json_array_get(row, COLUMNS - 1)), "forward, backward"),
                  "row %zu was not run backward", i);
    }
    cr_assert(figure(found, "rows_with_backward") == ROWS, "backward");
    cr_assert(figure(found, "rows_with_other_gradients") == 0, "other gradients");
    cr_assert(figure(found, "largest_allocated_over_computed") == 1, "allocated");
    json_decref(found);
}

/* By hand: x, then queries, keys and values, output. */
Test(activations, bytes_are_those_counted_by_hand)
{
    static const struct {
        const char *attention, *form, *again;
        double elements[4], bf16;
    } cases[] = {
        {"MHA", "expanded", "none", {48, 3 * 12, 3 * (12 + 10), 30 + 3}, 2 * 183 + 2 * 3},
        {"MLA", "expanded", "none", {48, 60, 24 + 24 + 90, 33}, 2 * 279 + 2 * 3},
        {"MLA+c_q", "expanded", "none", {48, 20 + 20 + 60, 24 + 24 + 90, 33}, 2 * 319 + 2 * 3},
        {"MLA+c_q", "latent", "none", {48, 20 + 20 + 60, 24 + 32, 33}, 2 * 237 + 2 * 3},
        {"MLA", "latent", "up-projections", {48, 60, 32, 33}, 2 * 173 + 2 * 3},
        {"MLA+c_q", "expanded", "up-projections", {48, 20, 32, 33}, 2 * 133 + 2 * 3},
        {"MLA+c_q", "latent", "projections", {48, 0, 0, 33}, 2 * 81 + 2 * 3},
        {"MHA", "expanded", "layer", {48, 0, 0, 0}, 2 * 48},
    };
    json_t *found = study();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const json_t *row = row_of(found, cases[i].attention, cases[i].form, cases[i].again);
        for (size_t part = 0; part < 4; part++)
            cr_assert(number(row, PARTS + part) == 4 * cases[i].elements[part],
                      "case %zu, part %zu: %g", i, part, number(row, PARTS + part));
        cr_assert(number(row, BF16) == cases[i].bf16, "case %zu: %g in bf16", i, number(row, BF16));
    }
    json_decref(found);
}

/* Query compression costs memory where nothing is made again, and saves some where
 * up-projections are: figures and notes say so. */
Test(activations, figures_and_notes_say_what_rows_do)
{
    static const struct {
        const char *name;
        double value;
    } figures[] = {
        {"tiny_mla_q_compressed_over_uncompressed_none", 319.0 / 279},
        {"tiny_mla_latent_q_compressed_over_uncompressed_none", 237.0 / 197},
        {"tiny_mla_q_compressed_over_uncompressed_up_projections", 133.0 / 173},
        {"tiny_mla_q_compressed_over_uncompressed_projections", 1},
        {"tiny_mla_over_mha_none", 319.0 / 183},
        {"tiny_mla_latent_over_mha_none", 237.0 / 183},
        {"tiny_mla_over_mha_up_projections", 133.0 / 183},
        {"tiny_mla_up_projections_over_none", 133.0 / 319},
        /* q, c_kv and k_rope from x, k and v from c_kv; q from c_q, k and v from c_kv */
        {"tiny_flops_again_uncompressed_over_compressed",
         (48.0 * (60 + 32) + 24 * 66) / (20 * 60 + 24 * 66)},
    };
    json_t *found = study();
    for (size_t i = 0; i < sizeof figures / sizeof *figures; i++) {
        double value = figure(found, figures[i].name);
        cr_assert(fabs(value - figures[i].value) <= 1e-12, "%s: %g for %g", figures[i].name, value,
                  figures[i].value);
    }
    double over_mha = number(row_of(found, "MLA+c_q", "expanded", "up-projections"), OVER_MHA);
    cr_assert(fabs(over_mha - 133.0 / 183) <= 1e-12, "%g over MHA", over_mha);
    char *notes = json_dumps(json_object_get(found, "notes"), 0);
    cr_assert(
        strstr(notes, "does not cut but raises what is kept, to 1.143") &&
            strstr(notes, "brings what is kept to 0.769") &&
            strstr(notes, "makes keys and values of the latents even where the table says none"),
        "%s", notes);
    free(notes);
    json_decref(found);
}
