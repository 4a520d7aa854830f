/** Hot path. Adler-32 by vectors: in 32 bytes the second sum grows by 32 times the first and by each byte times how
 * many bytes from it to the end. The first sums before each step are gathered and multiplied once. No state. */
#include "adler32_run.h"
#include "cpu.h"

#if SLZ_X86

#include "../base.h"

#include <immintrin.h>

/* The sum of four lanes. */
__attribute__((target("sse2"))) static inline uint32_t lanes_sum(__m128i v)
{
    v = _mm_add_epi32(v, _mm_shuffle_epi32(v, 0x4e));
    v = _mm_add_epi32(v, _mm_shuffle_epi32(v, 0xb1));
    return (uint32_t)_mm_cvtsi128_si32(v);
}

/* Adds to `onto` what 16 bytes weigh whose last one weighs `least` + 1. */
__attribute__((target("sse2"))) static inline __m128i bytes_weigh(__m128i onto, __m128i bytes, short least)
{
    const __m128i zero = _mm_setzero_si128(), more = _mm_set1_epi16(least);
    __m128i early = _mm_add_epi16(more, _mm_setr_epi16(16, 15, 14, 13, 12, 11, 10, 9));
    __m128i late = _mm_add_epi16(more, _mm_setr_epi16(8, 7, 6, 5, 4, 3, 2, 1));

    onto = _mm_add_epi32(onto, _mm_madd_epi16(_mm_unpacklo_epi8(bytes, zero), early));
    return _mm_add_epi32(onto, _mm_madd_epi16(_mm_unpackhi_epi8(bytes, zero), late));
}

__attribute__((target("sse2"))) void adler32_run_sse2(uint32_t *a, uint32_t *b, const uint8_t *in, size_t len)
{
    const __m128i zero = _mm_setzero_si128();
    __m128i first = zero, before = zero, second = zero;

    BUG_ON(len > ADLER_RUN || len % ADLER_STEP != 0);
    *b += *a * (uint32_t)len;
    for (size_t at = 0; at < len; at += ADLER_STEP) {
        __m128i low = _mm_loadu_si128((const __m128i *)(const void *)(in + at));
        __m128i high = _mm_loadu_si128((const __m128i *)(const void *)(in + at + 16));

        before = _mm_add_epi32(before, first);
        first = _mm_add_epi32(first, _mm_add_epi32(_mm_sad_epu8(low, zero), _mm_sad_epu8(high, zero)));
        second = bytes_weigh(bytes_weigh(second, low, 16), high, 0);
    }
    *a += lanes_sum(first);
    *b += lanes_sum(_mm_add_epi32(second, _mm_slli_epi32(before, 5)));
}

__attribute__((target("avx2"))) void adler32_run_avx2(uint32_t *a, uint32_t *b, const uint8_t *in, size_t len)
{
    const __m256i zero = _mm256_setzero_si256(), ones = _mm256_set1_epi16(1);
    const __m256i weights = _mm256_setr_epi8(32, 31, 30, 29, 28, 27, 26, 25, 24, 23, 22, 21, 20, 19, 18, 17, 16, 15,
                                             14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1);
    __m256i first = zero, before = zero, second = zero;
    __m128i sum;

    BUG_ON(len > ADLER_RUN || len % ADLER_STEP != 0);
    *b += *a * (uint32_t)len;
    for (size_t at = 0; at < len; at += ADLER_STEP) {
        __m256i bytes = _mm256_loadu_si256((const __m256i *)(const void *)(in + at));

        before = _mm256_add_epi32(before, first);
        first = _mm256_add_epi32(first, _mm256_sad_epu8(bytes, zero));
        second = _mm256_add_epi32(second, _mm256_madd_epi16(_mm256_maddubs_epi16(bytes, weights), ones));
    }
    second = _mm256_add_epi32(second, _mm256_slli_epi32(before, 5));
    sum = _mm_add_epi32(_mm256_castsi256_si128(first), _mm256_extracti128_si256(first, 1));
    *a += lanes_sum(sum);
    sum = _mm_add_epi32(_mm256_castsi256_si128(second), _mm256_extracti128_si256(second, 1));
    *b += lanes_sum(sum);
    _mm256_zeroupper();
}

#endif
