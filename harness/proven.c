/* SPDX-License-Identifier: MIT */
#include "harness/proven.h"

#include "harness/build_info.h"
#include "harness/cpu.h"
#include "harness/paths.h"

#include <stdio.h>
#include <string.h>

static const char nowhere[] = "not proven";

static bool wanted(const struct suite *suite, const char *kernel)
{
    for (int i = 0; i < suite->count; i++)
        if (case_wants(&suite->cases[i], kernel))
            return true;
    return false;
}

/* Takes the reason. A text cut within a character is no JSON. */
static json_t *entry(const char *kernel, const char *where, json_int_t cases, json_t *reason)
{
    return json_pack("{s:s, s:s, s:I, s:o}", "kernel", kernel, "where", where, "cases", cases,
                     "reason", reason ? reason : json_string("its reason cannot be shown"));
}

/* NULL if proofs.json holds for this very program, else why not. Two states of changed sources may
 * differ although their commit is the same. */
static const char *refused(const struct proofs *proofs)
{
    const char *commit = json_string_value(json_object_get(proofs->found, "commit"));
    if (!proofs->found)
        return "there is no proofs.json beside the program (make test-avx512)";
    if (!commit || strcmp(commit, proofs->commit) != 0)
        return "proofs.json is of another commit";
    if (!json_is_false(json_object_get(proofs->found, "dirty")))
        return "proofs.json is of sources that differ from the commit";
    if (proofs->dirty)
        return "this program is of sources that differ from the commit";
    return NULL;
}

/* Of a kernel that cannot run here. */
static json_t *proven_elsewhere(const struct mla_kernel *kernel, const struct proofs *proofs)
{
    char lacks[64];
    cpu_lacks_isa(kernel->isa, lacks);
    const char *why_not = refused(proofs);
    const json_t *proof = json_object_get(json_object_get(proofs->found, "kernels"), kernel->name);
    const char *where = json_string_value(json_object_get(proof, "where"));
    json_int_t cases = json_integer_value(json_object_get(proof, "cases"));
    if (!why_not && (!where || cases < 1))
        why_not = "proofs.json does not name it";
    if (why_not)
        return entry(kernel->name, nowhere, 0, json_sprintf("%s; %s", lacks, why_not));
    return entry(kernel->name, where, cases, json_sprintf("%s; by make test-avx512", lacks));
}

static json_t *proven_one(const struct mla_kernel *kernel, const struct kernel_tally *k,
                          const struct proofs *proofs)
{
    if (k->failed)
        return entry(
            kernel->name, nowhere, 0,
            json_sprintf("failed %d of %d verifications", k->failed, k->failed + k->passed));
    if (k->passed)
        return entry(kernel->name, "natively", k->passed, json_string("by this run"));
    if (!cpu_has_isa(kernel->isa))
        return proven_elsewhere(kernel, proofs);
    return entry(kernel->name, nowhere, 0,
                 json_string(k->skipped ? k->reason : "no case is of its kind"));
}

json_t *proven_list(const struct suite *suite, const struct catalogue *catalogue,
                    const struct tally *tally, const struct proofs *proofs)
{
    json_t *list = json_array();
    for (int i = 0; i < catalogue->count; i++)
        if (wanted(suite, catalogue->names[i]))
            json_array_append_new(list,
                                  proven_one(catalogue->kernels[i], &tally->kernels[i], proofs));
    return list;
}

json_t *proven_by_program(const struct suite *suite, const struct catalogue *catalogue,
                          const struct tally *tally)
{
    char path[PATH_LENGTH];
    json_t *found = path_beside_program(path, "proofs.json") ? json_load_file(path, 0, NULL) : NULL;
    const struct proofs proofs = {found, build_commit, build_dirty};
    json_t *list = proven_list(suite, catalogue, tally, &proofs);
    json_decref(found);
    return list;
}
