/* Text put together where nothing may be trusted or waited for: while a signal is being handled, or when the heap is broken. Into a
 * buffer of the caller's; what does not fit is cut, and a NUL always follows. No stdio, no allocation, no locale. */
#ifndef SLUICE_CRASH_TEXT_H
#define SLUICE_CRASH_TEXT_H

#include "../base.h"

struct text {
    char *mem;
    size_t size; /* bytes of mem, at least 1 */
    size_t len;  /* without the NUL */
    int fd;      /* where a full buffer is written to; -1: nowhere, it is cut */
};

void text_init(struct text *t, char *mem, size_t size);
/* The same, written to <fd> whenever it is full and by text_flush. */
void text_init_fd(struct text *t, char *mem, size_t size, int fd);
void text_flush(struct text *t);
void text_char(struct text *t, char c);
void text_str(struct text *t, const char *s);
void text_bytes(struct text *t, const void *bytes, size_t len);
/* The same with what no terminal should see as \xNN. */
void text_escaped(struct text *t, const void *bytes, size_t len);
void text_dec(struct text *t, uint64_t n);
void text_int(struct text *t, int64_t n);
/* 1,048,576 */
void text_grouped(struct text *t, uint64_t n);
/* 0x..., at least <digits>, without leading zeros beyond them */
void text_hex(struct text *t, uint64_t n, uint32_t digits);
/* Two digits a byte. */
void text_dump(struct text *t, const uint8_t *bytes, size_t len);
/* address:port of a struct sockaddr; "unix" for those without. */
void text_sockaddr(struct text *t, const uint8_t *addr, size_t addr_len);

#endif
