/* SPDX-License-Identifier: MIT */
#include "harness/report_page.h"

#include "harness/units.h"

/* Where this is not the whole suite. */
static void warn_of_shards(struct document *doc, const struct result_table *table)
{
    char text[256];
    const json_t *shard = json_object_get(table->mlabench, "shard");
    size_t there = json_array_size(json_object_get(table->mlabench, "shards"));
    size_t missing = json_array_size(json_object_get(table->mlabench, "missing_shards"));
    snprintf(text, sizeof text, "this is shard %s of %s: the other cases are not here.",
             unit_count(result_count(shard, "index")).s,
             unit_count(result_count(shard, "count")).s);
    if (json_is_object(shard))
        doc->format->warning(doc, text);
    snprintf(text, sizeof text,
             "%zu of the suite's %zu shards are missing; their cases are among those skipped, at "
             "the end of the page.",
             missing, missing + there);
    if (missing > 0)
        doc->format->warning(doc, text);
}

/* What must not be missed by who reads only the top. */
static void warnings(struct document *doc, const struct result_table *table)
{
    const struct {
        bool holds;
        const char *text;
    } table_of[] = {
        {json_is_true(json_object_get(table->mlabench, "interrupted")),
         "the run was interrupted; these are the figures it had by then."},
        {json_is_false(json_object_get(table->mlabench, "complete")) &&
             !json_is_true(json_object_get(table->mlabench, "interrupted")),
         "the run did not complete; these are the figures it had by then."},
        {json_is_true(json_object_get(table->mlabench, "dirty")),
         "built from sources that differ from the commit named."},
        {json_array_size(json_object_get(table->mlabench, "failed")) > 0,
         "kernels failed verification: see the end of the page. They were not timed."},
        {json_array_size(json_object_get(table->mlabench, "counters_suspect")) > 0,
         "event counters read 0 throughout and are suspect: see the end of the page."},
    };
    for (size_t i = 0; i < sizeof table_of / sizeof table_of[0]; i++)
        if (table_of[i].holds)
            doc->format->warning(doc, table_of[i].text);
    warn_of_shards(doc, table);
}

void report_page(struct document *doc, const struct result_table *table, const struct plots *plots,
                 const char *result_name)
{
    const struct document_format *f = doc->format;
    f->begin(doc, "Multi-head Latent Attention: benchmark report");
    doc_paragraph(doc, "%s, %s CPUs, %s. Suite %s, mlabench %s (%s). Made from %s alone.",
                  result_text(table->mlabench, "cpu"),
                  unit_count(result_count(table->context, "num_cpus")).s,
                  result_text(table->context, "date"), result_text(table->mlabench, "suite"),
                  result_text(table->mlabench, "version"), result_text(table->mlabench, "commit"),
                  result_name);
    warnings(doc, table);
    report_summary(doc, table);
    report_claims(doc, table);
    if (table->count > 0) {
        report_findings(doc, table);
        report_plots(doc, table, plots);
        report_trade(doc, table);
        report_cases(doc, table);
        report_counters(doc, table);
    }
    report_run(doc, table);
    report_left_out(doc, table, plots);
    f->end(doc);
}
