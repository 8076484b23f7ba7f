/* SPDX-License-Identifier: MIT
 *
 * More output than any buffer on its way takes at once, on both streams. */
#include <stdio.h>

int main(void)
{
    setvbuf(stdout, NULL, _IOLBF, 0); /* in the same order wherever it goes */
    for (int i = 0; i < 400; i++)
        fprintf(i % 2 ? stderr : stdout, "line %d of 400: %064d\n", i, i);
    return 0;
}
