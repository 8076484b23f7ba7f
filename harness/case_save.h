/* SPDX-License-Identifier: MIT
 *
 * Failures kept in a folder, each in one of its own that --replay takes: case.json, the inputs and
 * what was expected (inputs_file.h). Of a layer, whose inputs come from the seed, case.json alone.
 * Nothing that goes wrong here stops a run: it is told at the end. */
#ifndef MLABENCH_CASE_SAVE_H
#define MLABENCH_CASE_SAVE_H

#include "harness/error.h"
#include "harness/suite.h"
#include "harness/tally.h"

#define SAVES_MAX        20
#define SAVE_NAME_LENGTH 208

struct case_run;
struct contender;

struct saver {
    const char *folder;
    char names[SAVES_MAX][SAVE_NAME_LENGTH]; /* [count] folders in it */
    int count;
    int left_out;         /* beyond SAVES_MAX */
    int lost;             /* that could not be written */
    struct mla_error why; /* the first of these */
    const struct bench_case
        *last_case; /* the last one that came, and its kernel in the catalogue */
    int last_kernel;
};

/* Makes the folder, and refuses one into which nothing can be written. `folder` is borrowed.
 * Returns 0, MLA_BAD_INPUT or MLA_MACHINE. */
int saver_open(struct saver *saver, const char *folder, struct mla_error *error);

/* Saves a failure, unless the same kernel has just failed another check of the same case. Returns
 * the name of its folder, valid as long as the saver, or NULL if it was not saved. */
const char *saver_take(struct saver *saver, const struct case_run *cr,
                       const struct contender *contender, const struct failure *failure);

/* Says on stderr how many were left out; MLA_MACHINE if any could not be written. */
int saver_close(const struct saver *saver, struct mla_error *error);

#endif
