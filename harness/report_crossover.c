/* SPDX-License-Identifier: MIT
 *
 * Up to how many new tokens absorbing pays, a sentence per group that shows it. */
#include "harness/crossover.h"
#include "harness/report_page.h"
#include "harness/units.h"

#include <math.h>

/* Beside the measured one, e.g. "by FLOPs up to about 158". */
static void say_by_flops(const struct crossover *crossover, char *text, unsigned long size)
{
    const struct crossing *flops = &crossover->by_flops, *measured = &crossover->measured;
    if (flops->count == 1 && measured->count == 1 &&
        flops->absorbed_at_first == measured->absorbed_at_first)
        snprintf(text, size, "by FLOPs up to about %s", unit_count(llround(flops->first)).s);
    else
        crossover_words(crossover, flops, "takes fewer FLOPs", text, size);
}

/* What `auto` loses by its choices, e.g. "; auto is ...". */
static void judge_auto(const struct crossover *crossover, char *text, unsigned long size)
{
    /* Not rounded down: it says "never more". */
    int percent = (int)ceil(100 * (crossover->auto_worst - 1));
    text[0] = 0;
    if (percent > 0)
        snprintf(text, size, "; auto is never more than %d %% slower than the fastest other",
                 percent);
    else if (isfinite(crossover->auto_worst))
        snprintf(text, size, "; auto is never slower than the fastest other");
}

void report_crossovers(struct document *doc, const struct result_table *table)
{
    bool begun = false;
    for (int i = 0; i < table->count; i++) {
        struct crossover crossover;
        char name[128], faster[160], fewer[160], judged[96];
        if (!crossover_at(table, i, &crossover))
            continue;
        crossover_case(crossover.leader, name, sizeof name);
        crossover_words(&crossover, &crossover.measured, "is faster", faster, sizeof faster);
        say_by_flops(&crossover, fewer, sizeof fewer);
        judge_auto(&crossover, judged, sizeof judged);
        if (!begun)
            doc->format->begin_list(doc);
        begun = true;
        doc_item(doc, "%s, %s: %s, measured between %s and %s%s%s%s.", crossover.leader->model,
                 name, faster, crossover.absorbed->kernel, crossover.reexpanded->kernel,
                 fewer[0] ? "; " : "", fewer, judged);
    }
    if (begun)
        doc->format->end_list(doc);
}
