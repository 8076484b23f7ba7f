/* SPDX-License-Identifier: MIT
 *
 * The files of a configs folder, by name: FOLDER/KIND/NAME.json, the kind being "models" or
 * "suites". */
#ifndef MLABENCH_CONFIG_FILES_H
#define MLABENCH_CONFIG_FILES_H

#include "harness/error.h"

#include <stdbool.h>

#define CONFIG_PATH_MAX 1024
#define CONFIG_NAME_MAX 56 /* with its terminator: what leaves room for a baseline's suffix */

/* The sorted names of a kind. *names is malloc'ed, as is each of its *count strings. */
int config_names(const char *folder, const char *kind, char ***names, int *count,
                 struct mla_error *error);
void config_names_free(char **names, int count);

/* Whether a name is a path of its own: it holds a '/' or ends in .json. */
bool config_is_path(const char *name);

/* Where a name's file is, or would be: the name itself if it is a path. */
int config_path(const char *folder, const char *kind, const char *name, char path[CONFIG_PATH_MAX],
                struct mla_error *error);

/* Whether there is something at that path. */
bool config_exists(const char *path);

/* A path's own name: the file's without .json, or its folder's if the file is config.json, as in a
 * downloaded model. Whatever a result's name could not hold becomes '-'. */
int config_name_of(const char *path, char name[CONFIG_NAME_MAX], struct mla_error *error);

/* Refuses an unknown name of a kind, with the nearest known one or all of them. `where`: what names
 * it, e.g. "FILE: cases[0].models[1]", or "". Returns the code. */
int config_refuse_name(const char *folder, const char *kind, const char *where, const char *name,
                       struct mla_error *error);

#endif
