/* SPDX-License-Identifier: MIT */
#include "harness/report_page.h"

#include "harness/units.h"

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
    };
    for (size_t i = 0; i < sizeof table_of / sizeof table_of[0]; i++)
        if (table_of[i].holds)
            doc->format->warning(doc, table_of[i].text);
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
    report_findings(doc, table);
    if (table->count > 0) {
        report_plots(doc, table, plots);
        report_cases(doc, table);
    }
    report_run(doc, table);
    report_left_out(doc, table, plots);
    f->end(doc);
}
