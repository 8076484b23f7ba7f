/* SPDX-License-Identifier: MIT */
#include "kernels/vector/partials.h"
#include "kernels/call.h"

static int64_t levels_over(int64_t spans)
{
    int64_t levels = 1;
    while (spans > 1) {
        spans = (spans + 1) / 2;
        levels++;
    }
    return levels;
}

/* Any run of spans falls into subtrees that grow and then shrink: at most two of each level. The
 * one that is just being added comes on top. */
int64_t partials_needed(int64_t keys, int64_t span)
{
    return 2 * levels_over((keys + span - 1) / span) + 1;
}

int64_t partials_bytes(const struct vector *vector)
{
    struct partials partials;
    partials_place(vector, NULL, &partials);
    return (int64_t)(intptr_t)partials.counts +
           whole_lines(vector->job_tiles * (int64_t)sizeof(int32_t));
}

void partials_place(const struct vector *vector, char *memory, struct partials *partials)
{
    int64_t tiles = vector->job_tiles * vector->partials;
    int64_t rows = tiles * SIMD_ROWS * (int64_t)sizeof(float);
    intptr_t at = (intptr_t)memory;
    partials->sums = (float *)at;
    at += whole_lines(rows * vector->value_floats);
    partials->max = (float *)at;
    at += whole_lines(rows);
    partials->sum = (float *)at;
    at += whole_lines(rows);
    partials->stacks = (struct partial *)at;
    at += whole_lines(tiles * (int64_t)sizeof(struct partial));
    partials->counts = (int32_t *)at;
}

void partials_clear(struct partials *partials, const struct job *job)
{
    for (int32_t t = 0; t < job->tiles; t++)
        partials->counts[t] = 0;
}

struct partial partials_next(const struct vector *vector, const struct partials *partials,
                             int32_t tile)
{
    int64_t row = (partials->counts[tile] * vector->job_tiles + tile) * SIMD_ROWS;
    return (struct partial){.sums = partials->sums + row * vector->value_floats,
                            .max = partials->max + row,
                            .sum = partials->sum + row};
}

/* The later of two neighbours joins the earlier, row by row; a row that attends no key of the later
 * stays as it is, to the bit. */
static void join(const struct vector *vector, const struct job *job, int32_t tile,
                 const struct partial *a, const struct partial *b)
{
    struct simd_tile to = {.sums = a->sums, .max = a->max, .sum = a->sum};
    struct simd_tile from = {.sums = b->sums, .max = b->max, .sum = b->sum};
    int64_t first = (b->index << b->level) * vector->span;
    for (int32_t i = 0; i < SIMD_ROWS; i++)
        if (job_keys(vector, job, tile * SIMD_ROWS + i) > first)
            vector->loops->merge(&to, &from, i, vector->value_chunks);
}

static bool siblings(const struct partial *a, const struct partial *b)
{
    return a->level == b->level && a->index % 2 == 0 && b->index == a->index + 1;
}

void partials_push(const struct vector *vector, const struct job *job, int32_t tile,
                   const struct partial *partial, struct partial *stack, int32_t *count)
{
    stack[(*count)++] = *partial;
    while (*count > 1 && siblings(&stack[*count - 2], &stack[*count - 1])) {
        struct partial *a = &stack[*count - 2];
        join(vector, job, tile, a, a + 1);
        a->level++;
        a->index /= 2;
        (*count)--;
    }
}

void partials_finish(const struct vector *vector, const struct job *job, int32_t tile,
                     struct partial *stack, int32_t *count)
{
    for (; *count > 1; (*count)--)
        join(vector, job, tile, &stack[*count - 2], &stack[*count - 1]);
}
