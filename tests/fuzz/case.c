/* SPDX-License-Identifier: MIT
 *
 * The case.json of `verify --replay`. What was read can be saved again. */
#include "harness/case_file.h"
#include "tests/fuzz/target.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct mla_error error = {""};
    struct suite suite;
    uint64_t seed;
    int code = suite_replay(target_folder(CASE_FILE_NAME, data, size), NULL, &suite, &seed, &error);
    target_explained(code, &error);
    if (code)
        return 0;
    json_t *root = json_object();
    if (case_file_fill(root, &suite.cases[0], seed, suite.cases[0].kernels,
                       suite.kernel_time_limit_s, &error))
        target_fail("a case that cannot be saved: %s", error.message);
    json_decref(root);
    suite_free(&suite);
    return 0;
}
