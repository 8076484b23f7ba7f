/* SPDX-License-Identifier: MIT
 *
 * Figures derived from counters: by hand, and null with a reason where an input lacks. */
#include "harness/derived.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

static const struct derived_work work = {.flops = 4000, .tokens = 20, .line = 64};

static double figure(const json_t *figures, const char *name)
{
    const json_t *value = json_object_get(figures, name);
    cr_assert(json_is_number(value), "no %s", name);
    return json_number_value(value);
}

static void expect_null(const json_t *figures, const json_t *missing, const char *name,
                        const char *reason)
{
    const char *why = json_string_value(json_object_get(missing, name));
    cr_assert(json_is_null(json_object_get(figures, name)), "%s is there", name);
    cr_assert(why && strstr(why, reason), "%s: '%s', not '%s'", name, why ? why : "", reason);
}

Test(derived, figures_are_those_by_hand)
{
    json_t *counters = json_pack("{s:i, s:i, s:i, s:i, s:i, s:i, s:i}", "PAPI_TOT_CYC", 500,
                                 "PAPI_TOT_INS", 1500, "PAPI_L1_DCM", 400, "PAPI_L2_DCM", 200,
                                 "PAPI_L3_TCM", 100, "PAPI_TLB_DM", 10, "PAPI_BR_MSP", 0);
    json_t *missing, *figures = derived_json(counters, NULL, &work, &missing);
    static const struct {
        const char *name;
        double value;
    } expected[DERIVED_FIGURES] = {
        {"ipc", 3},
        {"flop_per_cycle", 8},
        {"bytes_per_flop", 1.6},
        {"l1_misses_per_token", 20},
        {"l2_misses_per_token", 10},
        {"l3_misses_per_token", 5},
        {"tlb_misses_per_token", 0.5},
        {"branch_misses_per_token", 0},
    };
    for (int i = 0; i < DERIVED_FIGURES; i++)
        cr_assert(fabs(figure(figures, expected[i].name) - expected[i].value) < 1e-12, "%s: %g",
                  expected[i].name, figure(figures, expected[i].name));
    cr_assert(json_object_size(missing) == 0 && json_object_size(figures) == DERIVED_FIGURES);
    json_decref(counters);
    json_decref(figures);
    json_decref(missing);
}

Test(derived, what_lacks_an_input_is_null_with_its_reason)
{
    json_t *counters = json_pack("{s:n, s:i, s:i, s:n}", "PAPI_TOT_CYC", "PAPI_TOT_INS", 1500,
                                 "PAPI_L3_TCM", 100, "PAPI_L1_DCM");
    json_t *reasons = json_pack("{s:s}", "PAPI_TOT_CYC", "no PMU");
    const struct derived_work unknown_line = {.flops = 4000, .tokens = 20};
    json_t *missing, *figures = derived_json(counters, reasons, &unknown_line, &missing);
    expect_null(figures, missing, "ipc", "PAPI_TOT_CYC: no PMU");
    expect_null(figures, missing, "flop_per_cycle", "PAPI_TOT_CYC: no PMU");
    expect_null(figures, missing, "bytes_per_flop", "cache line");
    expect_null(figures, missing, "l1_misses_per_token", "no reason given");
    expect_null(figures, missing, "l2_misses_per_token", "not asked for");
    cr_assert(fabs(figure(figures, "l3_misses_per_token") - 5) < 1e-12);
    json_decref(counters);
    json_decref(reasons);
    json_decref(figures);
    json_decref(missing);
}

/* Cycles that read 0 make no speed of infinity. */
Test(derived, nothing_is_divided_by_zero)
{
    json_t *counters = json_pack("{s:i, s:i}", "PAPI_TOT_CYC", 0, "PAPI_TOT_INS", 0);
    json_t *missing, *figures = derived_json(counters, NULL, &work, &missing);
    expect_null(figures, missing, "ipc", "PAPI_TOT_CYC: 0");
    expect_null(figures, missing, "flop_per_cycle", "PAPI_TOT_CYC: 0");
    json_decref(counters);
    json_decref(figures);
    json_decref(missing);
}
