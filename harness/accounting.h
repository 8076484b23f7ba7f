/* SPDX-License-Identifier: MIT
 *
 * The one definition of FLOPs, bytes and cache sizes, printed with every figure. */
#ifndef MLABENCH_ACCOUNTING_H
#define MLABENCH_ACCOUNTING_H

#include "harness/workload.h"
#include "kernels/kernel.h"

#include <stdint.h>

struct account {
    double core_flops; /* scores and weighted sum */
    double flops;      /* the whole step: store the new tokens and attend */
    double bytes;      /* what a core must move */
    /* What the whole step must move at least once: cold, all of it to or from DRAM; warm, to or
     * from whichever cache holds it. */
    double read_bytes;    /* rows cached before, weights, new rows (fp32, as they come), q */
    double weight_bytes;  /* of read_bytes: Wkv_b in fp32, where latents are attended */
    double written_bytes; /* new rows as they are cached, o and lse */
};

/* What each figure counts, sentence by sentence; ends with NULL. */
extern const char *const accounting_sentences[];

struct account account(const struct mla_problem *problem, const struct workload *workload,
                       enum mla_order order, enum mla_kind cached);

/* Elements of one token's cached row: the latent, or keys and values of heads_kv heads (of all
 * heads when the latent is expanded). */
int64_t cache_elements(const struct mla_problem *problem, enum mla_kind cached);

/* Bytes of that row in a format, without what alignment adds; -1 for an unknown format. Fp8 is e4m3
 * with an fp32 scale for each 128 columns of c_kv, or of a head's k_nope and of its v, and k_rope
 * as bf16. Int8 has an fp32 scale for c_kv and one for k_rope, or for each head's k_nope, k_rope
 * and v. */
int64_t cache_bytes_per_token(const struct mla_problem *problem, enum mla_kind cached,
                              enum mla_format format);

#endif
