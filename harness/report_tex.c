/* SPDX-License-Identifier: MIT */
#include "harness/report_tex.h"

#include "harness/machine.h"
#include "harness/out_file.h"
#include "harness/tex.h"
#include "harness/tex_table.h"
#include "harness/units.h"

#include <math.h>
#include <string.h>

enum { PRINTED_ROWS = 300 /* of a plot's table: more are in its files alone */ };

static void define(FILE *file, const char *command, const char *text)
{
    fprintf(file, "\\newcommand{\\%s}{", command);
    tex_text(file, text[0] ? text : "not known");
    fputs("}\n", file);
}

static int distinct(const struct result_table *table, const char *(*of)(const struct result_row *))
{
    int count = 0;
    for (int i = 0; i < table->count; i++) {
        int first = 0;
        while (strcmp(of(&table->rows[first]), of(&table->rows[i])) != 0)
            first++;
        count += first == i;
    }
    return count;
}

static const char *kernel_of(const struct result_row *row)
{
    return row->kernel;
}

static const char *model_of(const struct result_row *row)
{
    return row->model;
}

static void write_run(FILE *file, const struct result_table *table, const struct plots *plots)
{
    const json_t *verified = json_object_get(table->mlabench, "verified");
    int repetitions = 0;
    (void)plots;
    for (int i = 0; i < table->count; i++)
        repetitions += table->rows[i].count;
    define(file, "RunSuite", result_text(table->mlabench, "suite"));
    define(file, "RunCommit", result_text(table->mlabench, "commit"));
    define(file, "RunVersion", result_text(table->mlabench, "version"));
    define(file, "RunCpu", result_text(table->mlabench, "cpu"));
    define(file, "RunCpus", unit_count(result_count(table->context, "num_cpus")).s);
    define(file, "RunStarted", result_text(table->mlabench, "started"));
    define(file, "RunFinished", result_text(table->mlabench, "finished"));
    define(file, "RunKernels", unit_count(distinct(table, kernel_of)).s);
    define(file, "RunModels", unit_count(distinct(table, model_of)).s);
    define(file, "RunTimed", unit_count(table->count).s);
    define(file, "RunRepetitions", unit_count(repetitions).s);
    define(file, "RunVerified", unit_count(result_count(verified, "passed")).s);
    define(file, "RunFailed", unit_count(result_count(verified, "failed")).s);
}

static void machine_row(FILE *file, const char *what, const char *value)
{
    tex_text(file, what);
    fputs(" & ", file);
    tex_text(file, value[0] ? value : "not known");
    fputs(" \\\\\n", file);
}

static void write_machine(FILE *file, const struct result_table *table, const struct plots *plots)
{
    static const char *const texts[][2] = {
        {"best instruction set", "isa"},
        {"frequency governor", "governor"},
        {"compiler", "compiler"},
        {"flags", "flags"},
        {"BLAS", "blas"},
        {"commit", "commit"},
        {"suite", "suite"},
        {"command", "command_line"},
        {"started", "started"},
        {"finished", "finished"},
    };
    static const char *const memory[] = {"pinning", "huge_pages", "numa"};
    char text[256];
    (void)plots;
    fputs("% A tabular, as wide as the column; needs the packages booktabs and array.\n"
          "\\begin{tabular}{@{}>{\\raggedright}p{0.26\\columnwidth}"
          ">{\\raggedright\\arraybackslash}p{\\dimexpr0.74\\columnwidth-2\\tabcolsep\\relax}@{}}"
          "\n\\toprule\n",
          file);
    snprintf(text, sizeof text, "%s, %s CPUs", result_text(table->mlabench, "cpu"),
             unit_count(result_count(table->context, "num_cpus")).s);
    machine_row(file, "processor", text);
    machine_caches(json_object_get(table->context, "caches"), text, sizeof text);
    machine_row(file, "caches", text);
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        machine_row(file, texts[i][0], result_text(table->mlabench, texts[i][1]));
    machine_row(file, "seed", unit_number(result_number(table->mlabench, "seed"), 15).s);
    for (size_t i = 0; i < sizeof memory / sizeof memory[0]; i++) {
        snprintf(text, sizeof text, "%s", memory[i]);
        for (char *underscore = text; (underscore = strchr(underscore, '_'));)
            *underscore = ' ';
        machine_row(file, text, result_text(json_object_get(table->mlabench, "memory"), memory[i]));
    }
    fputs("\\bottomrule\n\\end{tabular}\n", file);
}

static void ceiling_cell(FILE *file, const json_t *ceiling)
{
    char median[48], least[48], most[48], text[160] = "–";
    tex_number(median, sizeof median, result_number(ceiling, "median"));
    tex_number(least, sizeof least, result_number(ceiling, "min"));
    tex_number(most, sizeof most, result_number(ceiling, "max"));
    if (isfinite(result_number(ceiling, "median")))
        snprintf(text, sizeof text, "%s (%s–%s)", median, least, most);
    fputs(" & ", file);
    tex_text(file, text);
}

/* A line per ceiling, a column per number of threads, of which a column of text holds three. */
static void write_ceilings(FILE *file, const struct result_table *table, const struct plots *plots)
{
    enum { MOST = 3 };
    static const char *const levels[] = {"L1", "L2", "L3", "DRAM"};
    json_t *peaks = json_object_get(table->mlabench, "fma_peak_gflops"), *peak;
    const json_t *read = json_object_get(table->mlabench, "read_bandwidth_gbs");
    const char *threads[MOST] = {NULL}, *key;
    int count = 0;
    (void)plots;
    json_object_foreach(peaks, key, peak) if (count < MOST) threads[count++] = key;
    fprintf(file,
            "%% A tabular; needs the package booktabs.\n\\begin{tabular}{@{}l%.*s@{}}\n\\toprule\n"
            "threads",
            count, "rrr");
    for (int t = 0; t < count; t++) {
        fputs(" & ", file);
        tex_text(file, threads[t]);
    }
    fputs(" \\\\\n\\midrule\nfp32 FMA peak, GFLOP/s", file);
    for (int t = 0; t < count; t++)
        ceiling_cell(file, json_object_get(peaks, threads[t]));
    for (size_t i = 0; i < sizeof levels / sizeof levels[0]; i++) {
        fprintf(file, " \\\\\n%s read, GB/s", levels[i]);
        for (int t = 0; t < count; t++)
            ceiling_cell(file, json_object_get(json_object_get(read, threads[t]), levels[i]));
    }
    fputs(" \\\\\n\\bottomrule\n\\end{tabular}\n", file);
}

static void write_accounting(FILE *file, const struct result_table *table,
                             const struct plots *plots)
{
    size_t i;
    json_t *sentence;
    (void)plots;
    json_array_foreach(json_object_get(table->mlabench, "accounting"), i, sentence)
    {
        fputs("\\item ", file);
        tex_text(file, json_is_string(sentence) ? json_string_value(sentence) : "");
        fputc('\n', file);
    }
}

static void write_figures(FILE *file, const struct result_table *table, const struct plots *plots)
{
    const char *family = NULL;
    (void)table;
    for (int i = 0; i < plots->count; i++) {
        const struct plot *plot = &plots->items[i];
        if (!plot->drawn)
            continue;
        if (!family || strcmp(family, plot->family) != 0) {
            fputs("\\plotfamily{", file);
            tex_text(file, plot->family);
            fputs("}\n", file);
        }
        family = plot->family;
        fprintf(file, "\\plotfigure{%s}{", plot->name);
        tex_text(file, plot->caption);
        fputs("}\n", file);
    }
}

static void write_tables(FILE *file, const struct result_table *table, const struct plots *plots)
{
    (void)table;
    for (int i = 0; i < plots->count; i++) {
        const struct plot *plot = &plots->items[i];
        if (!plot->drawn)
            continue;
        fprintf(file, "\\plot%stable{%s}{",
                plot->table_rows > PRINTED_ROWS       ? "other"
                : plot->table_rows > TEX_TABULAR_ROWS ? "long"
                                                      : "",
                plot->name);
        tex_text(file, plot->title);
        fputs("}\n", file);
    }
}

int report_tex(const struct result_table *table, const struct plots *plots, const char *out_folder,
               struct mla_error *error)
{
    static const struct {
        const char *name;
        void (*write)(FILE *file, const struct result_table *table, const struct plots *plots);
    } files[] = {
        {"tex/run.tex", write_run},
        {"tex/machine.tex", write_machine},
        {"tex/ceilings.tex", write_ceilings},
        {"tex/accounting.tex", write_accounting},
        {"tex/limits.tex", report_tex_limits},
        {"tex/figures.tex", write_figures},
        {"tex/tables.tex", write_tables},
    };
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        struct out_file out = {0};
        int code = out_open(&out, out_folder, files[i].name, error);
        if (code)
            return code;
        files[i].write(out.file, table, plots);
        code = out_close(&out, error);
        if (code)
            return code;
    }
    return 0;
}
