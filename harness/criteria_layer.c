/* SPDX-License-Identifier: MIT */
#include "harness/criteria_layer.h"

#include "harness/layer.h"
#include "harness/problem.h"
#include "harness/weights.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int layer_exam_create(const struct criterion *criterion, const struct layer_case *c,
                      const char *configs, uint64_t seed, struct layer_exam *exam,
                      struct mla_error *error)
{
    *exam = (struct layer_exam){.criterion = criterion, .tokens = c->tokens, .seed = seed};
    int code = model_find(configs, c->model, &exam->model, error);
    if (code)
        return code;
    size_t floats = (size_t)c->tokens * (size_t)exam->model.output_size;
    return buffer_create(&exam->y, BUFFER_SHARED, sizeof(float) * floats, "a layer's outputs",
                         error);
}

void layer_exam_destroy(struct layer_exam *exam)
{
    buffer_destroy(&exam->y);
}

/* x, rows and y of the reference's layer, in `memory`, large enough for them. */
static int reference(struct layer_exam *exam, const struct ref_layer_dims *dims,
                     const struct ref_layer_weights *weights, double *memory, int threads)
{
    int64_t inputs = exam->tokens * dims->hidden_size, outputs = exam->tokens * dims->output_size;
    double *x = memory, *y = x + inputs, *rows = y + outputs;
    float *given = (float *)rows; /* for as long as the rows are not computed */
    hidden_states(&exam->model, exam->seed, 0, exam->tokens, given);
    for (int64_t i = 0; i < inputs; i++)
        x[i] = given[i];
    int status = ref_layer(dims, weights, 0, exam->tokens, x, rows, y, REF_ABSORBED, threads);
    for (int64_t i = 0; i < outputs && status == 0; i++)
        ((float *)exam->y.data)[i] = (float)dtype_round(DTYPE_BF16, y[i]);
    return status;
}

int layer_exam_prepare(struct layer_exam *exam, int threads, struct mla_error *error)
{
    struct ref_layer_dims dims;
    struct layer_weights weights;
    model_ref_layer_dims(&exam->model, &dims);
    int code = weights_create(&exam->model, exam->seed, threads, &weights, error);
    if (code)
        return code;
    int64_t width = ref_layer_row_width(&dims);
    int64_t widest = width > dims.hidden_size ? width : dims.hidden_size;
    size_t doubles = (size_t)(exam->tokens * (dims.hidden_size + dims.output_size + widest));
    double *memory = malloc(sizeof *memory * doubles);
    int status = memory ? reference(exam, &dims, &weights.named, memory, threads) : -1;
    free(memory);
    weights_destroy(&weights);
    return status ? mla_fail(error, MLA_MACHINE, "no memory for the reference's layer of %s",
                             exam->model.name)
                  : 0;
}

/* As an ordinary allocator may give it: layer_create fills with NaN. */
static void clear(struct buffer *buffer)
{
    if (buffer->size)
        memset(buffer->data, 0, buffer->size);
}

/* All tokens in one call, with slots to spare after them. */
static int forward(const struct layer_exam *exam, const struct ref_layer_weights *weights,
                   const struct mla_kernel *kernel, const float *x, float *y, int threads,
                   struct mla_error *error)
{
    enum { SPARE = 64 };
    struct layer layer;
    struct layer_limits limits = {
        .tokens = exam->tokens, .keys = exam->tokens + SPARE, .batch = 1, .threads = threads};
    struct mla_seq seq = {.tokens = exam->tokens, .kv_end = exam->tokens};
    int code = layer_create(&exam->model, weights, kernel, MLA_FP32, &limits, &layer, error);
    if (code)
        return code;
    clear(&layer.cache);
    clear(&layer.workspace);
    clear(&layer.activations);
    code = layer_forward(&layer, &seq, 1, x, y, threads, error);
    layer_destroy(&layer);
    return code;
}

static int run(const struct layer_exam *exam, const struct ref_layer_weights *weights,
               const struct mla_kernel *kernel, int threads, struct finding *finding,
               struct mla_error *error)
{
    const struct criterion *criterion = exam->criterion;
    int64_t outputs = (int64_t)(exam->y.size / sizeof(float));
    size_t inputs = (size_t)exam->tokens * (size_t)exam->model.hidden_size;
    float *x = calloc(inputs + (size_t)outputs, sizeof *x);
    if (!x)
        return mla_fail(error, MLA_MACHINE, "no memory for a layer's inputs");
    float *y = x + inputs;
    hidden_states(&exam->model, exam->seed, 0, exam->tokens, x);
    int code = forward(exam, weights, kernel, x, y, threads, error);
    if (code == 0) {
        struct acceptance acceptance;
        criterion->accept(outputs, y, exam->y.data, &criterion->layer_tolerance, &acceptance);
        finding_take(finding, exam->model.name, "y", &acceptance);
    }
    free(x);
    return code;
}

int layer_exam_judge(const struct layer_exam *exam, const struct mla_kernel *kernel, int threads,
                     struct finding *finding, struct mla_error *error)
{
    struct layer_weights weights;
    int code = weights_create(&exam->model, exam->seed, threads, &weights, error);
    if (code)
        return code;
    code = run(exam, &weights.named, kernel, threads, finding, error);
    weights_destroy(&weights);
    if (code == MLA_FAILED) {
        finding->figure = INFINITY;
        finding_notice(finding, exam->model.name, "%s", error->message);
        code = 0;
    } else if (code == MLA_BAD_INPUT) {
        if (finding->kind == NOT_RUN)
            snprintf(finding->reason, sizeof finding->reason, "%.500s", error->message);
        code = 0;
    }
    return code;
}
