/* SPDX-License-Identifier: MIT
 *
 * What came of one kernel under one criterion. */
#ifndef MLABENCH_CRITERIA_FINDING_H
#define MLABENCH_CRITERIA_FINDING_H

#include "harness/criteria_accept.h"

#include <jansson.h>

enum finding_kind {
    NOT_RUN,     /* the kernel cannot do any of the test's cases */
    NOT_NOTICED, /* the test passes */
    NOTICED,     /* the test fails, or whoever runs it sees the kernel crash, hang or give up */
};

struct finding {
    enum finding_kind kind;
    double figure;    /* the worst of the cases run, worst / allowed; infinite where it has none */
    char reason[512]; /* why noticed or not run, the case's name in front; else "" */
};

/* Makes it NOTICED, unless it is. */
__attribute__((format(printf, 3, 4))) void
finding_notice(struct finding *finding, const char *case_name, const char *format, ...);

/* Adds that a case was run and what became of one of its arrays. */
void finding_take(struct finding *finding, const char *case_name, const char *array,
                  const struct acceptance *acceptance);

/* {"noticed": bool or null, "reason": text, "figure": number or null where infinite or not run}, a
 * new reference, and back. */
json_t *finding_json(const struct finding *finding);
void finding_read(const json_t *json, struct finding *finding);

#endif
