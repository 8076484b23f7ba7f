/* SPDX-License-Identifier: MIT
 *
 * A vector of VEC_WIDTH floats in one register, so that a kernel is written once and compiled once
 * per instruction set (the Makefile defines ISA and ISA_name). Every header defines
 *
 *   vec, VEC_WIDTH        the type, floats in it
 *   vec_load(p)           p aligned to the vector's size
 *   vec_broadcast(x)      x in every lane
 *   vec_add(a, b)         a + b
 *   vec_fma(a, b, c)      a b + c, rounded once (scalar: twice)
 *   vec_reduce_add(a)     sum of the lanes
 */
#ifndef MLABENCH_SIMD_VEC_H
#define MLABENCH_SIMD_VEC_H

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
