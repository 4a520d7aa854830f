/* The client side of HTTP/1: reads heads, makes streams of them, and looks after a connection between its requests.
 * A connection without a stream owns at most one buffer, and none while it is idle. */
#include "eng.h"
#include "watched.h"
#include "recording.h"
#include <errno.h>

#define FIRST_BYTES_LOG_MAX 1024u /* bytes of a broken request that policy gets to see */

/* Room for a head: tune.bufsize less tune.maxrewrite, and the scanner's state behind a partial one. */
static uint32_t head_room(const struct eng *e)
{
    uint32_t reserve = MAX(e->proc->limits.maxrewrite, (uint32_t)sizeof(struct head) + 8u);
    return e->pool.big_size - reserve;
}

/* When the connection has to say something by; UINT64_MAX for never. */
static uint64_t front_deadline(const struct conn *c)
{
    CHECK_ENG(c->eng);
    CHECK_CONN(c);
    const uint32_t *t = c->eng->proc->proxies[c->proxy].timeouts_ms;
    int begun = (c->flags & CONN_BYTES_SEEN) != 0;
    uint32_t ms = t[ABI_TIMEOUT_HTTP_REQUEST];
    uint64_t base = c->since_ms + c->handshake_ms;
    if (c->nrequests > 0 && !begun) {
        ms = t[ABI_TIMEOUT_HTTP_KEEP_ALIVE] ? t[ABI_TIMEOUT_HTTP_KEEP_ALIVE] : ms;
    } else if (begun && c->nrequests > 0) {
        base = c->first_byte_ms;
    }
    if (ms == 0)
        ms = t[ABI_TIMEOUT_CLIENT];
    uint64_t at = ms == 0 ? UINT64_MAX : base + ms;
    return MIN(at, retire_deadline(c));
}

static void front_timer(struct conn *c)
{
    CHECK_CONN(c);
    uint64_t at = front_deadline(c);
    if (at != UINT64_MAX)
        conn_timer_lower(c, at);
}

void front_spread(struct conn *c)
{
    CHECK_CONN(c);
    BUG_ON(c->mux != &mux_h1_front);
    front_timer(c);
}

/* Nothing of it is in user space: another process may have it. */
static void front_rest(struct conn *c)
{
    CHECK_CONN(c);
    const struct eng *e = c->eng;
    BUG_ON(c->in_len != 0 || c->out.len != 0);
    if (c->proxied != NULL && c->proxied->tlvs_len > 0)
        return; /* its records would not go with it */
    if (e->proc->listeners[c->listener].socket_id == 0 || (c->kept != NULL && (c->kept->flags & CONN_PRIVATE)))
        return; /* no other process could name it; a server knows it by itself */
    if (c->proxied != NULL && c->proxied->tlvs_len > 0)
        return; /* no record has room for them */
    if (c->cookie == 0 && c->nrequests > 0)
        e->sys->sock_cookie(e->sys->ctx, c->fd, &c->cookie);
    conn_set_state(c, CONN_STATE_IDLE);
}

void front_idle(struct conn *c)
{
    CHECK_ENG(c->eng);
    CHECK_CONN(c);
    struct eng *e = c->eng;
    c->since_ms = e->now_ms;
    c->since_wall_ms = e->wall_ms;
    c->flags &= ~(uint32_t)CONN_BYTES_SEEN;
    c->first_byte_ms = c->first_byte_wall_ms = 0;
    c->handshake_ms = 0;
    c->mux = &mux_h1_front;
    if (c->in_len == 0)
        front_rest(c);
    if (retire_take(c))
        return;
    front_timer(c);
    if (c->in_len > 0 || (c->flags & CONN_RD_READY))
        conn_ready(c);
}

/* Policy's first event of this client. */
static void front_first(struct conn *c, uint32_t *ev)
{
    CHECK_CONN(c);
    BUG_ON(c->nrequests == 0); /* its stream was made */
    if (!(c->flags & CONN_SESSION))
        ev[ABI_E_FLAGS] |= ABI_EVF_FIRST | ((c->flags & CONN_MOVED) && c->nrequests > 1 ? ABI_EVF_MOVED : 0);
    c->flags |= CONN_SESSION;
}

/* No request will come of what was read: policy answers and logs it as a stream of its own. */
static void front_bad(struct conn *c, uint32_t reason, uint32_t status)
{
    CHECK_ENG(c->eng);
    CHECK_CONN(c);
    struct eng *e = c->eng;
    uint32_t len = MIN(c->in_len, FIRST_BYTES_LOG_MAX);
    struct stream *s = stream_new(e, c);
    if (s == NULL) {
        front_gone(c, 1);
        return;
    }
    c->flags |= CONN_NO_REUSE;
    s->up.state = DIR_DONE;
    s->up.in_kind = FRAMING_NONE;
    s->t_idle = 0; /* the whole time was spent waiting for a request */
    memset(&s->req, 0, sizeof(s->req));
    uint32_t off = arena_put(e, c->in_len > 0 ? c->in : (const uint8_t *)"", len);
    uint32_t *ev = event_stream(s, ABI_EV_BAD_REQUEST, reason);
    front_first(c, ev);
    ev[ABI_E_BODY] = off;
    ev[ABI_E_BODY_LEN] = len;
    ev[ABI_E_ARG] = status;
    ev[ABI_E_ARG2] = c->in_len;
    if (c->in_len > 0)
        conn_consume(c, c->in_len);
}

/* The client ended before a request was whole. Silence on a kept connection is no event; on a new one it is logged
 * unless dontlognull says otherwise. */
static void front_eof(struct conn *c)
{
    CHECK_ENG(c->eng);
    CHECK_CONN(c);
    uint32_t flags = c->eng->proc->proxies[c->proxy].flags;
    int reset = (c->flags & CONN_RESET) != 0;
    if (c->in_len == 0 &&
        (c->nrequests > 0 || (flags & (ABI_PXF_DONTLOGNULL | ABI_PXF_HTTP_IGNORE_PROBES)))) {
        front_gone(c, 1);
        return;
    }
    if (!event_room(c->eng, FIRST_BYTES_LOG_MAX)) {
        conn_ready(c);
        return;
    }
    front_bad(c, reset ? ABI_BAD_RESET : ABI_BAD_CLOSED, 400);
}

static void front_timeout(struct conn *c)
{
    CHECK_ENG(c->eng);
    CHECK_CONN(c);
    if (c->stream != NULL)
        return; /* its stream has a timer of its own; this one is armed again when it is idle */
    uint64_t at = front_deadline(c);
    if (at > c->eng->now_ms) {
        front_timer(c);
        return;
    }
    uint32_t flags = c->eng->proc->proxies[c->proxy].flags;
    int quiet = retire_deadline(c) <= c->eng->now_ms;
    if (c->in_len == 0 && (c->nrequests > 0 || quiet || (flags & ABI_PXF_HTTP_IGNORE_PROBES))) {
        front_gone(c, 1); /* an idle connection: closed without a word (RFC 9112 9.5) */
        return;
    }
    if (!event_room(c->eng, FIRST_BYTES_LOG_MAX)) {
        conn_timer_lower(c, c->eng->now_ms + 1);
        return;
    }
    front_bad(c, ABI_BAD_TIMEOUT, 408);
}

/* A whole head lies at c->in: a stream is made and policy asked. <h> and <f> lie in the arena, as do the bytes. */
static void front_request(struct conn *c, const struct head *h, struct head_field *f, uint8_t *bytes)
{
    CHECK_ENG(c->eng);
    CHECK_CONN(c);
    struct eng *e = c->eng;
    struct stream *s = stream_new(e, c);
    struct framing framing;
    if (s == NULL) {
        front_gone(c, 1);
        return;
    }
    s->req = *h;
    s->fields = f;
    s->head_bytes = bytes;
    s->t_request = e->now_ms;
    s->bytes_in = head_weight(h, f, bytes);
    recording_head(s, h, f, bytes);
    conn_consume(c, h->len);
    if (framing_of_request(h, &framing) < 0) {
        framing.kind = FRAMING_NONE;
        c->flags |= CONN_NO_REUSE;
    }
    if (framing.kind == FRAMING_TUNNEL)
        framing.kind = FRAMING_NONE; /* CONNECT: a tunnel only when the server agrees */
    dir_open(&s->up, &framing);
    if (h->method_id == HTTP_METHOD_HEAD)
        s->flags |= STREAM_HEAD_REQ;
    if (head_keeps(h) && !(h->flags & HEAD_F_MUST_CLOSE) &&
        !(e->proc->proxies[c->proxy].flags & ABI_PXF_NO_KEEPALIVE))
        s->flags |= STREAM_KEEP_CLIENT;
    live_add(&live_process(e->proc)->w[ABI_LIVE_CUM_REQ], 1);
    uint32_t *ev = event_stream(s, ABI_EV_REQUEST, 0);
    event_head(s, ev, h, f, (uint32_t)(bytes - e->arena));
    front_first(c, ev);
    if (s->up.state == DIR_DONE)
        ev[ABI_E_FLAGS] |= ABI_EVF_BODY_NONE | ABI_EVF_BODY_END;
    else if (s->up.in_kind == FRAMING_CHUNKED)
        body_show(s, c, ev);
    server_private(c, ev);
    ev[ABI_E_MS] = (uint32_t)(s->t_request - s->accept_ms);
}

/* Scans what lies at c->in; 1 when a head was found or refused, 0 when more is needed. */
static int front_scan(struct conn *c)
{
    CHECK_ENG(c->eng);
    CHECK_CONN(c);
    struct eng *e = c->eng;
    uint32_t opts = (e->proc->proxies[c->proxy].flags & ABI_PXF_ACCEPT_UNSAFE) ? HEAD_OPT_ACCEPT_UNSAFE : 0;
    int partial = c->in_buf != NULL;
    struct head *h = (struct head *)(void *)(e->arena + e->arena_used);
    struct head_field *f =
        (struct head_field *)(void *)(e->arena + e->arena_used + ((sizeof(*h) + 7u) & ~7u));
    struct head *kept = partial ? (struct head *)(void *)(c->in_buf->mem + head_room(e)) : NULL;
    uint32_t len = MIN(c->in_len, head_room(e));
    if (partial && c->in_buf->off == 0 && c->in_buf->size == e->pool.big_size && (c->flags & CONN_HEAD_KEPT))
        memcpy(h, kept, sizeof(*h));
    else
        memset(h, 0, sizeof(*h));
    int rc = watched_scan(e, h, f, c->in, len, HEAD_REQUEST, opts);
    if (rc > 0) {
        uint8_t *bytes = c->in;
        c->flags &= ~(uint32_t)CONN_HEAD_KEPT;
        e->arena_used += (uint32_t)(((sizeof(*h) + 7u) & ~7u) + h->nfields * sizeof(*f));
        e->arena_used = (e->arena_used + 7u) & ~7u;
        if (partial) /* the table counts from the head's first byte, wherever that lies */
            bytes = e->arena + arena_put(e, c->in, (uint32_t)rc);
        front_request(c, h, f, bytes);
        return 1;
    }
    if (rc < 0 || c->in_len >= head_room(e)) {
        uint32_t status = rc < 0 ? h->error : head_too_big_status(c->in, len);
        c->flags &= ~(uint32_t)CONN_HEAD_KEPT;
        front_bad(c, rc < 0 ? ABI_BAD_SYNTAX : ABI_BAD_TOO_LARGE, status);
        return 1;
    }
    if (partial && c->in_buf->off == 0 && c->in_buf->size == e->pool.big_size) {
        memcpy(kept, h, sizeof(*h));
        c->flags |= CONN_HEAD_KEPT;
    }
    return 0;
}

static void front_first_byte(struct conn *c)
{
    CHECK_CONN(c);
    if (c->flags & CONN_BYTES_SEEN)
        return;
    c->flags |= CONN_BYTES_SEEN;
    c->first_byte_ms = c->eng->now_ms;
    c->first_byte_wall_ms = c->eng->wall_ms;
}

/* Reads the first bytes of a request where policy will look at them: into the arena. */
static uint32_t front_recv(struct conn *c)
{
    CHECK_ENG(c->eng);
    CHECK_CONN(c);
    struct eng *e = c->eng;
    uint8_t *at = e->arena + e->arena_used;
    uint32_t n = conn_recv(c, at, head_room(e));
    if (n == 0)
        return 0;
    arena_lend(e, c, n);
    return n;
}

static void front_run(struct conn *c)
{
    CHECK_ENG(c->eng);
    struct eng *e = c->eng;
    uint32_t need =
        e->pool.big_size * 2 + e->proc->limits.max_fields * (uint32_t)sizeof(struct head_field) + 512;
    conn_check(c);
    if (c->stream != NULL) {
        stream_run(c->stream);
        return;
    }
    if (e->retire.on) {
        if (retire_take(c))
            return;
        front_timer(c);
    }
    for (;;) {
        if (!event_room(e, need)) {
            conn_ready(c);
            return;
        }
        if (c->in_len > 0) {
            front_first_byte(c);
            if (front_scan(c))
                return;
            if (conn_pin_big(c) < 0) {
                front_gone(c, 1);
                return;
            }
            if (c->nrequests > 0)
                front_timer(c);
        }
        if (c->flags & (CONN_FIN | CONN_RESET)) {
            front_eof(c);
            return;
        }
        if (!(c->flags & CONN_RD_READY)) {
            if (c->in_len == 0)
                front_rest(c);
            return;
        }
        conn_set_state(c, CONN_STATE_BUSY);
        if (c->in_len == 0) {
            front_recv(c);
        } else if (conn_fill(c, head_room(e)) < 0) {
            front_gone(c, 1);
            return;
        }
    }
}

const struct mux mux_h1_front = {.name = "h1", .run = front_run, .timeout = front_timeout};

/* A client connection was accepted or adopted: mode tcp asks policy at once, HTTP waits for a head. */
void front_open(struct conn *c)
{
    CHECK_CONN(c);
    if (opening_needed(c))
        opening_begin(c);
    else
        front_begin(c);
}

void front_begin(struct conn *c)
{
    CHECK_ENG(c->eng);
    CHECK_CONN(c);
    struct eng *e = c->eng;
    c->mux = &mux_h1_front;
    if (e->proc->proxies[c->proxy].flags & ABI_PXF_HTTP) {
        front_timer(c);
        if (c->in_len == 0)
            front_rest(c);
        if (c->in_len > 0 || (c->flags & CONN_RD_READY) || e->retire.on)
            conn_ready(c);
        return;
    }
    session_begin(c);
}
