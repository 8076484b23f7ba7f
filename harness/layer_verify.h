/* SPDX-License-Identifier: MIT
 *
 * Whether a layer around a kernel is right: stage by stage, each computed in double from the fp32
 * inputs that it really got, as a whole layer has no tight honest bound end to end.
 *
 * Bound. An output may be off by LAYER_LIMIT * u * growth * scale, scale being the reference's:
 *   projection  growth = min(n, 3 sqrt(n)) for n inputs. Each of n roundings is at most u scale; if
 *               they are independent the sum's standard deviation is at most sqrt(n/3) u scale, and
 *               3 sqrt(n) five of it. One sqrt(n) would do for inputs of a size, but where an
 *               early term dominates all later roundings are of its size, and a correct sgemm has
 *               been seen at 0.6 sqrt(n)
 *   norm        sqrt(n)/2 + 6.5: n squares added up, of which the root leaves half the relative
 *               error; the division by n, eps and its addition 3/2; root, gain, division and two
 *               products 5
 *   RoPE        gamma_3 = 3 / (1 - 3u): cos or sin rounded to fp32, its product, the sum; a proof,
 *               not a probability
 *   copies      0: what is only moved must be the very number
 *   attention   as verify.h has it: VERIFY_LIMIT sqrt(n) and the reference's rms, for o and lse,
 *               u the kernel's
 * and u = 2^-24 but in attention.
 *
 * The output y is compared with that of the reference's whole layer too. There each stage's error
 * is carried through the following ones; for unit-variance inputs one projection alone may be off
 * by 3 u sqrt(n) * 0.64 sqrt(n), 8e-4 for n = 7168. LAYER_OBSERVED_LIMIT therefore only tells
 * rounding from a stage missing or wired wrongly; the figure is reported as observed. */
#ifndef MLABENCH_LAYER_VERIFY_H
#define MLABENCH_LAYER_VERIFY_H

#include "harness/error.h"
#include "harness/given.h"
#include "harness/layer_trace.h"
#include "harness/model.h"
#include "kernels/kernel.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#define LAYER_LIMIT          1.0
#define LAYER_OBSERVED_LIMIT 1e-3

struct layer_check {
    const char *stage; /* static */
    double ratio;      /* worst error / allowed error, of all runs; infinite for NaN */
    double limit;      /* LAYER_LIMIT */
};

struct layer_verdict {
    bool passed;
    char reason[512];   /* the first why not */
    const char *failed; /* what that is about: a stage's name, "y", "chunks", "bits" or "status" */
    int count;
    struct layer_check checks[LAYER_STAGES_MAX];
    int worst;               /* index of the check with the largest ratio / limit */
    double max_abs, rms_rel; /* of y against the reference's whole layer, of the worst run */
    double chunks_max_abs, chunks_rms_rel; /* y in other chunks against y at once; 0: same bits */
    /* y against outputs that somebody else has: the kernel's layer's, and the reference's. tokens:
     * how many could be compared; 0: there are none. */
    struct {
        int64_t tokens;
        double max_abs, rms_rel, reference_max_abs, reference_rms_rel, limit;
    } expected;
    int64_t tokens;
    int runs;
    bool same_bits_checked; /* attention in other chunks gave the same bits, as the kernel says */
};

/* Weights and cached + new_tokens hidden states, those that are given or (given NULL) seeded ones,
 * go through the layer
 *   - cached tokens in one call, then the new ones in another;
 *   - one by one, in twos and in threes;
 *   - as at first, but with RoPE positions that end at max_position_embeddings.
 * Every stage of every run is verified, y too (that RoPE's scores depend on distances alone makes
 * it the same at any position). What a causal layer gives for other chunks must agree within
 * LAYER_OBSERVED_LIMIT; a kernel that declares MLA_SAME_FOR_QUERIES and MLA_SAME_FOR_CHUNKS must
 * give the same bits of o and lse for the same queries and rows. Projections may differ in bits
 * with the number of rows, as BLAS's do. (A layer that is not causal lets a token see its whole
 * call, so each of its runs is held against the reference in the same chunks, not against others.)
 *
 * Outputs that are given as expected must be within given->expect_limit of both the layer's y and
 * the reference's, RMS error over RMS, as far as the tokens go.
 *
 * The verdict is filled in whatever comes out. Returns 0, MLA_BAD_INPUT where the kernel does not
 * support the model, or MLA_MACHINE. Takes heads (cached + new_tokens)^2 steps of the reference and
 * the memory of the weights: short lengths. */
int layer_verify(const struct model *model, const struct given *given,
                 const struct mla_kernel *kernel, int64_t cached, int64_t new_tokens, uint64_t seed,
                 int threads, struct layer_verdict *verdict, struct mla_error *error);

/* Verifies the stages of one run and merges the outcome into the verdict. `run` names it in the
 * reason. A stage whose inputs and outputs are the same bits as in `known` (NULL: none), which has
 * been verified, is not computed again. Returns 0 or MLA_MACHINE. */
int layer_verify_stages(const struct layer_trace *trace, const struct layer_trace *known,
                        const char *run, int threads, struct layer_verdict *verdict,
                        struct mla_error *error);

/* Compares a run's y with the exact one, double [tokens][output_size], and merges. */
void layer_verify_y(const struct layer_trace *trace, const double *exact, const char *run,
                    struct layer_verdict *verdict);

/* Compares two runs' y that ought to agree, and merges; `run` names the other one. */
void layer_verify_chunks(const struct layer_trace *first, const struct layer_trace *other,
                         const char *run, struct layer_verdict *verdict);

/* passed, reason, stages {NAME: {ratio, limit}}, worst, y {max_abs, rms_rel, limit}, chunks
 * {max_abs, rms_rel, limit}, tokens, runs, same_bits_checked, and where outputs are expected
 * expected {tokens, max_abs, rms_rel, reference_max_abs, reference_rms_rel, limit}. A new
 * reference. */
json_t *layer_verdict_json(const struct layer_verdict *verdict);

#endif
