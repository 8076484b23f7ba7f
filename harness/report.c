/* SPDX-License-Identifier: MIT */
#include "harness/report.h"

#include "harness/document.h"
#include "harness/out_file.h"
#include "harness/paths.h"
#include "harness/plots.h"
#include "harness/report_page.h"
#include "harness/report_tables.h"
#include "harness/result_table.h"

#include <string.h>

static int make_folders(const char *out_folder, struct mla_error *error)
{
    static const char *const names[] = {"data", "plots", "tables"};
    int code = make_folder(out_folder, error);
    for (size_t i = 0; !code && i < sizeof names / sizeof names[0]; i++) {
        char path[PATH_LENGTH];
        if (snprintf(path, sizeof path, "%s/%s", out_folder, names[i]) >= (int)sizeof path)
            return mla_fail(error, MLA_BAD_INPUT, "the path %s is too long", out_folder);
        code = make_folder(path, error);
    }
    return code;
}

static int write_page(const struct document_format *format, const char *out_folder,
                      const struct result_table *table, const struct plots *plots,
                      const char *result_name, struct mla_error *error)
{
    struct out_file out = {0};
    int code = out_open(&out, out_folder, format->file_name, error);
    if (code)
        return code;
    struct document doc = {.file = out.file, .format = format, .folder = out_folder};
    report_page(&doc, table, plots, result_name);
    return out_close(&out, error);
}

static void note_plots(const struct plots *plots, struct report_outcome *outcome)
{
    int missing = 0;
    for (int i = plots->count - 1; i >= 0; i--)
        if (!plots->items[i].drawn) {
            missing++;
            snprintf(outcome->note, sizeof outcome->note, "%s", plots->items[i].why_not);
        }
    outcome->plotted = missing == 0;
    size_t used = strlen(outcome->note);
    if (missing > 0)
        snprintf(outcome->note + used, sizeof outcome->note - used, " (%d of %d plots not drawn)",
                 missing, plots->count);
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
    code = make_folders(out_folder, error);
    if (!code)
        code = report_tables(&table, out_folder, error);
    if (!code)
        code = plots_draw(&table, out_folder, scripts_folder, &plots, error);
    if (!code)
        note_plots(&plots, outcome);
    static const struct document_format *const formats[] = {&document_markdown, &document_html};
    const char *slash = strrchr(result_path, '/');
    for (size_t i = 0; !code && i < sizeof formats / sizeof formats[0]; i++)
        code = write_page(formats[i], out_folder, &table, &plots, slash ? slash + 1 : result_path,
                          error);
    plots_destroy(&plots);
    result_table_destroy(&table);
    return code;
}
