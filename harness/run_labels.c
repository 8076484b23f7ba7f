/* SPDX-License-Identifier: MIT */
#include "harness/run_labels.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

enum { LABEL = sizeof((struct stored_run *)0)->label };

/* Appends as far as there is room; what is not printable ASCII becomes '?'. */
static void append(char *label, const char *text)
{
    size_t used = strlen(label);
    for (; *text && used + 1 < LABEL; text++)
        label[used++] = (char)(*text >= ' ' && *text < 127 ? *text : '?');
    label[used] = '\0';
}

static bool is_noise(const char *word, size_t length)
{
    static const char *const noise[] = {"CPU", "Processor", "with", "Radeon", "Graphics"};
    for (size_t i = 0; i < sizeof noise / sizeof noise[0]; i++)
        if (strlen(noise[i]) == length && strncmp(word, noise[i], length) == 0)
            return true;
    return length > 5 && isdigit((unsigned char)*word) &&
           strncmp(word + length - 5, "-Core", 5) == 0;
}

/* "Intel(R) Xeon(R) Gold 6330 CPU @ 2.00GHz" is "Intel Xeon Gold 6330". */
static void append_cpu(char *label, const char *model)
{
    char text[48] = "";
    size_t used = 0;
    for (const char *word = model; *word && *word != '@';) {
        size_t length = strcspn(word, " "), kept = strcspn(word, " (");
        if (kept > 0 && !is_noise(word, length) && used + kept + 2 < sizeof text)
            used += (size_t)snprintf(text + used, sizeof text - used, "%s%.*s", used ? " " : "",
                                     (int)kept, word);
        word += length + (word[length] == ' ');
    }
    append(label, used ? text : "unknown CPU");
}

static void set_machine(struct stored_run *run)
{
    char cpus[48];
    int64_t count = result_count(run->table.context, "num_cpus");
    snprintf(cpus, sizeof cpus, ", %lld CPU%s", (long long)count, count == 1 ? "" : "s");
    run->label[0] = '\0';
    append_cpu(run->label, result_text(run->table.mlabench, "cpu"));
    append(run->label, ", ");
    append(run->label, result_text(run->table.mlabench, "isa"));
    if (count > 0)
        append(run->label, cpus);
}

static const struct {
    const char *key;
    bool of_context; /* else of context.mlabench */
} tells_apart[] = {
    {"host_name", true}, {"commit", false}, {"suite", false}, {"seed", false}, {"started", false}};

static void detail(const struct stored_run *run, size_t which, char text[LABEL])
{
    const json_t *object = tells_apart[which].of_context ? run->table.context : run->table.mlabench;
    const json_t *value = json_object_get(object, tells_apart[which].key);
    text[0] = '\0';
    if (json_is_integer(value))
        snprintf(text, LABEL, "%s %lld", tells_apart[which].key,
                 (long long)json_integer_value(value));
    else if (json_is_string(value))
        append(text, json_string_value(value));
    /* Of a single host the name without its domain. */
    if (which == 0 && !strchr(text, ','))
        text[strcspn(text, ".")] = '\0';
}

static void append_detail(struct stored_run *run, size_t which)
{
    char text[LABEL];
    detail(run, which, text);
    append(run->label, ", ");
    append(run->label, text[0] ? text : "?");
}

/* Whether another run is called the same; if `which` is a detail, one that it tells from this. */
static bool has_twin(const struct stored_runs *runs, int run, int which)
{
    for (int i = 0; i < runs->count; i++) {
        char own[LABEL], other[LABEL];
        if (i == run || strcmp(runs->items[i].label, runs->items[run].label) != 0)
            continue;
        if (which < 0)
            return true;
        detail(&runs->items[run], (size_t)which, own);
        detail(&runs->items[i], (size_t)which, other);
        if (strcmp(own, other) != 0)
            return true;
    }
    return false;
}

/* A number in place of the label's end, if need be. */
static void append_number(char *label, int number)
{
    char text[16];
    int length = snprintf(text, sizeof text, " (%d)", number);
    label[LABEL - 1 - length] = '\0';
    append(label, text);
}

void run_labels(struct stored_runs *runs)
{
    bool add[RUNS_MOST], twins = false;
    for (int i = 0; i < runs->count; i++)
        set_machine(&runs->items[i]);
    for (size_t which = 0; which < sizeof tells_apart / sizeof tells_apart[0]; which++) {
        for (int i = 0; i < runs->count; i++)
            add[i] = has_twin(runs, i, (int)which);
        for (int i = 0; i < runs->count; i++)
            if (add[i])
                append_detail(&runs->items[i], which);
    }
    for (int i = 0; i < runs->count; i++)
        twins = twins || has_twin(runs, i, -1);
    for (int i = 0; i < runs->count && twins; i++)
        append_number(runs->items[i].label, i + 1);
}
