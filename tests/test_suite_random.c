/* SPDX-License-Identifier: MIT */
#include "harness/ratio_record.h"
#include "harness/suite.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What a seed stands for must not depend on how it was come to, or failures cannot be shown again.
 */
Test(suite_random, a_case_depends_on_its_seed_alone)
{
    struct suite many, one;
    struct mla_error error;
    cr_assert(suite_random(40, 30, &many, &error) == 0);
    for (int i = 0; i < 30; i++) {
        char a[CASE_NAME_MAX], b[CASE_NAME_MAX];
        cr_assert(suite_random(40 + (uint64_t)i, 1, &one, &error) == 0);
        case_name(&many.cases[i], a);
        case_name(&one.cases[0], b);
        cr_assert(strcmp(a, b) == 0, "%s and %s", a, b);
        cr_assert(memcmp(&many.cases[i].model, &one.cases[0].model, sizeof one.cases[0].model) ==
                  0);
        cr_assert(many.cases[i].seed_offset == (uint64_t)i && one.cases[0].seed_offset == 0);
        suite_free(&one);
    }
    suite_free(&many);
}

/* Every case is one that a kernel may be given, and all kinds come up. */
Test(suite_random, cases_are_sound_and_various)
{
    enum { COUNT = 2000 };
    struct suite suite;
    struct mla_error error;
    int kinds[INPUT_KINDS] = {0}, paged = 0, sparse = 0, sinks = 0, ragged = 0, latent = 0;
    int formats[MLA_INT8 + 1] = {0};
    cr_assert(suite_random(1, COUNT, &suite, &error) == 0);
    for (int i = 0; i < COUNT; i++) {
        const struct bench_case *c = &suite.cases[i];
        const struct model *m = &c->model;
        cr_assert(m->qk_nope_head_dim + m->qk_rope_head_dim >= 1 && m->qk_rope_head_dim % 2 == 0);
        cr_assert(m->v_head_dim >= 1 && m->kv_lora_rank >= 1);
        cr_assert(m->num_attention_heads % m->num_key_value_heads == 0);
        cr_assert(c->new_tokens >= 1 && c->batch >= 1 && c->threads >= 1 && c->cached >= 0);
        cr_assert(!c->ragged || (c->batch > 1 && c->cached > 0));
        cr_assert(case_wants(c, "absorbed") && case_wants(c, "mha"));
        kinds[c->inputs]++;
        formats[c->format]++;
        paged += c->page_size > 0;
        sparse += c->top_k > 0;
        sinks += c->sinks;
        ragged += c->ragged;
        latent += m->kind == MODEL_MLA;
    }
    for (int k = 0; k < INPUT_KINDS; k++)
        cr_assert(kinds[k] > COUNT / 100, "%s: %d of %d", input_kind_names[k], kinds[k], COUNT);
    for (int f = 0; f <= MLA_INT8; f++)
        cr_assert(formats[f] > COUNT / 12, "%s: %d of %d", format_names[f], formats[f], COUNT);
    cr_assert(paged > COUNT / 4 && sparse > COUNT / 10 && sinks > COUNT / 10 && ragged > COUNT / 4);
    cr_assert(latent > COUNT / 2 && latent < COUNT * 4 / 5);
    suite_free(&suite);
}

static double recorded(const char *path, const char *kernel)
{
    json_t *record = json_load_file(path, 0, NULL);
    double ratio = json_number_value(json_object_get(json_object_get(record, kernel), "ratio"));
    json_decref(record);
    return ratio;
}

Test(ratio_record, only_ever_grows)
{
    char path[] = "/tmp/mlabench-record-XXXXXX";
    struct mla_error error;
    struct kernel_tally seen = {.passed = 1, .worst_ratio = 0.25, .worst_case = "a"};
    const char *names[] = {"k"};
    struct catalogue catalogue = {.names = names, .count = 1};
    struct tally tally = {.kernels = &seen, .count = 1};
    int fd = mkstemp(path);
    cr_assert(fd >= 0);
    close(fd);
    cr_assert(ratio_record_update(path, &tally, &catalogue, 1, &error) == MLA_BAD_INPUT,
              "an empty file is no record");
    unlink(path);
    cr_assert(ratio_record_update(path, &tally, &catalogue, 1, &error) == 0, "%s", error.message);
    cr_assert(recorded(path, "k") == 0.25);
    seen.worst_ratio = 0.125;
    cr_assert(ratio_record_update(path, &tally, &catalogue, 2, &error) == 0);
    cr_assert(recorded(path, "k") == 0.25);
    seen.worst_ratio = 0.5;
    cr_assert(ratio_record_update(path, &tally, &catalogue, 3, &error) == 0);
    cr_assert(recorded(path, "k") == 0.5);
    cr_assert(ratio_record_update("/proc/nowhere/record", &tally, &catalogue, 3, &error) ==
              MLA_MACHINE);
    cr_assert(strstr(error.message, "/proc/nowhere"), "%s", error.message);
    unlink(path);
}
