/* The first pass of the two-pass mode: what a block consists of, noted and counted, before a bit of it is written.
 * `struct notes` lives on the stack of one call. */
#ifndef SLUICE_SLZ_NOTES_H
#define SLUICE_SLZ_NOTES_H

#include "dynamic.h"
#include "match.h"

enum {
    NOTES_MAX = 8192,    /* per block: 32 KB of stack */
    RUN_MAX = 511,       /* this run stands for itself, without a match after it */
    NOTE_DIST_BITS = 15, /* distance - 1 */
    NOTE_LEN_BITS = 8,   /* length - 3 */
    NOTE_RUN_SHIFT = NOTE_DIST_BITS + NOTE_LEN_BITS,
    NOTES_STRIDE = 4096, /* bytes between two looks whether this is noise */
};

struct notes {
    const uint8_t *in;
    const uint8_t *end;
    const uint8_t *literal; /* the first literal that is in no note yet */
    unsigned note_count;
    bool doubt; /* the newest stride may have been noise */
    struct block_counts counts;
    struct match_table table;
    uint32_t note[NOTES_MAX]; /* a run of literals, then a match */
};

STATIC_ASSERT((uint32_t)RUN_MAX << NOTE_RUN_SHIFT == 0xff800000 && MATCH_FAR == 1 << NOTE_DIST_BITS);
STATIC_ASSERT(MATCH_MAX - MATCH_MIN == (1 << NOTE_LEN_BITS) - 1);
STATIC_ASSERT(sizeof(struct notes) < 52 * 1024);

/* A segment of len > 0 bytes. */
void notes_begin(struct notes *f, const uint8_t *in, size_t len);

/* Notes one block from p on; returns where it ends: at p itself when the next NOTES_STRIDE bytes are noise. */
const uint8_t *notes_make(struct notes *f, const uint8_t *p);

#endif
