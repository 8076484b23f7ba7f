/* SPDX-License-Identifier: MIT
 *
 * Verifies the kernels in one process, on one thread, with nothing but the C library: for emulators
 * and machines that have none of the libraries that the tests need.
 *
 *   verify [GLOB[,GLOB]...]     default STANDALONE_KERNELS
 *
 * Exits with 0 if all that could be run are right, 1 if one is not, 77 if none could be run, 2 for
 * bad usage and 4 where memory is lacking; a crash ends it, saying where. */
#include "harness/cpu.h"
#include "harness/fault.h"
#include "harness/oracle.h"
#include "harness/verify.h"
#include "tests/standalone/cases.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifndef STANDALONE_KERNELS
#define STANDALONE_KERNELS "*"
#endif

enum { NOT_RUN = 77 };

/* What came of a kernel. */
struct subject {
    const struct mla_kernel *kernel;
    bool runs;    /* here */
    bool failed;  /* and is left alone since */
    int verified; /* cases */
    double worst; /* error of these, of the limit */
};

/* What is being done, should it crash. */
static char now[CASE_NAME_MAX + 64];

static void report_crash(const char *text, bool in_buffer)
{
    char line[sizeof now + FAULT_MAX];
    (void)in_buffer;
    int length = snprintf(line, sizeof line, "\nFAIL %s: %s\n", now, text);
    if (write(STDOUT_FILENO, line, (size_t)length) != length)
        _exit(1);
}

_Noreturn static void give_up(const struct mla_error *error)
{
    fprintf(stderr, "standalone: %s: %s\n", now, error->message);
    exit(-MLA_MACHINE);
}

/* The kernels that the globs name, malloc'ed. */
static struct subject *choose(const char *globs, int *count)
{
    struct bench_case choice = {.about = ABOUT_KERNEL};
    struct mla_error error;
    const struct mla_registry *registry = mla_kernels();
    struct subject *subjects = calloc(registry->count, sizeof *subjects);
    *count = 0;
    if (!subjects || case_narrow(&choice, globs, &error))
        return subjects;
    for (uint32_t i = 0; i < registry->count; i++)
        if (case_wants(&choice, registry->kernels[i]->name))
            subjects[(*count)++] = (struct subject){.kernel = registry->kernels[i],
                                                    .runs = cpu_has_isa(registry->kernels[i]->isa)};
    return subjects;
}

static bool supports(const struct subject *subject, const struct inputs *inputs)
{
    const char *why;
    return subject->kernel->supports(&inputs->problem, inputs->listed > 0,
                                     inputs->sinks.data != NULL, &why);
}

static void verify(struct subject *subject, const struct inputs *inputs,
                   const struct oracle *oracle, const char *name)
{
    struct verdict verdict;
    struct mla_error error;
    snprintf(now, sizeof now, "%s, %s", subject->kernel->name, name);
    if (verify_kernel(inputs, oracle, subject->kernel, 1, VERIFY_PASSES, &verdict, &error))
        give_up(&error);
    if (verdict.passed) {
        subject->verified++;
        subject->worst =
            fmax(subject->worst, fmax(verdict.ratio, verdict.lse_ratio) / VERIFY_LIMIT);
    } else {
        subject->failed = true;
        printf("FAIL %s: %s\n", now, verdict.reason);
    }
}

static void verify_all(struct subject *subjects, int count, int number)
{
    struct shape shape;
    struct extras extras;
    struct inputs inputs;
    struct oracle oracle;
    struct mla_error error;
    char name[CASE_NAME_MAX];
    case_at(number, &shape, &extras);
    shape_name(&shape, &extras, 1, name);
    snprintf(now, sizeof now, "reference, %s", name);
    if (shape_inputs(&shape, &extras, 1, &inputs, &error) ||
        oracle_create(&inputs, INFINITY, &oracle, &error) ||
        oracle_compute(&oracle, &inputs, 1, &error))
        give_up(&error);
    for (int i = 0; i < count; i++)
        if (subjects[i].runs && !subjects[i].failed && supports(&subjects[i], &inputs))
            verify(&subjects[i], &inputs, &oracle, name);
    oracle_destroy(&oracle);
    inputs_destroy(&inputs);
}

static int report(const struct subject *subjects, int count)
{
    char lacks[64];
    int passed = 0, failed = 0, not_run = 0;
    for (int i = 0; i < count; i++) {
        const struct subject *s = &subjects[i];
        const char *name = s->kernel->name;
        if (!s->runs)
            printf("not run %s: %s\n", name, cpu_lacks_isa(s->kernel->isa, lacks));
        else if (s->verified == 0 && !s->failed)
            printf("not run %s: it supports none of the cases\n", name);
        else
            printf("%s %s: %d verified, worst error %.2f of the limit\n",
                   s->failed ? "FAIL" : "pass", name, s->verified, s->worst);
        passed += s->verified > 0 && !s->failed;
        failed += s->failed;
        not_run += s->verified == 0 && !s->failed;
    }
    printf("standalone: %d passed, %d failed, %d not run\n", passed, failed, not_run);
    return failed ? 1 : passed ? 0 : NOT_RUN;
}

int main(int argc, char **argv)
{
    const char *globs = argc > 1 ? argv[1] : STANDALONE_KERNELS;
    int count, runs = 0;
    struct subject *subjects = choose(globs, &count);
    if (argc > 2 || count == 0) {
        fprintf(stderr, "standalone: no kernel matches '%s'; usage: %s [GLOB[,GLOB]...]\n", globs,
                argv[0]);
        free(subjects);
        return -MLA_BAD_INPUT;
    }
    setvbuf(stdout, NULL, _IOLBF, BUFSIZ); /* a crash loses nothing */
    fault_report_by(report_crash);
    for (int i = 0; i < count; i++)
        runs += subjects[i].runs;
    for (int number = 0; runs > 0 && number < case_count(); number++)
        verify_all(subjects, count, number);
    int code = report(subjects, count);
    free(subjects);
    return code;
}
