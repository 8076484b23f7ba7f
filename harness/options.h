/* SPDX-License-Identifier: MIT
 *
 * The command line. */
#ifndef MLABENCH_OPTIONS_H
#define MLABENCH_OPTIONS_H

#include "harness/error.h"
#include "harness/suite.h"

#include <stdbool.h>
#include <stdint.h>

/* Which commands take an option. */
enum command_bit {
    COMMAND_LIST = 1 << 0,
    COMMAND_RUN = 1 << 1,
    COMMAND_VERIFY = 1 << 2,
    COMMAND_MEMORY = 1 << 3,
    COMMAND_REPORT = 1 << 4,
    COMMAND_JUDGE = 1 << 5,
    COMMAND_GATE = 1 << 6,
    COMMAND_COMPARE = 1 << 7,
    COMMAND_ROOFLINE = 1 << 8,
    COMMAND_DUMP = 1 << 9,
    COMMAND_CLAIMS = 1 << 10,
};

#define MAX_PLUGINS 256

struct options {
    const char *suite; /* NULL if not given */
    const char *shard; /* "i/n", NULL if not given */
    const char *out;
    struct case_options by_hand;
    bool case_given; /* any of by_hand but kernels */
    const char *counters;
    const char *isa; /* NULL: all that the CPU has */
    const char *plugins[MAX_PLUGINS];
    int plugin_count;
    uint64_t seed;
    bool seed_given;
    int32_t random_cases;                            /* 0: none */
    int64_t tokens, page_tokens;                     /* 0: not given */
    const char *checkpoint, *layer, *input, *expect; /* NULL if not given */
    double expect_limit;                             /* 0: not given */
    const char *record;
    const char *junit, *save_failure, *replay; /* NULL if not given */
    int32_t repetitions;                       /* 0: the suite's */
    const char *base, *head;                   /* libraries of the gate, NULL if not given */
    double limit_pct;                          /* 0: not given */
    double minutes;                            /* 0: not given */
    const char *instructions;                  /* NULL if not given */
    bool cold, json, quiet, fail_fast, no_report, full, quick, help;
    char *const *files; /* what follows the options */
    int file_count;
};

/* Reads the options that `command` takes; arguments[0] is the command's name. */
int options_read(enum command_bit command, int count, char **arguments, struct options *options,
                 struct mla_error *error);

/* The option list of one command, for --help. */
void options_print(enum command_bit command);

#endif
