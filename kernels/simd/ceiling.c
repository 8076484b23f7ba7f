/* SPDX-License-Identifier: MIT */
#include "kernels/simd/ceiling.h"
#include "kernels/simd/vec.h"

/* Independent accumulators, enough to hide latencies (two FMAs per cycle, each 4 or 5 cycles long;
 * two loads, whose additions take up to 4) and few enough for 16 registers. */
#define FMA_CHAINS  12
#define READ_CHAINS 8

_Static_assert(SIMD_READ_STEP % (READ_CHAINS * VEC_WIDTH) == 0, "a step is whole vectors");

/* Constant bounds: the compiler unrolls the inner loops and keeps the arrays in registers. */
static float run_chains(int64_t iterations, float factor, float addend)
{
    vec chains[FMA_CHAINS];
    for (int i = 0; i < FMA_CHAINS; i++)
        chains[i] = vec_broadcast((float)(i + 1));
    vec b = vec_broadcast(factor), c = vec_broadcast(addend);
    for (int64_t n = 0; n < iterations; n++)
        for (int i = 0; i < FMA_CHAINS; i++)
            chains[i] = vec_fma(chains[i], b, c);
    float sum = 0;
    for (int i = 0; i < FMA_CHAINS; i++)
        sum += vec_reduce_add(chains[i]);
    return sum;
}

static float sum_floats(const float *data, int64_t count, int64_t passes)
{
    vec chains[READ_CHAINS];
    for (int i = 0; i < READ_CHAINS; i++)
        chains[i] = vec_broadcast(0);
    for (int64_t pass = 0; pass < passes; pass++)
        for (int64_t at = 0; at < count; at += READ_CHAINS * VEC_WIDTH)
            for (int i = 0; i < READ_CHAINS; i++)
                chains[i] = vec_add(chains[i], vec_load(data + at + i * VEC_WIDTH));
    float sum = 0;
    for (int i = 0; i < READ_CHAINS; i++)
        sum += vec_reduce_add(chains[i]);
    return sum;
}

/* Compilers must not skip passes that the next one overwrites. */
static void keep_stores(const float *data)
{
    __asm__ volatile("" : : "r"(data) : "memory");
}

static void write_floats(float *data, int64_t count, int64_t passes)
{
    for (int64_t pass = 1; pass <= passes; pass++) {
        vec value = vec_broadcast((float)pass);
        for (int64_t at = 0; at < count; at += READ_CHAINS * VEC_WIDTH)
            for (int i = 0; i < READ_CHAINS; i++)
                vec_store(data + at + i * VEC_WIDTH, value);
        keep_stores(data);
    }
}

#ifdef VEC_STREAM
static void stream_floats(float *data, int64_t count, int64_t passes)
{
    for (int64_t pass = 1; pass <= passes; pass++) {
        vec value = vec_broadcast((float)pass);
        for (int64_t at = 0; at < count; at += READ_CHAINS * VEC_WIDTH)
            for (int i = 0; i < READ_CHAINS; i++)
                VEC_STREAM(data + at + i * VEC_WIDTH, value);
        keep_stores(data);
    }
    _mm_sfence();
}
#endif

const struct simd_ceiling SIMD_NAME(simd_ceiling) = {
    .isa = SIMD_ISA_STRING,
    .chains = FMA_CHAINS,
    .width = VEC_WIDTH,
    .fma = run_chains,
    .read = sum_floats,
    .write = write_floats,
#ifdef VEC_STREAM
    .stream = stream_floats,
#endif
};
