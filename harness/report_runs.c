/* SPDX-License-Identifier: MIT */
#include "harness/report_runs.h"

#include "harness/csv.h"
#include "harness/out_file.h"
#include "harness/report_files.h"

struct content {
    const struct lineup *lineup;
    const struct plots *plots;
};

static void fill(struct document *doc, const void *context)
{
    const struct content *content = context;
    report_runs_page(doc, content->lineup, content->plots);
}

static void write_row(FILE *file, const struct stored_run *run, const struct result_row *row)
{
    text_cell(file, run->label);
    text_cell(file, result_text(run->table.context, "host_name"));
    count_cell(file, result_count(run->table.context, "num_cpus"));
    case_cells(file, row);
    text_cell(file, row->isa);
    const double numbers[] = {
        row->ns.min,
        row->ns.q1,
        row->ns.median,
        row->ns.q3,
        row->ns.max,
        result_spread(row, NULL, "fma_peak_gflops").median,
        row->pct_fma_peak.median,
        row->core_pct_fma_peak.median,
        row->pct_read_bandwidth.median,
        row->error.ratio,
        row->error.limit,
    };
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        number_cell(file, numbers[i]);
    count_cell(file, row->kv_cache.allocated);
    last_count(file, row->count);
}

/* Every kernel and case of every run, in the runs' own order. */
static int write_table(const struct stored_runs *runs, const char *out_folder,
                       struct mla_error *error)
{
    struct out_file out = {0};
    int code = out_open(&out, out_folder, "tables/runs.csv", error);
    if (code)
        return code;
    fputs("run,host,cpus," CASE_COLUMNS
          "isa,min_ns,q1_ns,median_ns,q3_ns,max_ns,fma_peak_gflops,pct_fma_peak,core_pct_fma_peak,"
          "pct_read_bandwidth,error_ratio,error_limit,kv_allocated,repetitions\r\n",
          out.file);
    for (int i = 0; i < runs->count; i++)
        for (int r = 0; r < runs->items[i].table.count; r++)
            write_row(out.file, &runs->items[i], &runs->items[i].table.rows[r]);
    return out_close(&out, error);
}

int report_runs_write(const struct stored_runs *runs, const char *out_folder,
                      const char *scripts_folder, struct report_outcome *outcome,
                      struct mla_error *error)
{
    *outcome = (struct report_outcome){0};
    struct lineup lineup;
    struct plots plots = {0};
    int code = lineup_create(runs, &lineup, error);
    if (code)
        return code;
    code = report_make_folders(out_folder, error);
    if (!code)
        code = write_table(runs, out_folder, error);
    if (!code)
        code = plots_draw_lineup(&lineup, out_folder, scripts_folder, &plots, error);
    if (!code)
        report_note_plots(&plots, outcome);
    const struct content content = {&lineup, &plots};
    if (!code)
        code = report_write_pages(out_folder, fill, &content, error);
    plots_destroy(&plots);
    lineup_destroy(&lineup);
    return code;
}
