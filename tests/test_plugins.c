/* SPDX-License-Identifier: MIT
 *
 * Shared objects that somebody brings: those that are wrong are refused in words, and take nothing
 * down. They are tests/plugins/bad.c, built beside this test program. */
#include "harness/catalogue.h"
#include "harness/plugin.h"

#include <criterion/criterion.h>
#include <fenv.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

TestSuite(plugins, .timeout = 60);

/* A file beside this test program. */
static const char *beside(const char *name)
{
    static char path[PATH_MAX + 64];
    ssize_t length = readlink("/proc/self/exe", path, PATH_MAX);
    cr_assert(length > 0);
    path[length] = 0;
    strcpy(strrchr(path, '/') + 1, name);
    return path;
}

static int add(struct catalogue *catalogue, const char *path, const char *bad,
               struct mla_error *error)
{
    *error = (struct mla_error){""};
    cr_assert(setenv("BAD_PLUGIN", bad, 1) == 0);
    cr_assert(catalogue_create(catalogue, error) == 0, "%s", error->message);
    catalogue->load_limit_s = strstr(bad, "hangs") || strstr(bad, "team") ? 0.5 : 10;
    return catalogue_add(catalogue, path, error);
}

/* Refused with the file's path and each of up to three texts, and nothing is left behind. */
static void refused(const char *path, const char *bad, const char *const texts[3])
{
    struct catalogue catalogue;
    struct mla_error error;
    int code = add(&catalogue, path, bad, &error);
    cr_assert(code == MLA_BAD_INPUT, "%s: code %d, %s", bad, code, error.message);
    cr_assert(strncmp(error.message, path, strlen(path)) == 0, "%s: %s", bad, error.message);
    for (int i = 0; i < 3 && texts[i]; i++)
        cr_assert(strstr(error.message, texts[i]), "%s: no \"%s\" in \"%s\"", bad, texts[i],
                  error.message);
    cr_assert((uint32_t)catalogue.count == mla_kernels()->count, "%s: %d kernels", bad,
              catalogue.count);
    catalogue_destroy(&catalogue);
}

static const struct wrong {
    const char *bad;      /* as plugins/bad.c knows it */
    const char *texts[3]; /* what was found, what is accepted */
} wrongs[] = {
    {"constructor crashes", {"crashed", "Illegal instruction", "in its constructors"}},
    {"constructor hangs", {"did not end", "in its constructors", "gdb"}},
    {"constructor exits", {"ended early with exit code 7", "in its constructors"}},
    {"destructor crashes", {"crashed", "in its destructors"}},
    {"registry function crashes", {"crashed", "in mla_kernels"}},
    {"registry function hangs", {"did not end", "in mla_kernels"}},
    {"registry function exits", {"ended early with exit code 0", "in mla_kernels"}},
    {"no registry", {"mla_kernels returns NULL", "a registry"}},
    {"registry of another ABI", {"ABI 2", "has 1", "rebuild"}},
    {"empty registry", {"count is 0", "1 to 256"}},
    {"absurd count", {"count is 4294967295", "1 to 256"}},
    {"no kernels", {"kernels is NULL", "array of 1"}},
    {"NULL among the kernels", {"kernels[1]", "NULL", "count says that there are 3"}},
    {"kernel nowhere", {"kernels[0]"}},
    {"the same kernel twice", {"already a kernel named bad", "another name"}},
    {"kernel of another ABI", {"ABI 2", "has 1", "rebuild"}},
    {"struct too small", {"struct_size is", "sizeof(struct mla_kernel)"}},
    {"struct too large", {"struct_size is 4294967295", "sizeof(struct mla_kernel)"}},
    {"no name", {"has no name"}},
    {"capital in name", {"\"Bad\"", "lower-case letters, digits and '-'"}},
    {"escape in name", {"\"bad?[2J?\"", "lower-case letters, digits and '-'"}},
    {"long name", {"\"a-name-that-is", "...\"", "up to 47"}},
    {"name taken", {"already a kernel named absorbed", "another name"}},
    {"no summary", {"kernel bad lacks a summary"}},
    {"summary not UTF-8", {"kernel bad lacks a summary", "UTF-8"}},
    {"summary nowhere", {"kernels[0]"}},
    {"no isa", {"kernel bad lacks an instruction set"}},
    {"no order", {"kernel bad lacks an order", "enum mla_order"}},
    {"no round-off", {"kernel bad lacks a unit_roundoff"}},
    {"no supports", {"kernel bad lacks supports"}},
    {"no attend", {"kernel bad lacks attend"}},
    {"supports crashes", {"crashed", "in supports of kernel bad"}},
    {"supports hangs", {"did not end", "in supports of kernel bad"}},
    {"supports is silent", {"kernel bad", "*why", "give a reason"}},
    {"plan crashes", {"crashed", "in plan of kernel bad"}},
    {"plan fails", {"kernel bad", "plan returned -5", "supports"}},
    {"plan without alignment", {"kernel bad", "slot_align is 0", "1 or more"}},
    {"plan without rows", {"kernel bad", "cached is 7", "MLA_LATENT or MLA_KV"}},
};

Test(plugins, wrong_ones_are_refused_in_words)
{
    for (size_t i = 0; i < sizeof wrongs / sizeof wrongs[0]; i++)
        refused(beside("tests/plugins/bad.so"), wrongs[i].bad, wrongs[i].texts);
}

Test(plugins, what_is_no_plugin_is_refused)
{
    static const struct {
        const char *file;
        const char *texts[3];
    } files[] = {
        {"tests/plugins/no-registry.so", {"exports no function mla_kernels", "undefined symbol"}},
        {"tests/plugins/undefined.so", {"undefined symbol: nowhere_to_be_found", "link"}},
        {"flags", {"cannot be loaded", "shared object for this machine"}},
        {"nothing-here.so", {"No such file", "--plugin takes the path"}},
        {"tests", {"it is a folder", "--plugin takes the path"}},
    };
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++)
        refused(beside(files[i].file), "", files[i].texts);
}

/* libgomp's threads do not live on in a forked process, libomp starts them anew. */
Test(plugins, a_team_opened_on_load_is_refused_where_it_spoils_later_ones)
{
    struct catalogue catalogue;
    struct mla_error error;
    int code =
        add(&catalogue, beside("tests/plugins/bad.so"), "registry function opens a team", &error);
    if (code == 0)
        cr_assert(plugin_left_no_team(10, &error) == 0, "%s", error.message);
    else
        cr_assert(code == MLA_BAD_INPUT && strstr(error.message, "opens an OpenMP team"), "%s",
                  error.message);
    catalogue_destroy(&catalogue);
}

/* In a process of its own, as what has been loaded is not loaded anew. */
static const struct mla_kernel *accepted(struct catalogue *catalogue, const char *bad)
{
    struct mla_error error;
    int code = add(catalogue, beside("tests/plugins/bad.so"), bad, &error);
    cr_assert(code == 0, "%s", error.message);
    cr_assert((uint32_t)catalogue->count == mla_kernels()->count + 1);
    const struct mla_kernel *kernel = catalogue->kernels[catalogue->count - 1];
    cr_assert(strcmp(kernel->name, "bad") == 0, "%s", kernel->name);
    cr_assert(strcmp(catalogue->names[catalogue->count - 1], "bad") == 0);
    return kernel;
}

Test(plugins, a_right_one_is_added_once)
{
    struct catalogue catalogue;
    struct mla_error error;
    cr_assert(accepted(&catalogue, "")->linear != NULL);
    int code = catalogue_add(&catalogue, beside("tests/plugins/bad.so"), &error);
    cr_assert(code == MLA_BAD_INPUT && strstr(error.message, "already a kernel named bad"), "%s",
              error.message);
    catalogue_destroy(&catalogue);
}

Test(plugins, one_of_an_older_header_has_no_verbs)
{
    struct catalogue catalogue;
    const struct mla_kernel *kernel = accepted(&catalogue, "older header");
    cr_assert(kernel->attend && !kernel->linear && !kernel->norm && !kernel->rope);
    cr_assert(kernel->struct_size == sizeof *kernel, "%u", kernel->struct_size);
    catalogue_destroy(&catalogue);
}

Test(plugins, one_of_a_newer_header_is_taken_as_far_as_it_is_known)
{
    struct catalogue catalogue;
    cr_assert(accepted(&catalogue, "newer header")->linear != NULL);
    catalogue_destroy(&catalogue);
}

Test(plugins, loading_leaves_the_rounding_alone)
{
    struct catalogue catalogue;
    accepted(&catalogue, "constructor rounds upwards");
    cr_assert(fegetround() == FE_TONEAREST, "rounding mode %#x", (unsigned)fegetround());
    catalogue_destroy(&catalogue);
}

/* What the program says, with its exit code. */
static int mlabench(const char *arguments, char *output, size_t size)
{
    char command[2 * PATH_MAX + 256], plugin[PATH_MAX + 64];
    strcpy(plugin, beside("tests/plugins/bad.so"));
    snprintf(command, sizeof command, "'%s' %s --plugin '%s' 2>&1", beside("mlabench"), arguments,
             plugin);
    FILE *pipe = popen(command, "r");
    cr_assert(pipe != NULL);
    size_t length = fread(output, 1, size - 1, pipe);
    output[length] = 0;
    int status = pclose(pipe);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

Test(plugins, every_command_that_takes_one_exits_with_2)
{
    static const char *const commands[] = {"list", "verify -q --model tiny --kernel bad",
                                           "run -q --model tiny --kernel bad"};
    char output[4096];
    setenv("BAD_PLUGIN", "constructor crashes", 1);
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        int code = mlabench(commands[i], output, sizeof output);
        cr_assert(code == 2, "%s exits with %d: %s", commands[i], code, output);
        cr_assert(strstr(output, "bad.so: crashed"), "%s: %s", commands[i], output);
    }
}
