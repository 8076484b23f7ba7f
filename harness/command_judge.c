/* SPDX-License-Identifier: MIT
 *
 * `mlabench judge`: which of other projects' tests would have noticed that a kernel is wrong. */
#include "harness/catalogue.h"
#include "harness/child.h"
#include "harness/commands.h"
#include "harness/cpu.h"
#include "harness/criteria_core.h"
#include "harness/criteria_layer.h"
#include "harness/interrupt.h"
#include "harness/progress.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A kernel that takes longer over one project's cases hangs; the reference takes seconds. */
static const double kernel_limit_s = 20, prepare_limit_s = 600;

/* One criterion, made concrete. */
struct exam {
    const struct criterion *criterion;
    struct buffer wkv_b;
    struct core cores[CRITERION_CASES_MAX];
    struct layer_exam layers[CRITERION_CASES_MAX];
};

struct judging {
    struct catalogue catalogue;
    struct progress progress;
    const struct mla_kernel **kernels; /* [count] those asked for */
    int count, threads;
    uint64_t seed;
    struct finding (*findings)[CRITERIA]; /* [count] */
    const struct criterion **hung;        /* [count] the first under which it hung, or NULL */
    /* What the child at hand works on, and where its answer goes. */
    struct exam exam;
    const struct mla_kernel *kernel;
    struct finding *finding;
};

static int choose_threads(const char *wanted, int *threads, struct mla_error *error)
{
    enum { DEFAULT = 2, MOST = 1024 };
    char *end = NULL;
    long number = wanted ? strtol(wanted, &end, 10) : DEFAULT;
    if (wanted && strcmp(wanted, "all") == 0)
        number = cpu_count();
    else if (wanted && (end == wanted || *end))
        number = 0;
    if (number < 1 || number > MOST)
        return mla_fail(error, MLA_BAD_INPUT, "--threads is '%s': a number from 1 to %d, or all",
                        wanted, MOST);
    *threads = (int)number;
    return 0;
}

static int choose_kernels(struct judging *j, const char *globs, struct mla_error *error)
{
    struct bench_case c = {0};
    struct suite suite = {.cases = &c, .count = 1};
    int code = case_narrow(&c, globs ? globs : "*", error);
    const struct catalogue *catalogue = &j->catalogue;
    if (!code)
        code = suite_check_kernels(&suite, catalogue->names, catalogue->count, error);
    if (code)
        return code;
    j->kernels = calloc((size_t)catalogue->count, sizeof *j->kernels);
    j->findings = calloc((size_t)catalogue->count, sizeof *j->findings);
    j->hung = calloc((size_t)catalogue->count, sizeof *j->hung);
    if (!j->kernels || !j->findings || !j->hung)
        return mla_fail(error, MLA_MACHINE, "no memory for %d kernels", catalogue->count);
    for (int i = 0; i < catalogue->count; i++)
        if (case_wants(&c, catalogue->names[i]))
            j->kernels[j->count++] = catalogue->kernels[i];
    return 0;
}

static int set_up(struct judging *j, const struct options *options, struct mla_error *error)
{
    int code = choose_threads(options->by_hand.threads, &j->threads, error);
    if (!code)
        code = catalogue_create(&j->catalogue, error);
    for (int i = 0; i < options->plugin_count && !code; i++)
        code = catalogue_add(&j->catalogue, options->plugins[i], error);
    if (!code)
        code = choose_kernels(j, options->by_hand.kernels, error);
    j->seed = options->seed;
    return code;
}

static int create_cores(struct exam *exam, uint64_t seed, struct mla_error *error)
{
    const struct criterion *criterion = exam->criterion;
    int32_t heads = 0;
    for (int i = 0; i < criterion->case_count; i++)
        heads = criterion->cases[i].heads > heads ? criterion->cases[i].heads : heads;
    int code =
        buffer_create(&exam->wkv_b, BUFFER_SHARED,
                      sizeof(float) * (size_t)core_weights_count(heads), "a test's weights", error);
    for (int i = 0; i < criterion->case_count && !code; i++)
        code = core_create(criterion, &criterion->cases[i], exam->wkv_b.data, seed + (uint64_t)i,
                           &exam->cores[i], error);
    return code;
}

static int create_exam(const struct criterion *criterion, const char *configs, uint64_t seed,
                       struct exam *exam, struct mla_error *error)
{
    *exam = (struct exam){.criterion = criterion};
    int code = create_cores(exam, seed, error);
    for (int i = 0; i < criterion->layer_count && !code; i++)
        code = layer_exam_create(criterion, &criterion->layers[i], configs, seed, &exam->layers[i],
                                 error);
    return code;
}

static void destroy_exam(struct exam *exam)
{
    for (int i = 0; i < CRITERION_CASES_MAX; i++) {
        core_destroy(&exam->cores[i]);
        layer_exam_destroy(&exam->layers[i]);
    }
    buffer_destroy(&exam->wkv_b);
}

static int prepare(void *context, struct child_channel *channel, struct mla_error *error)
{
    struct exam *exam = &((struct judging *)context)->exam;
    (void)channel;
    char pinning[CPU_PINNING_MAX];
    int threads = cpu_count(), code = 0;
    cpu_pin_team(threads, pinning);
    core_weights((int32_t)(exam->wkv_b.size / sizeof(float) / (size_t)core_weights_count(1)),
                 exam->wkv_b.data);
    for (int i = 0; i < exam->criterion->case_count && !code; i++)
        code = core_prepare(&exam->cores[i], threads, error);
    for (int i = 0; i < exam->criterion->layer_count && !code; i++)
        code = layer_exam_prepare(&exam->layers[i], threads, error);
    return code;
}

/* What is prepared is every kernel's to see and none's to change for the next one: kernels that
 * write to their inputs are among those to be judged. */
static int unshare(struct exam *exam, struct mla_error *error)
{
    int code = buffer_unshare(&exam->wkv_b, error);
    for (int i = 0; i < CRITERION_CASES_MAX && !code; i++) {
        struct core *core = &exam->cores[i];
        struct buffer *buffers[] = {&core->q, &core->latent, &core->sinks,
                                    &core->o, &core->lse,    &exam->layers[i].y};
        for (size_t b = 0; b < sizeof buffers / sizeof buffers[0] && !code; b++)
            code = buffer_unshare(buffers[b], error);
    }
    return code;
}

/* Stops at the first case that notices, as their tests do. */
static int judge(void *context, struct child_channel *channel, struct mla_error *error)
{
    const struct judging *j = context;
    const struct exam *exam = &j->exam;
    struct finding finding = {.kind = NOT_RUN};
    char pinning[CPU_PINNING_MAX];
    int code = 0;
    cpu_pin_team(j->threads, pinning);
    for (int i = 0; i < exam->criterion->case_count && !code && finding.kind != NOTICED; i++)
        code = core_judge(&exam->cores[i], j->kernel, j->threads, &finding, error);
    for (int i = 0; i < exam->criterion->layer_count && !code && finding.kind != NOTICED; i++)
        code = layer_exam_judge(&exam->layers[i], j->kernel, j->threads, &finding, error);
    if (!code)
        child_send(channel, finding_json(&finding));
    return code;
}

static void take_finding(void *context, const json_t *message)
{
    finding_read(message, ((struct judging *)context)->finding);
}

/* Whether it is clear without running the kernel what comes of it. One that hung is taken to hang
 * again: finding out would cost the limit every time. */
static bool foregone(const struct mla_kernel *kernel, const struct criterion *hung,
                     struct finding *finding)
{
    if (!cpu_has_isa(kernel->isa)) {
        snprintf(finding->reason, sizeof finding->reason, "this CPU lacks %s", kernel->isa);
        return true;
    }
    if (hung) {
        *finding = (struct finding){.kind = NOTICED, .figure = INFINITY};
        snprintf(finding->reason, sizeof finding->reason, "hung before, in %s", hung->name);
    }
    return hung != NULL;
}

static int judge_one(struct judging *j, int kernel, struct mla_error *error)
{
    struct child_job job = {judge, take_finding, j, kernel_limit_s};
    enum child_ending how;
    int criterion = (int)(j->exam.criterion - criteria);
    j->kernel = j->kernels[kernel];
    j->finding = &j->findings[kernel][criterion];
    progress_step(&j->progress, "%s", j->kernel->name);
    if (foregone(j->kernel, j->hung[kernel], j->finding))
        return 0;
    int code = child_run_ending(&job, &how, error);
    if (code == MLA_INTERRUPTED || code == 0)
        return code;
    if (how == CHILD_HUNG)
        j->hung[kernel] = j->exam.criterion;
    /* Whoever runs the test sees a crash; a lack of memory says nothing. */
    *j->finding =
        (struct finding){.kind = code == MLA_FAILED ? NOTICED : NOT_RUN, .figure = INFINITY};
    snprintf(j->finding->reason, sizeof j->finding->reason, "%.500s", error->message);
    error->message[0] = 0;
    return 0;
}

static int judge_all(struct judging *j, const char *configs, struct mla_error *error)
{
    int code = 0;
    progress_start(&j->progress, j->progress.quiet, CRITERIA);
    for (int i = 0; i < CRITERIA && !code; i++) {
        struct child_job job = {prepare, NULL, j, prepare_limit_s};
        progress_case(&j->progress, i, criteria[i].project);
        progress_step(&j->progress, "inputs and reference");
        code = create_exam(&criteria[i], configs, j->seed, &j->exam, error);
        if (!code)
            code = child_run(&job, error);
        if (!code)
            code = unshare(&j->exam, error);
        for (int k = 0; k < j->count && !code; k++)
            code = judge_one(j, k, error);
        destroy_exam(&j->exam);
    }
    progress_clear(&j->progress);
    return code;
}

static json_t *as_json(const struct judging *j)
{
    json_t *described = json_array(), *kernels = json_array();
    for (int i = 0; i < CRITERIA; i++)
        json_array_append_new(described,
                              json_pack("{s:s, s:s, s:s, s:s}", "name", criteria[i].name, "project",
                                        criteria[i].project, "source", criteria[i].source,
                                        "summary", criteria[i].summary));
    for (int k = 0; k < j->count; k++) {
        json_t *verdicts = json_object();
        for (int i = 0; i < CRITERIA; i++)
            json_object_set_new(verdicts, criteria[i].name, finding_json(&j->findings[k][i]));
        json_array_append_new(
            kernels, json_pack("{s:s, s:o}", "kernel", j->kernels[k]->name, "verdicts", verdicts));
    }
    return json_pack("{s:o, s:o}", "criteria", described, "kernels", kernels);
}

/* A line of the table, without blanks at its end. */
static void print_line(const struct judging *j, const char *first,
                       const char *const cells[CRITERIA])
{
    const int least = (int)strlen("noticed");
    int longest = least;
    for (int k = 0; k < j->count; k++) {
        int length = (int)strlen(j->kernels[k]->name);
        longest = length > longest ? length : longest;
    }
    printf("%-*s", longest, first);
    for (int i = 0; i < CRITERIA; i++) {
        int width = (int)strlen(criteria[i].name);
        width = width > least ? width : least;
        printf("  %-*s", i + 1 < CRITERIA ? width : 0, cells[i]);
    }
    putchar('\n');
}

static void print_verdicts(const struct judging *j)
{
    static const char *const marks[] = {
        [NOT_RUN] = "n/a", [NOT_NOTICED] = "-", [NOTICED] = "noticed"};
    const char *cells[CRITERIA];
    for (int i = 0; i < CRITERIA; i++)
        cells[i] = criteria[i].name;
    print_line(j, "kernel", cells);
    for (int k = 0; k < j->count; k++) {
        for (int i = 0; i < CRITERIA; i++)
            cells[i] = marks[j->findings[k][i].kind];
        print_line(j, j->kernels[k]->name, cells);
    }
}

static void print_counts(const struct judging *j)
{
    char counts[CRITERIA][32];
    const char *cells[CRITERIA];
    for (int i = 0; i < CRITERIA; i++) {
        int noticed = 0, judged = 0;
        for (int k = 0; k < j->count; k++) {
            noticed += j->findings[k][i].kind == NOTICED;
            judged += j->findings[k][i].kind != NOT_RUN;
        }
        snprintf(counts[i], sizeof counts[i], "%d of %d", noticed, judged);
        cells[i] = counts[i];
    }
    print_line(j, "noticed", cells);
}

/* Why a kernel was noticed or could not be judged; a reason that repeats the last one is left out.
 */
static void print_reasons(const struct judging *j)
{
    for (int k = 0; k < j->count; k++) {
        const char *last = "";
        for (int i = 0; i < CRITERIA; i++) {
            const struct finding *f = &j->findings[k][i];
            if (f->kind != NOT_NOTICED && strcmp(f->reason, last) != 0)
                printf("%s, %s, %s: %s\n", j->kernels[k]->name, criteria[i].name,
                       f->kind == NOTICED ? "noticed" : "n/a", f->reason);
            last = f->kind == NOT_NOTICED ? last : f->reason;
        }
    }
}

static void print(const struct judging *j, bool json)
{
    if (json) {
        json_t *all = as_json(j);
        json_dumpf(all, stdout, JSON_INDENT(1) | JSON_REAL_PRECISION(6));
        putchar('\n');
        json_decref(all);
        return;
    }
    print_verdicts(j);
    print_counts(j);
    print_reasons(j);
}

int command_judge(const struct options *options, const struct paths *paths, int count,
                  char **arguments, struct mla_error *error)
{
    (void)count;
    (void)arguments;
    struct judging j = {.progress = {.quiet = options->quiet}};
    int code = set_up(&j, options, error);
    if (!code) {
        interrupt_catch();
        code = judge_all(&j, paths->configs, error);
    }
    if (!code)
        print(&j, options->json);
    free(j.kernels);
    free(j.findings);
    free(j.hung);
    catalogue_destroy(&j.catalogue);
    return code;
}
