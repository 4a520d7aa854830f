/* Bodies: one direction of a stream, from source mux through stages to sink mux. Nothing is read while the sink still
 * has a remainder, so memory is bounded by one read and what an encoder makes of it. Chunked input is decoded in place
 * and framed again; long plain bodies pass by splice(2) without entering user space. */
#include "body_parts.h"

void dir_open(struct dir *d, const struct framing *in)
{
    memset(d, 0, sizeof(*d));
    d->pipe[0] = d->pipe[1] = -1;
    d->in_kind = d->out_kind = (uint8_t)in->kind;
    d->left = in->kind == FRAMING_LENGTH ? in->length : 0;
    d->state =
        in->kind == FRAMING_NONE || (in->kind == FRAMING_LENGTH && in->length == 0) ? DIR_DONE : DIR_BODY;
    BUG_ON(in->kind > FRAMING_TUNNEL);
}

void dir_close(struct stream *s, struct dir *d)
{
    pipe_give(s->eng, d);
}

static int trailers_pump(struct stream *s, struct dir *d, struct conn *src, struct conn *dst)
{
    CHECK_STREAM(s);
    CHECK_CONN(src);
    CHECK_CONN(dst);
    uint32_t len = 0;
    int rc = trailers_read(s, d, src, &len);
    if (rc <= 0)
        return rc;
    return sink_put(s, d, dst, NULL, 0, 1, s->eng->gather, len) < 0 ? PUMP_DST : PUMP_DONE;
}

/* One piece: decode, send, keep what was not used. */
static int copy_piece(struct stream *s, struct dir *d, struct conn *src, struct conn *dst, uint8_t *data,
                      uint32_t n)
{
    CHECK_CONN(s->front);
    BUG_ON(d->in_kind > FRAMING_TUNNEL);
    CHECK_STREAM(s);
    CHECK_CONN(src);
    CHECK_CONN(dst);
    uint32_t payload = 0, used = 0;
    int kept = src->in_len > 0;
    if (source_decode(s, d, data, n, &payload, &used) < 0)
        return PUMP_SYNTAX;
    if (d->state == DIR_TRAILERS && n - used >= 2 && data[used] == '\r' && data[used + 1] == '\n') {
        used += 2; /* no trailers: the end goes out with the payload */
        d->state = DIR_DONE;
    }
    /* a counted body that goes on in chunks ends with its last byte */
    int rc = sink_put(s, d, dst, data, payload, d->state == DIR_DONE, NULL, 0);
    if (kept)
        conn_consume(src, used);
    else if (used < n && conn_keep(src, data + used, n - used) < 0)
        return PUMP_MEMORY;
    return rc < 0 ? PUMP_DST : PUMP_BLOCKED;
}

/* Sends what a WAIT for the body had decoded already. */
static int decoded_put(struct stream *s, struct dir *d, struct conn *src, struct conn *dst)
{
    CHECK_STREAM(s);
    CHECK_CONN(src);
    CHECK_CONN(dst);
    int rc = 0;
    do {
        uint32_t len = d->stage == ABI_STAGE_NONE ? d->decoded : MIN(d->decoded, RX_MAX);
        int last = d->state == DIR_DONE && len == d->decoded;
        BUG_ON(len > src->in_len);
        rc = d->stage == ABI_STAGE_NONE ? sink_put(s, d, dst, src->in, len, last, NULL, 0)
                                        : stage_piece(s, d, dst, src->in, len, last);
        conn_consume(src, len);
        d->decoded -= len;
    } while (d->decoded > 0 && rc == 0);
    d->decoded = 0;
    d->end_due = 0;
    return rc;
}

static int pump_rounds(struct stream *s, struct dir *d, struct conn *src, struct conn *dst)
{
    CHECK_CONN(s->front);
    BUG_ON(d->in_kind > FRAMING_TUNNEL);
    CHECK_STREAM(s);
    CHECK_CONN(src);
    CHECK_CONN(dst);
    for (int round = 0; round < PUMP_ROUNDS_MAX; round++) {
        uint8_t *data;
        int rc = conn_flush(dst);
        if (rc < 0)
            return PUMP_DST;
        if (rc == 0)
            return PUMP_BLOCKED;
        if ((d->decoded > 0 || d->end_due) && decoded_put(s, d, src, dst) < 0)
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
            if (dst->out.len > 0)
                return PUMP_BLOCKED; /* the rest of the head first: a splice would overtake it */
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
        if (d->state == DIR_BODY && src->in_len == 0 && !(src->flags & CONN_RD_READY) &&
            !(src->flags & CONN_FIN))
            return PUMP_BLOCKED;
    }
    conn_ready(src);
    return PUMP_BLOCKED;
}

int body_pump(struct stream *s, struct dir *d, struct conn *src, struct conn *dst)
{
    CHECK_CONN(src);
    CHECK_CONN(dst);
    stream_check(s);
    BUG_ON(d->state == DIR_IDLE);
    int rc = pump_rounds(s, d, src, dst);
    if (d->due_len > 0 && sink_send(s, d, dst, NULL, 0) < 0)
        rc = PUMP_DST;
    return rc == PUMP_DONE && dst->out.len > 0 ? PUMP_BLOCKED
                                               : rc; /* done means taken by the peer's kernel */
}
