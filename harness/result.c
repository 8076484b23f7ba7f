/* SPDX-License-Identifier: MIT */
#include "harness/result.h"

#include "harness/accounting.h"
#include "harness/build_info.h"
#include "harness/cpu.h"
#include "harness/evict.h"
#include "harness/paths.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static json_t *time_now(void)
{
    char text[64];
    time_t now = time(NULL);
    struct tm parts;
    localtime_r(&now, &parts);
    strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S%z", &parts);
    return json_string(text);
}

/* "" becomes null: a figure that could not be had. */
static json_t *text_or_null(const char *text)
{
    return text[0] ? json_string(text) : json_null();
}

static json_t *cache_list(const struct cpu_info *cpu)
{
    json_t *caches = json_array();
    for (int i = 0; i < cpu->cache_count; i++)
        json_array_append_new(caches, json_pack("{s:s, s:i, s:I, s:i}", "type", cpu->caches[i].type,
                                                "level", cpu->caches[i].level, "size",
                                                (json_int_t)cpu->caches[i].size, "num_sharing",
                                                cpu->caches[i].num_sharing));
    return caches;
}

static json_t *load_list(const struct cpu_info *cpu)
{
    json_t *load = json_array();
    for (int i = 0; i < 3 && cpu->load_avg[i] >= 0; i++)
        json_array_append_new(load, json_real(cpu->load_avg[i]));
    return load;
}

/* What Google Benchmark's own files say. */
static void fill_context(json_t *context, const struct cpu_info *cpu)
{
    char host[256] = "";
    gethostname(host, sizeof host - 1);
    char executable[1024] = "";
    ssize_t length = readlink("/proc/self/exe", executable, sizeof executable - 1);
    executable[length > 0 ? length : 0] = 0;
    json_object_set_new(context, "date", time_now());
    json_object_set_new(context, "host_name", json_string(host));
    json_object_set_new(context, "executable", json_string(executable));
    json_object_set_new(context, "num_cpus", json_integer(cpu->cpus));
    json_object_set_new(context, "mhz_per_cpu", json_integer((json_int_t)cpu->mhz));
    json_object_set_new(context, "cpu_scaling_enabled", json_boolean(cpu->scaling_enabled));
    json_object_set_new(context, "caches", cache_list(cpu));
    json_object_set_new(context, "load_avg", load_list(cpu));
    json_object_set_new(context, "library_build_type", json_string("release"));
    json_object_set_new(context, "json_schema_version", json_integer(1));
}

static json_t *command_line(int count, char **arguments)
{
    char text[2048] = "";
    size_t used = 0;
    for (int i = 0; i < count && used < sizeof text; i++)
        used +=
            (size_t)snprintf(text + used, sizeof text - used, "%s%s", i ? " " : "", arguments[i]);
    return json_string(text);
}

/* OpenBLAS says which of its kernels it runs; another BLAS lacks these functions. */
extern char *openblas_get_config(void) __attribute__((weak));
extern char *openblas_get_corename(void) __attribute__((weak));

static json_t *blas_name(void)
{
    if (!openblas_get_config || !openblas_get_corename)
        return json_string("not OpenBLAS");
    return json_sprintf("%s; runs its %s kernels, one thread per OpenMP thread",
                        openblas_get_config(), openblas_get_corename());
}

static json_t *memory_policy(const struct cpu_info *cpu)
{
    char huge[96], numa[128];
    snprintf(huge, sizeof huge, "asked for by madvise; transparent huge pages: %s",
             cpu->huge_pages[0] ? cpu->huge_pages : "unknown");
    snprintf(numa, sizeof numa, "%d node%s, %s", cpu->numa_nodes, cpu->numa_nodes == 1 ? "" : "s",
             cpu->numa_policy);
    return json_pack("{s:s, s:s, s:n, s:s}", "huge_pages", huge, "numa", numa, "pinning",
                     "eviction", evict_names[evict_best()]);
}

static void fill_mlabench(json_t *own, const struct cpu_info *cpu, int count, char **arguments)
{
    json_t *accounting = json_array();
    for (const char *const *sentence = accounting_sentences; *sentence; sentence++)
        json_array_append_new(accounting, json_string(*sentence));
    const struct {
        const char *key;
        json_t *value;
    } members[] = {
        {"schema_version", json_integer(1)},
        {"version", json_string(build_version)},
        {"commit", json_string(build_commit)},
        {"dirty", json_boolean(build_dirty)},
        {"compiler", json_string(build_compiler)},
        {"flags", json_string(build_flags)},
        {"cpu", json_string(cpu->model)},
        {"isa", json_string(cpu_best_isa())},
        {"caches", cache_list(cpu)},
        {"governor", text_or_null(cpu->governor)},
        {"command_line", command_line(count, arguments)},
        {"shard", json_null()},
        {"started", time_now()},
        {"finished", json_null()},
        {"complete", json_false()},
        {"interrupted", json_false()},
        {"blas", blas_name()},
        {"memory", memory_policy(cpu)},
        {"fma_peak_gflops", json_object()},
        {"read_bandwidth_gbs", json_object()},
        {"accounting", accounting},
        {"skipped", json_array()},
        {"failed", json_array()},
        {"controls", json_array()},
        {"layers", json_array()},
        {"certificates", json_array()},
        {"ratios", json_object()},
        {"notes", json_array()},
        {"counters_suspect", json_array()},
    };
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++)
        json_object_set_new(own, members[i].key, members[i].value);
}

int result_create(struct result *result, const char *folder, int count, char **arguments,
                  struct mla_error *error)
{
    *result = (struct result){0};
    if (folder) {
        int code = make_folder(folder, error);
        if (code)
            return code;
        int length = snprintf(result->path, sizeof result->path, "%s/result.json", folder);
        if (length >= (int)sizeof result->path)
            return mla_fail(error, MLA_BAD_INPUT, "the path %s is too long", folder);
    }
    struct cpu_info cpu;
    cpu_read(&cpu);
    result->root = json_object();
    result->context = json_object();
    result->mlabench = json_object();
    result->benchmarks = json_array();
    fill_context(result->context, &cpu);
    fill_mlabench(result->mlabench, &cpu, count, arguments);
    json_object_set_new(result->context, "mlabench", result->mlabench);
    json_object_set_new(result->root, "context", result->context);
    json_object_set_new(result->root, "benchmarks", result->benchmarks);
    return 0;
}

void result_note(struct result *result, const char *list, const char *name, const char *reason,
                 const json_t *verdict)
{
    json_t *entry = json_pack("{s:s, s:s}", "name", name, "reason", reason);
    const json_t *figures = json_object_get(verdict, "error");
    if (figures)
        json_object_set_new(entry, "error", json_deep_copy(figures));
    json_array_append_new(json_object_get(result->mlabench, list), entry);
}

void result_stamp(const struct result *result)
{
    json_object_set_new(result->mlabench, "finished", time_now());
}

int result_write(const struct result *result, struct mla_error *error)
{
    if (!result->path[0])
        return 0;
    char temporary[1300];
    snprintf(temporary, sizeof temporary, "%s.part", result->path);
    FILE *file = fopen(temporary, "w");
    if (!file)
        return mla_fail(error, MLA_MACHINE, "cannot write %s: %s", temporary, strerror(errno));
    bool written = json_dumpf(result->root, file, JSON_INDENT(1) | JSON_REAL_PRECISION(12)) == 0 &&
                   fputc('\n', file) != EOF && fflush(file) == 0 && fsync(fileno(file)) == 0;
    int reason = errno;
    written = fclose(file) == 0 && written;
    if (written && rename(temporary, result->path) == 0)
        return 0;
    if (written)
        reason = errno;
    unlink(temporary);
    return mla_fail(error, MLA_MACHINE, "cannot write %s: %s; what was there before is unchanged",
                    result->path, strerror(reason));
}

void result_destroy(struct result *result)
{
    json_decref(result->root);
    *result = (struct result){0};
}
