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
 * An output passes if its error is within `limit` of these units. Right fp32 kernels come to 0.7
 * over all models and lengths of the suites; the limit is 2. For inputs that are not random the
 * reference's scale_o and scale_lse with gamma_n are the bound.
 */
#ifndef MLABENCH_VERIFY_H
#define MLABENCH_VERIFY_H

#include "harness/error.h"
#include "harness/inputs.h"
#include "harness/oracle.h"
#include "kernels/kernel.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#define VERIFY_LIMIT 2.0

/* sqrt(n) for a query that attends that many keys. */
double verify_growth(const struct mla_problem *problem, int64_t keys);

/* Where an output was worst; head and dim are 0 where they do not apply. */
struct verify_place {
    int32_t seq;
    int64_t token;
    int32_t head, dim;
};

struct verdict {
    bool passed;
    char reason[512];                 /* why not */
    double ratio;                     /* worst |o - exact| / (u sqrt(n) rms_o) */
    double lse_ratio;                 /* likewise of lse */
    double max_abs, max_rel, rms_rel; /* of o */
    double lse_max_abs;
    struct verify_place worst;
    int64_t queries_checked, queries;
    /* KV-cache bytes of the rows stored: by formula, of the kernel's plan without the spare slots,
     * and those that storing really wrote. */
    int64_t predicted, allocated, touched;
    int64_t predicted_per_token;
    double attend_ns; /* of the one call, cold: a first estimate of its time */
};

/* Runs the kernel once on the inputs, every buffer flush against an inaccessible page, inputs
 * read-only, everything else poisoned, rows stored in uneven chunks, and compares. The verdict is
 * filled in whatever comes out; only a lack of memory is an error. Reading or writing out of bounds
 * is a crash: call it in a child process. */
int verify_kernel(const struct inputs *inputs, const struct oracle *oracle,
                  const struct mla_kernel *kernel, int threads, struct verdict *verdict,
                  struct mla_error *error);

/* As result.json has it: error and kv_cache objects, passed, reason. A new reference. */
json_t *verdict_json(const struct verdict *verdict);

#endif
