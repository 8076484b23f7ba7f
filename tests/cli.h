/* SPDX-License-Identifier: MIT
 *
 * The program as its users run it: the mlabench beside this test program, with a temporary folder
 * for each test. */
#ifndef MLABENCH_TESTS_CLI_H
#define MLABENCH_TESTS_CLI_H

#include <criterion/criterion.h>
#include <jansson.h>
#include <string.h>

extern char output[1 << 18]; /* stdout and stderr of the last command */
extern char folder[64];      /* the temporary one of the present test */

/* What a suite begins and ends each of its tests with. */
void make_temporary(void);
void remove_temporary(void);

/* The path of the mlabench to be tested. Static. */
const char *program(void);

/* Runs it with `arguments` as a shell reads them, each @ in them being the temporary folder and
 * each # the program's own. Returns the exit code. */
int mlabench(const char *arguments);

/* A file in the temporary folder: a JSON one read (a new reference), any one written. */
json_t *load(const char *name);
void write_file(const char *name, const char *text);

#define EXPECT(code, arguments, ...)                                                       \
    do {                                                                                   \
        int got = mlabench(arguments);                                                     \
        const char *const wanted[] = {__VA_ARGS__};                                        \
        cr_assert(got == (code), "'%s' exits with %d:\n%s", arguments, got, output);       \
        for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++)                      \
            cr_assert(strstr(output, wanted[i]), "'%s' does not say '%s':\n%s", arguments, \
                      wanted[i], output);                                                  \
    } while (0)

#endif
