/* SPDX-License-Identifier: MIT
 *
 * Claims and studies as CSV files and as tables for LaTeX. */
#include "harness/report_claims_tables.h"

#include "harness/csv.h"
#include "harness/out_file.h"
#include "harness/study.h"
#include "harness/tex.h"
#include "harness/tex_table.h"
#include "harness/units.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static void write_claims(FILE *file, const json_t *list)
{
    static const char *const keys[] = {"id",       "claim",     "verdict", "baseline",
                                       "measured", "criterion", "figure"};
    const size_t count = sizeof keys / sizeof keys[0];
    size_t i, k;
    for (k = 0; k < count; k++)
        fprintf(file, "%s%s", k ? "," : "", keys[k]);
    fputs(",missing\r\n", file);
    for (i = 0; i < json_array_size(list); i++) {
        const json_t *claim = json_array_get(list, i);
        for (k = 0; k < count; k++)
            text_cell(file, result_text(claim, keys[k]));
        last_count(file, (int64_t)json_array_size(json_object_get(claim, "missing")));
    }
}

/* The evidence of all claims, a line per figure. */
static void write_evidence(FILE *file, const json_t *list)
{
    size_t i, k;
    fputs("id,figure,unit,value,place\r\n", file);
    for (i = 0; i < json_array_size(list); i++) {
        const json_t *claim = json_array_get(list, i), *items = json_object_get(claim, "evidence");
        for (k = 0; k < json_array_size(items); k++) {
            const json_t *item = json_array_get(items, k);
            text_cell(file, result_text(claim, "id"));
            text_cell(file, result_text(item, "name"));
            text_cell(file, result_text(item, "unit"));
            number_cell(file, result_number(item, "value"));
            last_count(file, (int64_t)k + 1);
        }
    }
}

static void write_study(FILE *file, const json_t *study)
{
    const json_t *columns = json_object_get(study, "columns"),
                 *rows = json_object_get(study, "rows");
    size_t i, k, width = json_array_size(columns);
    for (k = 0; k < width; k++)
        text_cell(file, result_text(json_array_get(columns, k), "name"));
    fputs("row\r\n", file);
    for (i = 0; i < json_array_size(rows); i++) {
        for (k = 0; k < width; k++) {
            const json_t *value = json_array_get(json_array_get(rows, i), k);
            if (json_is_string(value))
                text_cell(file, json_string_value(value));
            else
                number_cell(file, json_is_number(value) ? json_number_value(value) : NAN);
        }
        last_count(file, (int64_t)i + 1);
    }
}

/* Text wraps: a row is a paragraph in each column. The figure is named where the document has it.
 */
static void write_claims_tex(FILE *file, const json_t *list)
{
    static const char *const keys[] = {"claim", "verdict", "measured"};
    fputs("% A tabular 7 inches wide; needs the packages array and booktabs.\n"
          "\\begin{tabular}{@{}>{\\raggedright}p{1.35in}>{\\raggedright}p{0.75in}"
          "p{4.5in}@{}}\n\\toprule\nclaim & verdict & measured \\\\\n\\midrule\n",
          file);
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *claim = json_array_get(list, i);
        const char *figure = result_text(claim, "figure");
        for (size_t k = 0; k < 3; k++) {
            fputs(k ? " & " : "", file);
            tex_text(file, result_text(claim, keys[k]));
        }
        if (figure[0] && figure[strspn(figure, "abcdefghijklmnopqrstuvwxyz0123456789.-")] == '\0')
            fprintf(file, "\\ifcsname r@fig:%s\\endcsname{} Figure~\\ref{fig:%s}.\\fi", figure,
                    figure);
        fprintf(file, " \\\\%s\n", i + 1 < json_array_size(list) ? "[3pt]" : "");
    }
    fputs("\\bottomrule\n\\end{tabular}\n", file);
}

/* A cell of a table for LaTeX, without its tabs. */
static void tex_cell(char *text, size_t size, const json_t *value)
{
    if (json_is_number(value) && json_number_value(value) == floor(json_number_value(value)) &&
        fabs(json_number_value(value)) < 1e15)
        snprintf(text, size, "%s", unit_count((int64_t)json_number_value(value)).s);
    else if (json_is_string(value))
        snprintf(text, size, "%s", json_string_value(value));
    else
        tex_number(text, size, json_is_number(value) ? json_number_value(value) : NAN);
    for (char *c = text; *c; c++)
        if (*c == '\t' || *c == '\n')
            *c = ' ';
}

static void write_study_tex(FILE *file, const json_t *study)
{
    const json_t *columns = json_object_get(study, "columns"),
                 *rows = json_object_get(study, "rows");
    struct tex_table table = {0};
    size_t width = json_array_size(columns);
    width = width < TEX_COLUMNS_MAX ? width : TEX_COLUMNS_MAX;
    for (size_t k = 0; k < width; k++) {
        const json_t *first = json_array_get(json_array_get(rows, 0), k);
        tex_table_column(&table, json_is_string(first) ? 'l' : 'r',
                         result_text(json_array_get(columns, k), "name"));
    }
    for (size_t i = 0; i < json_array_size(rows); i++) {
        char cells[TEX_COLUMNS_MAX * 96] = "", cell[95];
        for (size_t k = 0, used = 0; k < width; k++) {
            tex_cell(cell, sizeof cell, json_array_get(json_array_get(rows, i), k));
            used +=
                (size_t)snprintf(cells + used, sizeof cells - used, "%s%s", k ? "\t" : "", cell);
        }
        tex_table_row(&table, cells);
    }
    tex_table_write(file, &table, result_text(study, "about"));
    tex_table_destroy(&table);
}

static int write_table(const char *out_folder, const char *name, const json_t *of,
                       void (*write)(FILE *, const json_t *), struct mla_error *error)
{
    struct out_file out;
    int code = out_open(&out, out_folder, name, error);
    if (code)
        return code;
    write(out.file, of);
    return out_close(&out, error);
}

int report_claims_tables(const struct result_table *table, const char *out_folder,
                         struct mla_error *error)
{
    const json_t *list = json_object_get(table->mlabench, "claims");
    json_t *found = json_object_get(table->mlabench, "studies"), *study;
    const char *name;
    int code = 0;
    if (json_array_size(list) > 0) {
        code = write_table(out_folder, "tables/claims.csv", list, write_claims, error);
        if (!code)
            code = write_table(out_folder, "tables/evidence.csv", list, write_evidence, error);
        if (!code)
            code = write_table(out_folder, "tables/claims.tex", list, write_claims_tex, error);
    }
    json_object_foreach(found, name, study)
    {
        char file[96];
        /* What is drawn has a table of its own. */
        if (code || !study_name_is_plain(name) || !json_is_object(study) ||
            json_object_get(study, "plot"))
            continue;
        snprintf(file, sizeof file, "tables/study-%s.csv", name);
        code = write_table(out_folder, file, study, write_study, error);
        snprintf(file, sizeof file, "tables/study-%s.tex", name);
        if (!code)
            code = write_table(out_folder, file, study, write_study_tex, error);
    }
    return code;
}
