/* SPDX-License-Identifier: MIT */
#include "harness/conformance_cases.h"

#include <string.h>

const struct conformance_case conformance_cases[CONFORMANCE_CASES] = {
    {.name = "prefill",
     .catches = "weights transposed, norms left out, wrong softmax scale, RoPE pairs, causal mask",
     .sequences = 1,
     .sequence = {{0, 5, false}}},
    {.name = "decode",
     .catches = "position of the new token taken for 0, cached rows rotated again or not at all",
     .sequences = 1,
     .sequence = {{6, 1, false}}},
    {.name = "chunked",
     .catches = "causal mask aligned with the first key instead of the last, in chunked prefill",
     .sequences = 1,
     .sequence = {{4, 3, false}}},
    {.name = "far",
     .catches =
         "RoPE angles in bf16 or fp16, YaRN's ramp, tables of cos and sin that end too early",
     .sequences = 1,
     .sequence = {{0, 2, true}}},
    {.name = "norm-eps",
     .catches = "another eps than 1e-6 in the norms of c_q and c_kv: their mean square is near it",
     .sequences = 1,
     .sequence = {{0, 1, false}},
     .x_factor = 0x1p-8F},
    {.name = "paged",
     .catches = "sequences of a batch taken for one another, pages out of order, slots of no token",
     .sequences = 3,
     .sequence = {{5, 1, false}, {0, 2, false}, {1, 1, false}},
     .page_size = 4},
    {.name = "sinks",
     .catches =
         "a sink that is scaled, has a value, is left out of lse, or belongs to another head",
     .kind = CONFORMANCE_SINKS,
     .of = "prefill"},
    {.name = "sparse",
     .catches = "-1 taken for a key, lists taken for sorted, a list that is empty",
     .kind = CONFORMANCE_SPARSE,
     .of = "prefill"},
    {.name = "empty",
     .catches = "NaN, or the mean of all values, where a query has no key",
     .kind = CONFORMANCE_EMPTY,
     .of = "prefill"},
    {.name = "split",
     .catches = "partial results merged by weights other than exp(lse_part - lse), lse in base 2",
     .kind = CONFORMANCE_SPLIT,
     .of = "prefill"},
};

int64_t conformance_first_position(const struct conformance_sequence *sequence,
                                   const struct model *model)
{
    int64_t tokens = (int64_t)sequence->cached + sequence->new_tokens;
    return sequence->far ? model->max_position_embeddings - tokens : 0;
}

const char *conformance_meaning(const char *part)
{
    static const struct {
        const char *part, *meaning;
    } parts[] = {
        {"x", "hidden states of all tokens, sequence after sequence, cached ones first"},
        {"positions", "their positions"},
        {"lengths", "tokens of each sequence, cached and new"},
        {"cached", "those that are cached before the step"},
        {"block_table",
         "pages of each sequence in order, -1: none. Token j is in slot j % page_size "
         "of page block_table[sequence][j / page_size]"},
        {"q", "queries of the new tokens, [qk_nope_head_dim | qk_rope_head_dim rotated] per head"},
        {"rows",
         "latent rows of all tokens, [c_kv after its norm | k_rope rotated]: what is cached"},
        {"queries", "which of the other case's queries"},
        {"sinks", "a score for each head that joins the softmax with no value, not scaled"},
        {"top_k", "for each query the rows of the other case that it attends, -1: none"},
        {"split", "for each part the first row, and the row after its last"},
        {"o_parts", "o of each part alone"},
        {"lse_parts", "lse of each part alone"},
        {"o", "attention's output of the new tokens or queries, [heads][v_head_dim]"},
        {"lse", "natural logarithm of the sum of exp(score), per head"},
        {"y", "the layer's output of the new tokens"},
        {"scale_o", "error scale of o by magnitudes: a bound, times gamma_n"},
        {"rms_o", "error scale of o by root mean square: the unit, times u sqrt(n)"},
        {"scale_lse", "likewise of lse"},
        {"rms_lse", "likewise of lse"},
    };
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
        if (strcmp(part, parts[i].part) == 0)
            return parts[i].meaning;
    return NULL;
}
