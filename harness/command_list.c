/* SPDX-License-Identifier: MIT
 *
 * `mlabench list`. */
#include "harness/catalogue.h"
#include "harness/certificate.h"
#include "harness/commands.h"
#include "harness/counter_names.h"
#include "harness/counters.h"
#include "harness/cpu.h"
#include "harness/model.h"
#include "harness/suite.h"

#include <dirent.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *order_text(enum mla_order order)
{
    return order == MLA_EXPANDED ? "expanded" : order == MLA_ABSORBED ? "absorbed" : "re-expanded";
}

static json_t *invariances(const struct mla_kernel *kernel)
{
    static const struct {
        enum mla_invariance bit;
        const char *name;
    } names[] = {
        {MLA_SAME_FOR_THREADS, "threads"},      {MLA_SAME_FOR_BATCH, "batch"},
        {MLA_SAME_FOR_QUERIES, "queries"},      {MLA_SAME_FOR_CHUNKS, "chunks"},
        {MLA_SAME_WHEN_REPEATED, "repetition"},
    };
    json_t *list = json_array();
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (kernel->invariances & (unsigned)names[i].bit)
            json_array_append_new(list, json_string(names[i].name));
    return list;
}

static json_t *list_kernels(const struct catalogue *catalogue)
{
    json_t *list = json_array();
    for (int i = 0; i < catalogue->count; i++) {
        const struct mla_kernel *kernel = catalogue->kernels[i];
        json_array_append_new(list,
                              json_pack("{s:s, s:s, s:b, s:s, s:s, s:o}", "name", kernel->name,
                                        "isa", kernel->isa, "runs_here", cpu_has_isa(kernel->isa),
                                        "order", order_text(kernel->order), "summary",
                                        kernel->summary, "same_bits_for", invariances(kernel)));
    }
    return list;
}

static int list_models(const struct paths *paths, json_t *list, struct mla_error *error)
{
    char **names = NULL;
    int count = 0, code = model_names(paths->configs, &names, &count, error);
    for (int i = 0; i < count && !code; i++) {
        struct model m;
        code = model_find(paths->configs, names[i], &m, error);
        if (code)
            break;
        char summary[256];
        snprintf(summary, sizeof summary,
                 "%d heads, nope %d + rope %d, v %d, kv_lora %d, q_lora %d, hidden %d%s%s",
                 m.num_attention_heads, m.qk_nope_head_dim, m.qk_rope_head_dim, m.v_head_dim,
                 m.kv_lora_rank, m.q_lora_rank, m.hidden_size, m.note[0] ? "; " : "", m.note);
        json_array_append_new(list, json_pack("{s:s, s:s}", "name", names[i], "summary", summary));
    }
    model_names_free(names, count);
    return code;
}

static int is_suite(const struct dirent *entry)
{
    const char *dot = strrchr(entry->d_name, '.');
    return dot && strcmp(dot, ".json") == 0;
}

static int list_suites(const struct paths *paths, json_t *list, struct mla_error *error)
{
    char folder[PATH_LENGTH + 16];
    snprintf(folder, sizeof folder, "%s/suites", paths->configs);
    struct dirent **entries;
    int count = scandir(folder, &entries, is_suite, alphasort), code = 0;
    if (count < 0)
        return mla_fail(error, MLA_MACHINE, "cannot read the folder %s", folder);
    for (int i = 0; i < count; i++) {
        struct suite suite = {0};
        entries[i]->d_name[strlen(entries[i]->d_name) - strlen(".json")] = 0;
        if (!code)
            code = suite_read(paths->configs, entries[i]->d_name, cpu_count(), &suite, error);
        if (!code)
            json_array_append_new(list, json_pack("{s:s, s:s, s:i}", "name", suite.name, "summary",
                                                  suite.summary, "cases", suite.count));
        suite_free(&suite);
        free(entries[i]);
    }
    free(entries);
    return code;
}

static json_t *list_inputs(void)
{
    json_t *list = json_array();
    for (int i = 0; i < INPUT_KINDS; i++)
        json_array_append_new(list, json_pack("{s:s, s:s}", "name", input_kind_names[i], "summary",
                                              input_kind_summaries[i]));
    return list;
}

static json_t *list_properties(void)
{
    json_t *list = json_array();
    for (int i = 0; i < CERTIFICATE_CHECKS; i++)
        json_array_append_new(list, json_pack("{s:s, s:s}", "name", certificate_checks[i].name,
                                              "summary", certificate_checks[i].summary));
    return list;
}

static json_t *text_or_null(const char *text)
{
    return text ? json_string(text) : json_null();
}

static json_t *counter_json(const char *name, const char *source, const char *why, const char *cure)
{
    return json_pack("{s:s, s:b, s:s, s:o, s:o, s:o}", "name", name, "available", why == NULL,
                     "source", source, "reason", text_or_null(why), "cure", text_or_null(cure),
                     "summary",
                     why ? json_string(why) : json_sprintf("counts, through %s", source));
}

/* Whether each event that is asked for counts on this machine. */
static int list_counters(const char *wanted, json_t *list, struct mla_error *error)
{
    struct counter_names names;
    struct counters *counters = NULL;
    int code = counter_names_read(wanted, &names, error);
    if (!code)
        code = counters_open(&counters, names.names, names.count,
                             &(struct counters_settings){.threads = 1}, error);
    for (int i = 0; i < names.count && !code; i++)
        json_array_append_new(
            list, counter_json(counters_name(counters, i), counters_source(counters, i),
                               counters_missing(counters, i), counters_cure(counters, i)));
    if (!code && names.no_energy[0])
        json_array_append_new(list, counter_json("energy", "PAPI", names.no_energy, NULL));
    counters_close(counters);
    counter_names_free(&names);
    return code;
}

static void print_list(const char *title, const json_t *list)
{
    size_t index, width = 19;
    const json_t *entry;
    printf("%s\n", title);
    json_array_foreach(list, index, entry)
    {
        size_t length = json_string_length(json_object_get(entry, "name"));
        width = length > width ? length : width;
    }
    json_array_foreach(list, index, entry)
    {
        const char *isa = json_string_value(json_object_get(entry, "isa"));
        printf("  %-*s", (int)width, json_string_value(json_object_get(entry, "name")));
        if (isa)
            printf(" %-7s %-12s", isa, json_string_value(json_object_get(entry, "order")));
        printf(" %s%s\n", json_string_value(json_object_get(entry, "summary")),
               isa && !json_is_true(json_object_get(entry, "runs_here")) ? " (not on this CPU)"
                                                                         : "");
    }
}

/* Whether the list is asked for: all are when none is named. */
static bool wanted(const struct options *options, const char *what)
{
    return options->file_count == 0 || strcmp(options->files[0], what) == 0;
}

int command_list(const struct options *options, const struct paths *paths, int count,
                 char **arguments, struct mla_error *error)
{
    (void)count;
    (void)arguments;
    bool known = wanted(options, "kernels") || wanted(options, "models") ||
                 wanted(options, "suites") || wanted(options, "inputs") ||
                 wanted(options, "certificate") || wanted(options, "counters");
    if (!known || options->file_count > 1)
        return mla_fail(
            error, MLA_BAD_INPUT,
            "mlabench list takes kernels, models, suites, inputs, certificate or counters, not "
            "'%s'",
            options->files[options->file_count - 1]);
    struct catalogue catalogue;
    json_t *lists = json_object();
    int code = catalogue_create(&catalogue, error);
    for (int i = 0; i < options->plugin_count && !code; i++)
        code = catalogue_add(&catalogue, options->plugins[i], error);
    if (!code && wanted(options, "kernels"))
        json_object_set_new(lists, "kernels", list_kernels(&catalogue));
    if (!code && wanted(options, "models")) {
        json_object_set_new(lists, "models", json_array());
        code = list_models(paths, json_object_get(lists, "models"), error);
    }
    if (!code && wanted(options, "suites")) {
        json_object_set_new(lists, "suites", json_array());
        code = list_suites(paths, json_object_get(lists, "suites"), error);
    }
    if (!code && wanted(options, "inputs"))
        json_object_set_new(lists, "inputs", list_inputs());
    if (!code && wanted(options, "certificate"))
        json_object_set_new(lists, "certificate", list_properties());
    if (!code && wanted(options, "counters")) {
        json_object_set_new(lists, "counters", json_array());
        code = list_counters(options->counters, json_object_get(lists, "counters"), error);
    }
    const char *title;
    json_t *list;
    if (!code && options->json) {
        json_dumpf(lists, stdout, JSON_INDENT(1));
        putchar('\n');
    } else if (!code) {
        json_object_foreach(lists, title, list) print_list(title, list);
    }
    json_decref(lists);
    catalogue_destroy(&catalogue);
    return code;
}
