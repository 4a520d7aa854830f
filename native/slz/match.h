/** Hot path. Finding the next match, shared by the one-pass and the two-pass modes: the table of positions,
 * and how long two places agree. The table belongs to one segment and lives on the stack. Positions are 16
 * bits wide and an empty entry means position 0, which is always a legal candidate: one compare of four
 * bytes decides, without a check for emptiness. */
#ifndef SLUICE_SLZ_MATCH_H
#define SLUICE_SLZ_MATCH_H

#include "codes.h"

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

/* How many bytes agree when the first eight do: at most MATCH_MAX, and never beyond `end`. */
ALWAYS_INLINE unsigned match_grow(const uint8_t *a, const uint8_t *b, const uint8_t *end)
{
    size_t room = (size_t)(end - a);
    unsigned max = room < MATCH_MAX ? (unsigned)room : MATCH_MAX;
    unsigned len = 8;

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
ALWAYS_INLINE unsigned match_len(uint64_t diff, const uint8_t *a, const uint8_t *b, const uint8_t *end)
{
    if (likely(diff))
        return (unsigned)__builtin_ctzll(diff) >> 3;
    return match_grow(a, b, end);
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
