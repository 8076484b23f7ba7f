/* SPDX-License-Identifier: MIT
 *
 * The machine, what it can do at most, and how things are counted. */
#include "harness/machine.h"
#include "harness/report_page.h"
#include "harness/units.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void machine_row(struct document *doc, const char *what, const char *value)
{
    doc->format->row(doc, "ll", (const char *const[]){what, value[0] ? value : "not known"});
}

static void machine(struct document *doc, const struct result_table *table)
{
    static const struct {
        const char *what, *key;
        bool of_context; /* else of context.mlabench */
    } texts[] = {
        {"CPU", "cpu", false},
        {"host", "host_name", true},
        {"best instruction set", "isa", false},
        {"frequency governor", "governor", false},
        {"mlabench", "version", false},
        {"commit", "commit", false},
        {"compiler", "compiler", false},
        {"flags", "flags", false},
        {"BLAS", "blas", false},
        {"suite", "suite", false},
        {"command", "command_line", false},
        {"started", "started", false},
        {"finished", "finished", false},
    };
    static const char *const memory[] = {"pinning", "huge_pages", "numa"};
    const struct document_format *f = doc->format;
    char text[256];
    f->begin_table(doc, "ll", (const char *const[]){"machine and run", ""});
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        machine_row(
            doc, texts[i].what,
            result_text(texts[i].of_context ? table->context : table->mlabench, texts[i].key));
    machine_row(doc, "CPUs", unit_count(result_count(table->context, "num_cpus")).s);
    machine_row(doc, "MHz", unit_number(result_number(table->context, "mhz_per_cpu"), 5).s);
    machine_caches(json_object_get(table->context, "caches"), text, sizeof text);
    machine_row(doc, "caches", text);
    machine_row(doc, "seed", unit_number(result_number(table->mlabench, "seed"), 15).s);
    for (size_t i = 0; i < sizeof memory / sizeof memory[0]; i++)
        machine_row(doc, memory[i],
                    result_text(json_object_get(table->mlabench, "memory"), memory[i]));
    f->end_table(doc);
}

void report_ceiling(const json_t *ceiling, const char *unit, char *text, unsigned long size)
{
    double median = result_number(ceiling, "median");
    if (isfinite(median))
        snprintf(text, size, "%s %s (%s to %s)", unit_number(median, 3).s, unit,
                 unit_number(result_number(ceiling, "min"), 3).s,
                 unit_number(result_number(ceiling, "max"), 3).s);
    else
        snprintf(text, size, "%.120s",
                 result_text(ceiling, "missing")[0] ? result_text(ceiling, "missing") : "-");
}

static void ceilings(struct document *doc, const struct result_table *table)
{
    static const char align[] = "rrrrrr";
    static const char *const levels[] = {"L1", "L2", "L3", "DRAM"};
    const struct document_format *f = doc->format;
    const json_t *bandwidth = json_object_get(table->mlabench, "read_bandwidth_gbs");
    json_t *peaks = json_object_get(table->mlabench, "fma_peak_gflops"), *peak;
    const char *threads;
    if (json_object_size(peaks) == 0) {
        f->paragraph(doc, "No ceilings were measured, so there are no percentages.");
        return;
    }
    f->paragraph(doc, "Ceilings measured in this run: median (least to most).");
    f->begin_table(doc, align,
                   (const char *const[]){"threads", "fp32 FMA peak", "L1 read", "L2 read",
                                         "L3 read", "DRAM read"});
    json_object_foreach(peaks, threads, peak)
    {
        char cells[5][192];
        report_ceiling(peak, "GFLOP/s", cells[0], sizeof cells[0]);
        for (int i = 0; i < 4; i++)
            report_ceiling(json_object_get(json_object_get(bandwidth, threads), levels[i]), "GB/s",
                           cells[i + 1], sizeof cells[0]);
        f->row(doc, align,
               (const char *const[]){threads, cells[0], cells[1], cells[2], cells[3], cells[4]});
    }
    f->end_table(doc);
}

/* Whether neighbours or other programs took time while kernels were measured. */
static void noise(struct document *doc, const struct result_table *table)
{
    int disturbed = 0, repetitions = 0;
    for (int i = 0; i < table->count; i++)
        for (int n = 0; n < table->rows[i].count; n++) {
            const json_t *noise = json_object_get(table->rows[i].repetitions[n], "noise");
            repetitions++;
            disturbed += result_number(noise, "steal_ms") > 0;
        }
    doc_paragraph(
        doc,
        "In %s of %s repetitions the hypervisor took CPU time away (steal). Load average "
        "at the start: %s.",
        unit_count(disturbed).s, unit_count(repetitions).s,
        unit_number(
            json_number_value(json_array_get(json_object_get(table->context, "load_avg"), 0)), 3)
            .s);
}

/* What measuring itself took of the times. */
static void timer(struct document *doc, const struct result_table *table)
{
    double share = 0;
    for (int i = 0; i < table->count; i++) {
        struct spread ns = result_spread(&table->rows[i], NULL, "timer_ns");
        if (ns.n > 0)
            share = fmax(share, ns.median / (table->rows[i].ns.median + ns.median));
    }
    if (share > 0)
        doc_paragraph(doc,
                      "Reading the clock, of each stage too, took %s of a step at most, which is "
                      "taken off its time (not off its stages').",
                      unit_percent(100 * share).s);
}

static bool same_proof(const json_t *a, const json_t *b)
{
    return strcmp(result_text(a, "where"), result_text(b, "where")) == 0 &&
           strcmp(result_text(a, "reason"), result_text(b, "reason")) == 0;
}

/* A row for the entry and those after it that say the same; none if one before it does. */
static void proof_row(struct document *doc, const json_t *list, size_t first)
{
    const json_t *entry = json_array_get(list, first), *other;
    for (size_t i = 0; i < first; i++)
        if (same_proof(json_array_get(list, i), entry))
            return;
    char *kernels = NULL;
    size_t size;
    FILE *names = open_memstream(&kernels, &size);
    if (!names)
        return;
    for (size_t i = first; (other = json_array_get(list, i)); i++)
        if (same_proof(other, entry))
            fprintf(names, "%s%s", i > first ? ", " : "", result_text(other, "kernel"));
    if (fclose(names) == 0)
        doc->format->row(doc, "lll",
                         (const char *const[]){result_text(entry, "where"), kernels,
                                               result_text(entry, "reason")});
    free(kernels);
}

/* Whoever relies on a kernel should know which processor it was found right on. */
static void proofs(struct document *doc, const struct result_table *table)
{
    const json_t *list = json_object_get(table->mlabench, "proven");
    if (json_array_size(list) == 0)
        return;
    doc->format->paragraph(doc, "Where kernels were proven, that is verified without a failure:");
    doc->format->begin_table(doc, "lll",
                             (const char *const[]){"proven", "kernels", "how or why not"});
    for (size_t i = 0; i < json_array_size(list); i++)
        proof_row(doc, list, i);
    doc->format->end_table(doc);
}

void report_run(struct document *doc, const struct result_table *table)
{
    const struct document_format *f = doc->format;
    f->heading(doc, "The machine");
    machine(doc, table);
    ceilings(doc, table);
    noise(doc, table);
    timer(doc, table);
    proofs(doc, table);
    f->heading(doc, "How it is counted");
    f->begin_list(doc);
    size_t i;
    json_t *sentence;
    json_array_foreach(json_object_get(table->mlabench, "accounting"), i, sentence)
        f->item(doc, json_is_string(sentence) ? json_string_value(sentence) : "");
    f->end_list(doc);
}
