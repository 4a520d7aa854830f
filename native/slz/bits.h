/** Hot path. The bit writer: deflate's bit order (RFC 1951, section 3.1.1), eight bytes stored at a time
 * without a branch. The writer lives on the stack of one slz_encode; nothing here is shared. A flush may
 * store up to eight bytes beyond the bits it holds: callers keep `out` at most eight bytes before the end
 * of their room. */
#ifndef SLUICE_SLZ_BITS_H
#define SLUICE_SLZ_BITS_H

#include "../base.h"

#define ALWAYS_INLINE static inline __attribute__((always_inline))

struct slz_bits {
    uint8_t *out;  /* next byte to write */
    uint64_t bits; /* not written yet, first bit lowest */
    unsigned len;  /* how many: at most 7 after a flush, 63 ever */
};

/* One byte less than the word: a flush leaves up to seven bits. */
STATIC_ASSERT(sizeof(((struct slz_bits *)0)->bits) == 8);

ALWAYS_INLINE uint64_t le64(uint64_t v)
{
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    return __builtin_bswap64(v);
#else
    return v;
#endif
}

ALWAYS_INLINE uint32_t le32(uint32_t v)
{
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    return __builtin_bswap32(v);
#else
    return v;
#endif
}

ALWAYS_INLINE void bits_put(struct slz_bits *w, uint64_t value, unsigned len)
{
    w->bits |= value << w->len;
    w->len += len;
}

ALWAYS_INLINE void bits_flush(struct slz_bits *w)
{
    store_u64(w->out, le64(w->bits));
    w->out += w->len >> 3;
    w->bits >>= w->len & 56;
    w->len &= 7;
}

/* Writes whole bytes only and never beyond them, the rest of the last one as zero: where a byte boundary
 * is due. */
static inline void bits_align(struct slz_bits *w)
{
    BUG_ON(w->len > 63);
    while (w->len > 0) {
        *w->out++ = (uint8_t)w->bits;
        w->bits >>= 8;
        w->len -= MIN(w->len, 8u);
    }
    BUG_ON(w->bits != 0);
}

static inline void bytes_put(struct slz_bits *w, uint64_t value, unsigned len)
{
    BUG_ON(w->len != 0);
    BUG_ON(len > sizeof(value));
    for (; len > 0; len--, value >>= 8)
        *w->out++ = (uint8_t)value;
}

#endif
