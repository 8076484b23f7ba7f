/* SPDX-License-Identifier: MIT */
#include "harness/gate_tally.h"

#include "harness/gate_report.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct place {
    struct tally *tally;
    int kernel;
    const char *case_name;
};

__attribute__((format(printf, 3, 4))) static void fail(const struct place *place, const char *check,
                                                       const char *format, ...)
{
    char reason[400];
    va_list list;
    va_start(list, format);
    vsnprintf(reason, sizeof reason, format, list);
    va_end(list);
    tally_fail(place->tally, place->kernel, place->case_name,
               &(struct failure){.check = check, .reason = reason});
}

static void tally_timed(const struct gate_comparison *one, const struct place *place)
{
    const struct gate_finding *f = &one->finding;
    bool slower = one->verdict == GATE_SLOWER;
    if (slower)
        fail(place, "time", "slower by %.2f %% (%.2f to %.2f)", gate_percent(f->head.median),
             gate_percent(fmin(f->head.low, f->low)), gate_percent(fmax(f->head.high, f->high)));
    if (gate_cache_grew(one))
        fail(place, "cache bytes", "%lld instead of %lld", (long long)one->head.cache_bytes,
             (long long)one->base.cache_bytes);
    if (gate_error_grew(one))
        fail(place, "error", "%.3f of the limit instead of %.3f", one->head.error, one->base.error);
    if (slower || gate_cache_grew(one) || gate_error_grew(one))
        return;
    if (one->verdict == GATE_UNRESOLVED)
        tally_skip(place->tally, place->kernel, place->case_name, gate_reason(one));
    else
        tally_pass(place->tally, place->kernel, place->case_name, one->head.error, 0);
}

static void tally_one(const struct gate_comparison *one, const struct place *place)
{
    if (gate_broken(one))
        fail(place, "verification", "%s", one->head.reason);
    else if (!one->base.passed)
        tally_skip(place->tally, place->kernel, place->case_name, one->base.reason);
    else
        tally_timed(one, place);
}

void gate_tally(const struct gate_run *run, struct tally *tally)
{
    const struct catalogue *head = &run->libraries->head;
    for (int i = 0; i < run->count; i++)
        for (int kernel = 0; kernel < head->count; kernel++)
            if (strcmp(head->names[kernel], run->comparisons[i].kernel) == 0)
                tally_one(&run->comparisons[i],
                          &(struct place){tally, kernel, run->comparisons[i].case_name});
}
