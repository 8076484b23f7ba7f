/* SPDX-License-Identifier: MIT
 *
 * What is recorded of a failure. */
#include "harness/case_run.h"
#include "harness/shell_word.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Appends to `text` like snprintf, as far as there is room. */
__attribute__((format(printf, 3, 4))) static void append(char *text, size_t size,
                                                         const char *format, ...)
{
    size_t used = strlen(text);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text + used, size - used, format, arguments);
    va_end(arguments);
}

/* The command that shows a failure again. */
static void reproduce(const struct case_run *cr, int kernel, char *text, size_t size)
{
    const struct bench_case *c = cr->c;
    const char *plugin = cr->run->catalogue->paths[kernel];
    snprintf(text, size, "mlabench verify");
    if (plugin) {
        append(text, size, " --plugin");
        shell_append(text, size, plugin);
    }
    append(text, size, " --kernel %s", cr->run->catalogue->names[kernel]);
    if (cr->run->replay) {
        append(text, size, " --replay");
        shell_append(text, size, cr->run->replay);
        return;
    }
    if (cr->run->random_cases) {
        append(text, size, " --random 1 --seed %lu",
               (unsigned long)(cr->run->seed + c->seed_offset));
        return;
    }
    if (cr->run->given)
        append(text, size, "%s", cr->run->given->options);
    if (!cr->run->given) {
        append(text, size, " --model");
        shell_append(text, size, c->model.name);
    }
    append(text, size, " --cached %ld --new %ld --batch %d%s --threads %d --format %s",
           (long)c->cached, (long)c->new_tokens, c->batch, c->ragged ? " --ragged" : "", c->threads,
           format_names[c->format]);
    if (c->page_size)
        append(text, size, " --page-size %ld", (long)c->page_size);
    if (c->shared_prefix)
        append(text, size, " --shared-prefix %ld", (long)c->shared_prefix);
    if (c->split)
        append(text, size, " --split %d", c->split);
    if (c->top_k)
        append(text, size, " --top-k %d", c->top_k);
    if (c->inputs != INPUT_RANDOM)
        append(text, size, " --inputs %s", input_kind_names[c->inputs]);
    append(text, size, "%s%s%s --seed %lu", c->sinks ? " --sinks" : "",
           c->about == ABOUT_LAYER && !cr->run->given ? " --layer" : "",
           c->about == ABOUT_CERTIFICATE ? " --certificate" : "", (unsigned long)cr->run->seed);
}

const char *case_check(const struct bench_case *c)
{
    static char text[64];
    if (c->inputs != INPUT_RANDOM)
        snprintf(text, sizeof text, "inputs:%s", input_kind_names[c->inputs]);
    else
        snprintf(text, sizeof text, "%s",
                 c->page_size ? "paged"
                 : c->top_k   ? "top-k"
                 : c->sinks   ? "sinks"
                              : "random");
    return text;
}

void case_fail(struct case_run *cr, const struct contender *contender, const char *check,
               const char *reason)
{
    char command[sizeof((struct given *)0)->options + 800], name[CASE_NAME_MAX + 64];
    reproduce(cr, contender->index, command, sizeof command);
    snprintf(name, sizeof name, "%s/%s", cr->name, contender->kernel->name);
    const struct failure failure = {check, reason, command, contender->seconds};
    tally_fail(&cr->run->tally, contender->index, cr->name, &failure);
    json_t *entry =
        json_pack("{s:s, s:s, s:s, s:s, s:s}", "name", name, "kernel", contender->kernel->name,
                  "check", check, "reason", reason, "reproduce", command);
    const json_t *figures = json_object_get(contender->verdict, "error");
    if (figures)
        json_object_set_new(entry, "error", json_deep_copy(figures));
    json_array_append_new(json_object_get(cr->run->result->mlabench, "failed"), entry);
    progress_clear(&cr->run->progress);
    fprintf(stderr, "FAIL %s: %s: %s\n     again with: %s\n", name, check, reason, command);
    /* Of a whole layer the weights are not kept: a checkpoint's are in the checkpoint. */
    bool keeps = cr->run->saver && !(cr->run->given && cr->c->about == ABOUT_LAYER);
    const char *saved = keeps ? saver_take(cr->run->saver, cr, contender, &failure) : NULL;
    if (cr->run->saver && !keeps)
        fprintf(stderr, "     not saved: the weights are those of the checkpoint\n");
    if (saved)
        fprintf(stderr, "     saved in: %s/%s\n", cr->run->saver->folder, saved);
}
