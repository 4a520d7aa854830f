/* What a connection has read but nobody consumed yet: in the batch's arena first, in a buffer when it has to outlive the
 * batch, behind one another when a head or a waited-for body is not complete. */
#include "eng.h"
#include <errno.h>

void conn_consume(struct conn *c, uint32_t n)
{
    CHECK_ENG(c->eng);
    CHECK_CONN(c);
    BUG_ON(n > c->in_len);
    BUG_ON(c->in_buf != NULL && (c->flags & CONN_IN_ARENA));
    if (n > 0) /* `in` may be NULL */
        c->in += n;
    c->in_len -= n;
    if (c->in_buf != NULL) {
        c->in_buf->off += n;
        c->in_buf->len -= n;
        if (c->in_len == 0) {
            buf_give(&c->eng->pool, c->in_buf);
            c->in_buf = NULL;
        }
    }
    if (c->in_len == 0)
        c->flags &= ~(uint32_t)CONN_IN_ARENA;
}

int conn_keep(struct conn *c, const uint8_t *data, uint32_t len)
{
    CHECK_ENG(c->eng);
    CHECK_CONN(c);
    struct eng *e = c->eng;
    BUG_ON(c->in_buf != NULL);
    /* a read of RX_MAX may exceed tune.bufsize: once, by its rest */
    struct buf *b = len <= e->pool.big_size ? buf_take(&e->pool, len) : buf_take_large(&e->pool, len);
    if (b == NULL)
        return -ENOMEM;
    memcpy(b->mem, data, len);
    b->len = len;
    c->in_buf = b;
    c->in = b->mem;
    c->in_len = len;
    c->flags &= ~(uint32_t)CONN_IN_ARENA;
    return 0;
}

int conn_pin(struct conn *c)
{
    CHECK_CONN(c);
    if (!(c->flags & CONN_IN_ARENA) || c->in_len == 0)
        return 0;
    c->flags &= ~(uint32_t)CONN_IN_ARENA;
    return conn_keep(c, c->in, c->in_len);
}

int conn_pin_big(struct conn *c)
{
    CHECK_ENG(c->eng);
    CHECK_CONN(c);
    struct eng *e = c->eng;
    if (c->in_len > e->pool.big_size)
        return -ENOSPC;
    if (c->in_buf != NULL && c->in_buf->size == e->pool.big_size) {
        if (c->in_buf->off > 0) {
            memmove(c->in_buf->mem, c->in, c->in_len);
            c->in_buf->off = 0;
            c->in = c->in_buf->mem;
        }
        return 0;
    }
    struct buf *b = buf_take(&e->pool, e->pool.big_size);
    if (b == NULL)
        return -ENOMEM;
    if (c->in_len > 0)
        memcpy(b->mem, c->in, c->in_len);
    b->len = c->in_len;
    if (c->in_buf != NULL)
        buf_give(&e->pool, c->in_buf);
    c->in_buf = b;
    c->in = b->mem;
    c->flags &= ~(uint32_t)CONN_IN_ARENA;
    return 0;
}

int conn_fill(struct conn *c, uint32_t size_max)
{
    CHECK_ENG(c->eng);
    CHECK_CONN(c);
    if (c->in_len >= size_max)
        return -ENOSPC;
    if (conn_pin_big(c) < 0)
        return -ENOMEM;
    struct buf *b = c->in_buf;
    uint32_t room = MIN(b->size, size_max);
    if (b->len >= room)
        return -ENOSPC;
    uint32_t n = conn_recv(c, b->mem + b->len, room - b->len);
    b->len += n;
    c->in_len = b->len;
    if (b->len == 0) {
        buf_give(&c->eng->pool, b);
        c->in_buf = NULL;
    }
    return (int)n;
}
