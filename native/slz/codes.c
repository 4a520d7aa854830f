/* The fixed Huffman codes of RFC 1951, section 3.2.6, spelled by the preprocessor: the formulas are
 * shorter than the numbers and can be read against the RFC. Constant data, shared by all. */
#include "codes.h"

/* The low n bits of v in reverse, n <= 9: deflate sends Huffman codes from their highest bit. */
#define BIT(v, from, to) ((((v) >> (from)) & 1u) << (to))
#define REV5(v) (BIT(v, 0, 4) | BIT(v, 1, 3) | BIT(v, 2, 2) | BIT(v, 3, 1) | BIT(v, 4, 0))
#define REV7(v) (REV5((v) >> 2) | BIT(v, 1, 5) | BIT(v, 0, 6))
#define REV8(v) (REV7((v) >> 1) | BIT(v, 0, 7))
#define REV9(v) (REV8((v) >> 1) | BIT(v, 0, 8))

#define LIT(c) ((c) < 144 ? CODE(REV8(0x30u + (c)), 8) : CODE(REV9(0x190u + (c) - 144u), 9))

/* Match lengths: v = length - 3. Symbols 257-264 have no extra bits, then four symbols for each number of
 * them. */
#define LEN_EXTRA_WIDE(v) ((v) < 64 ? 3u : (v) < 128 ? 4u : (v) < 255 ? 5u : 0u)
#define LEN_EXTRA(v) ((v) < 8 ? 0u : (v) < 16 ? 1u : (v) < 32 ? 2u : LEN_EXTRA_WIDE(v))
#define LEN_SYMBOL(v) ((v) == 255 ? 285u : 257u + 4 * LEN_EXTRA(v) + ((v) >> LEN_EXTRA(v)))
#define LEN_SHORT(v) (LEN_SYMBOL(v) < 280)
#define LEN_HUFF(v) (LEN_SHORT(v) ? REV7(LEN_SYMBOL(v) - 256u) : REV8(0xc0u + LEN_SYMBOL(v) - 280u))
#define LEN_HUFF_LEN(v) (LEN_SHORT(v) ? 7u : 8u)
#define LEN_REST(v) ((v) & ((1u << LEN_EXTRA(v)) - 1u))
#define LEN(v) CODE(LEN_HUFF(v) | LEN_REST(v) << LEN_HUFF_LEN(v), LEN_HUFF_LEN(v) + LEN_EXTRA(v))

#define DIST(v) CODE(REV5(v), 5)

#define TIMES4(f, v) f((v)), f((v) + 1u), f((v) + 2u), f((v) + 3u)
#define TIMES16(f, v) TIMES4(f, (v)), TIMES4(f, (v) + 4u), TIMES4(f, (v) + 8u), TIMES4(f, (v) + 12u)
#define TIMES64(f, v) TIMES16(f, (v)), TIMES16(f, (v) + 16u), TIMES16(f, (v) + 32u), TIMES16(f, (v) + 48u)
#define TIMES256(f) TIMES64(f, 0u), TIMES64(f, 64u), TIMES64(f, 128u), TIMES64(f, 192u)

const struct slz_codes slz_codes_fixed = {
    .lit = {TIMES256(LIT)},
    .len = {TIMES256(LEN)},
    .dist = {TIMES16(DIST, 0u), TIMES16(DIST, 16u)},
    .end = CODE(0, 7),
};

#define LEN_SYMBOL16(v) (uint16_t)LEN_SYMBOL(v)

const uint16_t slz_len_symbol[MATCH_MAX - MATCH_MIN + 1] = {TIMES256(LEN_SYMBOL16)};

STATIC_ASSERT(LEN_SYMBOL(0u) == 257 && LEN_SYMBOL(8u) == 265 && LEN_SYMBOL(10u) == 266);
STATIC_ASSERT(LEN_SYMBOL(254u) == 284 && LEN_SYMBOL(255u) == 285);
/* Spot checks against the RFC's table: 00110000, 10111111, 110010000, 111111111, and length 258 as
 * 11000101. */
STATIC_ASSERT(LIT(0u) == CODE(0x0c, 8) && LIT(143u) == CODE(0xfd, 8));
STATIC_ASSERT(LIT(144u) == CODE(0x13, 9) && LIT(255u) == CODE(0x1ff, 9));
STATIC_ASSERT(LEN(255u) == CODE(0xa3, 8) && LEN(0u) == CODE(0x40, 7));
STATIC_ASSERT(LEN_EXTRA(254u) == 5 && LEN_EXTRA(255u) == 0 && LEN_EXTRA(31u) == 2 && LEN_REST(254u) == 30);
