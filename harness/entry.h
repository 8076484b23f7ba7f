/* SPDX-License-Identifier: MIT
 *
 * One entry of result.json's benchmarks: one repetition of one kernel in one case. */
#ifndef MLABENCH_ENTRY_H
#define MLABENCH_ENTRY_H

#include "harness/inputs.h"
#include "harness/measure.h"
#include "harness/suite.h"
#include "kernels/kernel.h"

#include <jansson.h>

/* A sample as a message from the measuring child. A new reference. */
json_t *sample_json(const struct sample *sample);

/* What an entry needs to know beside the sample. */
struct entry_source {
    const struct bench_case *c;
    const char *case_name;
    const struct inputs *inputs;
    const struct mla_kernel *kernel;
    const json_t *verdict; /* verdict_json */
    double dram_read_gbs;  /* at the case's threads; NAN if it could not be measured */
    int repetitions;
};

/* A new reference. */
json_t *entry_json(const struct entry_source *source, const json_t *sample);

#endif
