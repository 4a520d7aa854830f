/** Hot path. CRC-32 on aarch64: by folding, as crc32_x86.c does it, and by the instruction for what is left and for
 * what is short. No state. */
#include "cpu.h"

#if SLZ_ARM64

#include "crc32_fold.h"

#include "../base.h"
#include "bits.h"

#ifdef __clang__
#define FOLD_TARGET __attribute__((target("aes")))
#define STEPS_TARGET __attribute__((target("crc")))
#define STEP_WORD __builtin_arm_crc32d
#define STEP_BYTE __builtin_arm_crc32b
#else
#define FOLD_TARGET __attribute__((target("+crypto")))
#define STEPS_TARGET __attribute__((target("+crc")))
#define STEP_WORD __crc32d
#define STEP_BYTE __crc32b
#endif

#include <arm_acle.h>
#include <arm_neon.h>

enum { FOLD_STEP = 64 };

FOLD_TARGET static inline uint64x2_t fold(uint64x2_t piece, poly64x2_t factors, uint64x2_t onto)
{
    poly64x2_t by = vreinterpretq_p64_u64(piece);
    poly128_t low = vmull_p64(vgetq_lane_p64(by, 0), vgetq_lane_p64(factors, 0));
    poly128_t high = vmull_high_p64(by, factors);

    return veorq_u64(veorq_u64(vreinterpretq_u64_p128(low), vreinterpretq_u64_p128(high)), onto);
}

FOLD_TARGET static inline poly64x2_t factors_make(uint64_t high, uint64_t low)
{
    return vcombine_p64(vcreate_p64(low), vcreate_p64(high));
}

FOLD_TARGET static inline uint64x2_t piece_load(const uint8_t *in)
{
    return vreinterpretq_u64_u8(vld1q_u8(in));
}

FOLD_TARGET size_t crc32_fold(uint8_t rest[CRC_FOLD_LEN], uint32_t crc, const uint8_t *in, size_t len)
{
    poly64x2_t far_factors = factors_make(FOLD_512), near_factors = factors_make(FOLD_128);
    uint64x2_t a, b, c, d;
    size_t at = FOLD_STEP;

    BUG_ON(len < at);
    a = veorq_u64(piece_load(in), vsetq_lane_u64(crc, vdupq_n_u64(0), 0));
    b = piece_load(in + 16);
    c = piece_load(in + 32);
    d = piece_load(in + 48);
    for (; len - at >= FOLD_STEP; at += FOLD_STEP) {
        a = fold(a, far_factors, piece_load(in + at));
        b = fold(b, far_factors, piece_load(in + at + 16));
        c = fold(c, far_factors, piece_load(in + at + 32));
        d = fold(d, far_factors, piece_load(in + at + 48));
    }
    d = fold(fold(fold(a, near_factors, b), near_factors, c), near_factors, d);
    for (; len - at >= 16; at += 16)
        d = fold(d, near_factors, piece_load(in + at));
    vst1q_u8(rest, vreinterpretq_u8_u64(d));
    BUG_ON(at > len || len - at >= 16);
    return at;
}

STEPS_TARGET uint32_t crc32_steps(uint32_t crc, const uint8_t *in, size_t len)
{
    BUG_ON(!in && len > 0);
    for (; len >= 8; len -= 8, in += 8)
        crc = STEP_WORD(crc, le64(load_u64(in)));
    for (; len > 0; len--)
        crc = STEP_BYTE(crc, *in++);
    return crc;
}

#endif
