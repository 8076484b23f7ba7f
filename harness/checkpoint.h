/* SPDX-License-Identifier: MIT
 *
 * One attention layer of a checkpoint in Hugging Face's layout, as downloaded: config.json and
 * safetensors. */
#ifndef MLABENCH_CHECKPOINT_H
#define MLABENCH_CHECKPOINT_H

#include "harness/error.h"
#include "harness/model.h"
#include "harness/weights.h"

#include <stdint.h>

struct checkpoint {
    struct model model; /* its name is that of the folder */
    struct layer_weights weights;
    int layer, attention; /* attention: which of a layer's two, LongCat-Flash; else 0 */
    char types[64];       /* of the tensors, e.g. "F8_E4M3, BF16" */
    int64_t bytes;        /* of the layer's tensors in the files */
};

/* Reads config.json and the tensors of layer `layer` ("3"; of two attentions "3.0" or "3.1"), and
 * nothing else of the files: F64, F32, F16 and BF16, and F8_E4M3 with weight_scale_inv, a factor
 * per 128 x 128 elements, as fp32. Names as under model.layers.N.self_attn, whatever comes before
 * "layers". Refuses with MLA_BAD_INPUT what is missing, of another type or shape, or not understood
 * (biases, other ways to quantise), the message naming file, tensor and cure. Also MLA_MACHINE.
 * The weights lie in memory that processes share; a child process fills it. */
int checkpoint_load(const char *folder, const char *layer, struct checkpoint *checkpoint,
                    struct mla_error *error);
void checkpoint_free(struct checkpoint *checkpoint);

#endif
