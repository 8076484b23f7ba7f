/* SPDX-License-Identifier: MIT
 *
 * The program on a machine whose counters are known (tests/plugins/papi.c): which events count, in
 * how many passes, over which threads, and what is made of them. */
#include "harness/counters.h"
#include "tests/cli.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#if __has_include(<papi.h>)
#include <papi.h>
#endif

/* The program loads PAPI by the name of the version that it was built for. */
static void replace_papi(void)
{
    make_temporary();
#ifdef PAPI_VERSION
    char library[512], link[128];
    const char *end = strrchr(program(), '/');
    snprintf(library, sizeof library, "%.*s/tests/plugins/papi.so", (int)(end - program()),
             program());
    char *absolute = realpath(library, NULL);
    cr_assert(absolute, "no %s", library);
    snprintf(link, sizeof link, "%s/libpapi.so.%d.%d", folder, PAPI_VERSION_MAJOR(PAPI_VERSION),
             PAPI_VERSION_MINOR(PAPI_VERSION));
    cr_assert(symlink(absolute, link) == 0, "%s", link);
    free(absolute);
    setenv("LD_LIBRARY_PATH", folder, 1);
#else
    cr_skip("built without PAPI's header");
#endif
}

TestSuite(papi, .init = replace_papi, .fini = remove_temporary, .timeout = 120);

static const json_t *find(const json_t *list, const char *name)
{
    size_t i;
    json_t *entry;
    json_array_foreach(list, i, entry)
    {
        const char *own = json_string_value(json_object_get(entry, "name"));
        if (own && strcmp(own, name) == 0)
            return entry;
    }
    return NULL;
}

Test(papi, an_event_that_does_not_start_is_not_available)
{
    EXPECT(0, "list counters --json", "\"counters\"");
    json_t *lists = json_loads(output, 0, NULL);
    const json_t *list = json_object_get(lists, "counters");
    cr_assert(json_is_true(json_object_get(find(list, "PAPI_TOT_CYC"), "available")), "%s", output);
    cr_assert(json_is_true(json_object_get(find(list, "PAPI_BR_MSP"), "available")), "%s", output);
    const json_t *broken = find(list, "PAPI_L3_TCM");
    cr_assert(json_is_false(json_object_get(broken, "available")), "%s", output);
    cr_assert(strstr(json_string_value(json_object_get(broken, "reason")), "it broke"), "%s",
              output);
    json_decref(lists);
}

Test(papi, energy_is_counted_where_there_is_a_counter_for_it)
{
    EXPECT(0, "list counters", "rapl:::PACKAGE_ENERGY:PACKAGE0 counts",
           "rapl:::PACKAGE_ENERGY:PACKAGE1 counts");
    cr_assert(!strstr(output, "PACKAGE2") && !strstr(output, "\n  energy"), "%s", output);
    unsetenv("LD_LIBRARY_PATH");
    EXPECT(0, "list counters", "counters");
    cr_assert(strstr(output, "rapl: ") || strstr(output, "ENERGY"), "%s", output);
}

static int64_t count_of(const json_t *entry, const char *counter)
{
    const json_t *value = json_object_get(json_object_get(entry, "counters"), counter);
    return json_is_integer(value) ? json_integer_value(value) : -1;
}

/* Two counters and four events: CYC and INS, then L1_DCM and BR_MSP. */
static void check_entry(const json_t *entry)
{
    bool second = json_integer_value(json_object_get(entry, "round")) % 2;
    const json_t *missing = json_object_get(entry, "counters_missing");
    const json_t *derived = json_object_get(entry, "derived");
    cr_assert(count_of(entry, "PAPI_TOT_CYC") == (second ? -1 : 2000));
    cr_assert(count_of(entry, "PAPI_TOT_INS") == (second ? -1 : 6000));
    cr_assert(count_of(entry, "PAPI_L1_DCM") == (second ? 140 : -1));
    cr_assert(count_of(entry, "PAPI_BR_MSP") == (second ? 0 : -1));
    const char *why =
        json_string_value(json_object_get(missing, second ? "PAPI_TOT_CYC" : "PAPI_BR_MSP"));
    cr_assert(why && strstr(why, second ? "pass 1 of 2" : "pass 2 of 2"), "%s", why);
    cr_assert(count_of(entry, "PAPI_L3_TCM") == -1 && json_object_get(missing, "PAPI_L3_TCM"));
    /* The machine's, whatever the threads. */
    cr_assert(count_of(entry, "rapl:::PACKAGE_ENERGY:PACKAGE0") == (second ? -1 : 50));
    cr_assert(count_of(entry, "rapl:::PACKAGE_ENERGY:PACKAGE1") == (second ? -1 : 60));
    cr_assert(second ? json_is_null(json_object_get(derived, "ipc"))
                     : json_number_value(json_object_get(derived, "ipc")) == 3);
    double steps = json_number_value(json_object_get(entry, "iterations"));
    double misses = json_number_value(json_object_get(derived, "l1_misses_per_token"));
    cr_assert(!second || fabs(misses * steps / 140 - 1) < 1e-9, "%g misses per token, %g steps",
              misses, steps);
}

Test(papi, a_run_counts_over_threads_in_passes_without_multiplexing)
{
    EXPECT(0, "run -q --model tiny --cached 64 --threads 2 --kernel absorbed,naive --out @",
           "suspect: PAPI_BR_MSP read 0 in all of 10 repetitions");
    json_t *result = load("result.json"), *entry;
    size_t i;
    cr_assert(json_array_size(json_object_get(result, "benchmarks")) == 20);
    json_array_foreach(json_object_get(result, "benchmarks"), i, entry) check_entry(entry);
    const json_t *own = json_object_get(json_object_get(result, "context"), "mlabench");
    const json_t *suspects = json_object_get(own, "counters_suspect");
    cr_assert(json_array_size(suspects) == 1 && find(suspects, "PAPI_BR_MSP"));
    json_decref(result);
}
