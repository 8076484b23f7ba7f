/* SPDX-License-Identifier: MIT
 *
 * Each property of the certificate is found broken by a kernel that breaks it. (That right kernels
 * keep them all is in test_kernels.c.) */
#include "harness/certificate.h"
#include "harness/oracle.h"
#include "tests/small_inputs.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const struct shape shape = {MLA_LATENT, MLA_CAUSAL, 3, 3, 12, 6, 10, 20, 80, 5, 3, true};

static const struct mla_kernel *kernel_named(const char *name)
{
    for (uint32_t i = 0; i < mla_kernels()->count; i++)
        if (strcmp(mla_kernels()->kernels[i]->name, name) == 0)
            return mla_kernels()->kernels[i];
    cr_assert(false, "there is no kernel named %s", name);
    return NULL;
}

static const struct mla_kernel *right(void)
{
    return kernel_named("absorbed");
}

/* --- kernels that break one property each --- */

typedef int attend_function(const struct mla_problem *, const struct mla_memory *,
                            const struct mla_call *);

/* The last bit of the first output, if `when`. */
static int nudged(const struct mla_problem *p, const struct mla_memory *m,
                  const struct mla_call *call, bool when)
{
    int status = right()->attend(p, m, call);
    const struct mla_seq *seq = call->seqs;
    while (seq < call->seqs + call->batch - 1 && seq->tokens == 0)
        seq++;
    if (when && seq->tokens > 0) {
        float *o = call->o + seq->token * p->heads * p->v_head_dim;
        *o = nextafterf(*o, INFINITY);
    }
    return status;
}

static int by_threads(const struct mla_problem *p, const struct mla_memory *m,
                      const struct mla_call *call)
{
    return nudged(p, m, call, call->threads == 3);
}

static int by_batch(const struct mla_problem *p, const struct mla_memory *m,
                    const struct mla_call *call)
{
    return nudged(p, m, call, call->batch == 1);
}

static int by_order(const struct mla_problem *p, const struct mla_memory *m,
                    const struct mla_call *call)
{
    return nudged(p, m, call, call->batch > 1 && call->seqs[0].token > 0);
}

static int by_queries(const struct mla_problem *p, const struct mla_memory *m,
                      const struct mla_call *call)
{
    return nudged(p, m, call, call->seqs[0].tokens == 1);
}

static int by_repetition(const struct mla_problem *p, const struct mla_memory *m,
                         const struct mla_call *call)
{
    static int calls;
    return nudged(p, m, call, ++calls % 7 == 0);
}

/* Every sequence changed by `change`. */
static int changed(const struct mla_problem *p, const struct mla_memory *m,
                   const struct mla_call *call,
                   void (*change)(const struct mla_problem *, struct mla_seq *))
{
    struct mla_seq seqs[8];
    struct mla_call other = *call;
    for (int32_t i = 0; i < call->batch; i++) {
        seqs[i] = call->seqs[i];
        change(p, &seqs[i]);
    }
    other.seqs = seqs;
    return right()->attend(p, m, &other);
}

static void forget_begin(const struct mla_problem *p, struct mla_seq *seq)
{
    (void)p;
    if (seq->kv_begin > 0 && seq->kv_begin < 90)
        seq->kv_begin--;
}

static int without_begin(const struct mla_problem *p, const struct mla_memory *m,
                         const struct mla_call *call)
{
    return changed(p, m, call, forget_begin);
}

static void lose_far_key(const struct mla_problem *p, struct mla_seq *seq)
{
    (void)p;
    if (seq->position > 5000)
        seq->kv_begin++;
}

static int not_far(const struct mla_problem *p, const struct mla_memory *m,
                   const struct mla_call *call)
{
    return changed(p, m, call, lose_far_key);
}

static void look_ahead(const struct mla_problem *p, struct mla_seq *seq)
{
    (void)p;
    if (seq->tokens > 1)
        seq->position++;
}

static int ahead(const struct mla_problem *p, const struct mla_memory *m,
                 const struct mla_call *call)
{
    return changed(p, m, call, look_ahead);
}

static void narrow_slot(const struct mla_problem *p, struct mla_seq *seq)
{
    int64_t width = p->kv_lora_rank + p->qk_rope_head_dim;
    if (seq->slot * width > INT32_MAX)
        seq->slot--;
}

static int narrow(const struct mla_problem *p, const struct mla_memory *m,
                  const struct mla_call *call)
{
    return changed(p, m, call, narrow_slot);
}

/* Right for the heads in the order of the inputs alone. */
static float first_weight;

static int heads_mixed(const struct mla_problem *p, const struct mla_memory *m,
                       const struct mla_call *call)
{
    int status = right()->attend(p, m, call);
    if (p->wkv_b[0] != first_weight)
        call->lse[0] = call->lse[1];
    return status;
}

static int touched_by_others(const struct mla_problem *p, const struct mla_memory *m,
                             const struct mla_call *call)
{
    int status = right()->attend(p, m, call);
    int64_t last = call->seqs[call->batch - 2].token;
    call->o[0] += 0 * call->q[last * p->heads * (p->qk_nope_head_dim + p->qk_rope_head_dim)];
    return status;
}

static int lse_of_nothing(const struct mla_problem *p, const struct mla_memory *m,
                          const struct mla_call *call)
{
    int status = right()->attend(p, m, call);
    for (int64_t i = 0; i < p->max_tokens * p->heads; i++)
        if (isinf(call->lse[i]))
            call->lse[i] = 0;
    return status;
}

static int o_of_nothing(const struct mla_problem *p, const struct mla_memory *m,
                        const struct mla_call *call)
{
    int status = right()->attend(p, m, call);
    for (int64_t i = 0; i < p->max_tokens * p->heads; i++)
        if (isinf(call->lse[i]))
            call->o[i * p->v_head_dim] = 1e-30F;
    return status;
}

static int wants_alignment(const struct mla_problem *p, const struct mla_memory *m,
                           const struct mla_call *call)
{
    int status = right()->attend(p, m, call);
    if ((uintptr_t)m->cache % 8)
        call->o[0] = 0;
    return status;
}

static void clear_nans(const struct mla_problem *p, const struct mla_call *call)
{
    for (int64_t i = 0; i < p->max_tokens * p->heads * p->v_head_dim; i++)
        if (isnan(call->o[i]))
            call->o[i] = 0;
}

/* A NaN of all heads, which a key brings, or of some, which a query brings. */
static int hides_nan_of_keys(const struct mla_problem *p, const struct mla_memory *m,
                             const struct mla_call *call)
{
    int status = right()->attend(p, m, call);
    if (isnan(call->lse[0]))
        clear_nans(p, call);
    return status;
}

static int hides_nan_of_queries(const struct mla_problem *p, const struct mla_memory *m,
                                const struct mla_call *call)
{
    int status = right()->attend(p, m, call);
    if (!isnan(call->lse[0]))
        clear_nans(p, call);
    return status;
}

static int spreads_nan(const struct mla_problem *p, const struct mla_memory *m,
                       const struct mla_call *call)
{
    int status = right()->attend(p, m, call);
    if (isnan(call->lse[p->heads - 1]))
        call->o[0] = NAN;
    return status;
}

static int by_slot(const struct mla_problem *p, const struct mla_memory *m,
                   const struct mla_call *call)
{
    return nudged(p, m, call, call->seqs[0].slot == 37);
}

static int leaks(const struct mla_problem *p, const struct mla_memory *m,
                 const struct mla_call *call)
{
    static void **kept; /* a list, reachable, so that the leak is none to a sanitizer */
    void **more = malloc(1000);
    cr_assert(more != NULL);
    *more = (void *)kept;
    kept = more;
    return right()->attend(p, m, call);
}

static int store_by_chunk(const struct mla_problem *p, const struct mla_memory *m,
                          const struct mla_seq *seq, int64_t position, int64_t count,
                          const float *rows, int32_t threads)
{
    float row[26];
    if (count != 1)
        return right()->store(p, m, seq, position, count, rows, threads);
    memcpy(row, rows, sizeof row);
    row[0] = nextafterf(row[0], INFINITY);
    return right()->store(p, m, seq, position, count, row, threads);
}

static int copy_half(const struct mla_problem *p, const struct mla_memory *m, int32_t from,
                     int32_t to)
{
    struct mla_problem half = *p;
    half.page_size /= 2;
    return right()->copy_page(&half, m, 2 * from, 2 * to);
}

/* The first element of a gradient of q, so many times as large. */
static int backward_nudged(const struct mla_problem *p, const struct mla_memory *m,
                           const struct mla_gradient *call)
{
    int status = kernel_named("latent")->backward(p, m, call);
    if (call->batch > 0)
        *call->grad_q *= 1.001F;
    return status;
}

static int backward_refused(const struct mla_problem *p, const struct mla_memory *m,
                            const struct mla_gradient *call)
{
    (void)p, (void)m, (void)call;
    return -ENOTSUP;
}

/* --- what becomes of them --- */

static enum certificate_outcome outcome_of(const struct mla_kernel *kernel, const char *name,
                                           int64_t page_size, struct mla_error *why)
{
    enum certificate_outcome outcome = CERTIFIED_OUTCOMES;
    struct extras extras = {.page_size = page_size};
    struct inputs inputs = inputs_with(&shape, &extras, 3);
    struct oracle oracle;
    cr_assert(oracle_create(&inputs, INFINITY, &oracle, why) == 0);
    cr_assert(oracle_compute(&oracle, &inputs, 1, why) == 0);
    struct certificate_subject subject = {&inputs, &oracle, kernel, 20000};
    for (int i = 0; i < CERTIFICATE_CHECKS; i++)
        if (strcmp(certificate_checks[i].name, name) == 0)
            cr_assert(certificate_check(&subject, i, &outcome, why) == 0, "%s", why->message);
    oracle_destroy(&oracle);
    inputs_destroy(&inputs);
    cr_assert(outcome != CERTIFIED_OUTCOMES, "there is no property %s", name);
    return outcome;
}

Test(certificate, each_property_is_found_broken)
{
    static const struct {
        const char *name;
        attend_function *attend;
    } faults[] = {
        {"threads", by_threads},       {"batch", by_batch},
        {"order", by_order},           {"queries", by_queries},
        {"repeated", by_repetition},   {"split", without_begin},
        {"positions", not_far},        {"future", ahead},
        {"others", touched_by_others}, {"lse", lse_of_nothing},
        {"lse", o_of_nothing},         {"alignment", wants_alignment},
        {"far-slots", narrow},         {"leaks", leaks},
        {"nan", hides_nan_of_keys},    {"nan", hides_nan_of_queries},
        {"nan", spreads_nan},          {"slots", by_slot},
    };
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
        struct mla_error why;
        struct mla_kernel kernel = *right();
        kernel.attend = faults[i].attend;
        enum certificate_outcome outcome = outcome_of(&kernel, faults[i].name, 0, &why);
        cr_assert(outcome == CERTIFIED_BROKEN, "%s: %s", faults[i].name,
                  certificate_outcome_names[outcome]);
        cr_assert(why.message[0], "%s: no reason", faults[i].name);
    }
}

Test(certificate, heads_chunks_and_pages_are_found_broken)
{
    struct mla_error why;
    struct mla_kernel kernel = *right();
    kernel.store = store_by_chunk;
    cr_assert(outcome_of(&kernel, "chunks", 0, &why) == CERTIFIED_BROKEN);
    kernel = *right();
    kernel.copy_page = copy_half;
    cr_assert(outcome_of(&kernel, "copied-pages", 16, &why) == CERTIFIED_BROKEN);
    kernel = *right();
    kernel.attend = heads_mixed;
    struct inputs inputs = inputs_of(&shape, 1);
    first_weight = inputs.problem.wkv_b[0];
    inputs_destroy(&inputs);
    cr_assert(outcome_of(&kernel, "heads", 0, &why) == CERTIFIED_BROKEN);
    cr_assert(outcome_of(&kernel, "repeated", 0, &why) == CERTIFIED_BITS);
}

/* A kernel that promises less may differ in bits, and must be right all the same. */
Test(certificate, what_is_not_promised_may_differ)
{
    struct mla_error why;
    struct mla_kernel kernel = *right();
    kernel.attend = by_threads;
    kernel.invariances &= ~(uint32_t)MLA_SAME_FOR_THREADS;
    cr_assert(outcome_of(&kernel, "threads", 0, &why) == CERTIFIED_NOT_PROMISED);
}

Test(certificate, gradients_are_found_wrong)
{
    struct mla_error why;
    struct mla_kernel kernel = *kernel_named("latent");
    cr_assert(outcome_of(&kernel, "gradients", 0, &why) == CERTIFIED_BOUND, "%s", why.message);
    kernel.backward = backward_nudged;
    cr_assert(outcome_of(&kernel, "gradients", 0, &why) == CERTIFIED_BROKEN);
    cr_assert(why.message[0], "no reason");
    kernel.backward = backward_refused;
    cr_assert(outcome_of(&kernel, "gradients", 0, &why) == CERTIFIED_NOT_APPLICABLE);
    cr_assert(outcome_of(right(), "gradients", 0, &why) == CERTIFIED_NOT_APPLICABLE);
}
