/* Where a body comes from: framing taken off in place, trailers read, ends told apart; and the two ways to read a body
 * without a sink: forgetting it, and gathering it for a rule that waits. */
#include "body_parts.h"
#include "watched.h"
#include <errno.h>

/* The source gave so many bytes of what account.c counts. */
void body_account(struct stream *s, const struct dir *d, uint64_t weight)
{
    CHECK_STREAM(s);
    if (d == &s->up)
        s->bytes_in += weight;
    else
        s->bytes_out += weight;
}

/* Takes framing off data[0..len): payload stays at its start. 0, or PUMP_SYNTAX. */
int source_decode(struct stream *s, struct dir *d, uint8_t *data, uint32_t len, uint32_t *payload_ret,
                  uint32_t *used_ret)
{
    CHECK_CONN(s->front);
    BUG_ON(d->in_kind > FRAMING_TUNNEL);
    CHECK_STREAM(s);
    if (d->in_kind == FRAMING_LENGTH) {
        *payload_ret = *used_ret = (uint32_t)MIN((uint64_t)len, d->left);
        d->left -= *used_ret;
        if (d->left == 0)
            d->state = DIR_DONE;
        body_account(s, d, *payload_ret);
        return 0;
    }
    if (d->in_kind == FRAMING_CHUNKED) {
        int rc = watched_decode(s->eng, &d->chunk, data, len, payload_ret, used_ret);
        if (rc < 0)
            return PUMP_SYNTAX;
        if (rc == 1)
            d->state = DIR_TRAILERS;
        body_account(s, d, (uint64_t)*payload_ret + (rc == 1));
        return 0;
    }
    *payload_ret = *used_ret = len;
    body_account(s, d, len);
    return 0;
}

/* Reads the trailer section behind the last chunk. 0 more is needed, 1 complete (its text in *text_ret), PUMP_*. */
int trailers_read(struct stream *s, struct dir *d, struct conn *src, uint32_t *len_ret)
{
    CHECK_CONN(s->front);
    BUG_ON(d->in_kind > FRAMING_TUNNEL);
    CHECK_STREAM(s);
    CHECK_CONN(src);
    struct eng *e = s->eng;
    for (;;) {
        struct head h;
        memset(&h, 0, sizeof(h));
        *len_ret = 0;
        if (src->in_len > 0) {
            /* scanning lowers names in place; a copy keeps an incomplete section as it came */
            uint32_t len = MIN(src->in_len, e->pool.big_size);
            memcpy(e->tx, src->in, len);
            int rc = watched_scan(e, &h, e->fields, e->tx, len, HEAD_TRAILERS, 0);
            if (rc < 0)
                return PUMP_SYNTAX;
            if (rc > 0) {
                int n = watched_write(e, e->gather, RX_MAX, &h, e->tx, e->fields, NULL, 0, 0);
                if (n < 2)
                    return PUMP_SYNTAX;
                body_account(s, d, fields_weight(&h, e->fields, e->tx));
                const struct head *head = d == &s->up ? &s->req : &s->res;
                /* fields that Connection lists end here, and a trailer cannot be told from them: none passes then
                 * (RFC 9110 section 7.6.1) */
                *len_ret = (head->flags & HEAD_F_HAS_LISTED)
                               ? 0
                               : (uint32_t)n - 2; /* sink_put writes the empty line */
                conn_consume(src, (uint32_t)rc);
                d->state = DIR_DONE;
                return 1;
            }
        }
        if (!(src->flags & CONN_RD_READY))
            return (src->flags & CONN_FIN) ? PUMP_SRC : PUMP_BLOCKED;
        int n = conn_fill(src, e->pool.big_size);
        if (n == -ENOSPC)
            return PUMP_SYNTAX;
        if (n < 0)
            return PUMP_MEMORY;
    }
}

void source_progress(struct stream *s, const struct dir *d)
{
    CHECK_STREAM(s);
    BUG_ON(d != &s->up && d != &s->down);
    *(d == &s->up ? &s->front_read_ms : &s->back_read_ms) = s->eng->now_ms;
}

/* Source bytes for the copy path: what is kept, else one read. 0 nothing now. */
uint32_t source_take(struct stream *s, struct dir *d, struct conn *src, uint8_t **data_ret)
{
    CHECK_CONN(s->front);
    BUG_ON(d->in_kind > FRAMING_TUNNEL);
    CHECK_STREAM(s);
    CHECK_CONN(src);
    struct eng *e = s->eng;
    if (src->in_len > 0) {
        *data_ret = src->in;
        return src->in_len;
    }
    if (!(src->flags & CONN_RD_READY))
        return 0;
    *data_ret = e->rx;
    uint32_t n = conn_recv(src, e->rx, RX_MAX);
    d->streak = (uint8_t)(n < RX_MAX / 2 ? 0 : MIN(d->streak + 1, UINT8_MAX));
    if (n > 0)
        source_progress(s, d);
    return n;
}

int source_ended(struct stream *s, struct dir *d, struct conn *src, struct conn *dst)
{
    CHECK_STREAM(s);
    CHECK_CONN(src);
    CHECK_CONN(dst);
    if (!(src->flags & CONN_FIN) || (src->flags & CONN_RD_READY) || src->in_len > 0)
        return PUMP_BLOCKED;
    if ((src->flags & CONN_RESET) || (d->in_kind != FRAMING_CLOSE && d->in_kind != FRAMING_TUNNEL))
        return PUMP_SRC;
    d->state = DIR_DONE;
    return sink_put(s, d, dst, NULL, 0, 1, NULL, 0) < 0 ? PUMP_DST : PUMP_DONE;
}

void body_show(const struct stream *s, const struct conn *src, uint32_t *ev)
{
    CHECK_STREAM(s);
    CHECK_CONN(src);
    struct eng *e = s->eng;
    struct chunk_decoder d = {0};
    uint32_t payload, used;
    if (!(e->proc->proxies[s->frontend].flags & ABI_PXF_BODY_WHOLE) || src->in_len == 0 || src->in_len > RX_MAX)
        return;
    memcpy(e->tx, src->in, src->in_len); /* framing comes off in place: the source keeps its own */
    if (watched_decode(e, &d, e->tx, src->in_len, &payload, &used) != 1)
        return;
    uint32_t end = used; /* of the trailers: an empty line, which is all there is as a rule */
    while (end + 2 <= src->in_len && memcmp(src->in + end, "\r\n", 2) != 0) {
        while (end < src->in_len && src->in[end] != '\n')
            end++;
        end++;
    }
    if (end + 2 > src->in_len)
        return;
    ev[ABI_E_BODY] = arena_put(e, e->tx, payload);
    ev[ABI_E_BODY_LEN] = payload;
    ev[ABI_E_FLAGS] |= ABI_EVF_BODY_END;
}

int body_discard(struct stream *s, struct dir *d, struct conn *src)
{
    CHECK_CONN(s->front);
    BUG_ON(d->in_kind > FRAMING_TUNNEL);
    CHECK_STREAM(s);
    CHECK_CONN(src);
    struct eng *e = s->eng;
    conn_consume(src, MIN(d->decoded, src->in_len));
    d->decoded = 0;
    for (int round = 0; round < PUMP_ROUNDS_MAX && d->state == DIR_BODY; round++) {
        uint8_t *data = src->in;
        uint32_t n = src->in_len, payload = 0, used = 0;
        int kept = n > 0;
        if (!kept) {
            if (!(src->flags & CONN_RD_READY))
                break;
            data = e->rx;
            n = conn_recv(src, e->rx, RX_MAX);
            if (n == 0)
                break;
        }
        if (source_decode(s, d, data, n, &payload, &used) < 0)
            return 0;
        if (kept)
            conn_consume(src, used);
        else if (used < n && conn_keep(src, data + used, n - used) < 0)
            return 0;
    }
    uint32_t len;
    if (d->state == DIR_TRAILERS)
        trailers_read(s, d, src, &len);
    return d->state == DIR_DONE;
}

static int gather(struct stream *s, struct dir *d, struct conn *src, uint32_t want)
{
    CHECK_CONN(s->front);
    BUG_ON(d->in_kind > FRAMING_TUNNEL);
    CHECK_STREAM(s);
    CHECK_CONN(src);
    struct eng *e = s->eng;
    uint32_t room = e->pool.big_size - e->proc->limits.maxrewrite;
    for (;;) {
        uint32_t raw = src->in_len - d->decoded, payload = 0, used = 0;
        if (raw > 0 && d->state == DIR_BODY) {
            if (conn_pin_big(src) < 0)
                return 1;
            uint8_t *at = src->in + d->decoded;
            if (source_decode(s, d, at, raw, &payload, &used) < 0)
                return 1; /* the pump will meet the same bytes again and refuse them */
            memmove(at + payload, at + used, raw - used);
            src->in_len -= used - payload;
            src->in_buf->len -= used - payload;
            d->decoded += payload;
        }
        if (d->state == DIR_TRAILERS && src->in_len - d->decoded >= 2) {
            uint8_t *at = src->in + d->decoded;
            if (at[0] != '\r' || at[1] != '\n')
                return 1; /* trailers: the pump reads them; the payload is whole */
            memmove(at, at + 2, src->in_len - d->decoded - 2);
            src->in_len -= 2;
            src->in_buf->len -= 2;
            d->state = DIR_DONE;
            d->end_due = 1;
        }
        if (d->state == DIR_DONE || d->decoded >= want || d->decoded >= room || (src->flags & CONN_FIN))
            return 1;
        if (!(src->flags & CONN_RD_READY))
            return 0;
        if (conn_fill(src, room) < 0)
            return 1;
    }
}

int body_gather(struct stream *s, struct dir *d, struct conn *src, uint32_t want)
{
    CHECK_STREAM(s);
    CHECK_CONN(src);
    BUG_ON(d->decoded > src->in_len);
    int rc = gather(s, d, src, want);
    BUG_ON(d->decoded > src->in_len);
    if (src->in_len == 0)
        conn_consume(src, 0); /* only framing lay there: its buffer goes back */
    return rc;
}
