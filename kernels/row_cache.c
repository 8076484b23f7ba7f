/* SPDX-License-Identifier: MIT */
#include "kernels/row_cache.h"
#include "kernels/bf16.h"
#include "kernels/shape.h"

#include <errno.h>
#include <string.h>

static const char *const refusals[] = {
    [MLA_FP32] = NULL,
    [MLA_BF16] = NULL,
    [MLA_FP16] = "cache format fp16 is not implemented; fp32 and bf16 are",
    [MLA_FP8] = "cache format fp8 is not implemented; fp32 and bf16 are",
    [MLA_INT8] = "cache format int8 is not implemented; fp32 and bf16 are",
};

bool row_cache_supports(const struct mla_problem *problem, const char **why)
{
    uint32_t format = problem->format;
    *why = format < sizeof refusals / sizeof refusals[0]
               ? refusals[format]
               : "unknown cache format; fp32 and bf16 are known";
    return *why == NULL;
}

int64_t row_cache_value_bytes(const struct mla_problem *problem)
{
    return problem->format == MLA_BF16 ? 2 : 4;
}

const void *row_cache_at(const struct mla_problem *problem, const void *cache, int64_t width,
                         int64_t slot, int64_t column)
{
    return (const char *)cache + (slot * width + column) * row_cache_value_bytes(problem);
}

/* The same, to be written. */
static void *place_of(const struct mla_problem *problem, void *cache, int64_t width, int64_t slot,
                      int64_t column)
{
    return (char *)cache + (slot * width + column) * row_cache_value_bytes(problem);
}

int row_cache_bytes(const struct mla_problem *problem, int64_t width, size_t *bytes)
{
    int64_t size;
    if (__builtin_mul_overflow(problem->slots, width, &size) ||
        __builtin_mul_overflow(size, row_cache_value_bytes(problem), &size))
        return -EOVERFLOW;
    *bytes = (size_t)size;
    return 0;
}

void row_cache_write(const struct mla_problem *problem, void *cache, int64_t width, int64_t slot,
                     int64_t column, int64_t columns, const float *values)
{
    void *place = place_of(problem, cache, width, slot, column);
    if (problem->format == MLA_BF16)
        bf16_encode(columns, values, place);
    else
        memcpy(place, values, (size_t)columns * sizeof(float));
}

void row_cache_read(const struct mla_problem *problem, const void *cache, int64_t width,
                    int64_t slot, int64_t column, int64_t columns, float *values)
{
    const void *place = row_cache_at(problem, cache, width, slot, column);
    if (problem->format == MLA_BF16)
        bf16_decode(columns, place, values);
    else
        memcpy(values, place, (size_t)columns * sizeof(float));
}

/* The slots from one to the next, or 0 if that varies or the rows are too far apart for the int of
 * CBLAS. */
static int64_t even_step(int64_t width, int32_t count, const int64_t *slots)
{
    int64_t step = count > 1 ? slots[1] - slots[0] : 1;
    for (int32_t j = 1; j < count; j++)
        if (slots[j] - slots[j - 1] != step)
            return 0;
    return step > 0 && step * width <= INT32_MAX ? step : 0;
}

struct rows row_cache_rows(const struct mla_problem *problem, const void *cache, int64_t width,
                           int64_t column, int64_t columns, int32_t count, const int64_t *slots,
                           bool strided, const float **list, float *gathered)
{
    bool readable = problem->format == MLA_FP32;
    int64_t step = readable ? even_step(width, count, slots) : 0;
    if (step > 0)
        return rows_strided(row_cache_at(problem, cache, width, slots[0], column), step * width);
    if (strided || !readable) {
        for (int32_t j = 0; j < count; j++)
            row_cache_read(problem, cache, width, slots[j], column, columns,
                           gathered + j * columns);
        return rows_strided(gathered, columns);
    }
    for (int32_t j = 0; j < count; j++)
        list[j] = row_cache_at(problem, cache, width, slots[j], column);
    return (struct rows){.list = list};
}

int64_t row_cache_gathered(const struct mla_problem *problem, int64_t columns, int32_t count,
                           bool strided)
{
    return strided || problem->format != MLA_FP32 ? columns * count : 0;
}

int row_cache_store(const struct mla_problem *problem, const struct mla_memory *memory,
                    const struct mla_seq *seq, int64_t position, int64_t count, const float *rows,
                    int32_t threads)
{
    enum {
        WORTH_A_TEAM = 65536
    }; /* elements: a decode step's row is copied before a team is awake */
    int64_t width = row_width(problem);
#pragma omp parallel for num_threads(threads) if (count * width >= WORTH_A_TEAM)
    for (int64_t i = 0; i < count; i++)
        row_cache_write(problem, memory->cache, width, mla_slot(problem, seq, position + i), 0,
                        width, rows + i * width);
    return 0;
}

int row_cache_load_rows(const struct mla_problem *problem, const void *cache, int64_t width,
                        const struct mla_seq *seq, int64_t position, int64_t count, float *rows)
{
    for (int64_t i = 0; i < count; i++)
        row_cache_read(problem, cache, width, mla_slot(problem, seq, position + i), 0, width,
                       rows + i * width);
    return 0;
}

int row_cache_load(const struct mla_problem *problem, const struct mla_memory *memory,
                   const struct mla_seq *seq, int64_t position, int64_t count, float *rows)
{
    return row_cache_load_rows(problem, memory->cache, row_width(problem), seq, position, count,
                               rows);
}

int row_cache_copy_rows(const struct mla_problem *problem, void *cache, int64_t width, int32_t from,
                        int32_t to)
{
    if (problem->page_size <= 0)
        return -EINVAL;
    if (from != to)
        memcpy(place_of(problem, cache, width, to * problem->page_size, 0),
               row_cache_at(problem, cache, width, from * problem->page_size, 0),
               (size_t)(problem->page_size * width * row_cache_value_bytes(problem)));
    return 0;
}

int row_cache_copy_page(const struct mla_problem *problem, const struct mla_memory *memory,
                        int32_t from, int32_t to)
{
    return row_cache_copy_rows(problem, memory->cache, row_width(problem), from, to);
}
