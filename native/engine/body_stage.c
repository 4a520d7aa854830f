/* The encoder as a stage between source and sink: readable payload is gathered up to RX_MAX and encoded at once; when
 * nothing more is readable it is flushed, so that a slow stream passes each piece. */
#include "body_parts.h"
#include "crash/fault.h"
#include "crash/fence.h"
#include "recording.h"
#include <errno.h>

void stage_open(struct dir *d, uint32_t format)
{
    BUG_ON(format < ABI_STAGE_GZIP || format > ABI_STAGE_RAW);
    BUG_ON(d->stage != ABI_STAGE_NONE);
    d->stage = (uint8_t)format;
    slz_init(&d->slz,
             format == ABI_STAGE_GZIP   ? SLZ_GZIP
             : format == ABI_STAGE_ZLIB ? SLZ_ZLIB
                                        : SLZ_RAW,
             SLZ_FAST);
}

/* The encoder that holds now: the backend's word, else the frontend's, else the process's, but nothing better than what
 * its limits leave. Asked for each piece, so that a change reaches streams that run. */
static enum slz_mode mode_now(const struct stream *s)
{
    CHECK_STREAM(s);
    struct process *p = s->eng->proc;
    struct live *all = live_process(p);
    int32_t encoder = s->backend == ABI_NONE ? 0 : live_get(&live_proxy(p, s->backend)->w[ABI_LIVE_PX_ENCODER]);
    int32_t most = live_get(&all->w[ABI_LIVE_ENCODER_MOST]);
    if (encoder == 0)
        encoder = live_get(&live_proxy(p, s->frontend)->w[ABI_LIVE_PX_ENCODER]);
    if (encoder == 0)
        encoder = live_get(&all->w[ABI_LIVE_ENCODER]);
    if (most != 0)
        encoder = MIN(encoder, most);
    switch (encoder) {
    case ABI_ENCODER_OFF:
    case ABI_ENCODER_STORE: return SLZ_STORE;
    case ABI_ENCODER_BALANCED: return SLZ_BALANCED;
    default: return SLZ_FAST;
    }
}

/* The bytes behind the encoded piece that end it: the stream's end, or a flush. They follow it in <out>, whose room with
 * guard pages ends where nothing may be written. */
static uint32_t stage_tail(struct stream *s, struct dir *d, uint8_t *out, int last)
{
    struct eng *e = s->eng;
    size_t room = slz_bound(0), len;
    uint8_t *tail = e->proc->limits.guard_pages ? fence_room(e->tx, room) : out;
    CHECK_STREAM(s);
    if (!last && !d->stage_flush)
        return 0;
    recorder_call(&e->rec, last ? RECORD_CALL_SLZ_FINISH : RECORD_CALL_SLZ_FLUSH, d->stage, NULL, 0, tail, room);
    if (tail == out)
        fence_put(tail + room);
    len = last ? slz_finish(&d->slz, tail) : slz_flush(&d->slz, tail);
    if (tail == out)
        fence_look(tail + room, last ? "slz_finish" : "slz_flush", room);
    else
        memmove(out, tail, len);
    recorder_returned(&e->rec);
    BUG_ON(len > room);
    return (uint32_t)len;
}

/* Encodes the <gathered> bytes of e->gather to e->tx. */
static uint32_t stage_encode(struct stream *s, struct dir *d, uint32_t gathered, int last)
{
    struct eng *e = s->eng;
    size_t room = slz_bound(gathered), len;
    uint8_t *out = fence_room(e->tx, room);
    CHECK_STREAM(s);
    BUG_ON(room + FENCE_LEN > TX_MAX);
    recording_encode(s, d);
    recorder_call(&e->rec, RECORD_CALL_SLZ_ENCODE, d->stage | (uint32_t)d->slz.mode << 8, e->gather, gathered,
                  out, room);
    if (out == e->tx)
        fence_put(out + room);
    len = slz_encode(&d->slz, out, e->gather, gathered, !last);
    fault_encode(recorder_slot(&e->rec, s->index)->line, recorder_slot(&e->rec, s->index)->encoder_in, out,
                 room);
    if (out == e->tx)
        fence_look(out + room, "slz_encode", room);
    else
        memmove(e->tx, out, len); /* guard pages: the room ended at one */
    fence_check(e->tx, "slz_encode");
    fence_check(e->gather, "slz_encode");
    recorder_returned(&e->rec);
    recording_encoded(s, d, gathered, (uint32_t)len);
    return (uint32_t)len;
}

/* The encoder as a stage: gathers what is readable, up to RX_MAX, then encodes it at once; flushes when nothing more is
 * readable, so that a slow stream passes each piece. <gathered> bytes lie in e->gather. */
static int stage_put(struct stream *s, struct dir *d, struct conn *dst, uint32_t gathered, int last,
                     uint32_t trailers)
{
    CHECK_CONN(s->front);
    BUG_ON(d->in_kind > FRAMING_TUNNEL);
    CHECK_STREAM(s);
    CHECK_CONN(dst);
    struct eng *e = s->eng;
    uint32_t out = 0;
    if (gathered > 0) {
        enum slz_mode mode = mode_now(s);
        slz_set_mode(&d->slz, mode);
        live_add(&live_process(e->proc)->w[ABI_LIVE_COMP_IN], (int32_t)gathered);
        if (mode == SLZ_STORE)
            d->comp_byp = d->comp_byp + gathered < gathered ? UINT32_MAX : d->comp_byp + gathered;
        out = stage_encode(s, d, gathered, last);
        d->stage_flush = 1;
    }
    out += stage_tail(s, d, e->tx + out, last);
    d->stage_flush = 0;
    d->comp_in = d->comp_in + gathered < gathered ? UINT32_MAX : d->comp_in + gathered;
    d->comp_out = d->comp_out + out < out ? UINT32_MAX : d->comp_out + out;
    return sink_put(s, d, dst, e->tx, out, last, e->gather, last ? trailers : 0) < 0 ? PUMP_DST : 0;
}

int stage_piece(struct stream *s, struct dir *d, struct conn *dst, const uint8_t *data, uint32_t len, int last)
{
    BUG_ON(len > RX_MAX);
    BUG_ON(d->stage == ABI_STAGE_NONE);
    CHECK_STREAM(s);
    CHECK_CONN(dst);
    if (len > 0)
        memcpy(s->eng->gather, data, len);
    return stage_put(s, d, dst, len, last, 0);
}

int stage_pump(struct stream *s, struct dir *d, struct conn *src, struct conn *dst)
{
    CHECK_CONN(s->front);
    BUG_ON(d->in_kind > FRAMING_TUNNEL);
    CHECK_STREAM(s);
    CHECK_CONN(src);
    CHECK_CONN(dst);
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
            source_progress(s, d);
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
    return (src->flags & CONN_FIN) && !(src->flags & CONN_RD_READY) && src->in_len == 0 ? PUMP_SRC
                                                                                        : PUMP_BLOCKED;
}
