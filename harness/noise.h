/* SPDX-License-Identifier: MIT
 *
 * What else happened while a sample was taken. */
#ifndef MLABENCH_NOISE_H
#define MLABENCH_NOISE_H

#include <stdint.h>

struct noise {
    double steal_ms;              /* taken from all CPUs by the hypervisor since boot */
    int64_t involuntary_switches; /* of this process since its start */
};

struct noise noise_now(void);

#endif
