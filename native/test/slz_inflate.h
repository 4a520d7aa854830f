/* A second opinion that needs nothing installed: a plain inflate (RFC 1951) with its wrappers, one bit at
 * a time. Strict: incomplete codes, distances before the start and wrong sums are errors. Knows nothing of
 * the encoder but its checksums. State lives in `struct inflater` on the caller's stack. */
#ifndef SLUICE_TEST_SLZ_INFLATE_H
#define SLUICE_TEST_SLZ_INFLATE_H

#include "../slz/check.h"
#include "../slz/slz.h"

#include <string.h>

enum inflate_status { INFLATE_DONE, INFLATE_SHORT, INFLATE_BAD };

struct inflater {
    const uint8_t *in;
    size_t in_len, at_bit;
    uint8_t *out;
    size_t out_max, out_len;
    enum inflate_status status; /* INFLATE_DONE until something is wrong */
};

struct inflate_code {
    uint16_t number[16]; /* codes of each length */
    uint16_t symbol[288];
};

static inline unsigned inflate_bits(struct inflater *f, unsigned count)
{
    unsigned value = 0;

    for (unsigned i = 0; i < count; i++, f->at_bit++) {
        if (f->at_bit / 8 >= f->in_len) {
            f->status = f->status == INFLATE_DONE ? INFLATE_SHORT : f->status;
            return 0;
        }
        value |= (unsigned)(f->in[f->at_bit / 8] >> f->at_bit % 8 & 1) << i;
    }
    return value;
}

/* The code of these lengths; bad unless it is complete. */
static inline void inflate_code_make(struct inflater *f, struct inflate_code *code, const uint8_t *len,
                                     unsigned count)
{
    uint16_t at[16] = {0};
    int left = 1;

    memset(code, 0, sizeof(*code));
    for (unsigned i = 0; i < count; i++)
        code->number[len[i]]++;
    code->number[0] = 0;
    for (unsigned bits = 1; bits < 16; bits++) {
        left = left * 2 - code->number[bits];
        at[bits] = (uint16_t)(at[bits - 1] + code->number[bits - 1]);
        if (left < 0)
            f->status = INFLATE_BAD;
    }
    if (left != 0)
        f->status = INFLATE_BAD;
    for (unsigned i = 0; i < count; i++)
        if (len[i])
            code->symbol[at[len[i]]++] = (uint16_t)i;
}

static inline unsigned inflate_symbol(struct inflater *f, const struct inflate_code *code)
{
    unsigned value = 0, first = 0, index = 0;

    for (unsigned bits = 1; bits < 16 && f->status == INFLATE_DONE; bits++) {
        value |= inflate_bits(f, 1);
        if (value - first < code->number[bits])
            return code->symbol[index + value - first];
        index += code->number[bits];
        first = (first + code->number[bits]) * 2;
        value *= 2;
    }
    f->status = f->status == INFLATE_DONE ? INFLATE_BAD : f->status;
    return 0;
}

static inline void inflate_byte(struct inflater *f, uint8_t byte)
{
    if (f->out_len < f->out_max)
        f->out[f->out_len++] = byte;
    else
        f->status = INFLATE_BAD;
}

static inline void inflate_match(struct inflater *f, unsigned symbol, const struct inflate_code *dist_code)
{
    static const uint16_t len_base[29] = {3,  4,  5,  6,  7,  8,  9,  10, 11,  13,  15,  17,  19,  23, 27,
                                          31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258};
    static const uint8_t len_extra[29] = {0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2,
                                          2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0};
    unsigned len, dist, extra;

    if (symbol > 285) {
        f->status = INFLATE_BAD;
        return;
    }
    len = len_base[symbol - 257] + inflate_bits(f, len_extra[symbol - 257]);
    symbol = inflate_symbol(f, dist_code);
    extra = symbol < 4 ? 0 : symbol / 2 - 1;
    dist = symbol < 4 ? symbol + 1 : ((2 + symbol % 2) << extra) + 1 + inflate_bits(f, extra);
    if (f->status == INFLATE_DONE && (symbol > 29 || dist > f->out_len))
        f->status = INFLATE_BAD;
    for (; len > 0 && f->status == INFLATE_DONE; len--)
        inflate_byte(f, f->out[f->out_len - dist]);
}

static inline void inflate_lens_fixed(uint8_t *len)
{
    for (unsigned i = 0; i < 288; i++)
        len[i] = i < 144 ? 8 : i < 256 ? 9 : i < 280 ? 7 : 8;
    memset(len + 288, 5, 32);
}

/* RFC 1951, section 3.2.7. */
static inline void inflate_lens_read(struct inflater *f, uint8_t *len, unsigned *litlen_ret,
                                     unsigned *dist_ret)
{
    static const uint8_t order[19] = {16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15};
    unsigned litlen = inflate_bits(f, 5) + 257, dist = inflate_bits(f, 5) + 1, items = inflate_bits(f, 4) + 4;
    struct inflate_code code;
    uint8_t item_len[19] = {0};

    for (unsigned i = 0; i < items; i++)
        item_len[order[i]] = (uint8_t)inflate_bits(f, 3);
    inflate_code_make(f, &code, item_len, 19);
    for (unsigned at = 0; at < litlen + dist && f->status == INFLATE_DONE;) {
        unsigned symbol = inflate_symbol(f, &code), run = 1, value = symbol;

        if (symbol >= 16) {
            value = symbol == 16 && at > 0 ? len[at - 1] : 0;
            run = symbol == 18 ? 11 + inflate_bits(f, 7) : 3 + inflate_bits(f, symbol - 14);
        }
        if (at + run > litlen + dist || (symbol == 16 && at == 0)) {
            f->status = INFLATE_BAD;
            return;
        }
        memset(len + at, (int)value, run);
        at += run;
    }
    *litlen_ret = litlen;
    *dist_ret = dist;
}

static inline void inflate_coded(struct inflater *f, unsigned type)
{
    struct inflate_code litlen_code, dist_code;
    unsigned litlen = 288, dist = 32, symbol;
    uint8_t len[320];

    if (type == 1)
        inflate_lens_fixed(len);
    else
        inflate_lens_read(f, len, &litlen, &dist);
    if (f->status != INFLATE_DONE)
        return;
    inflate_code_make(f, &litlen_code, len, litlen);
    inflate_code_make(f, &dist_code, len + litlen, dist);
    while (f->status == INFLATE_DONE && (symbol = inflate_symbol(f, &litlen_code)) != 256) {
        if (f->status != INFLATE_DONE)
            return;
        if (symbol < 256)
            inflate_byte(f, (uint8_t)symbol);
        else
            inflate_match(f, symbol, &dist_code);
    }
}

static inline void inflate_stored(struct inflater *f)
{
    unsigned len, check;

    f->at_bit = (f->at_bit + 7) / 8 * 8;
    len = inflate_bits(f, 16);
    check = inflate_bits(f, 16);
    if (f->status == INFLATE_DONE && (len ^ check) != 0xffff)
        f->status = INFLATE_BAD;
    for (; len > 0 && f->status == INFLATE_DONE; len--) {
        unsigned byte = inflate_bits(f, 8);

        if (f->status == INFLATE_DONE)
            inflate_byte(f, (uint8_t)byte);
    }
}

/* Decodes until the end or as far as the input reaches; out_len tells how much that gave. */
static inline enum inflate_status inflate_all(struct inflater *f, enum slz_format format)
{
    unsigned last = 0, sum = 0;

    f->status = INFLATE_DONE;
    if (format == SLZ_GZIP && (inflate_bits(f, 24) != 0x088b1f || inflate_bits(f, 8) != 0))
        f->status = f->status == INFLATE_DONE ? INFLATE_BAD : f->status;
    if (format == SLZ_GZIP)
        f->at_bit = 80;
    if (format == SLZ_ZLIB && ((inflate_bits(f, 8) << 8) + inflate_bits(f, 8)) % 31 != 0)
        f->status = INFLATE_BAD;
    while (!last && f->status == INFLATE_DONE) {
        unsigned type;

        last = inflate_bits(f, 1);
        type = inflate_bits(f, 2);
        if (f->status == INFLATE_DONE && type == 3)
            f->status = INFLATE_BAD;
        else if (f->status == INFLATE_DONE && type == 0)
            inflate_stored(f);
        else if (f->status == INFLATE_DONE)
            inflate_coded(f, type);
    }
    f->at_bit = (f->at_bit + 7) / 8 * 8;
    if (format != SLZ_RAW)
        for (int i = 0; i < 4; i++)
            sum |= inflate_bits(f, 8) << (format == SLZ_GZIP ? 8 * i : 24 - 8 * i);
    if (format == SLZ_GZIP && f->status == INFLATE_DONE)
        if (sum != slz_crc32(0, f->out, f->out_len) || inflate_bits(f, 32) != (uint32_t)f->out_len)
            f->status = INFLATE_BAD;
    if (format == SLZ_ZLIB && f->status == INFLATE_DONE && sum != slz_adler32(1, f->out, f->out_len))
        f->status = INFLATE_BAD;
    return f->status;
}

#endif
