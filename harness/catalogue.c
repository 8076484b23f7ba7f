/* SPDX-License-Identifier: MIT */
#include "harness/catalogue.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

/* NULL if complete, else what is missing. */
static const char *lacks(const struct mla_kernel *kernel)
{
    const struct {
        bool present;
        const char *what;
    } required[] = {
        {kernel->name && kernel->name[0], "a name"},
        {kernel->summary, "a summary"},
        {kernel->isa, "an instruction set"},
        {kernel->unit_roundoff > 0, "a unit round-off"},
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

static int add(struct catalogue *catalogue, const char *path, const struct mla_kernel *kernel,
               struct mla_error *error)
{
    if (kernel->abi != MLA_ABI)
        return mla_fail(error, MLA_BAD_INPUT,
                        "%s: a kernel was built for ABI %u, this mlabench has %u: rebuild it "
                        "against the installed mlabench/kernel.h",
                        path, kernel->abi, MLA_ABI);
    if (kernel->struct_size < sizeof *kernel)
        return mla_fail(error, MLA_BAD_INPUT,
                        "%s: struct_size is %u, at least %zu is needed: set it to sizeof(struct "
                        "mla_kernel)",
                        path, kernel->struct_size, sizeof *kernel);
    const char *missing = lacks(kernel);
    if (missing)
        return mla_fail(error, MLA_BAD_INPUT, "%s: kernel %s lacks %s", path,
                        kernel->name ? kernel->name : "without a name", missing);
    for (int i = 0; i < catalogue->count; i++)
        if (strcmp(catalogue->names[i], kernel->name) == 0)
            return mla_fail(error, MLA_BAD_INPUT, "%s: there is already a kernel named %s", path,
                            kernel->name);
    size_t count = (size_t)catalogue->count + 1;
    const struct mla_kernel **kernels = realloc(catalogue->kernels, count * sizeof *kernels);
    if (kernels)
        catalogue->kernels = kernels;
    const char **names = realloc(catalogue->names, count * sizeof *names);
    if (names)
        catalogue->names = names;
    if (!kernels || !names)
        return mla_fail(error, MLA_MACHINE, "no memory for %zu kernels", count);
    catalogue->kernels[catalogue->count] = kernel;
    catalogue->names[catalogue->count] = kernel->name;
    catalogue->count++;
    return 0;
}

static int add_all(struct catalogue *catalogue, const char *path,
                   const struct mla_registry *registry, struct mla_error *error)
{
    int code = 0;
    for (uint32_t i = 0; i < registry->count && code == 0; i++)
        code = add(catalogue, path, registry->kernels[i], error);
    return code;
}

int catalogue_create(struct catalogue *catalogue, struct mla_error *error)
{
    *catalogue = (struct catalogue){0};
    return add_all(catalogue, "built in", mla_kernels(), error);
}

int catalogue_add(struct catalogue *catalogue, const char *path, struct mla_error *error)
{
    void *object = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!object)
        return mla_fail(error, MLA_BAD_INPUT, "cannot load %s: %s", path, dlerror());
    mla_registry_function *function = NULL;
    void *symbol = dlsym(object, MLA_REGISTRY_SYMBOL);
    memcpy(&function, &symbol, sizeof function);
    const struct mla_registry *registry = function ? function() : NULL;
    if (!registry)
        return mla_fail(error, MLA_BAD_INPUT,
                        "%s exports no function %s that returns a registry (see "
                        "mlabench/kernel.h)",
                        path, MLA_REGISTRY_SYMBOL);
    if (registry->abi != MLA_ABI)
        return mla_fail(error, MLA_BAD_INPUT,
                        "%s was built for ABI %u, this mlabench has %u: rebuild it against the "
                        "installed mlabench/kernel.h",
                        path, registry->abi, MLA_ABI);
    return add_all(catalogue, path, registry, error);
}

void catalogue_destroy(struct catalogue *catalogue)
{
    free(catalogue->kernels);
    free(catalogue->names);
    *catalogue = (struct catalogue){0};
}
