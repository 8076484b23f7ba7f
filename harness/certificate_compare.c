/* SPDX-License-Identifier: MIT */
#include "harness/certificate_compare.h"

#include "harness/verify.h"
#include "harness/verify_cache.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const struct trial_way plain_way = {.memory = BUFFER_GUARD_END, .poison = POISON_NAN, .threads = 1};

static int conclude(struct property *c, enum certificate_outcome outcome, const char *format,
                    va_list arguments)
{
    c->outcome = outcome;
    vsnprintf(c->why->message, sizeof c->why->message, format, arguments);
    return MLA_FAILED;
}

int property_broken(struct property *c, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int code = conclude(c, CERTIFIED_BROKEN, format, arguments);
    va_end(arguments);
    return code;
}

int property_not_applicable(struct property *c, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int code = conclude(c, CERTIFIED_NOT_APPLICABLE, format, arguments);
    va_end(arguments);
    return code;
}

int64_t property_heads(const struct property *c)
{
    return c->subject->inputs->problem.heads;
}

int64_t property_o_width(const struct property *c)
{
    return property_heads(c) * c->subject->inputs->problem.v_head_dim;
}

int property_run(struct property *c, const struct inputs *inputs, const struct trial_way *way,
                 struct trial *trial)
{
    int code = trial_run(inputs, c->subject->kernel, way, trial, c->why);
    if (code == MLA_FAILED)
        c->outcome = CERTIFIED_BROKEN;
    return code;
}

int property_within(struct property *c, struct trial *trial, const char *what)
{
    struct verdict verdict = {0};
    if (trial->placed.problem.format == MLA_FP32)
        verify_compare(trial, c->subject->oracle, &verdict);
    else if (verify_lossy(trial, c->subject->oracle, &verdict, c->why))
        return MLA_MACHINE;
    if (verdict.fault != FAULT_NONE)
        return property_broken(c, "%s: %s", what, verdict.reason);
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

int property_same(struct property *c, struct trial *trial, const struct trial *plain,
                  const char *what)
{
    int code = property_within(c, trial, what);
    if (code)
        return code;
    int64_t o = first_difference(&trial->o, &plain->o);
    int64_t lse = first_difference(&trial->lse, &plain->lse);
    if (o < 0 && lse < 0)
        return 0;
    if (c->promise & ~c->subject->kernel->invariances) {
        c->outcome = CERTIFIED_NOT_PROMISED;
        return 0;
    }
    const struct buffer *a = o >= 0 ? &trial->o : &trial->lse;
    const struct buffer *b = o >= 0 ? &plain->o : &plain->lse;
    int64_t at = o >= 0 ? o : lse, width = o >= 0 ? property_o_width(c) : property_heads(c);
    return property_broken(c,
                           "%s: %s is %.9g and was %.9g (row %ld, element %ld), which the kernel "
                           "promises not to happen",
                           what, o >= 0 ? "o" : "lse", (double)((const float *)a->data)[at],
                           (double)((const float *)b->data)[at], (long)(at / width),
                           (long)(at % width));
}

int property_vary(struct property *c, const struct trial_way *way, const char *what)
{
    struct trial plain, varied;
    int code = property_run(c, c->subject->inputs, &plain_way, &plain);
    if (code) {
        trial_destroy(&plain);
        return code;
    }
    code = property_run(c, c->subject->inputs, way, &varied);
    if (!code)
        code = property_same(c, &varied, &plain, what);
    trial_destroy(&varied);
    trial_destroy(&plain);
    return code;
}
