/* SPDX-License-Identifier: MIT
 *
 * The inputs of a case as .npy files, fp32 and int32, and the reference's answers beside them. What
 * a case does not have has no file:
 *
 *   q.npy      [tokens][heads][qk_nope_head_dim + qk_rope_head_dim]
 *   rows.npy   [rows][kv_lora_rank + qk_rope_head_dim], or for keys and values
 *              [rows][heads_kv][qk_nope_head_dim + qk_rope_head_dim + v_head_dim]; sequence after
 *              sequence, of each the cached ones and then the new ones
 *   wkv_b.npy  [heads][qk_nope_head_dim + v_head_dim][kv_lora_rank]
 *   top_k.npy  [tokens][listed] positions or -1
 *   sinks.npy  [heads]
 *   o_expected.npy    [tokens][heads][v_head_dim] and
 *   lse_expected.npy  [tokens][heads], fp64: exact attention over those rows; NaN for queries that
 *              the reference was not asked about */
#ifndef MLABENCH_INPUTS_FILE_H
#define MLABENCH_INPUTS_FILE_H

#include "harness/error.h"
#include "harness/inputs.h"
#include "harness/oracle.h"

/* Every name above, NULL at the end. */
extern const char *const inputs_files[];

/* Writes them into a folder that is there. Returns 0, MLA_BAD_INPUT or MLA_MACHINE; some may then
 * be there. */
int inputs_save(const struct inputs *inputs, const char *folder, struct mla_error *error);
int inputs_save_expected(const struct inputs *inputs, const struct oracle *oracle,
                         const char *folder, struct mla_error *error);

/* Instead of inputs_fill: the numbers of saved inputs of the same case, bit for bit. Refuses files
 * as npy_read does, and positions that no sequence has. */
int inputs_load(struct inputs *inputs, const char *folder, struct mla_error *error);

#endif
