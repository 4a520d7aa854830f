/* What the two-pass mode writes down between its passes: a note is 32 bits and says two codes that follow one another,
 * of two literals, of one literal and nothing, or of a match. Whichever it is, it is sent the same way. No state. */
#ifndef SLUICE_SLZ_NOTE_H
#define SLUICE_SLZ_NOTE_H

#include "codes.h"

enum {
    NOTE_FIRST_BITS = 9,   /* of the first code's index: a literal's, or NOTE_MATCH and length - 3 */
    NOTE_SECOND_BITS = 10, /* of the second's: a literal's, NOTE_DIST and the distance's symbol, or NOTE_NONE */
    NOTE_MATCH = 256,
    NOTE_DIST = 512,
    NOTE_NONE = 542,
    NOTE_CODES = 543,
    NOTE_EXTRA_SHIFT = NOTE_FIRST_BITS + NOTE_SECOND_BITS, /* the distance's extra bits */
    NOTE_EXTRA_MAX = 13,
};

STATIC_ASSERT(NOTE_EXTRA_SHIFT + NOTE_EXTRA_MAX <= 32);
STATIC_ASSERT(NOTE_MATCH + MATCH_MAX - MATCH_MIN < 1 << NOTE_FIRST_BITS && NOTE_CODES <= 1 << NOTE_SECOND_BITS);

/* By index, as in codes.h. A distance's length counts its extra bits; how many bits come before them is in the six bits
 * that other codes leave 0. */
struct note_codes {
    uint32_t code[NOTE_CODES];
    uint32_t end;
};

#define NOTE_AT_SHIFT 6
#define NOTE_AT(e) ((e) >> NOTE_AT_SHIFT & 63)
#define DIST_CODE(bits, len, extra_len) (CODE(bits, (len) + (extra_len)) | (uint32_t)(len) << NOTE_AT_SHIFT)

STATIC_ASSERT(NOTE_AT_SHIFT + 6 <= CODE_SHIFT);

/* A distance's symbol has this many. */
static inline unsigned dist_symbol_extra(unsigned symbol)
{
    return symbol < 4 ? 0 : symbol / 2 - 1;
}

/* Both codes together, as in codes.h but wider; a distance's extra bits are sent last. */
ALWAYS_INLINE uint64_t note_bits(const struct note_codes *codes, uint32_t note, unsigned *len_ret)
{
    uint32_t first = codes->code[note & ((1u << NOTE_FIRST_BITS) - 1)];
    uint32_t second = codes->code[note >> NOTE_FIRST_BITS & ((1u << NOTE_SECOND_BITS) - 1)];
    uint64_t value = (uint64_t)(note >> NOTE_EXTRA_SHIFT) << NOTE_AT(second) | CODE_BITS(second);

    *len_ret = CODE_LEN(first + second);
    return CODE_BITS(first) | value << CODE_LEN(first);
}

#endif
