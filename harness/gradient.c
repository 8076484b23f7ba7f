/* SPDX-License-Identifier: MIT */
#include "harness/gradient.h"

#include "harness/random.h"

#include <errno.h>
#include <string.h>

static bool has_backward(const struct mla_kernel *kernel, const struct mla_problem *problem)
{
    struct mla_memory memory = {0};
    struct mla_gradient nothing = {.threads = 1};
    return kernel->backward(problem, &memory, &nothing) != -ENOTSUP;
}

bool gradient_applies(const struct inputs *inputs, const struct mla_kernel *kernel,
                      const char **why)
{
    *why = NULL;
    if (!kernel->backward)
        *why = "the kernel has no backward";
    else if (inputs->listed)
        *why = "backward takes no lists of keys";
    else if (input_kind_arranged(inputs->kind))
        *why = "the inputs are arranged";
    else if (!has_backward(kernel, &inputs->problem))
        *why = "the kernel has no backward for this layer";
    return *why == NULL;
}

static int failed(const char *verb, int status, struct mla_error *error)
{
    if (status == 0)
        return 0;
    return mla_fail(error, MLA_FAILED, "%s returned %d (%s)", verb, status, strerror(-status));
}

static int allocate(struct gradient *g, struct mla_error *error)
{
    const struct mla_problem *p = &g->trial.placed.problem;
    const struct mla_kernel *kernel = g->trial.kernel;
    size_t workspace = 0;
    if (kernel->backward_workspace &&
        failed("backward_workspace", kernel->backward_workspace(p, &workspace), error))
        return MLA_FAILED;
    const struct {
        struct buffer *buffer;
        size_t size;
        const char *what;
        uint32_t poison;
    } wanted[] = {
        {&g->grad_o, g->trial.o.size, "the gradient of o", 0},
        {&g->grad_q, g->trial.q.size, "the gradient of q", g->trial.way.poison},
        {&g->grad_rows, sizeof(float) * (size_t)(p->slots * g->trial.inputs->width),
         "the gradient of the rows", POISON_NAN},
        {&g->grad_wkv_b, g->trial.wkv_b.size, "the gradient of Wkv_b", 0},
        {&g->workspace, workspace, "the workspace of backward", g->trial.way.poison},
    };
    for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++) {
        int code = buffer_create(wanted[i].buffer, g->trial.way.memory, wanted[i].size,
                                 wanted[i].what, error);
        if (code)
            return code;
        buffer_poison(wanted[i].buffer, wanted[i].poison);
    }
    return 0;
}

static void fill(int64_t count, float *values)
{
    for (int64_t i = 0; i < count; i++)
        values[i] = GRADIENT_ALREADY;
}

/* Keys of a sequence that any of its queries attends, from kv_begin on. */
static int64_t attended(const struct gradient *g, const struct mla_seq *seq)
{
    return seq->tokens > 0 ? mla_keys(&g->trial.placed.problem, seq, seq->tokens - 1) : 0;
}

static void prepare(struct gradient *g)
{
    const struct mla_problem *p = &g->trial.placed.problem;
    int64_t width = g->trial.inputs->width;
    random_normal(g->trial.inputs->seed, RANDOM_GRADIENT, 0,
                  (int64_t)(g->grad_o.size / sizeof(float)), 1, g->grad_o.data);
    fill((int64_t)(g->grad_wkv_b.size / sizeof(float)), g->grad_wkv_b.data);
    for (int32_t i = 0; i < g->trial.inputs->workload.batch; i++) {
        const struct mla_seq *seq = &g->trial.seqs[i];
        for (int64_t j = 0; j < attended(g, seq); j++)
            fill(width, (float *)g->grad_rows.data + mla_slot(p, seq, seq->kv_begin + j) * width);
    }
    const struct buffer *read[] = {&g->trial.q, &g->trial.o, &g->trial.lse, &g->grad_o};
    for (size_t i = 0; i < sizeof read / sizeof read[0]; i++)
        buffer_read_only((struct buffer *)read[i]);
}

static int check_margins(const struct gradient *g, struct mla_error *error)
{
    const struct buffer *buffers[] = {&g->grad_o, &g->grad_q, &g->grad_rows, &g->grad_wkv_b,
                                      &g->workspace};
    for (size_t i = 0; i < sizeof buffers / sizeof buffers[0]; i++)
        if (!buffer_intact(buffers[i]))
            return mla_fail(error, MLA_FAILED, "wrote just outside of %s (%zu bytes)",
                            buffers[i]->what, buffers[i]->size);
    return trial_check_margins(&g->trial, error);
}

int gradient_run(const struct inputs *inputs, const struct mla_kernel *kernel,
                 const struct trial_way *way, struct gradient *g, struct mla_error *error)
{
    *g = (struct gradient){0};
    int code = trial_run(inputs, kernel, way, &g->trial, error);
    if (!code)
        code = allocate(g, error);
    if (code)
        return code;
    prepare(g);
    struct mla_gradient call = {.seqs = g->trial.seqs,
                                .batch = inputs->workload.batch,
                                .threads = way->threads,
                                .q = g->trial.q.data,
                                .o = g->trial.o.data,
                                .lse = g->trial.lse.data,
                                .grad_o = g->grad_o.data,
                                .grad_q = g->grad_q.data,
                                .grad_rows = g->grad_rows.data,
                                .grad_wkv_b = g->grad_wkv_b.data,
                                .workspace = g->workspace.data};
    code = failed("backward", kernel->backward(&g->trial.placed.problem, &g->trial.memory, &call),
                  error);
    return code ? code : check_margins(g, error);
}

void gradient_destroy(struct gradient *g)
{
    struct buffer *buffers[] = {&g->grad_o, &g->grad_q, &g->grad_rows, &g->grad_wkv_b,
                                &g->workspace};
    for (size_t i = 0; i < sizeof buffers / sizeof buffers[0]; i++)
        buffer_destroy(buffers[i]);
    trial_destroy(&g->trial);
}

static bool same_bits(const struct buffer *a, const struct buffer *b)
{
    return a->size == b->size && (a->size == 0 || memcmp(a->data, b->data, a->size) == 0);
}

bool gradient_same(const struct gradient *a, const struct gradient *b)
{
    return same_bits(&a->grad_q, &b->grad_q) && same_bits(&a->grad_rows, &b->grad_rows) &&
           same_bits(&a->grad_wkv_b, &b->grad_wkv_b);
}
