/* SPDX-License-Identifier: MIT
 *
 * Speed, error and bytes side by side, for the case of each model that shows the most. */
#include "harness/report_page.h"
#include "harness/trade.h"
#include "harness/units.h"

#include <string.h>

/* Of the rows that go with the leader the fastest after `last`. */
static const struct result_row *next_slower(const struct result_table *table,
                                            const struct result_row *leader,
                                            const struct result_row *last)
{
    const struct result_row *next = NULL;
    for (int i = 0; i < table->count; i++) {
        const struct result_row *row = &table->rows[i];
        bool later = !last || row->ns.median > last->ns.median ||
                     (row->ns.median == last->ns.median && row > last);
        if (trade_together(row, leader) && later && (!next || row->ns.median < next->ns.median))
            next = row;
    }
    return next;
}

static void family_table(struct document *doc, const struct result_table *table,
                         const struct result_row *leader)
{
    static const char align[] = "llrrrrrl";
    const struct document_format *f = doc->format;
    char title[160];
    struct result_row any = *leader;
    any.format = "by format";
    snprintf(title, sizeof title, "%s, ", leader->family);
    size_t used = strlen(title);
    report_case(&any, title + used, sizeof title - used);
    f->paragraph(doc, title);
    f->begin_table(doc, align,
                   (const char *const[]){"kernel", "format", "per new token", "error",
                                         "of the format", "of arithmetic", "bytes per token",
                                         "no other better in all three"});
    for (const struct result_row *row = NULL; (row = next_slower(table, leader, row));)
        f->row(doc, align,
               (const char *const[]){
                   row->kernel, row->format, unit_time(row->ns.median / result_tokens(row)).s,
                   unit_number(row->error.total_rms_rel, 2).s,
                   unit_number(row->error.format_rms_rel, 2).s,
                   unit_number(row->error.rms_rel, 2).s, unit_count(row->kv_cache.per_token).s,
                   trade_beaten(table, row) ? "" : "yes"});
    f->end_table(doc);
}

void report_trade(struct document *doc, const struct result_table *table)
{
    bool begun = false;
    for (int i = 0; i < table->count; i++) {
        int first = 0;
        while (strcmp(table->rows[first].family, table->rows[i].family))
            first++;
        const struct result_row *leader =
            first == i ? trade_leader(table, table->rows[i].family) : NULL;
        if (!leader)
            continue;
        if (!begun) {
            doc->format->heading(doc, "Speed, error and bytes");
            doc_paragraph(doc,
                          "Errors are of o, root mean square, relative: against exact attention "
                          "over the true rows; the format's part of it (exact attention over what "
                          "the cache kept); and the kernel's own against that. Errors within a "
                          "factor of %g count as equal. Inputs are normally distributed: with "
                          "outliers, formats that have one scale for many columns lose more.",
                          TRADE_SAME_ERROR);
        }
        begun = true;
        family_table(doc, table, leader);
    }
    if (!begun)
        return;
    doc->format->begin_list(doc);
    doc->format->file_item(doc, "tables/trade.csv", "the same of every case");
    doc->format->end_list(doc);
}
