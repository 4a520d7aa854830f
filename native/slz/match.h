/** Hot path. Finding the next match, shared by the one-pass and the two-pass modes: the table of positions,
 * and how long two places agree. The table belongs to one segment and lives on the stack. Positions are 16
 * bits wide and an empty entry means position 0, which is always a legal candidate: one compare of four
 * bytes decides, without a check for emptiness. */
#ifndef SLUICE_SLZ_MATCH_H
#define SLUICE_SLZ_MATCH_H

#include "codes.h"

#include <stdbool.h>
#if defined(__SSE2__)
#include <emmintrin.h>
#elif defined(__ARM_NEON)
#include <arm_neon.h>
#endif

enum {
    HASH_BITS = 13, /* 16 KB, half of a first cache: larger ones gain little in a short segment */
    MATCH_LEN_MIN = 4,  /* what the table finds; shorter matches rarely pay */
    SPAN_TAIL = 10,     /* bytes the two-position loops look at from where they stand */
    TABLE_LEN_MIN = 16, /* a shorter segment is sent as literals */
};

STATIC_ASSERT(SPAN_TAIL == 2 + sizeof(uint64_t));
STATIC_ASSERT(TABLE_LEN_MIN > SPAN_TAIL);

/* Newest positions by hash: 1 << bits of them. */
struct match_table {
    uint16_t *slot;
    unsigned bits;
};

ALWAYS_INLINE uint16_t *match_slot(struct match_table table, uint32_t bytes)
{
    return &table.slot[(bytes * 2654435761u) >> (32 - table.bits)];
}

enum { WIDE_LEN = 16 };

#if defined(__SSE2__)
#define MATCH_WIDE 1
/* How many of WIDE_LEN bytes agree before one does not. */
ALWAYS_INLINE unsigned bytes_same(const uint8_t *a, const uint8_t *b)
{
    __m128i x = _mm_loadu_si128((const __m128i *)(const void *)a);
    __m128i y = _mm_loadu_si128((const __m128i *)(const void *)b);
    uint32_t same = (uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(x, y));

    return (unsigned)__builtin_ctz(~same);
}
#elif defined(__ARM_NEON) && defined(__aarch64__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define MATCH_WIDE 1
ALWAYS_INLINE unsigned bytes_same(const uint8_t *a, const uint8_t *b)
{
    uint8x16_t same = vceqq_u8(vld1q_u8(a), vld1q_u8(b));
    uint8x8_t halves = vshrn_n_u16(vreinterpretq_u16_u8(same), 4); /* four bits a byte */
    uint64_t differ = ~vget_lane_u64(vreinterpret_u64_u8(halves), 0);

    return differ ? (unsigned)__builtin_ctzll(differ) >> 2 : WIDE_LEN;
}
#else
#define MATCH_WIDE 0
ALWAYS_INLINE unsigned bytes_same(const uint8_t *a, const uint8_t *b)
{
    (void)a, (void)b;
    return 0;
}
#endif

/* How many bytes agree when the first `len` do: at most MATCH_MAX, and never beyond `end`. */
ALWAYS_INLINE unsigned match_grow(const uint8_t *a, const uint8_t *b, const uint8_t *end, unsigned len, bool wide)
{
    size_t room = (size_t)(end - a);
    unsigned max = room < MATCH_MAX ? (unsigned)room : MATCH_MAX;

    while (wide && MATCH_WIDE && len + WIDE_LEN <= max) {
        unsigned same = bytes_same(a + len, b + len);

        if (same < WIDE_LEN)
            return len + same;
        len += WIDE_LEN;
    }
    while (len + 8 <= max) {
        uint64_t diff = le64(load_u64(a + len) ^ load_u64(b + len));

        if (diff)
            return len + ((unsigned)__builtin_ctzll(diff) >> 3);
        len += 8;
    }
    while (len < max && a[len] == b[len])
        len++;
    return len;
}

/* `diff` is where the first eight bytes differ. With `wide` twice as many are compared at once: whether eight are
 * enough would be guessed wrong once in a few matches. */
ALWAYS_INLINE unsigned match_len(uint64_t diff, const uint8_t *a, const uint8_t *b, const uint8_t *end, bool wide)
{
    if (wide && MATCH_WIDE && likely(end - a >= WIDE_LEN)) {
        unsigned same = bytes_same(a, b);

        return likely(same < WIDE_LEN) ? same : match_grow(a, b, end, WIDE_LEN, wide);
    }
    if (likely(diff))
        return (unsigned)__builtin_ctzll(diff) >> 3;
    return match_grow(a, b, end, 8, wide);
}

/* The last two bytes of a match often begin the next one: 1 to 2 % of the output. */
ALWAYS_INLINE void match_index_end(struct match_table table, const uint8_t *in, const uint8_t *p)
{
    *match_slot(table, le32(load_u32(p - 2))) = (uint16_t)(p - 2 - in);
    *match_slot(table, le32(load_u32(p - 1))) = (uint16_t)(p - 1 - in);
}

/* One position near the end of a segment, where eight bytes can no longer be loaded. Returns the length, 0
 * for none. */
static inline unsigned match_find_tail(struct match_table table, const uint8_t *in, const uint8_t *p,
                                       const uint8_t *end, unsigned *dist_ret)
{
    unsigned len = 0, dist;
    const uint8_t *from;
    uint16_t *slot;

    BUG_ON(p <= in || p >= end);
    if (end - p < MATCH_LEN_MIN)
        return 0;
    slot = match_slot(table, le32(load_u32(p)));
    from = in + *slot;
    BUG_ON(from >= p);
    *slot = (uint16_t)(p - in);
    dist = (unsigned)(p - from);
    while (dist <= MATCH_FAR && p + len < end && p[len] == from[len])
        len++;
    BUG_ON(len >= MATCH_MAX);
    *dist_ret = dist;
    return len >= MATCH_LEN_MIN ? len : 0;
}

#endif
