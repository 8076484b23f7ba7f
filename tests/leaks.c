/* SPDX-License-Identifier: MIT
 *
 * Criterion's runner now and then leaves an entry of its list of time-outs behind, which
 * LeakSanitizer would take for a failure of the tests. Those run in processes of their own, where
 * it looks as before. */
#include "tests/sanitized.h"

#if SANITIZED
#include <criterion/criterion.h>
#include <criterion/hooks.h>
#include <sanitizer/lsan_interface.h>

ReportHook(PRE_ALL)(struct criterion_test_set *tests)
{
    (void)tests;
    __lsan_disable();
}
#else
typedef int nothing_to_do;
#endif
