/* SPDX-License-Identifier: MIT */
#include "harness/catalogue.h"

#include "harness/plugin.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { KERNELS_MAX = 256, NAME_MAX_LENGTH = 47, STRUCT_MAX = 4096 };

/* What a kernel has had from the first version of its struct on. */
static const size_t least_struct = offsetof(struct mla_kernel, linear);

/* As it can be printed: what is not plain ASCII becomes '?'. */
struct printable {
    char text[NAME_MAX_LENGTH + 4];
};

static struct printable printable(const char *name)
{
    struct printable p = {""};
    size_t length = strnlen(name, NAME_MAX_LENGTH);
    for (size_t i = 0; i < length; i++)
        p.text[i] = (char)(name[i] < ' ' || name[i] > '~' ? '?' : name[i]);
    if (name[length])
        memcpy(p.text + length, "...", 3);
    return p;
}

static int check_name(const char *name, struct mla_error *error)
{
    static const char accepted[] = "abcdefghijklmnopqrstuvwxyz0123456789-";
    if (!name || !name[0])
        return mla_fail(error, MLA_BAD_INPUT, "a kernel has no name");
    size_t good = strspn(name, accepted);
    if (good <= NAME_MAX_LENGTH && !name[good] && name[0] != '-')
        return 0;
    return mla_fail(error, MLA_BAD_INPUT,
                    "a kernel is named \"%s\": up to %d lower-case letters, digits and '-' are "
                    "accepted, the first no '-'",
                    printable(name).text, NAME_MAX_LENGTH);
}

/* Whether it can be shown and written to JSON. */
static bool is_line(const char *text)
{
    json_t *string = text && !strpbrk(text, "\n\r\t\v\f\033") ? json_string(text) : NULL;
    bool valid = string != NULL;
    json_decref(string);
    return valid;
}

/* NULL if complete, else what is missing. */
static const char *lacks(const struct mla_kernel *kernel)
{
    const struct {
        bool present;
        const char *what;
    } required[] = {
        {is_line(kernel->summary), "a summary (one line of UTF-8)"},
        {is_line(kernel->isa), "an instruction set in isa"},
        {kernel->order >= MLA_EXPANDED && kernel->order <= MLA_REEXPANDED,
         "an order (one of enum mla_order)"},
        {kernel->unit_roundoff > 0 && kernel->unit_roundoff < 1,
         "a unit_roundoff between 0 and 1 (fp32: 0x1p-24)"},
        {kernel->supports, "supports"},
        {kernel->plan, "plan"},
        {kernel->store, "store"},
        {kernel->load, "load"},
        {kernel->attend, "attend"},
    };
    for (size_t i = 0; i < sizeof required / sizeof required[0]; i++)
        if (!required[i].present)
            return required[i].what;
    return NULL;
}

/* All that can be said of the kernel's first members, which every version of the struct has. */
static int check_version(const struct mla_kernel *kernel, struct mla_error *error)
{
    if (kernel->abi != MLA_ABI)
        return mla_fail(error, MLA_BAD_INPUT,
                        "a kernel was built for ABI %u, this mlabench has %u: rebuild it against "
                        "the installed mlabench/kernel.h",
                        kernel->abi, MLA_ABI);
    if (kernel->struct_size < least_struct || kernel->struct_size > STRUCT_MAX)
        return mla_fail(error, MLA_BAD_INPUT,
                        "a kernel's struct_size is %u, %zu to %d is accepted: set it to "
                        "sizeof(struct mla_kernel)",
                        kernel->struct_size, least_struct, STRUCT_MAX);
    return 0;
}

static int check_kernel(const struct catalogue *catalogue, const struct mla_kernel *kernel,
                        struct mla_error *error)
{
    int code = check_name(kernel->name, error);
    if (code)
        return code;
    const char *missing = lacks(kernel);
    if (missing)
        return mla_fail(error, MLA_BAD_INPUT, "kernel %s lacks %s, see mlabench/kernel.h",
                        kernel->name, missing);
    for (int i = 0; i < catalogue->count; i++)
        if (strcmp(catalogue->names[i], kernel->name) == 0)
            return mla_fail(error, MLA_BAD_INPUT,
                            "there is already a kernel named %s: give this one another name",
                            kernel->name);
    return 0;
}

static int add(struct catalogue *catalogue, const char *path, const struct mla_kernel *original,
               struct mla_error *error)
{
    int code = check_version(original, error);
    if (code)
        return code;
    size_t count = (size_t)catalogue->count + 1;
    const struct mla_kernel **kernels = realloc(catalogue->kernels, count * sizeof *kernels);
    if (kernels)
        catalogue->kernels = kernels;
    const char **names = realloc(catalogue->names, count * sizeof *names);
    if (names)
        catalogue->names = names;
    const char **paths = realloc(catalogue->paths, count * sizeof *paths);
    if (paths)
        catalogue->paths = paths;
    struct mla_kernel *kernel = calloc(1, sizeof *kernel);
    if (!kernels || !names || !paths || !kernel) {
        free(kernel);
        return mla_fail(error, MLA_MACHINE, "no memory for %zu kernels", count);
    }
    size_t size = original->struct_size;
    memcpy(kernel, original, size < sizeof *kernel ? size : sizeof *kernel);
    kernel->struct_size = sizeof *kernel;
    code = check_kernel(catalogue, kernel, error);
    if (code) {
        free(kernel);
        return code;
    }
    catalogue->kernels[catalogue->count] = kernel;
    catalogue->names[catalogue->count] = kernel->name;
    catalogue->paths[catalogue->count] = path;
    catalogue->count++;
    return 0;
}

static int add_all(struct catalogue *catalogue, const char *path,
                   const struct mla_registry *registry, struct child_channel *channel,
                   struct mla_error *error)
{
    plugin_step(channel, "in reading its registry");
    if (registry->abi != MLA_ABI)
        return mla_fail(error, MLA_BAD_INPUT,
                        "its registry was built for ABI %u, this mlabench has %u: rebuild it "
                        "against the installed mlabench/kernel.h",
                        registry->abi, MLA_ABI);
    if (registry->count < 1 || registry->count > KERNELS_MAX)
        return mla_fail(error, MLA_BAD_INPUT,
                        "its registry's count is %u: 1 to %d kernels are accepted", registry->count,
                        KERNELS_MAX);
    if (!registry->kernels)
        return mla_fail(error, MLA_BAD_INPUT,
                        "its registry's kernels is NULL: it must be an array of %u pointers",
                        registry->count);
    int code = 0;
    for (uint32_t i = 0; i < registry->count && code == 0; i++) {
        plugin_step(channel, "in reading kernels[%u] of its registry", i);
        if (!registry->kernels[i])
            return mla_fail(error, MLA_BAD_INPUT,
                            "kernels[%u] of its registry is NULL: count says that there are %u", i,
                            registry->count);
        code = add(catalogue, path, registry->kernels[i], error);
    }
    return code;
}

int catalogue_create(struct catalogue *catalogue, struct mla_error *error)
{
    *catalogue = (struct catalogue){.load_limit_s = 20};
    return add_all(catalogue, NULL, mla_kernels(), NULL, error);
}

/* A shared object on trial in a child process. */
struct loading {
    struct catalogue *catalogue;
    const char *path;
    char step[256]; /* what the child was last at */
};

static int try_all(void *context, struct child_channel *channel, struct mla_error *error)
{
    const struct loading *loading = context;
    struct catalogue *catalogue = loading->catalogue; /* of this process */
    int known = catalogue->count;
    struct plugin plugin;
    int code = plugin_open(loading->path, channel, &plugin, error);
    if (code == 0)
        code = add_all(catalogue, loading->path, plugin.registry, channel, error);
    for (int i = known; i < catalogue->count && code == 0; i++)
        code = plugin_probe(catalogue->kernels[i], channel, error);
    if (code == 0)
        code = plugin_left_no_team(catalogue->load_limit_s / 2, error);
    if (code == 0)
        plugin_close(&plugin, channel);
    return code;
}

static void take_step(void *context, const json_t *message)
{
    struct loading *loading = context;
    const char *step = plugin_step_of(message);
    if (step)
        snprintf(loading->step, sizeof loading->step, "%s", step);
}

static int prefix(const char *path, int code, struct mla_error *error)
{
    struct mla_error inner = *error;
    return mla_fail(error, code, "%s: %s", path, inner.message);
}

int catalogue_load(struct catalogue *catalogue, const char *path, struct mla_error *error)
{
    struct plugin plugin;
    int code = plugin_open(path, NULL, &plugin, error);
    if (code == 0)
        code = add_all(catalogue, path, plugin.registry, NULL, error);
    return code ? prefix(path, code, error) : 0;
}

int catalogue_add(struct catalogue *catalogue, const char *path, struct mla_error *error)
{
    struct loading loading = {.catalogue = catalogue, .path = path};
    struct child_job job = {.work = try_all,
                            .receive = take_step,
                            .context = &loading,
                            .limit_s = catalogue->load_limit_s};
    int code = child_run(&job, error);
    if (code == MLA_FAILED) {
        struct mla_error inner = *error;
        return mla_fail(error, MLA_BAD_INPUT,
                        "%s: %s, %s. To see where: gdb -ex 'set follow-fork-mode child' --args "
                        "mlabench list --plugin %s",
                        path, inner.message, loading.step, path);
    }
    if (code == MLA_INTERRUPTED)
        return code;
    return code ? prefix(path, code, error) : catalogue_load(catalogue, path, error);
}

const struct mla_kernel *catalogue_find(const struct catalogue *catalogue, const char *name)
{
    for (int i = 0; i < catalogue->count; i++)
        if (strcmp(catalogue->names[i], name) == 0)
            return catalogue->kernels[i];
    return NULL;
}

void catalogue_destroy(struct catalogue *catalogue)
{
    for (int i = 0; i < catalogue->count; i++)
        free((void *)catalogue->kernels[i]);
    free(catalogue->kernels);
    free(catalogue->names);
    free(catalogue->paths);
    *catalogue = (struct catalogue){0};
}
