/* SPDX-License-Identifier: MIT
 *
 * The article's own example. */
#include "harness/claims.h"
#include "harness/units.h"

#include <math.h>
#include <string.h>

#define MODEL "article-784"

static void judge(const struct result_table *table, json_t *claim)
{
    static const struct {
        const char *figure;
        double value;
    } said[] = {{"input_width", 784}, {"latent_width", 128}, {"heads", 4}, {"output_width", 128}};
    const json_t *study = claim_study(table, claim, "article");
    const json_t *failed = json_object_get(table->mlabench, "failed");
    int kernels = 0, failures = 0;
    double worst = 0;
    bool as_said = true;
    for (int i = 0; i < table->count; i++)
        if (!strcmp(table->rows[i].model, MODEL)) {
            kernels++;
            worst = fmax(worst, table->rows[i].error.ratio / table->rows[i].error.limit);
        }
    for (size_t i = 0; i < json_array_size(failed); i++)
        failures += !strncmp(result_text(json_array_get(failed, i), "name"), MODEL, strlen(MODEL));
    claim_say(claim, "baseline", "the article's description; the double-precision reference");
    if (kernels == 0)
        claim_missing(claim, "no kernel was timed on " MODEL);
    if (!study)
        return;
    for (size_t i = 0; i < sizeof said / sizeof said[0]; i++) {
        double found = study_figure_of(study, said[i].figure);
        claim_evidence(claim, "", found, "%s", said[i].figure);
        as_said = as_said && found == said[i].value;
    }
    double difference = study_figure_of(study, "difference_from_reference");
    claim_evidence(claim, "", difference,
                   "heads taken apart: relative difference of the output from the layer's");
    claim_evidence(claim, "", kernels, "kernels and cases timed on " MODEL);
    claim_evidence(claim, "of the limit", kernels ? worst : NAN, "their largest error");
    claim_evidence(claim, "", failures, "verifications failed on " MODEL);
    claim_say(
        claim, "measured",
        "Drawings of 784 elements go through a latent of %g and %g heads to outputs of %g; %d "
        "timed rows on it are within %.2f of the limit, %d verifications failed. A cached token "
        "has %g elements; its drawing %g, its keys and values %g. The weights are random: the "
        "picture shows how heads attend, not what a trained model would look at.",
        study_figure_of(study, "latent_width"), study_figure_of(study, "heads"),
        study_figure_of(study, "output_width"), kernels, worst, failures,
        study_figure_of(study, "cached_elements_latent"),
        study_figure_of(study, "cached_elements_drawing"),
        study_figure_of(study, "cached_elements_keys_and_values"));
    if (kernels > 0)
        claim_verdict(claim, as_said && difference < 1e-10 && failures == 0 && worst <= 1
                                 ? CLAIM_HOLDS
                                 : CLAIM_FAILS);
}

const struct claim claim_article = {
    "article", "The article's example runs as described: 784 elements to 128, with 4 heads.",
    "It holds if the layer has these widths, its heads taken one by one give the reference's "
    "output, "
    "and every kernel that was run on it is within the limit.",
    "study-article", judge};
