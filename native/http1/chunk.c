/** Hot path. Chunked coding, RFC 9112 section 7.1. Every line ends in CRLF, a size has at least one digit and fits 63
 * bits, extensions are read by their grammar and dropped: a receiver behind us must find no line end where we found none.
 * Blanks before the CRLF are borne with, as in HAProxy: old servers pad their sizes, and what we send has none. */
#include "chars.h"
#include "chunk.h"

#include <errno.h>

enum chunk_state {
    CHUNK_SIZE,       /* at the first digit of a size */
    CHUNK_DIGITS,     /* behind at least one digit */
    CHUNK_BLANK,      /* blanks before a ';' (BWS) or the CR */
    CHUNK_NAME_BLANK, /* blanks behind a ';' */
    CHUNK_NAME,       /* in an extension's name */
    CHUNK_NAME_END,   /* blanks behind a name */
    CHUNK_VALUE_BLANK, /* blanks behind '=' */
    CHUNK_VALUE,      /* in a token */
    CHUNK_QUOTED,     /* in a quoted string */
    CHUNK_ESCAPE,     /* behind its backslash */
    CHUNK_VALUE_END,  /* behind its closing quote */
    CHUNK_LF,         /* behind the CR of a size line */
    CHUNK_DATA,
    CHUNK_DATA_CR,
    CHUNK_DATA_LF,
    CHUNK_LAST, /* the size line of the last chunk is complete */
    CHUNK_BAD
};

static int hex_value(uint8_t c)
{
    if (char_is_digit(c))
        return c - '0';
    c |= 0x20;
    return (uint8_t)(c - 'a') < 6 ? c - 'a' + 10 : -1;
}

/* What ends an extension or the line, at a place where both may. */
static uint32_t line_next(uint8_t c)
{
    if (c == '\r')
        return CHUNK_LF;
    return c == ';' ? CHUNK_NAME_BLANK : CHUNK_BAD;
}

static uint32_t digit_step(struct chunk_decoder *d, uint8_t c)
{
    int v = hex_value(c);

    BUG_ON(d->state != CHUNK_SIZE && d->state != CHUNK_DIGITS);
    if (v >= 0) {
        if (d->left > (CHUNK_SIZE_MAX >> 4))
            return CHUNK_BAD;
        d->left = d->left << 4 | (uint64_t)v;
        return CHUNK_DIGITS;
    }
    if (d->state == CHUNK_SIZE)
        return CHUNK_BAD;
    return char_is_blank(c) ? CHUNK_BLANK : line_next(c);
}

/* chunk-ext = *( BWS ";" BWS name [ BWS "=" BWS ( token / quoted-string ) ] ) */
static uint32_t extension_step(uint32_t state, uint8_t c)
{
    uint32_t blank = (uint32_t)char_is_blank(c), token = char_token_lower[c] != 0;

    BUG_ON(blank && token);
    switch (state) {
    case CHUNK_BLANK:
        return blank ? CHUNK_BLANK : line_next(c);
    case CHUNK_NAME_BLANK:
        return blank ? CHUNK_NAME_BLANK : token ? CHUNK_NAME : CHUNK_BAD;
    case CHUNK_NAME:
        if (token)
            return CHUNK_NAME;
        return blank ? CHUNK_NAME_END : c == '=' ? CHUNK_VALUE_BLANK : line_next(c);
    case CHUNK_NAME_END:
        return blank ? CHUNK_NAME_END : c == '=' ? CHUNK_VALUE_BLANK : line_next(c);
    case CHUNK_VALUE_BLANK:
        return blank ? CHUNK_VALUE_BLANK : token ? CHUNK_VALUE : c == '"' ? CHUNK_QUOTED : CHUNK_BAD;
    case CHUNK_VALUE:
        return token ? CHUNK_VALUE : blank ? CHUNK_BLANK : line_next(c);
    case CHUNK_QUOTED:
        if (c == '"')
            return CHUNK_VALUE_END;
        return c == '\\' ? CHUNK_ESCAPE : char_is_value(c) ? CHUNK_QUOTED : CHUNK_BAD;
    case CHUNK_ESCAPE:
        return char_is_value(c) ? CHUNK_QUOTED : CHUNK_BAD;
    case CHUNK_VALUE_END:
        return blank ? CHUNK_BLANK : line_next(c);
    default:
        BUG_ON(1);
    }
}

/* One byte that is not payload. */
static uint32_t chunk_step(struct chunk_decoder *d, uint8_t c)
{
    BUG_ON(d->state == CHUNK_DATA || d->state >= CHUNK_LAST);
    switch (d->state) {
    case CHUNK_DATA_CR:
        return c == '\r' ? CHUNK_DATA_LF : CHUNK_BAD;
    case CHUNK_DATA_LF:
        return c == '\n' ? CHUNK_SIZE : CHUNK_BAD;
    case CHUNK_LF:
        d->line_len = 0;
        if (c != '\n')
            return CHUNK_BAD;
        return d->left ? CHUNK_DATA : CHUNK_LAST;
    default:
        break;
    }
    if (++d->line_len > CHUNK_LINE_LEN_MAX)
        return CHUNK_BAD;
    BUG_ON(d->state > CHUNK_VALUE_END);
    return d->state <= CHUNK_DIGITS ? digit_step(d, c) : extension_step(d->state, c);
}

int chunk_decode(struct chunk_decoder *d, uint8_t *buf, uint32_t len, uint32_t *payload_len_ret, uint32_t *used_ret)
{
    uint32_t in = 0, out = 0;

    BUG_ON(!d || (!buf && len) || !payload_len_ret || !used_ret);
    BUG_ON(d->state > CHUNK_BAD || d->line_len > CHUNK_LINE_LEN_MAX + 1);
    while (in < len && d->state < CHUNK_LAST) {
        if (d->state == CHUNK_DATA) {
            uint32_t n = d->left < len - in ? (uint32_t)d->left : len - in;

            if (in != out)
                memmove(buf + out, buf + in, n);
            in += n;
            out += n;
            d->left -= n;
            if (d->left == 0)
                d->state = CHUNK_DATA_CR;
            continue;
        }
        d->state = chunk_step(d, buf[in]);
        in += d->state != CHUNK_BAD;
    }
    BUG_ON(out > in || in > len);
    *payload_len_ret = out;
    *used_ret = in;
    if (d->state == CHUNK_BAD)
        return -EINVAL;
    return d->state == CHUNK_LAST;
}

uint64_t chunk_pending(const struct chunk_decoder *d)
{
    BUG_ON(!d || d->state > CHUNK_BAD);
    BUG_ON(d->left > CHUNK_SIZE_MAX);
    return d->state == CHUNK_DATA ? d->left : 0;
}

void chunk_skip(struct chunk_decoder *d, uint64_t n)
{
    BUG_ON(n > chunk_pending(d));
    d->left -= n;
    if (d->state == CHUNK_DATA && d->left == 0)
        d->state = CHUNK_DATA_CR;
    BUG_ON(d->state == CHUNK_DATA && d->left == 0);
}

uint32_t chunk_head_write(uint8_t *out, uint64_t n)
{
    uint32_t digits = n ? (67 - (uint32_t)__builtin_clzll(n)) / 4 : 1;

    BUG_ON(!out);
    BUG_ON(digits == 0 || digits > 16);
    for (uint32_t i = digits; i-- > 0; n >>= 4)
        out[i] = (uint8_t)"0123456789abcdef"[n & 15];
    out[digits] = '\r';
    out[digits + 1] = '\n';
    return digits + 2;
}
