/** Hot path. Adler-32 by NEON, as adler32_x86.c does it. No state. */
#include "adler32_run.h"
#include "cpu.h"

#if SLZ_ARM64

#include "../base.h"

#include <arm_neon.h>

static const uint8_t weights[ADLER_STEP] = {32, 31, 30, 29, 28, 27, 26, 25, 24, 23, 22, 21, 20, 19, 18, 17,
                                            16, 15, 14, 13, 12, 11, 10, 9,  8,  7,  6,  5,  4,  3,  2,  1};

/* 16 bytes times their weights, added in pairs: below 65,536. */
static inline uint16x8_t bytes_weigh(uint8x16_t bytes, const uint8_t *by)
{
    uint16x8_t sum = vmull_u8(vget_low_u8(bytes), vld1_u8(by));

    return vmlal_u8(sum, vget_high_u8(bytes), vld1_u8(by + 8));
}

void adler32_run_neon(uint32_t *a, uint32_t *b, const uint8_t *in, size_t len)
{
    uint32x4_t first = vdupq_n_u32(0), before = first, second = first;

    BUG_ON(len > ADLER_RUN || len % ADLER_STEP != 0);
    *b += *a * (uint32_t)len;
    for (size_t at = 0; at < len; at += ADLER_STEP) {
        uint8x16_t low = vld1q_u8(in + at), high = vld1q_u8(in + at + 16);

        before = vaddq_u32(before, first);
        first = vpadalq_u16(vpadalq_u16(first, vpaddlq_u8(low)), vpaddlq_u8(high));
        second = vpadalq_u16(second, bytes_weigh(low, weights));
        second = vpadalq_u16(second, bytes_weigh(high, weights + 16));
    }
    *a += vaddvq_u32(first);
    *b += vaddvq_u32(vaddq_u32(second, vshlq_n_u32(before, 5)));
}

#endif
