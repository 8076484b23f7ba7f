/* SPDX-License-Identifier: MIT
 *
 * A suite file, its cases' names, and the same cases cold. */
#include "harness/suite.h"
#include "tests/fuzz/target.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct mla_error error = {""};
    struct suite suite;
    char name[CASE_NAME_MAX];
    target_folder("suite.json", data, size);
    int code = suite_read("configs", target_path(), 2, &suite, &error);
    target_explained(code, &error);
    if (code)
        return 0;
    for (int i = 0; i < suite.count; i++) {
        case_name(&suite.cases[i], name);
        if (strlen(name) + 1 == sizeof name)
            target_fail("a case's name is cut off: %s", name);
        case_wants(&suite.cases[i], "absorbed");
    }
    code = suite_add_cold(&suite, &error);
    if (code && code != MLA_BAD_INPUT)
        target_fail("code %d, %s", code, error.message);
    suite_free(&suite);
    return 0;
}
