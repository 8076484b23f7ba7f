/* SPDX-License-Identifier: MIT */
#include "harness/report.h"

#include "harness/plots.h"
#include "harness/report_claims_tables.h"
#include "harness/report_files.h"
#include "harness/report_page.h"
#include "harness/report_tables.h"
#include "harness/report_tex.h"
#include "harness/result_table.h"

#include <string.h>

struct content {
    const struct result_table *table;
    const struct plots *plots;
    const char *result_name;
};

static void fill(struct document *doc, const void *context)
{
    const struct content *content = context;
    report_page(doc, content->table, content->plots, content->result_name);
}

int report_write(const char *result_path, const char *out_folder, const char *scripts_folder,
                 struct report_outcome *outcome, struct mla_error *error)
{
    *outcome = (struct report_outcome){0};
    struct result_table table;
    struct plots plots = {0};
    int code = result_table_read(result_path, &table, error);
    if (code)
        return code;
    code = report_make_folders(out_folder, error);
    if (!code)
        code = report_tables(&table, out_folder, error);
    if (!code)
        code = report_claims_tables(&table, out_folder, error);
    if (!code)
        code = plots_draw(&table, out_folder, scripts_folder, &plots, error);
    if (!code)
        report_note_plots(&plots, outcome);
    if (!code)
        code = report_tex(&table, &plots, out_folder, error);
    const char *slash = strrchr(result_path, '/');
    const struct content content = {&table, &plots, slash ? slash + 1 : result_path};
    if (!code)
        code = report_write_pages(out_folder, fill, &content, error);
    plots_destroy(&plots);
    result_table_destroy(&table);
    return code;
}
