/* SPDX-License-Identifier: MIT
 *
 * The verifier must refuse what is wrong: kernels with one fault each, made from a right one. */
#include "harness/child.h"
#include "harness/oracle.h"
#include "harness/verify.h"
#include "tests/sanitized.h"
#include "tests/small_inputs.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

static const struct shape shape = {MLA_LATENT, MLA_CAUSAL, 3, 3, 12, 6, 10, 20, 150, 3, 2, false};

static const struct mla_kernel *right(void)
{
    const struct mla_registry *registry = mla_kernels();
    for (uint32_t i = 0; i < registry->count; i++)
        if (strcmp(registry->kernels[i]->name, "absorbed") == 0)
            return registry->kernels[i];
    cr_assert(false, "there is no kernel named absorbed");
    return NULL;
}

/* --- the faults --- */

static int attend_right(const struct mla_problem *p, const struct mla_memory *m,
                        const struct mla_call *call)
{
    return right()->attend(p, m, call);
}

/* The scale of the absorbed width: a classic. */
static int attend_wrong_scale(const struct mla_problem *p, const struct mla_memory *m,
                              const struct mla_call *call)
{
    struct mla_problem wrong = *p;
    wrong.scale = (float)(1 / sqrt(p->kv_lora_rank + p->qk_rope_head_dim));
    return right()->attend(&wrong, m, call);
}

static int attend_one_key_late(const struct mla_problem *p, const struct mla_memory *m,
                               const struct mla_call *call)
{
    struct mla_seq seqs[8];
    struct mla_call wrong = *call;
    memcpy(seqs, call->seqs, sizeof *seqs * (size_t)call->batch);
    for (int32_t i = 0; i < call->batch; i++)
        seqs[i].kv_begin = 1;
    wrong.seqs = seqs;
    return right()->attend(p, m, &wrong);
}

static int attend_bf16_output(const struct mla_problem *p, const struct mla_memory *m,
                              const struct mla_call *call)
{
    int status = right()->attend(p, m, call);
    for (int64_t i = 0; i < p->max_tokens * p->heads * p->v_head_dim; i++) {
        uint32_t bits;
        memcpy(&bits, &call->o[i], sizeof bits);
        bits &= 0xFFFF0000u;
        memcpy(&call->o[i], &bits, sizeof bits);
    }
    return status;
}

static int attend_lse_in_base_2(const struct mla_problem *p, const struct mla_memory *m,
                                const struct mla_call *call)
{
    int status = right()->attend(p, m, call);
    for (int64_t i = 0; i < p->max_tokens * p->heads; i++)
        call->lse[i] *= 1.44269504f;
    return status;
}

static int attend_one_nan(const struct mla_problem *p, const struct mla_memory *m,
                          const struct mla_call *call)
{
    int status = right()->attend(p, m, call);
    call->o[p->max_tokens * p->heads * p->v_head_dim - 1] = NAN;
    return status;
}

static int attend_one_unwritten(const struct mla_problem *p, const struct mla_memory *m,
                                const struct mla_call *call)
{
    float *lse = &call->lse[p->max_tokens * p->heads - 1], before = *lse;
    int status = right()->attend(p, m, call);
    *lse = before;
    return status;
}

static int store_last_row_twice(const struct mla_problem *p, const struct mla_memory *m,
                                const struct mla_seq *seq, int64_t position, int64_t count,
                                const float *rows, int32_t threads)
{
    int64_t width = p->kv_lora_rank + p->qk_rope_head_dim;
    int status = right()->store(p, m, seq, position, count, rows, threads);
    if (count > 1 && status == 0)
        status =
            right()->store(p, m, seq, position + count - 1, 1, rows + (count - 2) * width, threads);
    return status;
}

/* --- what becomes of them --- */

struct examined {
    struct inputs *inputs;
    struct oracle *oracle;
    struct mla_kernel kernel;
};

static int examine(void *context, struct child_channel *channel, struct mla_error *error)
{
    struct examined *trial = context;
    struct verdict verdict;
    (void)channel;
    int code = verify_kernel(trial->inputs, trial->oracle, &trial->kernel, 1, VERIFY_PASSES,
                             &verdict, error);
    if (code || verdict.passed)
        return code;
    return mla_fail(error, MLA_FAILED, "%s", verdict.reason);
}

static int outcome(struct mla_kernel kernel, struct mla_error *error)
{
    struct inputs inputs = inputs_of(&shape, 1);
    struct oracle oracle;
    cr_assert(oracle_create(&inputs, INFINITY, &oracle, error) == 0);
    cr_assert(oracle_compute(&oracle, &inputs, 1, error) == 0);
    struct examined trial = {&inputs, &oracle, kernel};
    struct child_job job = {examine, NULL, &trial, 60};
    int code = child_run(&job, error);
    oracle_destroy(&oracle);
    inputs_destroy(&inputs);
    return code;
}

Test(verify, a_right_kernel_passes)
{
    struct mla_kernel kernel = *right();
    struct mla_error error;
    kernel.attend = attend_right;
    cr_assert(outcome(kernel, &error) == 0, "%s", error.message);
}

Test(verify, every_fault_is_refused)
{
    typedef int attend_function(const struct mla_problem *, const struct mla_memory *,
                                const struct mla_call *);
    static const struct {
        attend_function *attend;
        const char *expected; /* in the message */
    } faults[] = {
        {attend_wrong_scale, "lse is"}, {attend_one_key_late, "lse is"},
        {attend_bf16_output, "o is"},   {attend_lse_in_base_2, "lse is"},
        {attend_one_nan, "o is nan"},   {attend_one_unwritten, "lse is"},
    };
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
        struct mla_kernel kernel = *right();
        struct mla_error error;
        kernel.attend = faults[i].attend;
        cr_assert(outcome(kernel, &error) == MLA_FAILED, "fault %zu passes", i);
        cr_assert(strstr(error.message, faults[i].expected), "fault %zu: %s", i, error.message);
    }
}

/* A sanitizer would report these in its own way. */
#if !SANITIZED
static int attend_past_the_end(const struct mla_problem *p, const struct mla_memory *m,
                               const struct mla_call *call)
{
    const volatile float *cache = m->cache;
    (void)cache[p->slots * (p->kv_lora_rank + p->qk_rope_head_dim)];
    return right()->attend(p, m, call);
}

static int attend_writes_its_input(const struct mla_problem *p, const struct mla_memory *m,
                                   const struct mla_call *call)
{
    volatile float *q = (volatile float *)(uintptr_t)call->q;
    q[0] = 0;
    return right()->attend(p, m, call);
}

Test(verify, touching_what_was_not_given_is_a_crash)
{
    struct mla_kernel kernel = *right();
    struct mla_error error;
    kernel.attend = attend_past_the_end;
    cr_assert(outcome(kernel, &error) == MLA_FAILED);
    cr_assert(strstr(error.message, "reading at offset") && strstr(error.message, "the cache"),
              "%s", error.message);
    kernel.attend = attend_writes_its_input;
    cr_assert(outcome(kernel, &error) == MLA_FAILED);
    cr_assert(strstr(error.message, "writing at offset 0 of the queries, which is read-only"), "%s",
              error.message);
}
#endif

Test(verify, a_cache_that_gives_back_something_else_is_refused)
{
    struct mla_kernel kernel = *right();
    struct mla_error error;
    kernel.store = store_last_row_twice;
    cr_assert(outcome(kernel, &error) == MLA_FAILED);
    cr_assert(strstr(error.message, "cache gives back") || strstr(error.message, "lse is"), "%s",
              error.message);
}

/* --- lossy caches --- */

static void round_to_bf16(float *x, int64_t count)
{
    for (int64_t i = 0; i < count; i++) {
        uint32_t bits;
        memcpy(&bits, &x[i], sizeof bits);
        bits = (bits + 0x7FFF + (bits >> 16 & 1)) & 0xFFFF0000u;
        memcpy(&x[i], &bits, sizeof bits);
    }
}

static void round_to_sixteenths(float *x, int64_t count)
{
    for (int64_t i = 0; i < count; i++)
        x[i] = roundf(x[i] * 16) / 16;
}

/* Rows as a cache would keep them that rounds so. */
static int store_rounded(const struct mla_problem *p, const struct mla_memory *m,
                         const struct mla_seq *seq, int64_t position, int64_t count,
                         const float *rows, int32_t threads, void (*round)(float *, int64_t))
{
    float row[64];
    int64_t width = p->kv_lora_rank + p->qk_rope_head_dim;
    int status = 0;
    for (int64_t i = 0; i < count && status == 0; i++) {
        memcpy(row, rows + i * width, sizeof *row * (size_t)width);
        round(row, width);
        status = right()->store(p, m, seq, position + i, 1, row, threads);
    }
    return status;
}

static int store_in_bf16(const struct mla_problem *p, const struct mla_memory *m,
                         const struct mla_seq *seq, int64_t position, int64_t count,
                         const float *rows, int32_t threads)
{
    return store_rounded(p, m, seq, position, count, rows, threads, round_to_bf16);
}

static int store_coarsely(const struct mla_problem *p, const struct mla_memory *m,
                          const struct mla_seq *seq, int64_t position, int64_t count,
                          const float *rows, int32_t threads)
{
    return store_rounded(p, m, seq, position, count, rows, threads, round_to_sixteenths);
}

static struct verdict verdict_in_bf16(struct mla_kernel kernel)
{
    struct mla_error error;
    struct verdict verdict;
    struct oracle oracle;
    struct inputs inputs = inputs_of(&shape, 1);
    inputs.problem.format = MLA_BF16;
    cr_assert(oracle_create(&inputs, INFINITY, &oracle, &error) == 0);
    cr_assert(oracle_compute(&oracle, &inputs, 1, &error) == 0);
    cr_assert(verify_kernel(&inputs, &oracle, &kernel, 1, VERIFY_PASSES, &verdict, &error) == 0);
    oracle_destroy(&oracle);
    inputs_destroy(&inputs);
    return verdict;
}

/* Two figures: exact arithmetic over what the cache kept is right, whatever the format cost. */
Test(verify, a_lossy_cache_is_told_from_lossy_arithmetic)
{
    struct mla_kernel kernel = *right();
    kernel.store = store_in_bf16;
    struct verdict verdict = verdict_in_bf16(kernel);
    cr_assert(verdict.passed, "%s", verdict.reason);
    cr_assert(verdict.lossy && verdict.format_rms_rel > 1e-3 && verdict.format_rms_rel < 2e-2,
              "the format costs %g", verdict.format_rms_rel);
    cr_assert(verdict.rms_rel < 1e-6, "the arithmetic %g", verdict.rms_rel);
    kernel.attend = attend_bf16_output;
    verdict = verdict_in_bf16(kernel);
    cr_assert(!verdict.passed && verdict.fault == FAULT_ERROR, "%s", verdict.reason);
    kernel = *right();
    kernel.store = store_coarsely;
    verdict = verdict_in_bf16(kernel);
    cr_assert(!verdict.passed && verdict.fault == FAULT_CACHE, "%s", verdict.reason);
}

/* --- margins and patterns that guards alone would not show --- */

/* The largest of what is there: NaN never is. */
static int attend_keeps_larger(const struct mla_problem *p, const struct mla_memory *m,
                               const struct mla_call *call)
{
    float before = call->lse[0];
    int status = right()->attend(p, m, call);
    if (before > call->lse[0])
        call->lse[0] = before;
    return status;
}

Test(verify, the_second_pass_has_another_pattern)
{
    struct mla_kernel kernel = *right();
    struct mla_error error;
    kernel.attend = attend_keeps_larger;
    cr_assert(outcome(kernel, &error) == MLA_FAILED);
    cr_assert(strstr(error.message, "lse is 8.4"), "%s", error.message);
}

/* A sample always holds each sequence's first and last query, and both sides of a block's edge. */
Test(oracle, a_sample_holds_the_edges)
{
    const struct shape prefill = {MLA_LATENT, MLA_CAUSAL, 2, 2, 4, 2, 4, 4, 0, 500, 2, false};
    struct inputs inputs = inputs_of(&prefill, 1);
    struct oracle oracle;
    struct mla_error error;
    cr_assert(oracle_create(&inputs, 2 * 9000, &oracle, &error) == 0);
    cr_assert(oracle.total == 1000 && oracle.count < 200, "%ld", (long)oracle.count);
    static const int64_t keys[] = {1, 63, 64, 65, 127, 128, 129, 500};
    for (int32_t seq = 0; seq < 2; seq++)
        for (size_t k = 0; k < sizeof keys / sizeof keys[0]; k++) {
            bool found = false;
            for (int64_t i = 0; i < oracle.count; i++)
                found =
                    found || (oracle.queries[i].seq == seq && oracle.queries[i].keys == keys[k]);
            cr_assert(found, "sequence %d: the query with %ld keys is missing", seq, (long)keys[k]);
        }
    oracle_destroy(&oracle);
    inputs_destroy(&inputs);
}
