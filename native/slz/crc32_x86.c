/** Hot path. CRC-32 by folding: a 128-bit piece that lies D bits before another may be replaced by its
 * product with x^(D+32) and x^(D-32) mod P, added to the other (Gopal et al., "Fast CRC Computation Using
 * PCLMULQDQ", 2009). Four pieces run side by side to hide the latency of the multiplier. What remains goes
 * through the tables. No state. */
#include "cpu.h"

#if SLZ_X86

#include "crc32_x86.h"

#include "../base.h"

#include <immintrin.h>

#define CRC_TARGET __attribute__((target("pclmul,sse4.1")))

/* The two factors for a distance of D bits, reflected and shifted by one as the instruction wants them. */
#define FOLD_512 _mm_set_epi64x(0x1c6e41596, 0x154442bd4)
#define FOLD_128 _mm_set_epi64x(0x0ccaa009e, 0x1751997d0)

CRC_TARGET static inline __m128i fold(__m128i piece, __m128i factors, __m128i onto)
{
    __m128i low = _mm_clmulepi64_si128(piece, factors, 0x00);
    __m128i high = _mm_clmulepi64_si128(piece, factors, 0x11);

    return _mm_xor_si128(_mm_xor_si128(low, high), onto);
}

CRC_TARGET static inline __m128i piece_load(const uint8_t *in)
{
    return _mm_loadu_si128((const __m128i *)(const void *)in);
}

CRC_TARGET size_t crc32_fold(uint8_t rest[CRC_FOLD_LEN], uint32_t crc, const uint8_t *in, size_t len)
{
    __m128i far_factors = FOLD_512, near_factors = FOLD_128;
    __m128i a, b, c, d;
    size_t at = 64;

    BUG_ON(len < at);
    a = _mm_xor_si128(piece_load(in), _mm_cvtsi32_si128((int)crc));
    b = piece_load(in + 16);
    c = piece_load(in + 32);
    d = piece_load(in + 48);
    for (; len - at >= 64; at += 64) {
        a = fold(a, far_factors, piece_load(in + at));
        b = fold(b, far_factors, piece_load(in + at + 16));
        c = fold(c, far_factors, piece_load(in + at + 32));
        d = fold(d, far_factors, piece_load(in + at + 48));
    }
    d = fold(fold(fold(a, near_factors, b), near_factors, c), near_factors, d);
    for (; len - at >= 16; at += 16)
        d = fold(d, near_factors, piece_load(in + at));
    _mm_storeu_si128((__m128i *)(void *)rest, d);
    BUG_ON(at > len);
    return at;
}

#endif
