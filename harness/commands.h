/* SPDX-License-Identifier: MIT
 *
 * What the program can be asked to do. */
#ifndef MLABENCH_COMMANDS_H
#define MLABENCH_COMMANDS_H

#include "harness/error.h"
#include "harness/options.h"
#include "harness/paths.h"

struct command {
    const char *name;
    enum command_bit bit;
    const char *arguments; /* beside the options, for the usage line */
    const char *summary;
    /* count and arguments are those of the whole command line, for the record. */
    int (*run)(const struct options *options, const struct paths *paths, int count,
               char **arguments, struct mla_error *error);
};

int command_list(const struct options *options, const struct paths *paths, int count,
                 char **arguments, struct mla_error *error);
int command_run(const struct options *options, const struct paths *paths, int count,
                char **arguments, struct mla_error *error);
int command_verify(const struct options *options, const struct paths *paths, int count,
                   char **arguments, struct mla_error *error);
int command_roofline(const struct options *options, const struct paths *paths, int count,
                     char **arguments, struct mla_error *error);
int command_memory(const struct options *options, const struct paths *paths, int count,
                   char **arguments, struct mla_error *error);
int command_dump(const struct options *options, const struct paths *paths, int count,
                 char **arguments, struct mla_error *error);
int command_claims(const struct options *options, const struct paths *paths, int count,
                   char **arguments, struct mla_error *error);
int command_judge(const struct options *options, const struct paths *paths, int count,
                  char **arguments, struct mla_error *error);
int command_gate(const struct options *options, const struct paths *paths, int count,
                 char **arguments, struct mla_error *error);
int command_compare(const struct options *options, const struct paths *paths, int count,
                    char **arguments, struct mla_error *error);
int command_report(const struct options *options, const struct paths *paths, int count,
                   char **arguments, struct mla_error *error);

#endif
