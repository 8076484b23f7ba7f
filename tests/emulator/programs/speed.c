/* SPDX-License-Identifier: MIT
 *
 * So many millions of instructions of a kind, for timing the emulator from outside:
 *     time tests/emulator/run.sh build/emulator/programs/speed fma 20 */
#include <immintrin.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MILLION = 1000000, AT_ONCE = 20 };

/* Neither zeros nor infinities: those are faster. */
__attribute__((target("avx512f"))) static void fma_512(long count)
{
    __m512 most = _mm512_set1_ps(0.999f), little = _mm512_set1_ps(0.001f), x = little, y = most;
    for (long i = 0; i < count; i += AT_ONCE)
        __asm__ volatile(".rept 10\n\t"
                         "vfmadd213ps %3, %2, %0\n\t"
                         "vfmadd213ps %3, %2, %1\n\t"
                         ".endr"
                         : "+v"(x), "+v"(y)
                         : "v"(most), "v"(little));
}

/* And with a load each. */
__attribute__((target("avx512f"))) static void fma_512_loads(long count)
{
    static float factors[AT_ONCE + 15];
    for (int i = 0; i < AT_ONCE + 15; i++)
        factors[i] = 0.9f;
    __m512 most = _mm512_set1_ps(0.999f), x = most;
    for (long i = 0; i < count; i += AT_ONCE)
        for (int k = 0; k < AT_ONCE; k++)
            __asm__ volatile("vmovups %1, %%zmm5\n\t"
                             "vfmadd213ps %%zmm5, %2, %0"
                             : "+v"(x)
                             : "m"(factors[k]), "v"(most)
                             : "xmm5");
}

static void integers(long count)
{
    uint64_t x = 1;
    for (long i = 0; i < count; i += AT_ONCE)
        __asm__ volatile(".rept 10\n\t"
                         "lea (%0,%0,2), %0\n\t"
                         "add $7, %0\n\t"
                         ".endr"
                         : "+r"(x));
}

int main(int count, char **arguments)
{
    static const struct {
        const char *name;
        void (*run)(long);
    } kinds[] = {{"fma", fma_512}, {"fma-loads", fma_512_loads}, {"integers", integers}};
    for (size_t i = 0; count == 3 && i < sizeof kinds / sizeof *kinds; i++)
        if (strcmp(arguments[1], kinds[i].name) == 0) {
            kinds[i].run(strtol(arguments[2], NULL, 10) * MILLION);
            return 0;
        }
    fputs("usage: speed fma|fma-loads|integers MILLIONS\n", stderr);
    return 2;
}
