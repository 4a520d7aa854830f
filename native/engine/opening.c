/* What a client connection goes through before its mux, when its listener asks for it: policy is told that it came, its
 * PROXY header is read, policy is told that its session begins. Policy may close it at either event, in the same batch;
 * silence means go on. A header that comes in pieces is waited for, as its specification recommends and HAProxy does not:
 * the connection holds one buffer then. Ordinary listeners never come here. */
#include "eng.h"
#include "proxy_header/proxy_header.h"
#include <errno.h>

#define OPENING_FLAGS (ABI_LIF_ACCEPT_EVENT | ABI_LIF_ACCEPT_PROXY | ABI_LIF_SESSION_EVENT)

enum opening_step { OPENING_ACCEPT, OPENING_HANDSHAKE, OPENING_SESSION, OPENING_DONE, OPENING_FAILED, OPENING_REFUSED };

int opening_needed(const struct conn *c)
{
    CHECK_CONN(c);
    CHECK_PROCESS(c->eng->proc);
    return (c->eng->proc->listeners[c->listener].flags & OPENING_FLAGS) != 0;
}

/* Raises EV_CONNECTION; 0 when there is no room now. */
static int tell(struct conn *c, uint32_t reason, uint32_t argument)
{
    CHECK_CONN(c);
    struct eng *e = c->eng;
    CHECK_ENG(e);
    conn_ready(c); /* its next step comes behind the batch */
    if (!event_room(e, 0))
        return 0;
    uint32_t *ev = event_put(e, ABI_EV_CONNECTION, ABI_EVENT_WORDS);
    ev[ABI_E_CONN] = c->index;
    ev[ABI_E_CONN_GEN] = c->gen;
    ev[ABI_E_LISTENER] = c->listener;
    ev[ABI_E_REASON] = reason;
    ev[ABI_E_ARG] = argument;
    ev[ABI_E_MS] = c->handshake_ms;
    if ((c->flags & CONN_MOVED) && c->nrequests > 0)
        ev[ABI_E_FLAGS] |= ABI_EVF_MOVED;
    ev[ABI_K_ACCEPT_SEC] = (uint32_t)(c->since_wall_ms / 1000);
    ev[ABI_K_ACCEPT_MS] = (uint32_t)(c->since_wall_ms % 1000);
    c->flags |= CONN_SESSION | CONN_ASKED;
    c->asked = (uint32_t)e->count.batches;
    return 1;
}

/* <error>: HANDSHAKE_*. Said to policy, which logs it; then the connection is closed. */
static void fail(struct conn *c, uint32_t error)
{
    CHECK_CONN(c);
    BUG_ON(error == 0 || error > UINT8_MAX);
    c->opening = OPENING_FAILED;
    c->opening_error = (uint8_t)error;
    conn_ready(c);
}

static uint64_t handshake_deadline(const struct conn *c)
{
    CHECK_CONN(c);
    const struct proxy_conf *px = &c->eng->proc->proxies[c->proxy];
    CHECK_PROCESS(c->eng->proc);
    uint32_t ms = px->handshake_ms != 0 ? px->handshake_ms : px->timeouts_ms[ABI_TIMEOUT_CLIENT];
    return ms == 0 ? UINT64_MAX : c->since_ms + ms;
}

/* Keeps what the header says, for as long as the connection lives. */
static int facts_keep(struct conn *c, const struct proxy_header *h, const uint8_t *bytes)
{
    CHECK_CONN(c);
    BUG_ON(c->proxied != NULL);
    struct conn_proxied *p = malloc(sizeof(*p) + h->tlvs_len);
    if (p == NULL)
        return -ENOMEM;
    p->src_len = h->src_len;
    p->dst_len = h->dst_len;
    memcpy(p->src, h->src, sizeof(p->src));
    memcpy(p->dst, h->dst, sizeof(p->dst));
    p->tlvs_len = h->tlvs_len;
    if (h->tlvs_len > 0)
        memcpy(p->tlvs, bytes + h->tlvs, h->tlvs_len);
    c->proxied = p;
    return 0;
}

/* What is there is a header, or can become one, or never will. */
static int header_take(struct conn *c)
{
    CHECK_CONN(c);
    struct proxy_header h;
    STATIC_ASSERT(sizeof(h.src) == CONN_ADDR_LEN);
    BUG_ON(c->in_len == 0);
    int len = proxy_header_parse(c->in, c->in_len, &h);
    if (len == -PROXY_TRUNCATED && c->in_len < c->eng->pool.big_size && !(c->flags & (CONN_FIN | CONN_RESET)))
        return 0;
    if (len < 0) {
        c->flags |= CONN_RST_CLOSE; /* as HAProxy, which leaves the bytes unread */
        fail(c, (uint32_t)-len);
        return -1;
    }
    if (facts_keep(c, &h, c->in) < 0) {
        fail(c, ABI_HANDSHAKE_ABORT);
        return -1;
    }
    conn_consume(c, (uint32_t)len);
    c->handshake_ms = (uint32_t)(c->eng->now_ms - c->since_ms);
    timer_cancel(&c->eng->wheel, &c->timer);
    return 1;
}

/* Reads once: first where policy will look at what follows, then behind it. <= 0 nothing now, or too much. */
static int handshake_read(struct conn *c)
{
    CHECK_CONN(c);
    struct eng *e = c->eng;
    CHECK_ENG(e);
    if (!(c->flags & CONN_RD_READY))
        return 0;
    if (c->in_len > 0)
        return conn_fill(c, e->pool.big_size);
    uint32_t n = conn_recv(c, e->arena + e->arena_used, e->pool.big_size);
    if (n > 0)
        arena_lend(e, c, n);
    return (int)n;
}

/* Reads the header; 1 when it is there, 0 when nothing came yet, or it failed. */
static int handshake(struct conn *c)
{
    CHECK_CONN(c);
    struct eng *e = c->eng;
    CHECK_ENG(e);
    if (!event_room(e, e->pool.big_size)) {
        conn_ready(c);
        return 0;
    }
    int taken = 0;
    while (taken == 0 && handshake_read(c) > 0)
        taken = header_take(c);
    if (taken != 0)
        return taken > 0;
    if (c->flags & CONN_RESET)
        fail(c, ABI_HANDSHAKE_ABORT);
    else if (c->flags & CONN_FIN)
        fail(c, c->in_len > 0 ? ABI_HANDSHAKE_TRUNCATED : ABI_HANDSHAKE_EMPTY);
    else if (c->in_len > 0 && conn_pin_big(c) < 0)
        fail(c, ABI_HANDSHAKE_ABORT);
    else if (handshake_deadline(c) != UINT64_MAX)
        conn_timer_lower(c, handshake_deadline(c));
    return 0;
}

static void opening_run(struct conn *c)
{
    CHECK_ENG(c->eng);
    conn_check(c);
    struct eng *e = c->eng;
    uint32_t flags = e->proc->listeners[c->listener].flags;
    if (c->flags & CONN_ASKED) {
        if (c->asked == (uint32_t)e->count.batches) {
            conn_ready(c); /* policy has not answered yet */
            return;
        }
        c->flags &= ~(uint32_t)CONN_ASKED;
    }
    for (;;) {
        switch (c->opening) {
        case OPENING_ACCEPT:
            if ((flags & ABI_LIF_ACCEPT_EVENT) && !tell(c, ABI_CONNECTION_ACCEPTED, 0))
                return;
            c->opening = OPENING_HANDSHAKE;
            if ((flags & ABI_LIF_ACCEPT_PROXY) && !(c->flags & CONN_MOVED)) /* the other process read its header */
                c->flags |= CONN_EXPECT_PROXY;
            if (flags & ABI_LIF_ACCEPT_EVENT)
                return;
            break;
        case OPENING_HANDSHAKE:
            if ((c->flags & CONN_EXPECT_PROXY) && !handshake(c))
                return;
            c->opening = OPENING_SESSION;
            break;
        case OPENING_SESSION:
            if ((flags & ABI_LIF_SESSION_EVENT) && !tell(c, ABI_CONNECTION_OPEN, 0))
                return;
            c->opening = OPENING_DONE;
            if (flags & ABI_LIF_SESSION_EVENT)
                return;
            break;
        case OPENING_DONE:
            front_begin(c);
            return;
        case OPENING_FAILED:
            if (tell(c, ABI_CONNECTION_FAILED, c->opening_error))
                c->opening = OPENING_REFUSED;
            return;
        default: front_gone(c, 1); return;
        }
    }
}

static void opening_timeout(struct conn *c)
{
    CHECK_CONN(c);
    if (c->opening != OPENING_HANDSHAKE || !(c->flags & CONN_EXPECT_PROXY))
        return;
    uint64_t at = handshake_deadline(c);
    if (at > c->eng->now_ms)
        conn_timer_lower(c, at);
    else
        fail(c, ABI_HANDSHAKE_TIMEOUT);
}

/* Mode tcp: the session is its one stream, and policy is asked at once. */
void session_begin(struct conn *c)
{
    CHECK_ENG(c->eng);
    CHECK_CONN(c);
    struct eng *e = c->eng;
    if (!event_room(e, 0)) {
        conn_ready(c);
        c->mux = &mux_session;
        return;
    }
    struct stream *s = stream_new(e, c);
    c->mux = &mux_h1_front; /* which hands everything to the stream */
    if (s == NULL) {
        front_gone(c, 0);
        return;
    }
    memset(&s->req, 0, sizeof(s->req));
    dir_open(&s->up, &(struct framing){.kind = FRAMING_TUNNEL});
    s->flags |= STREAM_TCP;
    s->t_request = e->now_ms;
    uint32_t *ev = event_stream(s, ABI_EV_SESSION, 0);
    if (!(c->flags & CONN_SESSION))
        ev[ABI_E_FLAGS] |= ABI_EVF_FIRST;
    c->flags |= CONN_SESSION;
}

static void session_timeout(struct conn *c)
{
    (void)c;
}

/* A new session for which the event buffer had no room. */
const struct mux mux_session = {.name = "session", .run = session_begin, .timeout = session_timeout};

const struct mux mux_opening = {.name = "opening", .run = opening_run, .timeout = opening_timeout};

void opening_begin(struct conn *c)
{
    CHECK_CONN(c);
    BUG_ON(c->side != CONN_FRONT || c->stream != NULL);
    c->mux = &mux_opening;
    c->opening = OPENING_ACCEPT;
    opening_run(c);
}

int opening_command(struct eng *e, const uint32_t *cmd)
{
    CHECK_ENG(e);
    CHECK_PROCESS(e->proc);
    struct conn *c = conn_find(e->proc, cmd[ABI_C_STREAM], cmd[ABI_C_STREAM_GEN]);
    uint32_t how = cmd[ABI_C_HOW];
    if (c == NULL || c->thread != e->thread || c->side != CONN_FRONT || c->mux != &mux_opening)
        return -ENOENT;
    if (how > ABI_CONNECTION_EXPECT_PROXY)
        return -EINVAL;
    if (how == ABI_CONNECTION_EXPECT_PROXY) {
        if (c->opening != OPENING_HANDSHAKE)
            return -EPROTO;
        if (!(c->flags & CONN_MOVED))
            c->flags |= CONN_EXPECT_PROXY;
        return 0;
    }
    c->opening = OPENING_REFUSED;
    if (how != ABI_ABORT_CLOSE || c->in_len > 0) /* bytes that nobody will read */
        c->flags |= CONN_RST_CLOSE;
    if (how == ABI_ABORT_SILENT)
        conn_silence(c);
    return 0;
}
