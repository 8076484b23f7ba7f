/* SPDX-License-Identifier: MIT
 *
 * The properties that a kernel may promise: the same bits, however it is asked. Where it does not,
 * the outputs must be right all the same. */
#include "harness/certificate_compare.h"

#include <stdio.h>

int certify_threads(struct finding *f)
{
    static const int threads[] = {2, 3, 7};
    int code = 0;
    for (size_t i = 0; i < sizeof threads / sizeof threads[0] && !code; i++) {
        char what[32];
        struct trial_way way = plain_way;
        way.threads = threads[i];
        snprintf(what, sizeof what, "%d threads", threads[i]);
        code = finding_vary(f, &way, what);
    }
    return code;
}

int certify_batch(struct finding *f)
{
    struct trial_way way = plain_way;
    way.sequence_alone = true;
    way.threads = 2;
    if (f->subject->inputs->workload.batch < 2)
        return finding_not_applicable(f, "the case has one sequence");
    return finding_vary(f, &way, "each sequence alone");
}

int certify_order(struct finding *f)
{
    struct trial_way way = plain_way;
    way.reversed = true;
    way.threads = 2;
    if (f->subject->inputs->workload.batch < 2)
        return finding_not_applicable(f, "the case has one sequence");
    return finding_vary(f, &way, "sequences reversed");
}

/* As they are when other sequences have come and gone. */
int certify_slots(struct finding *f)
{
    static const int64_t free_slots[] = {5, 37};
    int64_t page = f->subject->inputs->problem.page_size;
    int code = 0;
    for (size_t i = 0; i < sizeof free_slots / sizeof free_slots[0] && !code; i++) {
        char what[48];
        struct trial_way way = plain_way;
        way.first_slot = free_slots[i] * (page ? page : 1);
        snprintf(what, sizeof what, "%ld slots left free before", (long)way.first_slot);
        code = finding_vary(f, &way, what);
    }
    return code;
}

int certify_queries(struct finding *f)
{
    struct trial_way way = plain_way;
    way.query_by_query = true;
    way.threads = 2;
    if (f->subject->inputs->workload.tokens < 2)
        return finding_not_applicable(f, "the case has one new token");
    return finding_vary(f, &way, "query by query");
}

int certify_chunks(struct finding *f)
{
    static const int64_t chunks[] = {1, 16, 37, TRIAL_UNEVEN};
    int code = 0;
    for (size_t i = 0; i < sizeof chunks / sizeof chunks[0] && !code; i++) {
        char what[48];
        struct trial_way way = plain_way;
        way.chunk = chunks[i];
        snprintf(what, sizeof what, "rows stored %ld at a time", (long)chunks[i]);
        code = finding_vary(f, &way, chunks[i] == TRIAL_UNEVEN ? "uneven chunks" : what);
    }
    return code;
}

/* Often enough for a race to show, on the same cache. */
static int repeat(struct finding *f, struct trial *trial, const struct trial *first)
{
    enum { TIMES = 12 };
    int code = 0;
    for (int i = 0; i < TIMES && !code; i++) {
        code = trial_attend(trial, f->why);
        if (code == MLA_FAILED)
            f->outcome = CERTIFIED_BROKEN;
        if (!code)
            code = finding_same(f, trial, first, "repeated");
    }
    return code;
}

int certify_repeated(struct finding *f)
{
    struct trial first, again;
    struct trial_way way = plain_way;
    way.threads = 3;
    int code = finding_run(f, f->subject->inputs, &way, &first);
    if (code) {
        trial_destroy(&first);
        return code;
    }
    code = finding_run(f, f->subject->inputs, &way, &again);
    if (!code)
        code = finding_same(f, &again, &first, "from the start again");
    if (!code)
        code = repeat(f, &again, &first);
    trial_destroy(&again);
    trial_destroy(&first);
    return code;
}
