/* SPDX-License-Identifier: MIT */
#include "harness/paths.h"

#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* Formats a path; false if it does not fit. */
__attribute__((format(printf, 2, 3))) static bool put(char path[PATH_LENGTH], const char *format,
                                                      ...)
{
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(path, PATH_LENGTH, format, arguments);
    va_end(arguments);
    return length < PATH_LENGTH;
}

static bool holds_configs(const char *root)
{
    char path[PATH_LENGTH];
    return put(path, "%s/configs/models", root) && access(path, R_OK) == 0;
}

static int set(struct paths *paths, const char *root, const char *results, struct mla_error *error)
{
    if (put(paths->plots, "%s/scripts/plots", root) && put(paths->configs, "%s/configs", root) &&
        put(paths->results, "%s", results))
        return 0;
    return mla_fail(error, MLA_BAD_INPUT, "the path %s is too long", root);
}

/* The checkout that holds FOLDER/build/mlabench or FOLDER/build/VARIANT/mlabench: cuts `path`, the
 * executable's, down to it. */
static bool find_checkout(char *path)
{
    enum { DEEPEST = 4 };
    for (int level = 0; level < DEEPEST; level++) {
        char *slash = strrchr(path, '/');
        if (!slash || slash == path)
            return false;
        *slash = 0;
        if (level > 0 && holds_configs(path))
            return true;
    }
    return false;
}

int paths_find(struct paths *paths, struct mla_error *error)
{
    const char *named = getenv("MLABENCH_DATA");
    if (named && !holds_configs(named))
        return mla_fail(error, MLA_BAD_INPUT,
                        "MLABENCH_DATA is %s, which holds no configs/models folder", named);
    if (named)
        return set(paths, named, "results", error);
    char executable[PATH_LENGTH], path[PATH_LENGTH];
    ssize_t length = readlink("/proc/self/exe", executable, sizeof executable - 1);
    if (length <= 0)
        return mla_fail(error, MLA_MACHINE, "cannot read /proc/self/exe: %s", strerror(errno));
    executable[length] = 0;
    put(path, "%s", executable);
    if (find_checkout(path)) {
        char results[PATH_LENGTH];
        if (!put(results, "%s/results", path))
            return mla_fail(error, MLA_BAD_INPUT, "the path %s is too long", path);
        return set(paths, path, results, error);
    }
    *strrchr(executable, '/') = 0;
    if (put(path, "%s/../share/mlabench", executable) && holds_configs(path))
        return set(paths, path, "results", error);
    return mla_fail(error, MLA_MACHINE,
                    "found no configs folder near %s: set MLABENCH_DATA to the folder that holds "
                    "configs and scripts",
                    executable);
}

bool path_beside_program(char path[PATH_LENGTH], const char *name)
{
    char executable[PATH_LENGTH];
    ssize_t length = readlink("/proc/self/exe", executable, sizeof executable - 1);
    if (length <= 0)
        return false;
    executable[length] = 0;
    char *slash = strrchr(executable, '/');
    return slash && put(path, "%.*s/%s", (int)(slash - executable), executable, name);
}

int make_folder(const char *path, struct mla_error *error)
{
    char partial[PATH_MAX];
    size_t length = strlen(path);
    if (length == 0 || length >= sizeof partial)
        return mla_fail(error, MLA_BAD_INPUT, "not a usable folder name: '%s'", path);
    for (size_t i = 1; i <= length; i++) {
        if (path[i] != '/' && path[i] != 0)
            continue;
        memcpy(partial, path, i);
        partial[i] = 0;
        if (mkdir(partial, 0777) && errno != EEXIST)
            return mla_fail(error, MLA_MACHINE, "cannot make the folder %s: %s", partial,
                            strerror(errno));
    }
    struct stat status;
    if (stat(path, &status) || !S_ISDIR(status.st_mode))
        return mla_fail(error, MLA_MACHINE, "%s is not a folder", path);
    if (access(path, W_OK))
        return mla_fail(error, MLA_MACHINE, "cannot write into %s: %s", path, strerror(errno));
    return 0;
}

/* Shards of one run may well start in the same second. */
void paths_new_run(const struct paths *paths, const char *suite, const char *shard, char *folder,
                   size_t size)
{
    char date[32], part[64] = "";
    time_t now = time(NULL);
    struct tm parts;
    localtime_r(&now, &parts);
    strftime(date, sizeof date, "%Y%m%d-%H%M%S", &parts);
    if (shard)
        snprintf(part, sizeof part, "-%.*sof%s", (int)strcspn(shard, "/"), shard,
                 strchr(shard, '/') + 1);
    snprintf(folder, size, "%s/%s-%s%s", paths->results, date, suite, part);
}
