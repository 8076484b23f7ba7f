/* SPDX-License-Identifier: MIT */
#ifndef MLABENCH_SHELL_WORD_H
#define MLABENCH_SHELL_WORD_H

#include <stddef.h>

/* Appends a space and `word` as a shell reads it back: in quotes where it holds anything but what
 * no shell takes for its own. What does not fit into `size` is left out whole. */
void shell_append(char *text, size_t size, const char *word);

#endif
