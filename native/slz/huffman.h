/* Huffman codes from symbol counts: lengths that no code may exceed, then the canonical codes deflate
 * derives from lengths (RFC 1951, section 3.2.2). Works on the caller's arrays; no state. */
#ifndef SLUICE_SLZ_HUFFMAN_H
#define SLUICE_SLZ_HUFFMAN_H

#include <stdint.h>

enum { HUFFMAN_SYMBOLS_MAX = 288, HUFFMAN_LEN_MAX = 15 };

#define HUFFMAN_ROOM(count) (((count) + 7u) & ~7u)

/* The best lengths for `count` symbols of which each occurs freq[i] times; 0 where it never does. At least two symbols
 * get a length, because some decoders refuse a code of one. Returns the bits that all the symbols take. */
unsigned huffman_lengths(uint8_t *len_ret, const uint16_t *freq, unsigned count, unsigned len_max);

/* The codes of these lengths, bits reversed as deflate sends them, 0 where the length is. `code_ret` has room for
 * HUFFMAN_ROOM(count). */
void huffman_codes(uint16_t *code_ret, const uint8_t *len, unsigned count);

#endif
