/* SPDX-License-Identifier: MIT
 *
 * What a kernel that has a backward owes. */
#include "harness/certificate_compare.h"

#include "harness/gradient.h"

int certify_gradients(struct property *c)
{
    static const struct trial_way ways[] = {
        {.memory = BUFFER_GUARD_END, .poison = POISON_NAN, .threads = 1},
        {.memory = BUFFER_GUARD_START, .poison = POISON_LARGE, .threads = 3},
    };
    const char *why;
    int code = 0;
    if (!gradient_applies(c->subject->inputs, c->subject->kernel, &why))
        return property_not_applicable(c, "%s", why);
    for (size_t i = 0; i < sizeof ways / sizeof ways[0] && !code; i++) {
        struct gradient gradient;
        code = gradient_run(c->subject->inputs, c->subject->kernel, &ways[i], &gradient, c->why);
        if (!code)
            code = gradient_compare(&gradient, NULL, c->why);
        gradient_destroy(&gradient);
    }
    if (code == MLA_FAILED)
        c->outcome = CERTIFIED_BROKEN;
    return code;
}
