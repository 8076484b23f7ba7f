/* SPDX-License-Identifier: MIT */
#include "harness/random.h"

#include <math.h>

void random_bits(uint64_t seed, uint32_t stream, uint64_t counter, uint32_t out[4])
{
    uint32_t c0 = (uint32_t)counter, c1 = (uint32_t)(counter >> 32), c2 = stream, c3 = 0;
    uint32_t k0 = (uint32_t)seed, k1 = (uint32_t)(seed >> 32);
    for (int round = 0; round < 10; round++) {
        uint64_t a = (uint64_t)0xD2511F53u * c0;
        uint64_t b = (uint64_t)0xCD9E8D57u * c2;
        c0 = (uint32_t)(b >> 32) ^ c1 ^ k0;
        c1 = (uint32_t)b;
        c2 = (uint32_t)(a >> 32) ^ c3 ^ k1;
        c3 = (uint32_t)a;
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
    out[0] = c0;
    out[1] = c1;
    out[2] = c2;
    out[3] = c3;
}

uint64_t random_below(uint64_t seed, uint32_t stream, uint64_t counter, uint64_t bound)
{
    uint32_t bits[4];
    random_bits(seed, stream, counter, bits);
    uint64_t word = (uint64_t)bits[0] << 32 | bits[1];
    /* The high half of the product: biased by at most bound / 2^64. */
    return (uint64_t)(((unsigned __int128)word * bound) >> 64);
}

void random_shuffle(uint64_t seed, uint32_t stream, uint64_t counter, int32_t *numbers,
                    int64_t count)
{
    for (int64_t i = count - 1; i > 0; i--) {
        int64_t j = (int64_t)random_below(seed, stream, counter + (uint64_t)i, (uint64_t)i + 1);
        int32_t number = numbers[i];
        numbers[i] = numbers[j];
        numbers[j] = number;
    }
}

void random_normal(uint64_t seed, uint32_t stream, uint64_t first, int64_t count, double sd,
                   float *out)
{
    /* The sum of 8 uniform 16-bit integers has variance 8 (2^32 - 1) / 12. */
    const double unit = sd / sqrt(8.0 * 4294967295.0 / 12.0);
    for (int64_t i = 0; i < count; i++) {
        uint32_t bits[4];
        random_bits(seed, stream, first + (uint64_t)i, bits);
        int32_t sum = 0;
        for (int word = 0; word < 4; word++)
            sum += (int32_t)(bits[word] & 0xFFFF) + (int32_t)(bits[word] >> 16);
        out[i] = (float)((sum - 4 * 65535) * unit);
    }
}
