/* SPDX-License-Identifier: MIT */
#include "harness/counter_names.h"

#include <stdlib.h>
#include <string.h>

const char *const counters_default[COUNTERS_DEFAULT] = {
    "PAPI_TOT_CYC",
    "PAPI_TOT_INS",
    "PAPI_FP_OPS",
    "PAPI_L1_DCM",
    "PAPI_L2_DCM",
    "PAPI_L3_TCM",
    "PAPI_TLB_DM",
    "PAPI_BR_MSP",
    "perf::TASK-CLOCK",
    "perf::PAGE-FAULTS",
    "perf::CONTEXT-SWITCHES",
};

int counter_names_read(const char *wanted, struct counter_names *names, struct mla_error *error)
{
    size_t most = wanted ? strlen(wanted) / 2 + 1 : COUNTERS_DEFAULT + ENERGY_EVENTS_MAX;
    *names = (struct counter_names){.text = strdup(wanted ? wanted : "")};
    names->names = calloc(most + 1, sizeof *names->names);
    if (!names->text || !names->names)
        return mla_fail(error, MLA_MACHINE, "no memory for the counters' names");
    if (!wanted) {
        for (; names->count < COUNTERS_DEFAULT; names->count++)
            names->names[names->count] = counters_default[names->count];
        int found = energy_events(names->energy, names->no_energy, sizeof names->no_energy);
        for (int i = 0; i < found; i++)
            names->names[names->count++] = names->energy[i];
        return 0;
    }
    if (strcmp(wanted, "none") == 0)
        return 0;
    char *rest;
    for (char *name = strtok_r(names->text, ",", &rest); name; name = strtok_r(NULL, ",", &rest))
        names->names[names->count++] = name;
    return 0;
}

void counter_names_free(struct counter_names *names)
{
    free(names->names);
    free(names->text);
    *names = (struct counter_names){0};
}
