/* SPDX-License-Identifier: MIT
 *
 * Decoupled RoPE is needed: without it absorbing is wrong. */
#include "harness/claims.h"
#include "harness/units.h"

#include <math.h>
#include <stdio.h>

/* Wrong: by a tenth. Exact: to the rounding of double, with room for the sums. */
#define WRONG 0.1
#define EXACT 1e-10

static const struct {
    const char *name, *figure;
} ways[] = {{"RoPE left out", "left_out"},
            {"RoPE on the query only", "on_query"},
            {"RoPE on the latent", "on_latent"}};
enum { WAYS = sizeof ways / sizeof ways[0] };

static void judge(const struct result_table *table, json_t *claim)
{
    const json_t *study = claim_study(table, claim, "rope");
    if (!study)
        return;
    double control = study_figure_of(study, "largest_error_decoupled");
    double per_key = study_figure_of(study, "flops_per_key");
    double decoupled = study_figure_of(study, "flops_decoupled");
    int wrong = 0;
    char text[768] = "";
    size_t used = 0;
    for (int i = 0; i < WAYS; i++) {
        char name[96];
        snprintf(name, sizeof name, "largest_error_%s", ways[i].figure);
        double largest = study_figure_of(study, name);
        snprintf(name, sizeof name, "output_error_at_1024_%s", ways[i].figure);
        double output = study_figure_of(study, name);
        snprintf(name, sizeof name, "distance_past_10pct_%s", ways[i].figure);
        double distance = study_figure_of(study, name);
        claim_evidence(claim, "", largest, "%s: largest error of scores and output", ways[i].name);
        claim_evidence(claim, "", output, "%s: error of the output over 1,024 tokens",
                       ways[i].name);
        claim_evidence(claim, "tokens", distance, "%s: distance where the error passes 10 %%",
                       ways[i].name);
        wrong += largest > WRONG;
        if (used < sizeof text)
            used += (size_t)snprintf(text + used, sizeof text - used, "%s%s by %s %%",
                                     i ? ", " : "", ways[i].name, unit_number(100 * output, 3).s);
    }
    claim_evidence(claim, "", control, "decoupled RoPE, absorbed: largest error");
    claim_evidence(claim, "FLOP", per_key, "absorbing anew for each key: per key and head");
    claim_evidence(claim, "FLOP", decoupled, "decoupled RoPE: per key and head");
    claim_say(claim, "baseline",
              "the same scores with the keys expanded and then rotated, in double");
    claim_say(claim, "measured",
              "The output over 1,024 tokens is wrong with %s (root mean square, random weights); "
              "with decoupled RoPE absorbing is exact (%s). Absorbing anew for each key would be "
              "right too, at %s times the FLOPs.",
              text, unit_number(control, 2).s, unit_number(per_key / decoupled, 3).s);
    if (isfinite(control))
        claim_verdict(claim, control > EXACT ? CLAIM_FAILS
                             : wrong == WAYS ? CLAIM_HOLDS
                             : wrong > 0     ? CLAIM_CONDITIONS
                                             : CLAIM_FAILS);
}

const struct claim claim_rope = {
    "rope", "RoPE has to be decoupled from the compressed keys.",
    "It holds if every way of absorbing keys that carry RoPE themselves errs by more than 10 % at "
    "some distance, and decoupled RoPE by no more than 1e-10; under conditions if only some do.",
    "study-rope", judge};
