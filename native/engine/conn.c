/* Connections: the slab, polling, reads and writes with their remainders. See conn.h for who owns what. */
#include "eng.h"
#include "recording.h"
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>

#define SEND_IOV_MAX 8 /* pieces of a remainder written at once */
#define CONN_EVENTS (EPOLLIN | EPOLLRDHUP | EPOLLET)

static uint32_t slab_take(struct eng *e)
{
    struct process *p = e->proc;
    uint32_t index = ABI_NONE;
    if (e->nconns_free > 0)
        return e->conns_free[--e->nconns_free];
    pthread_mutex_lock(&p->conns_lock);
    if (p->conns_free != ABI_NONE) {
        index = p->conns_free;
        p->conns_free = p->conns[index].idle_next;
        p->conns_nfree--;
    } else if (atomic_load(&p->conns_used_end) < p->limits.conns_max) {
        index = atomic_fetch_add(&p->conns_used_end, 1);
    }
    pthread_mutex_unlock(&p->conns_lock);
    return index;
}

static void slab_give(struct eng *e, struct conn *c)
{
    struct process *p = e->proc;
    atomic_store_explicit(&c->owner, 0, memory_order_release);
    if (e->nconns_free < ARRAY_LEN(e->conns_free)) {
        e->conns_free[e->nconns_free++] = c->index;
        return;
    }
    pthread_mutex_lock(&p->conns_lock);
    c->idle_next = p->conns_free;
    p->conns_free = c->index;
    p->conns_nfree++;
    pthread_mutex_unlock(&p->conns_lock);
}

struct conn *conn_new(struct eng *e, int fd, uint32_t side)
{
    uint32_t index = slab_take(e);
    if (index == ABI_NONE)
        return NULL;
    struct conn *c = &e->proc->conns[index];
    /* what other threads may look at is never cleared: a stale name must not fit for a moment */
    BUG_ON(c->in_idle);
    memset((uint8_t *)c + offsetof(struct conn, fd), 0, sizeof(*c) - offsetof(struct conn, fd));
    atomic_fetch_add_explicit(&c->gen, 1, memory_order_relaxed);
    c->magic = CONN_MAGIC;
    c->index = index;
    c->fd = fd;
    c->side = (uint8_t)side;
    c->thread = (uint16_t)e->thread;
    c->eng = e;
    c->flags = CONN_ALIVE;
    c->xprt = &xprt_raw;
    c->server = c->listener = c->proxy = ABI_NONE;
    c->timer.kind = TIMER_CONN;
    conn_set_state(c, CONN_STATE_BUSY);
    atomic_store_explicit(&c->owner, e->thread + 1, memory_order_release);
    return c;
}

struct conn *conn_find(struct process *p, uint32_t index, uint32_t gen)
{
    CHECK_PROCESS(p);
    if (index >= atomic_load(&p->conns_used_end))
        return NULL;
    struct conn *c = &p->conns[index];
    if (atomic_load_explicit(&c->gen, memory_order_acquire) != gen || !(c->flags & CONN_ALIVE))
        return NULL;
    return c;
}

static uint64_t poll_data(const struct conn *c)
{
    return (uint64_t)c->gen << 32 | c->index;
}

int conn_poll(struct conn *c, int want_out)
{
    CHECK_CONN(c);
    struct eng *e = c->eng;
    if (want_out)
        c->flags |= CONN_OUT_ARMED;
    return e->sys->poll_ctl(e->sys->ctx, e->poll_fd, EPOLL_CTL_ADD, c->fd,
                            CONN_EVENTS | (want_out ? (uint32_t)EPOLLOUT : 0), poll_data(c));
}

void conn_block(struct conn *c)
{
    CHECK_CONN(c);
    struct eng *e = c->eng;
    c->flags |= CONN_WR_BLOCKED;
    if (c->flags & CONN_OUT_ARMED)
        return;
    c->flags |= CONN_OUT_ARMED;
    e->sys->poll_ctl(e->sys->ctx, e->poll_fd, EPOLL_CTL_MOD, c->fd, CONN_EVENTS | EPOLLOUT, poll_data(c));
}

static void drop_buffers(struct conn *c)
{
    CHECK_CONN(c);
    if (c->in_buf != NULL)
        buf_give(&c->eng->pool, c->in_buf);
    c->in_buf = NULL;
    c->in_len = 0;
    c->flags &= ~(uint32_t)CONN_IN_ARENA;
    if (c->out.head != NULL)
        bufq_clear(&c->eng->pool, &c->out);
}

struct conn *conn_let_go(struct conn *c)
{
    CHECK_CONN(c);
    struct conn *other = c->kept;
    BUG_ON(other == NULL || other->kept != c);
    c->kept = other->kept = NULL;
    return other;
}

void conn_close(struct conn *c)
{
    CHECK_ENG(c->eng);
    struct eng *e = c->eng;
    conn_check(c);
    BUG_ON(c->stream != NULL);
    BUG_ON(c->in_idle);
    if (c->kept != NULL) {
        struct conn *other = conn_let_go(c);
        if (c->side == CONN_FRONT)
            conn_close(other); /* nobody else may have it */
    }
    timer_cancel(&e->wheel, &c->timer);
    drop_buffers(c);
    free(c->proxied);
    c->proxied = NULL;
    if (c->flags & (CONN_RST_CLOSE | CONN_NOLINGER))
        e->sys->linger_reset(e->sys->ctx, c->fd);
    conn_set_state(c, CONN_STATE_FREE);
    if (c->fd >= 0)
        e->sys->close(e->sys->ctx, c->fd); /* the last descriptor: the kernel takes it out of epoll */
    recording_conn_event(c, RECORD_EV_CLOSE, c->side, (uint32_t)c->fd);
    c->fd = -1;
    atomic_fetch_add_explicit(&c->gen, 1, memory_order_release);
    c->flags &= CONN_READY; /* the ready list skips it by ALIVE */
    if (!(c->flags & CONN_READY))
        slab_give(e, c);
}

void conn_recycle(struct conn *c)
{
    BUG_ON(c->flags & (CONN_ALIVE | CONN_READY));
    slab_give(c->eng, c);
}

void conn_detach(struct eng *e, struct conn *c)
{
    CHECK_CONN(c);
    CHECK_ENG(e);
    BUG_ON(c->stream != NULL || c->in_len != 0 || c->out.len != 0 || timer_armed(&c->timer));
    pthread_mutex_t *lock = &e->proc->poll_locks[c->thread];
    pthread_mutex_lock(lock); /* its thread may be closing it just now */
    int poll_fd = e->proc->poll_fds[c->thread];
    if (poll_fd >= 0)
        e->sys->poll_ctl(e->sys->ctx, poll_fd, EPOLL_CTL_DEL, c->fd, 0, 0);
    pthread_mutex_unlock(lock);
}

int conn_attach(struct eng *e, struct conn *c)
{
    c->eng = e;
    c->thread = (uint16_t)e->thread;
    atomic_store_explicit(&c->owner, e->thread + 1, memory_order_release);
    c->flags &= ~(uint32_t)CONN_OUT_ARMED;
    return conn_poll(c, c->side == CONN_BACK);
}

void conn_events(struct conn *c, uint32_t ev)
{
    CHECK_ENG(c->eng);
    CHECK_CONN(c);
    if (ev & EPOLLIN)
        c->flags |= CONN_RD_READY;
    if (ev & EPOLLOUT)
        c->flags &= ~(uint32_t)CONN_WR_BLOCKED;
    if (ev & EPOLLRDHUP)
        c->flags |= CONN_RDHUP | CONN_RD_READY;
    if (ev & (EPOLLERR | EPOLLHUP))
        c->flags |= CONN_RD_READY | ((ev & EPOLLERR) ? CONN_RESET : 0);
}

uint32_t conn_recv(struct conn *c, void *buf, uint32_t len)
{
    CHECK_ENG(c->eng);
    CHECK_CONN(c);
    ssize_t n = c->xprt->recv(c, buf, len);
    if (n > 0) {
        /* a short read means drained, unless the peer's end is still to be read */
        if ((uint32_t)n < len && !(c->flags & CONN_RDHUP) && c->xprt->pending(c) == 0)
            c->flags &= ~(uint32_t)CONN_RD_READY;
        return (uint32_t)n;
    }
    c->flags &= ~(uint32_t)CONN_RD_READY;
    if (n == 0)
        c->flags |= CONN_FIN;
    else if (n != -EAGAIN)
        c->flags |= CONN_RESET | CONN_FIN;
    return 0;
}

static int keep_rest(struct conn *c, const struct iovec *iov, int iov_len, size_t sent)
{
    CHECK_ENG(c->eng);
    CHECK_CONN(c);
    for (int i = 0; i < iov_len; i++) {
        if (sent >= iov[i].iov_len) {
            sent -= iov[i].iov_len;
            continue;
        }
        const uint8_t *at = (const uint8_t *)iov[i].iov_base + sent;
        if (bufq_append(&c->eng->pool, &c->out, at, (uint32_t)(iov[i].iov_len - sent)) < 0)
            return -ENOMEM;
        sent = 0;
    }
    return 0;
}

/* The peer took bytes, or is given some that it does not take: from here its timeout runs. */
static void note_sent(struct conn *c)
{
    CHECK_CONN(c);
    struct stream *s = c->stream;
    if (s == NULL)
        return;
    *(c->side == CONN_FRONT ? &s->front_sent_ms : &s->back_sent_ms) = c->eng->now_ms;
}

int conn_send(struct conn *c, const struct iovec *iov, int iov_len, int more)
{
    CHECK_ENG(c->eng);
    size_t total = 0;
    ssize_t n = 0;
    conn_check(c);
    if (c->flags & CONN_SHUTW)
        return -EPIPE;
    for (int i = 0; i < iov_len; i++)
        total += iov[i].iov_len;
    if (total == 0)
        return 0;
    if (c->out.len == 0) {
        n = c->xprt->sendv(c, iov, iov_len, more);
        if (n < 0 && n != -EAGAIN) {
            c->flags |= CONN_RESET;
            return (int)n;
        }
        note_sent(c);
        n = MAX(n, 0);
        if ((size_t)n == total)
            return 0;
        conn_block(c);
    }
    if (keep_rest(c, iov, iov_len, (size_t)n) < 0) {
        c->flags |= CONN_RESET;
        return -ENOMEM;
    }
    return 0;
}

int conn_flush(struct conn *c)
{
    CHECK_ENG(c->eng);
    CHECK_CONN(c);
    while (c->out.len > 0) {
        struct iovec iov[SEND_IOV_MAX];
        int n = 0;
        if (c->flags & CONN_WR_BLOCKED)
            return 0;
        for (struct buf *b = c->out.head; b != NULL && n < SEND_IOV_MAX; b = b->next, n++)
            iov[n] = (struct iovec){.iov_base = b->mem + b->off, .iov_len = b->len};
        ssize_t sent = c->xprt->sendv(c, iov, n, 0);
        if (sent == -EAGAIN) {
            conn_block(c);
            return 0;
        }
        if (sent < 0) {
            c->flags |= CONN_RESET;
            return (int)sent;
        }
        bufq_drop(&c->eng->pool, &c->out, (uint32_t)sent);
        note_sent(c);
    }
    return 1;
}

void conn_shutw(struct conn *c)
{
    CHECK_CONN(c);
    if (c->flags & (CONN_SHUTW | CONN_RESET))
        return;
    c->flags |= CONN_SHUTW;
    c->eng->sys->shutdown(c->eng->sys->ctx, c->fd, SHUT_WR);
}

/* TCP_REPAIR makes the close mute where we may set it; else a RST with a time to live of 1 dies on the first hop. */
void conn_silence(struct conn *c)
{
    CHECK_CONN(c);
    const struct sys *sys = c->eng->sys;
    if (!(c->flags & CONN_TCP))
        return;
    if (sys->sock_set(sys->ctx, c->fd, IPPROTO_TCP, TCP_REPAIR, 1) < 0)
        sys->sock_set(sys->ctx, c->fd, IPPROTO_IP, IP_TTL, 1);
    c->flags |= CONN_RST_CLOSE;
}

void conn_ready(struct conn *c)
{
    CHECK_CONN(c);
    if (c->flags & CONN_READY)
        return;
    c->flags |= CONN_READY;
    c->ready_next = c->eng->ready;
    c->eng->ready = c;
}

void conn_unready(struct conn *c)
{
    CHECK_ENG(c->eng);
    CHECK_CONN(c);
    struct conn **at = &c->eng->ready;
    if (!(c->flags & CONN_READY))
        return;
    while (*at != NULL && *at != c)
        at = &(*at)->ready_next;
    if (*at ==
        c) { /* else it is in the part of the list that is being run: ALIVE and its stream are looked at there */
        *at = c->ready_next;
        c->flags &= ~(uint32_t)CONN_READY;
    }
}

void conn_timer_lower(struct conn *c, uint64_t at_ms)
{
    if (!timer_armed(&c->timer) || at_ms < c->timer.at_ms)
        timer_arm(&c->eng->wheel, &c->timer, at_ms);
}
