/* SPDX-License-Identifier: MIT */
#include "harness/trial.h"

#include <stdlib.h>
#include <string.h>

enum { SPARE_SLOTS = 3 };

static const int64_t uneven_chunks[] = {1, 3, 64, 7, TRIAL_CHUNK_MAX};
enum { UNEVEN_CHUNKS = sizeof uneven_chunks / sizeof uneven_chunks[0] };

static int kernel_failed(const char *verb, int status, struct mla_error *error)
{
    if (status == 0)
        return 0;
    return mla_fail(error, MLA_FAILED, "%s returned %d (%s)", verb, status, strerror(-status));
}

static int64_t longest_chunk(const struct trial *t)
{
    if (t->way.chunk == TRIAL_UNEVEN)
        return TRIAL_CHUNK_MAX;
    int64_t longest = t->way.chunk ? t->way.chunk : t->inputs->workload.max_keys;
    return longest > TRIAL_CHUNK_MAX ? longest : TRIAL_CHUNK_MAX;
}

static size_t rows_bytes(const struct trial *t)
{
    int64_t given = t->inputs->width, back = row_width(&t->placed.problem, t->placed.plan.cached);
    return sizeof(float) * (size_t)((given > back ? given : back) * longest_chunk(t));
}

static void copy_given(struct buffer *to, const struct buffer *from)
{
    if (from->size) {
        memcpy(to->data, from->data, from->size);
        buffer_read_only(to);
    }
}

static int allocate(struct trial *t, struct mla_error *error)
{
    const struct mla_problem *p = &t->placed.problem;
    const struct mla_plan *plan = &t->placed.plan;
    const struct inputs *in = t->inputs;
    size_t outputs = (size_t)p->max_tokens * (size_t)p->heads;
    const struct {
        struct buffer *buffer;
        size_t size;
        const char *what;
        bool given; /* the inputs write it, not the kernel */
    } wanted[] = {
        {&t->wkv_b, in->wkv_b.size, "the weights", true},
        {&t->prepared, plan->prepared, "the prepared weights", false},
        {&t->cache, plan->cache_payload + plan->cache_padding, "the cache", false},
        {&t->workspace, plan->workspace, "the workspace", false},
        {&t->q, in->q.size, "the queries", true},
        {&t->top_k, in->top_k.size, "the top-k indices", true},
        {&t->sinks, in->sinks.size, "the sinks", true},
        {&t->rows, rows_bytes(t), "the rows to store", true},
        {&t->o, sizeof(float) * outputs * (size_t)p->v_head_dim, "the outputs", false},
        {&t->lse, sizeof(float) * outputs, "the log-sum-exps", false},
    };
    for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++) {
        int code =
            buffer_create(wanted[i].buffer, t->way.memory, wanted[i].size, wanted[i].what, error);
        if (code)
            return code;
        if (!wanted[i].given && !(t->way.sparse_memory && wanted[i].buffer == &t->cache))
            buffer_poison(wanted[i].buffer, t->way.poison);
    }
    int code = split_create(in->split, p, t->way.memory, &t->split, error);
    if (code)
        return code;
    copy_given(&t->wkv_b, &in->wkv_b);
    copy_given(&t->q, &in->q);
    copy_given(&t->top_k, &in->top_k);
    copy_given(&t->sinks, &in->sinks);
    if (p->kind == MLA_LATENT)
        t->placed.problem.wkv_b = t->wkv_b.data;
    t->memory = (struct mla_memory){t->prepared.data, t->cache.data, t->workspace.data};
    return 0;
}

/* Each sequence's block table, with entries before its own that lead nowhere. */
static int shift_tables(struct trial *t, struct mla_error *error)
{
    int64_t page = t->placed.problem.page_size, pages = t->way.shift / page, total = 0;
    int32_t batch = t->inputs->workload.batch;
    for (int32_t i = 0; i < batch; i++)
        total += pages + (t->seqs[i].kv_end + page - 1) / page;
    int32_t *next = t->far_table = malloc(sizeof *next * (size_t)(total + 1));
    if (!next)
        return mla_fail(error, MLA_MACHINE, "no memory for block tables of %ld pages", (long)total);
    for (int32_t i = 0; i < batch; i++) {
        const int32_t *own = t->seqs[i].pages;
        t->seqs[i].pages = next;
        for (int64_t k = 0; k < pages; k++)
            *next++ = -1;
        for (int64_t k = 0; k < t->seqs[i].kv_end; k += page)
            *next++ = *own++;
    }
    return 0;
}

/* Positions grow by `shift`, and the sequence begins that many slots earlier. */
static int shift_sequences(struct trial *t, struct mla_error *error)
{
    int64_t shift = t->way.shift, page = t->placed.problem.page_size;
    int code = shift && page ? shift_tables(t, error) : 0;
    for (int32_t i = 0; i < t->inputs->workload.batch && shift; i++) {
        struct mla_seq *seq = &t->seqs[i];
        seq->position += shift;
        seq->kv_begin += shift;
        seq->kv_end += shift;
        if (page == 0)
            seq->slot -= shift;
    }
    return code;
}

int trial_create(const struct inputs *inputs, const struct mla_kernel *kernel,
                 const struct trial_way *way, struct trial *t, struct mla_error *error)
{
    *t = (struct trial){.inputs = inputs, .kernel = kernel, .way = *way};
    int64_t first_slot = way->first_slot;
    if (inputs->problem.page_size == 0 && first_slot < way->shift)
        first_slot = way->shift;
    int code = placement_create(inputs, kernel, SPARE_SLOTS, first_slot, &t->placed, error);
    if (code)
        return code;
    t->seqs = t->placed.seqs;
    t->placed.problem.max_threads = way->threads;
    code = kernel_failed("plan", kernel->plan(&t->placed.problem, &t->placed.plan), error);
    if (!code)
        code = shift_sequences(t, error);
    if (!code)
        code = allocate(t, error);
    if (code)
        return code;
    if (kernel->prepare)
        code = kernel_failed(
            "prepare", kernel->prepare(&t->placed.problem, t->prepared.data, way->threads), error);
    t->ready = code == 0;
    buffer_read_only(&t->prepared);
    return code;
}

void trial_destroy(struct trial *t)
{
    if (t->ready && t->kernel->release)
        t->kernel->release(&t->placed.problem, t->prepared.data);
    struct buffer *buffers[] = {&t->wkv_b, &t->prepared, &t->cache, &t->workspace, &t->q,
                                &t->rows,  &t->top_k,    &t->sinks, &t->o,         &t->lse};
    for (size_t i = 0; i < sizeof buffers / sizeof buffers[0]; i++)
        buffer_destroy(buffers[i]);
    split_destroy(&t->split);
    placement_destroy(&t->placed);
    free(t->far_table);
    t->far_table = NULL;
}

/* Room for that many floats in the rows' buffer, at its guarded side. */
static float *room_for(struct trial *t, int64_t floats)
{
    bool at_start = t->way.memory == BUFFER_GUARD_START || t->way.memory == BUFFER_UNALIGNED;
    return at_start ? t->rows.data : (float *)((char *)t->rows.data + t->rows.size) - floats;
}

static int store_chunk(struct trial *t, int32_t seq, int64_t row, int64_t count)
{
    int64_t floats = count * t->inputs->width;
    float *rows = room_for(t, floats);
    buffer_writable(&t->rows);
    memcpy(rows, inputs_row(t->inputs, seq, row), sizeof *rows * (size_t)floats);
    buffer_read_only(&t->rows);
    return t->kernel->store(&t->placed.problem, &t->memory, &t->seqs[seq], t->way.shift + row,
                            count, rows, t->way.threads);
}

int trial_store(struct trial *t, struct mla_error *error)
{
    for (int32_t i = 0; i < t->inputs->workload.batch; i++) {
        int64_t rows = t->inputs->workload.seqs[i].kv_end, row = 0;
        for (int chunk = 0; row < rows; chunk++) {
            int64_t count = t->way.chunk ? t->way.chunk : rows;
            if (t->way.chunk == TRIAL_UNEVEN)
                count = uneven_chunks[chunk < UNEVEN_CHUNKS ? chunk : UNEVEN_CHUNKS - 1];
            count = count < rows - row ? count : rows - row;
            int code = kernel_failed("store", store_chunk(t, i, row, count), error);
            if (code)
                return code;
            row += count;
        }
    }
    return 0;
}

int trial_load(struct trial *t, int32_t seq, int64_t position, int64_t count, const float **rows,
               struct mla_error *error)
{
    int64_t width = row_width(&t->placed.problem, t->placed.plan.cached);
    float *room = room_for(t, count * width);
    buffer_writable(&t->rows);
    *rows = room;
    return kernel_failed("load",
                         t->kernel->load(&t->placed.problem, &t->memory, &t->seqs[seq],
                                         t->way.shift + position, count, room),
                         error);
}

static int call(struct trial *t, const struct mla_seq *seqs, int32_t batch, struct mla_error *error)
{
    struct mla_call call = {.seqs = seqs,
                            .batch = batch,
                            .threads = t->way.threads,
                            .q = t->q.data,
                            .o = t->o.data,
                            .lse = t->lse.data,
                            .top_k_indices = t->top_k.data,
                            .top_k = t->inputs->listed,
                            .sinks = t->sinks.data};
    return kernel_failed(
        "attend", split_attend(&t->split, t->kernel, &t->placed.problem, &t->memory, &call), error);
}

static int attend_query_by_query(struct trial *t, const struct mla_seq *seq,
                                 struct mla_error *error)
{
    int code = 0;
    for (int64_t token = seq->tokens - 1; token >= 0 && !code; token--) {
        struct mla_seq one = *seq;
        one.token += token;
        one.position += token;
        one.tokens = 1;
        code = call(t, &one, 1, error);
    }
    return code;
}

/* The sequences as this way wants them, malloc'ed. */
static struct mla_seq *arrange_sequences(const struct trial *t)
{
    int32_t batch = t->inputs->workload.batch;
    struct mla_seq *seqs = calloc((size_t)batch, sizeof *seqs);
    for (int32_t i = 0; i < batch && seqs; i++) {
        seqs[i] = t->seqs[t->way.reversed ? batch - 1 - i : i];
        seqs[i].kv_begin += t->way.first_key;
        if (t->way.end_key && t->way.end_key + t->way.shift < seqs[i].kv_end)
            seqs[i].kv_end = t->way.end_key + t->way.shift;
    }
    return seqs;
}

int trial_attend(struct trial *t, struct mla_error *error)
{
    int32_t batch = t->inputs->workload.batch;
    struct mla_seq *seqs = arrange_sequences(t);
    if (!seqs)
        return mla_fail(error, MLA_MACHINE, "no memory for %d sequences", batch);
    buffer_read_only(&t->cache);
    buffer_poison(&t->workspace, t->way.poison);
    buffer_poison(&t->o, t->way.poison);
    buffer_poison(&t->lse, t->way.poison);
    buffer_poison(&t->split.o, t->way.poison);
    buffer_poison(&t->split.lse, t->way.poison);
    int code = 0;
    if (!t->way.query_by_query && !t->way.sequence_alone)
        code = call(t, seqs, batch, error);
    for (int32_t i = batch - 1; i >= 0 && !code; i--) {
        if (t->way.query_by_query)
            code = attend_query_by_query(t, &seqs[i], error);
        else if (t->way.sequence_alone)
            code = call(t, &seqs[i], 1, error);
    }
    free(seqs);
    return code;
}

int trial_check_margins(const struct trial *t, struct mla_error *error)
{
    const struct buffer *buffers[] = {&t->wkv_b, &t->prepared, &t->cache,   &t->workspace,
                                      &t->q,     &t->top_k,    &t->sinks,   &t->rows,
                                      &t->o,     &t->lse,      &t->split.o, &t->split.lse};
    for (size_t i = 0; i < sizeof buffers / sizeof buffers[0]; i++)
        if (!buffer_intact(buffers[i]))
            return mla_fail(error, MLA_FAILED, "wrote just outside of %s (%zu bytes)",
                            buffers[i]->what, buffers[i]->size);
    return 0;
}

int trial_run(const struct inputs *inputs, const struct mla_kernel *kernel,
              const struct trial_way *way, struct trial *t, struct mla_error *error)
{
    int code = trial_create(inputs, kernel, way, t, error);
    if (!code)
        code = trial_store(t, error);
    if (!code)
        code = trial_attend(t, error);
    return code ? code : trial_check_margins(t, error);
}
