/* Events: what C tells policy. Written into the batch's event buffer; heads and bodies at hand lie in the arena. A batch
 * ends in eng_flush, which runs policy and executes its commands; whatever those raise is the next batch of the turn. */
#include "eng.h"
#include "recording.h"
#include "trace.h"

int event_room(struct eng *e, uint32_t arena)
{
    return e->nevents + 4 <= EVENTS_MAX && e->narena_conns + 1 < EVENTS_MAX &&
           e->nwith_policy + 4 < EVENTS_MAX && e->arena_used + arena + 64 <= e->arena_size;
}

uint32_t *event_put(struct eng *e, uint32_t kind, uint32_t words)
{
    CHECK_PROCESS(e->proc);
    CHECK_ENG(e);
    uint32_t *ev = e->events + e->event_words;
    BUG_ON(e->event_words + words > EVENTS_MAX * ABI_EVENT_END_WORDS);
    memset(ev, 0, words * sizeof(*ev));
    ev[ABI_E_KIND] = kind;
    e->event_words += words;
    e->nevents++;
    e->count.events++;
    return ev;
}

uint32_t *event_stream(struct stream *s, uint32_t kind, uint32_t reason)
{
    CHECK_CONN(s->front);
    CHECK_STREAM(s);
    struct eng *e = s->eng;
    uint32_t *ev = event_put(e, kind, ABI_EVENT_WORDS);
    ev[ABI_E_STREAM] = s->index;
    ev[ABI_E_STREAM_GEN] = s->gen;
    ev[ABI_E_CONN] = s->front->index;
    ev[ABI_E_CONN_GEN] = s->front->gen;
    ev[ABI_E_LISTENER] = s->front->listener;
    ev[ABI_E_REASON] = reason;
    ev[ABI_E_HEAD] = ev[ABI_E_FIELDS] = ABI_NONE;
    if (s->front->flags & (CONN_FIN | CONN_RDHUP))
        ev[ABI_E_FLAGS] |= ABI_EVF_CLIENT_FIN;
    s->flags &= ~(uint32_t)STREAM_ANSWERED;
    s->asked = (uint32_t)e->count.batches;
    BUG_ON(e->nwith_policy >= EVENTS_MAX);
    e->with_policy[e->nwith_policy].index = s->index;
    e->with_policy[e->nwith_policy++].gen = s->gen;
    return ev;
}

uint32_t arena_put(struct eng *e, const void *data, uint32_t len)
{
    CHECK_ENG(e);
    uint32_t at = e->arena_used;
    BUG_ON(at + len > e->arena_size);
    BUG_ON(at % 8 != 0);
    memcpy(e->arena + at, data, len);
    e->arena_used = (at + len + 7u) & ~7u;
    return at;
}

void arena_lend(struct eng *e, struct conn *c, uint32_t n)
{
    BUG_ON(e->arena_used + n > e->arena_size || e->narena_conns >= EVENTS_MAX);
    BUG_ON(c->eng != e || c->in_len != 0);
    c->in = e->arena + e->arena_used;
    c->in_len = n;
    c->flags |= CONN_IN_ARENA;
    e->arena_conns[e->narena_conns].conn = c;
    e->arena_conns[e->narena_conns++].gen = atomic_load_explicit(&c->gen, memory_order_relaxed);
    e->arena_used = (e->arena_used + n + 8u + 7u) & ~7u; /* 8: what the scanner must not touch */
}

void event_head(struct stream *s, uint32_t *ev, const struct head *h, const struct head_field *f,
                uint32_t text_off)
{
    CHECK_STREAM(s);
    struct eng *e = s->eng;
    const uint8_t *a = e->arena;
    BUG_ON((const uint8_t *)h < a || (const uint8_t *)h >= a + e->arena_size);
    ev[ABI_E_HEAD] = (uint32_t)((const uint8_t *)h - a) / 4;
    ev[ABI_E_FIELDS] = (uint32_t)((const uint8_t *)f - a) / 4;
    ev[ABI_E_TEXT] = text_off;
}

static uint32_t since(const struct stream *s, uint64_t at_ms)
{
    return at_ms == 0 ? ABI_NONE : (uint32_t)(at_ms - s->accept_ms);
}

char stream_stands_at(const struct stream *s)
{
    CHECK_STREAM(s);
    BUG_ON(s->state > ST_ENDED);
    switch (s->state) {
    case ST_QUEUE:
        return 'Q';
    case ST_CONNECT:
        return 'C';
    case ST_SEND:
    case ST_POLICY_FAIL:
    case ST_POLICY_RES:
        return 'H';
    case ST_BODY:
    case ST_TUNNEL:
    case ST_LOCAL:
        return 'D';
    default:
        return 'R';
    }
}

void event_end(struct stream *s, uint32_t session_end)
{
    CHECK_CONN(s->front);
    CHECK_STREAM(s);
    struct eng *e = s->eng;
    struct process *p = e->proc;
    uint32_t *ev = event_put(e, ABI_EV_END, ABI_EVENT_END_WORDS);
    BUG_ON(s->frontend >= p->nproxies);
    BUG_ON(s->server != ABI_NONE && s->server >= p->nservers);
    ev[ABI_E_STREAM] = s->index;
    ev[ABI_E_STREAM_GEN] = s->gen;
    ev[ABI_E_CONN] = s->front->index;
    ev[ABI_E_CONN_GEN] = s->front->gen;
    ev[ABI_E_LISTENER] = s->front->listener;
    ev[ABI_X_TERM] = (uint32_t)s->term_who | (uint32_t)s->term_when << 8;
    ev[ABI_X_STATUS] = s->status;
    ev[ABI_X_FLAGS] = (session_end ? ABI_XF_SESSION_END : 0) |
                      ((s->flags & STREAM_LOCAL_RES) ? ABI_XF_LOCAL : 0) |
                      ((s->flags & STREAM_REUSED) ? ABI_XF_REUSED : 0) |
                      ((s->flags & STREAM_RES_DONE) ? ABI_XF_RESPONSE_DONE : 0) |
                      (s->state == ST_TUNNEL ? ABI_XF_TUNNEL : 0);
    ev[ABI_X_SERVER] = s->server;
    ev[ABI_X_BYTES_OUT_LO] = (uint32_t)s->bytes_out;
    ev[ABI_X_BYTES_OUT_HI] = (uint32_t)(s->bytes_out >> 32);
    ev[ABI_X_BYTES_IN_LO] = (uint32_t)s->bytes_in;
    ev[ABI_X_BYTES_IN_HI] = (uint32_t)(s->bytes_in >> 32);
    ev[ABI_X_ACCEPT_SEC] = (uint32_t)(s->accept_wall_ms / 1000);
    ev[ABI_X_ACCEPT_MS] = (uint32_t)(s->accept_wall_ms % 1000);
    ev[ABI_X_REQUEST_SEC] = (uint32_t)(s->request_wall_ms / 1000);
    ev[ABI_X_REQUEST_MS] = (uint32_t)(s->request_wall_ms % 1000);
    ev[ABI_X_T_IDLE] = since(s, s->t_idle);
    ev[ABI_X_T_REQUEST] = since(s, s->t_request);
    ev[ABI_X_T_QUEUE] = since(s, s->t_queue);
    ev[ABI_X_T_CONNECT] = since(s, s->t_connect);
    ev[ABI_X_T_DATA] = since(s, s->t_data);
    ev[ABI_X_T_CLOSE] = since(s, e->now_ms);
    ev[ABI_X_ACTCONN] = (uint32_t)live_get(&live_process(p)->w[ABI_LIVE_ACTCONN]);
    ev[ABI_X_FECONN] = (uint32_t)live_get(&live_proxy(p, s->frontend)->w[ABI_LIVE_PX_FECONN]);
    if (s->backend != ABI_NONE)
        ev[ABI_X_BECONN] = (uint32_t)live_get(&live_proxy(p, s->backend)->w[ABI_LIVE_PX_BECONN]) -
                           !!(s->flags & STREAM_BECONN);
    if (s->server != ABI_NONE)
        ev[ABI_X_SRVCONN] = (uint32_t)live_get(&live_server(p, s->server)->w[ABI_LIVE_SV_SERVED]) -
                            !!(s->flags & STREAM_SLOT);
    ev[ABI_X_QUEUE_SERVER] = s->waiter.before_server;
    ev[ABI_X_QUEUE_BACKEND] = s->waiter.before_backend;
    ev[ABI_X_T_HANDSHAKE] = s->front->handshake_ms;
    ev[ABI_X_COMP_IN] = s->up.comp_in + s->down.comp_in;
    ev[ABI_X_COMP_OUT] = s->up.comp_out + s->down.comp_out;
    ev[ABI_X_COMP_BYP] = s->up.comp_byp + s->down.comp_byp;
}

void event_session_end(const struct conn *c)
{
    CHECK_CONN(c);
    CHECK_ENG(c->eng);
    uint32_t *ev = event_put(c->eng, ABI_EV_SESSION_END, ABI_EVENT_WORDS);
    ev[ABI_E_STREAM] = c->index;
    ev[ABI_E_STREAM_GEN] = c->gen;
    ev[ABI_E_LISTENER] = c->listener;
}

/* A stream that policy left without an answer is a bug of policy: it ends, the others go on. */
static void end_unanswered(struct eng *e, uint32_t index, uint32_t gen)
{
    CHECK_ENG(e);
    struct stream *s = stream_find(e, index, gen);
    if (s == NULL || (s->flags & STREAM_ANSWERED) || s->asked == (uint32_t)e->count.batches)
        return; /* the last: its command raised another event at once, which the next batch answers */
    e->count.unanswered++;
    stream_term(s, 'I', 'R');
    s->front->flags |= CONN_NO_REUSE;
    stream_end(s);
}

void eng_pin(struct eng *e)
{
    CHECK_PROCESS(e->proc);
    CHECK_ENG(e);
    for (uint32_t i = 0; i < e->narena_conns; i++) {
        struct conn *c = e->arena_conns[i].conn;
        /* in this order: an idle one may be another thread's in a moment, one with another name is */
        if (atomic_load_explicit(&c->in_idle, memory_order_acquire) ||
            atomic_load_explicit(&c->gen, memory_order_acquire) != e->arena_conns[i].gen)
            continue;
        if (!(c->flags & CONN_ALIVE) || !(c->flags & CONN_IN_ARENA) || conn_pin(c) == 0)
            continue;
        c->in_len = 0; /* no memory: this connection is lost, the others are not */
        c->flags |= CONN_RESET | CONN_FIN | CONN_NO_REUSE;
        conn_ready(c);
    }
    e->narena_conns = 0;
    if (e->nevents == 0)
        e->arena_used = 0;
}

void eng_flush(struct eng *e)
{
    CHECK_PROCESS(e->proc);
    eng_check(e);
    BUG_ON(e->in_batch || e->in_exec);
    while (e->nevents > 0) {
        uint32_t n = e->nevents, commands;
        uint32_t nstreams = e->nwith_policy;
        uint64_t told = e->traced ? trace_events_hash(e, e->event_words) : 0; /* policy may write on them */
        e->in_batch = 1;
        e->rec.thread->at = RECORD_AT_POLICY;
        commands = e->on_batch(e->batch_ctx, n);
        e->rec.thread->at = RECORD_AT_ENGINE;
        e->rec.thread->batches++;
        e->in_batch = 0;
        if (e->traced)
            trace_batch(e, told, n, commands);
        e->count.batches++;
        e->nevents = 0;
        e->event_words = 0;
        e->in_exec = 1;
        command_exec(e, commands);
        for (uint32_t i = 0; i < nstreams; i++)
            end_unanswered(e, e->with_policy[i].index, e->with_policy[i].gen);
        e->in_exec = 0;
        e->nwith_policy -= nstreams;
        memmove(e->with_policy, e->with_policy + nstreams, e->nwith_policy * sizeof(e->with_policy[0]));
        eng_pin(e);
    }
}
