/* SPDX-License-Identifier: MIT
 *
 * The cache is smaller, "6 times": than what? */
#include "harness/claims.h"
#include "harness/units.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* What counts as "6 times": to the nearest half. */
#define SIX_LEAST 5.75
#define SIX_MOST  6.25

/* Whether another row before this one has its model and cache. */
static bool is_first(const json_t *study, size_t row)
{
    for (size_t i = 0; i < row; i++)
        if (!strcmp(study_text(study, i, "model"), study_text(study, row, "model")) &&
            !strcmp(study_text(study, i, "cache"), study_text(study, row, "cache")))
            return false;
    return true;
}

/* Least and most of a cache over the latent at equal precision, over all models and formats. */
static bool range(const json_t *study, const char *cache, double *least, double *most)
{
    *least = INFINITY;
    *most = -INFINITY;
    for (size_t i = 0; i < study_rows(study); i++)
        if (!strcmp(study_text(study, i, "cache"), cache)) {
            double over = study_number(study, i, "over_latent");
            *least = fmin(*least, over);
            *most = fmax(*most, over);
        }
    return *least <= *most;
}

/* "MODEL against CACHE", those within the bounds; at equal precision one row speaks for both 16-bit
 * formats and fp32. */
static int sixes(const json_t *study, char *text, size_t size)
{
    int count = 0;
    size_t used = 0;
    text[0] = 0;
    for (size_t i = 0; i < study_rows(study); i++) {
        double over = study_number(study, i, "over_latent");
        if (!is_first(study, i) || !(over >= SIX_LEAST && over <= SIX_MOST))
            continue;
        if (used < size)
            used += (size_t)snprintf(text + used, size - used, "%s%s against %s (%.2f)",
                                     count ? ", " : "", study_text(study, i, "model"),
                                     study_text(study, i, "cache"), over);
        count++;
    }
    return count;
}

/* The same across precisions: a cache in bf16 over the latent in a narrower format. One clause for
 * each such pair of forms. */
static int mixed_of(const json_t *study, const char *cache, const char *format, char *text,
                    size_t size)
{
    int count = 0;
    double least = INFINITY, most = -INFINITY;
    for (size_t i = 0; i < study_rows(study); i++)
        for (size_t k = 0; k < study_rows(study); k++) {
            double over = study_number(study, i, "allocated") / study_number(study, k, "allocated");
            if (strcmp(study_text(study, i, "format"), "bf16") != 0 ||
                strcmp(study_text(study, i, "cache"), cache) != 0 ||
                strcmp(study_text(study, k, "model"), study_text(study, i, "model")) != 0 ||
                strcmp(study_text(study, k, "cache"), "latent") != 0 ||
                strcmp(study_text(study, k, "format"), format) != 0 ||
                !(over >= SIX_LEAST && over <= SIX_MOST))
                continue;
            count++;
            least = fmin(least, over);
            most = fmax(most, over);
        }
    size_t used = strlen(text);
    if (count && used < size)
        snprintf(text + used, size - used,
                 "%s%s in bf16 against the latent in %s in %d model%s (%.2f to %.2f)",
                 used ? ", " : "", cache, format, count, count > 1 ? "s" : "", least, most);
    return count;
}

static int mixed_sixes(const json_t *study, char *text, size_t size)
{
    static const char *const caches[] = {"MHA", "expanded", "GQA-8", "MQA"};
    static const char *const formats[] = {"fp8", "int8"};
    int count = 0;
    text[0] = 0;
    for (int c = 0; c < 4; c++)
        for (int f = 0; f < 2; f++)
            count += mixed_of(study, caches[c], formats[f], text, size);
    return count;
}

static bool all_touched(const json_t *study)
{
    for (size_t i = 0; i < study_rows(study); i++) {
        double touched = study_number(study, i, "touched"),
               formula = study_number(study, i, "formula");
        if (isfinite(touched) && fabs(touched - formula) > 0.01 * formula)
            return false;
    }
    return true;
}

static void judge(const struct result_table *table, json_t *claim)
{
    static const char *const caches[] = {"MHA", "expanded", "GQA-8", "MQA"};
    const json_t *study = claim_study(table, claim, "cache");
    double least[4], most[4];
    char equal[800], mixed[800];
    if (!study)
        return;
    for (int i = 0; i < 4; i++) {
        if (!range(study, caches[i], &least[i], &most[i]))
            return claim_missing(claim, "the study `cache' has no %s", caches[i]);
        claim_evidence(claim, "x", least[i], "%s over the latent, least", caches[i]);
        claim_evidence(claim, "x", most[i], "%s over the latent, most", caches[i]);
    }
    int equals = sixes(study, equal, sizeof equal),
        others = mixed_sixes(study, mixed, sizeof mixed);
    claim_evidence(claim, "", equals,
                   "pairs of model and baseline at 5.75 to 6.25, equal precision");
    claim_evidence(claim, "", others, "the same, bf16 against fp8 or int8");
    claim_say(
        claim, "baseline",
        "MHA, GQA with 8 groups and MQA of the same width, and the model's own keys and values "
        "expanded, each in the latent's format");
    claim_say(
        claim, "measured",
        "The latent is smaller than MHA of the same width by %.1f to %.1f times, than the "
        "expanded keys and values by %.1f to %.1f, than GQA-8 by %.2f to %.2f; MQA takes %.2f "
        "to %.2f times the latent's bytes. About 6 at equal precision: %s. Across precisions: "
        "%s. %s",
        least[0], most[0], least[1], most[1], least[2], most[2], least[3], most[3],
        equals ? equal : "none", others ? mixed : "none",
        all_touched(study) ? "Storing rows touched what the formula says, to within 1 %."
                           : "Storing rows did not touch what the formula says: see the table.");
    bool shrinks = least[0] > 1 && least[1] > 1;
    claim_verdict(claim, !shrinks                                       ? CLAIM_FAILS
                         : least[0] >= SIX_LEAST && most[0] <= SIX_MOST ? CLAIM_HOLDS
                                                                        : CLAIM_CONDITIONS);
}

const struct claim claim_cache = {
    "cache", "Joint low-rank compression of keys and values shrinks the KV cache, 6 times.",
    "It holds if the latent takes 1/5.75 to 1/6.25 of the bytes of MHA of the same width in every "
    "model and format; under conditions if it is smaller than MHA and than what it expands to, by "
    "another factor.",
    "study-cache", judge};
