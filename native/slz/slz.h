/* Stateless deflate: gzip, zlib or raw deflate for whoever serves many streams at once.
 *
 * A compressor that remembers 32 KB of history costs hundreds of kilobytes for every idle connection. This
 * one keeps 16 bytes, which the caller owns: matches are searched only inside one call, so feed it large
 * pieces (64 KB is best). It allocates nothing, has no thread, no lock and no error path: every call
 * succeeds, whatever the bytes.
 *
 *     struct slz s;
 *     slz_init(&s, SLZ_GZIP, SLZ_FAST);
 *     out_len  = slz_encode(&s, out, in, in_len, false);
 *     out_len += slz_finish(&s, out + out_len);
 *
 * A stream is slz_init, then slz_encode, slz_flush and slz_set_mode in any order, then slz_finish. The
 * output depends on the input and on the calls alone: never on the machine, on the thread or on an earlier
 * stream.
 *
 * Room. Each call may write anywhere in the first slz_bound(n) bytes of `out` (n = 0 for flush and finish)
 * and returns how many of them count. The bound is exact: n bytes in one slz_encode with `more` false, and
 * slz_finish after it, together give at most slz_bound(n) bytes, and random bytes in gzip give exactly
 * that. `out` must not overlap `in`.
 *
 * Stack: 18 KB below slz_encode, 104 KB with SLZ_BALANCED. */
#ifndef SLUICE_SLZ_H
#define SLUICE_SLZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum slz_format {
    SLZ_RAW,  /* RFC 1951 alone */
    SLZ_GZIP, /* RFC 1952: 10 bytes before, CRC-32 and length after. HTTP's "gzip" */
    SLZ_ZLIB, /* RFC 1950: 2 bytes before, Adler-32 after. HTTP's "deflate" */
};

enum slz_mode {
    SLZ_STORE,    /* wraps without compressing: 5 bytes for each 65,535 */
    SLZ_FAST,     /* one pass, fixed or trained codes, whichever fit a sample */
    SLZ_BALANCED, /* two passes, codes made for each block */
};

/* What lives between calls. Plain bytes: may be copied, moved, or dropped at any time without a call. */
struct slz {
    uint32_t sum;    /* CRC-32 or Adler-32 of the input so far */
    uint32_t total;  /* input length modulo 2^32, as gzip's trailer wants it */
    uint16_t magic;  /* tells a used state from garbage */
    uint8_t format;  /* enum slz_format */
    uint8_t mode;    /* enum slz_mode of the next slz_encode */
    uint8_t stage;   /* how far the stream is: see slz.c */
    uint8_t bits;    /* output bits that do not fill a byte yet */
    uint8_t bit_len; /* how many: 0 to 7 */
    uint8_t spare;
};

/* Starts a stream; forgets whatever `s` held. */
void slz_init(struct slz *s, enum slz_format format, enum slz_mode mode);

/* Compresses n bytes. With `more` true, up to 14 bits stay behind for the next call (an unfinished byte,
 * the end of a block). With `more` false the last block is marked as the last one and only slz_flush and
 * slz_finish may follow; this saves two bytes over an slz_finish that comes unannounced. n = 0 writes
 * nothing but a header that is due. */
size_t slz_encode(struct slz *s, uint8_t *out, const uint8_t *in, size_t n, bool more);

/* Completes the last byte, so that a decoder can give back every input byte so far. Costs 0 to 5 bytes;
 * the second of two flushes in a row costs nothing. */
size_t slz_flush(struct slz *s, uint8_t *out);

/* Ends the stream: final block unless it is there already, checksum. A second call writes nothing. */
size_t slz_finish(struct slz *s, uint8_t *out);

/* Another mode from the next slz_encode on; allowed between any two calls. */
void slz_set_mode(struct slz *s, enum slz_mode mode);

/* n + 5 * max(1, ceil(n / 65535)) + 18 */
size_t slz_bound(size_t n);

#endif
