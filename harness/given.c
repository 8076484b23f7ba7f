/* SPDX-License-Identifier: MIT */
#include "harness/given.h"

#include "harness/layer_verify.h"
#include "harness/shell_word.h"
#include "harness/tensor_file.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

double given_limit(enum tensor_type type)
{
    return type == TENSOR_F16 || type == TENSOR_BF16 ? 0.02 : LAYER_OBSERVED_LIMIT;
}

/* A file's rows: [tokens][width], perhaps as a batch of one. */
static int open_rows(const char *option, const char *name, int64_t width, struct tensor_file *file,
                     int64_t *rows, struct mla_error *error)
{
    int code = tensor_file_open(name, file, error);
    if (code)
        return code;
    const struct tensor *t = &file->tensor;
    bool batch = t->dims == 3 && t->shape[0] == 1;
    const int64_t *shape = t->shape + batch;
    *rows = shape[0];
    if ((t->dims == 2 || batch) && shape[0] > 0 && shape[1] == width)
        return 0;
    code = mla_fail(error, MLA_BAD_INPUT,
                    "%s %.600s: has shape %s, accepted: [tokens, %lld] or [1, tokens, %lld]",
                    option, name, tensor_shape_text(t), (long long)width, (long long)width);
    tensor_file_close(file);
    return code;
}

/* NaN and infinities would make every kernel fail. */
static int check_finite(const char *option, const char *name, const struct tensor *tensor,
                        struct mla_error *error)
{
    double value;
    for (int64_t i = 0, count = tensor_elements(tensor); i < count; i++) {
        tensor_doubles(tensor, i, 1, &value);
        if (!isfinite((float)value))
            return mla_fail(error, MLA_BAD_INPUT,
                            "%s %.600s: element %lld is %g, accepted: finite numbers within fp32",
                            option, name, (long long)i, value);
    }
    return 0;
}

static int read_input(const char *name, struct given *given, struct mla_error *error)
{
    int64_t width = given->checkpoint.model.hidden_size;
    struct tensor_file file;
    int code = open_rows("--input", name, width, &file, &given->tokens, error);
    if (code)
        return code;
    code = check_finite("--input", name, &file.tensor, error);
    if (!code)
        code =
            buffer_create(&given->x, BUFFER_SHARED, sizeof(float) * (size_t)(given->tokens * width),
                          "the hidden states", error);
    if (!code)
        tensor_floats(&file.tensor, 0, given->tokens * width, given->x.data);
    tensor_file_close(&file);
    return code;
}

static int read_expected(const char *name, struct given *given, struct mla_error *error)
{
    int64_t width = given->checkpoint.model.output_size;
    struct tensor_file file;
    int code = open_rows("--expect", name, width, &file, &given->expected, error);
    if (code)
        return code;
    given->expect_type = file.tensor.type;
    code = check_finite("--expect", name, &file.tensor, error);
    if (!code)
        code = buffer_create(&given->expect, BUFFER_SHARED,
                             sizeof(double) * (size_t)(given->expected * width),
                             "the expected outputs", error);
    if (!code)
        tensor_doubles(&file.tensor, 0, given->expected * width, given->expect.data);
    tensor_file_close(&file);
    return code;
}

/* For the line that says how to see a failure again. */
static void note_options(const struct given_names *names, struct given *given)
{
    const struct {
        const char *option, *value;
    } options[] = {{"--checkpoint", names->checkpoint},
                   {"--layer", names->layer},
                   {"--input", names->input},
                   {"--expect", names->expect}};
    for (size_t i = 0; i < sizeof options / sizeof options[0]; i++)
        if (options[i].value) {
            shell_append(given->options, sizeof given->options, options[i].option);
            shell_append(given->options, sizeof given->options, options[i].value);
        }
    size_t used = strlen(given->options);
    if (names->expect_limit > 0 && used < sizeof given->options)
        snprintf(given->options + used, sizeof given->options - used, " --expect-limit %.17g",
                 names->expect_limit);
}

int given_open(const struct given_names *names, struct given *given, struct mla_error *error)
{
    *given = (struct given){0};
    int code = checkpoint_load(names->checkpoint, names->layer, &given->checkpoint, error);
    if (code)
        return code;
    note_options(names, given);
    if (names->input)
        code = read_input(names->input, given, error);
    if (!code && names->expect)
        code = read_expected(names->expect, given, error);
    given->expect_limit =
        names->expect_limit > 0 ? names->expect_limit : given_limit(given->expect_type);
    if (code)
        given_close(given);
    return code;
}

void given_close(struct given *given)
{
    buffer_destroy(&given->x);
    buffer_destroy(&given->expect);
    checkpoint_free(&given->checkpoint);
}

void given_hidden(const struct given *given, uint64_t seed, int64_t first, int64_t tokens, float *x)
{
    const struct model *model = &given->checkpoint.model;
    int64_t width = model->hidden_size;
    if (given->tokens == 0)
        hidden_states(model, seed, first, tokens, x);
    else
        memcpy(x, (const float *)given->x.data + first * width,
               sizeof *x * (size_t)(tokens * width));
}
