/* SPDX-License-Identifier: MIT
 *
 * The table of every kernel in every case. */
#include "harness/report_page.h"
#include "harness/units.h"

void report_cases(struct document *doc, const struct result_table *table)
{
    static const char align[] = "lllrrrrrrrrrr";
    const struct document_format *f = doc->format;
    f->heading(doc, "Every case");
    f->paragraph(doc, "Times are of one step, all sequences together. MAD: median absolute "
                      "deviation of the repetitions. Error: worst of o, in units of the limit.");
    f->begin_table(doc, align,
                   (const char *const[]){"model", "case", "kernel", "median", "MAD", "min", "reps",
                                         "per new token", "of FMA peak", "core alone",
                                         "of DRAM read", "error / limit", "KV cache"});
    for (int i = 0; i < table->count; i++) {
        const struct result_row *row = &table->rows[i];
        char text[256];
        report_case(row, text, sizeof text);
        f->row(doc, align,
               (const char *const[]){row->model, text, row->kernel, unit_time(row->ns.median).s,
                                     unit_time(row->ns.mad).s, unit_time(row->ns.min).s,
                                     unit_count(row->ns.n).s,
                                     unit_time(row->ns.median / result_tokens(row)).s,
                                     unit_percent(row->pct_fma_peak.median).s,
                                     unit_percent(row->core_pct_fma_peak.median).s,
                                     unit_percent(row->pct_read_bandwidth.median).s,
                                     unit_number(row->error.ratio / row->error.limit, 2).s,
                                     unit_bytes((double)row->kv_cache.allocated).s});
    }
    f->end_table(doc);
    static const struct {
        const char *path, *text;
    } files[] = {
        {"tables/cases.csv", "this table, with every figure"},
        {"tables/repetitions.csv", "every repetition"},
        {"tables/kv_cache.csv", "cache bytes predicted, allocated and touched"},
        {"tables/counters.csv", "event counters and what is derived from them, medians"},
    };
    f->begin_list(doc);
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++)
        f->file_item(doc, files[i].path, files[i].text);
    f->end_list(doc);
}
