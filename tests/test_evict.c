/* SPDX-License-Identifier: MIT
 *
 * Emptying caches leaves what they held as it was. That it empties them is for the clock to say:
 * no test here depends on it. */
#include "harness/cpu.h"
#include "harness/evict.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

Test(evict, contents_stay)
{
    enum { BYTES = 100000 };
    unsigned char *data = malloc(BYTES);
    const struct evict_span spans[] = {
        {data, 1}, {NULL, 0}, {data + 3, 64}, {data + 61, 5}, {data + 1001, BYTES - 1001},
    };
    enum { SPANS = sizeof spans / sizeof spans[0] };
    for (int means = evict_best(); means <= EVICT_BY_READING; means++)
        for (int threads = 1; threads <= 3; threads++) {
            struct evictor evictor;
            struct mla_error error;
            int code = evictor_create(&evictor, (enum evict_means)means, &error);
            cr_assert(code == 0, "%s", error.message);
            for (int i = 0; i < BYTES; i++)
                data[i] = (unsigned char)(i * 7 + means + threads);
            evict(&evictor, spans, SPANS, threads);
            for (int i = 0; i < BYTES; i++)
                cr_assert(data[i] == (unsigned char)(i * 7 + means + threads),
                          "%s by %d threads: byte %d became %d", evict_names[means], threads, i,
                          data[i]);
            evictor_destroy(&evictor);
        }
    free(data);
}

Test(evict, what_is_read_is_larger_than_every_cache)
{
    struct evictor evictor;
    struct mla_error error;
    struct cpu_info cpu;
    cpu_read(&cpu);
    cr_assert(evictor_create(&evictor, EVICT_BY_READING, &error) == 0, "%s", error.message);
    for (int i = 0; i < cpu.cache_count; i++)
        cr_assert((int64_t)evictor.other.size > cpu.caches[i].size, "%zu bytes, and L%d has %lld",
                  evictor.other.size, cpu.caches[i].level, (long long)cpu.caches[i].size);
    /* Pages that were never written would be one and the same. */
    cr_assert(buffer_changed(&evictor.other, POISON_LARGE) == 0);
    evictor_destroy(&evictor);
    cr_assert(evictor_create(&evictor, evict_best(), &error) == 0, "%s", error.message);
    evictor_destroy(&evictor);
}
