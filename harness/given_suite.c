/* SPDX-License-Identifier: MIT */
#include "harness/given_suite.h"

#include "harness/units.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LAYER_TOKENS = 32, LAYER_NEW = 4, LAYER_MOST = 256, KERNEL_CACHED = 4096, NUMBER = 24 };

/* Room for the numbers that options hold as text. */
struct lengths {
    char cached[NUMBER], fresh[NUMBER];
};

/* So many tokens, the last `fresh` of them new. */
static void set_lengths(struct case_options *options, int64_t tokens, int64_t fresh,
                        struct lengths *lengths)
{
    fresh = fresh < tokens ? fresh : tokens;
    snprintf(lengths->cached, NUMBER, "%lld", (long long)(tokens - fresh));
    snprintf(lengths->fresh, NUMBER, "%lld", (long long)fresh);
    options->cached = lengths->cached;
    options->new_tokens = lengths->fresh;
}

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* Whether the options ask for lengths, of one case each, that a layer can be verified with in no
 * time: it takes the reference heads tokens^2 steps. */
static bool short_enough(const struct case_options *options)
{
    int64_t cached = 0, fresh = 1;
    return (options->cached || options->new_tokens) &&
           (!options->cached || parse_tokens(options->cached, &cached)) &&
           (!options->new_tokens || parse_tokens(options->new_tokens, &fresh)) &&
           cached + fresh <= LAYER_MOST;
}

/* Of the layer cases and of the kernels'. */
static int make_suites(const char *folder, const struct given *given,
                       const struct case_options *options, int cpus, struct suite *layer,
                       struct suite *kernels, struct mla_error *error)
{
    struct lengths of_layer, of_kernels;
    const struct model *model = &given->checkpoint.model;
    int64_t most = given->tokens ? given->tokens : model->max_position_embeddings;
    int64_t whole =
        least(given->expected ? least(given->expected, LAYER_MOST) : LAYER_TOKENS, most);
    struct case_options about_layer = {.model = model,
                                       .cached = options->cached,
                                       .new_tokens = options->new_tokens,
                                       .threads = options->threads,
                                       .kernels = options->kernels,
                                       .layer = true};
    struct case_options about_kernels = *options;
    about_kernels.model = model;
    about_kernels.layer = false;
    if (!short_enough(options))
        set_lengths(&about_layer, whole, LAYER_NEW, &of_layer);
    if (!options->cached && !options->new_tokens)
        set_lengths(&about_kernels, given->tokens ? given->tokens : least(KERNEL_CACHED + 1, most),
                    1, &of_kernels);
    int code = suite_by_hand(folder, &about_layer, cpus, layer, error);
    return code ? code : suite_by_hand(folder, &about_kernels, cpus, kernels, error);
}

/* Whether the tokens given are enough for a case. */
static int check_case(const struct given *given, const struct bench_case *c,
                      struct mla_error *error)
{
    int64_t tokens = c->cached + c->new_tokens;
    if (given->tokens == 0 || (tokens <= given->tokens && c->batch == 1))
        return 0;
    return mla_fail(
        error, MLA_BAD_INPUT,
        "--input holds %lld tokens, %lld cached and %lld new in a batch of %d are asked "
        "for, accepted: as many as there are, in a batch of 1",
        (long long)given->tokens, (long long)c->cached, (long long)c->new_tokens, c->batch);
}

int given_suite(const char *folder, const struct given *given, const struct case_options *options,
                int cpus, struct suite *suite, struct mla_error *error)
{
    struct suite layer = {0}, kernels = {0};
    int code = make_suites(folder, given, options, cpus, &layer, &kernels, error);
    *suite = kernels;
    suite->cases = NULL;
    suite->count = 0;
    snprintf(suite->name, sizeof suite->name, "checkpoint");
    snprintf(suite->summary, sizeof suite->summary, "a layer of a checkpoint");
    int count = layer.count + kernels.count;
    if (!code)
        suite->cases = calloc((size_t)count, sizeof *suite->cases);
    if (!code && !suite->cases)
        code = mla_fail(error, MLA_MACHINE, "no memory for %d cases", count);
    for (int i = 0; i < count && !code; i++) {
        suite->cases[i] = i < layer.count ? layer.cases[i] : kernels.cases[i - layer.count];
        suite->count++;
        code = check_case(given, &suite->cases[i], error);
    }
    suite_free(&layer);
    suite_free(&kernels);
    if (code)
        suite_free(suite);
    return code;
}
