/* SPDX-License-Identifier: MIT
 *
 * Running a study in a test, in quick mode, and reading what it found. */
#ifndef MLABENCH_TESTS_STUDIES_H
#define MLABENCH_TESTS_STUDIES_H

#include <jansson.h>

/* What the study of that name found; a new reference. */
json_t *study_found(const char *name);

/* That it has all of its texts, `rows` rows with a value per column, and notes; that it names a
 * plot's panels and series among its columns. */
void study_is_whole(const json_t *found, size_t rows);

double row_number(const json_t *row, size_t column);
double found_figure(const json_t *found, const char *name);

#endif
