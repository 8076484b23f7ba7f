/* SPDX-License-Identifier: MIT */
#include "harness/report_files.h"

#include "harness/out_file.h"
#include "harness/paths.h"

#include <string.h>

int report_make_folders(const char *out_folder, struct mla_error *error)
{
    static const char *const names[] = {"captions", "data", "plots", "tables", "tex"};
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
                      void (*fill)(struct document *doc, const void *context), const void *context,
                      struct mla_error *error)
{
    struct out_file out = {0};
    int code = out_open(&out, out_folder, format->file_name, error);
    if (code)
        return code;
    struct document doc = {.file = out.file, .format = format, .folder = out_folder};
    fill(&doc, context);
    if (doc.failed) {
        out_discard(&out);
        return mla_fail(error, MLA_MACHINE, "no memory for the report's page");
    }
    return out_close(&out, error);
}

int report_write_pages(const char *out_folder,
                       void (*fill)(struct document *doc, const void *context), const void *context,
                       struct mla_error *error)
{
    static const struct document_format *const formats[] = {&document_markdown, &document_html};
    int code = 0;
    for (size_t i = 0; !code && i < sizeof formats / sizeof formats[0]; i++)
        code = write_page(formats[i], out_folder, fill, context, error);
    return code;
}

void report_note_plots(const struct plots *plots, struct report_outcome *outcome)
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
