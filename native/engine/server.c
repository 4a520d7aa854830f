/* The server side: an idle connection is taken or a new one made, the request image goes out. Idle connections are
 * watched by their thread: one that says anything, or closes, leaves the pool at once. */
#include "eng.h"
#include "recording.h"
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/un.h>
#include "shared/siphash.h"

static void stream_mux_run(struct conn *c)
{
    if (c->stream != NULL)
        stream_run(c->stream);
}

static void stream_mux_timeout(struct conn *c)
{
    (void)c; /* streams have timers of their own */
}

const struct mux mux_stream = {.name = "stream", .run = stream_mux_run, .timeout = stream_mux_timeout};

/* An idle connection that gets an event is of no more use: its peer closed, or talks out of turn. */
static void idle_run(struct conn *c)
{
    CHECK_CONN(c);
    BUG_ON(c->in_idle); /* poll_event took it out */
    if (c->kept != NULL && !(c->flags & (CONN_RD_READY | CONN_RDHUP | CONN_RESET | CONN_FIN)))
        return;
    if (c->kept != NULL)
        conn_let_go(c);
    conn_close(c);
}

static void idle_timeout(struct conn *c)
{
    (void)c;
}

const struct mux mux_idle_back = {.name = "idle", .run = idle_run, .timeout = idle_timeout};

/* The connection that this client keeps for itself, if it leads where the request goes and still lives. */
static struct conn *take_kept(struct stream *s, uint64_t hash)
{
    CHECK_STREAM(s);
    CHECK_CONN(s->front);
    if (s->front->kept == NULL)
        return NULL;
    struct conn *c = conn_let_go(s->front);
    if (((s->fwd_flags & ABI_FWD_PRIVATE) || (c->flags & CONN_PRIVATE)) && c->server == s->server &&
        c->conn_hash == hash && !(c->flags & (CONN_FIN | CONN_RDHUP | CONN_RESET | CONN_RD_READY))) {
        s->eng->count.reuses++;
        return c;
    }
    conn_close(c);
    return NULL;
}

void server_private(const struct conn *front, uint32_t *ev)
{
    CHECK_CONN(front);
    BUG_ON(front->side != CONN_FRONT);
    if (front->kept == NULL || !(front->kept->flags & CONN_PRIVATE))
        return;
    ev[ABI_E_FLAGS] |= ABI_EVF_PRIVATE;
    ev[ABI_E_ARG2] = front->kept->server;
}

/* Takes an idle connection that still lives; another thread's is moved to this one's polling. */
static struct conn *reuse(struct stream *s, uint64_t hash)
{
    CHECK_CONN(s->front);
    CHECK_STREAM(s);
    struct eng *e = s->eng;
    uint32_t flags = (s->fwd_flags & ABI_FWD_REUSE_UNSAFE) ? 0 : IDLE_SAFE_ONLY;
    for (;;) {
        struct conn *c = idle_take(e->proc, s->server, hash, flags, e->thread);
        if (c == NULL)
            return NULL;
        if (c->thread != e->thread) {
            conn_detach(e, c);
            if (conn_attach(e, c) < 0) {
                conn_close(c);
                continue;
            }
            e->count.taken++;
            c->flags |= CONN_RD_READY; /* its events went to the other thread */
        }
        /* a FIN may lie unread: bytes or an end on an idle connection disqualify it */
        uint8_t byte;
        if ((c->flags & CONN_RD_READY) && conn_recv(c, &byte, 1) > 0)
            c->flags |= CONN_FIN;
        if (c->flags & (CONN_FIN | CONN_RDHUP | CONN_RESET)) {
            conn_close(c);
            continue;
        }
        e->count.reuses++;
        return c;
    }
}

static void server_attached(struct stream *s, struct conn *c)
{
    CHECK_STREAM(s);
    CHECK_CONN(c);
    BUG_ON(c->stream != NULL || s->back != NULL);
    BUG_ON(c->in_idle);
    c->stream = s;
    c->mux = &mux_stream;
    c->proxy = s->backend;
    s->back = c;
    s->back_read_ms = s->eng->now_ms;
    recording_event(s, RECORD_EV_CONNECT, c->index, s->server, (c->flags & CONN_REUSED) != 0);
}

void server_connected(struct stream *s)
{
    CHECK_CONN(s->front);
    CHECK_STREAM(s);
    struct eng *e = s->eng;
    struct conn *c = s->back;
    c->flags &= ~(uint32_t)CONN_CONNECTING;
    c->nrequests++;
    s->t_connect = e->now_ms;
    s->back_read_ms = s->back_sent_ms = s->front_read_ms = e->now_ms;
    if (s->flags & STREAM_TCP) {
        s->state = ST_TUNNEL;
        dir_open(&s->down, &(struct framing){.kind = FRAMING_TUNNEL});
        s->t_data = e->now_ms;
    } else {
        BUG_ON(s->image == NULL);
        s->state = ST_SEND;
        s->up.due = s->image->mem + s->image->off;
        s->up.due_len = s->image->len;
    }
    stream_timer(s);
    stream_run(s);
}

static int sockaddr_family(const uint8_t *addr, uint32_t len)
{
    uint16_t family;
    if (len < sizeof(family))
        return -EINVAL;
    memcpy(&family, addr, sizeof(family));
    if ((family == AF_INET && len >= sizeof(struct sockaddr_in)) ||
        (family == AF_INET6 && len >= sizeof(struct sockaddr_in6)) || (family == AF_UNIX && len > 2))
        return family;
    return -EINVAL;
}

struct conn *server_dial(struct eng *e, const uint8_t *addr, uint32_t addr_len, int netns_fd, uint32_t side,
                         uint32_t flags, int *err_ret)
{
    CHECK_PROCESS(e->proc);
    CHECK_ENG(e);
    const struct sys *sys = e->sys;
    int family = sockaddr_family(addr, addr_len), fd;
    *err_ret = EADDRNOTAVAIL;
    if (family < 0)
        return NULL;
    fd = netns_fd >= 0 && sys->socket_in != NULL ? sys->socket_in(sys->ctx, netns_fd, family, SOCK_STREAM)
                                                 : sys->socket(sys->ctx, family, SOCK_STREAM);
    if (fd < 0) {
        *err_ret = -fd;
        return NULL;
    }
    struct conn *c = conn_new(e, fd, side);
    if (c == NULL) {
        sys->close(sys->ctx, fd);
        *err_ret = ENFILE;
        return NULL;
    }
    if (family != AF_UNIX) {
        c->flags |= CONN_TCP;
        sys->sock_set(sys->ctx, fd, IPPROTO_TCP, TCP_NODELAY, 1);
        if (flags & ABI_PXF_SRVTCPKA)
            sys->sock_set(sys->ctx, fd, SOL_SOCKET, SO_KEEPALIVE, 1);
        if (flags & ABI_PXF_TCP_SMART_CONNECT) /* no empty ACK: it goes with the request */
            sys->sock_set(sys->ctx, fd, IPPROTO_TCP, TCP_QUICKACK, 0);
    }
    if (flags & ABI_PXF_NOLINGER)
        c->flags |= CONN_NOLINGER;
    int rc = sys->connect(sys->ctx, fd, addr, addr_len);
    if (rc == 0 || rc == -EINPROGRESS) {
        c->flags |= CONN_CONNECTING | CONN_WR_BLOCKED;
        rc = conn_poll(c, 1);
    }
    if (rc < 0) {
        *err_ret = -rc;
        conn_close(c);
        return NULL;
    }
    return c;
}

/* Two connections are the same for a client when their hashes are: what they began with is part of it. */
static uint64_t share_hash(const struct process *p, const struct prefix *prefix)
{
    CHECK_PROCESS(p);
    BUG_ON(prefix->len > ABI_PREFIX_MAX);
    if (prefix->len == 0)
        return prefix->hash;
    return siphash(p->hash_key, prefix->at, prefix->len) + prefix->hash;
}

void server_connect(struct stream *s, const uint8_t *addr, uint32_t addr_len, const struct prefix *prefix)
{
    CHECK_CONN(s->front);
    struct eng *e = s->eng;
    struct conn *c = NULL;
    uint64_t hash = share_hash(e->proc, prefix);
    int err = 0, netns_fd = -1;
    uint8_t copy[SOCKADDR_LEN_MAX];
    stream_check(s);
    if (s->t_queue ==
        0) /* of the first attempt: retries are time of the connection, as HAProxy counts them */
        s->t_queue = e->now_ms;
    s->t_connect = s->t_data = 0;
    s->flags &= ~(uint32_t)STREAM_REUSED;
    if (s->front->kept != NULL)
        c = take_kept(s, hash);
    if (c == NULL && (s->fwd_flags & ABI_FWD_REUSE_IDLE) && s->server != ABI_NONE)
        c = reuse(s, hash);
    if (c != NULL) {
        c->flags |= CONN_REUSED;
        s->flags |= STREAM_REUSED;
        server_attached(s, c);
        server_connected(s);
        return;
    }
    if (s->server != ABI_NONE)
        netns_fd = (int)e->proc->servers[s->server].netns - 1;
    if (addr == NULL && s->server != ABI_NONE) {
        struct server_conf *sv = &e->proc->servers[s->server];
        pthread_mutex_lock(&sv->lock);
        addr_len = sv->addr_len;
        memcpy(copy, sv->addr, sizeof(copy));
        pthread_mutex_unlock(&sv->lock);
        addr = copy;
    }
    e->count.connects++;
    s->state = ST_CONNECT;
    c = addr == NULL ? NULL
                     : server_dial(e, addr, addr_len, netns_fd, CONN_BACK,
                                   e->proc->proxies[s->backend].flags, &err);
    if (c != NULL && prefix->len > 0 && bufq_append(&e->pool, &c->out, prefix->at, prefix->len) < 0) {
        conn_close(c);
        c = NULL;
        err = ENOMEM;
    }
    if (c == NULL) {
        stream_fail(s, err == EMFILE || err == ENFILE || err == ENOMEM ? ABI_FAIL_RESOURCE : ABI_FAIL_CONNECT,
                    err);
        return;
    }
    c->server = s->server;
    c->conn_hash = hash;
    server_attached(s, c);
    uint32_t ms = s->timeouts_ms[ABI_TIMEOUT_CONNECT];
    s->deadline_ms = ms == 0 ? UINT64_MAX : e->now_ms + ms;
    stream_timer(s);
}
