/* SPDX-License-Identifier: MIT */
#include "kernels/isa.h"

#include <stddef.h>
#include <string.h>

static bool has_always(void)
{
    return true;
}

#ifdef __x86_64__
#include <cpuid.h>

/* Asked once: `auto` wants to know with each call, and where a hypervisor answers CPUID that takes
 * it 8 microseconds. */
static bool has_f16c(void)
{
    enum { UNKNOWN, NO, YES };
    static _Atomic int answer = UNKNOWN;
    if (answer == UNKNOWN) {
        unsigned a, b, c, d;
        answer = __get_cpuid(1, &a, &b, &c, &d) && (c & bit_F16C) ? YES : NO;
    }
    return answer == YES;
}

/* __builtin_cpu_supports asks the operating system too, and remembers; F16C, which not every
 * compiler knows there, needs no more of it than AVX2. */
static bool has_avx2(void)
{
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && has_f16c();
}

static bool has_avx512(void)
{
    return has_avx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
}

static bool has_avx512vnni(void)
{
    return has_avx512() && __builtin_cpu_supports("avx512vnni");
}

const char *const isa_names[] = {"x86-64", "scalar", "avx2", "avx512", "avx512vnni", NULL};
static bool (*const present[])(void) = {has_always, has_always, has_avx2, has_avx512,
                                        has_avx512vnni};
#else
const char *const isa_names[] = {"aarch64", "scalar", NULL};
static bool (*const present[])(void) = {has_always, has_always};
#endif

enum { ISAS = sizeof present / sizeof present[0] };
static int last = ISAS - 1;

static int find(const char *isa)
{
    int i = 0;
    while (i < ISAS && strcmp(isa_names[i], isa) != 0)
        i++;
    return i;
}

bool isa_present(const char *isa)
{
    int i = find(isa);
    return i < ISAS && present[i]();
}

bool isa_runs(const char *isa)
{
    return find(isa) <= last && isa_present(isa);
}

void isa_limit(const char *isa)
{
    last = find(isa);
}

const char *isa_best(void)
{
    static const char *const vector[] = {
#define SIMD_ISA(name) #name,
#include "kernels/simd/isas.def"
#undef SIMD_ISA
    };
    size_t best = 0;
    for (size_t i = 0; i < sizeof vector / sizeof vector[0]; i++)
        if (isa_runs(vector[i]))
            best = i;
    return vector[best];
}
