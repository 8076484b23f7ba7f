/* SPDX-License-Identifier: MIT
 *
 * Prints what a program is given, and returns how many arguments there are. */
#include <stdio.h>
#include <stdlib.h>

int main(int count, char **arguments)
{
    for (int i = 1; i < count; i++)
        printf("[%s]\n", arguments[i]);
    const char *threads = getenv("OMP_NUM_THREADS");
    printf("%s thread", threads ? threads : "no"); /* and no newline */
    return count;
}
