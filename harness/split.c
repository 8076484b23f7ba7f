/* SPDX-License-Identifier: MIT */
#include "harness/split.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

static size_t rows_of(const struct mla_problem *p)
{
    return (size_t)p->max_tokens * (size_t)p->heads;
}

uint64_t split_bytes(int32_t parts, const struct mla_problem *problem)
{
    return sizeof(float) * (uint64_t)parts * rows_of(problem) * (uint64_t)(problem->v_head_dim + 1);
}

int split_create(int32_t parts, const struct mla_problem *problem, enum buffer_kind memory,
                 struct split *split, struct mla_error *error)
{
    *split = (struct split){.parts = parts, .batch = problem->max_batch};
    if (parts == 0)
        return 0;
    split->seqs = calloc((size_t)split->batch, sizeof *split->seqs);
    if (!split->seqs)
        return mla_fail(error, MLA_MACHINE, "no memory for %d sequences", split->batch);
    size_t rows = (size_t)parts * rows_of(problem);
    int code = buffer_create(&split->o, memory, sizeof(float) * rows * (size_t)problem->v_head_dim,
                             "the parts' outputs", error);
    return code ? code
                : buffer_create(&split->lse, memory, sizeof(float) * rows,
                                "the parts' log-sum-exps", error);
}

void split_destroy(struct split *split)
{
    free(split->seqs);
    buffer_destroy(&split->o);
    buffer_destroy(&split->lse);
    *split = (struct split){0};
}

void split_merge(int32_t parts, int32_t width, const float *o_parts, int64_t stride,
                 const float *lse_parts, int64_t lse_stride, float *o, float *lse)
{
    double weights[SPLIT_MOST], most = -INFINITY, sum = 0;
    for (int32_t i = 0; i < parts && !isnan(most); i++) /* NaN is the most of all */
        if (!(lse_parts[i * lse_stride] <= most))
            most = lse_parts[i * lse_stride];
    bool keys = most != -INFINITY;
    for (int32_t i = 0; i < parts; i++) {
        weights[i] = keys ? exp(lse_parts[i * lse_stride] - most) : 0;
        sum += weights[i];
    }
    *lse = keys ? (float)(most + log(sum)) : -INFINITY;
    for (int32_t x = 0; x < width; x++) {
        double value = 0;
        for (int32_t i = 0; i < parts; i++)
            value += weights[i] * o_parts[i * stride + x];
        o[x] = (float)(keys ? value / sum : value);
    }
}

/* Part i of each sequence's keys. */
static void take_part(const struct split *split, const struct mla_call *call, int32_t i)
{
    for (int32_t k = 0; k < call->batch; k++) {
        struct mla_seq *seq = &split->seqs[k];
        *seq = call->seqs[k];
        int64_t begin = seq->kv_begin, keys = seq->kv_end > begin ? seq->kv_end - begin : 0;
        seq->kv_begin = begin + keys * i / split->parts;
        seq->kv_end = begin + keys * (i + 1) / split->parts;
    }
}

static void merge_rows(const struct split *split, const struct mla_problem *p,
                       const struct mla_call *call)
{
    const float *o = split->o.data, *lse = split->lse.data;
    int64_t rows = (int64_t)rows_of(p), width = p->v_head_dim;
    for (int32_t k = 0; k < call->batch; k++) {
        int64_t first = call->seqs[k].token * p->heads, count = call->seqs[k].tokens * p->heads;
#pragma omp parallel for num_threads(call->threads)
        for (int64_t row = first; row < first + count; row++)
            split_merge(split->parts, p->v_head_dim, o + row * width, rows * width, lse + row, rows,
                        call->o + row * width, call->lse + row);
    }
}

int split_attend(const struct split *split, const struct mla_kernel *kernel,
                 const struct mla_problem *problem, const struct mla_memory *memory,
                 const struct mla_call *call)
{
    if (split->parts == 0)
        return kernel->attend(problem, memory, call);
    int status = 0;
    int64_t rows = (int64_t)rows_of(problem);
    for (int32_t i = 0; i < split->parts && status == 0; i++) {
        struct mla_call part = *call;
        take_part(split, call, i);
        part.seqs = split->seqs;
        part.o = (float *)split->o.data + i * rows * problem->v_head_dim;
        part.lse = (float *)split->lse.data + i * rows;
        part.sinks = i == 0 ? call->sinks : NULL;
        status = kernel->attend(problem, memory, &part);
    }
    if (status == 0)
        merge_rows(split, problem, call);
    return status;
}
