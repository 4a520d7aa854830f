/** Hot path. Finding the next match, shared by the one-pass and the two-pass modes: the table of positions,
 * and how long two places agree. The table belongs to one segment and lives on the stack. Positions are 16
 * bits wide and an empty entry means position 0, which is always a legal candidate: one compare of four
 * bytes decides, without a check for emptiness. */
#ifndef SLUICE_SLZ_MATCH_H
#define SLUICE_SLZ_MATCH_H

#include "codes.h"

#include <stdbool.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

enum {
    HASH_BITS = 13,
    MATCH_LEN_MIN = 4,  /* what the table finds; shorter matches rarely pay */
    SPAN_TAIL = 10,     /* bytes the two-position loops look at from where they stand */
    TABLE_LEN_MIN = 16, /* a shorter segment is sent as literals */
};

STATIC_ASSERT(SPAN_TAIL == 2 + sizeof(uint64_t));
STATIC_ASSERT(TABLE_LEN_MIN > SPAN_TAIL);

struct match_table {
    uint16_t slot[1 << HASH_BITS];
};

ALWAYS_INLINE uint16_t *match_slot(struct match_table *table, uint32_t bytes)
{
    return &table->slot[(bytes * 2654435761u) >> (32 - HASH_BITS)];
}

enum { WIDE_LEN = 32 };

#ifdef __SSE2__
#define MATCH_WIDE 1
/* A bit for each of 32 bytes: set where they differ. */
ALWAYS_INLINE uint32_t bytes_differ(const uint8_t *a, const uint8_t *b)
{
    const __m128i *x = (const __m128i *)(const void *)a, *y = (const __m128i *)(const void *)b;
    __m128i low = _mm_cmpeq_epi8(_mm_loadu_si128(x), _mm_loadu_si128(y));
    __m128i high = _mm_cmpeq_epi8(_mm_loadu_si128(x + 1), _mm_loadu_si128(y + 1));

    return ~((uint32_t)_mm_movemask_epi8(low) | (uint32_t)_mm_movemask_epi8(high) << 16);
}
#else
#define MATCH_WIDE 0
#endif

/* How many bytes agree when the first eight do: at most MATCH_MAX, and never beyond `end`. With `wide` the next 32
 * are compared at once: the branch that ends a loop would be guessed wrong once a match. */
ALWAYS_INLINE unsigned match_grow(const uint8_t *a, const uint8_t *b, const uint8_t *end, bool wide)
{
    size_t room = (size_t)(end - a);
    unsigned max = room < MATCH_MAX ? (unsigned)room : MATCH_MAX;
    unsigned len = 8;

#if MATCH_WIDE
    if (wide && likely(max >= 8 + WIDE_LEN)) {
        uint32_t differ = bytes_differ(a + 8, b + 8);

        if (likely(differ))
            return 8 + (unsigned)__builtin_ctz(differ);
        len += WIDE_LEN;
    }
#endif
    (void)wide;
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

/* `diff` is where the first eight bytes differ. */
ALWAYS_INLINE unsigned match_len(uint64_t diff, const uint8_t *a, const uint8_t *b, const uint8_t *end, bool wide)
{
    if (likely(diff))
        return (unsigned)__builtin_ctzll(diff) >> 3;
    return match_grow(a, b, end, wide);
}

/* The last two bytes of a match often begin the next one: 1 to 2 % of the output. */
ALWAYS_INLINE void match_index_end(struct match_table *table, const uint8_t *in, const uint8_t *p)
{
    *match_slot(table, le32(load_u32(p - 2))) = (uint16_t)(p - 2 - in);
    *match_slot(table, le32(load_u32(p - 1))) = (uint16_t)(p - 1 - in);
}

/* One position near the end of a segment, where eight bytes can no longer be loaded. Returns the length, 0
 * for none. */
static inline unsigned match_find_tail(struct match_table *table, const uint8_t *in, const uint8_t *p,
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
