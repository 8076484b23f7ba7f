/* SPDX-License-Identifier: MIT
 *
 * Codes of cache formats against a slow and exact reading of what each format says: all codes, and
 * for each two neighbours what rounds to which. */
#include "harness/cpu.h"
#include "kernels/formats/e4m3.h"
#include "kernels/formats/fp16.h"
#include "kernels/formats/int8.h"
#include "kernels/row_layout.h"
#include "kernels/simd/loops.h"

#include <criterion/criterion.h>
#include <math.h>

static float of_bits(uint32_t bits)
{
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

/* A float of sign, exponent and mantissa, as IEEE 754 defines all of them. */
static double slow_float(unsigned code, int exponent_bits, int mantissa_bits)
{
    int bias = (1 << (exponent_bits - 1)) - 1, all = 1 << mantissa_bits;
    int mantissa = (int)code & (all - 1);
    int exponent = (int)(code >> mantissa_bits) & ((1 << exponent_bits) - 1);
    double magnitude = exponent > 0 ? ldexp(all + mantissa, exponent - bias - mantissa_bits)
                                    : ldexp(mantissa, 1 - bias - mantissa_bits);
    return code >> (exponent_bits + mantissa_bits) ? -magnitude : magnitude;
}

/* --- fp16 --- */

static double slow_fp16(unsigned code)
{
    if ((code & 0x7c00) < 0x7c00)
        return slow_float(code, 5, 10);
    return code & 0x3ff ? NAN : code >> 15 ? -INFINITY : INFINITY;
}

static bool same(double a, double b)
{
    return isnan(a) ? isnan(b) : a == b && !signbit(a) == !signbit(b);
}

Test(formats, fp16_codes)
{
    for (unsigned code = 0; code < 65536; code++) {
        float value = fp16_value((uint16_t)code);
        cr_assert(same(value, slow_fp16(code)), "%04x is %a", code, (double)value);
        if (isnan(value))
            cr_assert(isnan(fp16_value(fp16_code(value))), "%04x", code);
        else
            cr_assert(fp16_code(value) == code, "%04x becomes %04x", code, fp16_code(value));
    }
}

/* Between two neighbours: the middle goes to the even one, its neighbours to the nearer. The middle
 * after the largest lies where the next would begin, and goes to infinity. */
Test(formats, fp16_rounds_to_nearest_even)
{
    for (unsigned code = 0; code < 0x7c00; code++) {
        double next = code == 0x7bff ? 65536 : slow_fp16(code + 1);
        float middle = (float)((slow_fp16(code) + next) / 2);
        for (int sign = 0; sign < 2; sign++) {
            unsigned top = sign ? 0x8000 : 0;
            float up = sign ? -INFINITY : INFINITY, m = sign ? -middle : middle;
            cr_assert(fp16_code(nextafterf(m, 0)) == (code | top), "below the middle: %04x", code);
            cr_assert(fp16_code(m) == ((code + (code & 1)) | top), "the middle: %04x", code);
            cr_assert(fp16_code(nextafterf(m, up)) == ((code + 1) | top), "above: %04x", code);
        }
    }
}

Test(formats, fp16_extremes)
{
    cr_assert(fp16_code(INFINITY) == 0x7c00 && fp16_code(-INFINITY) == 0xfc00);
    cr_assert(fp16_code(3e38f) == 0x7c00 && fp16_code(-65520) == 0xfc00);
    cr_assert(fp16_code(of_bits(1)) == 0 && fp16_code(of_bits(0x80000001)) == 0x8000);
    for (uint32_t payload = 1; payload < 0x800000; payload = payload * 3 + 1)
        cr_assert(isnan(fp16_value(fp16_code(of_bits(0x7f800000 | payload)))), "%06x", payload);
}

/* --- e4m3 --- */

static double slow_e4m3(unsigned code)
{
    return (code & 0x7f) == 0x7f ? NAN : slow_float(code, 4, 3);
}

Test(formats, e4m3_codes)
{
    for (unsigned code = 0; code < 256; code++) {
        float value = e4m3_value((uint8_t)code);
        cr_assert(same(value, slow_e4m3(code)), "%02x is %a", code, (double)value);
        cr_assert(e4m3_code(value) == code || isnan(value), "%02x", code);
    }
    cr_assert(slow_e4m3(0x7e) == 448 && slow_e4m3(1) == 0x1p-9);
}

Test(formats, e4m3_rounds_to_nearest_even_and_saturates)
{
    for (unsigned code = 0; code < 0x7e; code++) {
        double middle = (slow_e4m3(code) + slow_e4m3(code + 1)) / 2;
        for (int sign = 0; sign < 2; sign++) {
            unsigned top = sign ? 0x80 : 0;
            double up = sign ? -INFINITY : INFINITY, m = sign ? -middle : middle;
            cr_assert(e4m3_code(nextafter(m, 0)) == (code | top), "below the middle: %02x", code);
            cr_assert(e4m3_code(m) == ((code + (code & 1)) | top), "the middle: %02x", code);
            cr_assert(e4m3_code(nextafter(m, up)) == ((code + 1) | top), "above: %02x", code);
        }
    }
    cr_assert(e4m3_code(448.1) == 0x7e && e4m3_code(464) == 0x7e && e4m3_code(1e300) == 0x7e);
    cr_assert(e4m3_code(-INFINITY) == 0xfe && e4m3_code(NAN) == 0x7f);
}

/* --- codes with a scale --- */

enum { VALUES = 128 };

/* Values of all magnitudes that floats have, or all near 2^`around`; some are 0. */
static void draw(uint32_t seed, int around, float *values)
{
    for (int i = 0; i < VALUES; i++) {
        seed = seed * 1664525 + 1013904223;
        uint32_t bits = seed >> 1;
        if (around < 200)
            bits = (bits & 0x7fffff) | (uint32_t)(127 + around - (int)(seed >> 29)) << 23;
        bits = bits % 0x7f800000;
        values[i] = seed % 31 == 0 ? 0 : of_bits(bits | (seed & 64 ? 0x80000000 : 0));
    }
}

/* How far from a value its code's is, and the least distance that any code has; in a type that
 * holds the product of a float and a code exactly. */
static void check_nearest(const float *values, const float *decoded, float scale,
                          double (*value)(unsigned), const char *what)
{
    for (int i = 0; i < VALUES; i++) {
        long double best = INFINITY, x = values[i];
        for (unsigned code = 0; code < 256; code++) {
            long double off = fabsl((long double)value(code) * scale - x);
            best = off < best ? off : best;
        }
        long double off = fabsl((long double)decoded[i] - x);
        /* What is decoded has been rounded to a float. */
        long double rounding = fmaxl(fabsl(x) * 0x1p-23L, 0x1p-149L);
        cr_assert(off <= best + rounding, "%s: %a is kept as %a, scale %a", what, (double)values[i],
                  (double)decoded[i], (double)scale);
    }
}

static double slow_int8(unsigned code)
{
    if (code == 128)
        return (double)NAN;
    return code < 128 ? (double)code : (double)code - 256;
}

Test(formats, scaled_codes_are_the_nearest)
{
    float values[VALUES], back[VALUES];
    uint8_t codes[VALUES];
    for (int around = -126; around < 128; around++)
        for (uint32_t seed = 0; seed < 20; seed++) {
            draw(seed * 977 + (uint32_t)around, seed % 4 ? around : 200, values);
            float scale = e4m3_encode(VALUES, values, codes);
            e4m3_decode(VALUES, codes, scale, back);
            check_nearest(values, back, scale, slow_e4m3, "e4m3");
            scale = int8_encode(VALUES, values, (int8_t *)codes);
            int8_decode(VALUES, (int8_t *)codes, scale, back);
            check_nearest(values, back, scale, slow_int8, "int8");
        }
}

/* Ties exist only where the quotient is one exactly, whatever the scale. */
Test(formats, scaled_ties_go_to_even)
{
    for (int k = 1; k < 127; k++) {
        const float scale = 3, values[2] = {127 * scale, ((float)k + 0.5f) * scale};
        int8_t codes[2];
        cr_assert(int8_encode(2, values, codes) == scale);
        cr_assert(codes[0] == 127 && codes[1] == k + (k & 1), "%d and a half is %d", k, codes[1]);
    }
    for (unsigned code = 0; code < 0x7e; code++) {
        float middle = (float)(slow_e4m3(code) + slow_e4m3(code + 1)) / 2;
        const float scale = 3, values[2] = {448 * scale, middle * scale};
        uint8_t codes[2];
        cr_assert(e4m3_encode(2, values, codes) == scale);
        cr_assert(codes[0] == 0x7e && codes[1] == code + (code & 1), "%02x: %02x", code, codes[1]);
    }
}

/* A scale that is itself a subnormal is coarse, but never too small. */
static void check_largest(const char *what, float value, float back, float scale)
{
    float allowed = scale < 0x1p-126f ? scale / 2 : value * 0x1p-22f;
    cr_assert(fabsf(back - value) <= allowed, "%s: %a becomes %a", what, (double)value,
              (double)back);
}

Test(formats, largest_value_is_not_cut)
{
    for (uint32_t bits = 1; bits < 0x7f800000; bits += bits / 1000 + 1) {
        float value = of_bits(bits), back;
        int8_t code;
        uint8_t narrow;
        float scale = int8_encode(1, &value, &code);
        int8_decode(1, &code, scale, &back);
        check_largest("int8", value, back, scale);
        scale = e4m3_encode(1, &value, &narrow);
        e4m3_decode(1, &narrow, scale, &back);
        if (scale >= 0x1p-126f)
            check_largest("e4m3", value, back, scale);
        else /* as near as eighths of it are */
            cr_assert(fabsf(back - value) <= value / 16 + 0x1p-149f, "e4m3: %a", (double)value);
    }
}

Test(formats, what_is_no_number)
{
    const float values[] = {1, INFINITY, -2, -INFINITY}, zeros[2] = {0, -0.0f};
    const float with_nan[] = {1, NAN, -2, INFINITY};
    float back[4];
    uint8_t codes[4];
    float scale = e4m3_encode(4, values, codes);
    e4m3_decode(4, codes, scale, back);
    cr_assert(scale == 2 / 448.0f && back[1] == 2 && back[2] == -2 && back[3] == -2);
    scale = int8_encode(4, values, (int8_t *)codes);
    int8_decode(4, (int8_t *)codes, scale, back);
    cr_assert(fabsf(back[1] - 2) < 1e-6f && back[3] == -back[1]);

    e4m3_decode(4, codes, e4m3_encode(4, with_nan, codes), back);
    cr_assert(!isnan(back[0]) && isnan(back[1]) && back[2] == -2 && back[3] == 2);
    int8_decode(4, (int8_t *)codes, int8_encode(4, with_nan, (int8_t *)codes), back);
    cr_assert(isnan(back[0]) && isnan(back[1]) && isnan(back[2]) && isnan(back[3]));

    e4m3_decode(2, codes, e4m3_encode(2, zeros, codes), back);
    cr_assert(back[0] == 0 && back[1] == 0 && signbit(back[1]));
    int8_decode(2, (int8_t *)codes, int8_encode(2, zeros, (int8_t *)codes), back);
    cr_assert(back[0] == 0 && back[1] == 0);
}

/* --- rows --- */

static struct row_layout layout_of(enum mla_format format, bool latent)
{
    const struct mla_problem v3 = {.format = format,
                                   .heads = 128,
                                   .heads_kv = 128,
                                   .qk_nope_head_dim = 128,
                                   .qk_rope_head_dim = 64,
                                   .v_head_dim = 128,
                                   .kv_lora_rank = 512};
    return latent ? latent_layout(&v3) : expanded_layout(&v3);
}

Test(formats, bytes_of_deepseek_v3)
{
    static const int64_t latent[] = {2304, 1152, 1152, 656, 584};
    static const int64_t head[] = {1280, 640, 640, 392, 332};
    for (int format = 0; format <= MLA_INT8; format++) {
        struct row_layout layout = layout_of((enum mla_format)format, true);
        cr_assert(layout.row_bytes == latent[format] && layout.payload_bytes == latent[format]);
        layout = layout_of((enum mla_format)format, false);
        cr_assert(layout.row_bytes == 128 * head[format] && layout.columns == 320);
        cr_assert(layout.payload_bytes == layout.row_bytes && layout.groups == 128);
    }
}

/* FlashMLA's row: 512 codes, then 4 scales, then 64 bf16. */
Test(formats, fp8_row_of_a_latent)
{
    static _Alignas(4) char row[656];
    float values[576], scale;
    for (int i = 0; i < 576; i++)
        values[i] = (float)(i % 128 + 1) * (float)(1 << i / 128);
    struct row_layout layout = layout_of(MLA_FP8, true);
    part_encode(&layout.part[0], values, row);
    part_encode(&layout.part[1], values + 512, row);
    for (int block = 0; block < 4; block++) {
        memcpy(&scale, row + 512 + 4 * block, sizeof scale);
        cr_assert(fabsf(scale - (float)(128 << block) / 448) <= 1e-7f * scale, "%d", block);
        cr_assert((uint8_t)row[128 * block + 127] == 0x7e);
    }
    uint16_t rope;
    memcpy(&rope, row + 528, sizeof rope);
    cr_assert(rope == 0x4180, "%04x", rope); /* 16 */
    memcpy(&rope, row + 654, sizeof rope);
    cr_assert(rope == 0x4480, "%04x", rope); /* 1024 */
}

/* --- the vector kernels' own readers --- */

static const struct simd_loops *const all_loops[] = {
#define SIMD_ISA(name) &simd_loops_##name,
#include "kernels/simd/isas.def"
#undef SIMD_ISA
};
enum { ISAS = sizeof all_loops / sizeof all_loops[0] };

/* A row of all codes that there are, in turns of `columns`, through the loops and through
 * part_decode: the same bits, and 0 in the columns that fill up the last chunk. */
static void check_pack(const struct simd_loops *loops, enum code code, int32_t columns, float scale)
{
    static _Alignas(64) char group[65536];
    static float panel[40 * (SIMD_BLOCK + 1) * SIMD_CHUNK], expected[512];
    int64_t all = code_bytes(code) == 2 ? 65536 : 256, bytes = columns * code_bytes(code);
    struct row_part part = {.code = code, .columns = columns, .block = 128, .scales = bytes + 4};
    const void *groups[1] = {group};
    part.scales = (bytes + 3) / 4 * 4;
    for (int64_t first = 0; first < all; first += columns) {
        for (int64_t i = 0; i < columns; i++) {
            uint16_t wide = (uint16_t)(first + i);
            memcpy(group + i * code_bytes(code), &wide, (size_t)code_bytes(code));
        }
        for (int64_t block = 0; block < (columns + 127) / 128; block++) {
            float own = scale * (float)(block + 1);
            memcpy(group + part.scales + 4 * block, &own, sizeof own);
        }
        part_decode(&part, group, expected);
        memset(panel, 0xff, sizeof panel);
        loops->pack(&part, groups, 1, panel, 1);
        for (int64_t i = 0; i < (columns + 15) / 16 * 16; i++) {
            float got = panel[(1 + i / 16) * SIMD_PANEL_STRIDE + i % 16];
            float want = i < columns ? expected[i] : 0;
            cr_assert(same(got, want),
                      "%s: code %d, column %ld of %d from %lx, scale %a: %a not %a", loops->isa,
                      (int)code, (long)i, columns, (long)first, (double)scale, (double)got,
                      (double)want);
        }
    }
}

Test(formats, vector_readers_decode_alike)
{
    static const float scales[] = {1, 0.37f, 3e-39f, 0x1p-149f, 1.6e38f, NAN};
    for (int isa = 0; isa < ISAS; isa++) {
        if (!cpu_has_isa(all_loops[isa]->isa))
            continue;
        for (int32_t columns = 256; columns <= 257; columns++) {
            check_pack(all_loops[isa], CODE_FP16, columns, 1);
            check_pack(all_loops[isa], CODE_BF16, columns, 1);
            for (size_t i = 0; i < sizeof scales / sizeof scales[0]; i++) {
                check_pack(all_loops[isa], CODE_E4M3, columns, scales[i]);
                check_pack(all_loops[isa], CODE_INT8, columns, scales[i]);
            }
        }
    }
}
