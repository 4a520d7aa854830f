/* How a client connection ends: policy hears of its session, what is still to be written is written, and a client that
 * may be sending is read until it closes too, so that no RST overtakes its answer. The state is the conn's. */
#include "eng.h"

void front_gone(struct conn *c, int session_end_due)
{
    CHECK_CONN(c);
    struct eng *e = c->eng;
    BUG_ON(c->stream != NULL);
    conn_set_state(c, CONN_STATE_BUSY); /* it ends here, and nowhere else */
    if (session_end_due && (c->flags & CONN_SESSION)) {
        if (!event_room(e, 0)) {
            c->mux = &mux_drain; /* comes back here after the batch, and reads nothing more */
            c->flags |= CONN_DRAIN | CONN_RESET;
            conn_ready(c);
            return;
        }
        event_session_end(c);
    }
    c->flags &= ~(uint32_t)CONN_SESSION;
    /* bytes still to be written, or an answer that an early close would destroy: shut and wait for the peer */
    int broken = (c->flags & (CONN_RESET | CONN_RST_CLOSE)) != 0;
    int unread = (c->flags & (CONN_LINGER | CONN_RD_READY)) != 0 || c->in_len > 0;
    if (!broken && ((unread && !session_end_due && !(c->flags & CONN_FIN)) || c->out.len > 0)) {
        c->mux = &mux_drain;
        c->flags |= CONN_DRAIN;
        if (c->in_len > 0)
            conn_consume(c, c->in_len);
        if (c->out.len == 0)
            conn_shutw(c);
        uint32_t ms = e->proc->proxies[c->proxy].timeouts_ms[ABI_TIMEOUT_CLIENT];
        uint32_t fin = e->proc->proxies[c->proxy].timeouts_ms[ABI_TIMEOUT_CLIENT_FIN];
        ms = fin != 0 ? fin : ms;
        timer_arm(&e->wheel, &c->timer, e->now_ms + MIN(ms == 0 ? DRAIN_MS_MAX : ms, DRAIN_MS_MAX));
        if (c->flags & CONN_RD_READY)
            conn_ready(c);
        return;
    }
    listener_release(e, c);
    conn_close(c);
}

/* Answered and shut: reads and forgets until the peer closes too, so that no RST overtakes the answer. */
static void drain_run(struct conn *c)
{
    CHECK_ENG(c->eng);
    CHECK_CONN(c);
    if (!(c->flags & (CONN_RESET | CONN_FIN))) {
        if (conn_flush(c) == 1)
            conn_shutw(c);
        for (int i = 0; i < 4 && (c->flags & CONN_RD_READY); i++)
            conn_recv(c, c->eng->rx, RX_MAX);
    }
    if (c->flags & (CONN_RESET | CONN_FIN)) {
        if (!(c->flags & CONN_RESET) && c->out.len > 0 && conn_flush(c) == 0)
            return; /* a half-closed client still takes its answer */
        if (c->flags & CONN_SESSION) {
            front_gone(c, 1);
            return;
        }
        listener_release(c->eng, c);
        conn_close(c);
        return;
    }
    if (c->flags & CONN_RD_READY)
        conn_ready(c);
}

static void drain_timeout(struct conn *c)
{
    listener_release(c->eng, c);
    conn_close(c);
}

const struct mux mux_drain = {.name = "drain", .run = drain_run, .timeout = drain_timeout};
