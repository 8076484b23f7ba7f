/* SPDX-License-Identifier: MIT */
#include "harness/study.h"

#include <stddef.h>

extern const struct study study_cache, study_rank, study_activations, study_rope, study_article;

const struct study *const studies[] = {&study_cache, &study_rank,    &study_activations,
                                       &study_rope,  &study_article, NULL};
