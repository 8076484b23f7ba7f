/* SPDX-License-Identifier: MIT */
#include "harness/verify_cache.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* What the cache should give back for one row, and the scale of what may differ (0: nothing). */
static void expected_row(const struct trial *t, const float *row, double *expected, double *scale)
{
    const struct mla_problem *p = &t->placed.problem;
    int64_t width = row_width(p, t->placed.plan.cached);
    memset(scale, 0, sizeof *scale * (size_t)width);
    if (t->placed.plan.cached == p->kind) {
        for (int64_t i = 0; i < width; i++)
            expected[i] = row[i];
        return;
    }
    int nope = p->qk_nope_head_dim, rope = p->qk_rope_head_dim, v = p->v_head_dim;
    int rank = p->kv_lora_rank;
    for (int64_t i = 0; i < width; i++) {
        int64_t head = i / (nope + rope + v), at = i % (nope + rope + v);
        if (at >= nope && at < nope + rope) {
            expected[i] = row[rank + at - nope];
            continue;
        }
        int64_t out = head * (nope + v) + (at < nope ? at : at - rope);
        const float *w = p->wkv_b + out * rank;
        expected[i] = 0;
        for (int k = 0; k < rank; k++) {
            expected[i] += (double)w[k] * row[k];
            scale[i] += fabs((double)w[k] * row[k]);
        }
    }
}

/* Half a step between neighbours of a format: relative to the element, to the largest one of the
 * row, which sets the scales of formats that have any, and absolute. Of fp8 the former holds for
 * normal numbers, and subnormals are 2^-9 scales apart; a scale may be a power of two, up to twice
 * largest / 448, and k_rope is bf16. int8 may waste 1 %. */
struct format_step {
    double relative, of_largest, absolute;
};
static const struct format_step format_steps[] = {
    [MLA_FP32] = {0, 0, 0},
    [MLA_BF16] = {0x1p-8, 0, 0x1p-134},
    [MLA_FP16] = {0x1p-11, 0, 0x1p-25},
    [MLA_FP8] = {0x1p-4, 0x1p-9 / 448, 0x1p-134},
    [MLA_INT8] = {0, 1.01 / 254, 0x1p-149},
};

static double largest_of(const double *row, int64_t width)
{
    double largest = 0;
    for (int64_t i = 0; i < width; i++)
        largest = fmax(largest, fabs(row[i]));
    return largest;
}

static int check_row(struct trial *t, int32_t seq, int64_t position, double *expected,
                     double *scale, struct verdict *verdict, struct mla_error *error)
{
    const struct mla_problem *p = &t->placed.problem;
    const float *got;
    int code = trial_load(t, seq, position, 1, &got, error);
    if (code)
        return code;
    int64_t width = row_width(p, t->placed.plan.cached);
    expected_row(t, inputs_row(t->inputs, seq, position), expected, scale);
    /* As arranged terms may conspire, the whole of gamma_n: a stored element is one short sum. */
    double growth = p->kv_lora_rank + 1.0, u = t->kernel->unit_roundoff;
    struct format_step step = format_steps[p->format];
    double largest = largest_of(expected, width);
    for (int64_t i = 0; i < width; i++) {
        double allowed = u * growth * scale[i] + step.relative * fabs(expected[i]) +
                         step.of_largest * largest + step.absolute;
        if (scale[i] > 0)
            allowed += 0x1p-126 * growth;
        if (!(fabs(got[i] - expected[i]) <= allowed)) {
            verdict_refuse(verdict, FAULT_CACHE,
                           "the cache gives back %.9g instead of %.9g (sequence %d, position %ld, "
                           "element %ld)",
                           (double)got[i], expected[i], seq, (long)position, (long)i);
            return 0;
        }
    }
    return 0;
}

/* All rows where they are quickly done; else the first, the last, and both sides of where a chunk
 * of the store ended. */
static int64_t next_position(const struct trial *t, int64_t rows, int64_t before)
{
    const double quick = 3e5; /* multiplications */
    const struct mla_problem *p = &t->placed.problem;
    const int64_t edges[] = {0, 1, 3, 4, 67, 68, rows / 2, rows - 1};
    double work = (double)rows * (double)row_width(p, t->placed.plan.cached) *
                  (t->placed.plan.cached == p->kind ? 1 : p->kv_lora_rank);
    int64_t next = rows;
    for (size_t i = 0; i < sizeof edges / sizeof edges[0]; i++)
        if (edges[i] > before && edges[i] < next)
            next = edges[i];
    return work <= quick ? before + 1 : next;
}

int verify_cache(struct trial *t, struct verdict *verdict, struct mla_error *error)
{
    size_t width = (size_t)row_width(&t->placed.problem, t->placed.plan.cached);
    double *expected = malloc(2 * sizeof *expected * width);
    if (!expected)
        return mla_fail(error, MLA_MACHINE, "no memory for a row of %zu elements", width);
    int code = 0;
    for (int32_t i = 0; i < t->inputs->workload.batch && !code; i++) {
        int64_t rows = t->inputs->workload.seqs[i].kv_end, position = -1;
        while (!code && (position = next_position(t, rows, position)) < rows)
            code = check_row(t, i, position, expected, expected + width, verdict, error);
    }
    free(expected);
    return code;
}

/* The inputs, with the rows as the cache gives them back. */
static int read_back(struct trial *t, struct inputs *stored, struct mla_error *error)
{
    const struct mla_problem *p = &t->placed.problem;
    *stored = *t->inputs;
    stored->rows = (struct buffer){0};
    stored->width = row_width(p, t->placed.plan.cached);
    if (t->placed.plan.cached == MLA_KV && p->kind == MLA_LATENT) {
        stored->problem.kind = MLA_KV;
        stored->problem.kv_lora_rank = 0;
        stored->problem.wkv_b = NULL;
    }
    size_t row_bytes = sizeof(float) * (size_t)stored->width;
    int code = buffer_create(&stored->rows, BUFFER_PLAIN, row_bytes * (size_t)stored->workload.rows,
                             "the stored rows", error);
    for (int32_t i = 0; i < stored->workload.batch && !code; i++) {
        int64_t rows = stored->workload.seqs[i].kv_end, count;
        for (int64_t first = 0; first < rows && !code; first += count) {
            const float *got;
            count = rows - first < TRIAL_CHUNK_MAX ? rows - first : TRIAL_CHUNK_MAX;
            code = trial_load(t, i, first, count, &got, error);
            if (!code)
                memcpy(inputs_row(stored, i, first), got, row_bytes * (size_t)count);
        }
    }
    return code;
}

/* What the format costs, and with it all that the kernel's own answer is off. */
static void compare_formats(const struct trial *t, const struct oracle *truth,
                            const struct oracle *stored, struct verdict *verdict)
{
    const struct mla_problem *p = &t->placed.problem;
    int64_t values = (int64_t)p->heads * p->v_head_dim;
    double format2 = 0, total2 = 0, exact2 = 0;
    for (int64_t i = 0; i < truth->count; i++) {
        const struct oracle_query *query = &truth->queries[i];
        const double *exact = oracle_answer(truth, p, i).o, *kept = oracle_answer(stored, p, i).o;
        const float *o =
            (const float *)t->o.data + (t->seqs[query->seq].token + query->token) * values;
        for (int64_t k = 0; k < values; k++) {
            double format = fabs(kept[k] - exact[k]), total = fabs(o[k] - exact[k]);
            verdict->format_max_abs = fmax(verdict->format_max_abs, format);
            verdict->total_max_abs = fmax(verdict->total_max_abs, total);
            format2 += format * format;
            total2 += total * total;
            exact2 += exact[k] * exact[k];
        }
    }
    verdict->lossy = true;
    verdict->format_rms_rel = exact2 > 0 ? sqrt(format2 / exact2) : 0;
    verdict->total_rms_rel = exact2 > 0 ? sqrt(total2 / exact2) : 0;
}

int verify_lossy(struct trial *t, const struct oracle *oracle, struct verdict *verdict,
                 struct mla_error *error)
{
    struct inputs stored;
    struct oracle over_stored = {0};
    int code = read_back(t, &stored, error);
    if (!code)
        code = oracle_like(oracle, &stored, &over_stored, error);
    if (!code)
        code = oracle_compute(&over_stored, &stored, t->way.threads, error);
    if (!code) {
        verify_compare(t, &over_stored, verdict);
        compare_formats(t, oracle, &over_stored, verdict);
    }
    oracle_destroy(&over_stored);
    buffer_destroy(&stored.rows);
    return code;
}
