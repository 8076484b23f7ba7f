/* SPDX-License-Identifier: MIT */
#include "harness/criteria_core_run.h"

#include "harness/random.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WIDTH = CORE_LATENT + CORE_ROPE };
enum { STREAM_PAGES = 4, STREAM_NEW_ROW, STREAM_STALE_ROW };
enum { SPARE = 64 }; /* slots after a contiguous sequence */

static int64_t longest(const struct core_case *c)
{
    int64_t most = 0;
    for (int32_t i = 0; i < c->batch; i++)
        most = c->lengths[i] > most ? c->lengths[i] : most;
    return most;
}

struct mla_problem core_run_problem(const struct core *core)
{
    const struct core_case *c = core->c;
    return (struct mla_problem){
        .kind = MLA_LATENT,
        .format = MLA_FP32,
        .mask = c->causal || c->tokens == 1 ? MLA_CAUSAL : MLA_MASK_NONE,
        .heads = c->heads,
        .heads_kv = c->heads,
        .qk_nope_head_dim = CORE_LATENT,
        .qk_rope_head_dim = CORE_ROPE,
        .v_head_dim = CORE_LATENT,
        .kv_lora_rank = CORE_LATENT,
        .scale = (float)core->criterion->scale,
        .wkv_b = core->wkv_b,
        .page_size = c->page_size,
        .max_tokens = core->tokens,
        .max_keys = longest(c),
        .max_batch = c->batch,
    };
}

struct mla_seq core_run_seq(const struct core *core, int32_t seq)
{
    const struct core_case *c = core->c;
    int64_t length = c->lengths[seq];
    return (struct mla_seq){.token = seq * c->tokens,
                            .tokens = c->tokens,
                            .position = length > c->tokens ? length - c->tokens : 0,
                            .kv_end = length};
}

static bool succeeded(struct core_run *run, const char *verb, int status)
{
    if (status == 0)
        return true;
    run->finding->figure = INFINITY;
    finding_notice(run->finding, run->core->c->name, "%s returned %d (%s)", verb, status,
                   strerror(-status));
    return false;
}

static bool supports(struct core_run *run)
{
    const char *why = "it gives no reason";
    if (run->kernel->supports(&run->problem, false, run->core->c->sinks, &why))
        return true;
    if (run->finding->kind == NOT_RUN)
        snprintf(run->finding->reason, sizeof run->finding->reason, "%s", why);
    return false;
}

static bool plan(struct core_run *run)
{
    return succeeded(run, "plan", run->kernel->plan(&run->problem, &run->plan));
}

/* A block table in which each sequence has the pages of the longest one and one more. */
static int make_pages(struct core_run *run, int64_t pages_each, struct mla_error *error)
{
    int64_t pages = pages_each * run->core->c->batch;
    run->table = malloc(sizeof *run->table * (size_t)pages);
    if (!run->table)
        return mla_fail(error, MLA_MACHINE, "no memory for %ld pages", (long)pages);
    for (int32_t i = 0; i < pages; i++)
        run->table[i] = i;
    if (run->core->criterion->shuffled)
        random_shuffle(run->core->seed, STREAM_PAGES, 0, run->table, pages);
    for (int32_t i = 0; i < run->core->c->batch; i++)
        run->seqs[i].pages = run->table + i * pages_each;
    return 0;
}

/* Lays the sequences end to end, each from a multiple of `align` on. */
static void place_contiguously(struct core_run *run, int64_t align)
{
    int64_t slot = 0;
    for (int32_t i = 0; i < run->core->c->batch; i++) {
        run->seqs[i].slot = slot;
        slot = (slot + run->seqs[i].kv_end + SPARE + align - 1) / align * align;
    }
    run->problem.slots = slot;
}

int core_run_place(struct core_run *run, struct mla_error *error)
{
    const struct core_case *c = run->core->c;
    run->problem = core_run_problem(run->core);
    run->problem.max_threads = run->threads;
    for (int32_t i = 0; i < c->batch; i++)
        run->seqs[i] = core_run_seq(run->core, i);
    if (c->page_size > 0 && supports(run)) {
        int64_t pages_each = longest(c) / c->page_size + 2;
        run->problem.slots = pages_each * c->batch * c->page_size;
        if (!plan(run))
            return 0;
        run->placed = c->page_size % run->plan.slot_align == 0;
        if (run->placed)
            return make_pages(run, pages_each, error);
    }
    run->problem.page_size = 0;
    place_contiguously(run, 1);
    if (!supports(run) || !plan(run))
        return 0;
    place_contiguously(run, run->plan.slot_align);
    run->placed = plan(run);
    return 0;
}

int core_run_allocate(struct core_run *run, struct mla_error *error)
{
    const struct criterion *criterion = run->core->criterion;
    size_t rows = criterion->new_row ? (size_t)run->problem.max_keys : 0;
    const struct {
        struct buffer *buffer;
        size_t size;
        const char *what;
    } wanted[] = {
        {&run->prepared, run->plan.prepared, "the kernel's weights"},
        {&run->cache, run->plan.cache_payload + run->plan.cache_padding, "the kernel's cache"},
        {&run->workspace, run->plan.workspace, "the kernel's workspace"},
        {&run->o, run->core->o.size, "the kernel's outputs"},
        {&run->lse, run->core->lse.size, "the kernel's log-sum-exps"},
        {&run->stale, sizeof(float) * WIDTH * rows, "a sequence's rows"},
    };
    enum { BUFFERS = sizeof wanted / sizeof wanted[0] };
    uint64_t needed = 0, available = memory_available();
    for (int i = 0; i < BUFFERS; i++)
        needed += wanted[i].size;
    if (available > 0 && needed > available)
        return mla_fail(error, MLA_MACHINE, "%s: needs %.1f GiB, %.1f GiB are available",
                        run->core->c->name, (double)needed / (1 << 30),
                        (double)available / (1 << 30));
    for (int i = 0; i < BUFFERS; i++) {
        int code =
            buffer_create(wanted[i].buffer, BUFFER_PLAIN, wanted[i].size, wanted[i].what, error);
        if (code)
            return code;
    }
    if (criterion->nan_unused)
        buffer_poison(&run->cache, POISON_NAN);
    return 0;
}

static bool store(struct core_run *run, const struct mla_memory *memory, int32_t seq,
                  int64_t position, int64_t count, const float *rows)
{
    return succeeded(run, "store",
                     run->kernel->store(&run->problem, memory, &run->seqs[seq], position, count,
                                        rows, run->threads));
}

static bool store_sequence(struct core_run *run, const struct mla_memory *memory, int32_t seq)
{
    const struct core *core = run->core;
    int64_t count = core->c->lengths[seq];
    const float *rows = (const float *)core->latent.data + core->first_row[seq] * WIDTH;
    if (count == 0)
        return true;
    if (!core->criterion->new_row)
        return store(run, memory, seq, 0, count, rows);
    float *stale = run->stale.data;
    int64_t at = (int64_t)random_below(core->seed, STREAM_NEW_ROW, (uint64_t)seq, (uint64_t)count);
    memcpy(stale, rows, sizeof *rows * (size_t)(count * WIDTH));
    values_fill(core->criterion->rows, core->c->kv_dtype, core->seed, STREAM_STALE_ROW, WIDTH,
                stale + at * WIDTH, 1);
    return store(run, memory, seq, 0, count, stale) &&
           store(run, memory, seq, at, 1, rows + at * WIDTH);
}

static bool attend(struct core_run *run, const struct mla_memory *memory)
{
    struct mla_call call = {.seqs = run->seqs,
                            .batch = run->core->c->batch,
                            .threads = run->threads,
                            .q = run->core->q.data,
                            .o = run->o.data,
                            .lse = run->lse.data,
                            .sinks = run->core->sinks.data};
    return succeeded(run, "attend", run->kernel->attend(&run->problem, memory, &call));
}

bool core_run_kernel(struct core_run *run)
{
    const struct mla_kernel *kernel = run->kernel;
    struct mla_memory memory = {run->prepared.data, run->cache.data, run->workspace.data};
    if (kernel->prepare &&
        !succeeded(run, "prepare",
                   kernel->prepare(&run->problem, run->prepared.data, run->threads)))
        return false;
    bool good = true;
    for (int32_t i = 0; i < run->core->c->batch && good; i++)
        good = store_sequence(run, &memory, i);
    good = good && attend(run, &memory);
    if (kernel->release)
        kernel->release(&run->problem, run->prepared.data);
    return good;
}

void core_run_release(struct core_run *run)
{
    struct buffer *buffers[] = {&run->prepared, &run->cache, &run->workspace,
                                &run->o,        &run->lse,   &run->stale};
    for (size_t i = 0; i < sizeof buffers / sizeof buffers[0]; i++)
        buffer_destroy(buffers[i]);
    free(run->table);
}
