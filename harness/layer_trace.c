/* SPDX-License-Identifier: MIT */
#include "harness/layer_trace.h"

#include "harness/layer.h"

#include <string.h>

int layer_trace_create(const struct model *model, const struct ref_layer_weights *weights,
                       int64_t tokens, struct layer_trace *trace, struct mla_error *error)
{
    *trace = (struct layer_trace){.model = model, .tokens = tokens};
    layer_plan(model, weights, &trace->plan);
    int64_t floats = 0;
    for (int i = 0; i < LAYER_ARRAYS; i++)
        floats += tokens * trace->plan.width[i];
    int code = buffer_create(&trace->memory, BUFFER_PLAIN,
                             sizeof(int64_t) * (size_t)tokens + sizeof(float) * (size_t)floats,
                             "a layer's trace", error);
    if (code)
        return code;
    trace->keys = trace->memory.data;
    void *after = trace->keys + tokens;
    float *next = after;
    for (int i = 0; i < LAYER_ARRAYS; i++) {
        trace->at[i] = trace->plan.width[i] ? next : NULL;
        next += tokens * trace->plan.width[i];
    }
    return 0;
}

void layer_trace_destroy(struct layer_trace *trace)
{
    buffer_destroy(&trace->memory);
}

/* Length of call number `call`, from token `first` on. */
static int64_t chunk_length(const struct layer_chunks *chunks, int call, int64_t first,
                            int64_t tokens)
{
    int64_t end = first < chunks->boundary && chunks->boundary < tokens ? chunks->boundary : tokens;
    int64_t length = chunks->lengths[call % chunks->count];
    return length < end - first ? length : end - first;
}

static int64_t longest_chunk(const struct layer_chunks *chunks, int64_t tokens)
{
    int64_t longest = 0;
    for (int64_t first = 0, length, call = 0; first < tokens; first += length, call++) {
        length = chunk_length(chunks, (int)call, first, tokens);
        longest = length > longest ? length : longest;
    }
    return longest;
}

/* Copies what the layer has for `count` tokens into the trace, from token `first` on. */
static void record(struct layer_trace *trace, const struct layer *layer, int64_t first,
                   int64_t count)
{
    for (int i = 0; i < LAYER_ARRAYS; i++) {
        int64_t width = trace->plan.width[i];
        if (layer->at[i])
            memcpy(trace->at[i] + first * width, layer->at[i],
                   sizeof(float) * (size_t)(count * width));
    }
}

static void load(struct layer *layer, const struct layer_trace *trace, enum layer_array array,
                 int64_t first, int64_t count)
{
    int64_t width = trace->plan.width[array];
    memcpy(layer->at[array], trace->at[array] + first * width,
           sizeof(float) * (size_t)(count * width));
}

/* One call of the layer, or of its attention alone. */
static int step(struct layer_trace *trace, struct layer *layer, bool attention_only, int64_t first,
                int64_t count, int threads, struct mla_error *error)
{
    struct mla_seq seq = {.tokens = count, .position = first, .kv_end = first + count};
    int code;
    buffer_poison(&layer->activations, POISON_NAN);
    buffer_poison(&layer->workspace, POISON_NAN);
    if (attention_only) {
        load(layer, trace, LAYER_Q, first, count);
        load(layer, trace, LAYER_ROWS, first, count);
        code = layer_attend(layer, &seq, 1, threads, error);
    } else {
        code =
            layer_forward(layer, &seq, 1, trace->at[LAYER_X] + first * trace->plan.width[LAYER_X],
                          trace->at[LAYER_Y] + first * trace->plan.width[LAYER_Y], threads, error);
    }
    record(trace, layer, first, count);
    for (int64_t t = 0; t < count; t++)
        trace->keys[first + t] = mla_keys(&layer->problem, &seq, t);
    return code;
}

static int run(struct layer_trace *trace, const struct ref_layer_weights *weights,
               const struct mla_kernel *kernel, const struct layer_chunks *chunks,
               bool attention_only, int threads, struct mla_error *error)
{
    struct layer layer;
    struct layer_limits limits = {.tokens = longest_chunk(chunks, trace->tokens),
                                  .keys = trace->tokens,
                                  .batch = 1,
                                  .threads = threads};
    int code = layer_create(trace->model, weights, kernel, MLA_FP32, &limits, &layer, error);
    if (code)
        return code;
    layer.rope_offset = trace->rope_offset;
    trace->problem = layer.problem;
    trace->kernel = kernel;
    int call = 0;
    for (int64_t first = 0, count; first < trace->tokens && code == 0; first += count) {
        count = chunk_length(chunks, call++, first, trace->tokens);
        code = step(trace, &layer, attention_only, first, count, threads, error);
    }
    layer_destroy(&layer);
    return code;
}

int layer_trace_run(struct layer_trace *trace, const struct ref_layer_weights *weights,
                    const struct mla_kernel *kernel, const struct layer_chunks *chunks,
                    int64_t rope_offset, int threads, struct mla_error *error)
{
    trace->rope_offset = rope_offset;
    return run(trace, weights, kernel, chunks, false, threads, error);
}

int layer_trace_attend(struct layer_trace *trace, const struct ref_layer_weights *weights,
                       const struct mla_kernel *kernel, const struct layer_chunks *chunks,
                       int threads, struct mla_error *error)
{
    return run(trace, weights, kernel, chunks, true, threads, error);
}
