/* SPDX-License-Identifier: MIT
 *
 * What a kernel does with the memory that it is given, and with memory that it is not. */
#define _GNU_SOURCE /* mallinfo2 */
#include "harness/certificate_compare.h"

#include <dirent.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int in_memory(struct property *c, enum buffer_kind memory, uint32_t poison, const char *what)
{
    struct trial trial;
    struct trial_way way = plain_way;
    way.memory = memory;
    way.poison = poison;
    way.threads = 2;
    int code = property_run(c, c->subject->inputs, &way, &trial);
    if (!code)
        code = property_within(c, &trial, what);
    trial_destroy(&trial);
    return code;
}

int certify_alignment(struct property *c)
{
    int code = in_memory(c, BUFFER_ALIGNED, POISON_NAN, "64-byte aligned");
    if (!code)
        code = in_memory(c, BUFFER_UNALIGNED, POISON_LARGE, "4 bytes off");
    return code;
}

/* A cache far larger than what is used of it: the rest is never touched, and takes no memory. */
int certify_far_slots(struct property *c)
{
    const struct inputs *inputs = c->subject->inputs;
    struct trial trial;
    struct trial_way way = plain_way;
    way.first_slot = ((int64_t)1 << 31) / inputs->width + 7;
    way.sparse_memory = true;
    int code = property_run(c, inputs, &way, &trial);
    if (!code)
        code = property_within(c, &trial, "slots beyond 2^31 elements");
    trial_destroy(&trial);
    if (code == MLA_MACHINE) {
        struct mla_error because = *c->why;
        return property_not_applicable(c, "%.400s", because.message);
    }
    return code;
}

/* --- pages --- */

static int copy_and_compare(struct property *c, struct trial *trial)
{
    const struct mla_problem *p = &trial->placed.problem;
    int64_t rows = p->page_size < TRIAL_CHUNK_MAX ? p->page_size : TRIAL_CHUNK_MAX;
    int64_t pages = p->slots / p->page_size;
    int32_t from = trial->seqs[0].pages[0], to = (int32_t)(from == pages - 1 ? 0 : pages - 1);
    size_t size = sizeof(float) * (size_t)(rows * row_width(p, trial->placed.plan.cached));
    const float *got;
    float *before = malloc(size);
    if (!before)
        return mla_fail(c->why, MLA_MACHINE, "no memory for a page");
    int code = trial_load(trial, 0, 0, rows, &got, c->why);
    if (!code) {
        memcpy(before, got, size);
        int status = c->subject->kernel->copy_page(p, &trial->memory, from, to);
        if (status)
            code = property_broken(c, "copy_page returned %d (%s)", status, strerror(-status));
    }
    if (!code) {
        struct mla_seq original = trial->seqs[0];
        trial->seqs[0].pages = &to;
        code = trial_load(trial, 0, 0, rows, &got, c->why);
        trial->seqs[0] = original;
    }
    if (!code && memcmp(before, got, size) != 0)
        code = property_broken(c, "a copied page gives back other rows than the page");
    free(before);
    if (code == MLA_FAILED)
        c->outcome = CERTIFIED_BROKEN;
    return code;
}

int certify_copied_pages(struct property *c)
{
    const struct inputs *inputs = c->subject->inputs;
    struct trial trial;
    if (inputs->problem.page_size == 0)
        return property_not_applicable(c, "the case has no pages");
    if (!c->subject->kernel->copy_page)
        return property_not_applicable(c, "the kernel has no copy_page");
    if (inputs->workload.seqs[0].kv_end < inputs->problem.page_size)
        return property_not_applicable(c, "the case fills no page");
    int code = trial_create(inputs, c->subject->kernel, &plain_way, &trial, c->why);
    if (!code)
        code = trial_store(&trial, c->why);
    if (code == MLA_FAILED)
        c->outcome = CERTIFIED_BROKEN;
    if (!code)
        code = copy_and_compare(c, &trial);
    trial_destroy(&trial);
    return code;
}

/* --- leaks --- */

/* What a process holds. */
struct holdings {
    size_t heap, pages, files, threads;
};

static size_t count_entries(const char *folder)
{
    size_t count = 0;
    DIR *dir = opendir(folder);
    if (!dir)
        return 0;
    while (readdir(dir))
        count++;
    closedir(dir);
    return count;
}

/* There when AddressSanitizer's allocator is in use, of which the C library knows nothing. */
extern size_t __sanitizer_get_current_allocated_bytes(void) __attribute__((weak));

static struct holdings take_stock(void)
{
    struct holdings h = {0};
    struct mallinfo2 heap = mallinfo2();
    h.heap = heap.uordblks + heap.hblkhd;
    if (__sanitizer_get_current_allocated_bytes)
        h.heap = __sanitizer_get_current_allocated_bytes();
    FILE *file = fopen("/proc/self/statm", "r");
    if (file) {
        if (fscanf(file, "%zu", &h.pages) != 1)
            h.pages = 0;
        fclose(file);
    }
    h.files = count_entries("/proc/self/fd");
    h.threads = count_entries("/proc/self/task");
    return h;
}

/* Whether a figure grew from each time to the next. */
static bool grows(const struct holdings *taken, int count, size_t offset)
{
    for (int i = 1; i < count; i++) {
        size_t before, now;
        memcpy(&before, (const char *)&taken[i - 1] + offset, sizeof before);
        memcpy(&now, (const char *)&taken[i] + offset, sizeof now);
        if (now <= before)
            return false;
    }
    return true;
}

static const struct {
    size_t offset;
    const char *what;
} kinds[] = {{offsetof(struct holdings, heap), "bytes of heap"},
             {offsetof(struct holdings, files), "open files"},
             {offsetof(struct holdings, threads), "threads"},
             {offsetof(struct holdings, pages), "pages of memory"}};
enum { KINDS = sizeof kinds / sizeof kinds[0] };

/* The first that grows, or KINDS. */
static int growing(const struct holdings *taken, int count)
{
    int k = 0;
    while (k < KINDS && !grows(taken, count, kinds[k].offset))
        k++;
    return k;
}

/* A leak grows for ever. What an allocator holds may grow a few times running (it did so twice in
 * 20,320 verifications, for reasons unknown): what grew so far is watched for longer. */
int certify_leaks(struct property *c)
{
    enum { WARM_UP = 3, TIMES = 6, TIMES_IN_DOUBT = 30 };
    struct holdings taken[TIMES_IN_DOUBT] = {{0}};
    struct trial_way way = plain_way;
    way.threads = 2;
    way.memory = BUFFER_GUARD_START;
    for (int i = 0; i < WARM_UP + TIMES_IN_DOUBT; i++) {
        struct trial trial;
        int code = property_run(c, c->subject->inputs, &way, &trial);
        trial_destroy(&trial);
        if (code)
            return code;
        if (i < WARM_UP)
            continue;
        taken[i - WARM_UP] = take_stock();
        int count = i - WARM_UP + 1;
        if (count >= TIMES && growing(taken, count) == KINDS)
            return 0;
    }
    int kind = growing(taken, TIMES_IN_DOUBT);
    size_t first, last;
    memcpy(&first, (const char *)&taken[0] + kinds[kind].offset, sizeof first);
    memcpy(&last, (const char *)&taken[TIMES_IN_DOUBT - 1] + kinds[kind].offset, sizeof last);
    return property_broken(c, "%zu %s are kept from %d rounds of prepare, store and attend",
                           last - first, kinds[kind].what, TIMES_IN_DOUBT - 1);
}
