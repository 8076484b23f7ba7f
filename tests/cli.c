/* SPDX-License-Identifier: MIT */
#include "tests/cli.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

char output[1 << 18];
char folder[64];

void make_temporary(void)
{
    strcpy(folder, "/tmp/mlabench-test-XXXXXX");
    cr_assert(mkdtemp(folder) != NULL);
}

void remove_temporary(void)
{
    char command[128];
    snprintf(command, sizeof command, "rm -rf %s", folder);
    cr_assert(system(command) == 0);
}

const char *program(void)
{
    static char path[PATH_MAX];
    ssize_t length = readlink("/proc/self/exe", path, sizeof path - 32);
    cr_assert(length > 0);
    path[length] = 0;
    strcpy(strrchr(path, '/') + 1, "mlabench");
    return path;
}

int mlabench(const char *arguments)
{
    char command[4 * PATH_MAX];
    const char *path = program();
    int own = (int)(strrchr(path, '/') - path);
    int length = snprintf(command, sizeof command, "'%s' ", path);
    for (const char *c = arguments; *c; c++) {
        int room = (int)sizeof command - length;
        length += *c == '@'   ? snprintf(command + length, (size_t)room, "%s", folder)
                  : *c == '#' ? snprintf(command + length, (size_t)room, "'%.*s'", own, path)
                              : snprintf(command + length, (size_t)room, "%c", *c);
        cr_assert(length + 8 < (int)sizeof command, "'%s' is too long", arguments);
    }
    strcpy(command + length, " 2>&1");
    FILE *pipe = popen(command, "r");
    cr_assert(pipe != NULL);
    size_t got = fread(output, 1, sizeof output - 1, pipe);
    output[got] = 0;
    int status = pclose(pipe);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

json_t *load(const char *name)
{
    char path[256];
    json_error_t error;
    snprintf(path, sizeof path, "%s/%s", folder, name);
    json_t *root = json_load_file(path, 0, &error);
    cr_assert(root != NULL, "%s: %s (line %d)", path, error.text, error.line);
    return root;
}

void write_file(const char *name, const char *text)
{
    char path[256];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "w");
    cr_assert(file != NULL);
    fputs(text, file);
    fclose(file);
}
