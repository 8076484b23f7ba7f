/* SPDX-License-Identifier: MIT
 *
 * Whether a cache kept what was stored, and what a lossy one costs. */
#ifndef MLABENCH_VERIFY_CACHE_H
#define MLABENCH_VERIFY_CACHE_H

#include "harness/oracle.h"
#include "harness/trial.h"
#include "harness/verify.h"

/* Rows of every sequence, all where they are few, must come back: the very numbers, their
 * expansion within its error, or, from a lossy format, what that can hold. Faults go to the
 * verdict. */
int verify_cache(struct trial *trial, struct verdict *verdict, struct mla_error *error);

/* For a format other than fp32: compares with exact attention over the rows that the cache gives
 * back, and fills in the verdict's format_* figures. */
int verify_lossy(struct trial *trial, const struct oracle *oracle, struct verdict *verdict,
                 struct mla_error *error);

#endif
