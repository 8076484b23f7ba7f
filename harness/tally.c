/* SPDX-License-Identifier: MIT */
#include "harness/tally.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int tally_create(struct tally *tally, const struct catalogue *catalogue, struct mla_error *error)
{
    *tally = (struct tally){.count = catalogue->count};
    tally->kernels = calloc((size_t)catalogue->count, sizeof *tally->kernels);
    return tally->kernels ? 0 : mla_fail(error, MLA_MACHINE, "no memory for the tally");
}

static void free_texts(struct outcome *outcome)
{
    free(outcome->case_name);
    free(outcome->reason);
    free(outcome->check);
    free(outcome->reproduce);
}

void tally_destroy(struct tally *tally)
{
    for (int i = 0; i < tally->outcome_count; i++)
        free_texts(&tally->outcomes[i]);
    free(tally->outcomes);
    free(tally->kernels);
    *tally = (struct tally){0};
}

/* Doubles its room whenever the count is a power of two. */
static bool make_room(struct tally *tally)
{
    int count = tally->outcome_count;
    if (count & (count - 1))
        return true;
    struct outcome *larger =
        realloc(tally->outcomes, (count ? 2 * (size_t)count : 1) * sizeof *larger);
    if (larger)
        tally->outcomes = larger;
    return larger != NULL;
}

/* False where there is a text but no memory for its copy. */
static bool copy(const char *text, char **copied)
{
    *copied = text ? strdup(text) : NULL;
    return *copied || !text;
}

static void note(struct tally *tally, enum outcome_kind kind, int kernel, const char *case_name,
                 const struct failure *failure)
{
    struct outcome outcome = {.kind = kind, .kernel = kernel, .seconds = failure->seconds};
    if (!tally->keeps_outcomes)
        return;
    if (copy(case_name, &outcome.case_name) && copy(failure->reason, &outcome.reason) &&
        copy(failure->check, &outcome.check) && copy(failure->reproduce, &outcome.reproduce) &&
        make_room(tally)) {
        tally->outcomes[tally->outcome_count++] = outcome;
        return;
    }
    tally->incomplete = true;
    free_texts(&outcome);
}

void tally_pass(struct tally *tally, int kernel, const char *case_name, double ratio,
                double seconds)
{
    struct kernel_tally *k = &tally->kernels[kernel];
    note(tally, OUTCOME_PASSED, kernel, case_name, &(struct failure){.seconds = seconds});
    tally->passed++;
    if (k->passed++ && ratio <= k->worst_ratio)
        return;
    k->worst_ratio = ratio;
    snprintf(k->worst_case, sizeof k->worst_case, "%s", case_name);
}

void tally_fail(struct tally *tally, int kernel, const char *case_name,
                const struct failure *failure)
{
    struct kernel_tally *k = &tally->kernels[kernel];
    note(tally, OUTCOME_FAILED, kernel, case_name, failure);
    tally->failed++;
    if (k->failed++ == 0)
        snprintf(k->reason, sizeof k->reason, "%s: %.400s", case_name, failure->reason);
}

void tally_skip(struct tally *tally, int kernel, const char *case_name, const char *reason)
{
    struct kernel_tally *k = &tally->kernels[kernel];
    note(tally, OUTCOME_SKIPPED, kernel, case_name, &(struct failure){.reason = reason});
    tally->skipped++;
    if (k->skipped++ == 0 && k->failed == 0)
        snprintf(k->reason, sizeof k->reason, "%s: %.400s", case_name, reason);
}

static const char *outcome(const struct kernel_tally *k)
{
    return k->failed ? "FAIL" : k->passed ? "pass" : "skip";
}

void tally_print(const struct tally *tally, const struct catalogue *catalogue)
{
    for (int i = 0; i < tally->count; i++) {
        const struct kernel_tally *k = &tally->kernels[i];
        if (k->passed + k->failed + k->skipped == 0)
            continue;
        printf("%s  %-19s %3d passed, %d failed, %d skipped", outcome(k), catalogue->names[i],
               k->passed, k->failed, k->skipped);
        if (k->passed)
            printf("  worst error %.3f of the limit (%s)", k->worst_ratio, k->worst_case);
        if (k->reason[0])
            printf("\n      %s", k->reason);
        putchar('\n');
    }
    printf("%d passed, %d failed, %d skipped\n", tally->passed, tally->failed, tally->skipped);
}

json_t *tally_json(const struct tally *tally, const struct catalogue *catalogue)
{
    json_t *kernels = json_array();
    for (int i = 0; i < tally->count; i++) {
        const struct kernel_tally *k = &tally->kernels[i];
        json_array_append_new(kernels, json_pack("{s:s, s:i, s:i, s:i, s:f, s:s, s:s}", "kernel",
                                                 catalogue->names[i], "passed", k->passed, "failed",
                                                 k->failed, "skipped", k->skipped, "worst_ratio",
                                                 k->worst_ratio, "worst_case", k->worst_case,
                                                 "reason", k->reason));
    }
    return json_pack("{s:i, s:i, s:i, s:o}", "passed", tally->passed, "failed", tally->failed,
                     "skipped", tally->skipped, "kernels", kernels);
}
