/* SPDX-License-Identifier: MIT */
#include "harness/config_files.h"

#include "harness/nearest.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SUFFIX ".json"

static size_t length_without_suffix(const char *name)
{
    size_t length = strlen(name), suffix = strlen(SUFFIX);
    bool has = length > suffix && strcmp(name + length - suffix, SUFFIX) == 0;
    return has ? length - suffix : length;
}

static bool ends_in_json(const char *name)
{
    return length_without_suffix(name) < strlen(name);
}

static int is_config(const struct dirent *entry)
{
    return entry->d_name[0] != '.' && ends_in_json(entry->d_name);
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

int config_names(const char *folder, const char *kind, char ***names, int *count,
                 struct mla_error *error)
{
    char path[CONFIG_PATH_MAX];
    snprintf(path, sizeof path, "%s/%s", folder, kind);
    struct dirent **entries;
    int found = scandir(path, &entries, is_config, NULL);
    if (found < 0)
        return mla_fail(error, MLA_MACHINE, "%s: cannot be listed: %s", path, strerror(errno));
    char **list = calloc((size_t)found + 1, sizeof *list);
    bool complete = list != NULL;
    for (int i = 0; i < found; i++) {
        const char *name = entries[i]->d_name;
        if (complete)
            complete = (list[i] = strndup(name, length_without_suffix(name))) != NULL;
        free(entries[i]);
    }
    free(entries);
    if (!complete) {
        config_names_free(list, found);
        return mla_fail(error, MLA_MACHINE, "%s: no memory for its names", path);
    }
    qsort(list, (size_t)found, sizeof *list, compare_names);
    *names = list;
    *count = found;
    return 0;
}

void config_names_free(char **names, int count)
{
    for (int i = 0; names && i < count; i++)
        free(names[i]);
    free(names);
}

bool config_is_path(const char *name)
{
    return strchr(name, '/') || ends_in_json(name);
}

int config_path(const char *folder, const char *kind, const char *name, char path[CONFIG_PATH_MAX],
                struct mla_error *error)
{
    int length = config_is_path(name)
                     ? snprintf(path, CONFIG_PATH_MAX, "%s", name)
                     : snprintf(path, CONFIG_PATH_MAX, "%s/%s/%s%s", folder, kind, name, SUFFIX);
    if (length >= CONFIG_PATH_MAX)
        return mla_fail(error, MLA_BAD_INPUT,
                        "%.60s...: a name of %zu characters, accepted: a path of fewer than %d",
                        name, strlen(name), CONFIG_PATH_MAX);
    return 0;
}

bool config_exists(const char *path)
{
    return access(path, F_OK) == 0;
}

int config_name_of(const char *path, char name[CONFIG_NAME_MAX], struct mla_error *error)
{
    const char *slash = strrchr(path, '/');
    const char *start = slash ? slash + 1 : path;
    size_t length = length_without_suffix(start);
    if (slash && slash > path && strcmp(start, "config" SUFFIX) == 0) {
        for (start = slash; start > path && start[-1] != '/';)
            start--;
        length = (size_t)(slash - start);
    }
    if (length == 0 || length >= CONFIG_NAME_MAX)
        return mla_fail(error, MLA_BAD_INPUT,
                        "%s: its name has %zu characters, accepted: 1 to %d; rename it", path,
                        length, CONFIG_NAME_MAX - 1);
    for (size_t i = 0; i < length; i++)
        name[i] = isalnum((unsigned char)start[i]) || strchr("._-", start[i]) ? start[i] : '-';
    name[length] = '\0';
    return 0;
}

int config_refuse_name(const char *folder, const char *kind, const char *where, const char *name,
                       struct mla_error *error)
{
    char **names;
    int count;
    int code = config_names(folder, kind, &names, &count, error);
    if (code)
        return code;
    const char *const *known = (const char *const *)names;
    const char *near = nearest_name(name, known, count);
    char all[512];
    names_in_words(known, count, all, sizeof all);
    code = mla_fail(error, MLA_BAD_INPUT, "%s%sthere is no '%.80s' in %s/%s; %s%s%s", where,
                    where[0] ? ": " : "", name, folder, kind,
                    near ? "did you mean " : "accepted: a path to a .json file, ",
                    near ? near : all, near ? "?" : "");
    config_names_free(names, count);
    return code;
}
