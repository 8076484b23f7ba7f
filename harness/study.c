/* SPDX-License-Identifier: MIT */
#include "harness/study.h"

#include "harness/child.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Stores a new array under `key` unless there is one. Borrowed. */
static json_t *list_of(json_t *found, const char *key)
{
    json_t *list = json_object_get(found, key);
    if (!list) {
        json_object_set_new(found, key, json_array());
        list = json_object_get(found, key);
    }
    return list;
}

void study_about(json_t *found, const char *about)
{
    json_object_set_new(found, "about", json_string(about));
}

void study_column(json_t *found, const char *name, const char *unit, const char *what)
{
    json_array_append_new(list_of(found, "columns"),
                          json_pack("{s:s, s:s, s:s}", "name", name, "unit", unit, "what", what));
}

void study_row(json_t *found, json_t *row)
{
    json_array_append_new(list_of(found, "rows"), row);
}

void study_plot(json_t *found, const char *panel, const char *series, const char *x_label,
                const char *caption)
{
    json_object_set_new(found, "plot",
                        json_pack("{s:s, s:s, s:s, s:s}", "panel", panel, "series", series,
                                  "x_label", x_label, "caption", caption));
}

void study_figure(json_t *found, const char *name, double value)
{
    json_t *figures = json_object_get(found, "figures");
    if (!figures) {
        json_object_set_new(found, "figures", json_object());
        figures = json_object_get(found, "figures");
    }
    /* JSON has no infinity and no NaN: null. */
    json_t *number = json_real(value);
    json_object_set_new(figures, name, number ? number : json_null());
}

void study_note(json_t *found, const char *format, ...)
{
    char text[1024];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    json_array_append_new(list_of(found, "notes"), json_string(text));
}

bool study_name_is_plain(const char *name)
{
    size_t length = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_");
    return length > 0 && length < 64 && name[length] == '\0';
}

struct work {
    const struct study *study;
    const struct study_settings *settings;
    json_t *found; /* owned */
};

static int work(void *context, struct child_channel *channel, struct mla_error *error)
{
    const struct work *w = context;
    json_t *found = json_pack("{s:s, s:b}", "title", w->study->title, "quick", w->settings->quick);
    int code = w->study->run(w->settings, found, error);
    if (!code && w->settings->quick)
        study_note(found, "Small sizes alone, as --quick asks for: to try it out.");
    if (code)
        json_decref(found);
    else
        child_send(channel, found);
    return code;
}

static void receive(void *context, const json_t *message)
{
    struct work *w = context;
    json_decref(w->found);
    w->found = json_deep_copy(message);
}

int study_run(const struct study *study, const struct study_settings *settings, json_t *into,
              struct mla_error *error)
{
    /* None takes more than some minutes. */
    const double limit_s = 1800;
    struct work w = {.study = study, .settings = settings};
    const struct child_job job = {work, receive, &w, limit_s};
    int code = child_run(&job, error);
    if (!code && w.found)
        json_object_set(into, study->name, w.found);
    json_decref(w.found);
    return code;
}
