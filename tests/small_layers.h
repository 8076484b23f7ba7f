/* SPDX-License-Identifier: MIT
 *
 * A small layer of every kind for tests of the reference, and seeded weights for them. */
#ifndef MLABENCH_TESTS_SMALL_LAYERS_H
#define MLABENCH_TESTS_SMALL_LAYERS_H

#include "reference/reference.h"

/* hidden_size of all of them, their largest output_size and row width. The last is the article's.
 */
enum { SMALL_LAYERS = 6, SMALL_HIDDEN = 24, SMALL_OUTPUT = 24, SMALL_ROW = 96 };

extern const struct ref_layer_dims small_layers[SMALL_LAYERS];

/* To be freed with small_layer_free. A failure to make them fails the test. */
struct ref_layer_weights small_layer_weights(const struct ref_layer_dims *dims);
void small_layer_free(const struct ref_layer_weights *weights);

/* The tensors by name, in the order of struct ref_layer_weights: NULL and 0 where the layer has
 * none, else at most SMALL_TENSOR elements. They may be changed. */
enum { SMALL_TENSORS = 10, SMALL_TENSOR = 1152 };
struct small_tensor {
    const char *name;
    float *weight;
    int64_t count;
};
void small_layer_list(const struct ref_layer_dims *dims, const struct ref_layer_weights *weights,
                      struct small_tensor list[SMALL_TENSORS]);

#endif
