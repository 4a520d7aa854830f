/* The state machine's steps: what a stream does in each state when something changed on either side. A step that ends or
 * fails the stream returns at once; nobody touches a stream after that. */
#include "eng.h"
#include "recording.h"
#include <errno.h>

/* The client is gone, or said that it will send nothing more and policy counts that as gone. */
static int client_gone(const struct stream *s)
{
    CHECK_STREAM(s);
    const struct conn *c = s->front;
    if (c->flags & CONN_RESET)
        return 1;
    if (!(s->fwd_flags & ABI_FWD_ABORT_ON_CLOSE) || (s->flags & STREAM_TCP))
        return 0;
    return (c->flags & (CONN_FIN | CONN_RDHUP)) != 0 && s->up.state == DIR_DONE && c->in_len == 0;
}

/* What policy is told of a client that left: 0 when it can still hear the answer. */
static int gone_errno(const struct stream *s)
{
    CHECK_STREAM(s);
    CHECK_CONN(s->front);
    return (s->front->flags & CONN_RESET) ? ECONNRESET : 0;
}

void stream_wake(struct stream *s, uint32_t reason, uint32_t arg)
{
    CHECK_CONN(s->front);
    struct eng *e = s->eng;
    uint32_t table = (uint32_t)s->req.nfields * (uint32_t)sizeof(struct head_field);
    int has_head = s->fields != NULL;
    uint32_t need = s->req.len + table + s->up.decoded + 512;
    stream_check(s);
    if (s->wake_reason == ABI_WAKE_SLOT) { /* told late, but nothing else may be told instead: the slot is held */
        reason = ABI_WAKE_SLOT;
        arg = s->wake_arg;
    }
    if (!event_room(e, need)) { /* again after the batch */
        s->wake_reason = reason;
        s->wake_arg = arg;
        conn_ready(s->front);
        return;
    }
    s->wake_reason = 0;
    if (s->state == ST_QUEUE && reason != ABI_WAKE_SLOT && !slot_queue_leave(e->proc, &s->waiter)) {
        s->state = ST_WAIT; /* a grant is in the mail: it is told instead, and the slot is not lost */
        s->wait_reasons = ABI_WAKE_SLOT;
        s->deadline_ms = UINT64_MAX;
        return;
    }
    if (s->state == ST_QUEUE)
        s->t_queue = e->now_ms; /* however the wait ended, it lasted that long */
    s->state = ST_POLICY;
    uint32_t *ev = event_stream(s, ABI_EV_WAKE, reason);
    ev[ABI_E_ARG] = arg;
    if (s->up.state == DIR_DONE)
        ev[ABI_E_FLAGS] |= ABI_EVF_BODY_END;
    if (has_head) {
        uint32_t at = arena_put(e, &s->req, sizeof(s->req));
        uint32_t fields = arena_put(e, s->fields, table);
        uint32_t text = arena_put(e, s->head_bytes, s->req.len);
        event_head(s, ev, (struct head *)(void *)(e->arena + at),
                   (struct head_field *)(void *)(e->arena + fields), text);
    }
    if (s->up.decoded > 0) {
        ev[ABI_E_BODY] = arena_put(e, s->front->in, s->up.decoded);
        ev[ABI_E_BODY_LEN] = s->up.decoded;
    }
}

static void wait_run(struct stream *s)
{
    CHECK_CONN(s->front);
    CHECK_STREAM(s);
    if (s->wake_reason != 0) {
        stream_wake(s, s->wake_reason, s->wake_arg);
        return;
    }
    if ((s->front->flags & CONN_RESET) ||
        ((s->wait_reasons & ABI_WAKE_ABORT) && (s->front->flags & (CONN_FIN | CONN_RDHUP)) &&
         s->up.state == DIR_DONE)) {
        stream_wake(s, ABI_WAKE_ABORT, 0);
        return;
    }
    if (!(s->wait_reasons & ABI_WAKE_BYTES) || s->state != ST_WAIT)
        return;
    if ((s->req.flags & HEAD_F_EXPECT_100) && !(s->flags & STREAM_SENT_100) && s->front->in_len == 0 &&
        s->req.version >= 0x0101) {
        struct iovec iov = {.iov_base = (void *)(uintptr_t) "HTTP/1.1 100 Continue\r\n\r\n", .iov_len = 25};
        s->flags |= STREAM_SENT_100;
        conn_send(s->front, &iov, 1, 0);
    }
    if (s->up.state == DIR_DONE || body_gather(s, &s->up, s->front, s->want_bytes))
        stream_wake(s,
                    (s->front->flags & CONN_FIN) && s->up.state != DIR_DONE ? ABI_WAKE_ABORT : ABI_WAKE_BYTES,
                    0);
}

static void connect_run(struct stream *s)
{
    CHECK_CONN(s->front);
    CHECK_STREAM(s);
    struct conn *c = s->back;
    struct eng *e = s->eng;
    /* a connection that was made counts before a client that left: the log then says that it left waiting (CH, not CC) */
    if (client_gone(s) && (c == NULL || (c->flags & (CONN_RESET | CONN_WR_BLOCKED)))) {
        stream_fail(s, ABI_FAIL_CLIENT_GONE, gone_errno(s));
        return;
    }
    if (c == NULL) { /* EV_FAIL waited for room */
        stream_fail(s, ABI_FAIL_CONNECT, ECONNREFUSED);
        return;
    }
    if (c->flags & CONN_RESET) {
        int err = -e->sys->sock_error(e->sys->ctx, c->fd);
        stream_fail(s, ABI_FAIL_CONNECT, err == 0 ? ECONNREFUSED : err);
        return;
    }
    if (c->flags & CONN_WR_BLOCKED)
        return; /* not writable yet: still on its way */
    server_connected(s);
}

/* The request's direction while a response is awaited or passes. 0 go on, 1 the stream was ended or failed. */
static int up_run(struct stream *s)
{
    CHECK_CONN(s->front);
    CHECK_STREAM(s);
    struct conn *front = s->front;
    int responding = s->state == ST_BODY;
    if (s->up.state == DIR_DONE && s->up.due_len == 0 && s->back->out.len == 0)
        return 0;
    int rc = body_pump(s, &s->up, front, s->back);
    switch (rc) {
    case PUMP_BLOCKED:
    case PUMP_DONE: return 0;
    case PUMP_DST: /* the server stopped reading: its answer may still come, the rest of the body is not wanted */
        if (s->up.state != DIR_DONE) /* what is held is not the whole request: it cannot be sent again */
            s->flags &= ~(uint32_t)STREAM_CAPTURE;
        s->up.state = DIR_DONE;
        s->up.decoded = 0;
        front->flags |= CONN_NO_REUSE | CONN_LINGER;
        s->back->flags |= CONN_NO_REUSE | CONN_RD_READY;
        bufq_clear(&s->eng->pool, &s->back->out);
        s->flags &= ~(uint32_t)STREAM_KEEP_CLIENT;
        if (s->flags & STREAM_RES_DONE)
            stream_term(s, 'S', 'L');
        return 0;
    case PUMP_SYNTAX:
    case PUMP_MEMORY:
        front->flags |= CONN_NO_REUSE | CONN_LINGER;
        if (!responding && event_room(s->eng, 0)) {
            stream_drop_back(s, 0);
            uint32_t *ev = event_stream(s, ABI_EV_FAIL, ABI_FAIL_BAD_BODY);
            ev[ABI_E_ARG] = rc == PUMP_SYNTAX ? 400 : 500;
            ev[ABI_E_ARG2] = s->server;
            s->up.state = DIR_DONE;
            s->state = ST_POLICY_FAIL;
            return 1;
        }
        stream_term(s, rc == PUMP_SYNTAX ? 'P' : 'R', 'D');
        stream_end(s);
        return 1;
    default: /* PUMP_SRC: the client left inside its body */
        if (!responding) {
            stream_fail(s, ABI_FAIL_CLIENT_GONE, ECONNRESET);
            return 1;
        }
        stream_term(s, 'C', (s->flags & STREAM_RES_DONE) ? 'L' : 'D');
        stream_end(s);
        return 1;
    }
}

static void send_run(struct stream *s)
{
    CHECK_CONN(s->front);
    CHECK_STREAM(s);
    if (s->back == NULL) { /* EV_FAIL waited for room */
        stream_fail(s, ABI_FAIL_CLOSED, 0);
        return;
    }
    if (client_gone(s)) {
        stream_fail(s, ABI_FAIL_CLIENT_GONE, gone_errno(s));
        return;
    }
    if (up_run(s))
        return;
    if (s->back->flags & (CONN_RD_READY | CONN_FIN | CONN_RESET) || s->back->in_len > 0) {
        response_read(s); /* may end the stream */
        return;
    }
    stream_timer(s);
}

static void body_run(struct stream *s)
{
    CHECK_CONN(s->front);
    CHECK_STREAM(s);
    struct conn *front = s->front;
    if (front->flags & CONN_RESET) {
        stream_term(s, 'C', (s->flags & STREAM_RES_DONE) ? 'L' : 'D');
        stream_end(s);
        return;
    }
    if (s->up.state != DIR_DONE && up_run(s))
        return;
    int rc = body_pump(s, &s->down, s->back, front);
    switch (rc) {
    case PUMP_DONE:
        s->flags |= STREAM_RES_DONE;
        /* a client that sees the end of its answer by a close alone is not kept waiting for its own request */
        if (s->up.state == DIR_DONE || (s->back->flags & CONN_RESET) || s->down.out_kind == FRAMING_CLOSE) {
            if (s->up.state != DIR_DONE) {
                stream_term(s, 'S', 'L'); /* nobody takes the rest of the request */
                front->flags |= CONN_NO_REUSE | CONN_LINGER;
                s->flags &= ~(uint32_t)STREAM_KEEP_CLIENT;
            }
            stream_end(s);
            return;
        }
        break;
    case PUMP_BLOCKED:
        if (s->down.state == DIR_DONE || !client_gone(s))
            break;
        stream_term(s, 'C', 'D'); /* a server that is silent for hours must not work on for nobody */
        if (s->down.out_kind == FRAMING_CLOSE)
            s->flags |= STREAM_TRUNCATED;
        stream_end(s);
        return;
    case PUMP_DST:
        stream_term(s, 'C', 'D');
        front->flags |= CONN_RESET;
        stream_end(s);
        return;
    default: /* cut, reset, or nonsense from the server: never a clean end for the client (RFC 9112 section 8) */
        stream_term(s, rc == PUMP_MEMORY ? 'R' : rc == PUMP_SYNTAX ? 'P' : 'S', 'D');
        s->flags &= ~(uint32_t)STREAM_KEEP_CLIENT;
        if (s->down.out_kind == FRAMING_CLOSE)
            s->flags |= STREAM_TRUNCATED;
        stream_end(s);
        return;
    }
    stream_timer(s);
}

/* One direction of a tunnel; 1 when the stream was ended. */
static int tunnel_dir(struct stream *s, struct dir *d, struct conn *src, struct conn *dst)
{
    CHECK_CONN(s->front);
    BUG_ON(d->in_kind > FRAMING_TUNNEL);
    CHECK_STREAM(s);
    CHECK_CONN(src);
    CHECK_CONN(dst);
    if (d->state == DIR_SHUT)
        return 0;
    int rc = body_pump(s, d, src, dst);
    if (rc == PUMP_DONE) {
        d->state = DIR_SHUT;
        conn_shutw(dst);
        return 0;
    }
    if (rc == PUMP_BLOCKED)
        return 0;
    int client = (rc == PUMP_SRC) == (d == &s->up);
    stream_term(s, client ? 'C' : 'S', 'D');
    dst->flags |= CONN_RST_CLOSE; /* the other side sees a reset as a reset, not as an end */
    stream_end(s);
    return 1;
}

static void tunnel_run(struct stream *s)
{
    CHECK_CONN(s->front);
    CHECK_STREAM(s);
    if (tunnel_dir(s, &s->up, s->front, s->back) || tunnel_dir(s, &s->down, s->back, s->front))
        return;
    if (s->up.state == DIR_SHUT && s->down.state == DIR_SHUT) {
        s->flags |= STREAM_RES_DONE;
        stream_end(s);
        return;
    }
    stream_timer(s);
}

static void stream_step(struct stream *s)
{
    CHECK_CONN(s->front);
    stream_check(s);
    if (s->flags & STREAM_ENDING) {
        stream_end(s);
        return;
    }
    switch (s->state) {
    case ST_WAIT:
    case ST_QUEUE: wait_run(s); return;
    case ST_CONNECT: connect_run(s); return;
    case ST_SEND: send_run(s); return;
    case ST_BODY: body_run(s); return;
    case ST_TUNNEL: tunnel_run(s); return;
    case ST_LOCAL: local_run(s); return;
    default: return; /* policy has it */
    }
}

void stream_run(struct stream *s)
{
    uint32_t gen = s->gen;
    recording_work(s);
    stream_step(s);
    if (s->gen == gen) /* its memory stays, whatever became of it */
        recording_note(s);
}
