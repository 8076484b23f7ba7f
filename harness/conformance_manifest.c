/* SPDX-License-Identifier: MIT */
#include "harness/conformance_manifest.h"

#include "harness/build_info.h"
#include "harness/conformance_cases.h"
#include "harness/problem.h"
#include "harness/verify.h"

#include <stdlib.h>
#include <string.h>

enum { SCHEMA_VERSION = 1 };

static const char *const conventions[] = {
    "Weights are [out_features, in_features], row-major: y = W x. All arithmetic is double; "
    "weights "
    "and x are exact in the types they are stored in.",
    "c_q = rmsnorm(Wq_a x); q = Wq_b c_q, or q = Wq x where q_lora_rank is null. Per head: "
    "qk_nope_head_dim elements, then qk_rope_head_dim, which are rotated.",
    "[c_kv | k_rope] = Wkv_a x (kv_a_proj_with_mqa); c_kv = rmsnorm(c_kv); k_rope is rotated and "
    "shared by all heads. The row [c_kv | k_rope] is what is cached.",
    "[k_nope | v] = Wkv_b c_kv. The rows of Wkv_b: for each head qk_nope_head_dim, then "
    "v_head_dim.",
    "score_j = softmax_scale (q_nope . k_nope_j + q_rope . k_rope_j); p = softmax(score); o = "
    "sum_j "
    "p_j v_j; y = Wo [o of all heads].",
    "rmsnorm(x)_i = gain w_i x_i / sqrt(mean(x^2) + norm_eps): norm_eps and the gains q_lora_gain "
    "(of c_q) and kv_lora_gain (of c_kv) are below. norm_eps is 1e-6 whatever rms_norm_eps says.",
    "softmax_scale = m^2 / sqrt(qk_nope_head_dim + qk_rope_head_dim); with YaRN m = 0.1 "
    "mscale_all_dim ln(factor) + 1, else 1. The absorbed order, which attends c_kv itself, has the "
    "same scale.",
    "RoPE turns the pair (a, b) by the angle position x frequency_i: (a cos - b sin, a sin + b "
    "cos). "
    "rope_interleaved: the pair i is elements 2i and 2i + 1 of the part that is rotated, and stays "
    "there; else i and i + qk_rope_head_dim / 2. An implementation that also reorders the elements "
    "has the same scores, and its q and rows agree once put back in order.",
    "Causal: a token at position p attends the tokens of its sequence at positions up to p. Where "
    "a "
    "sequence's first position is not 0 it has no keys before that.",
    "lse is natural and includes the sink where there is one. Without a key o = 0 and lse = -inf.",
    "scale_o and rms_o are rounded to bf16, which is enough for a tolerance.",
};

/* Two computations in double differ by that much, relative to a tensor's largest magnitude. */
static const double double_tolerance = 1e-12;

static const char *const comparing[] = {
    "Implementations in double agree to `double` times (1 + p / 4096) of each tensor's largest "
    "magnitude, p being the case's last position: an angle of up to p radians is rounded, and so "
    "is "
    "its frequency, which together make up to p 2^-52.",
    "Attention in arithmetic of unit round-off u (fp32: 2^-24), from q and rows rounded to it: |o "
    "- "
    "expected| <= 2 u sqrt(n) rms_o and |lse - expected| <= 2 u sqrt(n) rms_lse with n = keys + "
    "kv_lora_rank + qk_nope_head_dim + qk_rope_head_dim + 8. gamma_n scale_o, gamma_n = n u / (1 - "
    "n "
    "u), is a bound that always holds.",
    "Projections, norms and RoPE: by stages, each from the input that it really got. There is no "
    "bound for a whole layer that is both proved and useful.",
    "Angles in fp32 are off by up to position x 2^-24 radians, 0.01 at position 163840: q and rows "
    "of "
    "the case far are then off by as much. Take angles in double.",
};

static json_t *texts(const char *const *list, size_t count)
{
    json_t *array = json_array();
    for (size_t i = 0; i < count; i++)
        json_array_append_new(array, json_string(list[i]));
    return array;
}

static json_t *cuts_json(const struct conformance_model *m)
{
    json_t *cuts = json_object();
    for (int i = 0; i < m->cut_count; i++)
        json_object_set_new(cuts, m->cuts[i].field,
                            json_pack("{s:I, s:I}", "from", (json_int_t)m->cuts[i].from, "to",
                                      (json_int_t)m->cuts[i].to));
    return cuts;
}

static json_t *values_json(const struct model *model)
{
    json_t *frequencies = json_array();
    int32_t pairs = model->rope.dim / 2;
    double *list = malloc((size_t)pairs * sizeof *list);
    if (list)
        ref_rope_frequencies(&model->rope, list);
    for (int32_t i = 0; list && i < pairs; i++)
        json_array_append_new(frequencies, json_real(list[i]));
    free(list);
    return json_pack("{s:f, s:f, s:f, s:f, s:b, s:f, s:o}", "softmax_scale", model->softmax_scale,
                     "norm_eps", model->norm_eps, "q_lora_gain", model->q_lora_gain, "kv_lora_gain",
                     model->kv_lora_gain, "rope_interleaved", model->rope.interleaved,
                     "rope_magnitude", ref_rope_magnitude(&model->rope), "rope_frequencies",
                     frequencies);
}

/* What a tensor's name says after "CASE.", NULL if it is another case's. */
static const char *part_of(const char *name, const struct conformance_case *c)
{
    size_t length = strlen(c->name);
    return strncmp(name, c->name, length) == 0 && name[length] == '.' ? name + length + 1 : NULL;
}

static json_t *shapes_json(const struct conformance_case *c, const struct tensor_list *vectors)
{
    json_t *shapes = json_object();
    for (int i = 0; i < vectors->count; i++) {
        const char *part = part_of(vectors->items[i].name, c);
        const struct tensor *tensor = &vectors->items[i].tensor;
        if (!part)
            continue;
        json_t *shape = json_array();
        for (int d = 0; d < tensor->dims; d++)
            json_array_append_new(shape, json_integer(tensor->shape[d]));
        json_object_set_new(shapes, part, shape);
    }
    return shapes;
}

/* The meanings of all parts that there are, once. */
static json_t *meanings_json(const struct tensor_list *vectors)
{
    json_t *meanings = json_object();
    for (int i = 0; i < vectors->count; i++) {
        const char *part = strchr(vectors->items[i].name, '.') + 1;
        json_object_set_new(meanings, part, json_string(conformance_meaning(part)));
    }
    return meanings;
}

static json_t *case_json(const struct conformance_case *c, const struct model *model,
                         const struct tensor_list *vectors)
{
    json_t *json = json_pack("{s:s, s:s}", "name", c->name, "catches", c->catches);
    if (c->of)
        json_object_set_new(json, "of", json_string(c->of));
    json_t *sequences = json_array();
    for (int s = 0; s < c->sequences; s++)
        json_array_append_new(
            sequences, json_pack("{s:i, s:i, s:I}", "cached", c->sequence[s].cached, "new",
                                 c->sequence[s].new_tokens, "first_position",
                                 (json_int_t)conformance_first_position(&c->sequence[s], model)));
    if (c->sequences)
        json_object_set(json, "sequences", sequences);
    json_decref(sequences);
    if (c->page_size)
        json_object_set_new(json, "page_size", json_integer(c->page_size));
    json_object_set_new(json, "tensors", shapes_json(c, vectors));
    return json;
}

json_t *conformance_manifest(const struct conformance_model *m, uint64_t seed,
                             const struct tensor_list *vectors)
{
    json_t *cases = json_array();
    for (int i = 0; i < CONFORMANCE_CASES; i++)
        json_array_append_new(cases, case_json(&conformance_cases[i], &m->model, vectors));
    return json_pack(
        "{s:i, s:s, s:s, s:s+, s:I, s:s, s:s, s:o, s:o, s:o, s:{s:f, s:f, s:o}, s:o, s:o}",
        "schema_version", SCHEMA_VERSION, "model", m->model.name, "note", m->model.note,
        "generator", "mlabench ", build_version, "seed", (json_int_t)seed, "weights",
        m->full ? "F32, as drawn" : "BF16", "weights_prefix", conformance_prefix(&m->model), "cut",
        cuts_json(m), "values", values_json(&m->model), "conventions",
        texts(conventions, sizeof conventions / sizeof conventions[0]), "compare", "double",
        double_tolerance, "limit", VERIFY_LIMIT, "how",
        texts(comparing, sizeof comparing / sizeof comparing[0]), "tensors", meanings_json(vectors),
        "cases", cases);
}
