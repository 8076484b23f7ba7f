/* SPDX-License-Identifier: MIT */
#include "harness/study.h"

#include <stddef.h>

extern const struct study study_activations;

const struct study *const studies[] = {&study_activations, NULL};
