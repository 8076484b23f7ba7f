/* SPDX-License-Identifier: MIT */
#include "harness/report_page.h"
#include "harness/report_runs.h"

#include <stdio.h>
#include <string.h>

/* Runs that differ in what ought to be alike for their figures to be compared. */
static void warn_of_differences(struct document *doc, const struct stored_runs *runs)
{
    static const struct {
        const char *key, *text;
    } keys[] = {
        {"suite", "the runs are of different suites."},
        {"seed", "the runs have different seeds, hence different inputs."},
        {"commit", "the runs are of different commits: kernels may differ as well as machines."},
        {"flags", "the programs were built with different flags."},
        {"accounting", "the runs count FLOPs or bytes differently; the first one's way is shown."},
    };
    for (size_t k = 0; k < sizeof keys / sizeof keys[0]; k++) {
        bool differ = false;
        const json_t *first = json_object_get(runs->items[0].table.mlabench, keys[k].key);
        for (int i = 1; i < runs->count; i++) {
            const json_t *own = json_object_get(runs->items[i].table.mlabench, keys[k].key);
            differ = differ || (own != first && !json_equal(own, first));
        }
        if (differ)
            doc->format->warning(doc, keys[k].text);
    }
}

static void warn(struct document *doc, const struct stored_run *run, const char *what)
{
    char text[256];
    snprintf(text, sizeof text, "%s: %s", run->label, what);
    doc->format->warning(doc, text);
}

static void warn_of_run(struct document *doc, const struct stored_run *run)
{
    const json_t *own = run->table.mlabench;
    if (json_array_size(run->missing) > 0)
        warn(doc, run, "shards of the suite are missing.");
    else if (json_is_true(json_object_get(own, "interrupted")))
        warn(doc, run, "the run was interrupted.");
    else if (json_is_false(json_object_get(own, "complete")))
        warn(doc, run, "the run did not complete.");
    if (json_is_true(json_object_get(own, "dirty")))
        warn(doc, run, "built from sources that differ from the commit named.");
    if (json_array_size(json_object_get(own, "failed")) > 0)
        warn(doc, run, "kernels failed verification: see the end of the page.");
}

/* The model with most rows that two runs have. */
static const char *leading_model(const struct lineup *lineup)
{
    const char *leader = "";
    int most = 0;
    for (int i = 0; i < lineup->count; i++) {
        int rows = 0;
        for (int j = 0; j < lineup->count; j++)
            rows += lineup->rows[j].runs > 1 &&
                    !strcmp(lineup->rows[j].any->model, lineup->rows[i].any->model);
        if (rows > most && !lineup->rows[i].any->baseline) {
            most = rows;
            leader = lineup->rows[i].any->model;
        }
    }
    return leader;
}

/* The leading model's in the open, the others' folded. */
static void figures(struct document *doc, const struct lineup *lineup, const struct plots *plots)
{
    char leader[sizeof plots->items->family];
    snprintf(leader, sizeof leader, "%s", leading_model(lineup));
    int others = 0;
    for (int i = 0; i < plots->count; i++) {
        bool leads = !strcmp(plots->items[i].family, leader);
        others += plots->items[i].drawn && !leads;
        if (plots->items[i].drawn && leads)
            doc->format->figure(doc, plots->items[i].name, plots->items[i].caption);
    }
    if (others == 0)
        return;
    doc->format->begin_fold(doc, "Other models");
    for (int i = 0; i < plots->count; i++)
        if (plots->items[i].drawn && strcmp(plots->items[i].family, leader) != 0)
            doc->format->figure(doc, plots->items[i].name, plots->items[i].caption);
    doc->format->end_fold(doc);
}

static void left_out(struct document *doc, const struct stored_runs *runs,
                     const struct plots *plots)
{
    doc->format->heading(doc, "What is not there");
    for (int i = 0; i < runs->count; i++) {
        char title[160];
        const json_t *own = runs->items[i].table.mlabench;
        snprintf(title, sizeof title, "%s: failed verification", runs->items[i].label);
        report_entries(doc, json_object_get(own, "failed"), "name", "reason", title);
        snprintf(title, sizeof title, "%s: skipped", runs->items[i].label);
        report_entries(doc, json_object_get(own, "skipped"), "name", "reason", title);
    }
    report_plots_missing(doc, plots);
}

static void accounting(struct document *doc, const struct stored_runs *runs)
{
    size_t i;
    json_t *sentence;
    doc->format->heading(doc, "How it is counted");
    doc->format->begin_list(doc);
    json_array_foreach(json_object_get(runs->items[0].table.mlabench, "accounting"), i, sentence)
        doc->format->item(doc, json_is_string(sentence) ? json_string_value(sentence) : "");
    doc->format->end_list(doc);
}

void report_runs_page(struct document *doc, const struct lineup *lineup, const struct plots *plots)
{
    const struct document_format *f = doc->format;
    const struct stored_runs *runs = lineup->runs;
    f->begin(doc, "Multi-head Latent Attention: runs side by side");
    f->paragraph(doc, "Every percentage is of what the run's own machine reached in that very run. "
                      "Times are those of different machines, or of different hours.");
    warn_of_differences(doc, runs);
    for (int i = 0; i < runs->count; i++)
        warn_of_run(doc, &runs->items[i]);
    f->heading(doc, "Summary");
    report_runs_summary(doc, lineup);
    f->heading(doc, "Plots");
    figures(doc, lineup, plots);
    f->heading(doc, "Every case");
    report_lineup(doc, lineup);
    f->heading(doc, "The machines");
    report_machines(doc, runs);
    f->paragraph(doc, "Ceilings that each run measured: median (least to most).");
    report_ceilings(doc, runs);
    left_out(doc, runs, plots);
    accounting(doc, runs);
    f->end(doc);
}
