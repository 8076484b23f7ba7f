/* SPDX-License-Identifier: MIT */
#include "harness/evict.h"

#include "harness/cpu.h"

#include <stdint.h>
#ifdef __x86_64__
#include <cpuid.h>
#include <immintrin.h>
#endif

/* Of every CPU that has such instructions. */
#define LINE 64

const char *const evict_names[3] = {
    [EVICT_BY_CLFLUSHOPT] = "clflushopt on every line that a step may touch",
    [EVICT_BY_CLFLUSH] = "clflush on every line that a step may touch",
    [EVICT_BY_READING] = "reading twice the size of all caches",
};

enum evict_means evict_best(void)
{
#ifdef __x86_64__
    unsigned a, b, c, d;
    bool opt = __get_cpuid_count(7, 0, &a, &b, &c, &d) && (b & bit_CLFLUSHOPT);
    return opt ? EVICT_BY_CLFLUSHOPT : EVICT_BY_CLFLUSH;
#else
    return EVICT_BY_READING;
#endif
}

/* Larger than all caches of the last level together; where the system names none, than most. */
static size_t other_size(void)
{
    struct cpu_info cpu;
    cpu_read(&cpu);
    const struct cpu_cache *last = NULL;
    for (int level = 1; level <= 4; level++)
        last = cpu_data_cache(&cpu, level) ? cpu_data_cache(&cpu, level) : last;
    if (!last)
        return (size_t)256 << 20;
    int caches = (cpu.cpus + last->num_sharing - 1) / last->num_sharing;
    return 2 * (size_t)last->size * (size_t)caches;
}

int evictor_create(struct evictor *evictor, enum evict_means means, struct mla_error *error)
{
    *evictor = (struct evictor){.means = means};
    if (means != EVICT_BY_READING)
        return 0;
    int code = buffer_create(&evictor->other, BUFFER_PLAIN, other_size(), "emptying caches", error);
    if (!code) /* pages that were never written are all the same one */
        buffer_poison(&evictor->other, POISON_LARGE);
    return code;
}

void evictor_destroy(struct evictor *evictor)
{
    buffer_destroy(&evictor->other);
}

static void read_lines(const struct buffer *buffer)
{
    const volatile uint8_t *bytes = buffer->data;
    for (size_t at = 0; at < buffer->size; at += LINE)
        (void)bytes[at];
}

#ifdef __x86_64__
__attribute__((target("clflushopt"))) static void flushopt_line(const void *line)
{
    _mm_clflushopt((void *)(uintptr_t)line);
}

static void flush_lines(enum evict_means means, const struct evict_span *span)
{
    if (span->size == 0)
        return;
    /* A span may begin anywhere in its first line. */
    const uint8_t *first = (const uint8_t *)span->data - (uintptr_t)span->data % LINE;
    int64_t lines = ((const uint8_t *)span->data + span->size - first + LINE - 1) / LINE;
#pragma omp for schedule(static) nowait
    for (int64_t i = 0; i < lines; i++) {
        if (means == EVICT_BY_CLFLUSHOPT)
            flushopt_line(first + i * LINE);
        else
            _mm_clflush(first + i * LINE);
    }
}

/* Flushes are ordered by fences alone. */
static void fence(void)
{
    _mm_mfence();
}
#else
static void flush_lines(enum evict_means means, const struct evict_span *span)
{
    (void)means;
    (void)span;
}

static void fence(void)
{
}
#endif

void evict(const struct evictor *evictor, const struct evict_span *spans, int count, int threads)
{
#pragma omp parallel num_threads(threads)
    {
        if (evictor->means == EVICT_BY_READING)
            read_lines(&evictor->other);
        for (int i = 0; i < count && evictor->means != EVICT_BY_READING; i++)
            flush_lines(evictor->means, &spans[i]);
        fence();
    }
}
