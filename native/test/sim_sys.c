/* The simulated kernel of sim_sys.h. */
#include "sim_sys.h"
#include <errno.h>
#include <netinet/in.h>
#include <sys/epoll.h>

struct sim sim;

void sim_bytes_put(struct sim_bytes *b, const void *data, uint32_t len)
{
    BUG_ON(b->len + len > SIM_BYTES_MAX);
    if (b->len + len + 1 > b->size) {
        b->size = (b->len + len + 1) * 2;
        b->mem = realloc(b->mem, b->size);
        BUG_ON(b->mem == NULL);
    }
    memcpy(b->mem + b->len, data, len);
    b->len += len;
    b->mem[b->len] = 0;
}

struct sim_fd *sim_fd_of(int fd)
{
    BUG_ON(fd < 0 || fd >= SIM_FDS || sim.fds[fd].kind == 0);
    return &sim.fds[fd];
}

int sim_fd_new(int kind)
{
    if (sim.no_fds)
        return -EMFILE;
    for (int i = 3; i < SIM_FDS; i++)
        if (sim.fds[i].kind == 0) {
            memset(&sim.fds[i], 0, sizeof(sim.fds[i]));
            sim.fds[i].kind = kind;
            sim.fds[i].cookie = ++sim.cookies;
            return i;
        }
    return -EMFILE;
}

void sim_edge(struct sim_fd *f, uint32_t events)
{
    f->pending |= events;
}

void sim_reset(void)
{
    for (int i = 0; i < SIM_FDS; i++) {
        free(sim.fds[i].rx.mem);
        free(sim.fds[i].tx.mem);
        sim_pair_free(&sim.fds[i]);
    }
    memset(&sim, 0, sizeof(sim));
    sim.now_ms = 1000000;
    sim.last_accepted = sim.last_connected = -1;
}

static ssize_t s_recv(void *ctx, int fd, void *buf, size_t len)
{
    struct sim_fd *f = sim_fd_of(fd);
    uint32_t have = f->rx.len - f->rx.off;
    (void)ctx;
    if (f->rx_reset)
        return -ECONNRESET;
    if (have == 0)
        return f->rx_fin ? 0 : -EAGAIN;
    uint32_t n = MIN(have, (uint32_t)len);
    if (sim.recv_max != 0 && n > sim.recv_max) {
        n = sim.recv_max;
        sim_edge(f, EPOLLIN); /* the rest "arrives" later */
    }
    memcpy(buf, f->rx.mem + f->rx.off, n);
    f->rx.off += n;
    if (f->rx.off == f->rx.len)
        f->rx.off = f->rx.len = 0;
    return n;
}

int64_t sim_room(struct sim_fd *f)
{
    uint32_t room = UINT32_MAX;
    if (f->stalled)
        return -EAGAIN;
    if (sim.send_max != 0)
        room = sim.send_max;
    if (sim.send_window != 0) {
        if (f->since_block >= sim.send_window) {
            f->since_block = 0;
            sim_edge(f, EPOLLOUT);
            return -EAGAIN;
        }
        room = MIN(room, sim.send_window - f->since_block);
    }
    return room;
}

static ssize_t s_sendv(void *ctx, int fd, const struct iovec *iov, int iov_len, int more)
{
    struct sim_fd *f = sim_fd_of(fd);
    uint32_t sent = 0;
    (void)ctx, (void)more;
    BUG_ON(f->closed || f->shut);
    if (f->rx_reset)
        return -EPIPE;
    int64_t room = sim_room(f);
    if (room < 0)
        return (ssize_t)room;
    for (int i = 0; i < iov_len && room > 0; i++) {
        uint32_t n = (uint32_t)MIN((int64_t)iov[i].iov_len, room);
        sim_bytes_put(&f->tx, iov[i].iov_base, n);
        sent += n;
        room -= n;
        if (n < iov[i].iov_len)
            break;
    }
    f->since_block += sent;
    if (sim.send_max != 0 || sim.send_window != 0)
        sim_edge(f, EPOLLOUT);
    return sent;
}

static int s_accept(void *ctx, int fd, struct sockaddr_storage *addr, socklen_t *addr_len)
{
    struct sim_fd *f = sim_fd_of(fd);
    struct sockaddr_in *in = (struct sockaddr_in *)addr;
    (void)ctx;
    sim.accept_calls++;
    if (f->accept_left == 0)
        return -EAGAIN;
    int n = sim_fd_new(SIM_SOCKET);
    if (n < 0)
        return n;
    f->accept_left--;
    memset(in, 0, sizeof(*in));
    in->sin_family = AF_INET;
    *addr_len = sizeof(*in);
    sim.fds[n].role = SIM_ACCEPTED;
    sim.last_accepted = n;
    sim.accepted++;
    return n;
}

static int s_socket(void *ctx, int family, int type)
{
    (void)ctx, (void)family, (void)type;
    return sim_fd_new(SIM_SOCKET);
}

static int s_connect(void *ctx, int fd, const void *addr, socklen_t len)
{
    struct sim_fd *f = sim_fd_of(fd);
    (void)ctx;
    if (len == sizeof(struct sockaddr_in))
        f->port = ntohs(((const struct sockaddr_in *)addr)->sin_port);
    sim.connects++;
    sim.last_connected = fd;
    f->role = SIM_CONNECTED;
    f->connecting = 1;
    if (!sim.hang_connects)
        sim_finish_connect(fd, sim.refuse_connects);
    return -EINPROGRESS;
}

static int s_sock_error(void *ctx, int fd)
{
    (void)ctx;
    return sim_fd_of(fd)->refused ? -ECONNREFUSED : 0;
}

static int s_sock_set(void *ctx, int fd, int level, int name, int value)
{
    (void)ctx, (void)fd, (void)level, (void)name, (void)value;
    return 0;
}

static int s_sock_name(void *ctx, int fd, int peer, struct sockaddr_storage *addr, socklen_t *len)
{
    (void)ctx, (void)fd, (void)peer;
    memset(addr, 0, sizeof(*addr));
    addr->ss_family = AF_INET;
    *len = sizeof(struct sockaddr_in);
    return 0;
}

static int s_shutdown(void *ctx, int fd, int how)
{
    (void)ctx, (void)how;
    sim_fd_of(fd)->shut = 1;
    return 0;
}

static int s_linger_reset(void *ctx, int fd)
{
    (void)ctx;
    sim_fd_of(fd)->closed_reset = 1;
    return 0;
}

static int s_close(void *ctx, int fd)
{
    struct sim_fd *f = sim_fd_of(fd);
    (void)ctx;
    BUG_ON(f->closed); /* twice closed: another's descriptor would be hit */
    if (f->in_flight) { /* the message has it open still */
        f->in_flight = f->registered = 0;
        return 0;
    }
    f->closed = 1;
    f->registered = 0;
    if (f->kind != SIM_SOCKET) /* nobody looks at these afterwards */
        sim_recycle(fd);
    return 0;
}

static int s_poll_create(void *ctx)
{
    (void)ctx;
    return sim_fd_new(SIM_POLL);
}

static int s_poll_ctl(void *ctx, int poll_fd, int op, int fd, uint32_t events, uint64_t data)
{
    struct sim_fd *f = sim_fd_of(fd);
    (void)ctx;
    BUG_ON(poll_fd >= 64 || f->closed);
    if (op == EPOLL_CTL_DEL) {
        f->registered &= ~((uint64_t)1 << poll_fd);
        return 0;
    }
    f->registered |= (uint64_t)1 << poll_fd;
    f->interest = events;
    f->data = data;
    if (f->kind != SIM_SOCKET)
        return 0;
    /* as the kernel: what is true now is told once more */
    if (f->rx.len > f->rx.off || f->rx_fin || f->rx_reset)
        sim_edge(f, EPOLLIN | (f->rx_fin ? (uint32_t)EPOLLRDHUP : 0) | (f->rx_reset ? (uint32_t)EPOLLERR : 0));
    if (!f->connecting && !f->stalled)
        sim_edge(f, EPOLLOUT);
    return 0;
}

static uint32_t ready(struct sim_fd *f)
{
    if (f->kind == SIM_LISTENER)
        return f->accept_left > 0 ? EPOLLIN : 0;
    if (f->kind == SIM_TIMER)
        return f->timer_at != 0 && f->timer_at <= sim.now_ms ? EPOLLIN : 0;
    if (f->kind == SIM_WAKE)
        return f->signalled ? EPOLLIN : 0;
    uint32_t events = f->pending & (f->interest | EPOLLERR | EPOLLHUP);
    f->pending = 0;
    return events;
}

static int s_poll_wait(void *ctx, int poll_fd, struct epoll_event *events, int max, int wait_ms)
{
    int n = 0;
    (void)ctx;
    sim.waited_ms = MAX(sim.waited_ms, wait_ms);
    for (int i = 0; i < SIM_FDS && n < max; i++) {
        struct sim_fd *f = &sim.fds[i];
        if (f->kind == 0 || f->closed || !(f->registered >> poll_fd & 1))
            continue;
        uint32_t got = ready(f);
        if (got != 0)
            events[n++] = (struct epoll_event){.events = got, .data.u64 = f->data};
    }
    return n;
}

static int s_timer_create(void *ctx)
{
    (void)ctx;
    return sim_fd_new(SIM_TIMER);
}

static int s_timer_set(void *ctx, int fd, uint64_t at)
{
    (void)ctx;
    sim_fd_of(fd)->timer_at = at;
    return 0;
}

static int s_wake_create(void *ctx)
{
    (void)ctx;
    return sim_fd_new(SIM_WAKE);
}

static int s_wake_signal(void *ctx, int fd)
{
    (void)ctx;
    sim_fd_of(fd)->signalled = 1;
    return 0;
}

static int s_wake_clear(void *ctx, int fd)
{
    (void)ctx;
    sim_fd_of(fd)->signalled = 0;
    sim_fd_of(fd)->timer_at = 0;
    return 0;
}

static uint64_t s_mono(void *ctx)
{
    (void)ctx;
    return sim.now_ms;
}

static int s_datagrams(void *ctx, int fd, const struct iovec *iov, int count)
{
    (void)ctx, (void)fd, (void)iov;
    return sim.log_result != 0 ? sim.log_result : count;
}

static int s_line(void *ctx, int fd, const void *buf, size_t len)
{
    (void)ctx, (void)fd, (void)buf;
    return sim.log_result != 0 ? sim.log_result : (int)len;
}

const struct sys *sim_table(void)
{
    static const struct sys table = {
        .recv = s_recv, .sendv = s_sendv, .accept = s_accept, .socket = s_socket, .connect = s_connect,
        .sock_error = s_sock_error, .sock_set = s_sock_set, .sock_name = s_sock_name, .shutdown = s_shutdown,
        .linger_reset = s_linger_reset, .close = s_close, .splice = sim_splice, .pipe = sim_pipe,
        .poll_create = s_poll_create, .poll_ctl = s_poll_ctl, .poll_wait = s_poll_wait,
        .timer_create = s_timer_create, .timer_set = s_timer_set, .wake_create = s_wake_create,
        .wake_signal = s_wake_signal, .wake_clear = s_wake_clear, .mono_ms = s_mono, .wall_ms = s_mono,
        .sock_get = sim_sock_get, .sock_cookie = sim_sock_cookie, .send_fds = sim_send_fds,
        .recv_fds = sim_recv_fds, .send_datagrams = s_datagrams, .write_line = s_line,
    };
    return &table;
}
