/* SPDX-License-Identifier: MIT */
#include "harness/plot_draw.h"

#include "harness/gnuplot.h"
#include "harness/plot_texts.h"

#include <ctype.h>
#include <limits.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define NO_BREAK_SPACE "\xc2\xa0"

int words_add(struct words *words, const char *word)
{
    for (int i = 0; i < words->count; i++)
        if (!strcmp(words->item[i], word))
            return i;
    if (words->count == WORDS_MAX)
        return -1;
    snprintf(words->item[words->count], sizeof words->item[0], "%s", word);
    return words->count++;
}

/* For gnuplot's word(): separated by spaces, those inside a word being no-break spaces. */
struct joined {
    char text[WORDS_MAX * (2 * sizeof((struct words *)0)->item[0] + 1)];
};

static void join(const struct words *words, struct joined *joined)
{
    char *end = joined->text;
    for (int i = 0; i < words->count; i++) {
        if (i > 0)
            *end++ = ' ';
        for (const char *c = words->item[i]; *c; c++)
            end = *c == ' ' ? stpcpy(end, NO_BREAK_SPACE) : (*end = *c, end + 1);
    }
    *end = 0;
}

void plot_label(char *label, size_t size, const char *name)
{
    size_t i = 0;
    for (; name[i] && i + 1 < size; i++) {
        bool plain = name[i] > ' ' && name[i] < 127 && !strchr("\"'`&<>\\{}@^$%|", name[i]);
        label[i] = '_';
        if (plain)
            label[i] = name[i];
    }
    label[i] = 0;
}

void plot_phrase(char *phrase, size_t size, const char *text)
{
    plot_label(phrase, size, text);
    for (size_t i = 0; phrase[i]; i++)
        if (text[i] == ' ')
            phrase[i] = ' ';
}

static struct plot *add_plot(struct plots *plots)
{
    struct plot *grown = realloc(plots->items, (size_t)(plots->count + 1) * sizeof *grown);
    if (!grown)
        return NULL;
    plots->items = grown;
    grown[plots->count] = (struct plot){0};
    return &grown[plots->count++];
}

/* A name for files, unlike those before: names that differ only in what files cannot hold get a
 * number. */
static void set_name(const struct plots *plots, struct plot *plot, const char *wanted)
{
    char stem[80];
    size_t i = 0;
    for (; wanted[i] && i + 1 < sizeof stem; i++)
        stem[i] = isalnum((unsigned char)wanted[i]) || (i > 0 && wanted[i] == '.')
                      ? (char)tolower((unsigned char)wanted[i])
                      : '-';
    stem[i] = 0;
    snprintf(plot->name, sizeof plot->name, "%s", stem);
    for (int number = 2, k = 0; k < plots->count - 1; k++)
        if (!strcmp(plots->items[k].name, plot->name)) {
            snprintf(plot->name, sizeof plot->name, "%s-%d", stem, number++);
            k = -1;
        }
}

int plot_begin(struct plot_maker *maker, enum plot_kind kind, const char *family,
               const char *columns, struct plot_draft *draft, struct mla_error *error,
               const char *format, ...)
{
    char suffix[96], wanted[192], file[128];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(suffix, sizeof suffix, format, arguments);
    va_end(arguments);
    snprintf(wanted, sizeof wanted, "%s%s%s", family, family[0] ? "-" : "", suffix);
    struct plot *plot = add_plot(maker->plots);
    if (!plot)
        return mla_fail(error, MLA_MACHINE, "no memory for a plot");
    draft->plot = plot;
    plot->kind = kind;
    snprintf(plot->family, sizeof plot->family, "%s", family);
    set_name(maker->plots, plot, wanted);
    snprintf(file, sizeof file, "data/%s.tsv", plot->name);
    int code = out_open(&draft->data, maker->out_folder, file, error);
    if (!code)
        fprintf(draft->data.file, "# %s\n", columns);
    return code;
}

static void print_comment(FILE *file, const char *before, const char *text)
{
    fprintf(file, "# %s", before);
    for (; *text; text++)
        fputc((unsigned char)*text < ' ' ? ' ' : *text, file);
    fputc('\n', file);
}

void plot_block(struct plot_draft *draft, const char *comment, int rows, int columns)
{
    FILE *file = draft->data.file;
    int series = draft->series.count ? draft->series.count : draft->labels.count;
    int panel = draft->blocks++ / (series > 0 ? series : 1);
    if (ftell(file) > 0)
        fprintf(file, "\n\n");
    if (panel < draft->panels.count && comment[0] != '(')
        print_comment(file, "in ", draft->panels.item[panel]);
    print_comment(file, "", comment);
    for (int i = 0; rows == 0 && i < columns; i++)
        fprintf(file, "NaN%c", i + 1 < columns ? '\t' : '\n');
}

static const char *const figures[PLOT_KINDS] = {
    [PLOT_LATENCY] = "latency",   [PLOT_KV_CACHE] = "kv_cache", [PLOT_ERROR] = "error",
    [PLOT_STAGES] = "stages",     [PLOT_PEAK] = "peak",         [PLOT_CROSSOVER] = "crossover",
    [PLOT_ROOFLINE] = "roofline", [PLOT_MACHINES] = "machines", [PLOT_TRADE] = "trade",
    [PLOT_FORMATS] = "formats",   [PLOT_COUNTERS] = "counters",
};

static const char *const types[] = {"svg", "pdf", "png"};
#define TYPES (int)(sizeof types / sizeof types[0])

static void drawing_path(const struct plot_maker *maker, const struct plot *plot, int type,
                         char *path, size_t size)
{
    snprintf(path, size, "%s/plots/%s.%s", maker->out_folder, plot->name, types[type]);
}

/* What an earlier report or a failure left must not pass for a plot. */
static void remove_drawings(const struct plot_maker *maker, const struct plot *plot)
{
    for (int type = 0; type < TYPES; type++) {
        char path[1500];
        drawing_path(maker, plot, type, path, sizeof path);
        unlink(path);
    }
}

/* gnuplot also returns 0 where it had nothing to draw. */
static bool are_drawn(const struct plot_maker *maker, const struct plot *plot)
{
    for (int type = 0; type < TYPES; type++) {
        char path[1500];
        struct stat status;
        drawing_path(maker, plot, type, path, sizeof path);
        if (stat(path, &status) || status.st_size == 0)
            return false;
    }
    return true;
}

static void draw(struct plot_maker *maker, struct plot *plot, const char *const *arguments)
{
    struct gnuplot_outcome outcome = {0};
    remove_drawings(maker, plot);
    if (!maker->broken[0]) {
        plot->drawn = gnuplot_run(maker->out_folder, arguments, &outcome);
        if (outcome.missing)
            memcpy(maker->broken, outcome.message, sizeof maker->broken);
        if (plot->drawn && !are_drawn(maker, plot)) {
            plot->drawn = false;
            snprintf(outcome.message, sizeof outcome.message, "gnuplot wrote no files");
        }
    }
    if (plot->drawn)
        return;
    remove_drawings(maker, plot);
    memcpy(plot->why_not, maker->broken[0] ? maker->broken : outcome.message, sizeof plot->why_not);
}

int plot_finish(struct plot_maker *maker, struct plot_draft *draft, struct mla_error *error)
{
    struct plot *plot = draft->plot;
    int code = out_close(&draft->data, error);
    if (!code)
        code = plot_texts(maker->out_folder, draft, error);
    if (code)
        return code;
    const char *folder = maker->scripts_folder ? maker->scripts_folder : "";
    char script[PATH_MAX + 16];
    snprintf(script, sizeof script, "%s/draw.gp", folder);
    const char *figure = draft->figure[0] ? draft->figure : figures[plot->kind];
    struct joined panels = {""}, series = {""}, labels = {""};
    join(&draft->panels, &panels);
    join(&draft->series, &series);
    join(draft->labels.count ? &draft->labels : &draft->series, &labels);
    const char *const arguments[] = {
        script,      folder,      figure,      plot->name,     plot->title,
        panels.text, series.text, labels.text, draft->x_label, NULL,
    };
    draw(maker, plot, arguments);
    return 0;
}

void plot_undrawable(struct plot_maker *maker, const char *format, ...)
{
    char sentence[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(sentence, sizeof sentence, format, arguments);
    va_end(arguments);
    struct plots *plots = maker->plots;
    char **grown =
        realloc(plots->undrawable, (size_t)(plots->undrawable_count + 1) * sizeof *grown);
    if (!grown)
        return;
    plots->undrawable = grown;
    grown[plots->undrawable_count] = strdup(sentence);
    if (grown[plots->undrawable_count])
        plots->undrawable_count++;
}
