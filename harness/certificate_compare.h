/* SPDX-License-Identifier: MIT
 *
 * How the checks of a certificate run a kernel and compare what comes out. Internal to it. */
#ifndef MLABENCH_CERTIFICATE_COMPARE_H
#define MLABENCH_CERTIFICATE_COMPARE_H

#include "harness/certificate.h"
#include "harness/trial.h"

#include <stdbool.h>

/* A property being checked; broken and not applicable come with a reason. */
struct property {
    const struct certificate_subject *subject;
    uint32_t promise;
    enum certificate_outcome outcome;
    struct mla_error *why;
};

/* The plain way: one thread, all at once, in guarded buffers. */
extern const struct trial_way plain_way;

/* Runs; a kernel that fails breaks the property. Returns 0, or MLA_FAILED once it is broken, or
 * MLA_MACHINE. trial_destroy is due in any case. */
int property_run(struct property *c, const struct inputs *inputs, const struct trial_way *way,
                 struct trial *trial);

/* What the trial put out must agree with the reference; `what` was varied. */
int property_within(struct property *c, struct trial *trial, const char *what);

/* And, where promised, have the bits that another trial gave. */
int property_same(struct property *c, struct trial *trial, const struct trial *plain,
                  const char *what);

/* Runs the plain way and another, and compares them as property_same does. */
int property_vary(struct property *c, const struct trial_way *way, const char *what);

/* Says why, and returns MLA_FAILED. */
__attribute__((format(printf, 2, 3))) int property_broken(struct property *c, const char *format,
                                                          ...);
__attribute__((format(printf, 2, 3))) int property_not_applicable(struct property *c,
                                                                  const char *format, ...);

/* The properties, one function each, for the table in certificate.c. */
int certify_threads(struct property *c);
int certify_batch(struct property *c);
int certify_order(struct property *c);
int certify_slots(struct property *c);
int certify_queries(struct property *c);
int certify_chunks(struct property *c);
int certify_repeated(struct property *c);
int certify_split(struct property *c);
int certify_heads(struct property *c);
int certify_positions(struct property *c);
int certify_future(struct property *c);
int certify_others(struct property *c);
int certify_lse(struct property *c);
int certify_nan(struct property *c);
int certify_alignment(struct property *c);
int certify_far_slots(struct property *c);
int certify_copied_pages(struct property *c);
int certify_leaks(struct property *c);
int certify_gradients(struct property *c);

/* Floats of o and lse per token. */
int64_t property_o_width(const struct property *c);
int64_t property_heads(const struct property *c);

#endif
