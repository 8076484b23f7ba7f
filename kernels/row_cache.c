/* SPDX-License-Identifier: MIT */
#include "kernels/row_cache.h"
#include "kernels/shape.h"

#include <errno.h>
#include <string.h>

bool row_cache_supports(const struct mla_problem *problem, const char **why)
{
    *why = "unknown cache format; fp32, bf16, fp16, fp8 and int8 are known";
    return (uint32_t)problem->format <= MLA_INT8;
}

int row_cache_bytes(const struct mla_problem *problem, const struct row_layout *layout,
                    struct mla_plan *plan)
{
    int64_t size, payload;
    if (__builtin_mul_overflow(problem->slots, layout->row_bytes, &size) ||
        __builtin_mul_overflow(problem->slots, layout->payload_bytes, &payload))
        return -EOVERFLOW;
    plan->cache_payload = (size_t)payload;
    plan->cache_padding = (size_t)(size - payload);
    return 0;
}

const void *row_cache_at(const struct row_layout *layout, const void *cache, int64_t slot,
                         int64_t group)
{
    return (const char *)cache + slot * layout->row_bytes + layout_group(layout, group);
}

/* The same, to be written. */
static char *place_of(const struct row_layout *layout, void *cache, int64_t slot, int64_t group)
{
    return (char *)cache + slot * layout->row_bytes + layout_group(layout, group);
}

void row_cache_write_part(const struct row_layout *layout, void *cache, int64_t slot, int64_t group,
                          int part, const float *values)
{
    part_encode(&layout->part[part], values, place_of(layout, cache, slot, group));
}

/* Where values stand side by side, a group is one part. */
static struct row_part whole_group(const struct row_layout *layout)
{
    struct row_part whole = layout->part[0];
    whole.columns = layout->columns;
    return whole;
}

void row_cache_write(const struct row_layout *layout, void *cache, int64_t slot, int64_t group,
                     const float *values)
{
    if (layout_is_plain(layout)) {
        struct row_part whole = whole_group(layout);
        part_encode(&whole, values, place_of(layout, cache, slot, group));
        return;
    }
    for (int i = 0; i < layout->parts; i++)
        row_cache_write_part(layout, cache, slot, group, i, values + layout->part[i].first);
}

void row_cache_read(const struct row_layout *layout, const void *cache, int64_t slot, int64_t group,
                    float *values)
{
    const char *at = row_cache_at(layout, cache, slot, group);
    if (layout_is_plain(layout)) {
        struct row_part whole = whole_group(layout);
        part_decode(&whole, at, values);
        return;
    }
    for (int i = 0; i < layout->parts; i++)
        part_decode(&layout->part[i], at, values + layout->part[i].first);
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

struct rows row_cache_rows(const struct row_layout *layout, const void *cache, int64_t group,
                           int32_t count, const int64_t *slots, bool strided, const float **list,
                           float *gathered)
{
    bool readable = layout->format == MLA_FP32;
    int64_t width = layout->row_bytes / (int64_t)sizeof(float);
    int64_t step = readable ? even_step(width, count, slots) : 0;
    if (step > 0)
        return rows_strided(row_cache_at(layout, cache, slots[0], group), step * width);
    if (strided || !readable) {
        for (int32_t j = 0; j < count; j++)
            row_cache_read(layout, cache, slots[j], group, gathered + (int64_t)j * layout->columns);
        return rows_strided(gathered, layout->columns);
    }
    for (int32_t j = 0; j < count; j++)
        list[j] = row_cache_at(layout, cache, slots[j], group);
    return (struct rows){.list = list};
}

int64_t row_cache_gathered(const struct row_layout *layout, int32_t count, bool strided)
{
    return strided || layout->format != MLA_FP32 ? (int64_t)layout->columns * count : 0;
}

/* Of rows as they come. */
static struct row_layout own_layout(const struct mla_problem *problem)
{
    return problem->kind == MLA_LATENT ? latent_layout(problem) : expanded_layout(problem);
}

int row_cache_store(const struct mla_problem *problem, const struct mla_memory *memory,
                    const struct mla_seq *seq, int64_t position, int64_t count, const float *rows,
                    int32_t threads)
{
    enum {
        WORTH_A_TEAM = 65536
    }; /* elements: a decode step's row is copied before a team is awake */
    struct row_layout layout = own_layout(problem);
    int64_t width = row_width(problem);
#pragma omp parallel for num_threads(threads) if (count * width >= WORTH_A_TEAM)
    for (int64_t i = 0; i < count; i++)
        for (int64_t group = 0; group < layout.groups; group++)
            row_cache_write(&layout, memory->cache, mla_slot(problem, seq, position + i), group,
                            rows + i * width + group * layout.columns);
    return 0;
}

int row_cache_load_rows(const struct mla_problem *problem, const struct row_layout *layout,
                        const void *cache, const struct mla_seq *seq, int64_t position,
                        int64_t count, float *rows)
{
    for (int64_t i = 0; i < count; i++)
        for (int64_t group = 0; group < layout->groups; group++, rows += layout->columns)
            row_cache_read(layout, cache, mla_slot(problem, seq, position + i), group, rows);
    return 0;
}

int row_cache_load(const struct mla_problem *problem, const struct mla_memory *memory,
                   const struct mla_seq *seq, int64_t position, int64_t count, float *rows)
{
    struct row_layout layout = own_layout(problem);
    return row_cache_load_rows(problem, &layout, memory->cache, seq, position, count, rows);
}

int row_cache_copy_rows(const struct mla_problem *problem, const struct row_layout *layout,
                        void *cache, int32_t from, int32_t to)
{
    if (problem->page_size <= 0)
        return -EINVAL;
    if (from != to)
        memcpy(place_of(layout, cache, to * problem->page_size, 0),
               row_cache_at(layout, cache, from * problem->page_size, 0),
               (size_t)(problem->page_size * layout->row_bytes));
    return 0;
}

int row_cache_copy_page(const struct mla_problem *problem, const struct mla_memory *memory,
                        int32_t from, int32_t to)
{
    struct row_layout layout = own_layout(problem);
    return row_cache_copy_rows(problem, &layout, memory->cache, from, to);
}
