/* Huffman codes in the shape the encoder's loop wants them: one load gives bits and length, a match
 * length's extra bits already appended. Tables are constant or live on the stack of one call. RFC 1951,
 * section 3.2.5. */
#ifndef SLUICE_SLZ_CODES_H
#define SLUICE_SLZ_CODES_H

#include "bits.h"

enum {
    MATCH_MIN = 3,
    MATCH_MAX = 258,
    MATCH_FAR = 32768, /* the largest distance */
    CODE_END = 256,    /* end of block */
};

/* One code: how many bits it has, below 1 << 6, and from CODE_SHIFT on the bits in the order they are sent. What lies
 * between is 0 here (see note.h). */
#define CODE_SHIFT 12
#define CODE_BITS(e) ((e) >> CODE_SHIFT)
#define CODE_LEN(e) ((e) & 63)
#define CODE(bits, len) ((uint32_t)(bits) << CODE_SHIFT | (uint32_t)(len))

STATIC_ASSERT(15 + 5 <= 32 - CODE_SHIFT); /* the longest code with a match length's extra bits */

struct slz_codes {
    uint32_t lit[256];
    uint32_t len[MATCH_MAX - MATCH_MIN + 1]; /* with extra bits */
    uint32_t dist[32];                       /* by distance symbol, without extra bits */
    uint32_t end;
};

extern const struct slz_codes slz_codes_fixed;

/* The symbol of a match length - 3. */
extern const uint16_t slz_len_symbol[MATCH_MAX - MATCH_MIN + 1];

ALWAYS_INLINE void code_put(struct slz_bits *w, uint32_t code)
{
    bits_put(w, CODE_BITS(code), CODE_LEN(code));
}

/* Distance symbols grow like a floating point number with one bit of mantissa: no table is needed. */
ALWAYS_INLINE unsigned dist_extra_len(unsigned dist)
{
    return 30u - (unsigned)__builtin_clz((dist - 1) | 2);
}

ALWAYS_INLINE unsigned dist_symbol(unsigned dist, unsigned extra_len)
{
    return 2 * extra_len + ((dist - 1) >> extra_len);
}

ALWAYS_INLINE void match_put(struct slz_bits *w, const struct slz_codes *codes, unsigned len, unsigned dist)
{
    unsigned extra_len = dist_extra_len(dist);
    unsigned extra = (dist - 1) & ((1u << extra_len) - 1);

    code_put(w, codes->len[len - MATCH_MIN]);
    code_put(w, codes->dist[dist_symbol(dist, extra_len)]);
    bits_put(w, extra, extra_len);
}

#endif
