/* The sending side of retire.h. A connection is taken between two requests: when policy's last response has left, after
 * its accept, or when the worker is told to retire. It waits in the packet for the end of the round, is polled still but
 * not read, and is closed here once the message is in the successor's queue. A full queue is tried again by timer;
 * until then the connection is served as ever. Nobody there any more: what is left ends as if it could not move. */
#include "eng.h"
#include "trace.h"
#include <errno.h>
#include <sys/epoll.h>

/* What keeps a connection here for good: its listener is unknown to the successor, or a server knows it by itself. */
static int may_move(const struct conn *c)
{
    const struct eng *e = c->eng;
    CHECK_CONN(c);
    BUG_ON(c->listener >= e->proc->nlisteners);
    if (e->retire.fd < 0 || !e->retire.movable[c->listener] || c->xprt != &xprt_raw)
        return 0;
    if (!(e->proc->proxies[c->proxy].flags & ABI_PXF_HTTP) || (c->proxied != NULL && c->proxied->tlvs_len > 0))
        return 0;
    return c->kept == NULL || !(c->kept->flags & CONN_PRIVATE);
}

int retire_keeps(const struct conn *c)
{
    CHECK_CONN(c);
    CHECK_ENG(c->eng);
    return !c->eng->stopping || (c->eng->retire.on && may_move(c)) || spread_keeps(c);
}

uint64_t retire_deadline(const struct conn *c)
{
    CHECK_CONN(c);
    CHECK_ENG(c->eng);
    if (!c->eng->stopping || (c->flags & CONN_BYTES_SEEN) || may_move(c))
        return UINT64_MAX;
    if (c->eng->spread.on)
        return spread_deadline(c);
    if (!c->eng->retire.on)
        return UINT64_MAX;
    return MAX(c->eng->retire.quiet_ms, c->since_ms) + RETIRE_QUIET_MS;
}

static void leaving_run(struct conn *c)
{
    BUG_ON(c->eng->retire.npacket == 0); /* what came for it stays in the kernel, and travels with it */
}

static void leaving_timeout(struct conn *c)
{
    BUG_ON(c->eng->retire.npacket == 0);
}

static const struct mux mux_leaving = {.name = "leaving", .run = leaving_run, .timeout = leaving_timeout};

int retire_take(struct conn *c)
{
    struct eng *e = c->eng;
    struct retire *r = &e->retire;
    CHECK_CONN(c);
    BUG_ON(c->stream != NULL);
    if (!r->on || c->mux != &mux_h1_front || !conn_is_idle(c) || !may_move(c) || e->now_ms < r->blocked_ms ||
        (c->flags & (CONN_FIN | CONN_RDHUP | CONN_RESET | CONN_SHUTW | CONN_NO_REUSE)))
        return 0;
    if (r->npacket == HANDOVER_RECORDS_MAX) {
        conn_ready(c); /* the next packet has it */
        return 1;
    }
    timer_cancel(&e->wheel, &c->timer);
    c->mux = &mux_leaving;
    r->packet[r->npacket++] = c;
    return 1;
}

/* It goes on here. */
static void take_back(struct conn *c)
{
    CHECK_CONN(c);
    BUG_ON(c->mux != &mux_leaving);
    conn_set_state(c, CONN_STATE_IDLE);
    BUG_ON(c->stream != NULL);
    front_begin(c); /* which looks for what has come meanwhile */
}

/* The successor has it: policy forgets its session, this process its descriptor. */
static void gone(struct conn *c)
{
    struct eng *e = c->eng;
    CHECK_CONN(c);
    CHECK_ENG(e);
    if (c->flags & CONN_SESSION)
        event_session_end(c);
    /* a server connection kept for it alone (http-reuse never) closes with it: its server knows no client by it */
    e->sys->poll_ctl(e->sys->ctx, e->poll_fd, EPOLL_CTL_DEL, c->fd, 0, 0); /* close would not: others have it open */
    c->flags &= ~(uint32_t)(CONN_NOLINGER | CONN_RST_CLOSE | CONN_SESSION); /* the socket lives on */
    e->count.moved_out++;
    listener_release(e, c);
    conn_close(c);
}

static int send_packet(struct eng *e, uint32_t count)
{
    struct handover_packet packet;
    int fds[HANDOVER_RECORDS_MAX];
    CHECK_ENG(e);
    BUG_ON(count == 0 || count > HANDOVER_RECORDS_MAX);
    packet.head = (struct handover_head){
        .magic = HANDOVER_MAGIC, .version = HANDOVER_VERSION, .count = (uint16_t)count};
    for (uint32_t i = 0; i < count; i++) {
        struct conn *c = e->retire.packet[i];
        BUG_ON(c->mux != &mux_leaving || c->in_len != 0 || c->out.len != 0 || c->stream != NULL);
        conn_set_state(c, CONN_STATE_BUSY); /* a crash from here on must not send it twice */
        if (c->cookie == 0)
            e->sys->sock_cookie(e->sys->ctx, c->fd, &c->cookie);
        handover_fill(&packet.records[i], c, e->proc->listeners[c->listener].socket_id, e->now_ms);
        fds[i] = c->fd;
    }
    return e->sys->send_fds(e->sys->ctx, e->retire.fd, &packet, HANDOVER_PACKET_LEN(count), fds, count);
}

/* All client connections of this thread that are between two requests. */
static void consider_all(struct eng *e)
{
    struct process *p = e->proc;
    CHECK_PROCESS(p);
    CHECK_ENG(e);
    uint32_t end = atomic_load(&p->conns_used_end);
    for (uint32_t i = 0; i < end; i++) {
        struct conn *c = &p->conns[i];
        if (!conn_is_of(c, e->thread) || !(c->flags & CONN_ALIVE) || c->side != CONN_FRONT ||
            c->stream != NULL || c->mux != &mux_h1_front)
            continue;
        uint64_t at = retire_deadline(c);
        if (!retire_take(c) && at != UINT64_MAX)
            conn_timer_lower(c, at);
        if (e->retire.npacket == HANDOVER_RECORDS_MAX) {
            eng_flush(e);
            retire_flush(e);
        }
    }
}

/* Nothing was taken: soon again, or never when nobody is there, or nobody reads for too long. */
static void failed(struct eng *e, int err)
{
    struct retire *r = &e->retire;
    CHECK_ENG(e);
    BUG_ON(err >= 0);
    int full = err == -EAGAIN || err == -ETOOMANYREFS || err == -ENOBUFS || err == -ENOMEM;
    if (r->failing_ms == 0)
        r->failing_ms = e->now_ms;
    if (full && e->now_ms - r->failing_ms < RETIRE_TRY_MS) {
        r->blocked_ms = e->now_ms + RETIRE_RETRY_MS;
        timer_arm(&e->wheel, &r->timer, r->blocked_ms);
        return;
    }
    r->fd = -1;
    r->quiet_ms = e->now_ms;
    e->count.move_errors++;
    timer_arm(&e->wheel, &r->timer, e->now_ms); /* those that waited for it: their time is measured now */
}

void retire_flush(struct eng *e)
{
    struct retire *r = &e->retire;
    uint32_t count = r->npacket;
    CHECK_ENG(e);
    BUG_ON(e->in_batch || e->in_exec);
    if (count == 0 || e->nevents + count + 4 > EVENTS_MAX)
        return;
    int rc = send_packet(e, count);
    r->npacket = 0;
    if (rc >= 0)
        r->failing_ms = 0;
    else
        failed(e, rc);
    for (uint32_t i = 0; i < count; i++) {
        if (rc >= 0)
            gone(r->packet[i]);
        else
            take_back(r->packet[i]);
    }
}

void retire_again(struct eng *e)
{
    CHECK_ENG(e);
    BUG_ON(!e->retire.on);
    e->retire.due = 0;
    consider_all(e);
}

int eng_retire(struct eng *e, int fd, const uint32_t *movable, uint32_t n)
{
    struct process *p = e->proc;
    struct retire *r = &e->retire;
    eng_check(e);
    CHECK_PROCESS(p);
    BUG_ON(e->in_batch || e->in_exec);
    if (r->on || e->stopping)
        return -EALREADY;
    r->movable = calloc(p->nlisteners + 1, 1);
    if (r->movable == NULL)
        return -ENOMEM;
    for (uint32_t i = 0; i < n; i++)
        if (movable[i] < p->nlisteners && p->listeners[movable[i]].socket_id != 0)
            r->movable[movable[i]] = 1;
    if (e->traced)
        trace_retire(e, fd, r->movable);
    eng_listen(e, 0);
    e->now_ms = e->sys->mono_ms(e->sys->ctx);
    r->on = 1;
    r->fd = fd;
    r->quiet_ms = e->now_ms;
    e->stopping = 1;
    spread_begin(e);
    consider_all(e);
    eng_leave(e);
    return 0;
}

void retire_end(struct eng *e)
{
    CHECK_ENG(e);
    BUG_ON(e->in_batch || e->in_exec);
    if (!e->retire.on)
        return;
    eng_flush(e);
    retire_flush(e);
    e->retire.on = 0;
    e->retire.fd = -1;
    timer_cancel(&e->wheel, &e->retire.timer);
}

void retire_free(struct eng *e)
{
    CHECK_ENG(e);
    timer_cancel(&e->wheel, &e->retire.timer);
    e->retire.npacket = 0;
    free(e->retire.movable);
    e->retire.movable = NULL;
}
