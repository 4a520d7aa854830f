/* The buffer pool of pool.h. Memory comes from malloc and stays on free lists up to POOL_KEEP_MAX per size. */
#include "pool.h"
#include "crash/fence.h"
#include <errno.h>

#define BUF_MAGIC 0x42554653u
#define BUF_FREE 0x66726565u
#define BUF_FENCE_LEN (FENCE_WORDS ? 8u : 0u) /* behind a buffer, with guard pages none */

void pool_init(struct pool *p, uint32_t big_size, _Atomic uint64_t *used_bytes, uint64_t max_bytes)
{
    BUG_ON(big_size < POOL_SMALL_SIZE);
    memset(p, 0, sizeof(*p));
    p->big_size = big_size;
    p->used_bytes = used_bytes;
    p->max_bytes = max_bytes;
}

static void buf_free(const struct pool *p, struct buf *b)
{
    if (p->guard_pages)
        fence_free(b);
    else
        free(b);
}

/* Whoever wrote into it stayed inside. */
static void buf_check(const struct pool *p, const struct buf *b)
{
    BUG_ON(b->magic != BUF_MAGIC);
    if (BUF_FENCE_LEN > 0 && !p->guard_pages)
        fence_same(b->mem + b->size, load_u64(fence_pattern), "somebody", b->size);
}

static void free_list(struct pool *p, struct buf *b, uint32_t size)
{
    while (b != NULL) {
        struct buf *next = b->next;
        atomic_fetch_sub_explicit(p->used_bytes, size, memory_order_relaxed);
        buf_free(p, b);
        b = next;
    }
}

void pool_destroy(struct pool *p)
{
    free_list(p, p->free_small, POOL_SMALL_SIZE);
    free_list(p, p->free_big, p->big_size);
    p->free_small = p->free_big = NULL;
    p->nfree_small = p->nfree_big = 0;
}

static struct buf *buf_new(struct pool *p, uint32_t size)
{
    uint64_t used = atomic_fetch_add_explicit(p->used_bytes, size, memory_order_relaxed);
    if (used + size > p->max_bytes) {
        atomic_fetch_sub_explicit(p->used_bytes, size, memory_order_relaxed);
        p->refused++;
        return NULL;
    }
    struct buf *b =
        p->guard_pages ? fence_alloc(sizeof(*b) + size, 1) : malloc(sizeof(*b) + size + BUF_FENCE_LEN);
    if (b == NULL) {
        atomic_fetch_sub_explicit(p->used_bytes, size, memory_order_relaxed);
        return NULL;
    }
    b->size = size;
    if (BUF_FENCE_LEN > 0 && !p->guard_pages)
        memcpy(b->mem + size, fence_pattern, BUF_FENCE_LEN);
    return b;
}

struct buf *buf_take(struct pool *p, uint32_t need)
{
    int small = need <= POOL_SMALL_SIZE;
    struct buf **list = small ? &p->free_small : &p->free_big;
    struct buf *b = *list;
    BUG_ON(need > p->big_size);
    if (b != NULL) {
        BUG_ON(b->magic != BUF_FREE);
        *list = b->next;
        if (small)
            p->nfree_small--;
        else
            p->nfree_big--;
    } else {
        b = buf_new(p, small ? POOL_SMALL_SIZE : p->big_size);
        if (b == NULL)
            return NULL;
    }
    b->next = NULL;
    b->off = b->len = 0;
    b->magic = BUF_MAGIC;
    return b;
}

struct buf *buf_take_large(struct pool *p, uint32_t need)
{
    BUG_ON(need <= p->big_size);
    struct buf *b = buf_new(p, need);
    if (b == NULL)
        return NULL;
    b->next = NULL;
    b->off = b->len = 0;
    b->magic = BUF_MAGIC;
    return b;
}

void buf_give(struct pool *p, struct buf *b)
{
    int small = b->size == POOL_SMALL_SIZE && p->big_size != POOL_SMALL_SIZE;
    uint32_t *count = small ? &p->nfree_small : &p->nfree_big;
    struct buf **list = small ? &p->free_small : &p->free_big;
    buf_check(p, b);
    if (*count >= POOL_KEEP_MAX || b->size > p->big_size) {
        atomic_fetch_sub_explicit(p->used_bytes, b->size, memory_order_relaxed);
        b->magic = 0;
        buf_free(p, b);
        return;
    }
    b->magic = BUF_FREE;
    b->next = *list;
    *list = b;
    (*count)++;
}

int bufq_append(struct pool *p, struct bufq *q, const uint8_t *data, uint32_t len)
{
    while (len > 0) {
        struct buf *b = q->tail;
        if (b == NULL || b->off + b->len == b->size) {
            b = buf_take(p, MIN(len, p->big_size));
            if (b == NULL)
                return -ENOMEM;
            if (q->tail != NULL)
                q->tail->next = b;
            else
                q->head = b;
            q->tail = b;
        }
        uint32_t n = MIN(len, b->size - b->off - b->len);
        memcpy(b->mem + b->off + b->len, data, n);
        b->len += n;
        q->len += n;
        data += n;
        len -= n;
    }
    return 0;
}

void bufq_drop(struct pool *p, struct bufq *q, uint32_t len)
{
    BUG_ON(len > q->len);
    BUG_ON((q->head == NULL) != (q->tail == NULL));
    q->len -= len;
    while (len > 0) {
        struct buf *b = q->head;
        uint32_t n = MIN(len, b->len);
        b->off += n;
        b->len -= n;
        len -= n;
        if (b->len == 0) {
            q->head = b->next;
            if (q->head == NULL)
                q->tail = NULL;
            buf_give(p, b);
        }
    }
}

void bufq_clear(struct pool *p, struct bufq *q)
{
    bufq_drop(p, q, q->len);
    while (q->head != NULL) { /* empty buffers */
        struct buf *b = q->head;
        q->head = b->next;
        buf_give(p, b);
    }
    q->tail = NULL;
}
