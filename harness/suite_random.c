/* SPDX-License-Identifier: MIT
 *
 * Cases of random shapes and inputs, small enough to run thousands of. */
#include "harness/random.h"
#include "harness/suite.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* One case's draws, one after the other. */
struct draws {
    uint64_t seed, next;
};

static int64_t draw(struct draws *d, int64_t least, int64_t most)
{
    return least +
           (int64_t)random_below(d->seed, RANDOM_CASE, d->next++, (uint64_t)(most - least + 1));
}

static bool one_in(struct draws *d, int64_t n)
{
    return draw(d, 1, n) == 1;
}

/* Small numbers as often as large ones. */
static int64_t draw_length(struct draws *d, int64_t most)
{
    int64_t bits = 0;
    while ((most >> bits) > 0)
        bits++;
    int64_t limit = ((int64_t)1 << draw(d, 0, bits)) - 1;
    return draw(d, 0, limit < most ? limit : most);
}

/* Dimensions of real models now and then, else any. */
static void draw_widths(struct draws *d, struct model *m)
{
    static const struct {
        int32_t nope, rope, v, rank;
    } real[] = {{128, 64, 128, 512}, {192, 64, 256, 512}, {64, 32, 64, 256}};
    if (one_in(d, 8)) {
        int64_t which = draw(d, 0, 2);
        m->qk_nope_head_dim = real[which].nope;
        m->qk_rope_head_dim = real[which].rope;
        m->v_head_dim = real[which].v;
        m->kv_lora_rank = real[which].rank;
        return;
    }
    m->qk_nope_head_dim = (int32_t)draw(d, 0, 48);
    m->qk_rope_head_dim = (int32_t)(2 * draw(d, m->qk_nope_head_dim < 2 ? 1 : 0, 16));
    m->v_head_dim = (int32_t)draw(d, 1, 48);
    m->kv_lora_rank = (int32_t)draw(d, 1, 96);
}

static void draw_model(struct draws *d, struct model *m)
{
    *m = (struct model){.kind = one_in(d, 3) ? MODEL_MHA : MODEL_MLA,
                        .causal = !one_in(d, 6),
                        .num_hidden_layers = 1,
                        .attentions_per_layer = 1,
                        .norm_eps = 1e-6,
                        .q_lora_gain = 1,
                        .kv_lora_gain = 1,
                        .max_position_embeddings = 1 << 20};
    snprintf(m->name, sizeof m->name, "random-%lu", (unsigned long)d->seed);
    draw_widths(d, m);
    int64_t groups = draw(d, 1, 6), per_group = draw(d, 1, 5);
    m->num_attention_heads = (int32_t)(groups * per_group);
    m->num_key_value_heads = m->kind == MODEL_MHA ? (int32_t)groups : (int32_t)(groups * per_group);
    double yarn = one_in(d, 3) ? 1.36 : 1; /* m, for scales that are not those of plain RoPE */
    m->softmax_scale = yarn * yarn / sqrt(m->qk_nope_head_dim + m->qk_rope_head_dim);
}

static void draw_case(uint64_t seed, struct bench_case *c)
{
    struct draws d = {.seed = seed};
    *c = (struct bench_case){.kernels = "*"};
    draw_model(&d, &c->model);
    c->cached = draw_length(&d, one_in(&d, 10) ? 3000 : 400);
    c->new_tokens = 1 + draw_length(&d, 40);
    c->batch = (int32_t)draw(&d, 1, 5);
    c->ragged = c->batch > 1 && c->cached > 0 && !one_in(&d, 4);
    c->threads = (int32_t)draw(&d, 1, 3);
    c->page_size = one_in(&d, 2) ? 0 : 1 + draw_length(&d, 100);
    c->top_k = one_in(&d, 5) ? (int32_t)(1 + draw_length(&d, 200)) : 0;
    c->sinks = one_in(&d, 5);
    c->inputs = one_in(&d, 2) ? INPUT_RANDOM : (enum input_kind)draw(&d, 0, INPUT_KINDS - 1);
    c->about = one_in(&d, 10) ? ABOUT_CERTIFICATE : ABOUT_KERNEL;
    c->format = one_in(&d, 2) ? MLA_FP32 : (enum mla_format)draw(&d, MLA_BF16, MLA_INT8);
    if (one_in(&d, 5) && c->about == ABOUT_KERNEL)
        c->split = (int32_t)draw(&d, 2, 9);
}

int suite_random(uint64_t seed, int32_t count, struct suite *suite, struct mla_error *error)
{
    *suite = (struct suite){.name = "random",
                            .summary = "random shapes and inputs",
                            .time_limit_s = 86400,
                            .kernel_time_limit_s = 120,
                            .repetitions = 10,
                            .repetition_ms = 50};
    suite->cases = calloc((size_t)count, sizeof *suite->cases);
    if (!suite->cases)
        return mla_fail(error, MLA_MACHINE, "no memory for %d cases", count);
    suite->count = count;
    for (int32_t i = 0; i < count; i++) {
        draw_case(seed + (uint64_t)i, &suite->cases[i]);
        suite->cases[i].seed_offset = (uint64_t)i;
    }
    return 0;
}
