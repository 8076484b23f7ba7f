/* SPDX-License-Identifier: MIT
 *
 * A vector of VEC_WIDTH floats in one register, so that a kernel is written once and compiled once
 * per instruction set (the Makefile defines ISA and ISA_name). Every header defines
 *
 *   vec, VEC_WIDTH            the type, floats in it: 4, 8 or 16
 *   vec_load(p)               p aligned to a float; vec_store(p, a) likewise
 *   vec_load_bf16(p)          VEC_WIDTH bfloat16, widened; vec_load_fp16(p) likewise
 *   vec_load_int8(p)          VEC_WIDTH integers
 *   vec_load_e4m3(p)          VEC_WIDTH 8-bit floats
 *   vec_load4(p)              p[0..3], over and over
 *   VEC_STREAM(p, a)          vec_store past the caches, p aligned to the vector; x86 only
 *   vec_broadcast(x)          x in every lane
 *   vec_add, vec_sub, vec_mul (a, b)
 *   vec_max(a, b)             b where either is NaN
 *   vec_fma(a, b, c)          a b + c, rounded once (scalar: twice)
 *   vec_accumulate(&c, a, b)  c += a b as vec_fma does, c staying in its register
 *   vec_low_exponent(a)       the low 9 bits of each lane as sign and exponent of a float
 *   vec_reduce_add(a)         sum of the lanes
 *   vec_sum4(a, b, c, d)      such sums of four, each added up in the same order, as a float4
 *   vec_fold_max(a)           a's quads of lanes brought together, as a float4; vec_fold_add(a)
 *                             likewise
 *
 * vec_accumulate is an instruction of its own where there is one: left to itself, gcc 12 folds
 * loads into multiply-adds, so that a value is loaded once for each use, and copies and spills
 * accumulators (AVX2, 4 x 3 scores: 99 % of the FMA peak with it, 55 to 90 % without).
 */
#ifndef MLABENCH_SIMD_VEC_H
#define MLABENCH_SIMD_VEC_H

#include "kernels/float4.h"

#if defined(ISA_avx512)
#include "kernels/simd/vec_avx512.h"
#elif defined(ISA_avx2)
#include "kernels/simd/vec_avx2.h"
#elif defined(ISA_scalar)
#include "kernels/simd/vec_scalar.h"
#else
#error "compile with -DISA=name -DISA_name, name being one of kernels/simd/isas.def"
#endif

/* SIMD_NAME(symbol): symbol_avx2 and so on. */
#define SIMD_PASTE_(symbol, isa) symbol##_##isa
#define SIMD_PASTE(symbol, isa)  SIMD_PASTE_(symbol, isa)
#define SIMD_NAME(symbol)        SIMD_PASTE(symbol, ISA)

#define SIMD_QUOTE_(isa)         #isa
#define SIMD_QUOTE(isa)          SIMD_QUOTE_(isa)
#define SIMD_ISA_STRING          SIMD_QUOTE(ISA)

#endif
