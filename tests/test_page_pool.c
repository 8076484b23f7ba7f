/* SPDX-License-Identifier: MIT
 *
 * Sequences that grow, share prefixes and go, on one cache: whatever happened before, each attends
 * its own tokens. */
#include "harness/cpu.h"
#include "harness/page_pool.h"
#include "harness/random.h"
#include "harness/verify.h"
#include "reference/reference.h"
#include "tests/small_inputs.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

Test(page_pool, a_shared_page_is_copied_before_it_changes)
{
    struct page_pool pool;
    struct mla_error error;
    struct paged_seq a = {0}, b = {0};
    struct page_copy copy;
    cr_assert(page_pool_create(4, 16, &pool, &error) == 0);
    cr_assert(page_pool_append(&pool, &a, 20, &copy, &error) == 0 && copy.from == -1);
    cr_assert(page_pool_fork(&pool, &a, 20, &b, &error) == 0 && pool.unused_count == 2);
    cr_assert(page_pool_append(&pool, &b, 3, &copy, &error) == 0);
    cr_assert(copy.from == a.pages[1] && copy.to == b.pages[1] && a.pages[1] != b.pages[1]);
    cr_assert(a.pages[0] == b.pages[0] && pool.references[a.pages[0]] == 2);
    /* Now the page is each one's own. */
    cr_assert(page_pool_append(&pool, &a, 3, &copy, &error) == 0 && copy.from == -1);
    cr_assert(page_pool_append(&pool, &a, 40, &copy, &error) == MLA_MACHINE, "one page is left");
    cr_assert(a.tokens == 23 && pool.unused_count == 1);
    page_pool_truncate(&pool, &a, 16);
    cr_assert(pool.unused_count == 2 && a.tokens == 16);
    page_pool_truncate(&pool, &a, 0);
    cr_assert(pool.unused_count == 2 && pool.references[b.pages[0]] == 1);
    page_pool_truncate(&pool, &b, 0);
    cr_assert(pool.unused_count == 4 && !b.pages);
    page_pool_destroy(&pool);
}

enum { PAGES = 24, PAGE_SIZE = 16, SEQS = 6, MOST_TOKENS = 150, STEPS = 300 };

/* A server in small. */
struct server {
    const struct mla_kernel *kernel;
    struct mla_problem problem;
    struct mla_plan plan;
    struct mla_memory memory;
    struct page_pool pool;
    struct paged_seq seqs[SEQS];
    uint64_t tokens[SEQS][MOST_TOKENS]; /* what each holds: seeds of rows */
    uint64_t seed, draws;
    float *wkv_b;
    int64_t appended, forked, dropped, read, copied;
};

static uint64_t draw(struct server *s, uint64_t bound)
{
    return random_below(s->seed, RANDOM_CASE, s->draws++, bound);
}

static int64_t given_width(const struct mla_problem *p)
{
    return row_width(p, p->kind);
}

static void make_row(const struct server *s, uint64_t token, float *row)
{
    random_normal(token, RANDOM_ROWS, 0, given_width(&s->problem), 1, row);
}

static void *memory_of(size_t bytes)
{
    void *memory = malloc(bytes + 64);
    cr_assert(memory);
    memset(memory, 0xff, bytes + 64); /* NaN in every format */
    return memory;
}

static void start(const struct mla_kernel *kernel, const struct mla_problem *problem, uint64_t seed,
                  struct server *s)
{
    struct mla_error error;
    *s = (struct server){.kernel = kernel, .problem = *problem, .seed = seed};
    int64_t weights = (int64_t)problem->heads * (problem->qk_nope_head_dim + problem->v_head_dim) *
                      problem->kv_lora_rank;
    s->wkv_b = memory_of(sizeof(float) * (size_t)weights);
    random_normal(seed, RANDOM_WKV_B, 0, weights, 0.2, s->wkv_b);
    if (problem->kind == MLA_LATENT)
        s->problem.wkv_b = s->wkv_b;
    cr_assert(page_pool_create(PAGES, PAGE_SIZE, &s->pool, &error) == 0);
    cr_assert(kernel->plan(&s->problem, &s->plan) == 0);
    void *prepared = memory_of(s->plan.prepared);
    s->memory =
        (struct mla_memory){prepared, memory_of(s->plan.cache_payload + s->plan.cache_padding),
                            memory_of(s->plan.workspace)};
    if (kernel->prepare)
        cr_assert(kernel->prepare(&s->problem, prepared, 1) == 0);
}

static void stop(struct server *s)
{
    for (int i = 0; i < SEQS; i++)
        page_pool_truncate(&s->pool, &s->seqs[i], 0);
    cr_assert(s->pool.unused_count == PAGES, "%d pages were lost", PAGES - s->pool.unused_count);
    page_pool_destroy(&s->pool);
    free((void *)s->memory.prepared);
    free(s->memory.cache);
    free(s->memory.workspace);
    free(s->wkv_b);
}

static struct mla_seq seq_of(const struct server *s, int i)
{
    return (struct mla_seq){.tokens = 1,
                            .position = s->seqs[i].tokens - 1,
                            .kv_end = s->seqs[i].tokens,
                            .pages = s->seqs[i].pages};
}

static void append(struct server *s, int i)
{
    struct mla_error error;
    struct page_copy copy;
    float rows[40 * 128];
    int64_t from = s->seqs[i].tokens, count = 1 + (int64_t)draw(s, 40);
    cr_assert(40 * given_width(&s->problem) <= (int64_t)(sizeof rows / sizeof *rows));
    if (from + count > MOST_TOKENS || page_pool_append(&s->pool, &s->seqs[i], count, &copy, &error))
        return; /* full: as good a case as any */
    if (copy.from >= 0) {
        cr_assert(s->kernel->copy_page(&s->problem, &s->memory, copy.from, copy.to) == 0);
        s->copied++;
    }
    for (int64_t t = 0; t < count; t++) {
        s->tokens[i][from + t] = s->seed + 1000 * s->draws + (uint64_t)t;
        make_row(s, s->tokens[i][from + t], rows + t * given_width(&s->problem));
    }
    struct mla_seq seq = seq_of(s, i);
    cr_assert(s->kernel->store(&s->problem, &s->memory, &seq, from, count, rows, 1) == 0);
    s->appended++;
}

static void fork_one(struct server *s, int i)
{
    struct mla_error error;
    int to = (int)draw(s, SEQS);
    if (to == i || s->seqs[i].tokens == 0)
        return;
    page_pool_truncate(&s->pool, &s->seqs[to], 0);
    int64_t tokens = 1 + (int64_t)draw(s, (uint64_t)s->seqs[i].tokens);
    cr_assert(page_pool_fork(&s->pool, &s->seqs[i], tokens, &s->seqs[to], &error) == 0);
    memcpy(s->tokens[to], s->tokens[i], sizeof s->tokens[i]);
    s->forked++;
}

/* What the cache gives back of a sequence. As it was given, it has to be near what was stored: no
 * format is off by as much as two random numbers differ. */
static float *load_all(const struct server *s, int i, const char *name)
{
    int64_t width = row_width(&s->problem, s->plan.cached), tokens = s->seqs[i].tokens;
    float *rows = memory_of(sizeof(float) * (size_t)(tokens * width));
    struct mla_seq seq = seq_of(s, i);
    cr_assert(s->kernel->load(&s->problem, &s->memory, &seq, 0, tokens, rows) == 0);
    for (int64_t t = 0; t < tokens && s->plan.cached == s->problem.kind; t++) {
        float row[128];
        make_row(s, s->tokens[i][t], row);
        for (int64_t x = 0; x < width; x++)
            cr_assert(fabsf(rows[t * width + x] - row[x]) <= 0.07f * fabsf(row[x]) + 0.02f,
                      "%s: token %ld, element %ld: %g instead of %g", name, (long)t, (long)x,
                      (double)rows[t * width + x], (double)row[x]);
    }
    return rows;
}

enum { HEADS_MOST = 6, V_MOST = 10, QK_MOST = 20 };

/* One query at the sequence's end, against the reference over what the cache holds. */
static void read_one(struct server *s, int i, const char *name)
{
    if (s->seqs[i].tokens == 0)
        return;
    const struct mla_problem *p = &s->problem;
    int heads = p->heads, qk = p->qk_nope_head_dim + p->qk_rope_head_dim, v = p->v_head_dim;
    float q[HEADS_MOST * QK_MOST], o[HEADS_MOST * V_MOST], lse[HEADS_MOST];
    double wide[HEADS_MOST * QK_MOST], exact[HEADS_MOST * V_MOST] = {0};
    double rms[HEADS_MOST * V_MOST] = {0}, exact_lse[HEADS_MOST] = {0}, rms_lse[HEADS_MOST] = {0};
    random_normal(s->seed + s->draws++, RANDOM_Q, 0, (int64_t)heads * qk, 2, q);
    for (int x = 0; x < heads * qk; x++)
        wide[x] = q[x];
    struct mla_seq seq = seq_of(s, i);
    struct mla_call call = {.seqs = &seq, .batch = 1, .threads = 1, .q = q, .o = o, .lse = lse};
    cr_assert(s->kernel->attend(p, &s->memory, &call) == 0);

    float *rows = load_all(s, i, name);
    struct ref_rows all = {.f32 = rows, .count = s->seqs[i].tokens};
    struct ref_output out = {.o = exact, .lse = exact_lse, .rms_o = rms, .rms_lse = rms_lse};
    struct ref_dims dims = {.heads = heads,
                            .heads_kv = p->heads_kv,
                            .qk_nope_head_dim = p->qk_nope_head_dim,
                            .qk_rope_head_dim = p->qk_rope_head_dim,
                            .v_head_dim = v,
                            .kv_lora_rank = p->kv_lora_rank,
                            .scale = p->scale};
    int status = s->plan.cached == MLA_LATENT
                     ? ref_attend_latent(REF_EXPANDED, &dims, s->wkv_b, wide, &all, NULL, &out, 1)
                     : ref_attend_kv(&dims, wide, &all, NULL, &out, 1);
    cr_assert(status == 0);
    double u = s->kernel->unit_roundoff;
    double unit = VERIFY_LIMIT * u * verify_growth(p, INPUT_RANDOM, u, all.count);
    for (int x = 0; x < heads * v; x++)
        cr_assert(fabs(o[x] - exact[x]) <= unit * rms[x], "%s: o[%d] is %g instead of %g", name, x,
                  (double)o[x], exact[x]);
    for (int h = 0; h < heads; h++)
        cr_assert(fabs(lse[h] - exact_lse[h]) <= unit * rms_lse[h], "%s: lse", name);
    free(rows);
    s->read++;
}

static void run_server(const struct mla_kernel *kernel, const struct mla_problem *problem,
                       uint64_t seed)
{
    struct server s;
    char name[96];
    snprintf(name, sizeof name, "%s, %s, seed %lu", kernel->name, format_names[problem->format],
             (unsigned long)seed);
    start(kernel, problem, seed, &s);
    for (int step = 0; step < STEPS; step++) {
        int i = (int)draw(&s, SEQS);
        switch (draw(&s, 8)) {
        case 0:
            fork_one(&s, i);
            break;
        case 1:
            page_pool_truncate(&s.pool, &s.seqs[i], 0);
            s.dropped++;
            break;
        case 2:
            page_pool_truncate(&s.pool, &s.seqs[i],
                               (int64_t)draw(&s, (uint64_t)s.seqs[i].tokens + 1));
            s.dropped++;
            break;
        case 3:
        case 4:
            append(&s, i);
            break;
        default:
            break;
        }
        read_one(&s, (int)draw(&s, SEQS), name);
    }
    cr_assert(s.appended > 10 && s.forked > 3 && s.dropped > 20 && s.read > 50 && s.copied > 0,
              "%s: %ld appended, %ld forked, %ld dropped, %ld read, %ld copied", name,
              (long)s.appended, (long)s.forked, (long)s.dropped, (long)s.read, (long)s.copied);
    stop(&s);
}

/* Every kernel, every format, thousands of steps. */
Test(page_pool, sequences_attend_their_own_tokens_whatever_happens)
{
    struct mla_problem problem = {.heads = 6,
                                  .qk_nope_head_dim = 12,
                                  .qk_rope_head_dim = 8,
                                  .v_head_dim = 10,
                                  .scale = 0.2f,
                                  .slots = (int64_t)PAGES * PAGE_SIZE,
                                  .page_size = PAGE_SIZE,
                                  .max_tokens = 1,
                                  .max_keys = MOST_TOKENS,
                                  .max_batch = 1,
                                  .max_threads = 1};
    static const float weights[1];
    for (int kind = 0; kind < 2; kind++)
        for (int format = 0; format <= MLA_INT8; format++)
            for (uint32_t k = 0; k < mla_kernels()->count; k++) {
                const struct mla_kernel *kernel = mla_kernels()->kernels[k];
                const char *why;
                problem.kind = kind ? MLA_KV : MLA_LATENT;
                problem.heads_kv = kind ? 2 : 6;
                problem.kv_lora_rank = kind ? 0 : 24;
                problem.wkv_b = kind ? NULL : weights;
                problem.format = (enum mla_format)format;
                if (cpu_has_isa(kernel->isa) && kernel->supports(&problem, false, false, &why))
                    run_server(kernel, &problem, 17 * k + (uint64_t)format);
            }
}
