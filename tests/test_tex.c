/* SPDX-License-Identifier: MIT */
#include "harness/plot_texts.h"
#include "harness/tex.h"
#include "harness/tex_table.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* What `print` writes; the caller frees it. */
static char *printed(void (*print)(FILE *file, const void *context), const void *context)
{
    char *text = NULL;
    size_t size;
    FILE *file = open_memstream(&text, &size);
    cr_assert(file);
    print(file, context);
    cr_assert(fclose(file) == 0);
    return text;
}

static void print_text(FILE *file, const void *text)
{
    tex_text(file, text);
}

Test(tex, text_is_escaped)
{
    static const char *const pairs[][2] = {
        {"plain words, and (some) marks; a.b!", "plain words, and (some) marks; a.b!"},
        {"50 % of $x & {y} #1", "50 \\% of \\$x \\& \\{y\\} \\#1"},
        {"\\input{x}", "\\textbackslash{}input\\{x\\}"},
        {"a^b ~ <c> |\"`", "a\\textasciicircum{}b \\textasciitilde{} \\textless{}c\\textgreater{} "
                           "\\textbar{}\\textquotedbl{}\\textasciigrave{}"},
        {"kv_lora_rank", "kv\\_\\allowbreak{}lora\\_\\allowbreak{}rank"},
        {"--suite a/b=c", "-{}-suite a/\\allowbreak{}b=\\allowbreak{}c"},
        {"7,270 of 1, 2", "7,270 of 1, 2"},
        {"[x] *", "{[}x] {*}"},
        {"one\ntwo\ttab\x7f", "one two tab "},
        {"3×10⁻⁷ µs – …", "3\\texttimes{}10\\textsuperscript{--}\\textsuperscript{7} "
                          "\\textmu{}s -- \\dots{}"},
        {"caf\xc3\xa9", "caf\xc3\xa9"},
        {"\xe4\xb8\xad\xf0\x9f\x98\x80", "??"}, /* a Chinese letter, a face */
        {"\xff\xc3", "??"},                     /* no UTF-8 */
        {"", ""},
    };
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        char *text = printed(print_text, pairs[i][0]);
        cr_assert(!strcmp(text, pairs[i][1]), "%s became %s", pairs[i][0], text);
        free(text);
    }
}

Test(tex, numbers_have_three_digits)
{
    static const struct {
        double x;
        const char *text;
    } cases[] = {
        {0, "0"},
        {1, "1.00"},
        {0.5, "0.500"},
        {9.996, "10.0"},
        {99.96, "100"},
        {0.0123, "0.0123"},
        {0.00123, "0.00123"},
        {12345, "12,300"},
        {-2.5, "-2.50"},
        {999.6, "1,000"},
        {0.9996, "1.00"},
        {4.1e-7, "4.10×10⁻⁷"},
        {9.999e-4, "1.00×10⁻³"},
        {2e9, "2.00×10⁹"},
        {3e-120, "3.00×10⁻¹²⁰"},
        {NAN, "–"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[48];
        tex_number(text, sizeof text, cases[i].x);
        cr_assert(!strcmp(text, cases[i].text), "%.9g became %s", cases[i].x, text);
    }
}

static void print_table(FILE *file, const void *table)
{
    tex_table_write(file, table, "a note, 5 %");
}

Test(tex, a_table_has_rules_headings_and_a_note)
{
    struct tex_table table = {0};
    tex_table_column(&table, 'l', "kernel_a");
    tex_table_column(&table, 'r', "%");
    tex_table_heading(&table, "2 threads");
    tex_table_row(&table, "one\t1 & 2");
    tex_table_heading(&table, "2 threads");
    tex_table_row(&table, "two");
    char *text = printed(print_table, &table);
    cr_assert(!strcmp(text, "% A tabular; needs the packages booktabs.\n"
                            "\\begin{tabular}{@{}lr@{}}\n\\toprule\n"
                            "kernel\\_\\allowbreak{}a & \\% \\\\\n\\midrule\n"
                            "\\multicolumn{2}{@{}l@{}}{\\itshape 2 threads} \\\\*\n"
                            "one & 1 \\& 2 \\\\\n"
                            "two &  \\\\\n"
                            "\\bottomrule\n\\end{tabular}\n\n"
                            "\\smallskip{\\footnotesize a note, 5 \\%\\par}\n"),
              "%s", text);
    free(text);
    for (int i = table.count; i <= TEX_TABULAR_ROWS; i++)
        tex_table_row(&table, "more\t3");
    text = printed(print_table, &table);
    cr_assert(strstr(text, "\\begin{longtable}") && !strstr(text, "tabular"), "%s", text);
    free(text);
    tex_table_destroy(&table);
}

static char folder[] = "/tmp/mlabench-tex-XXXXXX";

static void make_scratch(void)
{
    cr_assert(mkdtemp(folder));
    for (const char *const *name = (const char *const[]){"data", "captions", "tables", NULL}; *name;
         name++) {
        char path[100];
        snprintf(path, sizeof path, "%s/%s", folder, *name);
        cr_assert(mkdir(path, 0700) == 0);
    }
}

static void remove_scratch(void)
{
    char command[100];
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    cr_assert(system(command) == 0);
}

/* The texts of a plot of that kind with that data; the caller frees the file asked for. */
static char *texts_of(enum plot_kind kind, const char *const *panels, const char *const *series,
                      const char *data, const char *wanted)
{
    struct plot plot = {.kind = kind, .name = "p", .caption = "50 % of what_is"};
    struct plot_draft draft = {.plot = &plot};
    struct mla_error error;
    char path[100], *text = NULL;
    size_t size = 0;
    for (; *panels; panels++)
        words_add(&draft.panels, *panels);
    for (; *series; series++)
        words_add(&draft.series, *series);
    cr_assert(out_open(&draft.data, folder, "data/p.tsv", &error) == 0);
    fputs(data, draft.data.file);
    cr_assert(out_close(&draft.data, &error) == 0);
    cr_assert(plot_texts(folder, &draft, &error) == 0, "%s", error.message);
    snprintf(path, sizeof path, "%s/%s", folder, wanted);
    FILE *file = fopen(path, "r");
    cr_assert(file, "no %s", path);
    cr_assert(getdelim(&text, &size, 0, file) > 0);
    fclose(file);
    return text;
}

static const char *const one_panel[] = {"2 threads", NULL};
static const char *const two_series[] = {"naive", "absorbed", NULL};
static const char latency[] = "# context_tokens\tmedian_s\tq1_s\n\n\n# naive\n"
                              "8192\t0.25\t0.2\n512\t0.001\t0.0009\n\n\n# absorbed\n"
                              "512\t2e-06\t1e-06\n";

Test(tex, a_plot_has_a_table_with_a_column_for_each_context, .init = make_scratch,
     .fini = remove_scratch)
{
    char *text = texts_of(PLOT_LATENCY, one_panel, two_series, latency, "tables/p.tex");
    cr_assert(strstr(text, "context: & 512 & 8k \\\\\n\\midrule\n"
                           "\\multicolumn{3}{@{}l@{}}{\\itshape 2 threads} \\\\*\n"
                           "naive & 1,000 & 250,000 \\\\\n"
                           "absorbed & 2.00 & -- \\\\\n"),
              "%s", text);
    free(text);
}

Test(tex, a_plot_has_all_its_data_as_csv, .init = make_scratch, .fini = remove_scratch)
{
    char *text = texts_of(PLOT_LATENCY, one_panel, two_series, latency, "tables/p.csv");
    cr_assert(!strcmp(text, "panel,series,\"context_tokens\",\"median_s\",\"q1_s\"\r\n"
                            "\"2 threads\",\"naive\",8192,0.25,0.2\r\n"
                            "\"2 threads\",\"naive\",512,0.001,0.0009\r\n"
                            "\"2 threads\",\"absorbed\",512,2e-06,1e-06\r\n"),
              "%s", text);
    free(text);
}

Test(tex, a_plot_has_captions, .init = make_scratch, .fini = remove_scratch)
{
    char *text = texts_of(PLOT_LATENCY, one_panel, two_series, latency, "captions/p.txt");
    cr_assert(!strcmp(text, "50 % of what_is\n"), "%s", text);
    free(text);
    text = texts_of(PLOT_LATENCY, one_panel, two_series, latency, "captions/p.tex");
    cr_assert(!strcmp(text, "50 \\% of what\\_\\allowbreak{}is%\n"), "%s", text);
    free(text);
}

Test(tex, shares_of_stages_are_differences_of_their_ends, .init = make_scratch,
     .fini = remove_scratch)
{
    static const char *const none[] = {NULL};
    char *text = texts_of(PLOT_STAGES, one_panel, none,
                          "# row\tkernel\ta\tc\tv\ts\tend\ttime\n\n\n# 2 threads\n"
                          "0\tnaive\t5\t95\t98\t99\t100\t7 ms\n1\tmha\t0\t0\t0\t1\t100\t9 ms *\n",
                          "tables/p.tex");
    cr_assert(strstr(text, "naive & 5.00 & 90.0 & 3.00 & 1.00 & 1.00 & 7 ms \\\\\n"
                           "mha & 0 & 0 & 0 & 1.00 & 99.0 & 9 ms {*} \\\\\n"),
              "%s", text);
    cr_assert(strstr(text, "asterisk"), "%s", text);
    free(text);
}

/* Blocks without data, and cells that are none, are not there. */
Test(tex, what_is_not_there_is_left_out, .init = make_scratch, .fini = remove_scratch)
{
    static const char data[] = "# context_tokens\tmedian_s\n\n\n# naive\nNaN\tNaN\n\n\n# absorbed\n"
                               "512\tNaN\n1024\t1e-3\n";
    char *text = texts_of(PLOT_LATENCY, one_panel, two_series, data, "tables/p.csv");
    cr_assert(!strcmp(text, "panel,series,\"context_tokens\",\"median_s\"\r\n"
                            "\"2 threads\",\"absorbed\",512,\r\n"
                            "\"2 threads\",\"absorbed\",1024,1e-3\r\n"),
              "%s", text);
    free(text);
}

Test(tex, a_study_keeps_its_columns, .init = make_scratch, .fini = remove_scratch)
{
    static const char *const all[] = {"all", NULL};
    char *text =
        texts_of(PLOT_STUDY, all, all, "# layer_kind\trank\terror\n\n\n# all\nmha\t4096\t0.01234\n",
                 "tables/p.tex");
    cr_assert(strstr(text, "{@{}lrr@{}}") && strstr(text, "layer kind & rank & error \\\\\n") &&
                  strstr(text, "mha & 4,096 & 0.0123 \\\\\n"),
              "%s", text);
    free(text);
}
