/* SPDX-License-Identifier: MIT */
#include "harness/certificate_compare.h"

#include "harness/verify.h"
#include "harness/verify_cache.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const struct trial_way plain_way = {.memory = BUFFER_GUARD_END, .poison = POISON_NAN, .threads = 1};

static int conclude(struct finding *f, enum certificate_outcome outcome, const char *format,
                    va_list arguments)
{
    f->outcome = outcome;
    vsnprintf(f->why->message, sizeof f->why->message, format, arguments);
    return MLA_FAILED;
}

int finding_broken(struct finding *f, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int code = conclude(f, CERTIFIED_BROKEN, format, arguments);
    va_end(arguments);
    return code;
}

int finding_not_applicable(struct finding *f, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int code = conclude(f, CERTIFIED_NOT_APPLICABLE, format, arguments);
    va_end(arguments);
    return code;
}

int64_t finding_heads(const struct finding *f)
{
    return f->subject->inputs->problem.heads;
}

int64_t finding_o_width(const struct finding *f)
{
    return finding_heads(f) * f->subject->inputs->problem.v_head_dim;
}

int finding_run(struct finding *f, const struct inputs *inputs, const struct trial_way *way,
                struct trial *trial)
{
    int code = trial_run(inputs, f->subject->kernel, way, trial, f->why);
    if (code == MLA_FAILED)
        f->outcome = CERTIFIED_BROKEN;
    return code;
}

int finding_within(struct finding *f, struct trial *trial, const char *what)
{
    struct verdict verdict = {0};
    if (trial->placed.problem.format == MLA_FP32)
        verify_compare(trial, f->subject->oracle, &verdict);
    else if (verify_lossy(trial, f->subject->oracle, &verdict, f->why))
        return MLA_MACHINE;
    if (verdict.fault != FAULT_NONE)
        return finding_broken(f, "%s: %s", what, verdict.reason);
    return 0;
}

/* The first float in which they differ, or -1. */
static int64_t first_difference(const struct buffer *a, const struct buffer *b)
{
    const char *x = a->data, *y = b->data;
    for (size_t i = 0; i < a->size; i += sizeof(float))
        if (memcmp(x + i, y + i, sizeof(float)) != 0)
            return (int64_t)(i / sizeof(float));
    return -1;
}

int finding_same(struct finding *f, struct trial *trial, const struct trial *plain,
                 const char *what)
{
    int code = finding_within(f, trial, what);
    if (code)
        return code;
    int64_t o = first_difference(&trial->o, &plain->o);
    int64_t lse = first_difference(&trial->lse, &plain->lse);
    if (o < 0 && lse < 0)
        return 0;
    if (f->promise & ~f->subject->kernel->invariances) {
        f->outcome = CERTIFIED_NOT_PROMISED;
        return 0;
    }
    const struct buffer *a = o >= 0 ? &trial->o : &trial->lse;
    const struct buffer *b = o >= 0 ? &plain->o : &plain->lse;
    int64_t at = o >= 0 ? o : lse, width = o >= 0 ? finding_o_width(f) : finding_heads(f);
    return finding_broken(f,
                          "%s: %s is %.9g and was %.9g (row %ld, element %ld), which the kernel "
                          "promises not to happen",
                          what, o >= 0 ? "o" : "lse", (double)((const float *)a->data)[at],
                          (double)((const float *)b->data)[at], (long)(at / width),
                          (long)(at % width));
}

int finding_vary(struct finding *f, const struct trial_way *way, const char *what)
{
    struct trial plain, varied;
    int code = finding_run(f, f->subject->inputs, &plain_way, &plain);
    if (code) {
        trial_destroy(&plain);
        return code;
    }
    code = finding_run(f, f->subject->inputs, way, &varied);
    if (!code)
        code = finding_same(f, &varied, &plain, what);
    trial_destroy(&varied);
    trial_destroy(&plain);
    return code;
}
