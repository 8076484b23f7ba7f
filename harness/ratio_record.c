/* SPDX-License-Identifier: MIT */
#include "harness/ratio_record.h"

#include "harness/out_file.h"

#include <jansson.h>
#include <stdio.h>
#include <unistd.h>

static int read_record(const char *path, json_t **record, struct mla_error *error)
{
    json_error_t problem;
    if (access(path, F_OK) != 0) {
        *record = json_object();
        return 0;
    }
    *record = json_load_file(path, 0, &problem);
    if (!json_is_object(*record)) {
        json_decref(*record);
        *record = NULL;
        return mla_fail(error, MLA_BAD_INPUT,
                        "%s is no record of ratios (line %d: %s): accepted: an object of kernels",
                        path, problem.line, problem.text);
    }
    return 0;
}

static int append(const char *text, size_t length, void *out)
{
    out_write(out, text, length);
    return 0;
}

static int write_record(const char *path, const json_t *record, struct mla_error *error)
{
    struct out_file out;
    int code = out_replace(&out, path, error);
    if (code)
        return code;
    json_dump_callback(record, append, &out,
                       JSON_INDENT(1) | JSON_SORT_KEYS | JSON_REAL_PRECISION(4));
    out_write(&out, "\n", 1);
    return out_close(&out, error);
}

/* Whether this kernel's worst is a new one. */
static bool raise_kernel(json_t *record, const char *kernel, const struct kernel_tally *seen,
                         uint64_t seed)
{
    const json_t *known = json_object_get(record, kernel);
    double before = json_number_value(json_object_get(known, "ratio"));
    if (seen->passed == 0 || seen->worst_ratio <= before * 1.0001)
        return false;
    printf("%s: largest error so far, %.4f of the limit (%.4f before)\n", kernel, seen->worst_ratio,
           before);
    json_object_set_new(record, kernel,
                        json_pack("{s:f, s:s, s:I}", "ratio", seen->worst_ratio, "case",
                                  seen->worst_case, "seed", (json_int_t)seed));
    return true;
}

int ratio_record_update(const char *path, const struct tally *tally,
                        const struct catalogue *catalogue, uint64_t seed, struct mla_error *error)
{
    json_t *record;
    int code = read_record(path, &record, error);
    if (code)
        return code;
    bool changed = false;
    for (int i = 0; i < tally->count; i++)
        changed |= raise_kernel(record, catalogue->names[i], &tally->kernels[i], seed);
    if (changed)
        code = write_record(path, record, error);
    json_decref(record);
    return code;
}
