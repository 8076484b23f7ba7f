/* SPDX-License-Identifier: MIT
 *
 * Runs a target on each of the files given, once: TARGET-seeds FILE... */
#include "tests/fuzz/target.h"

#include <stdio.h>
#include <stdlib.h>

/* Memory as large as the file and no larger, so that a byte too many shows. */
static void run_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    if (!file || fseek(file, 0, SEEK_END))
        target_fail("%s: cannot be read", path);
    size_t size = (size_t)ftell(file);
    uint8_t *data = malloc(size ? size : 1);
    rewind(file);
    if (!data || fread(data, 1, size, file) != size)
        target_fail("%s: cannot be read", path);
    fclose(file);
    fprintf(stderr, "%s\n", path);
    LLVMFuzzerTestOneInput(data, size);
    free(data);
}

int main(int count, char **arguments)
{
    if (count < 2)
        target_fail("no files given");
    for (int i = 1; i < count; i++)
        run_file(arguments[i]);
    return 0;
}
