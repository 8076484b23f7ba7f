/* SPDX-License-Identifier: MIT */
#include "kernels/formats/bf16.h"

#include <criterion/criterion.h>
#include <math.h>

static float decode(uint32_t code)
{
    uint16_t narrow = (uint16_t)code;
    float value;
    bf16_decode(1, &narrow, &value);
    return value;
}

static uint16_t encode(float value)
{
    uint16_t code;
    bf16_encode(1, &value, &code);
    return code;
}

Test(bf16, every_code_comes_back)
{
    for (uint32_t code = 0; code < 65536; code++) {
        float value = decode(code);
        if (isnan(value))
            cr_assert(isnan(decode(encode(value))), "%04x", code);
        else
            cr_assert(encode(value) == code, "%04x becomes %04x", code, encode(value));
    }
}

/* Between each two neighbours: the middle goes to the even one, what lies beside it to the nearer;
 * beyond the largest, to infinity. */
Test(bf16, rounds_to_nearest_even)
{
    for (uint32_t code = 0; code < 0x7f80; code++) {
        uint32_t even = code + (code & 1), bits = code << 16 | 0x8000;
        for (int sign = 0; sign < 2; sign++) {
            float around[3];
            for (uint32_t i = 0; i < 3; i++) {
                uint32_t near = bits + i - 1;
                memcpy(&around[i], &near, sizeof near);
                around[i] = sign ? -around[i] : around[i];
            }
            uint32_t top = sign ? 0x8000 : 0;
            cr_assert(encode(around[0]) == (code | top), "below the middle after %04x", code);
            cr_assert(encode(around[1]) == (even | top), "the middle after %04x", code);
            cr_assert(encode(around[2]) == ((code + 1) | top), "above the middle after %04x", code);
        }
    }
}

/* A NaN whose payload lies in the lower half alone. */
Test(bf16, nan_stays_nan)
{
    const uint32_t bits[] = {0x7f800001, 0xff80ffff, 0x7fffffff, 0xffffffff};
    for (size_t i = 0; i < sizeof bits / sizeof bits[0]; i++) {
        float value;
        memcpy(&value, &bits[i], sizeof value);
        cr_assert(isnan(decode(encode(value))), "%08x", bits[i]);
    }
}
