/* What training found (bench/codec/README.md): a few sets of codes for the bodies the web sends, each with the header
 * that announces it already in bits, and what a sample's bytes say about which of them fits. Constant data, made by
 * a program and committed. */
#ifndef SLUICE_SLZ_TABLES_H
#define SLUICE_SLZ_TABLES_H

#include "codes.h"

enum {
    TABLES = 8,
    TABLE_HEAD_WORDS = 20,
    TABLE_LITLEN_MAX = 14, /* bits of the longest code */
    TABLE_DIST_MAX = 10,
    SAMPLE_PIECES = 64, /* of eight bytes, from the block's first to its last */
    SAMPLE_WEIGHT_MAX = 63,
};

/* A literal and a match between two flushes. */
STATIC_ASSERT(2 * TABLE_LITLEN_MAX + 5 + TABLE_DIST_MAX + 13 + 7 <= 63);
STATIC_ASSERT(SAMPLE_PIECES * 8 * SAMPLE_WEIGHT_MAX <= INT16_MAX);

struct slz_table {
    struct slz_codes codes;
    uint32_t head[TABLE_HEAD_WORDS]; /* the block's type and code lengths, RFC 1951 section 3.2.7 */
    uint32_t head_len;               /* in bits */
};

extern const struct slz_table slz_tables[TABLES];

/* By byte: bits it lets each table save over the fixed codes. */
extern const int16_t slz_sample_weights[256][TABLES];

/* A sample's sum has to be better by this much before a block is ended for another table. */
extern const int16_t slz_sample_stay;

#endif
