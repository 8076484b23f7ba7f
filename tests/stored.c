/* SPDX-License-Identifier: MIT */
#include "tests/stored.h"

#include "tests/cli.h"

#include <stdio.h>

static json_t *ceiling(double median)
{
    return json_pack("{s:f, s:f, s:f, s:i, s:s}", "median", median, "min", 0.9 * median, "max",
                     1.1 * median, "samples", 5, "isa", "avx2");
}

json_t *stored_result(const char *cpu, const char *host)
{
    json_t *levels = json_pack("{s:o, s:{s:s}}", "DRAM", ceiling(30), "L3", "missing", "too small");
    json_t *own = json_pack(
        "{s:i, s:s, s:s, s:b, s:s, s:s, s:s, s:s, s:n, s:i, s:s, s:s, s:s, s:s, s:b, s:b}",
        "schema_version", 1, "version", "0.1.0", "commit", "0123456789ab", "dirty", 0, "compiler",
        "gcc", "flags", "-O3", "cpu", cpu, "isa", "avx2", "governor", "seed", 1, "command_line",
        "mlabench run", "suite", "made-up", "started", "2026-01-02T03:04:05+0000", "finished",
        "2026-01-02T03:05:05+0000", "complete", 1, "interrupted", 0);
    json_object_set_new(own, "fma_peak_gflops", json_pack("{s:o}", "1", ceiling(100)));
    json_object_set_new(own, "read_bandwidth_gbs", json_pack("{s:o}", "1", levels));
    json_object_set_new(own, "verified",
                        json_pack("{s:i, s:i, s:i}", "passed", 2, "failed", 0, "skipped", 1));
    json_object_set_new(own, "shard", json_null());
    static const char *const lists[] = {"skipped", "failed", "notes", "accounting"};
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++)
        json_object_set_new(own, lists[i], json_array());
    json_t *context = json_pack("{s:s, s:s, s:i, s:i, s:[{s:s, s:i, s:i, s:i}], s:[f]}", "date",
                                "2026-01-02T03:04:05+0000", "host_name", host, "num_cpus", 2,
                                "mhz_per_cpu", 3000, "caches", "type", "Data", "level", 1, "size",
                                32768, "num_sharing", 1, "load_avg", 0.5);
    json_object_set_new(context, "mlabench", own);
    return json_pack("{s:o, s:[]}", "context", context, "benchmarks");
}

json_t *stored_own(json_t *root)
{
    return json_object_get(json_object_get(root, "context"), "mlabench");
}

const char *stored_case(int cached)
{
    static char name[96];
    snprintf(name, sizeof name, "tiny/decode/cached:%d/new:1/batch:1/threads:1/fp32", cached);
    return name;
}

void stored_times(json_t *root, int cached, const char *kernel, const double *ns, int count,
                  double peak)
{
    char name[160];
    snprintf(name, sizeof name, "%s/%s", stored_case(cached), kernel);
    for (int i = 0; i < count; i++) {
        json_t *entry = json_pack(
            "{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:i, s:i, s:i, s:i, s:b, s:i, s:f, s:f}",
            "name", name, "run_type", "iteration", "time_unit", "ns", "model", "tiny", "phase",
            "decode", "format", "fp32", "kernel", kernel, "isa", "x86-64", "order", "absorbed",
            "cached", cached, "new", 1, "batch", 1, "threads", 1, "ragged", 0, "iterations", 4,
            "real_time", ns[i], "fma_peak_gflops", peak);
        json_object_set_new(entry, "pct_fma_peak", json_real(1e5 / ns[i] / peak * 100));
        json_object_set_new(entry, "core_pct_fma_peak", json_real(1.2e5 / ns[i] / peak * 100));
        json_object_set_new(entry, "pct_read_bandwidth", json_real(5));
        json_object_set_new(entry, "kv_cache",
                            json_pack("{s:i, s:i, s:i, s:i}", "predicted", 1000, "allocated", 1000,
                                      "touched", 1000, "per_token", 100));
        json_object_set_new(
            entry, "error",
            json_pack("{s:f, s:f, s:f}", "ratio", 0.2, "limit", 2.0, "lse_ratio", 0.1));
        json_array_append_new(json_object_get(root, "benchmarks"), entry);
    }
}

void stored_shard(json_t *root, int index, int count)
{
    static const double ns[] = {1000, 1010, 990};
    json_t *cases = json_array();
    for (int i = 1; i <= count; i++)
        json_array_append_new(cases, json_pack("{s:s, s:i}", "name", stored_case(i), "shard", i));
    json_object_set_new(
        stored_own(root), "shard",
        json_pack("{s:i, s:i, s:o}", "index", index, "count", count, "cases", cases));
    stored_times(root, index, "absorbed", ns, 3, 100);
}

void stored_write(json_t *root, const char *name)
{
    char path[256];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    cr_assert(json_dump_file(root, path, JSON_INDENT(1)) == 0, "cannot write %s", path);
    json_decref(root);
}
