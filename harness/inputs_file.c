/* SPDX-License-Identifier: MIT */
#include "harness/inputs_file.h"

#include "harness/npy.h"

#include <math.h>
#include <stdlib.h>

static const char top_k_file[] = "top_k.npy", o_file[] = "o_expected.npy",
                  lse_file[] = "lse_expected.npy";

const char *const inputs_files[] = {"q.npy",     "rows.npy", "wkv_b.npy", top_k_file,
                                    "sinks.npy", o_file,     lse_file,    NULL};

/* One array and its file. */
struct part {
    const char *name;
    const struct buffer *buffer;
    struct npy_array array;
};

enum { PARTS_MAX = 5 };

/* Those that the inputs have; returns how many. */
static int list_parts(const struct inputs *inputs, struct part parts[PARTS_MAX])
{
    const struct mla_problem *p = &inputs->problem;
    int64_t tokens = inputs->workload.tokens, rows = inputs->workload.rows;
    int64_t qk = p->qk_nope_head_dim + p->qk_rope_head_dim;
    const struct part all[PARTS_MAX] = {
        {"q.npy", &inputs->q, {NPY_FLOAT32, 3, {tokens, p->heads, qk}}},
        {"rows.npy", &inputs->rows, {NPY_FLOAT32, 2, {rows, inputs->width}}},
        {"wkv_b.npy",
         &inputs->wkv_b,
         {NPY_FLOAT32, 3, {p->heads, p->qk_nope_head_dim + p->v_head_dim, p->kv_lora_rank}}},
        {top_k_file, &inputs->top_k, {NPY_INT32, 2, {tokens, inputs->listed}}},
        {"sinks.npy", &inputs->sinks, {NPY_FLOAT32, 1, {p->heads}}},
    };
    int count = 0;
    for (int i = 0; i < PARTS_MAX; i++) {
        if (all[i].buffer->size == 0)
            continue;
        parts[count] = all[i];
        if (all[i].buffer == &inputs->rows && p->kind == MLA_KV)
            parts[count].array =
                (struct npy_array){NPY_FLOAT32, 3, {rows, p->heads_kv, qk + p->v_head_dim}};
        count++;
    }
    return count;
}

int inputs_save(const struct inputs *inputs, const char *folder, struct mla_error *error)
{
    struct part parts[PARTS_MAX];
    int count = list_parts(inputs, parts), code = 0;
    for (int i = 0; i < count && !code; i++)
        code = npy_write(folder, parts[i].name, &parts[i].array, parts[i].buffer->data, error);
    return code;
}

/* Writes `width` numbers per token: the answers', or those of `unknown`. The queries are in the
 * tokens' order. */
static int save_answers(const struct inputs *inputs, const struct oracle *oracle,
                        const char *folder, bool lse, const double *unknown,
                        struct mla_error *error)
{
    const struct mla_problem *p = &inputs->problem;
    struct npy_array array = {
        NPY_FLOAT64, lse ? 2 : 3, {inputs->workload.tokens, p->heads, p->v_head_dim}};
    size_t bytes = sizeof(double) * (size_t)p->heads * (size_t)(lse ? 1 : p->v_head_dim);
    struct out_file out;
    int code = npy_open(&out, folder, lse ? lse_file : o_file, &array, error);
    if (code)
        return code;
    int64_t query = 0;
    for (int64_t token = 0; token < inputs->workload.tokens; token++) {
        const double *numbers = unknown;
        if (query < oracle->count) {
            const struct oracle_query *next = &oracle->queries[query];
            if (inputs->workload.seqs[next->seq].token + next->token == token) {
                struct oracle_answer a = oracle_answer(oracle, p, query++);
                numbers = lse ? a.lse : a.o;
            }
        }
        out_write(&out, numbers, bytes);
    }
    return out_close(&out, error);
}

int inputs_save_expected(const struct inputs *inputs, const struct oracle *oracle,
                         const char *folder, struct mla_error *error)
{
    size_t most = (size_t)inputs->problem.heads * (size_t)inputs->problem.v_head_dim;
    double *unknown = malloc(sizeof *unknown * most);
    if (!unknown)
        return mla_fail(error, MLA_MACHINE, "no memory for the expected outputs");
    for (size_t i = 0; i < most; i++)
        unknown[i] = NAN;
    int code = save_answers(inputs, oracle, folder, false, unknown, error);
    if (!code)
        code = save_answers(inputs, oracle, folder, true, unknown, error);
    free(unknown);
    return code;
}

static int check_positions(const struct inputs *inputs, const char *folder, struct mla_error *error)
{
    const int32_t *list = inputs->top_k.data;
    for (int32_t i = 0; i < inputs->workload.batch; i++) {
        const struct mla_seq *seq = &inputs->workload.seqs[i];
        for (int64_t t = seq->token; t < seq->token + seq->tokens; t++)
            for (int32_t k = 0; k < inputs->listed; k++) {
                int32_t position = list[t * inputs->listed + k];
                if (position < -1 || position >= seq->kv_end)
                    return mla_fail(error, MLA_BAD_INPUT,
                                    "%.600s/%s: [%lld][%d] is %d, accepted: -1 or a position from "
                                    "0 to %lld of its sequence",
                                    folder, top_k_file, (long long)t, k, position,
                                    (long long)seq->kv_end - 1);
            }
    }
    return 0;
}

int inputs_load(struct inputs *inputs, const char *folder, struct mla_error *error)
{
    struct part parts[PARTS_MAX];
    int count = list_parts(inputs, parts), code = 0;
    for (int i = 0; i < count && !code; i++)
        code = npy_read(folder, parts[i].name, &parts[i].array, parts[i].buffer->data, error);
    if (!code && inputs->listed)
        code = check_positions(inputs, folder, error);
    return code;
}
