/* SPDX-License-Identifier: MIT
 *
 * Long contexts become practical: bytes and time per new token against MHA of the same width. */
#include "harness/claim_rows.h"
#include "harness/claims.h"
#include "harness/units.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* "Tens of thousands of tokens". */
#define LONG 16384

struct seen {
    int pairs, faster;  /* contexts of LONG or more where both were timed; latent faster */
    double least, most; /* MHA's time over the latent's there */
    const struct result_row *longest, *longest_mha; /* of the model with the longest context */
};

static void look(const struct result_table *table, json_t *claim, struct seen *seen)
{
    for (int i = 0; i < table->count; i++) {
        const struct result_row *row = &table->rows[i];
        if (strcmp(row->phase, "decode") != 0 || !claim_row_ordinary(row) ||
            claim_row_repeats(table, i) || row->new_tokens != 1)
            continue;
        const struct result_row *latent = claim_row(table, row, "latent", NULL);
        const struct result_row *mha = claim_row(table, row, "MHA", NULL);
        if (!latent)
            continue;
        claim_evidence(claim, "us", 1e-3 * claim_time(latent),
                       "%s, %s cached, %s, %" PRId64 " threads: a step of a layer, latent",
                       row->family, unit_count(row->cached).s, row->format, row->threads);
        if (!mha)
            continue;
        double over = claim_time(mha) / claim_time(latent);
        claim_evidence(claim, "x", over,
                       "%s, %s cached, %s, %" PRId64 " threads: MHA's time over the latent's",
                       row->family, unit_count(row->cached).s, row->format, row->threads);
        if (row->cached < LONG)
            continue;
        seen->least = seen->pairs ? fmin(seen->least, over) : over;
        seen->most = seen->pairs ? fmax(seen->most, over) : over;
        seen->pairs++;
        seen->faster += over > 1;
        if (!seen->longest || row->cached > seen->longest->cached) {
            seen->longest = latent;
            seen->longest_mha = mha;
        }
    }
}

/* Tokens that a GiB holds of a model's whole cache, bf16; NAN if the study has it not. */
static double per_gib(const json_t *study, const char *model, const char *cache)
{
    for (size_t i = 0; i < study_rows(study); i++)
        if (!strcmp(study_text(study, i, "model"), model) &&
            !strcmp(study_text(study, i, "cache"), cache) &&
            !strcmp(study_text(study, i, "format"), "bf16"))
            return study_number(study, i, "tokens_per_gib");
    return NAN;
}

static void judge(const struct result_table *table, json_t *claim)
{
    const json_t *study = claim_study(table, claim, "cache");
    struct seen seen = {0};
    look(table, claim, &seen);
    claim_say(claim, "baseline",
              "MHA of the same width, same format and threads, fastest kernel of each");
    if (seen.pairs == 0)
        return claim_missing(
            claim, "no decode step of MHA and of a latent at %d or more cached tokens", LONG);
    const char *model = seen.longest->family;
    double latent = per_gib(study, model, "latent"), mha = per_gib(study, model, "MHA");
    claim_evidence(claim, "", latent, "%s, whole model, bf16: tokens in a GiB, latent", model);
    claim_evidence(claim, "", mha, "%s, whole model, bf16: tokens in a GiB, MHA", model);
    char figure[128];
    snprintf(figure, sizeof figure, "%s-latency", model);
    claim_say(claim, "figure", "%s", figure);
    claim_say(claim, "measured",
              "A GiB holds %s tokens of %s as latents and %s as keys and values of MHA (bf16, all "
              "layers). At 16,384 cached tokens and more a decode step of MHA takes %.2f to %.2f "
              "times as long as over the latent, which is faster in %d of %d cases; at %s a layer "
              "takes %s (%s) over the latent and %s (%s) with MHA.",
              unit_count((int64_t)latent).s, model, unit_count((int64_t)mha).s, seen.least,
              seen.most, seen.faster, seen.pairs, unit_count(seen.longest->cached).s,
              unit_time(claim_time(seen.longest)).s, seen.longest->kernel,
              unit_time(claim_time(seen.longest_mha)).s, seen.longest_mha->kernel);
    bool smaller = latent > mha;
    claim_verdict(claim, smaller && seen.faster == seen.pairs ? CLAIM_HOLDS
                         : smaller                            ? CLAIM_CONDITIONS
                                                              : CLAIM_FAILS);
}

const struct claim claim_context = {"context",
                                    "Texts of tens of thousands of tokens become practical.",
                                    "It holds if a GiB holds more tokens than with MHA of the same "
                                    "width, and if at 16,384 and more "
                                    "cached tokens a decode step takes less time than MHA's in all "
                                    "cases measured; under conditions "
                                    "if a GiB holds more, but not every such step is faster.",
                                    "", judge};
