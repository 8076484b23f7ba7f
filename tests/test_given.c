/* SPDX-License-Identifier: MIT
 *
 * What a given layer makes of its hidden states, against vectors that were computed in double from
 * the same weights; and weights in blocks, each with a factor of its own. */
#include "harness/given.h"
#include "harness/safetensors.h"
#include "harness/suite.h"
#include "kernels/formats/e4m3.h"
#include "tests/cli.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

TestSuite(given, .init = make_temporary, .fini = remove_temporary, .timeout = 120);

static double *doubles_of(const char *set, const char *name, int64_t *count)
{
    char path[200];
    struct safetensors file;
    struct tensor tensor;
    struct mla_error error;
    snprintf(path, sizeof path, "results/conformance/%s/vectors.safetensors", set);
    cr_assert(safetensors_open(path, &file, &error) == 0, "%s", error.message);
    cr_assert(safetensors_find(&file, name, &tensor, &error) == 0, "%s", error.message);
    *count = tensor_elements(&tensor);
    double *values = malloc((size_t)*count * sizeof *values);
    tensor_doubles(&tensor, 0, *count, values);
    safetensors_close(&file);
    return values;
}

static void expect_near(const char *what, const float *got, const double *exact, int64_t count)
{
    double errors2 = 0, squares2 = 0;
    for (int64_t i = 0; i < count; i++) {
        errors2 += (got[i] - exact[i]) * (got[i] - exact[i]);
        squares2 += exact[i] * exact[i];
    }
    double rms = sqrt(errors2 / squares2);
    cr_assert(rms < 2e-6, "%s: RMS error %g", what, rms);
}

/* Of a case of a conformance set: its last `fresh` tokens are new. */
static void check_case(const char *set, struct given *given, const char *case_name, int64_t cached,
                       int64_t fresh, int threads)
{
    char name[64];
    struct inputs inputs;
    struct mla_error error;
    int64_t count;
    snprintf(name, sizeof name, "%s.x", case_name);
    double *exact = doubles_of(set, name, &count);
    float *x = malloc((size_t)count * sizeof *x);
    for (int64_t i = 0; i < count; i++)
        x[i] = (float)exact[i];
    free(exact);
    given->x.data = x;
    given->tokens = count / given->checkpoint.model.hidden_size;
    cr_assert(given->tokens == cached + fresh);
    struct bench_case c = {.model = given->checkpoint.model,
                           .cached = cached,
                           .new_tokens = fresh,
                           .batch = 1,
                           .threads = threads};
    cr_assert(inputs_create(&c, 1, &inputs, &error) == 0);
    cr_assert(given_fill(given, &inputs, threads, &error) == 0, "%s", error.message);
    snprintf(name, sizeof name, "%s.rows", case_name);
    exact = doubles_of(set, name, &count);
    cr_assert(count == (cached + fresh) * inputs.width);
    expect_near(name, inputs.rows.data, exact, count);
    free(exact);
    snprintf(name, sizeof name, "%s.q", case_name);
    exact = doubles_of(set, name, &count);
    cr_assert((size_t)count == inputs.q.size / sizeof(float), "%ld", (long)count);
    expect_near(name, inputs.q.data, exact, count);
    free(exact);
    cr_assert(memcmp(inputs.wkv_b.data, given->checkpoint.weights.named.kv_b_proj,
                     inputs.wkv_b.size) == 0);
    inputs_destroy(&inputs);
    given->x.data = NULL;
    free(x);
}

/* With and without query compression, gains, halves rotated, YaRN. All are opened before the first
 * team of OpenMP: opening forks. */
Test(given, queries_and_rows_are_those_of_the_layer)
{
    static const char *const sets[] = {"deepseek-v2-lite", "deepseek-v3", "longcat-flash",
                                       "minicpm3", "glm-4.7-flash"};
    enum { SETS = sizeof sets / sizeof sets[0] };
    struct given given[SETS];
    struct mla_error error;
    for (int i = 0; i < SETS; i++) {
        char path[100];
        snprintf(path, sizeof path, "results/conformance/%s", sets[i]);
        const struct given_names names = {.checkpoint = path, .layer = "0"};
        cr_assert(given_open(&names, &given[i], &error) == 0, "%s", error.message);
    }
    for (int i = 0; i < SETS; i++) {
        check_case(sets[i], &given[i], "prefill", 0, 5, 1);
        check_case(sets[i], &given[i], "decode", 6, 1, 2);
        check_case(sets[i], &given[i], "chunked", 4, 3, 3);
        given_close(&given[i]);
    }
}

/* Hidden states of more tokens than go through the projections together: those of a prefix are the
 * same, whatever follows and however many threads there are. */
Test(given, tokens_do_not_depend_on_each_other)
{
    enum { TOKENS = 70, FEW = 9 };
    struct given given;
    struct inputs many, few;
    struct mla_error error;
    const struct given_names names = {.checkpoint = "results/conformance/minicpm3", .layer = "0"};
    cr_assert(given_open(&names, &given, &error) == 0, "%s", error.message);
    struct bench_case c = {.model = given.checkpoint.model,
                           .cached = TOKENS - FEW,
                           .new_tokens = FEW,
                           .batch = 1,
                           .threads = 1};
    cr_assert(inputs_create(&c, 7, &many, &error) == 0);
    cr_assert(given_fill(&given, &many, 3, &error) == 0);
    c.cached = 0;
    cr_assert(inputs_create(&c, 7, &few, &error) == 0);
    cr_assert(given_fill(&given, &few, 1, &error) == 0);
    for (int64_t i = 0; i < FEW * few.width; i++) {
        float a = ((float *)many.rows.data)[i], b = ((float *)few.rows.data)[i];
        cr_assert(fabsf(a - b) < 1e-5F, "row element %ld: %g and %g", (long)i, a, b);
    }
    /* The first new token of the many is number 61. */
    c.cached = TOKENS - FEW;
    c.new_tokens = 1;
    inputs_destroy(&few);
    cr_assert(inputs_create(&c, 7, &few, &error) == 0);
    cr_assert(given_fill(&given, &few, 2, &error) == 0);
    for (size_t i = 0; i < few.q.size / sizeof(float); i++) {
        float a = ((float *)many.q.data)[i], b = ((float *)few.q.data)[i];
        cr_assert(fabsf(a - b) < 1e-5F, "q element %zu: %g and %g", i, a, b);
    }
    inputs_destroy(&many);
    inputs_destroy(&few);
    given_close(&given);
}

/* --- blocks of 128 x 128, and two attentions in a layer --- */

enum { HIDDEN = 300, HEADS = 3, NOPE = 40, ROPE = 8, V = 44, RANK = 200, MOST_TENSORS = 24 };

/* The code of a weight and the factor of its block are such that none can stand for another. */
static uint8_t code_at(int64_t row, int64_t column)
{
    return (uint8_t)(0x30 + (row * 7 + column * 3) % 16);
}

static float factor_at(int attention, int64_t row, int64_t column)
{
    int64_t high = row / 128, wide = column / 128;
    return ldexpf(1 + 0.125F * (float)wide, (int)high - 8 * attention);
}

static struct named_tensor tensors[MOST_TENSORS];
static char names_of[MOST_TENSORS][96];
static int tensor_count;

static void add(const char *name, int attention, const char *end, struct tensor tensor)
{
    snprintf(names_of[tensor_count], sizeof names_of[0], "model.layers.1.self_attn.%d.%s.weight%s",
             attention, name, end);
    tensors[tensor_count] = (struct named_tensor){names_of[tensor_count], tensor};
    tensor_count++;
}

static void add_matrix(const char *name, int attention, int64_t rows, int64_t columns)
{
    int64_t high = (rows + 127) / 128, wide = (columns + 127) / 128;
    uint8_t *codes = malloc((size_t)(rows * columns));
    float *factors = malloc(sizeof(float) * (size_t)(high * wide));
    for (int64_t i = 0; i < rows * columns; i++)
        codes[i] = code_at(i / columns, i % columns);
    for (int64_t i = 0; i < high * wide; i++)
        factors[i] = factor_at(attention, i / wide * 128, i % wide * 128);
    add(name, attention, "", (struct tensor){TENSOR_F8_E4M3, 2, {rows, columns}, codes});
    add(name, attention, "_scale_inv", (struct tensor){TENSOR_F32, 2, {high, wide}, factors});
}

static void write_longcat(void)
{
    static float ones[RANK];
    for (int i = 0; i < RANK; i++)
        ones[i] = 1;
    for (int attention = 0; attention < 2; attention++) {
        add_matrix("q_proj", attention, HEADS * (NOPE + ROPE), HIDDEN);
        add_matrix("kv_a_proj_with_mqa", attention, RANK + ROPE, HIDDEN);
        add("kv_a_layernorm", attention, "", (struct tensor){TENSOR_F32, 1, {RANK}, ones});
        add_matrix("kv_b_proj", attention, HEADS * (NOPE + V), RANK);
        add_matrix("o_proj", attention, HIDDEN, HEADS * V);
    }
    struct mla_error error;
    cr_assert(safetensors_write(folder, "model.safetensors", tensors, tensor_count, NULL, &error) ==
              0);
    write_file("config.json",
               "{\"model_type\": \"longcat_flash\", \"hidden_size\": 300, \"num_layers\": 2, "
               "\"num_attention_heads\": 3, \"q_lora_rank\": null, \"kv_lora_rank\": 200, "
               "\"qk_nope_head_dim\": 40, \"qk_rope_head_dim\": 8, \"v_head_dim\": 44, "
               "\"rms_norm_eps\": 1e-5, \"rope_theta\": 10000000, "
               "\"max_position_embeddings\": 4096, \"mla_scale_q_lora\": false, "
               "\"mla_scale_kv_lora\": true}");
}

static void check_matrix(const char *name, const float *got, int attention, int64_t rows,
                         int64_t columns)
{
    for (int64_t i = 0; i < rows * columns; i++) {
        float expected = e4m3_value(code_at(i / columns, i % columns)) *
                         factor_at(attention, i / columns, i % columns);
        cr_assert(got[i] == expected, "%s[%ld][%ld]: %g, not %g", name, (long)(i / columns),
                  (long)(i % columns), got[i], expected);
    }
}

Test(given, every_block_of_fp8_has_its_factor_and_every_attention_its_weights)
{
    static const char *const layers[] = {"1", "1.0", "1.1"};
    struct checkpoint checkpoint;
    struct mla_error error = {""};
    write_longcat();
    for (int i = 0; i < 3; i++) {
        int attention = i == 2;
        cr_assert(checkpoint_load(folder, layers[i], &checkpoint, &error) == 0, "%s",
                  error.message);
        const struct ref_layer_weights *w = &checkpoint.weights.named;
        check_matrix("q_proj", w->q_proj, attention, HEADS * (NOPE + ROPE), HIDDEN);
        check_matrix("kv_a_proj", w->kv_a_proj, attention, RANK + ROPE, HIDDEN);
        check_matrix("kv_b_proj", w->kv_b_proj, attention, HEADS * (NOPE + V), RANK);
        check_matrix("o_proj", w->o_proj, attention, HIDDEN, HEADS * V);
        checkpoint_free(&checkpoint);
    }
}

Test(given, weights_that_are_not_finite_are_refused)
{
    struct checkpoint checkpoint;
    struct mla_error error = {""};
    write_longcat();
    ((uint8_t *)tensors[0].tensor.data)[1000] = 0x7f;
    cr_assert(safetensors_write(folder, "model.safetensors", tensors, tensor_count, NULL, &error) ==
              0);
    cr_assert(checkpoint_load(folder, "1", &checkpoint, &error) == MLA_BAD_INPUT);
    cr_assert(strstr(error.message, "q_proj.weight: element 1000 is"), "%s", error.message);
}
