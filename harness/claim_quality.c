/* SPDX-License-Identifier: MIT
 *
 * Quality comparable to MHA: MLA's orders compute the same, and what a low rank leaves of an MHA
 * layer. */
#include "harness/claims.h"
#include "harness/units.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* What the study of rank calls its data. */
static const struct {
    const char *name, *figure;
    bool structured;
} data[] = {
    {"white", "white", false},    {"power 1", "power_1", true},    {"power 1.5", "power_1_5", true},
    {"power 2", "power_2", true}, {"1/8 + noise", "eighth", true},
};
enum { DATA = sizeof data / sizeof data[0] };

/* The largest error of the orders' kernels, in units of the limit. */
struct agreement {
    double expanded, absorbed; /* -1: none measured */
};

static struct agreement agreement(const struct result_table *table)
{
    struct agreement a = {-1, -1};
    for (int i = 0; i < table->count; i++) {
        const struct result_row *row = &table->rows[i];
        if (row->baseline || !(row->error.limit > 0))
            continue;
        double share = row->error.ratio / row->error.limit;
        if (!strcmp(row->order, "absorbed"))
            a.absorbed = fmax(a.absorbed, share);
        else
            a.expanded = fmax(a.expanded, share);
    }
    return a;
}

static void judge(const struct result_table *table, json_t *claim)
{
    const json_t *study = claim_study(table, claim, "rank");
    const size_t failures = json_array_size(json_object_get(table->mlabench, "failed"));
    struct agreement a = agreement(table);
    int kept = 0, seen = 0;
    char ranks[512] = "";
    size_t used = 0;
    claim_say(claim, "baseline",
              "the double-precision reference; and an MHA layer's own output, its keys and values "
              "not compressed");
    if (a.expanded < 0 || a.absorbed < 0)
        claim_missing(claim, "no timed kernel of the expanded and of the absorbed order");
    claim_evidence(claim, "of the limit", a.expanded, "largest error, expanded order");
    claim_evidence(claim, "of the limit", a.absorbed, "largest error, absorbed order");
    if (!study)
        return;
    double rank = study_figure_of(study, "kv_lora_rank");
    for (int i = 0; i < DATA; i++) {
        char name[96];
        snprintf(name, sizeof name, "output_error_at_kv_lora_rank_%s", data[i].figure);
        double error = study_figure_of(study, name);
        snprintf(name, sizeof name, "rank_1pct_%s", data[i].figure);
        double enough = study_figure_of(study, name);
        claim_evidence(claim, "", error, "%s data: error of the output at rank %g", data[i].name,
                       rank);
        claim_evidence(claim, "", enough, "%s data: least rank with an error below 1 %%",
                       data[i].name);
        if (!isfinite(error))
            continue;
        seen++;
        kept += error < 0.01;
        if (used < sizeof ranks)
            used +=
                (size_t)snprintf(ranks + used, sizeof ranks - used, "%s%s %s %%",
                                 seen > 1 ? ", " : "", data[i].name, unit_number(100 * error, 2).s);
    }
    claim_say(
        claim, "measured",
        "Expanded and absorbed MLA agree with the reference to rounding: %.2f and %.2f of the "
        "error that a right kernel may make. Replacing an MHA layer's keys and values by the "
        "best joint latent of rank %g changes its output by (root mean square) %s. That is "
        "without training: a model trained with a latent need not be an MHA model's copy, and "
        "its quality cannot be measured here.",
        a.expanded, a.absorbed, rank, ranks);
    if (a.expanded < 0 || a.absorbed < 0 || seen == 0)
        return;
    bool agree = a.expanded <= 1 && a.absorbed <= 1 && failures == 0;
    claim_verdict(claim, !agree || kept == 0 ? CLAIM_FAILS
                         : kept == seen      ? CLAIM_HOLDS
                                             : CLAIM_CONDITIONS);
}

const struct claim claim_quality = {"quality", "Quality is comparable to that of MHA.",
                                    "It holds if the orders of MLA agree with the reference within "
                                    "the limit, no kernel failing, and "
                                    "if the best joint latent of the model's own rank reproduces "
                                    "an MHA layer's output to 1 % on all "
                                    "kinds of data studied; under conditions if on some of them.",
                                    "study-rank", judge};
