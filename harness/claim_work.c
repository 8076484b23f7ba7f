/* SPDX-License-Identifier: MIT
 *
 * Less computation on long sequences: FLOPs, instructions and time of MHA, expanded and absorbed
 * MLA, in decode and in prefill, and where the orders cross. */
#include "harness/claim_rows.h"
#include "harness/claims.h"
#include "harness/crossover.h"
#include "harness/units.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* The ways to do a case, and what each took. */
enum way { MHA, EXPANDED, ABSORBED, REEXPANDED, WAYS };
static const struct {
    const char *name, *cache, *order;
} ways[WAYS] = {
    [MHA] = {"MHA", "MHA", NULL},
    [EXPANDED] = {"expanded MLA", "expanded", NULL},
    [ABSORBED] = {"absorbed MLA", "latent", "absorbed"},
    [REEXPANDED] = {"re-expanded MLA", "latent", "re-expanded"},
};

struct phase {
    const struct result_row *work; /* the case: any of its rows; NULL: none */
    const struct result_row *rows[WAYS];
};

/* The longest case of a phase that MHA and both forms of MLA were timed in. */
static struct phase longest(const struct result_table *table, const char *phase)
{
    struct phase found = {0};
    for (int i = 0; i < table->count; i++) {
        const struct result_row *row = &table->rows[i];
        struct phase now = {.work = row};
        if (strcmp(row->phase, phase) != 0 || !claim_row_ordinary(row))
            continue;
        for (int w = 0; w < WAYS; w++)
            now.rows[w] = claim_row(table, row, ways[w].cache, ways[w].order);
        bool longer = !found.work ||
                      row->cached + row->new_tokens > found.work->cached + found.work->new_tokens;
        if (now.rows[MHA] && now.rows[EXPANDED] && now.rows[ABSORBED] && longer)
            found = now;
    }
    return found;
}

/* Of several reported counts the median, in instructions per new token; NAN without a PMU. */
static double instructions(const struct result_row *row)
{
    struct spread s = result_spread(row, "counters", "PAPI_TOT_INS");
    struct spread n = result_spread(row, NULL, "iterations");
    return s.n > 0 && n.n > 0 ? s.median / n.median : NAN;
}

static void say_phase(json_t *claim, const struct phase *phase, char *text, size_t size)
{
    const struct result_row *work = phase->work;
    size_t used = 0;
    if (!work) {
        snprintf(text, size, "not measured");
        return;
    }
    used +=
        (size_t)snprintf(text, size, "%s, %s cached, %s new, %s: ", work->family,
                         unit_count(work->cached).s, unit_count(work->new_tokens).s, work->format);
    for (int w = 0; w < WAYS; w++) {
        const struct result_row *row = phase->rows[w];
        if (!row)
            continue;
        double flops = claim_flops(row) / claim_flops(phase->rows[MHA]);
        double time = claim_time(row) / claim_time(phase->rows[MHA]);
        double counted = instructions(row);
        claim_evidence(claim, "FLOP", claim_flops(row), "%s, %s: FLOPs of a step", work->phase,
                       ways[w].name);
        claim_evidence(claim, "us", 1e-3 * claim_time(row), "%s, %s: time of a step (%s)",
                       work->phase, ways[w].name, row->kernel);
        if (isfinite(counted))
            claim_evidence(claim, "", counted, "%s, %s: instructions of a step", work->phase,
                           ways[w].name);
        if (w != MHA && used < size)
            used += (size_t)snprintf(text + used, size - used,
                                     "%s%s does %.2f times MHA's FLOPs in %.2f times its time",
                                     w > EXPANDED ? ", " : "", ways[w].name, flops, time);
    }
}

/* Callgrind's counts, where the study of them is there; in words, those of decode. */
static void add_instructions(const struct result_table *table, json_t *claim, char *text,
                             size_t size)
{
    size_t used = 0;
    text[0] = 0;
    const json_t *study =
        json_object_get(json_object_get(table->mlabench, "studies"), "instructions");
    if (!study)
        claim_missing(claim, "instructions were not counted: `make claims' does it with valgrind");
    for (size_t i = 0; i < study_rows(study); i++) {
        double over = study_number(study, i, "over_mha");
        claim_evidence(claim, "", study_number(study, i, "instructions"),
                       "instructions, %s, %s (%s)", study_text(study, i, "case"),
                       study_text(study, i, "way"), study_text(study, i, "kernel"));
        if (!strcmp(study_text(study, i, "case"), "decode") && over != 1 && used < size)
            used +=
                (size_t)snprintf(text + used, size - used, "%s%s %.2f",
                                 used ? ", " : " Instructions of a short decode step, over MHA's: ",
                                 study_text(study, i, "way"), over);
    }
    if (used && used < size)
        snprintf(text + used, size - used, ".");
}

static void say_crossovers(const struct result_table *table, json_t *claim, char *text, size_t size)
{
    size_t used = 0;
    text[0] = 0;
    for (int i = 0; i < table->count; i++) {
        struct crossover crossover;
        char name[128], measured[192], predicted[192];
        if (!crossover_at(table, i, &crossover))
            continue;
        crossover_case(crossover.leader, name, sizeof name);
        crossover_words(&crossover, &crossover.measured, "is faster", measured, sizeof measured);
        crossover_words(&crossover, &crossover.by_flops, "takes fewer FLOPs", predicted,
                        sizeof predicted);
        if (used < size)
            used += (size_t)snprintf(text + used, size - used, " %s, %s: %s; %s.",
                                     crossover.leader->family, name, measured, predicted);
        claim_evidence(claim, "tokens",
                       crossover.measured.count > 0 ? crossover.measured.first : NAN,
                       "%s, %s: new tokens where re-expanding gets faster, measured",
                       crossover.leader->family, name);
        claim_evidence(claim, "tokens",
                       crossover.by_flops.count > 0 ? crossover.by_flops.first : NAN,
                       "%s, %s: new tokens where re-expanding takes fewer FLOPs",
                       crossover.leader->family, name);
    }
}

/* The least FLOPs that some order of MLA takes, over MHA's. */
static double least_flops(const struct phase *phase)
{
    double least = INFINITY;
    for (int w = EXPANDED; w < WAYS; w++)
        if (phase->rows[w])
            least = fmin(least, claim_flops(phase->rows[w]) / claim_flops(phase->rows[MHA]));
    return least;
}

static void judge(const struct result_table *table, json_t *claim)
{
    const struct phase decode = longest(table, "decode"), prefill = longest(table, "prefill");
    char text[2][512], crossovers[640], counted[192];
    say_phase(claim, &decode, text[0], sizeof text[0]);
    say_phase(claim, &prefill, text[1], sizeof text[1]);
    say_crossovers(table, claim, crossovers, sizeof crossovers);
    add_instructions(table, claim, counted, sizeof counted);
    claim_say(claim, "baseline",
              "MHA of the same width, FLOPs by the accounting, fastest kernel of each");
    claim_say(
        claim, "measured",
        "Decode: %s. Prefill: %s. What the absorbed order trades for its FLOPs are the bytes of "
        "the cache.%s%s%s",
        text[0], text[1], counted, crossovers[0] ? " Absorb or expand anew:" : "", crossovers);
    if (!decode.work || !prefill.work)
        return claim_missing(claim, "MHA, expanded and absorbed MLA in one case of %s",
                             decode.work ? "prefill" : "decode");
    claim_say(claim, "figure", "%s-latency", decode.work->family);
    bool less[2] = {least_flops(&decode) < 1, least_flops(&prefill) < 1};
    claim_verdict(claim, less[0] && less[1]   ? CLAIM_HOLDS
                         : less[0] || less[1] ? CLAIM_CONDITIONS
                                              : CLAIM_FAILS);
}

const struct claim claim_work = {
    "work", "MLA takes less computation on long sequences.",
    "It holds if some order of MLA takes fewer FLOPs than MHA of the same width both in decode and "
    "in "
    "prefill, in the longest case measured of each; under conditions if in one of them.",
    "", judge};
