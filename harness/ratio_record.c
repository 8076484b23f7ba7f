/* SPDX-License-Identifier: MIT */
#include "harness/ratio_record.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
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

static int write_record(const char *path, const json_t *record, struct mla_error *error)
{
    char temporary[1200];
    if (snprintf(temporary, sizeof temporary, "%s.part", path) >= (int)sizeof temporary)
        return mla_fail(error, MLA_BAD_INPUT, "%.200s...: the path is too long", path);
    if (json_dump_file(record, temporary, JSON_INDENT(1) | JSON_SORT_KEYS | JSON_REAL_PRECISION(4)))
        return mla_fail(error, MLA_MACHINE, "cannot write %s: %s", temporary, strerror(errno));
    if (rename(temporary, path))
        return mla_fail(error, MLA_MACHINE, "cannot rename %s to %s: %s", temporary, path,
                        strerror(errno));
    return 0;
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
