/* SPDX-License-Identifier: MIT
 *
 * Study "activations": whether query compression cuts the activation memory of training. The
 * layers of real models are run forward, with MHA of the same width and with and without query
 * compression, and what is kept for the backward pass is counted on the tape that holds it.
 *
 * Figures, SLUG being the model's name without "deepseek-", in lower case with '_' (v3, v2,
 * v2_lite, glm_4_7_flash, minicpm3, tiny), and AGAIN what backward makes again (none,
 * up_projections, projections, layer). All are ratios of bytes allocated per token, MLA's in
 * expanded form where no form is named:
 *   SLUG_mla_q_compressed_over_uncompressed_AGAIN         what query compression does
 *   SLUG_mla_latent_q_compressed_over_uncompressed_AGAIN  the same in latent form
 *   SLUG_mla_over_mha_AGAIN         the model's own MLA over MHA, both with AGAIN
 *   SLUG_mla_latent_over_mha_AGAIN  the same in latent form
 *   SLUG_mla_up_projections_over_none  the model's own MLA: what making them again saves
 * and
 *   SLUG_flops_again_uncompressed_over_compressed  of projections, where q is made again from x and
 *                                                  where it is made again from c_q
 *   largest_allocated_over_computed - 1 is what allocation adds, e.g. by padding
 *   rows_with_backward, rows_with_other_gradients: how many rows' backward pass was run, and how
 *                                   many of them gave other bits than with nothing made again */
#include "harness/activations.h"
#include "harness/study.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

enum { TOKENS = 64, QUICK_TOKENS = 12, NAME = 160 };

/* Weights beyond this are run forward alone, so as not to need as much again for gradients. */
static const uint64_t backward_limit = (uint64_t)512 << 20;
/* Beside weights and gradients, for activations and workspaces. */
static const uint64_t spare = (uint64_t)1 << 30;

enum attention { MHA, MLA_UNCOMPRESSED, MLA_COMPRESSED, ATTENTIONS };
static const char *const attention_names[ATTENTIONS] = {"MHA", "MLA", "MLA+c_q"};

static const char *const models[] = {"deepseek-v3", "deepseek-v2", "deepseek-v2-lite",
                                     "glm-4.7-flash", "minicpm3"};
static const char *const quick_models[] = {"tiny"};

/* One run of the study. */
struct survey {
    const struct study_settings *settings;
    json_t *found;
    int64_t tokens;
    double largest_ratio; /* allocated over computed */
    int with_backward, other_gradients;
    const char *kernels[TRAIN_FORMS]; /* that attended */
    /* Of the model at hand: bytes per token, 0 where there is no such row. */
    double bytes[ATTENTIONS][TRAIN_FORMS][TRAIN_AGAINS];
    int64_t flops[ATTENTIONS][TRAIN_AGAINS];
};

static void columns(json_t *found)
{
    study_column(found, "model", "", "whose dimensions the layer has");
    study_column(found, "attention", "",
                 "MHA of the same width; MLA without query compression; MLA+c_q with it");
    study_column(found, "form", "",
                 "expanded: keys and values of all heads are made and kept, as by frameworks; "
                 "latent: attention reads the latents");
    study_column(found, "made_again", "", "by the backward pass, instead of being kept");
    study_column(found, "allocated", "B", "fp32, on the tape between the passes");
    study_column(found, "written", "B", "of that, counted word by word");
    study_column(found, "computed", "B", "from the widths of what is kept alone");
    study_column(found, "computed_bf16", "B", "the same in bf16, lse in fp32");
    study_column(found, "x", "B", "of allocated: the layer's input");
    study_column(found, "queries", "B", "of allocated: c_q before and after its norm, q");
    study_column(found, "keys_values", "B",
                 "of allocated: c_kv before and after its norm, k_rope, keys, values or latents");
    study_column(found, "output", "B", "of allocated: attention's o and lse");
    study_column(found, "over_mha", "", "allocated, over MHA's with nothing made again");
    study_column(found, "held_briefly", "B",
                 "computed: what the backward pass makes again, one layer at a time");
    study_column(found, "projections_again", "MFLOP/token", "of what is made again");
    study_column(found, "run", "", "which passes were run");
}

static void add_row(struct survey *s, const char *model, enum attention attention,
                    const struct activation_case *c, const struct activations *a)
{
    double n = (double)c->tokens, allocated = (double)a->allocated / n;
    s->bytes[attention][c->form][c->again] = allocated;
    if (c->form == TRAIN_EXPANDED)
        s->flops[attention][c->again] = a->flops;
    double ratio = (double)a->allocated / (double)a->computed;
    s->largest_ratio = ratio > s->largest_ratio ? ratio : s->largest_ratio;
    json_t *row = json_pack("[s, s, s, s]", model, attention_names[attention],
                            train_form_names[c->form], train_again_names[c->again]);
    const double numbers[] = {allocated,
                              (double)a->written / n,
                              (double)a->computed / n,
                              (double)a->bf16 / n,
                              (double)a->parts[ACTIVATION_X] / n,
                              (double)a->parts[ACTIVATION_Q] / n,
                              (double)a->parts[ACTIVATION_KV] / n,
                              (double)a->parts[ACTIVATION_OUTPUT] / n,
                              allocated / s->bytes[MHA][TRAIN_EXPANDED][TRAIN_AGAIN_NONE],
                              (double)a->remade / n,
                              1e-6 * (double)a->flops};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        json_array_append_new(row, json_real(numbers[i]));
    json_array_append_new(row, json_string(a->backward ? "forward, backward" : "forward"));
    study_row(s->found, row);
}

static int survey_form(struct survey *s, const char *name, enum attention attention,
                       struct activation_case *c, struct mla_error *error)
{
    uint64_t first = 0;
    for (int again = 0; again < TRAIN_AGAINS; again++) {
        struct activations a;
        c->again = again;
        int code = activations_measure(c, &a, error);
        if (code)
            return code;
        s->kernels[c->form] = a.kernel;
        first = again == 0 ? a.digest : first;
        s->with_backward += a.backward;
        s->other_gradients += a.backward && a.digest != first;
        add_row(s, name, attention, c, &a);
    }
    return 0;
}

static int survey_attention(struct survey *s, const char *name, enum attention attention,
                            const struct model *model, struct mla_error *error)
{
    struct layer_weights weights, gradients = {0};
    struct activation_case c = {.model = model,
                                .weights = &weights,
                                .tokens = s->tokens,
                                .seed = s->settings->seed,
                                .threads = s->settings->threads};
    bool backward = weights_bytes(model) <= backward_limit;
    uint64_t needed = (backward ? 2 : 1) * weights_bytes(model) + spare;
    if (memory_available() && memory_available() < needed) {
        study_note(s->found, "%s, %s: left out, as %.1f GiB of memory are needed.", name,
                   attention_names[attention], (double)needed / (1 << 30));
        return 0;
    }
    int code = weights_create(model, s->settings->seed, s->settings->threads, &weights, error);
    if (!code && backward) {
        code = weights_allocate(model, BUFFER_PLAIN, &gradients, error);
        c.gradients = &gradients;
    }
    for (int form = 0; form < (attention == MHA ? 1 : TRAIN_FORMS) && !code; form++) {
        c.form = form;
        code = survey_form(s, name, attention, &c, error);
    }
    weights_destroy(&weights);
    weights_destroy(&gradients);
    return code;
}

/* "deepseek-v2-lite" -> "v2_lite". */
static void slug_of(const char *name, char slug[NAME])
{
    size_t n = 0;
    name += strncmp(name, "deepseek-", 9) ? 0 : 9;
    for (; name[n] && n + 1 < NAME; n++)
        slug[n] = isalnum((unsigned char)name[n]) ? (char)tolower((unsigned char)name[n]) : '_';
    slug[n] = 0;
}

static void figure(struct survey *s, const char *slug, const char *what, const char *again,
                   double over, double under)
{
    char name[2 * NAME];
    snprintf(name, sizeof name, "%s_%s%s%s", slug, what, again[0] ? "_" : "", again);
    for (char *c = name; *c; c++)
        if (*c == '-')
            *c = '_';
    if (over > 0 && under > 0)
        study_figure(s->found, name, over / under);
}

static void figures(struct survey *s, const char *slug, enum attention own)
{
    for (int again = 0; again < TRAIN_AGAINS; again++) {
        const char *name = train_again_names[again];
        double mha = s->bytes[MHA][TRAIN_EXPANDED][again];
        figure(s, slug, "mla_q_compressed_over_uncompressed", name,
               s->bytes[MLA_COMPRESSED][TRAIN_EXPANDED][again],
               s->bytes[MLA_UNCOMPRESSED][TRAIN_EXPANDED][again]);
        figure(s, slug, "mla_latent_q_compressed_over_uncompressed", name,
               s->bytes[MLA_COMPRESSED][TRAIN_LATENT][again],
               s->bytes[MLA_UNCOMPRESSED][TRAIN_LATENT][again]);
        figure(s, slug, "mla_over_mha", name, s->bytes[own][TRAIN_EXPANDED][again], mha);
        figure(s, slug, "mla_latent_over_mha", name, s->bytes[own][TRAIN_LATENT][again], mha);
    }
    figure(s, slug, "mla_up_projections_over_none", "",
           s->bytes[own][TRAIN_EXPANDED][TRAIN_AGAIN_UP],
           s->bytes[own][TRAIN_EXPANDED][TRAIN_AGAIN_NONE]);
    figure(s, slug, "flops_again_uncompressed_over_compressed", "",
           (double)s->flops[MLA_UNCOMPRESSED][TRAIN_AGAIN_PROJECTIONS],
           (double)s->flops[MLA_COMPRESSED][TRAIN_AGAIN_UP]);
}

/* What the figures say of query compression, whatever it is. */
static void conclude(const struct survey *s, const char *model)
{
    const double(*with)[TRAIN_AGAINS] = s->bytes[MLA_COMPRESSED];
    const double(*without)[TRAIN_AGAINS] = s->bytes[MLA_UNCOMPRESSED];
    double none = with[TRAIN_EXPANDED][TRAIN_AGAIN_NONE], up = with[TRAIN_EXPANDED][TRAIN_AGAIN_UP];
    double none_ratio = none / without[TRAIN_EXPANDED][TRAIN_AGAIN_NONE];
    study_note(s->found,
               "%s: with nothing made again, query compression alone %s what is kept, to %.3f of "
               "what MLA without it keeps in expanded form and %.3f in latent form: attention's "
               "derivative reads all of q either way, and those of the norm and of the projection "
               "up to q read c_q before and after the norm besides.",
               model, none_ratio < 1 ? "cuts" : "does not cut but raises", none_ratio,
               with[TRAIN_LATENT][TRAIN_AGAIN_NONE] / without[TRAIN_LATENT][TRAIN_AGAIN_NONE]);
    study_note(
        s->found,
        "%s: where norms and up-projections are made again (DeepSeek-V3's report, 3.2.3), "
        "query compression brings what is kept to %.3f of what MLA without it keeps by the "
        "same rule: c_q is kept in place of q. But q can be made again without c_q too, from "
        "x, which is kept anyway: MLA without query compression then keeps %.3f of that, at "
        "%.1f times the FLOPs of projections. Then what compression saves is that work.",
        model, up / without[TRAIN_EXPANDED][TRAIN_AGAIN_UP],
        without[TRAIN_EXPANDED][TRAIN_AGAIN_PROJECTIONS] / up,
        (double)s->flops[MLA_UNCOMPRESSED][TRAIN_AGAIN_PROJECTIONS] /
            (double)s->flops[MLA_COMPRESSED][TRAIN_AGAIN_UP]);
}

static int survey_model(struct survey *s, const char *name, struct mla_error *error)
{
    struct model own, variant;
    char slug[NAME];
    int code = model_find(s->settings->paths->configs, name, &own, error);
    if (code)
        return code;
    memset(s->bytes, 0, sizeof s->bytes);
    memset(s->flops, 0, sizeof s->flops);
    code = model_baseline(&own, BASELINE_MHA, &variant, error);
    if (!code)
        code = survey_attention(s, name, MHA, &variant, error);
    variant = own;
    variant.q_lora_rank = 0;
    variant.q_lora_gain = 1;
    if (!code)
        code = survey_attention(s, name, MLA_UNCOMPRESSED, &variant, error);
    if (!code && own.q_lora_rank)
        code = survey_attention(s, name, MLA_COMPRESSED, &own, error);
    if (code)
        return code;
    slug_of(name, slug);
    figures(s, slug, own.q_lora_rank ? MLA_COMPRESSED : MLA_UNCOMPRESSED);
    if (!own.q_lora_rank)
        study_note(s->found, "%s has no query compression: there is no such row of it.", name);
    else if (s->bytes[MLA_COMPRESSED][TRAIN_EXPANDED][TRAIN_AGAIN_NONE] > 0)
        conclude(s, name);
    if (own.note[0])
        study_note(s->found, "%s: %s.", name, own.note);
    return 0;
}

static void closing_notes(struct survey *s)
{
    study_note(s->found,
               "Every row was run forward on true dimensions, %ld tokens. Backward was run too in "
               "%d of %d rows, those of layers whose weights are below %d MiB; of these %d gave "
               "gradients of other bits than with nothing made again. What is counted is on the "
               "tape before backward begins.",
               (long)s->tokens, s->with_backward,
               (int)json_array_size(json_object_get(s->found, "rows")), (int)(backward_limit >> 20),
               s->other_gradients);
    study_note(s->found,
               "One attention layer, from its input x (after the block's norm) to its output: not "
               "the block's norm, its residual or what follows. bf16 is computed, not run. What is "
               "kept is what the derivatives read: frameworks may keep more, e.g. the norms' "
               "factors (8 bytes a token) or k_rope where it is a view of kv_a_proj's output.");
    study_note(
        s->found,
        "Made again: up-projections: norms of c_q and c_kv and the projections up from them; "
        "projections: all that attention reads, from x, but not its output; layer: all but "
        "x, attention included, whose FLOPs are not in projections_again. In latent form no "
        "more than latents is kept of keys and values, and kernel %s applies Wkv_b in either pass, "
        "which is not in that column: its backward makes keys and values of the latents even "
        "where the table says none. In expanded form kernel %s attends.",
        s->kernels[TRAIN_LATENT], s->kernels[TRAIN_EXPANDED]);
}

static int run(const struct study_settings *settings, json_t *found, struct mla_error *error)
{
    struct survey s = {
        .settings = settings, .found = found, .tokens = settings->quick ? QUICK_TOKENS : TOKENS};
    const char *const *names = settings->quick ? quick_models : models;
    size_t count = settings->quick ? sizeof quick_models / sizeof *quick_models
                                   : sizeof models / sizeof *models;
    study_about(found, "Bytes that one attention layer's training keeps per token between its "
                       "forward and its backward pass, allocated and counted: MHA of the same "
                       "width, MLA without and with query compression, by what the backward pass "
                       "makes again");
    columns(found);
    for (size_t i = 0; i < count; i++) {
        int code = survey_model(&s, names[i], error);
        if (code)
            return code;
    }
    study_figure(found, "largest_allocated_over_computed", s.largest_ratio);
    study_figure(found, "rows_with_backward", s.with_backward);
    study_figure(found, "rows_with_other_gradients", s.other_gradients);
    closing_notes(&s);
    study_plot(found, "model", "", "kept, % of MHA's with nothing made again",
               "What one attention layer's training keeps per token between forward and backward, "
               "against MHA of the same width that makes nothing again. From left to right the "
               "backward pass makes again nothing; the norms and the projections up from c_q and "
               "c_kv, of which MHA has none; all that attention reads. MLA+c_q: with query "
               "compression. Bars: in expanded form, keys and values of all heads being made; "
               "diamonds: in latent form. fp32, allocated.");
    return 0;
}

const struct study study_activations = {
    .name = "activations",
    .title = "Activation memory of training",
    .run = run,
};
