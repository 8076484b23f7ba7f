/* SPDX-License-Identifier: MIT
 *
 * Whether a kernel is right, in units of the error that a correct one may make.
 *
 * Bound. A sum of n terms, computed in arithmetic of unit round-off u, errs by at most gamma_n
 * times the sum of their magnitudes, gamma_n = n u / (1 - n u) (Higham, Accuracy and Stability of
 * Numerical Algorithms, 2nd ed., sec. 3.1). That is sharp only where all signs and all roundings
 * conspire: over MLA's three nested sums (Wuk, the latent, the keys) it is a thousand times and
 * more what random inputs do, and would let probabilities rounded to bf16 pass. Roundings behave as
 * independent and of zero mean (Higham and Mary, SIAM J. Sci. Comput. 41(5), 2019): each of the n
 * additions then adds u^2 S_k^2 / 3 to the variance, S_k being the partial sum, and over terms in
 * random order S_k^2 is on average at most S_n^2 + the sum of the squared terms. The error is a
 * small multiple of
 *
 *     u sqrt(n) rms,    rms = the reference's rms_o and rms_lse, which carry this through softmax,
 *
 * with n = keys + kv_lora_rank + qk_nope_head_dim + qk_rope_head_dim + 8, the sums one after the
 * other and the softmax's own operations.
 * An output passes if its error is within `limit` of these units. The limit is 2. Right fp32
 * kernels come to 0.7 over all models and lengths of the suites. Over 1,500 random cases 99.9 % of
 * them stay below 0.9 and all below 1.1, the largest with a kv_lora_rank of 3: the few elements of
 * q' that an absorbed kernel rounds are shared by all keys, whose errors then no longer are
 * independent.
 *
 * Where the inputs are arranged (input_kind_arranged) the independence is gone, and the proved
 * bound is taken: the unit is then gamma_n scale / limit, scale being the reference's scale_o and
 * scale_lse, so that the limit is the bound itself.
 *
 * A product or sum below 2^-126 may lose all its digits, or be flushed to zero: beside the unit
 * each of the n operations may add that much.
 */
#ifndef MLABENCH_VERIFY_H
#define MLABENCH_VERIFY_H

#include "harness/error.h"
#include "harness/inputs.h"
#include "harness/oracle.h"
#include "harness/trial.h"
#include "kernels/kernel.h"

#include <stdbool.h>
#include <stdint.h>

#define VERIFY_LIMIT 2.0

/* n for a query that attends that many keys. */
double verify_terms(const struct mla_problem *problem, int64_t keys);

/* sqrt(n), or, for arranged inputs, gamma_n / (u limit): what u and the scale are multiplied by. */
double verify_growth(const struct mla_problem *problem, enum input_kind kind, double u,
                     int64_t keys);

/* What kind of fault was found first. */
enum verify_fault {
    FAULT_NONE,
    FAULT_ERROR,  /* o or lse beyond the limit, or not finite */
    FAULT_CACHE,  /* `load` does not give back what was stored */
    FAULT_STATUS, /* a verb returned an error, or its plan makes no sense */
    FAULT_MARGIN, /* it wrote just outside of a buffer */
};

/* Where an output was worst; head and dim are 0 where they do not apply. */
struct verify_place {
    int32_t seq;
    int64_t token;
    int32_t head, dim;
};

struct verdict {
    bool passed;
    enum verify_fault fault;
    char reason[512];                 /* why not */
    double ratio;                     /* worst error of o, in the unit */
    double lse_ratio;                 /* likewise of lse */
    double max_abs, max_rel, rms_rel; /* of o */
    double lse_max_abs;
    struct verify_place worst;
    int64_t queries_checked, queries;
    /* KV-cache bytes of the rows stored: by formula, of the kernel's plan without spare slots (but
     * those of pages), and those that storing really wrote. */
    int64_t predicted, allocated, touched;
    int64_t predicted_per_token;
    uint64_t digest;  /* of the first pass's output (timed_output.h) */
    double attend_ns; /* of the first call, cold: a first estimate of its time */
    /* What a format other than fp32 costs: exact attention over the rows that the cache gives back
     * against exact attention over the true ones. The figures above are then the arithmetic's own,
     * against the former; total is both together, the kernel's answer against the latter. */
    bool lossy;
    double format_max_abs, format_rms_rel, total_max_abs, total_rms_rel;
};

/* Runs the kernel on the inputs and compares, `passes` times: first with every buffer ending at an
 * inaccessible page and poisoned with NaN, then with every buffer beginning at one and poisoned
 * with large numbers; inputs read-only, rows stored in uneven chunks. The verdict is of all passes,
 * filled in whatever comes out; only a lack of memory is an error. Reading or writing out of bounds
 * is a crash: call it in a child process. */
#define VERIFY_PASSES 2
int verify_kernel(const struct inputs *inputs, const struct oracle *oracle,
                  const struct mla_kernel *kernel, int threads, int passes, struct verdict *verdict,
                  struct mla_error *error);

/* Compares what a trial has put out with the reference. */
void verify_compare(const struct trial *trial, const struct oracle *oracle,
                    struct verdict *verdict);

/* Notes the first fault and why. */
__attribute__((format(printf, 3, 4))) void
verdict_refuse(struct verdict *verdict, enum verify_fault fault, const char *format, ...);

#endif
