/* Buffers of one size (tune.bufsize) and a small size for request images, taken from per-thread free lists under one
 * process-wide cap. A chain of them holds what a peer did not take yet. A buffer belongs to whoever took it until it
 * is given back to the pool of the same thread. */
#ifndef SLUICE_ENGINE_POOL_H
#define SLUICE_ENGINE_POOL_H

#include "../base.h"
#include <stdatomic.h>

#define POOL_SMALL_SIZE 1536u /* bytes of a small buffer with its header: most request heads fit */
#define POOL_KEEP_MAX 256u    /* free buffers of each size a thread keeps for itself */

struct buf {
    struct buf *next;
    uint32_t size; /* bytes of mem */
    uint32_t off;  /* first byte that counts */
    uint32_t len;  /* bytes that count */
    uint32_t magic;
    uint8_t mem[];
};

/* A queue of buffers; empty when head is NULL. */
struct bufq {
    struct buf *head, *tail;
    uint32_t len; /* bytes in all of them */
};

struct pool {
    struct buf *free_small, *free_big;
    uint32_t nfree_small, nfree_big;
    uint32_t big_size;            /* tune.bufsize */
    _Atomic uint64_t *used_bytes; /* process-wide */
    uint64_t max_bytes;
    uint64_t refused; /* how often the cap said no */
    int guard_pages;  /* each buffer ends at one */
};

void pool_init(struct pool *p, uint32_t big_size, _Atomic uint64_t *used_bytes, uint64_t max_bytes);
void pool_destroy(struct pool *p);
/* A buffer with at least <need> bytes of room (<= big_size), empty; NULL at the cap or without memory. */
struct buf *buf_take(struct pool *p, uint32_t need);
/* One with <need> bytes of room, more than big_size: for the rest of a large read; freed when given back. */
struct buf *buf_take_large(struct pool *p, uint32_t need);
void buf_give(struct pool *p, struct buf *b);
/* Appends a copy of <len> bytes; 0 or -ENOMEM (then some of it may have been appended: the caller gives up anyway). */
int bufq_append(struct pool *p, struct bufq *q, const uint8_t *data, uint32_t len);
void bufq_drop(struct pool *p, struct bufq *q, uint32_t len);
void bufq_clear(struct pool *p, struct bufq *q);

#endif
