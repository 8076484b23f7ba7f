/* SPDX-License-Identifier: MIT */
#include "harness/derived.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

const struct derived_figure derived_figures[DERIVED_FIGURES] = {
    {"ipc", "IPC", "instructions / cycles", "PAPI_TOT_INS", "PAPI_TOT_CYC", 1},
    {"flop_per_cycle", "FLOP/cycle", "FLOPs by accounting / cycles", "flops", "PAPI_TOT_CYC", 1},
    {"bytes_per_flop", "bytes/FLOP", "misses of L3 x bytes of a cache line / FLOPs by accounting",
     "PAPI_L3_TCM", "flops", 0},
    {"l1_misses_per_token", "L1 misses", "data misses of L1 / new tokens", "PAPI_L1_DCM", "tokens",
     1},
    {"l2_misses_per_token", "L2 misses", "data misses of L2 / new tokens", "PAPI_L2_DCM", "tokens",
     1},
    {"l3_misses_per_token", "L3 misses", "misses of L3 / new tokens", "PAPI_L3_TCM", "tokens", 1},
    {"tlb_misses_per_token", "TLB misses", "data misses of the TLB / new tokens", "PAPI_TLB_DM",
     "tokens", 1},
    {"branch_misses_per_token", "branch misses", "mispredicted branches / new tokens",
     "PAPI_BR_MSP", "tokens", 1},
};

/* A counter or a quantity of the work; NAN with the reason. */
static double term(const char *name, const json_t *counters, const json_t *counters_missing,
                   const struct derived_work *work, char *why, size_t size)
{
    if (strcmp(name, "flops") == 0)
        return work->flops;
    if (strcmp(name, "tokens") == 0)
        return work->tokens;
    const json_t *value = json_object_get(counters, name);
    if (json_is_number(value))
        return json_number_value(value);
    const char *reason = json_string_value(json_object_get(counters_missing, name));
    snprintf(why, size, "%s: %s", name,
             reason  ? reason
             : value ? "no reason given"
                     : "it was not asked for");
    return NAN;
}

json_t *derived_json(const json_t *counters, const json_t *counters_missing,
                     const struct derived_work *work, json_t **missing)
{
    json_t *figures = json_object();
    *missing = json_object();
    for (int i = 0; i < DERIVED_FIGURES; i++) {
        const struct derived_figure *f = &derived_figures[i];
        char why[512] = "";
        double scale = f->scale > 0 ? f->scale : work->line;
        double below = term(f->below, counters, counters_missing, work, why, sizeof why);
        double above = term(f->above, counters, counters_missing, work, why, sizeof why);
        if (!why[0] && below <= 0)
            snprintf(why, sizeof why, "%s: 0", f->below);
        if (!why[0] && scale <= 0)
            snprintf(why, sizeof why, "the size of a cache line is not known");
        json_object_set_new(figures, f->name,
                            why[0] ? json_null() : json_real(scale * above / below));
        if (why[0])
            json_object_set_new(*missing, f->name, json_string(why));
    }
    return figures;
}
