/* SPDX-License-Identifier: MIT */
#include "harness/placement.h"

#include "harness/random.h"

#include <stdlib.h>
#include <string.h>

enum { UNUSED_PAGES = 2 };

static int plan(const struct mla_kernel *kernel, struct placement *placement,
                struct mla_error *error)
{
    placement->plan = (struct mla_plan){0};
    int status = kernel->plan(&placement->problem, &placement->plan);
    if (status == 0 && placement->plan.slot_align < 1)
        return mla_fail(error, MLA_FAILED, "plan gives slot_align %ld: 1 or more is needed",
                        (long)placement->plan.slot_align);
    return status ? mla_fail(error, MLA_FAILED, "plan returned %d (%s)", status, strerror(-status))
                  : 0;
}

static int64_t pages_of(const struct placement *placement, int32_t seq)
{
    int64_t size = placement->problem.page_size;
    return (placement->seqs[seq].kv_end + size - 1) / size;
}

static int place_pages(const struct inputs *inputs, int64_t first_slot, struct placement *placement,
                       struct mla_error *error)
{
    int32_t batch = inputs->workload.batch;
    int64_t pages = UNUSED_PAGES, free_pages = first_slot / placement->problem.page_size;
    int64_t entries = 0, size = placement->problem.page_size;
    for (int32_t i = 0; i < batch; i++) {
        entries += pages_of(placement, i);
        pages += pages_of(placement, i) - workload_shared(&inputs->workload, i) / size;
    }
    /* The tables, then the pages in random order. */
    placement->table = malloc(sizeof *placement->table * (size_t)(entries + pages));
    if (!placement->table)
        return mla_fail(error, MLA_MACHINE, "no memory for the block tables");
    int32_t *next = placement->table, *unused = placement->table + entries;
    for (int64_t i = 0; i < pages; i++)
        unused[i] = (int32_t)(free_pages + i);
    random_shuffle(inputs->seed, RANDOM_PAGES, 0, unused, pages);
    for (int32_t i = 0; i < batch; i++) {
        int64_t shared = workload_shared(&inputs->workload, i) / size;
        placement->seqs[i].pages = next;
        for (int64_t k = 0; k < pages_of(placement, i); k++)
            *next++ = k < shared ? placement->seqs[0].pages[k] : *unused++;
    }
    placement->problem.slots = (free_pages + pages) * placement->problem.page_size;
    return 0;
}

static void place_slots(const struct inputs *inputs, int64_t spare, int64_t first_slot,
                        struct placement *placement)
{
    int64_t align = placement->plan.slot_align;
    struct workload placed = inputs->workload;
    placed.seqs = placement->seqs;
    workload_place(&placed, align, spare);
    first_slot = (first_slot + align - 1) / align * align;
    for (int32_t i = 0; i < placed.batch; i++)
        placement->seqs[i].slot += first_slot;
    placement->problem.slots = first_slot + placed.slots;
}

int placement_create(const struct inputs *inputs, const struct mla_kernel *kernel, int64_t spare,
                     int64_t first_slot, struct placement *placement, struct mla_error *error)
{
    size_t size = sizeof *placement->seqs * (size_t)inputs->workload.batch;
    *placement = (struct placement){.problem = inputs->problem};
    int code = plan(kernel, placement, error);
    if (code)
        return code;
    placement->seqs = malloc(size);
    if (!placement->seqs)
        return mla_fail(error, MLA_MACHINE, "no memory for %d sequences", inputs->workload.batch);
    memcpy(placement->seqs, inputs->workload.seqs, size);
    if (placement->problem.page_size)
        code = place_pages(inputs, first_slot, placement, error);
    else
        place_slots(inputs, spare, first_slot, placement);
    if (!code)
        code = plan(kernel, placement, error);
    if (code)
        placement_destroy(placement);
    return code;
}

void placement_destroy(struct placement *placement)
{
    free(placement->seqs);
    free(placement->table);
    placement->seqs = NULL;
    placement->table = NULL;
}
