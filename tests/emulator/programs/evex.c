/* SPDX-License-Identifier: MIT
 *
 * Instructions of AVX-512 F, BW, DQ and VL against the same in scalar C, lane by lane. */
#include <immintrin.h>
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#define AVX512 __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,fma,f16c")))

enum { LANES = 16 };
static float a[LANES], b[LANES], c[LANES], got[LANES], want[LANES];

AVX512 static void fma_512(void)
{
    _mm512_storeu_ps(got,
                     _mm512_fmadd_ps(_mm512_loadu_ps(a), _mm512_loadu_ps(b), _mm512_loadu_ps(c)));
    for (int i = 0; i < LANES; i++)
        want[i] = fmaf(a[i], b[i], c[i]);
}

/* The second factor is one float in memory, as only EVEX can encode it. */
AVX512 static void fma_broadcast(void)
{
    __m512 sum = _mm512_loadu_ps(c);
    __asm__("vfmadd231ps %2%{1to16%}, %1, %0" : "+v"(sum) : "v"(_mm512_loadu_ps(a)), "m"(b[3]));
    _mm512_storeu_ps(got, sum);
    for (int i = 0; i < LANES; i++)
        want[i] = fmaf(a[i], b[3], c[i]);
}

/* Registers beyond the 16 of AVX2, and masks that merge and that clear. */
AVX512 static void fma_masked(void)
{
    register __m512 sum __asm__("zmm29") = _mm512_loadu_ps(c);
    __mmask16 merge = 0x5a3c, clear = 0x0ff1;
    __asm__("vfmadd231ps %2, %1, %0%{%3%}\n\t"
            "vmovaps %0, %0%{%4%}%{z%}"
            : "+v"(sum)
            : "v"(_mm512_loadu_ps(a)), "v"(_mm512_loadu_ps(b)), "Yk"(merge), "Yk"(clear));
    _mm512_storeu_ps(got, sum);
    for (int i = 0; i < LANES; i++) {
        float merged = merge >> i & 1 ? fmaf(a[i], b[i], c[i]) : c[i];
        want[i] = clear >> i & 1 ? merged : 0;
    }
}

AVX512 static void scalef(void)
{
    float powers[LANES] = {0,    1,    -1,   10,   -10,   127, -126, -130,
                           -149, -200, 0.9f, 3.5f, -0.5f, 64,  -64,  -INFINITY};
    _mm512_storeu_ps(got, _mm512_scalef_ps(_mm512_loadu_ps(a), _mm512_loadu_ps(powers)));
    for (int i = 0; i < LANES; i++)
        want[i] = isinf(powers[i]) ? 0 * a[i] : scalbnf(a[i], (int)floorf(powers[i]));
}

/* Lanes that a mask leaves out are not read or written, even beyond the end of memory. */
AVX512 static void masked_memory(void)
{
    enum { PAGE = 4096, KEPT = 5 };
    char *map = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (map == MAP_FAILED || mprotect(map + PAGE, PAGE, PROT_NONE))
        return;
    float *last = (float *)(void *)(map + PAGE) - KEPT;
    __mmask16 mask = (1 << KEPT) - 1;
    _mm512_mask_storeu_ps(last, mask, _mm512_loadu_ps(a));
    _mm512_storeu_ps(got, _mm512_mask_loadu_ps(_mm512_loadu_ps(b), mask, last));
    for (int i = 0; i < LANES; i++)
        want[i] = i < KEPT ? a[i] : b[i];
    munmap(map, 2 * (size_t)PAGE);
}

AVX512 static void permute(void)
{
    int32_t index[LANES];
    for (int i = 0; i < LANES; i++)
        index[i] = (7 * i + 3) % (2 * LANES);
    __m512i lanes = _mm512_loadu_si512(index);
    _mm512_storeu_ps(got, _mm512_permutex2var_ps(_mm512_loadu_ps(a), lanes, _mm512_loadu_ps(b)));
    for (int i = 0; i < LANES; i++)
        want[i] = index[i] < LANES ? a[index[i]] : b[index[i] - LANES];
}

AVX512 static void shuffle(void)
{
    __m512 quads = _mm512_broadcast_f32x4(_mm_loadu_ps(a + 4));
    __m512 low = _mm512_unpacklo_ps(quads, _mm512_loadu_ps(b));
    _mm512_storeu_ps(got, _mm512_shuffle_f32x4(low, low, 0x1b));
    for (int i = 0; i < LANES; i++) {
        int quad = 3 - i / 4, lane = i % 4 / 2;
        want[i] = i % 2 ? b[quad * 4 + lane] : a[4 + lane];
    }
}

AVX512 static void extract(void)
{
    __m256 high = _mm512_extractf32x8_ps(_mm512_loadu_ps(a), 1);
    __mmask8 mask = 0xa6;
    _mm512_storeu_ps(got, _mm512_castps256_ps512(high));
    _mm256_storeu_ps(got + 8, _mm256_mask_sub_ps(high, mask, high, _mm256_loadu_ps(b)));
    for (int i = 0; i < 8; i++) {
        want[i] = a[8 + i];
        want[8 + i] = mask >> i & 1 ? a[8 + i] - b[i] : a[8 + i];
    }
}

/* As the kernels do it: 16 bits to the upper half of 32. */
AVX512 static void from_bf16(void)
{
    uint16_t half[LANES];
    for (int i = 0; i < LANES; i++) {
        uint32_t bits;
        memcpy(&bits, &a[i], sizeof bits);
        half[i] = (uint16_t)(bits >> 16);
        bits &= 0xffff0000;
        memcpy(&want[i], &bits, sizeof bits);
    }
    __m512i wide = _mm512_cvtepu16_epi32(_mm256_loadu_si256((const __m256i *)(const void *)half));
    _mm512_storeu_ps(got, _mm512_castsi512_ps(_mm512_slli_epi32(wide, 16)));
}

AVX512 static void from_fp16(void)
{
    uint16_t half[LANES];
    for (int i = 0; i < LANES; i++) { /* one exponent after another */
        half[i] = (uint16_t)(i << 10 | 0x155);
        want[i] = i ? ldexpf(1 + 0x155 / 1024.f, i - 15) : 0x155 / 16777216.f;
    }
    _mm512_storeu_ps(got, _mm512_cvtph_ps(_mm256_loadu_si256((const __m256i *)(void *)half)));
}

/* MAXPS gives the second operand where one is NaN. */
AVX512 static void largest(void)
{
    float some[LANES];
    memcpy(some, a, sizeof some);
    some[2] = some[9] = NAN;
    _mm512_storeu_ps(got, _mm512_max_ps(_mm512_loadu_ps(some), _mm512_loadu_ps(b)));
    for (int i = 0; i < LANES; i++)
        want[i] = some[i] > b[i] ? some[i] : b[i];
}

AVX512 static void compare(void)
{
    __mmask16 less = _mm512_cmp_ps_mask(_mm512_loadu_ps(a), _mm512_loadu_ps(b), _CMP_LT_OQ);
    _mm512_storeu_ps(got, _mm512_maskz_mov_ps(less, _mm512_loadu_ps(c)));
    for (int i = 0; i < LANES; i++)
        want[i] = a[i] < b[i] ? c[i] : 0;
}

AVX512 static void saturate_16(void)
{
    int16_t x[2 * LANES], sums[2 * LANES], right[2 * LANES];
    for (int i = 0; i < 2 * LANES; i++) {
        x[i] = (int16_t)(i * 2100 - 32768);
        int sum = x[i] + 20000;
        right[i] = (int16_t)(sum > INT16_MAX ? INT16_MAX : sum);
    }
    _mm512_storeu_si512(sums, _mm512_adds_epi16(_mm512_loadu_si512(x), _mm512_set1_epi16(20000)));
    memcpy(got, sums, sizeof got);
    memcpy(want, right, sizeof want);
}

int main(void)
{
    static const struct {
        const char *name;
        void (*run)(void);
    } checks[] = {
        {"fma", fma_512},
        {"fma with a broadcast", fma_broadcast},
        {"fma with masks", fma_masked},
        {"scalef", scalef},
        {"masked memory", masked_memory},
        {"permute", permute},
        {"shuffle", shuffle},
        {"extract", extract},
        {"from bf16", from_bf16},
        {"from fp16", from_fp16},
        {"largest", largest},
        {"compare", compare},
        {"saturate", saturate_16},
    };
    uint32_t state = 1;
    for (int i = 0; i < 3 * LANES; i++) {
        state = state * 1664525 + 1013904223;
        (i < LANES ? a : i < 2 * LANES ? b : c)[i % LANES] = (float)(int32_t)state / 1e9f;
    }
    int failed = 0;
    for (size_t i = 0; i < sizeof checks / sizeof *checks; i++) {
        memset(got, 0xee, sizeof got);
        memset(want, 0xdd, sizeof want);
        checks[i].run();
        bool right = memcmp(got, want, sizeof got) == 0;
        printf("evex: %s: %s\n", checks[i].name, right ? "passed" : "FAILED");
        failed += !right;
    }
    return failed != 0;
}
