/* SPDX-License-Identifier: MIT
 *
 * When other projects' tests accept an array: what they compute, as pure functions of two arrays.
 * Both are given in the type that their test compares (rounded to bf16 or fp16 where it is that);
 * the arithmetic is double where theirs may be fp32. None accepts a NaN unless it says so. */
#ifndef MLABENCH_CRITERIA_ACCEPT_H
#define MLABENCH_CRITERIA_ACCEPT_H

#include <stdbool.h>
#include <stdint.h>

struct tolerance {
    double atol, rtol; /* of each element */
    double whole;      /* of a measure of the whole array, where the function has one */
};

struct acceptance {
    bool accepted;
    double figure; /* worst / allowed; infinite where nothing can excuse it */
    char why[192]; /* the worst, if not accepted; else "" */
};

/* got and expected [n]. */
typedef void accept_function(int64_t n, const float *got, const float *expected,
                             const struct tolerance *tolerance, struct acceptance *acceptance);

/* torch.testing.assert_close: |got - expected| <= atol + rtol |expected|, or equal. */
accept_function accept_close;

/* torch.isclose(expected, got), the arguments being that way round in flashinfer's benchmark:
 * |got - expected| <= atol + rtol |got|, or equal. */
accept_function accept_close_to_got;

/* FlashMLA: |got - expected| < atol or |got - expected| / (|expected| + 1e-6) < rtol, and
 * |1 - 2 sum(x y) / (sum(x^2) + sum(y^2))| <= whole. As in the original, NaN and infinities must be
 * in the same places of both and are then left out, and the second condition is dropped where
 * sum(expected^2) < 1e-12. */
accept_function accept_flash_mla;

/* SGLang: accept_close, and cosine(got, expected) > whole. */
accept_function accept_similar;

/* llama.cpp: sum((x - y)^2) / sum(x^2) <= whole, x being what is tested. Equal arrays pass. */
accept_function accept_nmse;

/* ktransformers: mean |got - expected| / mean |expected| < whole. */
accept_function accept_mean;

#endif
