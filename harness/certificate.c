/* SPDX-License-Identifier: MIT */
#include "harness/certificate.h"

#include "harness/certificate_compare.h"

#include <malloc.h>

const char *const certificate_outcome_names[CERTIFIED_OUTCOMES] = {
    [CERTIFIED_BITS] = "bits",
    [CERTIFIED_BOUND] = "bound",
    [CERTIFIED_NOT_PROMISED] = "not promised",
    [CERTIFIED_BROKEN] = "BROKEN",
    [CERTIFIED_NOT_APPLICABLE] = "n/a",
};

const struct certificate_check certificate_checks[CERTIFICATE_CHECKS] = {
    {"threads", "any number of threads", MLA_SAME_FOR_THREADS},
    {"batch", "each sequence in a call of its own", MLA_SAME_FOR_BATCH},
    {"order", "the sequences in reverse order", MLA_SAME_FOR_BATCH},
    {"slots", "the sequences elsewhere in the cache", MLA_SAME_FOR_BATCH},
    {"queries", "each new token in a call of its own", MLA_SAME_FOR_QUERIES},
    {"chunks", "rows stored one by one, in chunks, at once", MLA_SAME_FOR_CHUNKS},
    {"repeated", "the same call again", MLA_SAME_WHEN_REPEATED},
    {"split", "keys split in two and merged by lse", 0},
    {"heads", "heads permuted", 0},
    {"positions", "all positions shifted, up to the model's last", 0},
    {"future", "other rows after a query's own", MLA_SAME_WHEN_REPEATED},
    {"others", "NaN in all other sequences", MLA_SAME_WHEN_REPEATED},
    {"lse", "no key: o = 0, lse = -inf or the sink", 0},
    {"nan", "NaN where a NaN goes in, and nowhere else", MLA_SAME_WHEN_REPEATED},
    {"alignment", "buffers 64-byte aligned, and 4 bytes off", 0},
    {"far-slots", "slots beyond 2^31 elements", 0},
    {"copied-pages", "a copied page is the page", 0},
    {"leaks", "nothing kept from call to call", 0},
    {"gradients", "backward gives the reference's gradients", 0},
};

static int (*const functions[CERTIFICATE_CHECKS])(struct property *) = {
    certify_threads,   certify_batch,        certify_order, certify_slots,     certify_queries,
    certify_chunks,    certify_repeated,     certify_split, certify_heads,     certify_positions,
    certify_future,    certify_others,       certify_lse,   certify_nan,       certify_alignment,
    certify_far_slots, certify_copied_pages, certify_leaks, certify_gradients,
};

int certificate_check(const struct certificate_subject *subject, int check,
                      enum certificate_outcome *outcome, struct mla_error *why)
{
    struct property c = {.subject = subject,
                         .promise = certificate_checks[check].promise,
                         .outcome =
                             certificate_checks[check].promise ? CERTIFIED_BITS : CERTIFIED_BOUND,
                         .why = why};
    why->message[0] = '\0';
    int code = functions[check](&c);
    *outcome = c.outcome;
    return code == MLA_MACHINE ? code : 0;
}

void certificate_prepare(void)
{
    mallopt(M_ARENA_MAX, 1);
}
