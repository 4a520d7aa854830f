/* Streams: slab, life, deadlines, and the state machine's dispatch. The states' own work lies beside it: front.c reads
 * requests, server.c connects, h1_response.c reads responses, local.c answers, body.c moves bodies. */
#include "eng.h"
#include "recording.h"
#include <errno.h>

static struct stream *slab_take(struct eng *e)
{
    if (e->streams_free == NULL) {
        if (e->nstream_chunks == STREAM_CHUNKS_MAX)
            return NULL;
        struct stream *chunk = calloc(STREAM_CHUNK, sizeof(*chunk));
        struct stream **chunks = realloc(e->stream_chunks, (e->nstream_chunks + 1) * sizeof(*chunks));
        if (chunks != NULL)
            e->stream_chunks = chunks;
        if (chunk == NULL || chunks == NULL) {
            free(chunk);
            return NULL;
        }
        e->stream_chunks[e->nstream_chunks] = chunk;
        for (uint32_t i = STREAM_CHUNK; i-- > 0;) {
            chunk[i].index = e->nstream_chunks * STREAM_CHUNK + i;
            chunk[i].next_free = e->streams_free;
            e->streams_free = &chunk[i];
        }
        e->nstream_chunks++;
    }
    struct stream *s = e->streams_free;
    e->streams_free = s->next_free;
    return s;
}

/* Clears what a new stream must not inherit; heads and directions are set when they are used. */
static void stream_clear(struct stream *s, struct eng *e)
{
    uint32_t index = s->index, gen = s->gen + 1;
    memset(s, 0, offsetof(struct stream, req));
    memset((uint8_t *)s + offsetof(struct stream, fields), 0, sizeof(*s) - offsetof(struct stream, fields));
    s->magic = STREAM_MAGIC;
    s->index = index;
    s->gen = gen == 0 ? 1 : gen;
    s->eng = e;
    s->server = s->backend = ABI_NONE;
    s->timer.kind = TIMER_STREAM;
    s->up.pipe[0] = s->up.pipe[1] = s->down.pipe[0] = s->down.pipe[1] = -1;
}

struct stream *stream_new(struct eng *e, struct conn *front)
{
    struct stream *s = slab_take(e);
    if (s == NULL)
        return NULL;
    stream_clear(s, e);
    s->state = ST_POLICY;
    s->front = front;
    s->frontend = front->proxy;
    front->stream = s;
    front->nrequests++;
    memcpy(s->timeouts_ms, e->proc->proxies[s->frontend].timeouts_ms, sizeof(s->timeouts_ms));
    s->accept_ms = front->since_ms;
    s->accept_wall_ms = front->since_wall_ms;
    s->t_idle = front->first_byte_ms != 0 ? front->first_byte_ms : e->now_ms;
    s->request_wall_ms = front->first_byte_wall_ms != 0 ? front->first_byte_wall_ms : e->wall_ms;
    s->front_read_ms = s->front_sent_ms = s->back_read_ms = s->back_sent_ms = e->now_ms;
    e->streams_live++;
    e->count.streams++;
    recording_begin(s);
    return s;
}

struct stream *stream_find(struct eng *e, uint32_t index, uint32_t gen)
{
    CHECK_ENG(e);
    if (index >= e->nstream_chunks * STREAM_CHUNK)
        return NULL;
    struct stream *s = &e->stream_chunks[index / STREAM_CHUNK][index % STREAM_CHUNK];
    return s->gen == gen && s->state != ST_FREE ? s : NULL;
}

void stream_term(struct stream *s, char who, char when)
{
    CHECK_STREAM(s);
    if (s->term_who != 0)
        return;
    s->term_who = (uint8_t)who;
    s->term_when = (uint8_t)(when == 0 ? stream_stands_at(s) : when);
}

int stream_pin(struct stream *s)
{
    CHECK_CONN(s->front);
    CHECK_STREAM(s);
    struct eng *e = s->eng;
    uint32_t table = (uint32_t)s->req.nfields * (uint32_t)sizeof(struct head_field);
    uint32_t need = table + s->req.len;
    if ((s->flags & STREAM_REQ_PINNED) || s->fields == NULL)
        return 0;
    struct buf *b = need <= e->pool.big_size ? buf_take(&e->pool, need) : buf_take_large(&e->pool, need);
    if (b == NULL)
        return -ENOMEM;
    memcpy(b->mem, s->fields, table);
    memcpy(b->mem + table, s->head_bytes, s->req.len);
    s->fields = (struct head_field *)(void *)b->mem;
    s->head_bytes = b->mem + table;
    s->pin = b;
    s->flags |= STREAM_REQ_PINNED;
    return 0;
}

void stream_unpin(struct stream *s)
{
    CHECK_STREAM(s);
    if (s->pin != NULL)
        buf_give(&s->eng->pool, s->pin);
    s->pin = NULL;
    s->fields = NULL;
    s->head_bytes = NULL;
    s->flags &= ~(uint32_t)STREAM_REQ_PINNED;
}

void stream_release_slot(struct stream *s)
{
    CHECK_STREAM(s);
    if (!(s->flags & STREAM_SLOT))
        return;
    BUG_ON(s->server == ABI_NONE);
    s->flags &= ~(uint32_t)STREAM_SLOT;
    slot_release(s->eng->proc, s->server);
}

void stream_drop_back(struct stream *s, int keep)
{
    CHECK_CONN(s->front);
    CHECK_STREAM(s);
    struct conn *c = s->back;
    struct process *p = s->eng->proc;
    if (c == NULL)
        return;
    s->back = NULL;
    c->stream = NULL;
    keep = keep &&
           !(c->flags & (CONN_FIN | CONN_RDHUP | CONN_RESET | CONN_NO_REUSE | CONN_SHUTW | CONN_CONNECTING));
    conn_unready(c);
    keep = keep && !(c->flags & CONN_READY) && c->in_len == 0 && c->out.len == 0 && c->server != ABI_NONE &&
           !s->eng->stopping;
    int private = (s->fwd_flags & ABI_FWD_PRIVATE) || (c->flags & CONN_PRIVATE);
    if (keep && (p->servers[c->server].pool_max != 0 || private)) {
        timer_cancel(&s->eng->wheel, &c->timer);
        c->mux = &mux_idle_back;
        if (private) { /* it closes with the client, if that is soon */
            BUG_ON(s->front->kept != NULL);
            c->kept = s->front;
            s->front->kept = c;
            return;
        }
        if (idle_put(p, c, s->eng->thread))
            return;
    }
    conn_close(c);
}

static void stream_free(struct stream *s)
{
    struct eng *e = s->eng;
    recording_end(s);
    timer_cancel(&e->wheel, &s->timer);
    stream_unpin(s);
    if (s->image != NULL)
        buf_give(&e->pool, s->image);
    s->image = NULL;
    dir_close(s, &s->up);
    dir_close(s, &s->down);
    s->state = ST_FREE;
    s->gen++;
    s->next_free = e->streams_free;
    e->streams_free = s;
    e->streams_live--;
}

void stream_end(struct stream *s)
{
    CHECK_CONN(s->front);
    struct eng *e = s->eng;
    struct process *p = e->proc;
    struct conn *front = s->front;
    stream_check(s);
    if (!event_room(e, 0)) { /* END must not be lost: again after the batch */
        s->flags |= STREAM_ENDING;
        conn_ready(front);
        return;
    }
    if (s->state == ST_QUEUE)
        slot_queue_leave(
            p, &s->waiter); /* a grant under way in the mail finds a stale stream and gives the slot back */
    int keep_front = (s->flags & STREAM_KEEP_CLIENT) && (s->flags & STREAM_RES_DONE) &&
                     (!e->stopping || e->retire.on || e->spread.on) &&
                     !(front->flags & (CONN_FIN | CONN_RESET | CONN_NO_REUSE | CONN_SHUTW)) &&
                     front->out.len == 0 && (s->up.state == DIR_DONE || s->up.state == DIR_IDLE) &&
                     s->up.decoded == 0;
    int keep_back = (s->flags & STREAM_RES_DONE) && s->up.state == DIR_DONE && s->down.state == DIR_DONE &&
                    (s->fwd_flags & ABI_FWD_KEEP_SERVER) && s->state == ST_BODY;
    stream_drop_back(s, keep_back);
    if (s->term_who == 0 && (s->flags & STREAM_TRUNCATED))
        stream_term(s, 'S', 'D');
    event_end(s, !keep_front);
    stream_release_slot(s);
    if (s->flags & STREAM_BECONN)
        live_add(&live_proxy(p, s->backend)->w[ABI_LIVE_PX_BECONN], -1);
    front->stream = NULL;
    if (!keep_front)
        front->flags &= ~(uint32_t)CONN_SESSION; /* END said it */
    int truncated = (s->flags & STREAM_TRUNCATED) != 0;
    /* RFC 9112 section 9.6: a client that wanted to go on may be sending already, a reset would take its answer */
    int lingers = (s->flags & STREAM_RESPONDING) && !(s->flags & STREAM_TCP) && s->state != ST_TUNNEL &&
                  (!e->stopping || e->retire.on || e->spread.on) && s->req.kind == HEAD_REQUEST && head_keeps(&s->req);
    if (!(s->flags & STREAM_RESPONDING)) { /* no answer that an early close could destroy */
        front->flags &= ~(uint32_t)(CONN_LINGER | CONN_RD_READY);
        conn_consume(front, front->in_len);
    }
    stream_free(s);
    if (keep_front) {
        front_idle(front);
        return;
    }
    if (truncated)
        front->flags |= CONN_RST_CLOSE;
    else if (lingers)
        front->flags |= CONN_LINGER;
    front_gone(front, 0);
}

void stream_fail(struct stream *s, uint32_t reason, int err)
{
    CHECK_CONN(s->front);
    CHECK_STREAM(s);
    struct conn *back = s->back;
    uint32_t flags = 0;
    if (!event_room(s->eng, 0)) {
        conn_ready(s->front); /* comes back here through stream_run: the conn's flags still tell */
        return;
    }
    if (back != NULL && (back->flags & CONN_REUSED))
        flags |= ABI_EVF_REUSED;
    if ((s->flags & STREAM_SENT) || (reason == ABI_FAIL_CLIENT_GONE && s->state == ST_SEND))
        flags |= ABI_EVF_SENT;
    if (s->image != NULL && (!(s->flags & STREAM_SENT) || (s->flags & STREAM_CAPTURE)))
        flags |= ABI_EVF_REPLAYABLE;
    uint32_t *ev = event_stream(s, ABI_EV_FAIL, reason);
    ev[ABI_E_FLAGS] |= flags;
    ev[ABI_E_ARG] = (uint32_t)err;
    ev[ABI_E_ARG2] = s->server;
    s->state = ST_POLICY_FAIL;
    recording_event(s, RECORD_EV_FAIL, reason, (uint32_t)err, s->server);
    if (reason == ABI_FAIL_CLIENT_GONE)
        return;
    stream_drop_back(s, 0);
    stream_release_slot(s); /* another attempt takes its own: with maxconn 1 it would queue behind itself */
}

static void due(uint64_t base_ms, uint32_t timeout_ms, uint64_t *at)
{
    if (timeout_ms != 0 && base_ms + timeout_ms < *at)
        *at = base_ms + timeout_ms;
}

/* When the side was last heard of: bytes sent to it renew its reading time as well, unless the proxy has `option
 * independent-streams` (manual section 4.2). */
static uint64_t heard_ms(const struct stream *s, uint32_t proxy, uint64_t read_ms, uint64_t sent_ms)
{
    const struct process *p = s->eng->proc;
    CHECK_STREAM(s);
    if (proxy < p->nproxies && (p->proxies[proxy].flags & ABI_PXF_INDEPENDENT_STREAMS))
        return read_ms;
    return MAX(read_ms, sent_ms);
}

/* A tunnel: `timeout tunnel` replaces both sides' timeouts, the -fin ones hold once a side has shut. */
static void tunnel_deadlines(const struct stream *s, uint64_t *client_ret, uint64_t *server_ret)
{
    CHECK_CONN(s->front);
    const uint32_t *t = s->timeouts_ms;
    uint64_t client_ms = heard_ms(s, s->frontend, s->front_read_ms, MAX(s->front_sent_ms, s->back_read_ms));
    uint64_t server_ms = heard_ms(s, s->backend, s->back_read_ms, MAX(s->back_sent_ms, s->front_read_ms));
    uint32_t client = t[ABI_TIMEOUT_TUNNEL] ? t[ABI_TIMEOUT_TUNNEL] : t[ABI_TIMEOUT_CLIENT];
    uint32_t server = t[ABI_TIMEOUT_TUNNEL] ? t[ABI_TIMEOUT_TUNNEL] : t[ABI_TIMEOUT_SERVER];
    *client_ret = *server_ret = UINT64_MAX;
    if (s->down.state == DIR_SHUT && t[ABI_TIMEOUT_CLIENT_FIN])
        client = t[ABI_TIMEOUT_CLIENT_FIN]; /* our shut went to the client: its own end is awaited */
    if (s->up.state == DIR_SHUT && t[ABI_TIMEOUT_SERVER_FIN])
        server = t[ABI_TIMEOUT_SERVER_FIN];
    if (s->up.state != DIR_SHUT)
        due(client_ms, client, client_ret);
    if (s->down.state != DIR_SHUT)
        due(server_ms, server, server_ret);
}

/* Whose move it is in ST_SEND and ST_BODY: the client's while it does not take the response or owes the rest of its
 * request, which a server that does not take what is there already excuses. */
static int client_moves(const struct stream *s)
{
    CHECK_CONN(s->front);
    if (s->state == ST_BODY && (s->front->out.len > 0 || s->down.pipe_len > 0 || s->down.state == DIR_DONE))
        return 1;
    int unsent = s->up.pipe_len > 0 || (s->back != NULL && s->back->out.len > 0);
    return s->up.state != DIR_DONE && !unsent;
}

static uint64_t exchange_deadline(const struct stream *s)
{
    CHECK_STREAM(s);
    const uint32_t *t = s->timeouts_ms;
    uint64_t at = UINT64_MAX;
    if (!client_moves(s)) {
        int unsent = s->back != NULL && s->back->out.len > 0;
        due(unsent ? s->back_sent_ms : heard_ms(s, s->backend, s->back_read_ms, s->back_sent_ms),
            t[ABI_TIMEOUT_SERVER], &at);
    } else {
        int unsent = s->front->out.len > 0 || s->down.pipe_len > 0;
        due(unsent ? s->front_sent_ms : heard_ms(s, s->frontend, s->front_read_ms, s->front_sent_ms),
            t[ABI_TIMEOUT_CLIENT], &at);
    }
    return at;
}

/* The earliest moment at which something is overdue, UINT64_MAX for never. */
static uint64_t stream_deadline(const struct stream *s)
{
    CHECK_CONN(s->front);
    CHECK_STREAM(s);
    const uint32_t *t = s->timeouts_ms;
    uint64_t at = UINT64_MAX;
    switch (s->state) {
    case ST_WAIT:
    case ST_QUEUE:
    case ST_CONNECT: return s->deadline_ms;
    case ST_SEND:
    case ST_BODY: return exchange_deadline(s);
    case ST_TUNNEL: {
        uint64_t server;
        tunnel_deadlines(s, &at, &server);
        return MIN(at, server);
    }
    case ST_LOCAL: due(s->front_sent_ms, t[ABI_TIMEOUT_CLIENT], &at); return at;
    default: return at;
    }
}

void stream_timer(struct stream *s)
{
    CHECK_STREAM(s);
    uint64_t at = stream_deadline(s);
    if (at != UINT64_MAX && (!timer_armed(&s->timer) || at < s->timer.at_ms))
        timer_arm(&s->eng->wheel, &s->timer, at);
}

void stream_timeout(struct stream *s)
{
    CHECK_CONN(s->front);
    uint64_t now = s->eng->now_ms;
    stream_check(s);
    if (stream_deadline(s) > now) { /* armed lazily: progress was made since */
        stream_timer(s);
        return;
    }
    switch (s->state) {
    case ST_WAIT:
    case ST_QUEUE: stream_wake(s, ABI_WAKE_DEADLINE, 0); return;
    case ST_CONNECT: stream_fail(s, ABI_FAIL_CONNECT_TIMEOUT, ETIMEDOUT); return;
    case ST_SEND:
        if (!client_moves(s))
            stream_fail(s, ABI_FAIL_TIMEOUT, ETIMEDOUT);
        else
            stream_fail(s, ABI_FAIL_CLIENT_TIMEOUT, ETIMEDOUT);
        return;
    case ST_BODY:
        if (client_moves(s))
            stream_term(s, 'c', (s->flags & STREAM_RES_DONE) ? 'L' : 'D');
        else
            stream_term(s, 's', 'D');
        if (s->down.out_kind == FRAMING_CLOSE && !(s->flags & STREAM_RES_DONE))
            s->flags |= STREAM_TRUNCATED; /* cut, not ended: the client sees a reset */
        stream_end(s);
        return;
    case ST_TUNNEL: {
        uint64_t client, server;
        tunnel_deadlines(s, &client, &server);
        stream_term(s, server < client ? 's' : 'c', 'D');
        stream_end(s);
        return;
    }
    case ST_LOCAL:
        stream_term(s, 'c', 'D');
        stream_end(s);
        return;
    default: return; /* policy has it: its answer comes in this turn */
    }
}
