/* The first pass of the two-pass mode: what a block consists of, noted and counted, before a bit of it is written.
 * `struct notes` lives on the stack of one call. */
#ifndef SLUICE_SLZ_NOTES_H
#define SLUICE_SLZ_NOTES_H

#include "dynamic.h"
#include "match.h"

enum {
    NOTES_MAX = 16384,   /* per block: 64 KB of stack */
    HASH_BITS_LONG = 14, /* for a segment beyond HASH_SHORT_MAX bytes */
    HASH_SHORT_MAX = 24576,
    NOTES_STRIDE = 4096, /* bytes between two looks whether this is noise */
};

struct notes {
    const uint8_t *in;
    const uint8_t *end;
    unsigned note_count;
    bool doubt;           /* the newest stride may have been noise */
    const uint8_t *noise; /* the newest place that was probed */
    struct block_counts counts;
    unsigned hash_bits;
    uint16_t slot[1 << HASH_BITS_LONG];
    uint32_t note[NOTES_MAX]; /* two literals, or one, or a match */
};

STATIC_ASSERT(sizeof(struct notes) < 98 * 1024);

/* A segment of len > 0 bytes. */
void notes_begin(struct notes *f, const uint8_t *in, size_t len);

/* Notes one block from p on; returns where it ends: at p itself when the next NOTES_STRIDE bytes are noise. */
const uint8_t *notes_make(struct notes *f, const uint8_t *p);

#endif
