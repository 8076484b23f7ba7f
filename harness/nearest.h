/* SPDX-License-Identifier: MIT
 *
 * Known names in messages: the one that a misspelt name was probably meant to be, or all of them.
 */
#ifndef MLABENCH_NEAREST_H
#define MLABENCH_NEAREST_H

#include <stddef.h>

/* Of `count` known names the one that needs the fewest insertions, deletions, substitutions and
 * swaps of neighbours to become `name`, if these are few enough for a slip of the hand: about one
 * per five letters. NULL if none is that near. */
const char *nearest_name(const char *name, const char *const *known, int count);

/* "a, b or c", as far as there is room. */
void names_in_words(const char *const *names, int count, char *text, size_t size);

#endif
