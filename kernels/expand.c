/* SPDX-License-Identifier: MIT */
#include "kernels/expand.h"
#include "kernels/call.h"
#include "kernels/row_cache.h"
#include "kernels/shape.h"

#include <errno.h>
#include <omp.h>
#include <string.h>

void expand_keys(const struct arithmetic *arithmetic, const struct mla_problem *problem,
                 int64_t head, int64_t count, const struct rows *latent, float *keys,
                 int64_t stride)
{
    int64_t nope = problem->qk_nope_head_dim, rank = problem->kv_lora_rank;
    struct rows weights = rows_strided(wuk(problem, head), rank);
    arithmetic->dots(count, nope, rank, 1.0f, row_at(latent, 0), latent->stride, &weights, keys,
                     stride);
    for (int64_t i = 0; i < count; i++)
        memcpy(keys + i * stride + nope, row_at(latent, i) + rank,
               (size_t)problem->qk_rope_head_dim * sizeof(float));
}

void expand_values(const struct arithmetic *arithmetic, const struct mla_problem *problem,
                   int64_t head, int64_t count, const struct rows *latent, float *values,
                   int64_t stride)
{
    int64_t rank = problem->kv_lora_rank;
    struct rows weights = rows_strided(wuv(problem, head), rank);
    arithmetic->dots(count, problem->v_head_dim, rank, 1.0f, row_at(latent, 0), latent->stride,
                     &weights, values, stride);
}

int64_t expand_workspace(const struct arithmetic *arithmetic, const struct mla_problem *problem)
{
    return problem->kind == MLA_LATENT ? arithmetic->block * expanded_layout(problem).columns : 0;
}

/* One head of some rows: expanded in `part`, then written. */
static void store_part(const struct arithmetic *arithmetic, const struct mla_problem *problem,
                       void *cache, const struct mla_seq *seq, int64_t position, int64_t head,
                       int64_t count, const float *rows, float *part)
{
    struct row_layout layout = expanded_layout(problem);
    struct rows latent = rows_strided(rows, latent_width(problem));
    expand_keys(arithmetic, problem, head, count, &latent, part, layout.columns);
    expand_values(arithmetic, problem, head, count, &latent, part + qk_head_dim(problem),
                  layout.columns);
    for (int64_t i = 0; i < count; i++)
        row_cache_write(&layout, cache, mla_slot(problem, seq, position + i), head,
                        part + i * layout.columns);
}

int expand_store(const struct arithmetic *arithmetic, const struct mla_problem *problem,
                 const struct mla_memory *memory, const struct mla_seq *seq, int64_t position,
                 int64_t count, const float *rows, int32_t threads)
{
    if (threads < 1 || threads > problem->max_threads)
        return -EINVAL;
    if (problem->kind == MLA_KV)
        return row_cache_store(problem, memory, seq, position, count, rows, threads);
    int64_t block = arithmetic->block, width = latent_width(problem);
    int64_t floats = thread_floats(expand_workspace(arithmetic, problem));
    int before = arithmetic->begin ? arithmetic->begin() : 0;
#pragma omp parallel num_threads(threads)
    {
        float *part = (float *)memory->workspace + omp_get_thread_num() * floats;
#pragma omp for collapse(2) schedule(dynamic)
        for (int64_t first = 0; first < count; first += block)
            for (int32_t head = 0; head < problem->heads; head++)
                store_part(arithmetic, problem, memory->cache, seq, position + first, head,
                           count - first < block ? count - first : block, rows + first * width,
                           part);
    }
    if (arithmetic->end)
        arithmetic->end(before);
    return 0;
}

int expanded_store(const struct mla_problem *problem, const struct mla_memory *memory,
                   const struct mla_seq *seq, int64_t position, int64_t count, const float *rows,
                   int32_t threads)
{
    return expand_store(&loops_arithmetic, problem, memory, seq, position, count, rows, threads);
}

int expanded_load(const struct mla_problem *problem, const struct mla_memory *memory,
                  const struct mla_seq *seq, int64_t position, int64_t count, float *rows)
{
    struct row_layout layout = expanded_layout(problem);
    return row_cache_load_rows(problem, &layout, memory->cache, seq, position, count, rows);
}

int expanded_copy_page(const struct mla_problem *problem, const struct mla_memory *memory,
                       int32_t from, int32_t to)
{
    struct row_layout layout = expanded_layout(problem);
    return row_cache_copy_rows(problem, &layout, memory->cache, from, to);
}
