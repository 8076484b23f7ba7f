/* SPDX-License-Identifier: MIT */
#include "harness/study.h"

#include <stddef.h>

const struct study *const studies[] = {NULL};
