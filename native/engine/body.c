/* Bodies: one direction of a stream, from source mux through stages to sink mux. Nothing is read while the sink still
 * has a remainder, so memory is bounded by one read and what an encoder makes of it. Chunked input is decoded in place
 * and framed again; long plain bodies pass by splice(2) without entering user space. */
#include "eng.h"
#include <errno.h>

#define SPLICE_MIN (32u * 1024u)    /* shorter rests are copied: a pipe costs more than it saves */
#define SPLICE_PIECE (1u << 20)     /* bytes asked of one splice */
#define PUMP_ROUNDS_MAX 16          /* reads of one direction before others get their turn */

void dir_open(struct dir *d, const struct framing *in)
{
    memset(d, 0, sizeof(*d));
    d->pipe[0] = d->pipe[1] = -1;
    d->in_kind = d->out_kind = (uint8_t)in->kind;
    d->left = in->kind == FRAMING_LENGTH ? in->length : 0;
    d->state = in->kind == FRAMING_NONE || (in->kind == FRAMING_LENGTH && in->length == 0) ? DIR_DONE : DIR_BODY;
    BUG_ON(in->kind > FRAMING_TUNNEL);
}

void dir_close(struct stream *s, struct dir *d)
{
    const struct sys *sys = s->eng->sys;
    if (d->pipe[0] >= 0) {
        sys->close(sys->ctx, d->pipe[0]);
        sys->close(sys->ctx, d->pipe[1]);
    }
    d->pipe[0] = d->pipe[1] = -1;
    d->pipe_len = 0;
}

/* Keeps a copy of what goes to the server while the whole request fits the image. */
static void capture(struct stream *s, const struct iovec *iov, int iov_len)
{
    struct buf *b = s->image;
    for (int i = 0; i < iov_len; i++) {
        uint32_t len = (uint32_t)iov[i].iov_len;
        if (b == NULL || b->off + b->len + len > b->size) {
            s->flags &= ~(uint32_t)STREAM_CAPTURE;
            return;
        }
        memcpy(b->mem + b->off + b->len, iov[i].iov_base, len);
        b->len += len;
    }
}

static int sink_send(struct stream *s, struct dir *d, struct conn *dst, const struct iovec *iov, int iov_len)
{
    struct iovec all[6];
    BUG_ON(iov_len >= (int)ARRAY_LEN(all));
    if (d == &s->up) {
        s->flags |= STREAM_SENT;
        s->back_ms = s->eng->now_ms;
        if (s->flags & STREAM_CAPTURE)
            capture(s, iov, iov_len);
    } else {
        s->flags |= STREAM_RESPONDING;
    }
    if (d->due_len == 0)
        return conn_send(dst, iov, iov_len, 0);
    all[0] = (struct iovec){.iov_base = (void *)(uintptr_t)d->due, .iov_len = d->due_len};
    if (iov_len > 0)
        memcpy(all + 1, iov, (size_t)iov_len * sizeof(*iov));
    d->due_len = 0;
    return conn_send(dst, all, iov_len + 1, 0);
}

/* Frames and sends payload; <last> completes the body, <trailers> (name: value lines) go with a chunked end. */
static int sink_put(struct stream *s, struct dir *d, struct conn *dst, const uint8_t *payload, uint32_t len, int last,
                    const uint8_t *trailers, uint32_t trailers_len)
{
    static const char end[] = "\r\n0\r\n";
    struct iovec iov[5];
    uint8_t head[CHUNK_HEAD_LEN_MAX];
    int n = 0;
    if (d->out_kind != FRAMING_CHUNKED) {
        if (len == 0)
            return 0;
        iov[n++] = (struct iovec){.iov_base = (void *)(uintptr_t)payload, .iov_len = len};
        return sink_send(s, d, dst, iov, n);
    }
    if (len > 0) {
        uint32_t head_len = chunk_head_write(head, len);
        iov[n++] = (struct iovec){.iov_base = head, .iov_len = head_len};
        iov[n++] = (struct iovec){.iov_base = (void *)(uintptr_t)payload, .iov_len = len};
        iov[n++] = (struct iovec){.iov_base = (void *)(uintptr_t)end, .iov_len = last ? 5 : 2};
    } else if (last) {
        iov[n++] = (struct iovec){.iov_base = (void *)(uintptr_t)(end + 2), .iov_len = 3};
    }
    if (last) {
        if (trailers_len > 0)
            iov[n++] = (struct iovec){.iov_base = (void *)(uintptr_t)trailers, .iov_len = trailers_len};
        iov[n++] = (struct iovec){.iov_base = (void *)(uintptr_t)end, .iov_len = 2};
    }
    return n == 0 ? 0 : sink_send(s, d, dst, iov, n);
}

/* The source gave so many bytes of what account.c counts. */
static void account(struct stream *s, const struct dir *d, uint64_t weight)
{
    if (d == &s->up)
        s->bytes_in += weight;
    else
        s->bytes_out += weight;
}

/* Takes framing off data[0..len): payload stays at its start. 0, or PUMP_SYNTAX. */
static int source_decode(struct stream *s, struct dir *d, uint8_t *data, uint32_t len, uint32_t *payload_ret,
                         uint32_t *used_ret)
{
    if (d->in_kind == FRAMING_LENGTH) {
        *payload_ret = *used_ret = (uint32_t)MIN((uint64_t)len, d->left);
        d->left -= *used_ret;
        if (d->left == 0)
            d->state = DIR_DONE;
        account(s, d, *payload_ret);
        return 0;
    }
    if (d->in_kind == FRAMING_CHUNKED) {
        int rc = chunk_decode(&d->chunk, data, len, payload_ret, used_ret);
        if (rc < 0)
            return PUMP_SYNTAX;
        if (rc == 1)
            d->state = DIR_TRAILERS;
        account(s, d, (uint64_t)*payload_ret + (rc == 1));
        return 0;
    }
    *payload_ret = *used_ret = len;
    account(s, d, len);
    return 0;
}

/* Reads the trailer section behind the last chunk. 0 more is needed, 1 complete (its text in *text_ret), PUMP_*. */
static int trailers_read(struct stream *s, struct dir *d, struct conn *src, uint32_t *len_ret)
{
    struct eng *e = s->eng;
    for (;;) {
        struct head h;
        memset(&h, 0, sizeof(h));
        *len_ret = 0;
        if (src->in_len > 0) {
            /* scanning lowers names in place; a copy keeps an incomplete section as it came */
            uint32_t len = MIN(src->in_len, e->pool.big_size);
            memcpy(e->tx, src->in, len);
            int rc = head_scan(&h, e->fields, e->proc->limits.max_fields, e->tx, len, HEAD_TRAILERS, 0);
            if (rc < 0)
                return PUMP_SYNTAX;
            if (rc > 0) {
                int n = head_write(e->gather, RX_MAX, &h, e->tx, e->fields, NULL, 0, NULL, 0, 0);
                if (n < 2)
                    return PUMP_SYNTAX;
                account(s, d, fields_weight(&h, e->fields, e->tx));
                *len_ret = (uint32_t)n - 2; /* without the empty line, which sink_put writes */
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

/* The encoder as a stage: gathers what is readable, up to RX_MAX, then encodes it at once; flushes when nothing more is
 * readable, so that a slow stream passes each piece. <gathered> bytes lie in e->gather. */
static int stage_put(struct stream *s, struct dir *d, struct conn *dst, uint32_t gathered, int last, uint32_t trailers)
{
    struct eng *e = s->eng;
    uint32_t out = 0;
    if (gathered > 0) {
        out = (uint32_t)slz_encode(&d->slz, e->tx, e->gather, gathered, !last);
        d->stage_flush = 1;
    }
    if (last)
        out += (uint32_t)slz_finish(&d->slz, e->tx + out);
    else if (d->stage_flush)
        out += (uint32_t)slz_flush(&d->slz, e->tx + out);
    d->stage_flush = 0;
    d->comp_in = d->comp_in + gathered < gathered ? UINT32_MAX : d->comp_in + gathered;
    d->comp_out = d->comp_out + out < out ? UINT32_MAX : d->comp_out + out;
    BUG_ON(out > TX_MAX);
    return sink_put(s, d, dst, e->tx, out, last, e->gather, last ? trailers : 0) < 0 ? PUMP_DST : 0;
}

static int stage_pump(struct stream *s, struct dir *d, struct conn *src, struct conn *dst)
{
    struct eng *e = s->eng;
    uint32_t have = 0;
    int rounds = 0;
    while (d->state == DIR_BODY && have < RX_MAX) {
        uint32_t payload = 0, used = 0;
        uint8_t *data = e->gather + have;
        if (src->in_len > 0) {
            uint32_t len = MIN(src->in_len, RX_MAX - have);
            if (source_decode(s, d, src->in, len, &payload, &used) < 0)
                return PUMP_SYNTAX;
            memcpy(data, src->in, payload);
            conn_consume(src, used);
        } else if ((src->flags & CONN_RD_READY) && rounds++ < PUMP_ROUNDS_MAX) {
            uint32_t n = conn_recv(src, data, RX_MAX - have);
            if (n == 0)
                continue;
            if (source_decode(s, d, data, n, &payload, &used) < 0)
                return PUMP_SYNTAX;
            if (used < n) { /* trailers or the next message follow: keep them */
                if (conn_keep(src, data + used, n - used) < 0)
                    return PUMP_MEMORY;
            }
        } else if ((src->flags & CONN_FIN) && d->in_kind == FRAMING_CLOSE && !(src->flags & CONN_RESET)) {
            d->state = DIR_DONE;
        } else {
            break;
        }
        have += payload;
    }
    if (d->state == DIR_TRAILERS) {
        uint32_t trailers = 0;
        if (have > 0 && stage_put(s, d, dst, have, 0, 0) < 0)
            return PUMP_DST;
        int rc = trailers_read(s, d, src, &trailers);
        return rc <= 0 ? rc : stage_put(s, d, dst, 0, 1, trailers) < 0 ? PUMP_DST : PUMP_DONE;
    }
    if (have > 0 || d->state == DIR_DONE)
        if (stage_put(s, d, dst, have, d->state == DIR_DONE, 0) < 0)
            return PUMP_DST;
    if (d->state == DIR_DONE)
        return PUMP_DONE;
    return (src->flags & CONN_FIN) && !(src->flags & CONN_RD_READY) && src->in_len == 0 ? PUMP_SRC : PUMP_BLOCKED;
}

static int splice_wanted(const struct stream *s, const struct dir *d, const struct conn *src, const struct conn *dst)
{
    if (d->no_splice || src->in_len > 0 || dst->out.len > 0 || !src->xprt->can_splice || !dst->xprt->can_splice)
        return 0;
    if (d->pipe_len > 0)
        return 1;
    if (d->in_kind == FRAMING_TUNNEL || d->in_kind == FRAMING_CLOSE)
        return (s->fwd_flags & (ABI_FWD_SPLICE_RES | ABI_FWD_SPLICE_REQ)) != 0 && d->out_kind == d->in_kind;
    return d->in_kind == FRAMING_LENGTH && d->out_kind == FRAMING_LENGTH && d->left >= SPLICE_MIN;
}

/* Moves bytes through a pipe. PUMP_BLOCKED when either side blocks, PUMP_DONE when the copy path may go on. */
static int splice_pump(struct stream *s, struct dir *d, struct conn *src, struct conn *dst)
{
    struct eng *e = s->eng;
    const struct sys *sys = e->sys;
    if (d->pipe[0] < 0 && sys->pipe(sys->ctx, d->pipe) < 0) {
        d->no_splice = 1;
        return PUMP_DONE;
    }
    for (int round = 0; round < PUMP_ROUNDS_MAX; round++) {
        uint64_t want = d->in_kind == FRAMING_LENGTH ? d->left : SPLICE_PIECE;
        if (d->pipe_len == 0) {
            if (want == 0 || !(src->flags & CONN_RD_READY))
                return PUMP_DONE;
            ssize_t n = sys->splice(sys->ctx, src->fd, d->pipe[1], (size_t)MIN(want, SPLICE_PIECE), 0);
            if (n == -EINVAL || n == -ENOSYS) {
                d->no_splice = 1;
                return PUMP_DONE;
            }
            if (n <= 0) {
                src->flags &= ~(uint32_t)CONN_RD_READY;
                if (n == 0)
                    src->flags |= CONN_FIN;
                else if (n != -EAGAIN)
                    src->flags |= CONN_FIN | CONN_RESET;
                return PUMP_DONE;
            }
            d->pipe_len = (uint32_t)n;
            if (d->in_kind == FRAMING_LENGTH)
                d->left -= (uint64_t)n;
            account(s, d, (uint64_t)n);
            if (d == &s->up)
                s->front_ms = e->now_ms;
            else
                s->back_ms = e->now_ms;
        }
        ssize_t n = sys->splice(sys->ctx, d->pipe[0], dst->fd, d->pipe_len, d->left > 0);
        if (n == -EAGAIN) {
            conn_block(dst);
            return PUMP_BLOCKED;
        }
        if (n <= 0)
            return PUMP_DST;
        d->pipe_len -= (uint32_t)n;
        e->count.spliced_bytes += (uint64_t)n;
        if (d == &s->up) {
            s->flags = (s->flags | STREAM_SENT) & ~(uint32_t)STREAM_CAPTURE;
            s->back_ms = e->now_ms;
        } else {
            s->front_ms = e->now_ms;
        }
        if (d->in_kind == FRAMING_LENGTH && d->left == 0 && d->pipe_len == 0) {
            d->state = DIR_DONE;
            return PUMP_DONE;
        }
    }
    conn_ready(src);
    return PUMP_BLOCKED;
}

/* Source bytes for the copy path: what is kept, else one read. 0 nothing now. */
static uint32_t source_take(struct stream *s, struct dir *d, struct conn *src, uint8_t **data_ret)
{
    struct eng *e = s->eng;
    if (src->in_len > 0) {
        *data_ret = src->in;
        return src->in_len;
    }
    if (!(src->flags & CONN_RD_READY))
        return 0;
    *data_ret = e->rx;
    uint32_t n = conn_recv(src, e->rx, RX_MAX);
    if (n > 0 && d == &s->up)
        s->front_ms = e->now_ms;
    else if (n > 0)
        s->back_ms = e->now_ms;
    return n;
}

static int source_ended(struct stream *s, struct dir *d, struct conn *src, struct conn *dst)
{
    if (!(src->flags & CONN_FIN) || (src->flags & CONN_RD_READY) || src->in_len > 0)
        return PUMP_BLOCKED;
    if ((src->flags & CONN_RESET) || (d->in_kind != FRAMING_CLOSE && d->in_kind != FRAMING_TUNNEL))
        return PUMP_SRC;
    d->state = DIR_DONE;
    return sink_put(s, d, dst, NULL, 0, 1, NULL, 0) < 0 ? PUMP_DST : PUMP_DONE;
}

static int trailers_pump(struct stream *s, struct dir *d, struct conn *src, struct conn *dst)
{
    uint32_t len = 0;
    int rc = trailers_read(s, d, src, &len);
    if (rc <= 0)
        return rc;
    return sink_put(s, d, dst, NULL, 0, 1, s->eng->gather, len) < 0 ? PUMP_DST : PUMP_DONE;
}

/* One piece: decode, send, keep what was not used. */
static int copy_piece(struct stream *s, struct dir *d, struct conn *src, struct conn *dst, uint8_t *data, uint32_t n)
{
    uint32_t payload = 0, used = 0;
    int kept = src->in_len > 0;
    if (source_decode(s, d, data, n, &payload, &used) < 0)
        return PUMP_SYNTAX;
    int short_end = 0;
    if (d->state == DIR_TRAILERS && n - used >= 2 && data[used] == '\r' && data[used + 1] == '\n') {
        used += 2; /* no trailers: the end goes out with the payload */
        d->state = DIR_DONE;
        short_end = 1;
    }
    int rc = sink_put(s, d, dst, data, payload, short_end, NULL, 0);
    if (kept)
        conn_consume(src, used);
    else if (used < n && conn_keep(src, data + used, n - used) < 0)
        return PUMP_MEMORY;
    return rc < 0 ? PUMP_DST : PUMP_BLOCKED;
}

/* Sends what a WAIT for the body had decoded already. */
static int decoded_put(struct stream *s, struct dir *d, struct conn *src, struct conn *dst)
{
    uint32_t len = MIN(d->decoded, src->in_len);
    int rc = sink_put(s, d, dst, src->in, len, d->state == DIR_DONE, NULL, 0);
    conn_consume(src, len);
    d->decoded = 0;
    return rc;
}

static int pump_rounds(struct stream *s, struct dir *d, struct conn *src, struct conn *dst)
{
    for (int round = 0; round < PUMP_ROUNDS_MAX; round++) {
        uint8_t *data;
        int rc = conn_flush(dst);
        if (rc < 0)
            return PUMP_DST;
        if (rc == 0)
            return PUMP_BLOCKED;
        if (d->decoded > 0 && decoded_put(s, d, src, dst) < 0)
            return PUMP_DST;
        if (d->state == DIR_DONE && d->pipe_len == 0)
            return PUMP_DONE;
        if (d->stage != ABI_STAGE_NONE) {
            rc = stage_pump(s, d, src, dst);
            if (rc != PUMP_BLOCKED || dst->out.len > 0 || !(src->flags & CONN_RD_READY))
                return rc;
            continue;
        }
        if (d->state == DIR_TRAILERS)
            return trailers_pump(s, d, src, dst);
        if (splice_wanted(s, d, src, dst)) {
            if (d->due_len > 0 && sink_send(s, d, dst, NULL, 0) < 0)
                return PUMP_DST;
            rc = splice_pump(s, d, src, dst);
            if (rc != PUMP_DONE)
                return rc;
            if (d->state == DIR_DONE)
                return PUMP_DONE;
        }
        uint32_t n = source_take(s, d, src, &data);
        if (n == 0)
            return source_ended(s, d, src, dst);
        rc = copy_piece(s, d, src, dst, data, n);
        if (rc < 0)
            return rc;
        if (d->state == DIR_BODY && src->in_len == 0 && !(src->flags & CONN_RD_READY) && !(src->flags & CONN_FIN))
            return PUMP_BLOCKED;
    }
    conn_ready(src);
    return PUMP_BLOCKED;
}

int body_pump(struct stream *s, struct dir *d, struct conn *src, struct conn *dst)
{
    stream_check(s);
    BUG_ON(d->state == DIR_IDLE);
    int rc = pump_rounds(s, d, src, dst);
    if (d->due_len > 0 && sink_send(s, d, dst, NULL, 0) < 0)
        rc = PUMP_DST;
    return rc == PUMP_DONE && dst->out.len > 0 ? PUMP_BLOCKED : rc; /* done means taken by the peer's kernel */
}

int body_discard(struct stream *s, struct dir *d, struct conn *src)
{
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

int body_gather(struct stream *s, struct dir *d, struct conn *src, uint32_t want)
{
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
        }
        if (d->state == DIR_DONE || d->decoded >= want || d->decoded >= room || (src->flags & CONN_FIN))
            return 1;
        if (!(src->flags & CONN_RD_READY))
            return 0;
        if (conn_fill(src, room) < 0)
            return 1;
    }
}
