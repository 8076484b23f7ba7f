/* SPDX-License-Identifier: MIT */
#include "harness/options.h"

#include "harness/units.h"

#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum kind {
    TEXT,
    CASE_TEXT,
    CASE_FLAG,
    FLAG,
    SEED,
    REPETITIONS,
    CASES,
    TOKENS,
    LAYER,
    FRACTION,
    PERCENT,
    MINUTES,
    PLUGIN
};

enum {
    RUNS = COMMAND_RUN | COMMAND_VERIFY,
    ALL = COMMAND_LIST | RUNS | COMMAND_MEMORY | COMMAND_REPORT | COMMAND_JUDGE | COMMAND_GATE |
          COMMAND_COMPARE | COMMAND_ROOFLINE | COMMAND_DUMP | COMMAND_CLAIMS,
};

/* What is named after the options. */
enum {
    TAKES_FILES = COMMAND_LIST | COMMAND_MEMORY | COMMAND_REPORT | COMMAND_COMPARE | COMMAND_CLAIMS
};

enum { MOST_TOKENS = 100000000 };

struct row {
    const char *name;
    char letter; /* 0: none */
    enum kind kind;
    const char *argument; /* NULL: takes none */
    unsigned commands;
    size_t offset; /* in struct options */
    const char *help;
};

#define AT(member) offsetof(struct options, member)

static const struct row rows[] = {
    {"base", 0, TEXT, "FILE.so", COMMAND_GATE, AT(base), "the kernels as they were before"},
    {"head", 0, TEXT, "FILE.so", COMMAND_GATE, AT(head), "the kernels as they are now"},
    {"limit", 0, PERCENT, "PERCENT", COMMAND_GATE, AT(limit_pct),
     "a change of times that matters; half of it alarms if it is sure (3)"},
    {"limit", 0, PERCENT, "PERCENT", COMMAND_COMPARE, AT(limit_pct),
     "a change of times that counts (10: runs of the same code have been seen 38 % apart)"},
    {"minutes", 0, MINUTES, "N", COMMAND_GATE, AT(minutes),
     "after that no comparison is timed again, and what is in doubt stays unresolved (10)"},
    {"suite", 0, TEXT, "NAME|FILE", RUNS | COMMAND_GATE, AT(suite),
     "what to run: configs/suites/NAME.json, or a file (run: default, verify: verify, gate: "
     "quick)"},
    {"shard", 0, TEXT, "i/n", RUNS, AT(shard),
     "the i-th of n parts of the suite, for machines that share it; report joins results"},
    {"out", 0, TEXT, "DIR", COMMAND_DUMP, AT(out), "where a folder for each model goes"},
    {"out", 0, TEXT, "DIR", COMMAND_RUN | COMMAND_REPORT | COMMAND_ROOFLINE | COMMAND_CLAIMS,
     AT(out),
     "where result.json and the report go (run, claims: results/DATE-SUITE; report: beside its "
     "file); "
     "roofline: where roofline.json goes"},
    {"kernel", 0, TEXT, "GLOB,...", RUNS | COMMAND_JUDGE | COMMAND_GATE, AT(by_hand.kernels),
     "only kernels that match"},
    {"model", 0, CASE_TEXT, "NAME,...|FILE|all", RUNS | COMMAND_MEMORY, AT(by_hand.models),
     "a case by hand: its models; -mha, -gqa8 or -mqa after a name is that baseline"},
    {"model", 0, TEXT, "NAME,...|FILE|all", COMMAND_DUMP, AT(by_hand.models),
     "the models; a FILE is a config.json"},
    {"instructions", 0, TEXT, "FILE", COMMAND_CLAIMS, AT(instructions),
     "instructions that scripts/instructions.py --study counted, as part of the evidence"},
    {"quick", 0, FLAG, NULL, COMMAND_CLAIMS, AT(quick),
     "the quick suite and small studies, a minute or two: to try it out"},
    {"full", 0, FLAG, NULL, COMMAND_DUMP, AT(full),
     "all of a layer's dimensions as they are, weights in fp32"},
    {"cached", 0, CASE_TEXT, "N,...", RUNS, AT(by_hand.cached),
     "tokens cached before, e.g. 512,4k (4096)"},
    {"cached", 0, TOKENS, "N", COMMAND_MEMORY, AT(tokens),
     "length of the sequences whose padding is stated (10000)"},
    {"page-size", 0, TOKENS, "N", COMMAND_MEMORY, AT(page_tokens),
     "slots per page that it is stated for (64)"},
    {"new", 0, CASE_TEXT, "N,...", RUNS, AT(by_hand.new_tokens), "new tokens per sequence (1)"},
    {"batch", 0, CASE_TEXT, "N,...", RUNS, AT(by_hand.batch), "sequences (1)"},
    {"threads", 0, CASE_TEXT, "N,...|all", RUNS | COMMAND_JUDGE | COMMAND_ROOFLINE,
     AT(by_hand.threads), "threads (1; judge: one number, 2; roofline: 1,all)"},
    {"format", 0, CASE_TEXT, "F,...", RUNS | COMMAND_MEMORY, AT(by_hand.formats),
     "cache formats (fp32; memory: all)"},
    {"ragged", 0, CASE_FLAG, NULL, RUNS, AT(by_hand.ragged),
     "sequences of 0 to --cached tokens instead of equal ones"},
    {"checkpoint", 0, CASE_TEXT, "DIR", RUNS, AT(checkpoint),
     "weights of a model as downloaded: config.json and safetensors; with --layer N"},
    {"layer", 0, LAYER, "[N]", RUNS, AT(layer),
     "verify the whole layer around the kernel; N: which one of a checkpoint (LongCat: N.0, N.1)"},
    {"input", 0, CASE_TEXT, "FILE", RUNS, AT(input),
     "hidden states for it, [tokens, hidden_size]: FILE.npy, FILE.safetensors[:TENSOR]"},
    {"expect", 0, CASE_TEXT, "FILE", RUNS, AT(expect),
     "the layer's outputs as somebody else has them, to compare with"},
    {"expect-limit", 0, FRACTION, "R", RUNS, AT(expect_limit),
     "RMS error over RMS that they may differ by (fp32 and fp64 1e-3, 16 bits 0.02)"},
    {"certificate", 0, CASE_FLAG, NULL, COMMAND_VERIFY, AT(by_hand.certificate),
     "check which invariances the kernel keeps"},
    {"page-size", 0, CASE_TEXT, "N,...", RUNS, AT(by_hand.page_sizes),
     "slots per page of a paged cache; 0: contiguous (0)"},
    {"shared-prefix", 0, CASE_TEXT, "N,...", RUNS, AT(by_hand.shared_prefix),
     "tokens that all sequences of a paged batch begin with, on the same pages (0)"},
    {"split", 0, CASE_TEXT, "N,...", RUNS, AT(by_hand.split),
     "parts that each sequence's keys are split in, as over workers, and merged; 0: none (0)"},
    {"top-k", 0, CASE_TEXT, "N,...", RUNS, AT(by_hand.top_k),
     "sparse attention over so many listed positions; 0: dense (0)"},
    {"sinks", 0, CASE_FLAG, NULL, RUNS, AT(by_hand.sinks), "an attention sink per head"},
    {"inputs", 0, CASE_TEXT, "KIND,...|all", RUNS, AT(by_hand.inputs),
     "special inputs, see mlabench list inputs (random)"},
    {"random", 0, CASES, "N", COMMAND_VERIFY, AT(random_cases),
     "N cases of random shapes and inputs instead of a suite, of seeds --seed and up"},
    {"record", 0, TEXT, "FILE", COMMAND_VERIFY, AT(record),
     "keep the largest error of each kernel that passes in a JSON file"},
    {"replay", 0, TEXT, "DIR/NAME", COMMAND_VERIFY, AT(replay),
     "a failure that --save-failure kept, again with its very inputs, instead of a suite"},
    {"save-failure", 0, TEXT, "DIR", COMMAND_VERIFY, AT(save_failure),
     "keep each failure for --replay, inputs and expected outputs as .npy"},
    {"junit", 0, TEXT, "FILE", COMMAND_VERIFY | COMMAND_GATE | COMMAND_COMPARE, AT(junit),
     "write every outcome as JUnit XML"},
    {"repetitions", 0, REPETITIONS, "N", COMMAND_RUN, AT(repetitions), "rounds, 10 or more (10)"},
    {"cold", 0, FLAG, NULL, COMMAND_RUN, AT(cold),
     "time every case also with what it works on out of all caches"},
    {"counters", 0, TEXT, "NAME,...|none", COMMAND_LIST | COMMAND_RUN, AT(counters),
     "hardware and software events to count, by PAPI's names; see mlabench list counters"},
    {"isa", 0, TEXT, "NAME", RUNS | COMMAND_GATE | COMMAND_ROOFLINE, AT(isa),
     "as if the CPU had no more than this instruction set: scalar, avx2, avx512, avx512vnni"},
    {"plugin", 0, PLUGIN, "FILE.so", COMMAND_LIST | RUNS | COMMAND_JUDGE, AT(plugins),
     "add the kernels of a shared object; may be repeated"},
    {"seed", 0, SEED, "N", RUNS | COMMAND_JUDGE | COMMAND_GATE | COMMAND_DUMP | COMMAND_CLAIMS,
     AT(seed), "of all random numbers (1)"},
    {"no-report", 0, FLAG, NULL, COMMAND_RUN | COMMAND_CLAIMS, AT(no_report),
     "write result.json only"},
    {"json", 0, FLAG, NULL,
     COMMAND_LIST | COMMAND_VERIFY | COMMAND_MEMORY | COMMAND_JUDGE | COMMAND_GATE |
         COMMAND_COMPARE | COMMAND_ROOFLINE | COMMAND_CLAIMS,
     AT(json), "print JSON instead of text"},
    {"fail-fast", 0, FLAG, NULL, COMMAND_VERIFY, AT(fail_fast), "stop at the first failure"},
    {"quiet", 'q', FLAG, NULL,
     RUNS | COMMAND_JUDGE | COMMAND_GATE | COMMAND_ROOFLINE | COMMAND_DUMP | COMMAND_CLAIMS,
     AT(quiet), "no progress"},
    {"help", 'h', FLAG, NULL, ALL, AT(help), "this text"},
};
enum { ROWS = sizeof rows / sizeof rows[0] };

static int read_number(const struct row *row, const char *text, uint64_t least, uint64_t most,
                       uint64_t *value, struct mla_error *error)
{
    char *end;
    errno = 0;
    unsigned long long number = strtoull(text, &end, 10);
    if (errno || end == text || *end || text[0] == '-' || number < least || number > most)
        return mla_fail(error, MLA_BAD_INPUT, "--%s is '%s': a number from %llu to %llu is needed",
                        row->name, text, (unsigned long long)least, (unsigned long long)most);
    *value = number;
    return 0;
}

static int read_real(const struct row *row, const char *text, const char *unit, double least,
                     double most, double *value, struct mla_error *error)
{
    char *end;
    double number = strtod(text, &end);
    if (end == text || *end || !(number >= least && number <= most))
        return mla_fail(error, MLA_BAD_INPUT,
                        "--%s is '%s': a number of %s from %g to %g is needed", row->name, text,
                        unit, least, most);
    *value = number;
    return 0;
}

static int take(const struct row *row, const char *text, struct options *options,
                struct mla_error *error)
{
    void *member = (char *)options + row->offset;
    uint64_t number = 0;
    int code = 0;
    switch (row->kind) {
    case CASE_TEXT:
        options->case_given = true; /* fall through */
    case TEXT:
        *(const char **)member = text;
        break;
    case CASE_FLAG:
        options->case_given = true; /* fall through */
    case FLAG:
        *(bool *)member = true;
        break;
    case SEED:
        code = read_number(row, text, 0, UINT64_MAX, &number, error);
        options->seed = number;
        options->seed_given = true;
        break;
    case REPETITIONS:
        code = read_number(row, text, 10, 100000, &number, error);
        options->repetitions = (int32_t)number;
        break;
    case CASES:
        code = read_number(row, text, 1, 10000000, &number, error);
        options->random_cases = (int32_t)number;
        break;
    case TOKENS:
        if (!parse_tokens(text, member) || *(int64_t *)member < 1 ||
            *(int64_t *)member > MOST_TOKENS)
            return mla_fail(error, MLA_BAD_INPUT,
                            "--%s is '%s': a number from 1 to %d is needed, also as 4k", row->name,
                            text, MOST_TOKENS);
        break;
    case LAYER:
        options->case_given = options->by_hand.layer = true;
        break;
    case FRACTION:
        code = read_real(row, text, "RMS", 1e-15, 10, member, error);
        break;
    case PERCENT:
        code = read_real(row, text, "percent", 0.1, 100, member, error);
        break;
    case MINUTES:
        code = read_real(row, text, "minutes", 0.001, 1440, member, error);
        break;
    case PLUGIN:
        if (options->plugin_count == MAX_PLUGINS)
            return mla_fail(error, MLA_BAD_INPUT, "--plugin: at most %d", MAX_PLUGINS);
        options->plugins[options->plugin_count++] = text;
        break;
    }
    return code;
}

static int describe_refusal(const char *command, int found, char *const *arguments,
                            struct mla_error *error)
{
    const char *argument = arguments[optind - 1];
    if (found == ':')
        return mla_fail(error, MLA_BAD_INPUT, "%s needs a value: see mlabench %s --help", argument,
                        command);
    return mla_fail(error, MLA_BAD_INPUT, "mlabench %s knows no option %s: see mlabench %s --help",
                    command, argument, command);
}

static int check_checkpoint(const struct options *options, struct mla_error *error)
{
    const struct case_options *c = &options->by_hand;
    if (!options->checkpoint && (options->layer || options->input || options->expect))
        return mla_fail(error, MLA_BAD_INPUT, "%s needs --checkpoint DIR",
                        options->layer   ? "--layer with a number"
                        : options->input ? "--input"
                                         : "--expect");
    if ((options->expect && !options->input) || (options->expect_limit > 0 && !options->expect))
        return mla_fail(error, MLA_BAD_INPUT, "%s",
                        options->expect ? "--expect needs --input FILE: outputs are those of "
                                          "certain hidden states"
                                        : "--expect-limit needs --expect FILE");
    if (options->checkpoint && !options->layer)
        return mla_fail(error, MLA_BAD_INPUT, "--checkpoint needs --layer N, e.g. --layer 3");
    if (options->checkpoint && (c->models || c->inputs || c->shared_prefix || c->certificate))
        return mla_fail(error, MLA_BAD_INPUT,
                        "--checkpoint and --model, --inputs, --shared-prefix or --certificate "
                        "exclude each other");
    return 0;
}

int options_read(enum command_bit command, int count, char **arguments, struct options *options,
                 struct mla_error *error)
{
    struct option table[ROWS + 1] = {{0}};
    const struct row *known[ROWS];
    char letters[2 * ROWS + 2] = ":";
    int entries = 0;
    for (int i = 0; i < ROWS; i++) {
        if (!(rows[i].commands & (unsigned)command))
            continue;
        table[entries] = (struct option){rows[i].name,
                                         rows[i].kind == LAYER ? optional_argument
                                         : rows[i].argument    ? required_argument
                                                               : no_argument,
                                         NULL, 256 + entries};
        known[entries++] = &rows[i];
        if (rows[i].letter)
            letters[strlen(letters)] = rows[i].letter;
    }
    *options = (struct options){.seed = 1};
    optind = 1;
    opterr = 0;
    int found;
    while ((found = getopt_long(count, arguments, letters, table, NULL)) != -1) {
        const struct row *row = NULL;
        for (int i = 0; i < entries; i++)
            if (found == 256 + i || (known[i]->letter && found == known[i]->letter))
                row = known[i];
        if (!row)
            return describe_refusal(arguments[0], found, arguments, error);
        int code = take(row, optarg, options, error);
        if (code)
            return code;
        /* A number after --layer is its own; without one it is about seeded weights. */
        if (row->kind == LAYER && optarg)
            options->layer = optarg;
        else if (row->kind == LAYER && optind < count && isdigit((unsigned char)*arguments[optind]))
            options->layer = arguments[optind++];
    }
    options->files = arguments + optind;
    options->file_count = count - optind;
    int code = check_checkpoint(options, error);
    if (code)
        return code;
    if (options->suite && options->case_given)
        return mla_fail(error, MLA_BAD_INPUT,
                        "--suite and a case by hand (--model, --cached, ...) exclude each other");
    if (options->random_cases && (options->suite || options->case_given))
        return mla_fail(error, MLA_BAD_INPUT,
                        "--random and a suite or a case by hand exclude each other");
    if (options->replay && (options->shard || options->suite || options->case_given ||
                            options->random_cases || options->seed_given))
        return mla_fail(error, MLA_BAD_INPUT,
                        "--replay and a suite, a case by hand, --random, --shard or --seed exclude "
                        "each other");
    if (options->file_count > 0 && !(command & TAKES_FILES))
        return mla_fail(error, MLA_BAD_INPUT, "mlabench %s takes no argument '%s'", arguments[0],
                        options->files[0]);
    return 0;
}

void options_print(enum command_bit command)
{
    puts("\nOptions:");
    for (int i = 0; i < ROWS; i++) {
        if (!(rows[i].commands & (unsigned)command))
            continue;
        char left[64];
        snprintf(left, sizeof left, "--%s%s%s%s", rows[i].name, rows[i].argument ? " " : "",
                 rows[i].argument ? rows[i].argument : "",
                 rows[i].letter == 'q'   ? ", -q"
                 : rows[i].letter == 'h' ? ", -h"
                                         : "");
        printf("  %-28s %s\n", left, rows[i].help);
    }
}
