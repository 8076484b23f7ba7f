/* SPDX-License-Identifier: MIT */
#include "harness/suite.h"

#include <fnmatch.h>
#include <stdio.h>
#include <string.h>

const char *const phase_names[4] = {
    [PHASE_DECODE] = "decode",
    [PHASE_MTP] = "mtp",
    [PHASE_PREFILL] = "prefill",
    [PHASE_CHUNKED] = "chunked",
};

const char *const format_names[5] = {
    [MLA_FP32] = "fp32", [MLA_BF16] = "bf16", [MLA_FP16] = "fp16",
    [MLA_FP8] = "fp8",   [MLA_INT8] = "int8",
};

const char *const cache_state_names[2] = {[CACHE_WARM] = "warm", [CACHE_COLD] = "cold"};

enum phase phase_of(int64_t cached, int64_t new_tokens)
{
    if (cached == 0)
        return PHASE_PREFILL;
    if (new_tokens == 1)
        return PHASE_DECODE;
    return new_tokens <= 4 ? PHASE_MTP : PHASE_CHUNKED;
}

void case_name(const struct bench_case *c, char name[CASE_NAME_MAX])
{
    static const char *const prefixes[] = {
        [ABOUT_KERNEL] = "", [ABOUT_LAYER] = "layer-", [ABOUT_CERTIFICATE] = "certificate-"};
    char pages[64] = "", split[32] = "", top_k[32] = "", inputs[48] = "";
    if (c->page_size)
        snprintf(pages, sizeof pages, "/pages:%lld", (long long)c->page_size);
    if (c->shared_prefix)
        snprintf(pages, sizeof pages, "/pages:%lld/prefix:%lld", (long long)c->page_size,
                 (long long)c->shared_prefix);
    if (c->split)
        snprintf(split, sizeof split, "/split:%d", c->split);
    if (c->top_k)
        snprintf(top_k, sizeof top_k, "/top-k:%d", c->top_k);
    if (c->inputs != INPUT_RANDOM)
        snprintf(inputs, sizeof inputs, "/inputs:%s", input_kind_names[c->inputs]);
    snprintf(name, CASE_NAME_MAX,
             "%s/%s%s/cached:%lld/new:%lld/batch:%d%s/threads:%d/%s%s%s%s%s%s%s", c->model.name,
             prefixes[c->about], phase_names[phase_of(c->cached, c->new_tokens)],
             (long long)c->cached, (long long)c->new_tokens, c->batch, c->ragged ? "r" : "",
             c->threads, format_names[c->format], pages, split, top_k, c->sinks ? "/sinks" : "",
             inputs, c->cache_state == CACHE_COLD ? "/cold" : "");
}

int case_narrow(struct bench_case *c, const char *globs, struct mla_error *error)
{
    if (snprintf(c->kernels, sizeof c->kernels, "%s", globs) >= (int)sizeof c->kernels)
        return mla_fail(error, MLA_BAD_INPUT, "--kernel is longer than %zu characters",
                        sizeof c->kernels - 1);
    return 0;
}

bool case_wants(const struct bench_case *c, const char *kernel)
{
    bool wanted = false, all_but = true;
    for (const char *glob = c->kernels; *glob;) {
        size_t length = strcspn(glob, ",");
        char one[sizeof c->kernels];
        bool without = *glob == '!';
        memcpy(one, glob, length);
        one[length] = '\0';
        bool matches = fnmatch(one + without, kernel, 0) == 0;
        if (without && matches)
            return false;
        wanted = wanted || (!without && matches);
        all_but = all_but && without;
        glob += length + (glob[length] == ',');
    }
    return wanted || (all_but && *c->kernels);
}
