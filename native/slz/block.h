/* Blocks as one slz_encode writes them: where the stream stands, stored blocks, and the border between
 * blocks. The state lives on the stack of that call; `fast.c` and `balanced.c` fill one segment of it at a
 * time. RFC 1951, section 3.2.3. */
#ifndef SLUICE_SLZ_BLOCK_H
#define SLUICE_SLZ_BLOCK_H

#include "codes.h"

#include <stdbool.h>

enum {
    SEGMENT_MAX = 65535, /* bytes encoded on their own, and the longest stored block */
    STORED_HEAD = 4,     /* bytes of length and its complement */
    BLOCK_STORED = 0,    /* BTYPE in bits 1-2, BFINAL clear in bit 0 */
    BLOCK_FIXED = 2,
    BLOCK_DYNAMIC = 4,
    BLOCK_TYPE_LEN = 3,
};

STATIC_ASSERT(SEGMENT_MAX <= UINT16_MAX); /* LEN is 16 bits wide, and so are positions */

struct slz_blocks {
    struct slz_bits w;
    uint8_t *head;     /* byte that holds BFINAL of the newest block, NULL when an earlier call began it */
    unsigned head_bit; /* and which bit */
    const struct slz_codes *codes; /* of the block that has begun and whose end is due; NULL between two */
};

/* Bits that end the open block. */
static inline unsigned block_end_len(const struct slz_blocks *b)
{
    return b->codes ? CODE_LEN(b->codes->end) : 0;
}

/* The segment's end if it were stored: no other form may end later. An open block has to be ended first. */
static inline uint8_t *stored_limit(const struct slz_blocks *b, size_t len)
{
    unsigned bits = b->w.len + block_end_len(b) + BLOCK_TYPE_LEN;

    BUG_ON(b->w.len > 7 || len > SEGMENT_MAX);
    return b->w.out + (bits + 7) / 8 + STORED_HEAD + len;
}

/* Writes the type and leaves the block open for `codes`. */
static inline void block_begin(struct slz_blocks *b, unsigned type, const struct slz_codes *codes)
{
    BUG_ON(b->codes || b->w.len > 7);
    BUG_ON(type > BLOCK_DYNAMIC || type & 1);
    b->head = b->w.out;
    b->head_bit = b->w.len;
    bits_put(&b->w, type, BLOCK_TYPE_LEN);
    bits_flush(&b->w);
    b->codes = codes;
}

static inline void block_end(struct slz_blocks *b)
{
    if (!b->codes)
        return;
    BUG_ON(b->w.len > 7);
    code_put(&b->w, b->codes->end);
    bits_flush(&b->w);
    b->codes = NULL;
}

/* A stored block's border and length; its bytes follow at w.out. Touches no byte beyond. */
static inline void stored_begin(struct slz_blocks *b, size_t len)
{
    BUG_ON(len > SEGMENT_MAX || b->w.len > 7);
    if (b->codes)
        code_put(&b->w, b->codes->end);
    b->codes = NULL;
    b->head = b->w.out + b->w.len / 8;
    b->head_bit = b->w.len % 8;
    bits_put(&b->w, BLOCK_STORED, BLOCK_TYPE_LEN);
    bits_align(&b->w);
    bytes_put(&b->w, len | (~(uint64_t)len & 0xffff) << 16, STORED_HEAD);
}

static inline void stored_put(struct slz_blocks *b, const uint8_t *in, size_t len)
{
    stored_begin(b, len);
    BUG_ON(b->w.len != 0);
    memcpy(b->w.out, in, len);
    b->w.out += len;
}

/* Both write one segment of 1 to SEGMENT_MAX bytes. False when it does not fit before `limit`: then `b` is
 * garbage and the caller goes back to its copy. Stores reach at most eight bytes beyond `limit`. What they leave
 * open is a fixed block. */
bool slz_fast_put(struct slz_blocks *b, const uint8_t *in, size_t len, uint8_t *limit);
bool slz_balanced_put(struct slz_blocks *b, const uint8_t *in, size_t len, uint8_t *limit);

#endif
