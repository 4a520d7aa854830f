/* Accepting. A listening socket is shared by all data threads (level-triggered, EPOLLEXCLUSIVE, few accepts per event);
 * a thread that holds clearly more connections than another hands what it accepted over. At a connection limit, or out
 * of descriptors, a thread takes its listeners out of polling until there is room: no CPU is burnt. */
#include "eng.h"
#include "recording.h"
#include "trace.h"
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>

#define MOVED_GRACE_MS 100 /* a request that is under way to a moved connection is read before its time is up */
#define HAND_OVER_MIN 4 /* connections more than the least loaded thread before one is handed over */

int listener_poll(struct eng *e, uint32_t index, int on)
{
    CHECK_ENG(e);
    BUG_ON(index >= e->proc->nlisteners);
    struct listener_conf *l = &e->proc->listeners[index];
    if (l->fd < 0)
        return 0;
    uint32_t events = EPOLLIN | (e->proc->limits.threads > 1 ? (uint32_t)EPOLLEXCLUSIVE : 0);
    return e->sys->poll_ctl(e->sys->ctx, e->poll_fd, on ? EPOLL_CTL_ADD : EPOLL_CTL_DEL, l->fd,
                            on ? events : 0, (uint64_t)POLL_LISTENER << 32 | index);
}

void listener_pause(struct eng *e)
{
    CHECK_ENG(e);
    if (e->listeners_full || !e->listening)
        return;
    e->listeners_full = 1;
    for (uint32_t i = 0; i < e->proc->nlisteners; i++)
        listener_poll(e, i, 0);
    atomic_fetch_or(&e->proc->threads_full, (uint64_t)1 << e->thread);
    timer_arm(&e->wheel, &e->resume_timer, e->now_ms + RESUME_MS);
}

void listener_resume(struct eng *e)
{
    CHECK_ENG(e);
    if (!e->listeners_full || !e->listening)
        return;
    e->listeners_full = 0;
    atomic_fetch_and(&e->proc->threads_full, ~((uint64_t)1 << e->thread));
    timer_cancel(&e->wheel, &e->resume_timer);
    for (uint32_t i = 0; i < e->proc->nlisteners; i++)
        listener_poll(e, i, 1);
}

void eng_listen(struct eng *e, int on)
{
    CHECK_PROCESS(e->proc);
    eng_check(e);
    if (e->traced)
        trace_enter(e, ENTRY_LISTEN, on);
    if (on == e->listening)
        return;
    if (e->listeners_full) {
        e->listeners_full = 0;
        timer_cancel(&e->wheel, &e->resume_timer);
        atomic_fetch_and(&e->proc->threads_full, ~((uint64_t)1 << e->thread));
    } else {
        for (uint32_t i = 0; i < e->proc->nlisteners; i++)
            if (listener_poll(e, i, on) < 0)
                e->count.accept_errors++;
    }
    e->listening = on;
    if (on)
        atomic_fetch_or(&e->proc->threads_listening, (uint64_t)1 << e->thread);
    else
        atomic_fetch_and(&e->proc->threads_listening, ~((uint64_t)1 << e->thread));
}

/* Counts one more connection if every limit allows it; 0 when one is reached. */
static int admit(struct eng *e, uint32_t index)
{
    CHECK_PROCESS(e->proc);
    CHECK_ENG(e);
    struct process *p = e->proc;
    struct listener_conf *l = &p->listeners[index];
    struct live *pr = live_process(p), *px = live_proxy(p, l->proxy), *li = live_listener(p, index);
    int32_t max = live_get(&pr->w[ABI_LIVE_MAXCONN]), px_max = live_get(&px->w[ABI_LIVE_PX_FE_MAXCONN]);
    int32_t li_max = live_get(&li->w[ABI_LIVE_LI_MAXCONN]);
    int32_t act = live_add(&pr->w[ABI_LIVE_ACTCONN], 1), fe = live_add(&px->w[ABI_LIVE_PX_FECONN], 1);
    int32_t own = live_add(&li->w[ABI_LIVE_LI_CONN], 1);
    if ((max > 0 && act > max) || (px_max > 0 && fe > px_max) || (li_max > 0 && own > li_max)) {
        live_add(&pr->w[ABI_LIVE_ACTCONN], -1);
        live_add(&px->w[ABI_LIVE_PX_FECONN], -1);
        live_add(&li->w[ABI_LIVE_LI_CONN], -1);
        return 0;
    }
    return 1;
}

static void count_most(struct process *p, uint32_t proxy)
{
    struct live *px = live_proxy(p, proxy);
    int32_t fe = live_get(&px->w[ABI_LIVE_PX_FECONN]);
    if (fe > live_get(&px->w[ABI_LIVE_PX_CONN_MAX]))
        atomic_store_explicit(&px->w[ABI_LIVE_PX_CONN_MAX], fe, memory_order_relaxed);
}

static void unadmit(struct eng *e, uint32_t index)
{
    CHECK_ENG(e);
    struct process *p = e->proc;
    live_add(&live_process(p)->w[ABI_LIVE_ACTCONN], -1);
    live_add(&live_proxy(p, p->listeners[index].proxy)->w[ABI_LIVE_PX_FECONN], -1);
    live_add(&live_listener(p, index)->w[ABI_LIVE_LI_CONN], -1);
}

void listener_release(struct eng *e, struct conn *c)
{
    CHECK_ENG(c->eng);
    CHECK_PROCESS(e->proc);
    CHECK_CONN(c);
    CHECK_ENG(e);
    struct process *p = e->proc;
    if (!(c->flags & CONN_COUNTED))
        return;
    c->flags &= ~(uint32_t)CONN_COUNTED;
    unadmit(e, c->listener);
    e->client_conns--;
    atomic_fetch_sub_explicit(&p->thread_conns[e->thread], 1, memory_order_relaxed);
    uint64_t full = atomic_load_explicit(&p->threads_full, memory_order_relaxed);
    if (full == 0)
        return;
    struct mail m = {.op = MAIL_RESUME};
    for (uint32_t t = 0; t < p->limits.threads; t++)
        if (full >> t & 1)
            mailbox_send(p, t, &m);
}

/* It was idle long before it came, or came to a thread that is retiring meanwhile. */
static void opened_late(struct eng *e, struct conn *c)
{
    CHECK_CONN(c);
    CHECK_ENG(e);
    if ((c->flags & CONN_MOVED) && timer_armed(&c->timer) && c->timer.at_ms < e->now_ms + MOVED_GRACE_MS)
        timer_arm(&e->wheel, &c->timer, e->now_ms + MOVED_GRACE_MS);
    if (e->retire.on)
        conn_ready(c);
}

void listener_adopt(struct eng *e, struct conn *c)
{
    CHECK_PROCESS(e->proc);
    CHECK_CONN(c);
    CHECK_ENG(e);
    e->client_conns++;
    if (conn_attach(e, c) < 0) {
        c->flags |= CONN_COUNTED;
        listener_release(e, c);
        conn_close(c);
        return;
    }
    c->flags |= CONN_COUNTED;
    recording_conn_event(c, RECORD_EV_ACCEPT, c->listener, (uint32_t)c->fd);
    front_open(c);
    if (c->flags & CONN_ALIVE)
        opened_late(e, c);
}

/* The thread that has clearly fewer connections than this one, or this one. */
static uint32_t least_loaded(struct eng *e)
{
    CHECK_PROCESS(e->proc);
    CHECK_ENG(e);
    struct process *p = e->proc;
    int32_t own = atomic_load_explicit(&p->thread_conns[e->thread], memory_order_relaxed), least = own;
    uint32_t best = e->thread;
    for (uint32_t t = 0; t < p->limits.threads; t++) {
        if (!(atomic_load_explicit(&p->threads_listening, memory_order_relaxed) >> t & 1))
            continue;
        int32_t n = atomic_load_explicit(&p->thread_conns[t], memory_order_relaxed);
        if (n < least) {
            least = n;
            best = t;
        }
    }
    return own - least >= MAX(HAND_OVER_MIN, own / 8) ? best : e->thread;
}

int listener_give(struct eng *e, struct conn *c)
{
    CHECK_PROCESS(e->proc);
    CHECK_CONN(c);
    struct process *p = e->proc;
    uint64_t listening = atomic_load_explicit(&p->threads_listening, memory_order_relaxed);
    uint32_t best = THREADS_MAX;
    int32_t least = INT32_MAX;
    for (uint32_t t = 0; t < p->limits.threads; t++) {
        int32_t n = atomic_load_explicit(&p->thread_conns[t], memory_order_relaxed);
        if ((listening >> t & 1) && n < least) {
            least = n;
            best = t;
        }
    }
    if (best == THREADS_MAX)
        return -ENXIO;
    live_add(&live_process(p)->w[ABI_LIVE_ACTCONN], 1);
    live_add(&live_proxy(p, c->proxy)->w[ABI_LIVE_PX_FECONN], 1);
    live_add(&live_listener(p, c->listener)->w[ABI_LIVE_LI_CONN], 1);
    count_most(p, c->proxy);
    atomic_fetch_add_explicit(&p->thread_conns[best], 1, memory_order_relaxed);
    if (best == e->thread) {
        listener_adopt(e, c);
        return 0;
    }
    struct mail m = {.op = MAIL_ADOPT, .index = c->index, .gen = c->gen};
    atomic_store_explicit(&c->owner, 0, memory_order_release);
    int rc = mailbox_send(p, best, &m);
    if (rc == 0)
        return 0;
    atomic_store_explicit(&c->owner, e->thread + 1, memory_order_release);
    atomic_fetch_sub_explicit(&p->thread_conns[best], 1, memory_order_relaxed);
    unadmit(e, c->listener);
    return rc;
}

static void opened(struct eng *e, struct conn *c, const struct sockaddr_storage *addr, socklen_t addr_len)
{
    CHECK_ENG(c->eng);
    CHECK_PROCESS(e->proc);
    CHECK_CONN(c);
    CHECK_ENG(e);
    struct process *p = e->proc;
    uint32_t px = p->proxies[c->proxy].flags;
    if (addr->ss_family == AF_INET || addr->ss_family == AF_INET6) {
        c->addr_len = (uint8_t)MIN(addr_len, CONN_ADDR_LEN);
        memcpy(c->addr, addr, c->addr_len);
        c->flags |= CONN_TCP;
        if (p->listeners[c->listener].flags & ABI_LIF_NODELAY)
            e->sys->sock_set(e->sys->ctx, c->fd, IPPROTO_TCP, TCP_NODELAY, 1);
        if (px & ABI_PXF_CLITCPKA)
            e->sys->sock_set(e->sys->ctx, c->fd, SOL_SOCKET, SO_KEEPALIVE, 1);
        if (px & ABI_PXF_TCP_SMART_ACCEPT) /* the first ACK goes with the response */
            e->sys->sock_set(e->sys->ctx, c->fd, IPPROTO_TCP, TCP_QUICKACK, 0);
    }
    if (px & ABI_PXF_NOLINGER)
        c->flags |= CONN_NOLINGER;
    c->since_ms = e->now_ms;
    c->since_wall_ms = c->accepted_wall_ms = e->wall_ms;
    c->server = ABI_NONE;
    e->count.accepted++;
    uint32_t thread = least_loaded(e);
    atomic_fetch_add_explicit(&p->thread_conns[thread], 1, memory_order_relaxed);
    if (thread != e->thread) {
        struct mail m = {.op = MAIL_ADOPT, .index = c->index, .gen = c->gen};
        atomic_store_explicit(&c->owner, 0, memory_order_release); /* from now on the mail has it */
        if (mailbox_send(p, thread, &m) == 0) {
            e->count.handed_over++;
            return;
        }
        atomic_store_explicit(&c->owner, e->thread + 1, memory_order_release);
        atomic_fetch_sub_explicit(&p->thread_conns[thread], 1, memory_order_relaxed);
        atomic_fetch_add_explicit(&p->thread_conns[e->thread], 1, memory_order_relaxed);
    }
    listener_adopt(e, c);
}

void listener_accept(struct eng *e, uint32_t index)
{
    CHECK_PROCESS(e->proc);
    CHECK_ENG(e);
    struct listener_conf *l = &e->proc->listeners[index];
    uint32_t budget = l->max_accept != 0 ? l->max_accept : 4;
    if (!e->listening || e->listeners_full || index >= e->proc->nlisteners)
        return;
    while (budget-- > 0) {
        struct sockaddr_storage addr;
        socklen_t addr_len = sizeof(addr);
        if (!admit(e, index)) {
            listener_pause(e);
            return;
        }
        memset(&addr, 0, sizeof(addr.ss_family));
        int fd = e->sys->accept(e->sys->ctx, l->fd, &addr, &addr_len);
        struct conn *c = fd >= 0 ? conn_new(e, fd, CONN_FRONT) : NULL;
        if (c == NULL) {
            unadmit(e, index);
            if (fd >= 0)
                e->sys->close(e->sys->ctx, fd);
            if (fd == -EAGAIN || fd == -ECONNABORTED || fd == -EINTR || fd == -EPROTO)
                return;
            e->count.accept_errors++;
            listener_pause(e); /* EMFILE, ENFILE, ENOMEM: try again later */
            return;
        }
        c->listener = index;
        c->proxy = l->proxy;
        count_most(e->proc, l->proxy); /* it came: only now it is one of those that ever were */
        live_add(&live_process(e->proc)->w[ABI_LIVE_CUM_CONN], 1);
        opened(e, c, &addr, addr_len);
    }
}
