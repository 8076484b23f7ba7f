/* SPDX-License-Identifier: MIT
 *
 * Outputs of parts of the keys, merged: against formulas by hand, and through the program. */
#include "harness/split.h"
#include "tests/cli.h"

#include <math.h>

TestSuite(split, .init = make_temporary, .fini = remove_temporary);

/* Within what rounding the parts' lse to fp32 does to the weights. */
static void expect(int32_t parts, const float *o_parts, const float *lse_parts, double o0,
                   double o1, double lse)
{
    float o[2] = {7, 7}, got = 7;
    split_merge(parts, 2, o_parts, 2, lse_parts, 1, o, &got);
    double within = 1e-6 + 0x1p-23 * (isfinite(lse) ? fabs(lse) : 0);
    cr_assert(fabs(o[0] - o0) <= within * fabs(o0), "o %g, not %g", o[0], o0);
    cr_assert(fabs(o[1] - o1) <= within * fabs(o1), "o %g, not %g", o[1], o1);
    cr_assert((double)got == lse || fabs(got - lse) <= 1e-6 * fabs(lse), "lse %g, not %g", got,
              lse);
}

/* Parts whose softmax has denominators 1 and 3: weights 1/4 and 3/4. */
Test(split, parts_weigh_by_their_denominators)
{
    const float o[] = {4, -8, 12, 0};
    const float lse[] = {0, (float)log(3)};
    expect(2, o, lse, 4.0 / 4 + 12 * 3.0 / 4, -8.0 / 4, log(4));
    /* Far beyond what exp can do, and far below. */
    const float far[] = {5000, (float)(5000 + log(3))};
    expect(2, o, far, 10, -2, 5000 + log(4));
    const float low[] = {-5000, (float)(-5000 + log(3))};
    expect(2, o, low, 10, -2, -5000 + log(4));
}

Test(split, parts_without_keys_weigh_nothing)
{
    const float o[] = {0, 0, 3, 5, 0, 0};
    const float lse[] = {-INFINITY, 2, -INFINITY};
    expect(3, o, lse, 3, 5, 2);
    const float none[] = {-INFINITY, -INFINITY};
    const float zero[] = {0, 0, 0, 0};
    expect(2, zero, none, 0, 0, -INFINITY);
}

Test(split, nan_is_not_hidden)
{
    float o[2], lse;
    const float parts[] = {1, 1, NAN, 2};
    const float fine[] = {1, 2};
    split_merge(2, 2, parts, 2, fine, 1, o, &lse);
    cr_assert(isnan(o[0]) && o[1] > 1 && o[1] < 2 && isfinite(lse));
    const float wrong[] = {NAN, 2};
    split_merge(2, 2, parts, 2, wrong, 1, o, &lse);
    cr_assert(isnan(o[0]) && isnan(o[1]) && isnan(lse));
    const float all[] = {NAN, NAN}, last[] = {2, NAN}, none[] = {NAN, -INFINITY};
    split_merge(2, 2, parts, 2, none, 1, o, &lse);
    cr_assert(isnan(o[0]) && isnan(o[1]) && isnan(lse));
    split_merge(2, 2, parts, 2, all, 1, o, &lse);
    cr_assert(isnan(o[0]) && isnan(o[1]) && isnan(lse));
    split_merge(2, 2, parts, 2, last, 1, o, &lse);
    cr_assert(isnan(o[0]) && isnan(o[1]) && isnan(lse));
}

/* Which keys a part was asked for, and whether it had the sinks. */
static int64_t begins[8], ends[8];
static bool sinks[8];
static int calls;

static int remember(const struct mla_problem *p, const struct mla_memory *m,
                    const struct mla_call *call)
{
    (void)m;
    begins[calls] = call->seqs[0].kv_begin;
    ends[calls] = call->seqs[0].kv_end;
    sinks[calls++] = call->sinks != NULL;
    for (int64_t i = 0; i < p->max_tokens * p->heads; i++) {
        call->lse[i] = 0;
        call->o[i] = (float)calls;
    }
    return 0;
}

Test(split, every_key_is_in_one_part_and_sinks_in_the_first)
{
    const struct mla_kernel kernel = {.attend = remember};
    const struct mla_problem p = {.heads = 2, .v_head_dim = 1, .max_tokens = 1, .max_batch = 1};
    const struct mla_seq seq = {.tokens = 1, .position = 16, .kv_begin = 7, .kv_end = 17};
    float o[2], lse[2], sink[2] = {0};
    const struct mla_call call = {
        .seqs = &seq, .batch = 1, .threads = 1, .o = o, .lse = lse, .sinks = sink};
    struct split split;
    struct mla_error error;
    cr_assert(split_create(4, &p, BUFFER_PLAIN, &split, &error) == 0);
    cr_assert(split_attend(&split, &kernel, &p, NULL, &call) == 0);
    split_destroy(&split);
    cr_assert(calls == 4);
    for (int i = 0; i < 4; i++) {
        cr_assert(begins[i] == (i ? ends[i - 1] : 7));
        cr_assert(ends[i] - begins[i] == 2 || ends[i] - begins[i] == 3);
        cr_assert(sinks[i] == (i == 0));
    }
    cr_assert(ends[3] == 17);
    cr_assert(fabs(o[1] - 2.5) < 1e-6 && fabs(lse[1] - log(4)) < 1e-6);
}

Test(split, cases_with_split_keys_run_and_name_it)
{
    EXPECT(0,
           "run -q --model tiny --cached 50 --new 2 --split 3 --page-size 16 --sinks --format int8 "
           "--kernel 'absorbed*,!*-blas' --no-report --counters none --out @/run",
           "int8/pages:16/split:3/sinks");
    EXPECT(2, "verify --model tiny --cached 5 --split 1", "split in 1", "2 and more");
    EXPECT(2, "verify --model tiny --cached 5 --split 2 --certificate", "certificate");
}
