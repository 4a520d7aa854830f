/** Hot path. CRC-32 by folding: a 128-bit piece that lies D bits before another may be replaced by its
 * product with x^(D+32) and x^(D-32) mod P, added to the other (Gopal et al., "Fast CRC Computation Using
 * PCLMULQDQ", 2009). Four pieces run side by side to hide the latency of the multiplier; the wide variant
 * holds two in each register. What remains goes through the tables. No state. */
#include "cpu.h"

#if SLZ_X86

#include "crc32_fold.h"

#include "../base.h"

#include <immintrin.h>

#define NARROW_TARGET __attribute__((target("pclmul,sse4.1")))
#define WIDE_TARGET __attribute__((target("pclmul,avx2,vpclmulqdq")))

enum { NARROW_STEP = 64, WIDE_STEP = 128 };

NARROW_TARGET static inline __m128i fold(__m128i piece, __m128i factors, __m128i onto)
{
    __m128i low = _mm_clmulepi64_si128(piece, factors, 0x00);
    __m128i high = _mm_clmulepi64_si128(piece, factors, 0x11);

    return _mm_xor_si128(_mm_xor_si128(low, high), onto);
}

NARROW_TARGET static inline __m128i piece_load(const uint8_t *in)
{
    return _mm_loadu_si128((const __m128i *)(const void *)in);
}

NARROW_TARGET size_t crc32_fold(uint8_t rest[CRC_FOLD_LEN], uint32_t crc, const uint8_t *in, size_t len)
{
    __m128i far_factors = _mm_set_epi64x(FOLD_512), near_factors = _mm_set_epi64x(FOLD_128);
    __m128i a, b, c, d;
    size_t at = NARROW_STEP;

    BUG_ON(len < at);
    a = _mm_xor_si128(piece_load(in), _mm_cvtsi32_si128((int)crc));
    b = piece_load(in + 16);
    c = piece_load(in + 32);
    d = piece_load(in + 48);
    for (; len - at >= NARROW_STEP; at += NARROW_STEP) {
        a = fold(a, far_factors, piece_load(in + at));
        b = fold(b, far_factors, piece_load(in + at + 16));
        c = fold(c, far_factors, piece_load(in + at + 32));
        d = fold(d, far_factors, piece_load(in + at + 48));
    }
    d = fold(fold(fold(a, near_factors, b), near_factors, c), near_factors, d);
    for (; len - at >= 16; at += 16)
        d = fold(d, near_factors, piece_load(in + at));
    _mm_storeu_si128((__m128i *)(void *)rest, d);
    BUG_ON(at > len || len - at >= 16);
    return at;
}

WIDE_TARGET static inline __m256i fold_wide(__m256i pieces, __m256i factors, __m256i onto)
{
    __m256i low = _mm256_clmulepi64_epi128(pieces, factors, 0x00);
    __m256i high = _mm256_clmulepi64_epi128(pieces, factors, 0x11);

    return _mm256_xor_si256(_mm256_xor_si256(low, high), onto);
}

WIDE_TARGET static inline __m256i pieces_load(const uint8_t *in)
{
    return _mm256_loadu_si256((const __m256i *)(const void *)in);
}

WIDE_TARGET size_t crc32_fold_wide(uint8_t rest[CRC_FOLD_LEN], uint32_t crc, const uint8_t *in, size_t len)
{
    __m256i factors = _mm256_broadcastsi128_si256(_mm_set_epi64x(FOLD_1024));
    __m256i piece[4];
    uint8_t left[WIDE_STEP];
    size_t at = WIDE_STEP;

    BUG_ON(len < at);
    for (unsigned i = 0; i < 4; i++)
        piece[i] = pieces_load(in + 32 * i);
    piece[0] = _mm256_xor_si256(piece[0], _mm256_set_epi32(0, 0, 0, 0, 0, 0, 0, (int)crc));
    for (; len - at >= WIDE_STEP; at += WIDE_STEP)
        for (unsigned i = 0; i < 4; i++)
            piece[i] = fold_wide(piece[i], factors, pieces_load(in + at + 32 * i));
    for (unsigned i = 0; i < 4; i++)
        _mm256_storeu_si256((__m256i *)(void *)(left + 32 * i), piece[i]);
    _mm256_zeroupper();
    BUG_ON(crc32_fold(rest, 0, left, WIDE_STEP) != WIDE_STEP);
    BUG_ON(at > len || len - at >= WIDE_STEP);
    return at;
}

#endif
