/* SPDX-License-Identifier: MIT */
#include "harness/plot_layout.h"

#include <stddef.h>

static const struct plot_flat_column stages[] = {
    {"absorb, %", 2, SHOWN_NUMBER, 0, false},
    {"core, %", 3, SHOWN_NUMBER, 2, false},
    {"value-up, %", 4, SHOWN_NUMBER, 3, false},
    {"store, %", 5, SHOWN_NUMBER, 4, false},
    {"other, %", 6, SHOWN_NUMBER, 5, false},
    {"step", 7, SHOWN_TEXT, 0, false},
    {NULL, 0, 0, 0, false},
};

static const struct plot_flat_column roofline[] = {
    {"caches", 4, SHOWN_STATE, 0, false},          {"FLOP/byte", 0, SHOWN_NUMBER, 0, false},
    {"GFLOP/s", 1, SHOWN_NUMBER, 0, false},        {"lower quartile", 2, SHOWN_NUMBER, 0, false},
    {"upper quartile", 3, SHOWN_NUMBER, 0, false}, {NULL, 0, 0, 0, false},
};

static const struct plot_flat_column trade[] = {
    {"cache", 4, SHOWN_FORMAT, 0, false},         {"time, µs", 1, SHOWN_MICROSECONDS, 0, false},
    {"bytes per token", 0, SHOWN_BYTES, 0, true}, {"relative error", 0, SHOWN_NUMBER, 0, false},
    {"of format", 6, SHOWN_NUMBER, 0, false},     {"of arithmetic", 7, SHOWN_NUMBER, 0, false},
    {"beaten", 5, SHOWN_YES, 0, false},           {NULL, 0, 0, 0, false},
};

#define TIMES                                                                          \
    .heading = PANEL, .row = SERIES, .value = 1, .second = NONE, .across = 0,          \
    .across_shown = SHOWN_TOKENS, .value_shown = SHOWN_MICROSECONDS, .across_most = 9, \
    .note = "Medians; the .csv beside this table has quartiles, extremes and all columns."
#define SHARES                                                                                   \
    .heading = PANEL, .row = 1, .row_head = "% of the FMA peak", .across = SERIES,               \
    .across_shown = SHOWN_TEXT, .value = 2, .second = 5, .value_shown = SHOWN_NUMBER,            \
    .across_most = 8,                                                                            \
    .note = "Medians of the whole step, in parentheses of the core alone; the .csv beside this " \
            "table has quartiles."

const struct plot_layout plot_layouts[PLOT_KINDS] = {
    [PLOT_LATENCY] = {TIMES, .row_head = "µs per new token, context:"},
    [PLOT_CROSSOVER] = {TIMES, .row_head = "µs per new token, new tokens:"},
    [PLOT_KV_CACHE] = {.heading = PANEL,
                       .row = SERIES,
                       .row_head = "allocated, tokens cached:",
                       .across = 0,
                       .across_shown = SHOWN_TOKENS,
                       .value = 2,
                       .second = NONE,
                       .value_shown = SHOWN_BYTES,
                       .across_most = 7,
                       .note = "Of kernels that lay a cache out differently the largest; the .csv "
                               "beside this table has all, predicted and touched bytes too."},
    [PLOT_ERROR] = {.heading = NONE,
                    .row = 1,
                    .row_head = "error / limit",
                    .across = SERIES,
                    .across_shown = SHOWN_TEXT,
                    .value = 2,
                    .second = 3,
                    .value_shown = SHOWN_NUMBER,
                    .across_most = 5,
                    .from_block = 2,
                    .note =
                        "Of o, in parentheses of the log-sum-exp; the .csv beside this table has "
                        "every case."},
    [PLOT_STAGES] = {.heading = PANEL,
                     .row = 1,
                     .row_head = "kernel",
                     .across = NONE,
                     .flat = stages,
                     .note = "An asterisk: announces no stages."},
    [PLOT_PEAK] = {SHARES},
    [PLOT_MACHINES] = {SHARES},
    [PLOT_ROOFLINE] = {.heading = PANEL,
                       .row = SERIES,
                       .row_head = "kernel",
                       .across = NONE,
                       .flat = roofline,
                       .without = "roofs"},
    [PLOT_TRADE] = {.heading = NONE,
                    .row = SERIES,
                    .row_head = "kernel",
                    .across = NONE,
                    .flat = trade,
                    .first_panel = true,
                    .note = "Time per new token and layer, medians. Beaten: some other is better "
                            "in time, error and bytes."},
    [PLOT_FORMATS] = {.heading = PANEL,
                      .row = SERIES,
                      .row_head = "context:",
                      .across = 0,
                      .across_shown = SHOWN_TOKENS,
                      .value = 1,
                      .second = 3,
                      .value_shown = SHOWN_NUMBER,
                      .across_most = 4,
                      .note = "What the format costs, in parentheses the largest error of "
                              "arithmetic; the .csv beside this table has all contexts."},
    [PLOT_COUNTERS] = {.heading = NONE,
                       .row = 1,
                       .row_head = "kernel",
                       .across = PANEL,
                       .across_shown = SHOWN_TEXT,
                       .value = 2,
                       .second = NONE,
                       .value_shown = SHOWN_NUMBER,
                       .across_most = 9,
                       .note = "Medians; the .csv beside this table has quartiles."},
};
