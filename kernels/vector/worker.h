/* SPDX-License-Identifier: MIT
 *
 * One thread of the team of a vector kernel, and its part of the workspace. */
#ifndef MLABENCH_VECTOR_WORKER_H
#define MLABENCH_VECTOR_WORKER_H

#include "kernels/vector/partials.h"

struct worker {
    int32_t thread;
    float *panel;                /* [panel_chunks] of keys and values */
    float *latent;               /* [latent_chunks] that they are expanded from */
    float *weights;              /* [SIMD_WEIGHTS] */
    struct partials partials[2]; /* of a job begun by an earlier thread, and of any other */
};

#endif
