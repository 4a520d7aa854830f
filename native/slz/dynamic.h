/* A dynamic block's codes and the header that describes them (RFC 1951, section 3.2.7). Everything is the
 * caller's, on the stack of one slz_encode. */
#ifndef SLUICE_SLZ_DYNAMIC_H
#define SLUICE_SLZ_DYNAMIC_H

#include "note.h"

enum {
    LITLEN_SYMBOLS = 286,
    DIST_SYMBOLS = 30,
    LITLEN_LEN_MAX = 14, /* a note's two codes fit the bit writer between two flushes */
    DIST_LEN_MAX = 15,
    ITEMS_MAX = LITLEN_SYMBOLS + DIST_SYMBOLS,
    ITEM_SYMBOLS = 19,
};

/* What a block contains but its end, by symbol. No count exceeds 65,535, because no segment does. */
struct block_counts {
    uint16_t litlen[LITLEN_SYMBOLS];
    uint16_t dist[DIST_SYMBOLS];
};

/* The two sets of code lengths as runs, and the code for those runs. */
struct dynamic_plan {
    uint8_t litlen[LITLEN_SYMBOLS];
    uint8_t dist[DIST_SYMBOLS];
    uint8_t item_len[ITEM_SYMBOLS];
    uint16_t item[ITEMS_MAX]; /* symbol in the low 5 bits, extra bits above */
    unsigned item_count;
    unsigned litlen_count, dist_count, item_len_count; /* HLIT + 257, HDIST + 1, HCLEN + 4 */
    size_t bits;       /* of the whole block, from its type to its end */
    size_t bits_fixed; /* the same with the fixed codes */
};

/* Counts the block's end, too. */
void dynamic_plan_make(struct dynamic_plan *plan, struct block_counts *counts);

/* The header without the block's three type bits; needs room for 330 bytes. */
void dynamic_head_put(struct slz_bits *w, const struct dynamic_plan *plan);

void dynamic_codes_make(struct note_codes *codes, const struct dynamic_plan *plan);

#endif
