/* SPDX-License-Identifier: MIT
 *
 * How the checks of a certificate run a kernel and compare what comes out. Internal to it. */
#ifndef MLABENCH_CERTIFICATE_COMPARE_H
#define MLABENCH_CERTIFICATE_COMPARE_H

#include "harness/certificate.h"
#include "harness/trial.h"

#include <stdbool.h>

/* The outcome being found; broken and not applicable come with a reason. */
struct finding {
    const struct certificate_subject *subject;
    uint32_t promise;
    enum certificate_outcome outcome;
    struct mla_error *why;
};

/* The plain way: one thread, all at once, in guarded buffers. */
extern const struct trial_way plain_way;

/* Runs; a kernel that fails breaks the property. Returns 0, or MLA_FAILED once it is broken, or
 * MLA_MACHINE. trial_destroy is due in any case. */
int finding_run(struct finding *f, const struct inputs *inputs, const struct trial_way *way,
                struct trial *trial);

/* What the trial put out must agree with the reference; `what` was varied. */
int finding_within(struct finding *f, struct trial *trial, const char *what);

/* And, where promised, have the bits that another trial gave. */
int finding_same(struct finding *f, struct trial *trial, const struct trial *plain,
                 const char *what);

/* Runs the plain way and another, and compares them as finding_same does. */
int finding_vary(struct finding *f, const struct trial_way *way, const char *what);

/* Says why, and returns MLA_FAILED. */
__attribute__((format(printf, 2, 3))) int finding_broken(struct finding *f, const char *format,
                                                         ...);
__attribute__((format(printf, 2, 3))) int finding_not_applicable(struct finding *f,
                                                                 const char *format, ...);

/* The properties, one function each, for the table in certificate.c. */
int certify_threads(struct finding *f);
int certify_batch(struct finding *f);
int certify_order(struct finding *f);
int certify_slots(struct finding *f);
int certify_queries(struct finding *f);
int certify_chunks(struct finding *f);
int certify_repeated(struct finding *f);
int certify_split(struct finding *f);
int certify_heads(struct finding *f);
int certify_positions(struct finding *f);
int certify_future(struct finding *f);
int certify_others(struct finding *f);
int certify_lse(struct finding *f);
int certify_nan(struct finding *f);
int certify_alignment(struct finding *f);
int certify_far_slots(struct finding *f);
int certify_copied_pages(struct finding *f);
int certify_leaks(struct finding *f);

/* Floats of o and lse per token. */
int64_t finding_o_width(const struct finding *f);
int64_t finding_heads(const struct finding *f);

#endif
