/* SPDX-License-Identifier: MIT
 *
 * Studies: what is measured beside the timing of kernels, for a verdict on a claim. Each is one
 * file and one line in studies.c; what it found becomes result.json's
 * context.mlabench.studies.NAME, which tables, plots (plot_study.c, with
 * scripts/plots/study_NAME.gp) and verdicts read. */
#ifndef MLABENCH_STUDY_H
#define MLABENCH_STUDY_H

#include "harness/error.h"
#include "harness/paths.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

struct study_settings {
    const struct paths *paths; /* where the models' configs are */
    uint64_t seed;
    int32_t threads;
    bool quick; /* small sizes, a second or two: for tests and CI */
};

/* What a study found, and what tables and plots are made of:
 *   about    a sentence: what was done, on what
 *   columns  [{name, unit, what}]
 *   rows     [[a value per column: number, text, or null where it could not be had]]
 *   figures  {NAME: number}, single figures that a verdict rests on
 *   notes    [sentence], what a reader must know, e.g. what was left out and why
 *   quick    whether it is of small sizes alone; study_run sets it
 *   plot     {panel, series, x_label, caption}: the columns, or "", that a row's panel and series
 *            are named in; absent where there is nothing to draw */
struct study {
    const char *name;  /* as in result.json: lower case, digits, '_' */
    const char *title; /* of the table and the plot */
    /* Runs in a child process, where it may open teams. Fills in the object above. Returns 0,
     * MLA_BAD_INPUT or MLA_MACHINE. */
    int (*run)(const struct study_settings *settings, json_t *found, struct mla_error *error);
};

/* For a study to fill in its object. All texts are copied. */
void study_about(json_t *found, const char *about);
void study_column(json_t *found, const char *name, const char *unit, const char *what);
/* The row is stolen: a value per column, e.g. json_pack("[s, i, f]", ...). */
void study_row(json_t *found, json_t *row);
/* `panel` and `series`: names of columns of text, or "" for one panel or one series. */
void study_plot(json_t *found, const char *panel, const char *series, const char *x_label,
                const char *caption);
void study_figure(json_t *found, const char *name, double value);
__attribute__((format(printf, 2, 3))) void study_note(json_t *found, const char *format, ...);

/* Whether a name may become part of a file's: a stored result is anybody's. */
bool study_name_is_plain(const char *name);

/* All studies, in the order that they are run and shown in; ends with NULL. */
extern const struct study *const studies[];

/* Runs one in a child process and stores what it found under its name in `into` (result.json's
 * context.mlabench.studies). Returns what the study returned, MLA_FAILED with its reason where it
 * crashed, or MLA_INTERRUPTED. */
int study_run(const struct study *study, const struct study_settings *settings, json_t *into,
              struct mla_error *error);

#endif
