/* SPDX-License-Identifier: MIT
 *
 * Bounds of a model's dimensions, wherever they are read from: no model comes near, and within them
 * no size of a weight overflows 64 bits. */
#ifndef MLABENCH_MODEL_LIMITS_H
#define MLABENCH_MODEL_LIMITS_H

enum {
    MOST_HIDDEN = 1 << 20,
    MOST_HEADS = 1 << 14,
    MOST_HEAD_DIM = 1 << 16,
    MOST_RANK = 1 << 20,
    MOST_LAYERS = 1 << 14,
    MOST_POSITIONS = 1 << 26,
    MOST_HEADS_WIDTH = 1 << 24, /* of all heads together */
};

#endif
