/* SPDX-License-Identifier: MIT */
#include "harness/plugin.h"

#include "harness/cpu.h"
#include "harness/paths.h"

#include <dlfcn.h>
#include <errno.h>
#include <fenv.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static const char *const step_key = "step";

void plugin_step(struct child_channel *channel, const char *format, ...)
{
    char text[256];
    va_list arguments;
    if (!channel)
        return;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    child_send(channel, json_pack("{s:s}", step_key, text));
}

const char *plugin_step_of(const json_t *message)
{
    return json_string_value(json_object_get(message, step_key));
}

static int check_file(const char *path, struct mla_error *error)
{
    struct stat status;
    const char *what = NULL;
    if (stat(path, &status))
        what = strerror(errno);
    else if (!S_ISREG(status.st_mode))
        what = S_ISDIR(status.st_mode) ? "it is a folder" : "it is no regular file";
    if (what)
        return mla_fail(error, MLA_BAD_INPUT, "%s: --plugin takes the path of a shared object",
                        what);
    return 0;
}

/* What to do about a message of dlopen. */
static const char *load_cure(const char *message)
{
    if (strstr(message, "undefined symbol"))
        return "define it, or link the library that has it";
    if (strstr(message, "cannot open shared object file"))
        return "a library that it needs is not found: install it, link with -Wl,-rpath, or set "
               "LD_LIBRARY_PATH";
    return "it must be a shared object for this machine, as cc -shared -fPIC makes it";
}

static int cannot_load(const char *path, struct mla_error *error)
{
    const char *message = dlerror();
    size_t length = strlen(path);
    /* The path is the caller's to say. */
    if (strncmp(message, path, length) == 0 && message[length] == ':')
        message += length + 2;
    return mla_fail(error, MLA_BAD_INPUT, "cannot be loaded: %s: %s", message, load_cure(message));
}

static int find_registry(struct child_channel *channel, struct plugin *plugin,
                         struct mla_error *error)
{
    mla_registry_function *function = NULL;
    dlerror();
    void *symbol = dlsym(plugin->object, MLA_REGISTRY_SYMBOL);
    const char *message = symbol ? NULL : dlerror();
    if (!symbol)
        return mla_fail(error, MLA_BAD_INPUT,
                        "exports no function %s (%s): define it as mlabench/kernel.h declares it, "
                        "with C linkage and default visibility",
                        MLA_REGISTRY_SYMBOL,
                        message && strstr(message, "undefined symbol")
                            ? strstr(message, "undefined symbol")
                            : "it is NULL");
    memcpy(&function, &symbol, sizeof function);
    plugin_step(channel, "in %s", MLA_REGISTRY_SYMBOL);
    plugin->registry = function();
    if (!plugin->registry)
        return mla_fail(error, MLA_BAD_INPUT,
                        "%s returns NULL: it must return a registry, see mlabench/kernel.h",
                        MLA_REGISTRY_SYMBOL);
    return 0;
}

int plugin_open(const char *path, struct child_channel *channel, struct plugin *plugin,
                struct mla_error *error)
{
    char file[PATH_LENGTH];
    fenv_t environment;
    *plugin = (struct plugin){0};
    int code = check_file(path, error);
    if (code)
        return code;
    /* Without a slash dlopen would search the system's folders for it. */
    if (snprintf(file, sizeof file, "%s%s", strchr(path, '/') ? "" : "./", path) >=
        (int)sizeof file)
        return mla_fail(error, MLA_BAD_INPUT, "its path is longer than %zu characters",
                        sizeof file - 1);
    plugin_step(channel, "in its constructors");
    /* What is linked with -ffast-math has denormals flushed to zero from then on, for everybody. */
    fegetenv(&environment);
    plugin->object = dlopen(file, RTLD_NOW | RTLD_LOCAL);
    code = plugin->object ? find_registry(channel, plugin, error) : cannot_load(file, error);
    fesetenv(&environment);
    return code;
}

void plugin_close(struct plugin *plugin, struct child_channel *channel)
{
    plugin_step(channel, "in its destructors");
    if (plugin->object)
        dlclose(plugin->object);
    *plugin = (struct plugin){0};
}

/* supports and plan are called before the CPU is asked. */
static const char *any_cpu(const struct mla_kernel *kernel)
{
    return cpu_has_isa(kernel->isa) ? "" : ", which must run on CPUs without its isa too";
}

static int probe_plan(const struct mla_kernel *kernel, const struct mla_problem *problem,
                      struct child_channel *channel, struct mla_error *error)
{
    struct mla_plan plan = {0};
    plugin_step(channel, "in plan of kernel %s%s", kernel->name, any_cpu(kernel));
    int status = kernel->plan(problem, &plan);
    if (status)
        return mla_fail(error, MLA_BAD_INPUT,
                        "kernel %s: plan returned %d (%s) for a problem that supports accepts: "
                        "make supports refuse it, with its reason",
                        kernel->name, status, strerror(-status));
    if (plan.slot_align < 1)
        return mla_fail(error, MLA_BAD_INPUT,
                        "kernel %s: plan's slot_align is %ld: 1 or more is accepted", kernel->name,
                        (long)plan.slot_align);
    if (plan.cached != MLA_LATENT && plan.cached != MLA_KV)
        return mla_fail(error, MLA_BAD_INPUT,
                        "kernel %s: plan's cached is %d: MLA_LATENT or MLA_KV is accepted",
                        kernel->name, (int)plan.cached);
    return 0;
}

static int probe_problem(const struct mla_kernel *kernel, const struct mla_problem *problem,
                         struct child_channel *channel, struct mla_error *error)
{
    const char *why = "";
    plugin_step(channel, "in supports of kernel %s%s", kernel->name, any_cpu(kernel));
    if (kernel->supports(problem, false, false, &why))
        return probe_plan(kernel, problem, channel, error);
    if (!why)
        return mla_fail(error, MLA_BAD_INPUT,
                        "kernel %s: supports says no and sets *why to NULL: give a reason",
                        kernel->name);
    plugin_step(channel, "in reading *why of kernel %s", kernel->name);
    if (strlen(why) > 1000)
        return mla_fail(error, MLA_BAD_INPUT,
                        "kernel %s: supports says no in %zu characters: a "
                        "sentence will do",
                        kernel->name, strlen(why));
    return 0;
}

enum { HEADS = 2, NOPE = 4, ROPE = 2, V = 6, RANK = 8, SLOTS = 16 };

int plugin_probe(const struct mla_kernel *kernel, struct child_channel *channel,
                 struct mla_error *error)
{
    static const float weights[HEADS * (NOPE + V) * RANK];
    int code = 0;
    for (int i = 0; i < 2 * (MLA_INT8 + 1) && code == 0; i++) {
        bool latent = i % 2 == 0;
        struct mla_problem problem = {.kind = latent ? MLA_LATENT : MLA_KV,
                                      .format = (enum mla_format)(i / 2),
                                      .heads = HEADS,
                                      .heads_kv = HEADS,
                                      .qk_nope_head_dim = NOPE,
                                      .qk_rope_head_dim = ROPE,
                                      .v_head_dim = V,
                                      .kv_lora_rank = latent ? RANK : 0,
                                      .scale = 1,
                                      .wkv_b = latent ? weights : NULL,
                                      .slots = SLOTS,
                                      .max_tokens = 2,
                                      .max_keys = SLOTS,
                                      .max_batch = 1,
                                      .max_threads = 1};
        code = probe_problem(kernel, &problem, channel, error);
    }
    return code;
}

static int open_team(void *context, struct child_channel *channel, struct mla_error *error)
{
    int team = 0;
    (void)context, (void)channel, (void)error;
#pragma omp parallel num_threads(2) reduction(+ : team)
    team++;
    return team > 0 ? 0 : MLA_FAILED;
}

int plugin_left_no_team(double limit_s, struct mla_error *error)
{
    struct child_job job = {.work = open_team, .limit_s = limit_s};
    int code = child_run(&job, error);
    if (code != MLA_FAILED)
        return code;
    return mla_fail(error, MLA_BAD_INPUT,
                    "opens an OpenMP team while it is loaded, so that no process forked later "
                    "could open one: leave that to prepare, store, load, attend and the layer's "
                    "verbs");
}
