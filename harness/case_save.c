/* SPDX-License-Identifier: MIT */
#include "harness/case_save.h"

#include "harness/case_file.h"
#include "harness/case_run.h"
#include "harness/inputs_file.h"
#include "harness/model_json.h"
#include "harness/out_file.h"
#include "harness/paths.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int saver_open(struct saver *saver, const char *folder, struct mla_error *error)
{
    struct out_file out;
    *saver = (struct saver){.folder = folder};
    int code = make_folder(folder, error);
    if (!code)
        code = out_open(&out, folder, CASE_FILE_NAME ".part", error);
    if (!code)
        out_discard(&out);
    return code;
}

static bool is_taken(const struct saver *saver, const char *name)
{
    for (int i = 0; i < saver->count; i++)
        if (strcmp(saver->names[i], name) == 0)
            return true;
    return false;
}

/* A folder's name out of the case's and the kernel's: letters, digits and "-._", not yet taken. */
static void choose_name(const struct saver *saver, const char *case_name, const char *kernel,
                        char name[SAVE_NAME_LENGTH])
{
    char full[CASE_NAME_MAX + 64];
    snprintf(full, sizeof full, "%s/%.60s", case_name, kernel);
    for (char *c = full; *c; c++)
        if (*c == ':')
            *c = '-';
        else if ((!isalnum((unsigned char)*c) && !strchr("-._", *c)) || (c == full && *c == '.'))
            *c = '_';
    snprintf(name, SAVE_NAME_LENGTH, "%.190s", full);
    for (int number = 2; is_taken(saver, name); number++)
        snprintf(name, SAVE_NAME_LENGTH, "%.190s-%d", full, number);
}

/* Of what another run has left there, or of what could not be completed. */
static void clear(const char *folder)
{
    char path[1400];
    for (const char *const *name = inputs_files; *name; name++) {
        snprintf(path, sizeof path, "%s/%s", folder, *name);
        unlink(path);
    }
    snprintf(path, sizeof path, "%s/" CASE_FILE_NAME, folder);
    unlink(path);
}

/* What the result says of program and machine, as far as it goes. */
static void copy_members(const json_t *from, const char *const *names, json_t *to)
{
    for (; *names; names++)
        json_object_set(to, *names, json_object_get(from, *names));
}

static int append(const char *text, size_t length, void *out)
{
    out_write(out, text, length);
    return 0;
}

static int write_case(const struct case_run *cr, const struct contender *contender,
                      const struct failure *failure, const char *folder, struct mla_error *error)
{
    static const char *const program[] = {"version", "commit", "dirty", "compiler",
                                          "flags",   "blas",   NULL};
    static const char *const run[] = {"command_line", "cpu", "isa", NULL};
    json_t *root = json_object(), *own = json_object();
    const json_t *result = cr->run->result->mlabench;
    uint64_t seed = cr->run->seed + cr->c->seed_offset;
    json_object_set_new(root, "check", json_string(failure->check));
    json_object_set_new(root, "reason", json_string(failure->reason));
    json_object_set_new(root, "reproduce", json_string(failure->reproduce));
    json_object_set(root, "error", json_object_get(contender->verdict, "error"));
    copy_members(result, run, root);
    copy_members(result, program, own);
    json_object_set_new(root, "mlabench", own);
    struct out_file out;
    int code = case_file_fill(root, cr->c, seed, contender->kernel->name,
                              cr->run->suite->kernel_time_limit_s, error);
    if (!code)
        code = out_open(&out, folder, CASE_FILE_NAME, error);
    if (!code) {
        json_dump_callback(root, append, &out,
                           JSON_INDENT(1) | JSON_REAL_PRECISION(MODEL_JSON_DIGITS));
        out_write(&out, "\n", 1);
        code = out_close(&out, error);
    }
    json_decref(root);
    return code;
}

/* case.json comes last: a folder that has one is whole. */
static int save(const struct case_run *cr, const struct contender *contender,
                const struct failure *failure, const char *folder, struct mla_error *error)
{
    int code = make_folder(folder, error);
    if (code)
        return code;
    clear(folder);
    if (cr->c->about != ABOUT_LAYER)
        code = inputs_save(&cr->inputs, folder, error);
    if (!code && cr->c->about != ABOUT_LAYER)
        code = inputs_save_expected(&cr->inputs, &cr->oracle, folder, error);
    if (!code)
        code = write_case(cr, contender, failure, folder, error);
    if (code) {
        clear(folder);
        rmdir(folder);
    }
    return code;
}

const char *saver_take(struct saver *saver, const struct case_run *cr,
                       const struct contender *contender, const struct failure *failure)
{
    struct mla_error error;
    if (saver->last_case == cr->c && saver->last_kernel == contender->index)
        return NULL;
    saver->last_case = cr->c;
    saver->last_kernel = contender->index;
    if (saver->count == SAVES_MAX) {
        saver->left_out++;
        return NULL;
    }
    char folder[1200], *name = saver->names[saver->count];
    choose_name(saver, cr->name, contender->kernel->name, name);
    int code = 0;
    if (snprintf(folder, sizeof folder, "%s/%s", saver->folder, name) >= (int)sizeof folder)
        code = mla_fail(&error, MLA_MACHINE, "the path %.900s is too long", folder);
    if (!code)
        code = save(cr, contender, failure, folder, &error);
    if (!code) {
        saver->count++;
        return name;
    }
    if (saver->lost++ == 0)
        saver->why = error;
    return NULL;
}

int saver_close(const struct saver *saver, struct mla_error *error)
{
    if (saver->left_out)
        fprintf(stderr, "%d more failures are not saved in %s: at most %d are\n", saver->left_out,
                saver->folder, SAVES_MAX);
    if (saver->lost)
        return mla_fail(error, MLA_MACHINE, "%d of %d failures could not be saved: %.800s",
                        saver->lost, saver->lost + saver->count, saver->why.message);
    return 0;
}
