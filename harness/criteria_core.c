/* SPDX-License-Identifier: MIT */
#include "harness/criteria_core.h"

#include "harness/criteria_core_run.h"
#include "harness/random.h"
#include "reference/reference.h"

#include <math.h>
#include <stdlib.h>

enum { WIDTH = CORE_LATENT + CORE_ROPE };
enum { STREAM_Q = 1, STREAM_ROWS, STREAM_SINKS };

int64_t core_weights_count(int32_t heads)
{
    return (int64_t)heads * 2 * CORE_LATENT * CORE_LATENT;
}

void core_weights(int32_t heads, float *wkv_b)
{
    for (int64_t row = 0; row < (int64_t)heads * 2 * CORE_LATENT; row++)
        wkv_b[row * CORE_LATENT + row % CORE_LATENT] = 1;
}

int core_create(const struct criterion *criterion, const struct core_case *c, const float *wkv_b,
                uint64_t seed, struct core *core, struct mla_error *error)
{
    *core = (struct core){.criterion = criterion,
                          .c = c,
                          .wkv_b = wkv_b,
                          .seed = seed,
                          .tokens = c->batch * c->tokens};
    for (int32_t i = 0; i < c->batch; i++) {
        core->first_row[i] = core->rows;
        core->rows += c->lengths[i];
    }
    size_t heads = (size_t)c->heads, queries = (size_t)core->tokens * heads;
    const struct {
        struct buffer *buffer;
        size_t floats;
        const char *what;
    } wanted[] = {
        {&core->q, queries * WIDTH, "a test's queries"},
        {&core->latent, (size_t)core->rows * WIDTH, "a test's rows"},
        {&core->sinks, c->sinks ? heads : 0, "a test's sinks"},
        {&core->o, queries * CORE_LATENT, "a test's outputs"},
        {&core->lse, queries, "a test's log-sum-exps"},
    };
    int code = 0;
    for (size_t i = 0; i < sizeof wanted / sizeof wanted[0] && !code; i++)
        code = buffer_create(wanted[i].buffer, BUFFER_SHARED, sizeof(float) * wanted[i].floats,
                             wanted[i].what, error);
    if (code)
        core_destroy(core);
    return code;
}

void core_destroy(struct core *core)
{
    struct buffer *buffers[] = {&core->q, &core->latent, &core->sinks, &core->o, &core->lse};
    for (size_t i = 0; i < sizeof buffers / sizeof buffers[0]; i++)
        buffer_destroy(buffers[i]);
}

static int64_t floats(const struct buffer *buffer)
{
    return (int64_t)(buffer->size / sizeof(float));
}

static void draw(struct core *core, int threads)
{
    const struct criterion *criterion = core->criterion;
    const double largest_sink = 10;
    float *q = core->q.data, *sinks = core->sinks.data;
    values_fill(criterion->q, core->c->q_dtype, core->seed, STREAM_Q, floats(&core->q), q, threads);
    for (int64_t i = 0; i < floats(&core->q) && criterion->q_rope_zero; i++)
        if (i % WIDTH >= CORE_LATENT)
            q[i] = 0;
    values_fill(criterion->rows, core->c->kv_dtype, core->seed, STREAM_ROWS, floats(&core->latent),
                core->latent.data, threads);
    values_fill(SYMMETRIC, DTYPE_FP32, core->seed, STREAM_SINKS, floats(&core->sinks), sinks,
                threads);
    for (int64_t i = 0; i < floats(&core->sinks); i++)
        sinks[i] = (float)(sinks[i] * largest_sink);
}

/* One query in double: q, sinks, o and lse side by side. */
struct query {
    double *q, *sinks, *o, *lse;
};

static int compute(struct core *core, int32_t seq, int64_t token, const struct query *x,
                   int threads)
{
    const struct core_case *c = core->c;
    struct mla_problem problem = core_run_problem(core);
    struct mla_seq s = core_run_seq(core, seq);
    int64_t index = s.token + token, heads = c->heads;
    const float *q = (const float *)core->q.data + index * heads * WIDTH;
    for (int64_t i = 0; i < heads * WIDTH; i++)
        x->q[i] = q[i];
    for (int64_t i = 0; i < floats(&core->sinks); i++)
        x->sinks[i] = ((const float *)core->sinks.data)[i];
    struct ref_dims dims = {.heads = c->heads,
                            .heads_kv = c->heads,
                            .qk_nope_head_dim = CORE_LATENT,
                            .qk_rope_head_dim = CORE_ROPE,
                            .v_head_dim = CORE_LATENT,
                            .kv_lora_rank = CORE_LATENT,
                            .scale = problem.scale};
    struct ref_rows rows = {.f32 = (const float *)core->latent.data + core->first_row[seq] * WIDTH,
                            .count = mla_keys(&problem, &s, token)};
    struct ref_output out = {.o = x->o, .lse = x->lse};
    int status = ref_attend_latent(REF_ABSORBED, &dims, core->wkv_b, x->q, &rows,
                                   c->sinks ? x->sinks : NULL, &out, threads);
    float *o = (float *)core->o.data + index * heads * CORE_LATENT;
    for (int64_t i = 0; i < heads * CORE_LATENT && status == 0; i++)
        o[i] = (float)dtype_round(c->o_dtype, x->o[i]);
    for (int64_t i = 0; i < heads && status == 0; i++)
        ((float *)core->lse.data)[index * heads + i] =
            (float)(x->lse[i] * core->criterion->lse_factor);
    return status;
}

int core_prepare(struct core *core, int threads, struct mla_error *error)
{
    size_t heads = (size_t)core->c->heads;
    double *memory = malloc(sizeof *memory * heads * (WIDTH + CORE_LATENT + 2));
    if (!memory)
        return mla_fail(error, MLA_MACHINE, "no memory for a reference of %zu heads", heads);
    struct query x = {.q = memory,
                      .o = memory + heads * WIDTH,
                      .sinks = memory + heads * (WIDTH + CORE_LATENT),
                      .lse = memory + heads * (WIDTH + CORE_LATENT + 1)};
    int status = 0;
    draw(core, threads);
    for (int32_t seq = 0; seq < core->c->batch; seq++)
        for (int64_t token = 0; token < core->c->tokens && status == 0; token++)
            status = compute(core, seq, token, &x, threads);
    free(memory);
    return status ? mla_fail(error, MLA_MACHINE, "no memory for a test's reference") : 0;
}

void core_compare(const struct core *core, float *o, float *lse, struct finding *finding)
{
    const struct criterion *criterion = core->criterion;
    const struct core_case *c = core->c;
    struct acceptance acceptance;
    dtype_round_all(c->o_dtype, floats(&core->o), o);
    criterion->accept(floats(&core->o), o, core->o.data, &c->o, &acceptance);
    finding_take(finding, c->name, "o", &acceptance);
    if (!criterion->compares_lse)
        return;
    for (int64_t i = 0; i < floats(&core->lse); i++)
        lse[i] = (float)(lse[i] * criterion->lse_factor);
    criterion->accept(floats(&core->lse), lse, core->lse.data, &c->lse, &acceptance);
    finding_take(finding, c->name, "lse", &acceptance);
}

int core_judge(const struct core *core, const struct mla_kernel *kernel, int threads,
               struct finding *finding, struct mla_error *error)
{
    struct core_run run = {.core = core, .kernel = kernel, .threads = threads, .finding = finding};
    int code = core_run_place(&run, error);
    if (!code && run.placed)
        code = core_run_allocate(&run, error);
    if (!code && run.placed && core_run_kernel(&run))
        core_compare(core, run.o.data, run.lse.data, finding);
    core_run_release(&run);
    return code;
}
