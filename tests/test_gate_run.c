/* SPDX-License-Identifier: MIT
 *
 * The gate as its users run it, on kernels that are what they were, slower, larger or wrong. */
#include "tests/cli.h"

#include <stdlib.h>

TestSuite(gate_run, .init = make_temporary, .fini = remove_temporary, .timeout = 120);

#define SAME  "gate -q --base #/tests/plugins/unchanged.so --head #/tests/plugins/changed.so"
#define SHORT SAME " --suite @/short.json"

/* Two kernels over one short case; others may be running beside it. */
static void set_up(const char *change)
{
    write_file("short.json",
               "{\"summary\": \"short\", \"time_limit_s\": 60, \"repetition_ms\": 0.2,"
               "\"kernel_time_limit_s\": 1, \"repetitions\": 10, \"cases\": [{"
               "\"models\": [\"tiny\"], \"cached\": [65], \"threads\": [1],"
               "\"kernels\": [\"naive\", \"absorbed\"]}]}");
    cr_assert(setenv("MLABENCH_CHANGE", change, 1) == 0);
}

Test(gate_run, the_same_raises_no_alarm)
{
    set_up("slower:0");
    EXPECT(0, SHORT, "naive", "absorbed", "0 slower, 0 faster", "0 broken");
}

Test(gate_run, much_slower_is_a_regression)
{
    set_up("slower:300");
    EXPECT(3, SHORT, "SLOWER", "2 slower", "2 regressions in 2 comparisons");
    EXPECT(3, SHORT " --kernel naive", "1 regressions in 1 comparisons");
}

/* The other way round: the old one takes longer. */
Test(gate_run, much_faster_is_none)
{
    set_up("slower:300");
    EXPECT(0,
           "gate -q --suite @/short.json --head #/tests/plugins/unchanged.so --base "
           "#/tests/plugins/changed.so",
           "faster", "0 slower, 2 faster");
}

Test(gate_run, a_larger_cache_is_a_regression)
{
    set_up("larger:64");
    EXPECT(3, SHORT, "THE CACHE GREW", "2 with a larger cache");
}

Test(gate_run, a_larger_error_is_a_regression)
{
    set_up("coarser:1e-6");
    EXPECT(3, SHORT, "THE ERROR GREW", "0 broken");
}

Test(gate_run, a_wrong_kernel_is_broken)
{
    set_up("wrong");
    EXPECT(1, SHORT, "BROKEN", "2 broken", "no longer pass verification");
}

/* An alarm that could not be confirmed is none, and the reader hears why. */
Test(gate_run, ends_in_time)
{
    set_up("slower:300");
    EXPECT(0, SHORT " --minutes 0.001", "no time to ask again", "0 slower", "2 unresolved",
           "2 of the unresolved were to be timed again", "--minutes");
    EXPECT(3, SHORT " --minutes 5", "2 slower");
    EXPECT(2, SAME " --minutes never", "--minutes", "minutes from");
}

/* What scripts read. */
Test(gate_run, json_has_all_figures)
{
    set_up("slower:300");
    EXPECT(3, SHORT " --json", "regressions");
    json_t *gate = json_loads(output, JSON_DISABLE_EOF_CHECK, NULL); /* the message comes last */
    json_t *one = json_array_get(json_object_get(gate, "comparisons"), 0);
    const char *verdict = json_string_value(json_object_get(one, "verdict"));
    cr_assert_str_eq(verdict, "SLOWER");
    json_t *change = json_object_get(one, "change"), *rounds = json_object_get(one, "log_ratios");
    double median = json_number_value(json_object_get(change, "median_pct"));
    cr_assert(median > 100 && median < 1000, "%g", median);
    cr_assert(json_array_size(json_object_get(rounds, "head")) ==
              (size_t)json_integer_value(json_object_get(change, "rounds")));
    cr_assert(json_integer_value(json_object_get(json_object_get(gate, "summary"), "slower")) == 2);
    json_decref(gate);
}

Test(gate_run, bad_usage_is_named)
{
    set_up("slower:0");
    EXPECT(2, "gate", "--base", "make check");
    EXPECT(2, "gate --base @/none.so --head #/tests/plugins/changed.so", "none.so");
    EXPECT(2, SAME " --limit many", "--limit", "many");
    EXPECT(2, SAME " --limit 0", "--limit", "0.1");
    EXPECT(2, SHORT " --kernel absorbt", "absorbt");
    EXPECT(2, SAME " --suite quikc", "quikc", "quick");
    EXPECT(2, "gate --base #/tests/plugins/wrong.so --head #/tests/plugins/changed.so",
           "both builds have");
}
