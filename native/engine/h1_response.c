/* The server's answer: its head is read and checked, interim responses pass at once, the final one goes to policy when
 * it asked for it, else straight on. A malformed, oversized or missing head becomes an event, never a guess. */
#include "eng.h"
#include "watched.h"
#include "recording.h"
#include <errno.h>
#include <time.h>

#define HEAD_READ 4096u         /* bytes of the first read after a long response: its body goes by splice */
#define BODY_LONG (48u * 1024u) /* bytes of a body from which that pays */

static uint32_t head_max(const struct eng *e)
{
    return e->pool.big_size - e->proc->limits.maxrewrite;
}

/* Nothing good will come of this response: policy answers 502 or retries. */
static void response_bad(struct stream *s, uint32_t reason)
{
    CHECK_CONN(s->front);
    CHECK_STREAM(s);
    if (!event_room(s->eng, 0)) {
        conn_ready(s->front);
        return;
    }
    uint32_t *ev = event_stream(s, ABI_EV_BAD_RESPONSE, reason);
    if (s->back->flags & CONN_REUSED)
        ev[ABI_E_FLAGS] |= ABI_EVF_REUSED;
    if (s->image != NULL && (s->flags & STREAM_CAPTURE))
        ev[ABI_E_FLAGS] |= ABI_EVF_REPLAYABLE;
    ev[ABI_E_FLAGS] |= ABI_EVF_SENT;
    ev[ABI_E_ARG] = 502;
    ev[ABI_E_ARG2] = s->back->in_len;
    s->state = ST_POLICY_FAIL;
    stream_drop_back(s, 0);
    stream_release_slot(s); /* as in stream_fail: another attempt takes its own */
}

static int pass_interim(struct stream *s, const struct head *h, struct head_field *f, const uint8_t *bytes)
{
    CHECK_CONN(s->front);
    CHECK_STREAM(s);
    struct eng *e = s->eng;
    if (s->req.version < 0x0101)
        return 0; /* RFC 9110 15.2: never to a 1.0 client */
    int n = watched_write(e, e->head_out, e->head_out_size, h, bytes, f, NULL, 0, WRITE_DROP_CLEN);
    if (n < 0)
        return -EINVAL;
    struct iovec iov = {.iov_base = e->head_out, .iov_len = (size_t)n};
    return conn_send(s->front, &iov, 1, 0);
}

static void tunnel_open(struct stream *s)
{
    CHECK_CONN(s->front);
    CHECK_STREAM(s);
    struct framing both = {.kind = FRAMING_TUNNEL};
    s->up.state = DIR_BODY;
    dir_open(&s->up, &both);
    dir_open(&s->down, &both);
    s->flags &= ~(uint32_t)(STREAM_KEEP_CLIENT | STREAM_CAPTURE);
    s->front->flags |= CONN_NO_REUSE;
    s->back->flags |= CONN_NO_REUSE;
    s->front_read_ms = s->back_read_ms = s->eng->now_ms;
}

/* How the body goes on to the client, and whether its connection survives it. */
static uint32_t choose_framing(struct stream *s, const struct framing *in, uint32_t flags, uint32_t stage)
{
    CHECK_CONN(s->front);
    CHECK_STREAM(s);
    const struct head *h = &s->res;
    int old_client = s->req.version < 0x0101;
    uint32_t wflags = 0;
    dir_open(&s->down, in);
    if (in->kind == FRAMING_NONE) {
        if (!(s->flags & STREAM_HEAD_REQ) && h->status != 304)
            wflags |= WRITE_DROP_CLEN;
        else if ((h->flags & HEAD_F_CHUNKED) && !old_client && h->version >= 0x0101)
            wflags |= WRITE_CHUNKED; /* how the body would come (RFC 9112 section 6.1) */
    } else if (stage == ABI_STAGE_IDENTITY) {
        s->down.out_kind = old_client ? FRAMING_CLOSE : FRAMING_CHUNKED;
        wflags |= WRITE_DROP_CLEN;
    } else if (stage != ABI_STAGE_NONE) {
        stage_open(&s->down, stage);
        s->down.out_kind = old_client ? FRAMING_CLOSE : FRAMING_CHUNKED;
        wflags |= WRITE_DROP_CLEN | WRITE_DROP_ACCEPT_RANGES;
    } else if (in->kind == FRAMING_CHUNKED && old_client) {
        s->down.out_kind = FRAMING_CLOSE;
    }
    BUG_ON(s->down.due_len != 0 || s->down.decoded != 0);
    if (s->down.state == DIR_DONE && s->down.out_kind != in->kind)
        s->down.end_due = 1; /* an empty body in a framing that has an end to be written */
    if (s->down.stage == ABI_STAGE_NONE && in->kind == FRAMING_LENGTH && in->length >= BODY_LONG)
        s->back->flags |= CONN_LONG;
    else
        s->back->flags &= ~(uint32_t)CONN_LONG;
    if (s->down.out_kind == FRAMING_CHUNKED)
        wflags |= WRITE_CHUNKED;
    if (s->down.out_kind == FRAMING_CLOSE || (flags & ABI_RSP_CLOSE) ||
        (s->fwd_flags & ABI_FWD_CLOSE_CLIENT) || (h->flags & HEAD_F_MUST_CLOSE) || !retire_keeps(s->front) ||
        (s->front->flags & (CONN_FIN | CONN_NO_REUSE)))
        s->flags &= ~(uint32_t)STREAM_KEEP_CLIENT;
    int old_version = h->version < 0x0101 && s->down.out_kind != FRAMING_CHUNKED;
    if (old_version)
        wflags |= WRITE_VERSION_10; /* as the request's: see command.c */
    if (!(s->flags & STREAM_KEEP_CLIENT))
        wflags |= WRITE_CONN_CLOSE;
    else if (old_client || old_version)
        wflags |= WRITE_CONN_KEEPALIVE;
    return wflags;
}

static void note_server_keep(struct stream *s, const struct framing *in)
{
    CHECK_STREAM(s);
    const struct head *h = &s->res;
    if (!head_keeps(h) || in->kind == FRAMING_CLOSE || (h->flags & HEAD_F_MUST_CLOSE) ||
        (s->req.flags & HEAD_F_MUST_CLOSE))
        s->back->flags |= CONN_NO_REUSE;
    if ((h->flags & HEAD_F_NTLM) && (h->status == 401 || h->status == 407))
        s->back->flags |= CONN_PRIVATE;
}

/* A response without Date gets one from who has a clock (RFC 9110 section 6.6.1). The text is made once a second. */
static int date_add(struct stream *s, uint32_t len)
{
    CHECK_CONN(s->front);
    CHECK_STREAM(s);
    struct eng *e = s->eng;
    BUG_ON(len < 2);
    if ((s->res.flags & HEAD_F_DATE) || s->res.status < 200)
        return (int)len;
    if (e->date_sec != e->wall_ms / 1000) {
        time_t now = (time_t)(e->wall_ms / 1000);
        struct tm tm;
        e->date_sec = e->wall_ms / 1000;
        gmtime_r(&now, &tm);
        e->date_len =
            (uint32_t)strftime(e->date, sizeof(e->date), "date: %a, %d %b %Y %H:%M:%S GMT\r\n\r\n", &tm);
    }
    if (len - 2 + e->date_len > e->head_out_size)
        return -ENOSPC;
    memcpy(e->head_out + len - 2, e->date, e->date_len);
    return (int)(len - 2 + e->date_len);
}

int response_forward(struct stream *s, const struct head_edit *edits, uint32_t nedits, uint32_t flags,
                     uint32_t stage)
{
    CHECK_CONN(s->front);
    CHECK_STREAM(s);
    struct eng *e = s->eng;
    struct framing in;
    uint32_t wflags;
    BUG_ON(s->back == NULL || s->fields == NULL);
    if (framing_of_response(&s->res, s->req.method_id, &in) < 0)
        return -EINVAL;
    int tunnel = in.kind == FRAMING_TUNNEL;
    if (tunnel) {
        tunnel_open(s);
        wflags = WRITE_DROP_CLEN | (s->res.status == 101 ? WRITE_CONN_UPGRADE : 0);
    } else {
        note_server_keep(s, &in);
        wflags = choose_framing(s, &in, flags, stage);
    }
    int n = watched_write(e, e->head_out, e->head_out_size, &s->res, s->head_bytes, s->fields, edits, nedits,
                          wflags);
    if (n < 0 || (n = date_add(s, (uint32_t)n)) < 0)
        return n;
    s->status = s->res.status;
    recording_event(s, RECORD_EV_RESPONSE, s->status, s->server, 0);
    for (uint32_t i = 0; i < nedits; i++) /* http-response set-status */
        if (edits[i].op == EDIT_STATUS && edits[i].value_len == 3) {
            const uint8_t *t = e->text + edits[i].text_off + edits[i].name_len;
            s->status = (uint32_t)((t[0] - '0') * 100 + (t[1] - '0') * 10 + (t[2] - '0'));
        }
    s->fields = NULL;
    s->head_bytes = NULL;
    s->down.due = e->head_out;
    s->down.due_len = (uint32_t)n;
    s->state = tunnel ? ST_TUNNEL : ST_BODY;
    if (s->image != NULL && s->up.state == DIR_DONE && s->back->out.len == 0) {
        buf_give(&e->pool, s->image);
        s->image = NULL;
    }
    s->flags &= ~(uint32_t)STREAM_CAPTURE;
    stream_run(s);
    return 0;
}

static int final_head(struct stream *s, struct head *h, struct head_field *f, uint8_t *bytes)
{
    CHECK_CONN(s->front);
    CHECK_STREAM(s);
    struct eng *e = s->eng;
    /* nobody asked for it (RFC 9110 15.2.2), or it is not said of this connection (7.8): no tunnel for what it may be */
    if (h->status == 101 && !(s->req.flags & h->flags & HEAD_F_CONN_UPGRADE && s->req.flags & HEAD_F_UPGRADE))
        return -EINVAL;
    s->res = *h;
    s->t_data = e->now_ms;
    s->status = h->status;
    if (s->pin != NULL) /* the request's pin: nobody needs it now */
        stream_unpin(s);
    s->fields = f;
    s->head_bytes = bytes;
    if (!(s->fwd_flags & ABI_FWD_WANT_RESPONSE)) {
        if (response_forward(s, NULL, 0, 0, 0) < 0)
            return -EINVAL;
        return 0;
    }
    s->state = ST_POLICY_RES;
    uint32_t *ev = event_stream(s, ABI_EV_RESPONSE, 0);
    event_head(s, ev, h, f, (uint32_t)(bytes - e->arena));
    ev[ABI_E_MS] = (uint32_t)(s->t_data - s->t_queue);
    if (s->back->flags & CONN_REUSED)
        ev[ABI_E_FLAGS] |= ABI_EVF_REUSED;
    if (h->flags & HEAD_F_CHUNKED)
        body_show(s, s->back, ev);
    return 0;
}

/* Scans what lies at back->in: 1 a final head was handled, 0 more is needed, 2 an interim one passed, -EINVAL. */
static int response_scan(struct stream *s)
{
    CHECK_CONN(s->front);
    CHECK_STREAM(s);
    struct eng *e = s->eng;
    struct conn *c = s->back;
    struct head *h = (struct head *)(void *)(e->arena + e->arena_used);
    struct head_field *f =
        (struct head_field *)(void *)(e->arena + e->arena_used + ((sizeof(*h) + 7u) & ~7u));
    memset(h, 0, sizeof(*h));
    int rc =
        watched_scan(e, h, f, c->in, MIN(c->in_len, head_max(e)), HEAD_RESPONSE, 0);
    if (rc == 0)
        return c->in_len >= head_max(e) ? -E2BIG : 0;
    if (rc < 0)
        return -EINVAL;
    uint8_t *bytes = c->in;
    e->arena_used += (uint32_t)(((sizeof(*h) + 7u) & ~7u) + h->nfields * sizeof(*f));
    e->arena_used = (e->arena_used + 7u) & ~7u;
    if (!(c->flags & CONN_IN_ARENA))
        bytes = e->arena + arena_put(e, c->in, (uint32_t)rc);
    conn_consume(c, (uint32_t)rc);
    s->bytes_out += head_weight(h, f, bytes);
    if (h->status < 200 && h->status != 101) {
        if (++s->interims > INTERIMS_MAX || pass_interim(s, h, f, bytes) < 0)
            return -EINVAL;
        return 2;
    }
    return final_head(s, h, f, bytes) < 0 ? -EINVAL : 1;
}

static void response_recv(struct conn *c)
{
    CHECK_ENG(c->eng);
    CHECK_CONN(c);
    struct eng *e = c->eng;
    uint8_t *at = e->arena + e->arena_used;
    uint32_t n = conn_recv(c, at, (c->flags & CONN_LONG) ? HEAD_READ : RX_MAX / 2);
    if (n == 0)
        return;
    arena_lend(e, c, n);
}

void response_read(struct stream *s)
{
    CHECK_CONN(s->front);
    struct eng *e = s->eng;
    struct conn *c = s->back;
    uint32_t need =
        RX_MAX + e->pool.big_size + e->proc->limits.max_fields * (uint32_t)sizeof(struct head_field) + 512;
    stream_check(s);
    for (;;) {
        if (c->in_len > 0) {
            if (!event_room(e, need)) {
                conn_ready(c);
                return;
            }
            int rc = response_scan(s);
            if (rc == 1)
                return;
            if (rc < 0) {
                response_bad(s, rc == -E2BIG ? ABI_BAD_TOO_LARGE : ABI_BAD_SYNTAX);
                return;
            }
            if (rc == 2)
                continue;
        }
        if (c->flags & CONN_RD_READY) {
            if (!event_room(e, need)) {
                conn_ready(c);
                return;
            }
            s->back_read_ms = e->now_ms;
            if (c->in_len == 0)
                response_recv(c);
            else if (conn_fill(c, e->pool.big_size) < 0)
                c->flags |= CONN_RESET | CONN_FIN;
            continue;
        }
        if (!(c->flags & (CONN_FIN | CONN_RESET)))
            return;
        if (c->in_len > 0 || s->interims > 0)
            response_bad(s, (c->flags & CONN_RESET) || c->in_len == 0 ? ABI_BAD_RESET : ABI_BAD_CLOSED);
        else
            stream_fail(s, ABI_FAIL_CLOSED, (c->flags & CONN_RESET) ? ECONNRESET : 0);
        return;
    }
}
