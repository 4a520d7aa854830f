/* Characters and short texts as HTTP/1 classes them: tokens (RFC 9110 section 5.6.2), optional whitespace (5.6.3), lists
 * (5.6.1), and the vector loops that skip over plain bytes. Vector code only skips; the caller's scalar code decides what
 * the byte it stopped at means. Nothing reads at or behind <end>. */
#ifndef SLUICE_HTTP1_CHARS_H
#define SLUICE_HTTP1_CHARS_H

#include "../base.h"

#if defined(__SSE2__) && !defined(HTTP1_NO_SIMD)
#include <emmintrin.h>
#define HTTP1_SSE2 1
#endif

extern const uint8_t char_token_lower[256];

/* A piece of the scanned buffer. */
struct text {
    uint32_t off, len;
    uint32_t last_empty; /* list_next(): the list ended with a comma */
};

static inline uint8_t char_lower(uint8_t c)
{
    return (uint8_t)(c - 'A') < 26 ? (uint8_t)(c | 0x20) : c;
}

static inline int char_is_blank(uint8_t c)
{
    return c == ' ' || c == '\t';
}

static inline int char_is_digit(uint8_t c)
{
    return (uint8_t)(c - '0') < 10;
}

static inline int char_is_alpha(uint8_t c)
{
    return (uint8_t)((c | 0x20) - 'a') < 26;
}

/* RFC 9110 section 5.5: field-vchar, SP, HTAB. Other controls would be legal to keep "within a safe context", which
 * nobody behind us promises. */
static inline int char_is_value(uint8_t c)
{
    return (c >= 0x20 && c != 0x7f) || c == '\t';
}

/* What a request target may hold: VCHAR without '#', which starts a fragment and never goes on the wire. */
static inline int char_is_target(uint8_t c)
{
    return c > 0x20 && c < 0x7f && c != '#';
}

/* Length of the token at <p>. */
uint32_t token_scan(const uint8_t *p, uint32_t len);

/* Is <p> the lower-case text <lower>, whatever its case? */
int text_is(const uint8_t *p, uint32_t len, const char *lower, uint32_t lower_len);
#define TEXT_IS(p, len, literal) text_is((p), (len), "" literal, (uint32_t)sizeof(literal) - 1)

int text_same(const uint8_t *a, uint32_t a_len, const uint8_t *b, uint32_t b_len);

/* Takes the next element of a comma-separated list off <rest>, without the blanks around it; it may be empty. Returns 0
 * at the end. Commas in quoted strings separate too: no list that we interpret has any. */
int list_next(const uint8_t *buf, struct text *rest, struct text *element_ret);

/* Turns the token at <p> into lower case and returns its end, or <end>. */
static inline uint8_t *token_lower(uint8_t *p, uint8_t *end)
{
    uint8_t c;

    while (p < end && (c = char_token_lower[*p]) != 0)
        *p++ = c;
    return p;
}

/* The same for up to 15 letters, digits and '-', which most names are made of: <lower> gets them in lower case, with 16
 * bytes read at <p>. Returns how many there are; what stopped there is for the caller to look up. */
static inline uint32_t token_lower_short(const uint8_t *p, uint8_t lower[16])
{
#ifdef HTTP1_SSE2
    __m128i v = _mm_loadu_si128((const __m128i *)p);
    __m128i low = _mm_or_si128(v, _mm_set1_epi8(0x20));
    /* signed compares: bytes above 0x7f are below everything */
    __m128i alpha = _mm_and_si128(_mm_cmpgt_epi8(low, _mm_set1_epi8('a' - 1)),
                                  _mm_cmplt_epi8(low, _mm_set1_epi8('z' + 1)));
    __m128i digit = _mm_and_si128(_mm_cmpgt_epi8(v, _mm_set1_epi8('0' - 1)), _mm_cmplt_epi8(v, _mm_set1_epi8('9' + 1)));
    __m128i good = _mm_or_si128(_mm_or_si128(alpha, digit), _mm_cmpeq_epi8(v, _mm_set1_epi8('-')));
    int stop = _mm_movemask_epi8(good) ^ 0xffff;

    _mm_storeu_si128((__m128i *)lower, _mm_or_si128(v, _mm_and_si128(alpha, _mm_set1_epi8(0x20))));
    return stop ? (uint32_t)__builtin_ctz((unsigned)stop) : 0;
#else
    (void)p;
    (void)lower;
    return 0;
#endif
}

/* Copies 1 to 15 bytes out of 16. Exactly these: a wider store would delay the next load behind them. */
static inline void short_copy(uint8_t *to, const uint8_t from[16], uint32_t len)
{
    if (len >= 8) {
        store_u64(to, load_u64(from));
        store_u64(to + len - 8, load_u64(from + len - 8));
    } else if (len >= 4) {
        store_u32(to, load_u32(from));
        store_u32(to + len - 4, load_u32(from + len - 4));
    } else {
        for (uint32_t i = 0; i < len; i++)
            to[i] = from[i];
    }
}

#define SWAR_ALL(c) (0x0101010101010101ull * (c))
#define SWAR_HIGH SWAR_ALL(0x80u)

/* High bits set in bytes below <n> (<= 128); a borrow may set further ones above a true one, never alone. */
static inline uint64_t swar_below(uint64_t v, uint8_t n)
{
    return (v - SWAR_ALL(n)) & ~v & SWAR_HIGH;
}

static inline uint64_t swar_equal(uint64_t v, uint8_t c)
{
    return swar_below(v ^ SWAR_ALL(c), 1);
}

/* First byte that is not char_is_value(), or <end>. */
static inline const uint8_t *value_skip(const uint8_t *p, const uint8_t *end)
{
#ifdef HTTP1_SSE2
    const __m128i ctl = _mm_set1_epi8(0x1f), tab = _mm_set1_epi8('\t'), del = _mm_set1_epi8(0x7f);

    for (; end - p >= 16; p += 16) {
        __m128i v = _mm_loadu_si128((const __m128i *)p);
        __m128i low = _mm_andnot_si128(_mm_cmpeq_epi8(v, tab), _mm_cmpeq_epi8(_mm_min_epu8(v, ctl), v));
        int stop = _mm_movemask_epi8(_mm_or_si128(low, _mm_cmpeq_epi8(v, del)));

        if (stop)
            return p + __builtin_ctz((unsigned)stop);
    }
#endif
    for (; end - p >= 8; p += 8) {
        uint64_t v = load_u64(p);

        if (swar_below(v, 0x20) | swar_equal(v, 0x7f))
            break;
    }
    while (p < end && char_is_value(*p))
        p++;
    return p;
}

/* First byte that is not char_is_target(), or <end>. */
static inline const uint8_t *target_skip(const uint8_t *p, const uint8_t *end)
{
#ifdef HTTP1_SSE2
    const __m128i space = _mm_set1_epi8(0x20), del = _mm_set1_epi8(0x7f), hash = _mm_set1_epi8('#');

    for (; end - p >= 16; p += 16) {
        __m128i v = _mm_loadu_si128((const __m128i *)p);
        /* signed: bytes above 0x7f are negative, so they are not above the space */
        __m128i good = _mm_and_si128(_mm_cmpgt_epi8(v, space), _mm_cmpgt_epi8(del, v));
        int stop = _mm_movemask_epi8(_mm_andnot_si128(_mm_cmpeq_epi8(v, hash), good)) ^ 0xffff;

        if (stop)
            return p + __builtin_ctz((unsigned)stop);
    }
#endif
    for (; end - p >= 8; p += 8) {
        uint64_t v = load_u64(p);

        if (swar_below(v, 0x21) | (v & SWAR_HIGH) | swar_equal(v, 0x7f) | swar_equal(v, '#'))
            break;
    }
    while (p < end && char_is_target(*p))
        p++;
    return p;
}

#endif
