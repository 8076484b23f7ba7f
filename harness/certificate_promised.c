/* SPDX-License-Identifier: MIT
 *
 * The properties that a kernel may promise: the same bits, however it is asked. Where it does not,
 * the outputs must be right all the same. */
#include "harness/certificate_compare.h"

#include <stdio.h>

int certify_threads(struct property *c)
{
    static const int threads[] = {2, 3, 7};
    int code = 0;
    for (size_t i = 0; i < sizeof threads / sizeof threads[0] && !code; i++) {
        char what[32];
        struct trial_way way = plain_way;
        way.threads = threads[i];
        snprintf(what, sizeof what, "%d threads", threads[i]);
        code = property_vary(c, &way, what);
    }
    return code;
}

int certify_batch(struct property *c)
{
    struct trial_way way = plain_way;
    way.sequence_alone = true;
    way.threads = 2;
    if (c->subject->inputs->workload.batch < 2)
        return property_not_applicable(c, "the case has one sequence");
    return property_vary(c, &way, "each sequence alone");
}

int certify_order(struct property *c)
{
    struct trial_way way = plain_way;
    way.reversed = true;
    way.threads = 2;
    if (c->subject->inputs->workload.batch < 2)
        return property_not_applicable(c, "the case has one sequence");
    return property_vary(c, &way, "sequences reversed");
}

/* As they are when other sequences have come and gone. */
int certify_slots(struct property *c)
{
    static const int64_t free_slots[] = {5, 37};
    int64_t page = c->subject->inputs->problem.page_size;
    int code = 0;
    for (size_t i = 0; i < sizeof free_slots / sizeof free_slots[0] && !code; i++) {
        char what[48];
        struct trial_way way = plain_way;
        way.first_slot = free_slots[i] * (page ? page : 1);
        snprintf(what, sizeof what, "%ld slots left free before", (long)way.first_slot);
        code = property_vary(c, &way, what);
    }
    return code;
}

int certify_queries(struct property *c)
{
    struct trial_way way = plain_way;
    way.query_by_query = true;
    way.threads = 2;
    if (c->subject->inputs->workload.tokens < 2)
        return property_not_applicable(c, "the case has one new token");
    return property_vary(c, &way, "query by query");
}

int certify_chunks(struct property *c)
{
    static const int64_t chunks[] = {1, 16, 37, TRIAL_UNEVEN};
    int code = 0;
    for (size_t i = 0; i < sizeof chunks / sizeof chunks[0] && !code; i++) {
        char what[48];
        struct trial_way way = plain_way;
        way.chunk = chunks[i];
        snprintf(what, sizeof what, "rows stored %ld at a time", (long)chunks[i]);
        code = property_vary(c, &way, chunks[i] == TRIAL_UNEVEN ? "uneven chunks" : what);
    }
    return code;
}

/* Often enough for a race to show, on the same cache. */
static int repeat(struct property *c, struct trial *trial, const struct trial *first)
{
    enum { TIMES = 12 };
    int code = 0;
    for (int i = 0; i < TIMES && !code; i++) {
        code = trial_attend(trial, c->why);
        if (code == MLA_FAILED)
            c->outcome = CERTIFIED_BROKEN;
        if (!code)
            code = property_same(c, trial, first, "repeated");
    }
    return code;
}

int certify_repeated(struct property *c)
{
    struct trial first, again;
    struct trial_way way = plain_way;
    way.threads = 3;
    int code = property_run(c, c->subject->inputs, &way, &first);
    if (code) {
        trial_destroy(&first);
        return code;
    }
    code = property_run(c, c->subject->inputs, &way, &again);
    if (!code)
        code = property_same(c, &again, &first, "from the start again");
    if (!code)
        code = repeat(c, &again, &first);
    trial_destroy(&again);
    trial_destroy(&first);
    return code;
}
