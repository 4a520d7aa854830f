/* The receiving side of handover.h, on the main thread of the process that takes over. What comes is checked as if a
 * stranger had sent it: shape, count of descriptors, each descriptor's kind and cookie, each record's words; what does not
 * hold is closed and counted. The rest becomes connections of the threads that accept, idle between two requests: edges
 * that came on the way are reported when they join a thread's polling. */
#include "eng.h"
#include "trace.h"
#include <errno.h>
#include <sys/socket.h>

#define PACKETS_MAX 32 /* packets of one call: others get their turn */

static void close_all(struct eng *e, const int *fds, uint32_t n)
{
    CHECK_ENG(e);
    BUG_ON(n > HANDOVER_FDS_MAX);
    for (uint32_t i = 0; i < n; i++)
        e->sys->close(e->sys->ctx, fds[i]);
}

/* The listener whose socket has that number; ABI_NONE when there is none (any more). */
static uint32_t listener_of(const struct process *p, uint32_t socket_id)
{
    CHECK_PROCESS(p);
    BUG_ON(socket_id == 0);
    for (uint32_t i = 0; i < p->nlisteners; i++)
        if (p->listeners[i].socket_id == socket_id)
            return i;
    return ABI_NONE;
}

/* A crash in the middle of a send may give the same socket twice. Remembered by cookie, the newest of each slot. */
static int seen_before(struct process *p, uint64_t cookie)
{
    uint64_t *slot = &p->cookies_seen[(cookie ^ cookie >> 16) % COOKIES_SEEN_MAX];
    CHECK_PROCESS(p);
    BUG_ON(slot < p->cookies_seen);
    if (*slot == cookie)
        return 1;
    *slot = cookie;
    return 0;
}

/* A connected stream socket, the one that the record speaks of. <addr>: of its peer. */
static int socket_ok(struct eng *e, int fd, const struct handover_record *r, struct sockaddr_storage *addr,
                     socklen_t *addr_len)
{
    const struct sys *sys = e->sys;
    uint64_t cookie = 0;
    CHECK_ENG(e);
    BUG_ON(fd < 0);
    if (sys->sock_get(sys->ctx, fd, SOL_SOCKET, SO_TYPE) != SOCK_STREAM ||
        sys->sock_get(sys->ctx, fd, SOL_SOCKET, SO_ACCEPTCONN) != 0)
        return 0;
    if (sys->sock_cookie(sys->ctx, fd, &cookie) < 0 || cookie == 0 || cookie != r->cookie)
        return 0;
    memset(&addr->ss_family, 0, sizeof(addr->ss_family));
    return sys->sock_name(sys->ctx, fd, 1, addr, addr_len) >= 0;
}

static void fill(struct eng *e, struct conn *c, const struct handover_record *r,
                 const struct sockaddr_storage *addr, socklen_t addr_len)
{
    CHECK_CONN(c);
    CHECK_ENG(e);
    if (addr->ss_family == AF_INET || addr->ss_family == AF_INET6) {
        c->addr_len = (uint8_t)MIN(addr_len, CONN_ADDR_LEN);
        memcpy(c->addr, addr, c->addr_len);
        c->flags |= CONN_TCP;
    }
    if (e->proc->proxies[c->proxy].flags & ABI_PXF_NOLINGER)
        c->flags |= CONN_NOLINGER;
    c->flags |= CONN_MOVED;
    c->nrequests = r->nrequests;
    c->cookie = r->cookie;
    c->accepted_wall_ms = r->accepted_wall_ms;
    uint64_t idle_ms = MIN((uint64_t)r->idle_ms, MIN(e->now_ms, e->wall_ms));
    c->since_ms = e->now_ms - idle_ms;
    c->since_wall_ms = e->wall_ms - idle_ms;
}

/* What the PROXY header said in the other process. */
static int keep_proxied(struct conn *c, const struct handover_record *r)
{
    CHECK_CONN(c);
    BUG_ON(c->proxied != NULL);
    if (!(r->flags & HANDOVER_PROXIED))
        return 0;
    c->proxied = calloc(1, sizeof(*c->proxied));
    if (c->proxied == NULL)
        return -ENOMEM;
    c->proxied->src_len = r->source_len;
    c->proxied->dst_len = r->target_len;
    memcpy(c->proxied->src, r->source, sizeof(r->source));
    memcpy(c->proxied->dst, r->target, sizeof(r->target));
    return 0;
}

static int adopt(struct eng *e, int fd, const struct handover_record *r)
{
    struct process *p = e->proc;
    struct sockaddr_storage addr;
    socklen_t addr_len = sizeof(addr);
    CHECK_ENG(e);
    CHECK_PROCESS(p);
    if (!handover_record_ok(r) || !socket_ok(e, fd, r, &addr, &addr_len) || seen_before(p, r->cookie))
        return -EINVAL;
    uint32_t listener = listener_of(p, r->socket_id);
    if (listener == ABI_NONE)
        return -ENOENT;
    struct conn *c = conn_new(e, fd, CONN_FRONT);
    if (c == NULL)
        return -ENOMEM;
    c->listener = listener;
    c->proxy = p->listeners[listener].proxy;
    fill(e, c, r, &addr, addr_len);
    int rc = keep_proxied(c, r);
    if (rc == 0)
        rc = listener_give(e, c);
    if (rc < 0) {
        c->fd = -1; /* the caller closes it with the others that were refused */
        conn_close(c);
    }
    return rc;
}

static void take_packet(struct eng *e, const struct handover_packet *packet, size_t len, const int *fds,
                        uint32_t nfds, uint32_t *adopted_ret, uint32_t *refused_ret)
{
    int count = handover_count(packet, len, nfds);
    CHECK_ENG(e);
    BUG_ON(nfds > HANDOVER_FDS_MAX);
    if (count < 0) {
        close_all(e, fds, nfds);
        *refused_ret += MAX(nfds, 1u);
        return;
    }
    for (int i = 0; i < count; i++) {
        if (adopt(e, fds[i], &packet->records[i]) == 0) {
            ++*adopted_ret;
        } else {
            close_all(e, &fds[i], 1);
            ++*refused_ret;
        }
    }
}

int eng_receive(struct eng *e, int fd, uint32_t *adopted_ret, uint32_t *refused_ret)
{
    struct handover_packet packet;
    int fds[HANDOVER_FDS_MAX];
    int ret = 1;
    eng_check(e);
    BUG_ON(e->in_batch || e->in_exec);
    *adopted_ret = *refused_ret = 0;
    if (atomic_load(&e->proc->threads_listening) == 0)
        return -EAGAIN; /* nobody serves yet: what is in flight is safe where it is */
    if (e->traced)
        trace_enter(e, ENTRY_RECEIVE, fd);
    e->now_ms = e->sys->mono_ms(e->sys->ctx);
    e->wall_ms = e->sys->wall_ms(e->sys->ctx);
    for (int i = 0; i < PACKETS_MAX && ret == 1; i++) {
        uint32_t nfds = HANDOVER_FDS_MAX;
        ssize_t n = e->sys->recv_fds(e->sys->ctx, fd, &packet, sizeof(packet), fds, &nfds);
        BUG_ON(nfds > HANDOVER_FDS_MAX);
        if (n == -EMSGSIZE) { /* more bytes, or more descriptors, than any packet has */
            close_all(e, fds, nfds);
            *refused_ret += MAX(nfds, 1u);
        } else if (n > 0) {
            take_packet(e, &packet, (size_t)n, fds, nfds, adopted_ret, refused_ret);
        } else {
            close_all(e, fds, nfds);
            ret = n == 0 ? 2 : n == -EAGAIN ? 0 : (int)n;
        }
    }
    e->count.moved_in += *adopted_ret;
    e->count.move_refused += *refused_ret;
    eng_leave(e);
    return ret;
}
