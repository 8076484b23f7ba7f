/* SPDX-License-Identifier: MIT */
#include "harness/build_info.h"
#include "harness/commands.h"

#include <stdio.h>
#include <string.h>

static const struct command commands[] = {
    {"run", COMMAND_RUN, "", "verify kernels, time those that pass, write results and a report",
     command_run},
    {"verify", COMMAND_VERIFY, "", "check kernels against the double-precision reference",
     command_verify},
    {"judge", COMMAND_JUDGE, "", "what other projects' acceptance tests would have said of kernels",
     command_judge},
    {"gate", COMMAND_GATE, "", "whether one build's kernels are slower than another's",
     command_gate},
    {"compare", COMMAND_COMPARE, "BEFORE.json AFTER.json",
     "what became slower, larger or less exact between two stored runs", command_compare},
    {"list", COMMAND_LIST, "[kernels|models|suites|inputs|certificate|counters]",
     "what there is to run, and which counters this machine has", command_list},
    {"memory", COMMAND_MEMORY, "[RESULT.json...]",
     "KV-cache bytes by model, cache and format, and attention times that were measured",
     command_memory},
    {"roofline", COMMAND_ROOFLINE, "",
     "this machine's FMA peak and the bandwidth of its memory, by level", command_roofline},
    {"dump", COMMAND_DUMP, "",
     "small models with what they compute, for other implementations to be held to", command_dump},
    {"claims", COMMAND_CLAIMS, "[RESULT.json]",
     "what is true of the article's claims, by what is measured or was stored", command_claims},
    {"report", COMMAND_REPORT, "RESULT.json...",
     "plots and report of a run, its result.json in one piece or in shards, or of several",
     command_report},
};
enum { COMMANDS = sizeof commands / sizeof commands[0] };

static void print_help(void)
{
    printf("mlabench %s: benchmark and verify kernels of Multi-head Latent Attention\n\n"
           "Usage: mlabench COMMAND [OPTIONS], mlabench COMMAND --help\n\n",
           build_version);
    for (int i = 0; i < COMMANDS; i++)
        printf("  %-8s %s\n", commands[i].name, commands[i].summary);
    puts("\nExit codes: 0 fine; 1 a kernel failed verification; 2 bad usage or input; 3 a "
         "regression;\n4 the machine could not do it (memory, disk); 130 interrupted.");
}

static void print_command_help(const struct command *command)
{
    printf("Usage: mlabench %s [OPTIONS] %s\n%s.\n", command->name, command->arguments,
           command->summary);
    options_print(command->bit);
}

static int run_command(const struct command *command, int count, char **arguments,
                       struct mla_error *error)
{
    struct options options;
    struct paths paths;
    int code = options_read(command->bit, count - 1, arguments + 1, &options, error);
    if (code)
        return code;
    if (options.help) {
        print_command_help(command);
        return 0;
    }
    code = paths_find(&paths, error);
    if (code)
        return code;
    code = command->run(&options, &paths, count, arguments, error);
    if ((fflush(stdout) || ferror(stdout)) && !code)
        code = mla_fail(error, MLA_MACHINE, "cannot write to the standard output");
    return code;
}

/* OpenBLAS's own threads stay out of the way of every kernel's team, from the start: setting their
 * number at each call would take time. Absent with another BLAS. */
extern void openblas_set_num_threads(int threads) __attribute__((weak));

int main(int count, char **arguments)
{
    if (openblas_set_num_threads)
        openblas_set_num_threads(1);
    struct mla_error error = {{0}};
    const char *name = count > 1 ? arguments[1] : "--help";
    if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0 || strcmp(name, "help") == 0) {
        print_help();
        return count > 1 ? 0 : -MLA_BAD_INPUT;
    }
    if (strcmp(name, "--version") == 0) {
        printf("mlabench %s (%s)\n", build_version, build_commit);
        return 0;
    }
    for (int i = 0; i < COMMANDS; i++) {
        if (strcmp(name, commands[i].name) != 0)
            continue;
        int code = run_command(&commands[i], count, arguments, &error);
        if (error.message[0])
            fprintf(stderr, "mlabench: %s\n", error.message);
        return -code;
    }
    fprintf(stderr, "mlabench: there is no command '%s': see mlabench --help\n", name);
    return -MLA_BAD_INPUT;
}
