/* SPDX-License-Identifier: MIT */
#include "harness/certificates_print.h"

#include "harness/certificate.h"

#include <stdio.h>
#include <string.h>

/* Of several cases the worst outcome counts, and one that applied before one that did not. */
static int rank(const char *outcome)
{
    static const enum certificate_outcome order[] = {CERTIFIED_NOT_APPLICABLE, CERTIFIED_BITS,
                                                     CERTIFIED_BOUND, CERTIFIED_NOT_PROMISED,
                                                     CERTIFIED_BROKEN};
    for (int i = 0; i < CERTIFIED_OUTCOMES; i++)
        if (strcmp(outcome, certificate_outcome_names[order[i]]) == 0)
            return i;
    return -1;
}

static const char *worst_outcome(const json_t *certificates, const char *kernel, const char *check)
{
    const char *worst = "";
    size_t i;
    json_t *one;
    json_array_foreach(certificates, i, one)
    {
        const json_t *found = json_object_get(json_object_get(one, "checks"), check);
        const char *outcome = json_string_value(json_object_get(found, "outcome"));
        if (strcmp(json_string_value(json_object_get(one, "kernel")), kernel) == 0 && outcome &&
            rank(outcome) > rank(worst))
            worst = outcome;
    }
    return worst;
}

/* The kernels, each once, in the order of the list. */
static json_t *kernels_of(const json_t *certificates)
{
    json_t *kernels = json_array();
    size_t i, k;
    json_t *one, *known;
    json_array_foreach(certificates, i, one)
    {
        json_t *kernel = json_object_get(one, "kernel");
        bool listed = false;
        json_array_foreach(kernels, k, known) listed = listed || json_equal(known, kernel);
        if (!listed)
            json_array_append(kernels, kernel);
    }
    return kernels;
}

void certificates_print(const json_t *certificates)
{
    enum { COLUMN = 13 };
    json_t *kernels = kernels_of(certificates), *kernel;
    size_t k;
    printf("%-14s", "certificate");
    json_array_foreach(kernels, k, kernel)
        printf(" %-*.*s", COLUMN + 3, COLUMN + 3, json_string_value(kernel));
    putchar('\n');
    for (int i = 0; i < CERTIFICATE_CHECKS; i++) {
        printf("%-14s", certificate_checks[i].name);
        json_array_foreach(kernels, k, kernel) printf(
            " %-*s", COLUMN + 3,
            worst_outcome(certificates, json_string_value(kernel), certificate_checks[i].name));
        putchar('\n');
    }
    puts("bits: the same bits; bound: within the error allowed; not promised: bits differ, as the "
         "kernel says\n");
    json_decref(kernels);
}
