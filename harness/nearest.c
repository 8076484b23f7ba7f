/* SPDX-License-Identifier: MIT */
#include "harness/nearest.h"

#include <stdio.h>
#include <string.h>

#define LONGEST 64

static int least(int a, int b)
{
    return a < b ? a : b;
}

/* Optimal string alignment: Levenshtein's distance, a swap of neighbours counting once. */
static int distance(const char *a, size_t a_length, const char *b, size_t b_length)
{
    int d[LONGEST + 1][LONGEST + 1];
    for (size_t i = 0; i <= a_length; i++)
        d[i][0] = (int)i;
    for (size_t j = 0; j <= b_length; j++)
        d[0][j] = (int)j;
    for (size_t i = 1; i <= a_length; i++) {
        for (size_t j = 1; j <= b_length; j++) {
            int substitute = d[i - 1][j - 1] + (a[i - 1] != b[j - 1]);
            d[i][j] = least(substitute, least(d[i - 1][j], d[i][j - 1]) + 1);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                d[i][j] = least(d[i][j], d[i - 2][j - 2] + 1);
        }
    }
    return d[a_length][b_length];
}

const char *nearest_name(const char *name, const char *const *known, int count)
{
    size_t length = strlen(name);
    if (length == 0 || length > LONGEST)
        return NULL;
    const char *nearest = NULL;
    int nearest_distance = (int)(length + 2) / 5 + 1;
    for (int i = 0; i < count; i++) {
        size_t known_length = strlen(known[i]);
        if (known_length > LONGEST)
            continue;
        int d = distance(name, length, known[i], known_length);
        if (d < nearest_distance) {
            nearest = known[i];
            nearest_distance = d;
        }
    }
    return nearest;
}

void names_in_words(const char *const *names, int count, char *text, size_t size)
{
    size_t used = 0;
    text[0] = '\0';
    for (int i = 0; i < count && used < size; i++) {
        const char *joint = i == 0 ? "" : i == count - 1 ? " or " : ", ";
        used += (size_t)snprintf(text + used, size - used, "%s%s", joint, names[i]);
    }
}
