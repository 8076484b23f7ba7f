/* SPDX-License-Identifier: MIT
 *
 * Other projects' criteria: that each accepts what it should at its threshold, that inputs are as
 * theirs, and that wrong kernels are seen or not seen as in their tests. */
#include "harness/commands.h"
#include "harness/criteria_core.h"
#include "harness/criteria_layer.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { SEED = 3, WIDTH = CORE_LATENT + CORE_ROPE };

static struct acceptance judged(accept_function *accept, int64_t n, const float *got,
                                const float *expected, struct tolerance tolerance)
{
    struct acceptance a;
    memset(&a, 0xFF, sizeof a);
    accept(n, got, expected, &tolerance, &a);
    cr_assert(a.accepted == (a.why[0] == 0), "accepted %d, but why is '%s'", a.accepted, a.why);
    return a;
}

#define ACCEPTS(...) cr_assert(judged(__VA_ARGS__).accepted, "refused: %s", judged(__VA_ARGS__).why)
#define REFUSES(...) cr_assert(!judged(__VA_ARGS__).accepted, "accepted")

/* One number against another. */
#define ONE(got, expected)                   \
    1, (const float[]){got}, (const float[]) \
    {                                        \
        expected                             \
    }

Test(criteria, close_is_absolute_plus_relative)
{
    const struct tolerance t = {0.5, 0.25, 0};
    ACCEPTS(accept_close, ONE(5.49F, 4), t);
    REFUSES(accept_close, ONE(5.51F, 4), t);
    REFUSES(accept_close, ONE(-5.49F, 4), t);
    ACCEPTS(accept_close_to_got, ONE(5.99F, 4), t);
    REFUSES(accept_close_to_got, ONE(6.01F, 4), t);
    struct acceptance a = judged(accept_close, ONE(7, 4), t);
    cr_assert(fabs(a.figure - 2) < 1e-12, "figure %g", a.figure);
}

Test(criteria, what_is_not_finite_is_close_only_to_itself)
{
    accept_function *const close[] = {accept_close, accept_close_to_got};
    const struct tolerance t = {0.5, 0.25, 0};
    for (int i = 0; i < 2; i++) {
        REFUSES(close[i], ONE(NAN, 1), t);
        REFUSES(close[i], ONE(NAN, NAN), t);
        REFUSES(close[i], ONE(INFINITY, 1), t);
        REFUSES(close[i], ONE(INFINITY, -INFINITY), t);
        ACCEPTS(close[i], ONE(-INFINITY, -INFINITY), t);
    }
    struct acceptance a = judged(accept_close, ONE(NAN, 1), t);
    cr_assert(isinf(a.figure), "figure %g", a.figure);
}

Test(criteria, flash_mla_wants_each_element_near_one_way_or_the_other)
{
    const struct tolerance t = {8e-4, 2.01 / 128, INFINITY};
    ACCEPTS(accept_flash_mla, ONE(7.9e-4F, 0), t);
    REFUSES(accept_flash_mla, ONE(8.1e-4F, 0), t);
    ACCEPTS(accept_flash_mla, ONE(10.156F, 10), t);
    REFUSES(accept_flash_mla, ONE(10.158F, 10), t);
    REFUSES(accept_flash_mla, ONE(NAN, 1), t);
    REFUSES(accept_flash_mla, ONE(1, -INFINITY), t);
    ACCEPTS(accept_flash_mla, ONE(-INFINITY, -INFINITY), t);
    ACCEPTS(accept_flash_mla, ONE(NAN, NAN), t); /* as the original does */
}

/* (1, e) against (1, 0): the difference is about e^2 / 2. */
Test(criteria, flash_mla_wants_a_small_cosine_difference)
{
    const struct tolerance t = {1, 0, 5e-6};
    ACCEPTS(accept_flash_mla, 2, (const float[]){1, 0.0031F}, (const float[]){1, 0}, t);
    REFUSES(accept_flash_mla, 2, (const float[]){1, 0.0032F}, (const float[]){1, 0}, t);
    REFUSES(accept_flash_mla, 2, (const float[]){0, 0}, (const float[]){1e-3F, 0}, t);
    /* Dropped where nothing is expected but zeros. */
    ACCEPTS(accept_flash_mla, 2, (const float[]){1e-3F, 0}, (const float[]){0, 0}, t);
}

Test(criteria, sglang_wants_the_direction_too)
{
    /* At cosine c the tangent is sqrt(1/c^2 - 1) = 0.14249 for 0.99. */
    const struct tolerance t = {1, 0, 0.99};
    ACCEPTS(accept_similar, 2, (const float[]){1, 0.142F}, (const float[]){1, 0}, t);
    REFUSES(accept_similar, 2, (const float[]){1, 0.143F}, (const float[]){1, 0}, t);
    REFUSES(accept_similar, 2, (const float[]){1, 1.1F}, (const float[]){1, 0}, t);
    REFUSES(accept_similar, 2, (const float[]){0, 0}, (const float[]){1, 0}, t);
    REFUSES(accept_similar, 2, (const float[]){1, NAN}, (const float[]){1, 0}, t);
}

Test(criteria, llama_cpp_wants_a_small_nmse)
{
    const struct tolerance t = {0, 0, 5e-4};
    ACCEPTS(accept_nmse, 2, (const float[]){1, 0.0223F}, (const float[]){1, 0}, t);
    REFUSES(accept_nmse, 2, (const float[]){1, 0.0224F}, (const float[]){1, 0}, t);
    REFUSES(accept_nmse, 2, (const float[]){0, 0}, (const float[]){1, 0}, t);
    ACCEPTS(accept_nmse, 2, (const float[]){0, 0}, (const float[]){0, 0}, t);
    REFUSES(accept_nmse, 2, (const float[]){1, NAN}, (const float[]){1, 0}, t);
    REFUSES(accept_nmse, 2, (const float[]){1, INFINITY}, (const float[]){1, 0}, t);
}

Test(criteria, ktransformers_wants_a_small_mean_error)
{
    const struct tolerance t = {0, 0, 0.2};
    ACCEPTS(accept_mean, 2, (const float[]){1.39F, -1}, (const float[]){1, -1}, t);
    REFUSES(accept_mean, 2, (const float[]){1.41F, -1}, (const float[]){1, -1}, t);
    REFUSES(accept_mean, 2, (const float[]){NAN, -1}, (const float[]){1, -1}, t);
}

Test(criteria, numbers_round_to_the_nearest_of_their_type)
{
    static const struct {
        enum dtype dtype;
        double x, rounded;
    } cases[] = {
        {DTYPE_BF16, 1 + 0x1p-8, 1},              /* ties to even */
        {DTYPE_BF16, 1 + 3 * 0x1p-8, 1 + 0x1p-6}, /* likewise */
        {DTYPE_BF16, 1 + 0x1.2p-8, 1 + 0x1p-7},   /* beyond the tie */
        {DTYPE_BF16, -0x1.FFp0, -2},              /* the exponent grows */
        {DTYPE_BF16, 0x1.FFp127, INFINITY},       /* so it does here */
        {DTYPE_FP16, 1 + 0x1p-11, 1},             /* a tie */
        {DTYPE_FP16, 65519, 65504},               /* the largest */
        {DTYPE_FP16, 65520, INFINITY},            /* the tie beyond it */
        {DTYPE_FP16, 0x1p-25, 0},                 /* half the smallest subnormal */
        {DTYPE_FP16, 0x1.8p-25, 0x1p-24},         /* more than half */
        {DTYPE_FP16, -0x1.FFFp-15, -0x1p-14},     /* from subnormal to normal */
        {DTYPE_FP32, 1 + 0x1p-24, 1},             /* a tie */
        {DTYPE_FP32, 1 + 0x1.8p-24, 1 + 0x1p-23}, /* beyond it */
        {DTYPE_BF16, -INFINITY, -INFINITY},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        double got = dtype_round(cases[i].dtype, cases[i].x);
        cr_assert(got == cases[i].rounded, "case %zu: %a becomes %a", i, cases[i].x, got);
    }
    cr_assert(isnan(dtype_round(DTYPE_FP16, NAN)), "NaN");
}

Test(criteria, inputs_are_distributed_as_theirs)
{
    enum { COUNT = 50000 };
    static const struct {
        enum distribution distribution;
        double mean, sd, least, most;
    } cases[] = {
        {NORMAL, 0, 1, -5, 5},
        {TENTH_NORMAL, 0, 0.1, -1, 1},
        {UNIT, 0.5, 0.288675, 0, 1},
        {SYMMETRIC, 0, 0.57735, -1, 1},
    };
    static float values[COUNT], again[COUNT];
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        double sum = 0, squares = 0, n = COUNT;
        values_fill(cases[i].distribution, DTYPE_BF16, SEED, 1, COUNT, values, 1);
        values_fill(cases[i].distribution, DTYPE_BF16, SEED, 1, COUNT, again, 2);
        cr_assert(memcmp(values, again, sizeof values) == 0, "threads change the numbers");
        for (int k = 0; k < COUNT; k++) {
            double x = values[k];
            cr_assert(x >= cases[i].least && x <= cases[i].most, "case %zu: %g", i, x);
            cr_assert(dtype_round(DTYPE_BF16, x) == x, "case %zu: %g is not bf16", i, x);
            sum += x;
            squares += x * x;
        }
        double mean = sum / n, sd = sqrt(squares / n - mean * mean), error = 5 / sqrt(n);
        cr_assert(fabs(mean - cases[i].mean) <= error * cases[i].sd, "case %zu: mean %g", i, mean);
        cr_assert(fabs(sd - cases[i].sd) <= error * cases[i].sd, "case %zu: sd %g", i, sd);
    }
}

static const struct criterion *named(const char *name)
{
    for (int i = 0; i < CRITERIA; i++)
        if (strcmp(criteria[i].name, name) == 0)
            return &criteria[i];
    cr_assert_fail("there is no criterion %s", name);
    return NULL;
}

Test(criteria, the_table_is_consistent)
{
    for (int i = 0; i < CRITERIA; i++) {
        const struct criterion *criterion = &criteria[i];
        cr_assert(criterion->project && criterion->source && criterion->summary, "%d", i);
        cr_assert(named(criterion->name) == criterion, "two are named %s", criterion->name);
        cr_assert(criterion->case_count + criterion->layer_count > 0, "%s", criterion->name);
        cr_assert(criterion->case_count <= CRITERION_CASES_MAX, "%s", criterion->name);
        cr_assert(criterion->layer_count <= CRITERION_CASES_MAX, "%s", criterion->name);
        cr_assert(!criterion->compares_lse || criterion->lse_factor > 0, "%s", criterion->name);
        for (int k = 0; k < criterion->case_count; k++) {
            const struct core_case *c = &criterion->cases[k];
            cr_assert(c->heads > 0 && c->batch > 0 && c->batch <= CORE_BATCH_MAX, "%s", c->name);
            cr_assert(c->tokens > 0 && criterion->scale > 0, "%s", c->name);
            for (int s = 0; s < c->batch; s++)
                cr_assert(!c->causal || c->lengths[s] == 0 || c->lengths[s] >= c->tokens,
                          "%s: more queries than keys", c->name);
        }
    }
}

/* A case with its inputs and what is expected. */
struct fixture {
    struct core_case c;
    struct core core;
    float *wkv_b;
};

/* Case number k of a criterion, with fewer heads and shorter sequences. */
static void set_up(struct fixture *f, const struct criterion *criterion, int k, int32_t heads,
                   int64_t longest)
{
    struct mla_error error;
    f->c = criterion->cases[k];
    f->c.heads = f->c.heads < heads ? f->c.heads : heads;
    for (int i = 0; i < f->c.batch; i++)
        f->c.lengths[i] = f->c.lengths[i] < longest ? f->c.lengths[i] : longest;
    f->wkv_b = calloc((size_t)core_weights_count(f->c.heads), sizeof *f->wkv_b);
    cr_assert(f->wkv_b != NULL);
    core_weights(f->c.heads, f->wkv_b);
    int code = core_create(criterion, &f->c, f->wkv_b, SEED, &f->core, &error);
    if (!code)
        code = core_prepare(&f->core, 1, &error);
    cr_assert(code == 0, "%s", error.message);
}

static void tear_down(struct fixture *f)
{
    core_destroy(&f->core);
    free(f->wkv_b);
}

static struct finding find(const struct fixture *f, const struct mla_kernel *kernel, int threads)
{
    struct finding finding = {.kind = NOT_RUN};
    struct mla_error error;
    int code = core_judge(&f->core, kernel, threads, &finding, &error);
    cr_assert(code == 0, "%s", error.message);
    return finding;
}

static const struct mla_kernel *built_in(const char *name)
{
    const struct mla_registry *registry = mla_kernels();
    for (uint32_t i = 0; i < registry->count; i++)
        if (strcmp(registry->kernels[i]->name, name) == 0)
            return registry->kernels[i];
    cr_assert_fail("there is no kernel %s", name);
    return NULL;
}

/* Not one that takes keys and values, or a cache in int8, alone. */
static bool can_be_judged(const struct mla_kernel *kernel)
{
    return strcmp(kernel->name, "mha") != 0 && strncmp(kernel->name, "absorbed-int8-", 14) != 0;
}

Test(criteria, right_kernels_are_not_noticed)
{
    const struct mla_registry *registry = mla_kernels();
    for (int i = 0; i < CRITERIA; i++)
        for (int k = 0; k < criteria[i].case_count; k++) {
            struct fixture f;
            set_up(&f, &criteria[i], k, 2, 130);
            for (uint32_t n = 0; n < registry->count; n++) {
                const struct mla_kernel *kernel = registry->kernels[n];
                struct finding finding = find(&f, kernel, 1 + k % 2);
                enum finding_kind wanted = can_be_judged(kernel) ? NOT_NOTICED : NOT_RUN;
                cr_assert(finding.kind == wanted, "%s, %s: %s", kernel->name, criteria[i].name,
                          finding.reason);
                cr_assert(finding.figure < 1, "figure %g", finding.figure);
            }
            tear_down(&f);
        }
}

/* What a kernel would return that averages the values whatever the scores. */
static void average(const struct core *core, float *o, float *lse)
{
    const float *rows = core->latent.data;
    for (int d = 0; d < CORE_LATENT; d++) {
        double sum = 0;
        for (int64_t j = 0; j < core->rows; j++)
            sum += rows[j * WIDTH + d];
        o[d] = (float)(sum / (double)core->rows);
    }
    *lse = (float)log((double)core->rows);
}

/* Scores are of the order of 0.01: nothing but the cosine tells softmax from a mean. */
Test(criteria, with_flash_mla_s_inputs_a_mean_of_the_values_fails_by_the_cosine_alone)
{
    const struct criterion *criterion = named("flashmla");
    int last = criterion->case_count - 1;
    struct fixture f;
    float o[CORE_LATENT], lse;
    cr_assert(criterion->cases[last].lengths[0] == 4096, "the case has moved");
    set_up(&f, criterion, last, 1, 4096);
    average(&f.core, o, &lse);
    dtype_round_all(DTYPE_BF16, CORE_LATENT, o);
    struct tolerance elements_alone = f.c.o;
    elements_alone.whole = INFINITY;
    ACCEPTS(accept_flash_mla, CORE_LATENT, o, f.core.o.data, elements_alone);
    ACCEPTS(accept_flash_mla, 1, &lse, f.core.lse.data, f.c.lse);
    struct finding finding = {.kind = NOT_RUN};
    core_compare(&f.core, o, &lse, &finding);
    cr_assert(finding.kind == NOTICED && strstr(finding.reason, "o: the cosine difference"), "%s",
              finding.reason);
    cr_assert(finding.figure > 1, "figure %g", finding.figure);
    tear_down(&f);
}

/* Wrong kernels, made from a right one. */
static struct mla_kernel wrong;
static const struct mla_kernel *right;

static void break_kernel(const char *name)
{
    right = built_in(name);
    wrong = *right;
}

static int attend_without_rope(const struct mla_problem *p, const struct mla_memory *memory,
                               const struct mla_call *call)
{
    int64_t qk = p->qk_nope_head_dim + p->qk_rope_head_dim;
    int64_t count = p->max_tokens * p->heads * qk;
    float *q = malloc(sizeof *q * (size_t)count);
    struct mla_call other = *call;
    for (int64_t i = 0; i < count; i++)
        q[i] = i % qk < p->qk_nope_head_dim ? call->q[i] : 0;
    other.q = q;
    int status = right->attend(p, memory, &other);
    free(q);
    return status;
}

Test(criteria, flashinfer_s_benchmark_does_not_see_that_rope_is_ignored)
{
    struct fixture f;
    break_kernel("absorbed");
    wrong.attend = attend_without_rope;
    set_up(&f, named("flashinfer-bench"), 0, 2, 1024);
    struct finding finding = find(&f, &wrong, 1);
    cr_assert(finding.kind == NOT_NOTICED, "%s", finding.reason);
    tear_down(&f);
    static const char *const others[] = {"flashmla", "flashinfer-test", "llama.cpp", "sglang",
                                         "vllm"};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        set_up(&f, named(others[i]), 0, 2, 130);
        finding = find(&f, &wrong, 1);
        cr_assert(finding.kind == NOTICED, "not noticed by %s: figure %g", others[i],
                  finding.figure);
        tear_down(&f);
    }
}

static int attend_one_key_too_many(const struct mla_problem *p, const struct mla_memory *memory,
                                   const struct mla_call *call)
{
    struct mla_call other = *call;
    struct mla_problem without_mask = *p;
    struct mla_seq seqs[CORE_BATCH_MAX];
    memcpy(seqs, call->seqs, sizeof *seqs * (size_t)call->batch);
    for (int32_t i = 0; i < call->batch; i++)
        seqs[i].kv_end++;
    other.seqs = seqs;
    without_mask.mask = MLA_MASK_NONE;
    without_mask.max_keys++;
    return right->attend(&without_mask, memory, &other);
}

/* Its workspace must hold one key more. */
static int plan_one_key_more(const struct mla_problem *p, struct mla_plan *plan)
{
    struct mla_problem larger = *p;
    larger.max_keys++;
    return right->plan(&larger, plan);
}

Test(criteria, a_read_past_the_end_meets_nan_where_their_tests_put_it)
{
    static const char *const with_nan[] = {"flashmla", "flashinfer-test", "vllm"};
    struct fixture f;
    break_kernel("absorbed");
    wrong.attend = attend_one_key_too_many;
    wrong.plan = plan_one_key_more;
    for (size_t i = 0; i < sizeof with_nan / sizeof with_nan[0]; i++) {
        set_up(&f, named(with_nan[i]), 0, 1, 130);
        struct finding finding = find(&f, &wrong, 1);
        cr_assert(finding.kind == NOTICED && isinf(finding.figure), "%s: %s", with_nan[i],
                  finding.reason);
        tear_down(&f);
    }
    set_up(&f, named("sglang"), 0, 1, 888);
    struct finding finding = find(&f, &wrong, 1);
    cr_assert(isfinite(finding.figure), "sglang has no NaN to be read: %s", finding.reason);
    tear_down(&f);
}

static int store_only_from_the_start(const struct mla_problem *p, const struct mla_memory *memory,
                                     const struct mla_seq *seq, int64_t position, int64_t count,
                                     const float *rows, int32_t threads)
{
    return position > 0 ? 0 : right->store(p, memory, seq, position, count, rows, threads);
}

Test(criteria, sglang_sees_a_new_row_that_is_not_stored)
{
    struct fixture f;
    break_kernel("absorbed");
    wrong.store = store_only_from_the_start;
    set_up(&f, named("sglang"), 0, 2, 130);
    struct finding finding = find(&f, &wrong, 1);
    cr_assert(finding.kind == NOTICED, "figure %g", finding.figure);
    tear_down(&f);
    set_up(&f, named("vllm"), 0, 2, 130);
    finding = find(&f, &wrong, 1);
    cr_assert(finding.kind == NOT_NOTICED, "%s", finding.reason);
    tear_down(&f);
}

static int attend_fails(const struct mla_problem *p, const struct mla_memory *memory,
                        const struct mla_call *call)
{
    (void)p, (void)memory, (void)call;
    return -EIO;
}

Test(criteria, a_kernel_that_gives_up_is_noticed)
{
    struct fixture f;
    break_kernel("absorbed");
    wrong.attend = attend_fails;
    set_up(&f, named("vllm"), 0, 1, 20);
    struct finding finding = find(&f, &wrong, 1);
    cr_assert(finding.kind == NOTICED && isinf(finding.figure), "kind %d", finding.kind);
    cr_assert(strstr(finding.reason, "bfloat16: attend returned -5"), "%s", finding.reason);
    tear_down(&f);
}

static int pages_seen;

static bool supports_no_pages(const struct mla_problem *p, bool top_k, bool sinks, const char **why)
{
    *why = "it has no pages";
    pages_seen += p->page_size > 0;
    return p->page_size == 0 && right->supports(p, top_k, sinks, why);
}

static int plan_aligned(const struct mla_problem *p, struct mla_plan *plan)
{
    int status = right->plan(p, plan);
    plan->slot_align = 48;
    return status;
}

static int attend_contiguous(const struct mla_problem *p, const struct mla_memory *memory,
                             const struct mla_call *call)
{
    if (p->page_size > 0)
        return -EINVAL;
    for (int32_t i = 0; i < call->batch; i++)
        if (call->seqs[i].pages || call->seqs[i].slot % 48)
            return -EINVAL;
    return right->attend(p, memory, call);
}

Test(criteria, a_kernel_without_pages_or_with_its_own_alignment_gets_a_contiguous_cache)
{
    struct fixture f;
    break_kernel("naive");
    set_up(&f, named("vllm"), 1, 2, 130);
    wrong.plan = plan_aligned;
    wrong.attend = attend_contiguous;
    struct finding finding = find(&f, &wrong, 2);
    cr_assert(finding.kind == NOT_NOTICED, "aligned: %s", finding.reason);
    wrong.supports = supports_no_pages;
    finding = find(&f, &wrong, 2);
    cr_assert(finding.kind == NOT_NOTICED && pages_seen > 0, "without pages: %s", finding.reason);
    tear_down(&f);
}

static bool supports_no_sinks(const struct mla_problem *p, bool top_k, bool sinks, const char **why)
{
    *why = "it has no sinks";
    return !sinks && right->supports(p, top_k, sinks, why);
}

Test(criteria, a_case_that_is_not_supported_says_why)
{
    const struct criterion *criterion = named("llama.cpp");
    struct fixture f;
    break_kernel("absorbed");
    wrong.supports = supports_no_sinks;
    cr_assert(criterion->cases[3].sinks, "the case has moved");
    set_up(&f, criterion, 3, 2, 20);
    struct finding finding = find(&f, &wrong, 1);
    cr_assert(finding.kind == NOT_RUN && strcmp(finding.reason, "it has no sinks") == 0, "%s",
              finding.reason);
    tear_down(&f);
}

static int attend_scaled(const struct mla_problem *p, const struct mla_memory *memory,
                         const struct mla_call *call)
{
    struct mla_problem other = *p;
    other.scale *= 4;
    return right->attend(&other, memory, call);
}

Test(criteria, ktransformers_judges_a_whole_layer)
{
    const struct criterion *criterion = named("ktransformers");
    const struct layer_case c = {"tiny", 40};
    struct layer_exam exam;
    struct mla_error error;
    struct paths paths;
    cr_assert(paths_find(&paths, &error) == 0, "%s", error.message);
    int code = layer_exam_create(criterion, &c, paths.configs, SEED, &exam, &error);
    if (!code)
        code = layer_exam_prepare(&exam, 1, &error);
    cr_assert(code == 0, "%s", error.message);
    break_kernel("absorbed");
    struct finding finding = {.kind = NOT_RUN}, unlike = finding, unable = finding;
    cr_assert(layer_exam_judge(&exam, right, 2, &finding, &error) == 0, "%s", error.message);
    cr_assert(finding.kind == NOT_NOTICED && finding.figure < 0.05, "figure %g", finding.figure);
    wrong.attend = attend_scaled;
    cr_assert(layer_exam_judge(&exam, &wrong, 1, &unlike, &error) == 0, "%s", error.message);
    cr_assert(unlike.kind == NOTICED, "figure %g", unlike.figure);
    cr_assert(layer_exam_judge(&exam, built_in("mha"), 1, &unable, &error) == 0, "%s",
              error.message);
    cr_assert(unable.kind == NOT_RUN && strstr(unable.reason, "keys and values"), "%s",
              unable.reason);
    layer_exam_destroy(&exam);
}

Test(criteria, findings_pass_through_json)
{
    const struct finding findings[] = {
        {.kind = NOT_RUN, .reason = "it cannot"},
        {.kind = NOT_NOTICED, .figure = 0.25},
        {.kind = NOTICED, .figure = 3, .reason = "element 0"},
        {.kind = NOTICED, .figure = INFINITY, .reason = "crashed"},
    };
    for (size_t i = 0; i < sizeof findings / sizeof findings[0]; i++) {
        struct finding back;
        json_t *json = finding_json(&findings[i]);
        cr_assert(json != NULL, "finding %zu", i);
        finding_read(json, &back);
        cr_assert(back.kind == findings[i].kind, "kind %d", back.kind);
        cr_assert(strcmp(back.reason, findings[i].reason) == 0, "%s", back.reason);
        cr_assert(back.kind == NOT_RUN || back.figure == findings[i].figure, "%g", back.figure);
        json_decref(json);
    }
    struct finding odd = {.kind = NOT_RUN, .reason = "\xff"}, back;
    json_t *json = finding_json(&odd);
    finding_read(json, &back);
    cr_assert(strstr(back.reason, "UTF-8"), "%s", back.reason);
    json_decref(json);
}

Test(criteria, judge_refuses_bad_usage)
{
    static const char *const wrong_threads[] = {"0", "1,2", "many", "-1", ""};
    struct paths paths;
    struct mla_error error;
    cr_assert(paths_find(&paths, &error) == 0, "%s", error.message);
    struct options options = {.quiet = true, .seed = SEED};
    for (size_t i = 0; i < sizeof wrong_threads / sizeof wrong_threads[0]; i++) {
        options.by_hand.threads = wrong_threads[i];
        int code = command_judge(&options, &paths, 0, NULL, &error);
        cr_assert(code == MLA_BAD_INPUT && strstr(error.message, "--threads"), "'%s': %d, %s",
                  wrong_threads[i], code, error.message);
    }
    options.by_hand.threads = NULL;
    options.by_hand.kernels = "absorbt";
    int code = command_judge(&options, &paths, 0, NULL, &error);
    cr_assert(code == MLA_BAD_INPUT && strstr(error.message, "absorbt"), "%d, %s", code,
              error.message);
}
