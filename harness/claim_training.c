/* SPDX-License-Identifier: MIT
 *
 * Query compression cuts the activation memory of training: with what made again? */
#include "harness/claims.h"
#include "harness/units.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* The study's figures are named MODEL_mla_q_compressed_over_uncompressed_RULE. */
#define OVER "_mla_q_compressed_over_uncompressed_"

struct range {
    int count;
    double least, most;
};

/* Of all models, by what the backward pass makes again. */
static struct range range_of(const json_t *figures, const char *rule, json_t *claim)
{
    struct range r = {0, INFINITY, -INFINITY};
    char suffix[96];
    const char *name;
    json_t *value;
    snprintf(suffix, sizeof suffix, OVER "%s", rule);
    json_object_foreach((json_t *)figures, name, value)
    {
        size_t length = strlen(name), end = strlen(suffix);
        if (length <= end || strcmp(name + length - end, suffix) != 0 || !json_is_number(value))
            continue;
        double ratio = json_number_value(value);
        r.count++;
        r.least = fmin(r.least, ratio);
        r.most = fmax(r.most, ratio);
        claim_evidence(claim, "x", ratio,
                       "%.*s, %s made again: with over without query compression",
                       (int)(length - end), name, rule);
    }
    return r;
}

static void add_of_mha(const json_t *figures, json_t *claim)
{
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)figures, name, value) if (strstr(name, "_over_mha_"))
        claim_evidence(claim, "x", json_is_number(value) ? json_number_value(value) : NAN, "%s",
                       name);
}

static void judge(const struct result_table *table, json_t *claim)
{
    const json_t *study = claim_study(table, claim, "activations");
    const json_t *figures = json_object_get(study, "figures");
    if (!study)
        return;
    struct range none = range_of(figures, "none", claim);
    struct range up = range_of(figures, "up_projections", claim);
    struct range all = range_of(figures, "projections", claim);
    add_of_mha(figures, claim);
    double other = study_figure_of(study, "rows_with_other_gradients");
    claim_evidence(claim, "", study_figure_of(study, "rows_with_backward"),
                   "rows whose backward pass was run from what was kept");
    claim_evidence(claim, "", other,
                   "of these, rows whose gradients differ from those with all kept");
    claim_say(
        claim, "baseline",
        "the same MLA layer with q_proj in place of q_a_proj and q_b_proj, by the same rule of "
        "what the backward pass makes again; bytes allocated per token and layer, fp32");
    if (none.count == 0 || up.count == 0)
        return claim_missing(claim, "the study `activations' has no model with query compression");
    claim_say(
        claim, "measured",
        "With nothing made again a layer keeps %.3f to %.3f times what it keeps without query "
        "compression; with norms and up-projections made again %.3f to %.3f times; with all "
        "projections made again from the layer's input %.3f to %.3f times. Query compression "
        "trades work for memory: see the study's notes for the FLOPs.",
        none.least, none.most, up.least, up.most, all.least, all.most);
    bool right = other == 0;
    claim_verdict(claim, !right          ? CLAIM_UNMEASURED
                         : none.most < 1 ? CLAIM_HOLDS
                         : up.most < 1   ? CLAIM_CONDITIONS
                                         : CLAIM_FAILS);
    if (!right)
        claim_missing(claim, "gradients from what was kept differ from those with all kept");
}

const struct claim claim_training = {
    "training", "Query compression cuts the activation memory of training.",
    "It holds if a layer keeps fewer bytes for its backward pass than without query compression, "
    "in "
    "every model, with nothing made again; under conditions if it does where norms and "
    "up-projections are made again.",
    "study-activations", judge};
