/* The chunked transfer coding (RFC 9112 section 7.1), read strictly and written. The decoder is a state machine of 16
 * bytes that its caller owns: it may be fed any split of the input, decodes in place, and stops behind the last-chunk
 * line, where a trailer section (perhaps empty) follows for head_scan(HEAD_TRAILERS). */
#ifndef SLUICE_HTTP1_CHUNK_H
#define SLUICE_HTTP1_CHUNK_H

#include "../base.h"

#define CHUNK_LINE_LEN_MAX 4096u /* bytes of one chunk-size line with its extensions (RFC 9112 7.1.1: limit them) */
#define CHUNK_HEAD_LEN_MAX 18u   /* 16 hexadecimal digits and CRLF */
#define CHUNK_SIZE_MAX ((uint64_t)INT64_MAX)

struct chunk_decoder { /* all zero is the start of a body */
    uint64_t left;     /* payload bytes of the current chunk still to come; its size while the line is read */
    uint32_t line_len; /* bytes of the current chunk-size line so far */
    uint32_t state;    /* CHUNK_* of chunk.c; sticky once it is an error or the end */
};
STATIC_ASSERT(sizeof(struct chunk_decoder) <= 24);

/* Decodes <buf>[0..len) in place: payload moves down to <buf>[0..*payload_len_ret), *used_ret raw bytes were consumed.
 * Returns 0 when more input is needed (all was consumed then), 1 behind the last-chunk line, -EINVAL when the coding
 * is broken: *used_ret is then the offset of the offending byte, and payload before it is still reported. */
int chunk_decode(struct chunk_decoder *d, uint8_t *buf, uint32_t len, uint32_t *payload_len_ret, uint32_t *used_ret);

/* Payload bytes that are known to follow before anything else must be parsed: what splice(2) may move by itself. The
 * caller that moved <n> of them tells so with chunk_skip(). */
uint64_t chunk_pending(const struct chunk_decoder *d);
void chunk_skip(struct chunk_decoder *d, uint64_t n);

/* Writes the size line of a chunk of <n> bytes to <out> (CHUNK_HEAD_LEN_MAX bytes), returns its length. */
uint32_t chunk_head_write(uint8_t *out, uint64_t n);

#endif
