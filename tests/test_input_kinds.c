/* SPDX-License-Identifier: MIT
 *
 * Special inputs are what they claim to be, for latents and for keys and values. */
#include "harness/input_kind.h"
#include "harness/oracle.h"
#include "tests/small_inputs.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

static const struct shape latent = {MLA_LATENT, MLA_CAUSAL, 3, 3, 12, 6, 10, 20, 130, 3, 1, false};
static const struct shape kv = {MLA_KV, MLA_CAUSAL, 4, 2, 12, 6, 10, 0, 130, 3, 1, false};
static const struct shape no_rope = {MLA_LATENT, MLA_CAUSAL, 3, 3, 12, 0, 10, 20, 130, 3, 1, false};
static const struct shape *const shapes[] = {&latent, &kv, &no_rope};
enum { SHAPES = sizeof shapes / sizeof shapes[0] };

struct special {
    struct inputs inputs;
    struct oracle oracle;
};

static struct special arrange(const struct shape *shape, enum input_kind kind)
{
    struct mla_error error;
    struct special s = {.inputs = inputs_of(shape, 1)};
    s.inputs.kind = kind;
    inputs_fill(&s.inputs, 1);
    cr_assert(oracle_create(&s.inputs, INFINITY, &s.oracle, &error) == 0, "%s", error.message);
    cr_assert(oracle_compute(&s.oracle, &s.inputs, 1, &error) == 0, "%s", error.message);
    return s;
}

static void discard(struct special *s)
{
    oracle_destroy(&s->oracle);
    inputs_destroy(&s->inputs);
}

/* Each lse lies in [least, most] beyond ln(keys) times `per_log` and keys times `per_key`. */
static void check_lse(enum input_kind kind, double per_log, double per_key, double least,
                      double most)
{
    for (int i = 0; i < SHAPES; i++) {
        struct special s = arrange(shapes[i], kind);
        for (int64_t q = 0; q < s.oracle.count; q++) {
            double keys = (double)s.oracle.queries[q].keys;
            struct oracle_answer a = oracle_answer(&s.oracle, &s.inputs.problem, q);
            for (int32_t h = 0; h < s.inputs.problem.heads; h++) {
                double lse = a.lse[h] - per_log * log(keys) - per_key * keys;
                cr_assert(lse >= least && lse <= most, "%s, shape %d: lse %g",
                          input_kind_names[kind], i, a.lse[h]);
            }
        }
        discard(&s);
    }
}

Test(input_kinds, scores)
{
    check_lse(INPUT_UNIFORM, 1, 0, -0.01, 0.01);
    check_lse(INPUT_IDENTIFY, 1, 0, -0.4, 0.4);
    check_lse(INPUT_LOW_SCORES, 1, 0, -2.45e5 - 20, -2.45e5 + 20);
    check_lse(INPUT_RISING, 0, 1, -12, 12);
    check_lse(INPUT_ONE_HOT, 0, 0, 39, 160);
    check_lse(INPUT_TWO_WAY, 0, 0, 20, 120);
    check_lse(INPUT_HIGH_SCORES, 0, 0, 1000, 1e6);
}

/* Of the first row's elements, in magnitude. */
struct extremes {
    double least, most;
};

static struct extremes extremes_of(const struct inputs *inputs)
{
    struct extremes e = {INFINITY, 0};
    const float *row = inputs->rows.data;
    for (int64_t i = 0; i < inputs->width; i++) {
        e.least = fmin(e.least, fabs(row[i]));
        e.most = fmax(e.most, fabs(row[i]));
    }
    return e;
}

Test(input_kinds, magnitudes_lie_side_by_side_and_leave_the_scores_alone)
{
    for (int i = 0; i < SHAPES; i++) {
        struct special s = arrange(shapes[i], INPUT_MAGNITUDES);
        struct special plain = arrange(shapes[i], INPUT_RANDOM);
        struct extremes e = extremes_of(&s.inputs);
        cr_assert(e.most / e.least > 1e10, "%g to %g", e.least, e.most);
        struct oracle_answer a = oracle_answer(&s.oracle, &s.inputs.problem, 0);
        struct oracle_answer b = oracle_answer(&plain.oracle, &plain.inputs.problem, 0);
        cr_assert(fabs(a.lse[0] - b.lse[0]) < 1e-4, "%g and %g", a.lse[0], b.lse[0]);
        discard(&s);
        discard(&plain);
    }
}

Test(input_kinds, denormals_are_denormal)
{
    for (int i = 0; i < SHAPES; i++) {
        struct special s = arrange(shapes[i], INPUT_DENORMALS);
        int denormal = 0;
        for (int64_t d = 0; d < s.inputs.width; d++)
            denormal += fpclassify(((float *)s.inputs.rows.data)[d]) == FP_SUBNORMAL;
        cr_assert(denormal >= s.inputs.width / 2 - 1, "%d of %ld", denormal, (long)s.inputs.width);
        discard(&s);
    }
}

Test(input_kinds, only_one_part_of_the_scores)
{
    struct special rope = arrange(&latent, INPUT_ROPE_ONLY);
    struct special nope = arrange(&kv, INPUT_NOPE_ONLY);
    const float *q = rope.inputs.q.data, *p = nope.inputs.q.data;
    cr_assert(q[0] == 0 && q[11] == 0 && q[12] != 0 && q[17] != 0);
    cr_assert(p[0] != 0 && p[11] != 0 && p[12] == 0 && p[17] == 0);
    discard(&rope);
    discard(&nope);
}

Test(input_kinds, equal_rows_give_the_value_itself)
{
    struct special s = arrange(&kv, INPUT_EQUAL_ROWS);
    struct oracle_answer a = oracle_answer(&s.oracle, &s.inputs.problem, 0);
    const float *value = (const float *)s.inputs.rows.data + 18;
    for (int d = 0; d < 10; d++)
        cr_assert(fabs(a.o[d] - value[d]) < 1e-12);
    discard(&s);
}

Test(input_kinds, values_cancel)
{
    for (int i = 0; i < SHAPES; i++) {
        struct special s = arrange(shapes[i], INPUT_CANCELLING);
        double most = extremes_of(&s.inputs).most;
        /* The last query has an even number of keys, 132. */
        struct oracle_answer a = oracle_answer(&s.oracle, &s.inputs.problem, 1);
        cr_assert(s.oracle.queries[1].keys == 132);
        cr_assert(most > 5e3 && fabs(a.o[0]) < 10, "%g and %g", most, a.o[0]);
        discard(&s);
    }
}

/* A key left out changes an output by one part in the number of keys that share its dimension. */
Test(input_kinds, every_key_is_identified)
{
    for (int i = 0; i < SHAPES; i++) {
        struct special s = arrange(shapes[i], INPUT_IDENTIFY);
        for (int64_t q = 0; q < s.oracle.count; q++) {
            struct oracle_answer a = oracle_answer(&s.oracle, &s.inputs.problem, q);
            double sum = 0;
            for (int32_t d = 0; d < s.inputs.problem.v_head_dim; d++) {
                cr_assert(a.o[d] > 0.05 && a.o[d] < 0.2, "dim %d: %g", d, a.o[d]);
                sum += a.o[d];
            }
            cr_assert(fabs(sum - 1) < 1e-12, "the weights add up to %.17g", sum);
        }
        discard(&s);
    }
}

/* The first key has about half the weight, the last one all of it. */
Test(input_kinds, the_maximum_is_where_it_is_said_to_be)
{
    for (int i = 0; i < SHAPES; i++) {
        struct special first = arrange(shapes[i], INPUT_MAX_FIRST);
        struct special last = arrange(shapes[i], INPUT_MAX_LAST);
        int64_t query = first.oracle.count - 1; /* attends every key */
        /* The lse of random scores alone is about 2 + ln(keys) or less. */
        double keys = (double)first.oracle.queries[query].keys;
        double lse = oracle_answer(&first.oracle, &first.inputs.problem, query).lse[0];
        cr_assert(lse - log(keys) > 1 && lse - log(keys) < 8, "shape %d: %g", i, lse);
        lse = oracle_answer(&last.oracle, &last.inputs.problem, query).lse[0];
        cr_assert(lse > 185 && lse < 215, "shape %d: %g", i, lse);
        discard(&first);
        discard(&last);
    }
}

/* Without its faint weights an output would be the first key's value. */
Test(input_kinds, faint_weights_count)
{
    for (int i = 0; i < SHAPES; i++) {
        struct special s = arrange(shapes[i], INPUT_FAINT);
        struct oracle_answer a = oracle_answer(&s.oracle, &s.inputs.problem, s.oracle.count - 1);
        cr_assert(fabs(a.lse[0] - 30) < 1e-3, "shape %d: %g", i, a.lse[0]);
        const struct mla_problem *p = &s.inputs.problem;
        const float *row = s.inputs.rows.data;
        double square = 0;
        for (int32_t d = 0; d < p->v_head_dim; d++) {
            double first =
                p->kind == MLA_KV ? row[p->qk_nope_head_dim + p->qk_rope_head_dim + d] : 0;
            for (int32_t c = 0; c < p->kv_lora_rank; c++)
                first += (double)p->wkv_b[(p->qk_nope_head_dim + d) * p->kv_lora_rank + c] * row[c];
            square += (a.o[d] - first) * (a.o[d] - first) / p->v_head_dim;
        }
        cr_assert(sqrt(square) > 0.3 && sqrt(square) < 10, "shape %d: %g", i, sqrt(square));
        discard(&s);
    }
}

Test(input_kinds, names_are_whole)
{
    for (int k = 0; k < INPUT_KINDS; k++) {
        cr_assert(input_kind_names[k] && input_kind_summaries[k], "kind %d", k);
        for (int other = 0; other < k; other++)
            cr_assert(strcmp(input_kind_names[k], input_kind_names[other]) != 0);
    }
}
