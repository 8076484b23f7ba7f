/* SPDX-License-Identifier: MIT
 *
 * A layer in training: its gradients against the reference's, and that what it keeps is what its
 * backward pass needs, by bytes and by element. */
#include "harness/random.h"
#include "harness/train_layer.h"
#include "reference/backward.h"
#include "tests/small_layers.h"

#include <criterion/criterion.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

enum { TOKENS = 7, TENSORS = SMALL_TENSORS, LARGEST = SMALL_TENSOR, SAMPLES = 8 };
enum { X = TOKENS * SMALL_HIDDEN };

/* What rounding may do, in units of 2^-24 times a gradient's condition, i.e. how far it moves when
 * all that goes in is changed at random. A stage's rounding is as a change of what goes into it, by
 * 3 sqrt(n) u for sums of n terms (layer_verify.h), here at most 48; of 16 stages forward and back
 * the squares add up. Seen: 15. */
static const double limit = 4 * 3 * 6.9282;

/* MLA and MHA: all but the last, which is the article's. */
enum { LAYERS = SMALL_LAYERS - 1 };

static struct model model_of(const struct ref_layer_dims *dims)
{
    const struct ref_dims *a = &dims->attention;
    return (struct model){.name = "small",
                          .kind = dims->kind == REF_LAYER_MHA   ? MODEL_MHA
                                  : dims->kind == REF_LAYER_MLA ? MODEL_MLA
                                                                : MODEL_ARTICLE,
                          .hidden_size = dims->hidden_size,
                          .output_size = dims->output_size,
                          .num_attention_heads = a->heads,
                          .num_key_value_heads = a->heads_kv,
                          .q_lora_rank = dims->q_lora_rank,
                          .kv_lora_rank = a->kv_lora_rank,
                          .qk_nope_head_dim = a->qk_nope_head_dim,
                          .qk_rope_head_dim = a->qk_rope_head_dim,
                          .v_head_dim = a->v_head_dim,
                          .max_position_embeddings = 4096,
                          .norm_eps = dims->norm_eps,
                          .softmax_scale = a->scale,
                          .q_lora_gain = dims->q_lora_gain,
                          .kv_lora_gain = dims->kv_lora_gain,
                          .rope = dims->rope,
                          .causal = dims->causal};
}

/* All gradients of a layer; those of tensors that it has not stay 0. */
struct gradients {
    float x[X], weights[TENSORS][LARGEST];
};
struct exact {
    double x[X], weights[TENSORS][LARGEST];
};

static struct ref_layer_weights name_weights(float weights[TENSORS][LARGEST])
{
    return (struct ref_layer_weights){.q_proj = weights[0],
                                      .q_a_proj = weights[1],
                                      .q_a_layernorm = weights[2],
                                      .q_b_proj = weights[3],
                                      .kv_a_proj = weights[4],
                                      .kv_a_layernorm = weights[5],
                                      .kv_b_proj = weights[6],
                                      .k_proj = weights[7],
                                      .v_proj = weights[8],
                                      .o_proj = weights[9]};
}

struct fixture {
    const struct ref_layer_dims *dims;
    struct model model;
    struct ref_layer_weights weights;
    float x[X], grad_y[X], y[X];
};

static struct fixture fixture_of(const struct ref_layer_dims *dims)
{
    struct fixture f = {
        .dims = dims, .model = model_of(dims), .weights = small_layer_weights(dims)};
    random_normal(17, 20, 0, X, 1, f.x);
    random_normal(17, 21, 0, X, 1, f.grad_y);
    return f;
}

/* A variant of training. */
struct variant {
    enum train_form form;
    enum train_again again;
    int threads;
};

static int forms_of(const struct fixture *f)
{
    return f->dims->kind == REF_LAYER_MLA ? TRAIN_FORMS : 1;
}

static void create(const struct fixture *f, struct variant v, struct train_layer *layer)
{
    struct mla_error error = {""};
    const struct mla_kernel *kernel = train_kernel(&f->model, v.form);
    cr_assert(kernel != NULL, "no kernel trains %s form", train_form_names[v.form]);
    int code = train_layer_create(&f->model, &f->weights, kernel, v.form, v.again, TOKENS,
                                  v.threads, layer, &error);
    cr_assert(code == 0, "%s", error.message);
}

static void forward(struct fixture *f, const struct train_layer *layer, struct tape *tape)
{
    struct mla_error error = {""};
    float x[X];
    memcpy(x, f->x, sizeof x);
    int code = train_layer_forward(layer, x, f->y, tape, &error);
    cr_assert(code == 0, "%s", error.message);
    memset(x, 0xFF, sizeof x);
}

static void backward(const struct fixture *f, const struct train_layer *layer,
                     const struct tape *tape, struct gradients *gradients)
{
    struct mla_error error = {""};
    memset(gradients, 0, sizeof *gradients);
    memset(gradients->x, 0xFF, sizeof gradients->x);
    const struct ref_layer_weights named = name_weights(gradients->weights);
    int code = train_layer_backward(layer, tape, f->grad_y, gradients->x, &named, &error);
    cr_assert(code == 0, "%s", error.message);
}

static void train(struct fixture *f, struct variant v, struct gradients *gradients)
{
    struct train_layer layer;
    struct tape tape = {0};
    create(f, v, &layer);
    forward(f, &layer, &tape);
    backward(f, &layer, &tape, gradients);
    tape_release(&tape);
    train_layer_destroy(&layer);
}

/* +1 or -1. */
static double sign(uint32_t sample, uint64_t i)
{
    return random_below(17, 1000 + sample, i, 2) ? 1 : -1;
}

/* The reference's gradients; with a `change`, of a layer whose every number that goes in is changed
 * by a factor 1 +- change, the signs being drawn from `sample`. */
static void reference(const struct fixture *f, double change, uint32_t sample, struct exact *exact)
{
    struct ref_layer_weights weights = small_layer_weights(f->dims);
    struct small_tensor list[TENSORS];
    double x[X], grad_y[X];
    uint64_t drawn = 0;
    small_layer_list(f->dims, &weights, list);
    memset(exact, 0, sizeof *exact);
    for (int i = 0; i < X; i++) {
        x[i] = f->x[i] * (1 + change * sign(sample, drawn++));
        grad_y[i] = f->grad_y[i] * (1 + change * sign(sample, drawn++));
    }
    for (int t = 0; t < TENSORS; t++)
        for (int64_t i = 0; i < list[t].count; i++)
            list[t].weight[i] *= (float)(1 + change * sign(sample, drawn++));
    double(*g)[LARGEST] = exact->weights;
    const struct ref_layer_weight_gradients wanted = {g[0], g[1], g[2], g[3], g[4],
                                                      g[5], g[6], g[7], g[8], g[9]};
    int error = ref_layer_backward(f->dims, &weights, TOKENS, x, grad_y, exact->x, &wanted, 1);
    cr_assert(error == 0, "error %d", error);
    small_layer_free(&weights);
}

/* One tensor's gradient: what it is, and what it may be off by. */
struct wanted {
    const char *name;
    const double *exact;
    int64_t count;
    double condition;
};
enum { WANTED = TENSORS + 1 };

/* How far each tensor's gradient moves, root mean square over elements and samples, per relative
 * change of all that goes in. */
static void conditions(const struct fixture *f, const struct exact *exact,
                       struct wanted wanted[WANTED])
{
    const double change = 1.0 / 4096;
    struct ref_layer_weights weights = small_layer_weights(f->dims);
    struct small_tensor list[TENSORS];
    struct exact moved;
    small_layer_list(f->dims, &weights, list);
    for (int t = 0; t < TENSORS; t++)
        wanted[t] = (struct wanted){list[t].name, exact->weights[t], list[t].count, 0};
    wanted[TENSORS] = (struct wanted){"x", exact->x, X, 0};
    for (uint32_t sample = 0; sample < SAMPLES; sample++) {
        reference(f, change, sample, &moved);
        for (int t = 0; t < WANTED; t++)
            for (int64_t i = 0; i < wanted[t].count; i++) {
                double to = t == TENSORS ? moved.x[i] : moved.weights[t][i];
                double by = (to - wanted[t].exact[i]) / change;
                wanted[t].condition += by * by / (double)(wanted[t].count * SAMPLES);
            }
    }
    for (int t = 0; t < WANTED; t++)
        wanted[t].condition = sqrt(wanted[t].condition);
    small_layer_free(&weights);
}

static void compare(const struct wanted wanted[WANTED], const struct gradients *got,
                    const char *where)
{
    const double u = ldexp(1, -24);
    for (int t = 0; t < WANTED; t++) {
        double allowed = limit * u * wanted[t].condition;
        for (int64_t i = 0; i < wanted[t].count; i++) {
            double is = t == TENSORS ? got->x[i] : got->weights[t][i], want = wanted[t].exact[i];
            cr_assert(fabs(is - want) <= allowed, "%s, %s %ld: %.9g for %.9g, off by %g of %g",
                      where, wanted[t].name, (long)i, is, want, fabs(is - want), allowed);
        }
    }
}

static void check_forward(const struct fixture *f, const char *where)
{
    double x[X], rows[TOKENS * SMALL_ROW], y[X];
    for (int i = 0; i < X; i++)
        x[i] = f->x[i];
    int error = ref_layer(f->dims, &f->weights, 0, TOKENS, x, rows, y, REF_EXPANDED, 1);
    cr_assert(error == 0, "error %d", error);
    for (int i = 0; i < X; i++)
        cr_assert(fabs(f->y[i] - y[i]) <= 1e-5, "%s: y %.9g for %.9g", where, f->y[i], y[i]);
}

static void name_variant(char where[128], int layer, struct variant v)
{
    snprintf(where, 128, "layer %d, %s form, made again: %s, %d threads", layer,
             train_form_names[v.form], train_again_names[v.again], v.threads);
}

Test(training, gradients_are_the_references)
{
    for (int i = 0; i < LAYERS; i++) {
        struct fixture f = fixture_of(&small_layers[i]);
        struct wanted wanted[WANTED];
        struct exact exact;
        struct gradients got;
        reference(&f, 0, 0, &exact);
        conditions(&f, &exact, wanted);
        for (int k = 0; k < forms_of(&f) * TRAIN_AGAINS; k++) {
            char where[128];
            const struct variant v = {k / TRAIN_AGAINS, k % TRAIN_AGAINS, 1 + k % 2};
            name_variant(where, i, v);
            train(&f, v, &got);
            compare(wanted, &got, where);
            check_forward(&f, where);
        }
        small_layer_free(&f.weights);
    }
}

/* What is made again is made as it was, on any number of threads. */
Test(training, made_again_gives_the_same_bits)
{
    for (int i = 0; i < LAYERS; i++) {
        struct fixture f = fixture_of(&small_layers[i]);
        for (int form = 0; form < forms_of(&f); form++) {
            struct gradients kept, again;
            train(&f, (struct variant){form, TRAIN_AGAIN_NONE, 1}, &kept);
            for (int k = 1; k < TRAIN_AGAINS; k++) {
                char where[128];
                const struct variant v = {form, k, 3};
                name_variant(where, i, v);
                train(&f, v, &again);
                cr_assert(memcmp(&kept, &again, sizeof kept) == 0, "%s: other bits", where);
            }
        }
        small_layer_free(&f.weights);
    }
}

/* Elements per token, by hand: of DeepSeek-V3's shape with short names for its widths. */
struct widths {
    int64_t hidden, q_rank, rank, rope, q, o, heads, expanded, kv;
};

static int64_t kept_by_hand(const struct widths *w, bool mla, struct variant v)
{
    int64_t output = w->o + w->heads;
    int64_t c_q = w->q_rank, latent = w->rank + w->rope;
    int64_t cache = !mla ? w->kv : v.form == TRAIN_EXPANDED ? w->expanded : latent;
    /* c_kv, which kv_b_proj's derivative reads, is in the latent form's cache. */
    int64_t c_kv = v.form == TRAIN_EXPANDED ? w->rank : 0;
    switch (v.again) {
    case TRAIN_AGAIN_NONE:
        return w->hidden + 2 * c_q + w->q + (mla ? w->rank + c_kv : 0) + cache + output;
    case TRAIN_AGAIN_UP:
        if (!mla)
            return w->hidden + w->q + cache + output;
        return w->hidden + (c_q ? c_q : w->q) + latent + output;
    case TRAIN_AGAIN_PROJECTIONS:
        return w->hidden + output;
    default:
        return w->hidden;
    }
}

static struct widths widths_of(const struct model *m)
{
    int64_t qk = m->qk_nope_head_dim + m->qk_rope_head_dim, heads = m->num_attention_heads;
    return (struct widths){.hidden = m->hidden_size,
                           .q_rank = m->q_lora_rank,
                           .rank = m->kv_lora_rank,
                           .rope = m->qk_rope_head_dim,
                           .q = heads * qk,
                           .o = heads * m->v_head_dim,
                           .heads = heads,
                           .expanded = heads * (qk + m->v_head_dim),
                           .kv = m->num_key_value_heads * (qk + m->v_head_dim)};
}

/* Computed, on the tape and written: all the same, and what was allocated is all that was asked. */
Test(training, bytes_are_those_counted_by_hand)
{
    for (int i = 0; i < LAYERS; i++) {
        struct fixture f = fixture_of(&small_layers[i]);
        const struct widths widths = widths_of(&f.model);
        for (int k = 0; k < forms_of(&f) * TRAIN_AGAINS; k++) {
            const struct variant v = {k / TRAIN_AGAINS, k % TRAIN_AGAINS, 1};
            struct train_layer layer;
            struct tape tape = {0};
            char where[128];
            name_variant(where, i, v);
            create(&f, v, &layer);
            forward(&f, &layer, &tape);
            int64_t want = 4 * kept_by_hand(&widths, f.model.kind == MODEL_MLA, v);
            cr_assert(train_plan_bytes(&layer.plan) == want, "%s: %ld planned, %ld by hand", where,
                      (long)train_plan_bytes(&layer.plan), (long)want);
            cr_assert(tape_payload(&tape) == (uint64_t)(TOKENS * want), "%s: %lu kept, %ld by hand",
                      where, (unsigned long)tape_payload(&tape), (long)(TOKENS * want));
            cr_assert(tape_written(&tape) == tape_payload(&tape), "%s: %lu written of %lu", where,
                      (unsigned long)tape_written(&tape), (unsigned long)tape_payload(&tape));
            uint64_t padding = layer.plan.kept[TRAIN_CACHE] ? layer.kernel_plan.cache_padding : 0;
            cr_assert(tape_allocated(&tape) == tape_payload(&tape) + padding, "%s: %lu allocated",
                      where, (unsigned long)tape_allocated(&tape));
            tape_release(&tape);
            train_layer_destroy(&layer);
        }
        small_layer_free(&f.weights);
    }
}

/* DeepSeek-V3's attention, in elements per token. */
Test(training, v3_keeps_what_arithmetic_on_paper_says)
{
    static const struct {
        bool compressed;
        enum train_form form;
        enum train_again again;
        int64_t elements;
    } cases[] = {
        /* x, c_q before and after its norm, q; c_kv likewise, k and v of 128 heads, o, lse */
        {true, TRAIN_EXPANDED, TRAIN_AGAIN_NONE,
         7168 + 1536 + 1536 + 24576 + 512 + 512 + 40960 + 16384 + 128},
        {false, TRAIN_EXPANDED, TRAIN_AGAIN_NONE, 7168 + 24576 + 512 + 512 + 40960 + 16384 + 128},
        /* x, c_q before and after its norm, q; c_kv before, latent row, o, lse */
        {true, TRAIN_LATENT, TRAIN_AGAIN_NONE,
         7168 + 1536 + 1536 + 24576 + 512 + 576 + 16384 + 128},
        {true, TRAIN_EXPANDED, TRAIN_AGAIN_UP, 7168 + 1536 + 576 + 16384 + 128},
        {false, TRAIN_EXPANDED, TRAIN_AGAIN_UP, 7168 + 24576 + 576 + 16384 + 128},
        {true, TRAIN_LATENT, TRAIN_AGAIN_UP, 7168 + 1536 + 576 + 16384 + 128},
        {true, TRAIN_EXPANDED, TRAIN_AGAIN_PROJECTIONS, 7168 + 16384 + 128},
        {false, TRAIN_LATENT, TRAIN_AGAIN_LAYER, 7168},
    };
    struct model v3 = {.kind = MODEL_MLA,
                       .hidden_size = 7168,
                       .output_size = 7168,
                       .num_attention_heads = 128,
                       .num_key_value_heads = 128,
                       .kv_lora_rank = 512,
                       .qk_nope_head_dim = 128,
                       .qk_rope_head_dim = 64,
                       .v_head_dim = 128};
    const struct ref_layer_weights none = {0};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct train_plan plan;
        v3.q_lora_rank = cases[i].compressed ? 1536 : 0;
        train_plan(&v3, &none, cases[i].form, cases[i].again, &plan);
        cr_assert(train_plan_bytes(&plan) == 4 * cases[i].elements, "case %zu: %ld for %ld", i,
                  (long)train_plan_bytes(&plan), (long)(4 * cases[i].elements));
    }
}

/* Elements of a tensor, in the layouts of kernels that have no padding between rows. */
static void each_element_matters(const struct fixture *f, const struct train_layer *layer,
                                 struct tape *tape, const char *where)
{
    enum { TOKEN = 3 };
    struct gradients before, after;
    backward(f, layer, tape, &before);
    for (int i = 0; i < tape->count; i++) {
        struct tape_tensor *tensor = &tape->tensors[i];
        int64_t width = (int64_t)(tensor->payload / sizeof(float)) / TOKENS;
        buffer_writable(&tensor->memory);
        for (int64_t k = TOKEN * width; k < (TOKEN + 1) * width; k++) {
            float *element = (float *)tensor->memory.data + k, was = *element;
            *element += 0.5f;
            backward(f, layer, tape, &after);
            cr_assert(memcmp(&before, &after, sizeof before) != 0,
                      "%s: element %ld of %s is kept and makes no difference", where,
                      (long)(k - TOKEN * width), tensor->name);
            *element = was;
        }
    }
    backward(f, layer, tape, &after);
    cr_assert(memcmp(&before, &after, sizeof before) == 0, "%s: not put back", where);
}

/* Nothing is kept that is not needed: another number in any one element of a token, another
 * gradient. */
Test(training, all_that_is_kept_is_needed)
{
    for (int i = 0; i < LAYERS; i++) {
        struct fixture f = fixture_of(&small_layers[i]);
        for (int k = 0; k < forms_of(&f) * TRAIN_AGAINS; k++) {
            const struct variant v = {k / TRAIN_AGAINS, k % TRAIN_AGAINS, 1};
            struct train_layer layer;
            struct tape tape = {0};
            char where[128];
            name_variant(where, i, v);
            create(&f, v, &layer);
            forward(&f, &layer, &tape);
            each_element_matters(&f, &layer, &tape, where);
            tape_release(&tape);
            train_layer_destroy(&layer);
        }
        small_layer_free(&f.weights);
    }
}

/* Nothing is needed that is not kept: a tape without one of its tensors is refused. (What forward
 * computed besides is unmapped when it returns, and what backward has not written is NaN.) */
Test(training, a_tape_that_lacks_a_tensor_is_refused)
{
    struct fixture f = fixture_of(&small_layers[0]);
    struct train_layer layer;
    create(&f, (struct variant){TRAIN_EXPANDED, TRAIN_AGAIN_NONE, 1}, &layer);
    for (int left_out = 0; left_out < TRAIN_ARRAYS; left_out++) {
        if (!layer.plan.kept[left_out])
            continue;
        struct tape tape = {0};
        struct gradients gradients = {0};
        struct mla_error error = {""};
        const struct ref_layer_weights named = name_weights(gradients.weights);
        forward(&f, &layer, &tape);
        for (int i = 0; i < tape.count; i++)
            if (!strcmp(tape.tensors[i].name, train_array_names[left_out]))
                tape.tensors[i].name = "another";
        int code = train_layer_backward(&layer, &tape, f.grad_y, gradients.x, &named, &error);
        cr_assert(code == MLA_BAD_INPUT && strstr(error.message, train_array_names[left_out]),
                  "without %s: %d, %s", train_array_names[left_out], code, error.message);
        tape_release(&tape);
    }
    train_layer_destroy(&layer);
    small_layer_free(&f.weights);
}

Test(training, the_articles_form_is_refused)
{
    struct fixture f = fixture_of(&small_layers[SMALL_LAYERS - 1]);
    struct train_layer layer;
    struct mla_error error = {""};
    int code = train_layer_create(&f.model, &f.weights, mla_kernels()->kernels[0], TRAIN_LATENT,
                                  TRAIN_AGAIN_NONE, TOKENS, 1, &layer, &error);
    cr_assert(code == MLA_BAD_INPUT && strstr(error.message, "article"), "%d: %s", code,
              error.message);
    small_layer_free(&f.weights);
}

/* What another tensor's memory is followed by is a crash to read, what is sealed one to write. */
Test(training, a_tape_counts_what_it_holds)
{
    struct tape tape = {0};
    struct mla_error error = {""};
    void *first, *second, *rest;
    cr_assert(tape_keep(&tape, "first", 40, 64, &first, &error) == 0, "%s", error.message);
    cr_assert(tape_keep(&tape, "second", 12, 12, &second, &error) == 0, "%s", error.message);
    memset(first, 0, 40);
    cr_assert(tape_payload(&tape) == 52 && tape_allocated(&tape) == 76 && tape_written(&tape) == 40,
              "%lu, %lu, %lu", (unsigned long)tape_payload(&tape),
              (unsigned long)tape_allocated(&tape), (unsigned long)tape_written(&tape));
    cr_assert(tape_find(&tape, "second") == second && !tape_find(&tape, "third"), "found");
    int code = 0;
    for (int i = 0; i < TAPE_TENSORS && !code; i++)
        code = tape_keep(&tape, "more", 4, 4, &rest, &error);
    cr_assert(code == MLA_MACHINE && tape.count == TAPE_TENSORS, "%d tensors", tape.count);
    tape_release(&tape);
    cr_assert(tape.count == 0 && tape_allocated(&tape) == 0, "not released");
}

Test(training, a_sealed_tape_is_not_written, .signal = SIGSEGV)
{
    struct tape tape = {0};
    struct mla_error error;
    void *data;
    tape_keep(&tape, "sealed", 4, 4, &data, &error);
    tape_seal(&tape);
    signal(SIGSEGV, SIG_DFL); /* not a sanitizer's report */
    *(volatile float *)data = 1;
}
