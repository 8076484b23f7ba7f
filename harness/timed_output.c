/* SPDX-License-Identifier: MIT */
#include "harness/timed_output.h"

#include "harness/verify.h"
#include "harness/verify_cache.h"

#include <stdio.h>

static uint64_t digest_words(uint64_t digest, const struct buffer *buffer)
{
    const uint32_t *words = buffer->data;
    for (size_t i = 0; i < buffer->size / sizeof *words; i++)
        digest = (digest ^ words[i]) * UINT64_C(0x100000001b3);
    return digest;
}

uint64_t output_digest(const struct trial *trial)
{
    return digest_words(digest_words(UINT64_C(0xcbf29ce484222325), &trial->o), &trial->lse);
}

int timed_output_check(struct trial *trial, const struct oracle *oracle, uint64_t verified,
                       struct timed_output *output, struct mla_error *error)
{
    enum { NEEDED = MLA_SAME_FOR_CHUNKS | MLA_SAME_WHEN_REPEATED };
    bool promised = (trial->kernel->invariances & NEEDED) == NEEDED;
    struct verdict verdict = {.passed = false};
    int code = 0;
    *output = (struct timed_output){.same_bits = output_digest(trial) == verified};
    output->passed = output->same_bits;
    if (output->same_bits)
        return 0;
    if (trial->placed.problem.format == MLA_FP32)
        verify_compare(trial, oracle, &verdict);
    else
        code = verify_lossy(trial, oracle, &verdict, error);
    if (code)
        return code;
    output->passed = !promised && verdict.fault == FAULT_NONE;
    if (verdict.fault != FAULT_NONE)
        snprintf(output->reason, sizeof output->reason, "of the last timed repetition, %.480s",
                 verdict.reason);
    else if (promised)
        snprintf(output->reason, sizeof output->reason,
                 "the last timed repetition has put out other bits than verification, within the "
                 "error allowed, and the kernel promises the same");
    return 0;
}
