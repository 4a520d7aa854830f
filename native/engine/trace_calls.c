/* The recording table of trace.h, call by call: each is passed on to the table under it and its result written down. */
#include "trace_parts.h"
#include "eng.h"
#include <sys/epoll.h>

static int64_t note(struct trace *t, uint8_t call, int64_t result, const void *data, uint32_t len)
{
    trace_put_record(t, TRACE_CALL, call, result, len);
    trace_put_bytes(t, data, len);
    trace_pad(t, len);
    return result;
}

#define UNDER                                                                                                \
    struct trace *t = ctx;                                                                                   \
    const struct sys *u = t->under
#define NOTE(call, expr) return (int)note(t, call, (expr), NULL, 0)

static ssize_t t_recv(void *ctx, int fd, void *buf, size_t len)
{
    UNDER;
    ssize_t n = u->recv(u->ctx, fd, buf, len);
    return (ssize_t)note(t, CALL_RECV, n, buf, n > 0 ? (uint32_t)n : 0);
}
static ssize_t t_sendv(void *ctx, int fd, const struct iovec *iov, int n, int more)
{
    UNDER;
    NOTE(CALL_SENDV, u->sendv(u->ctx, fd, iov, n, more));
}
static int t_accept(void *ctx, int fd, struct sockaddr_storage *addr, socklen_t *len)
{
    UNDER;
    int n = u->accept(u->ctx, fd, addr, len);
    return (int)note(t, CALL_ACCEPT, n, addr, n >= 0 ? (uint32_t)*len : 0);
}
static int t_socket(void *ctx, int family, int type)
{
    UNDER;
    NOTE(CALL_SOCKET, u->socket(u->ctx, family, type));
}
static int t_connect(void *ctx, int fd, const void *a, socklen_t n)
{
    UNDER;
    NOTE(CALL_CONNECT, u->connect(u->ctx, fd, a, n));
}
static int t_sock_error(void *ctx, int fd)
{
    UNDER;
    NOTE(CALL_SOCK_ERROR, u->sock_error(u->ctx, fd));
}
static int t_sock_set(void *ctx, int fd, int l, int name, int v)
{
    UNDER;
    NOTE(CALL_SOCK_SET, u->sock_set(u->ctx, fd, l, name, v));
}
static int t_sock_name(void *ctx, int fd, int peer, struct sockaddr_storage *addr, socklen_t *len)
{
    UNDER;
    int n = u->sock_name(u->ctx, fd, peer, addr, len);
    return (int)note(t, CALL_SOCK_NAME, n, addr, n >= 0 ? (uint32_t)*len : 0);
}
static int t_shutdown(void *ctx, int fd, int how)
{
    UNDER;
    NOTE(CALL_SHUTDOWN, u->shutdown(u->ctx, fd, how));
}
static int t_linger_reset(void *ctx, int fd)
{
    UNDER;
    NOTE(CALL_LINGER_RESET, u->linger_reset(u->ctx, fd));
}
static int t_close(void *ctx, int fd)
{
    UNDER;
    NOTE(CALL_CLOSE, u->close(u->ctx, fd));
}
static ssize_t t_splice(void *ctx, int in, int out, size_t len, int more)
{
    UNDER;
    NOTE(CALL_SPLICE, u->splice(u->ctx, in, out, len, more));
}
static int t_pipe(void *ctx, int fds[2])
{
    UNDER;
    int n = u->pipe(u->ctx, fds);
    return (int)note(t, CALL_PIPE, n, fds, n >= 0 ? 2 * sizeof(int) : 0);
}
static int t_poll_create(void *ctx)
{
    UNDER;
    NOTE(CALL_POLL_CREATE, u->poll_create(u->ctx));
}
static int t_poll_ctl(void *ctx, int p, int op, int fd, uint32_t ev, uint64_t d)
{
    UNDER;
    NOTE(CALL_POLL_CTL, u->poll_ctl(u->ctx, p, op, fd, ev, d));
}
static int t_poll_wait(void *ctx, int poll_fd, struct epoll_event *events, int max, int wait_ms)
{
    UNDER;
    int n = u->poll_wait(u->ctx, poll_fd, events, max, wait_ms);
    return (int)note(t, CALL_POLL_WAIT, n, events, n > 0 ? (uint32_t)n * (uint32_t)sizeof(*events) : 0);
}
static int t_timer_create(void *ctx)
{
    UNDER;
    NOTE(CALL_TIMER_CREATE, u->timer_create(u->ctx));
}
static int t_timer_set(void *ctx, int fd, uint64_t at)
{
    UNDER;
    NOTE(CALL_TIMER_SET, u->timer_set(u->ctx, fd, at));
}
static int t_wake_create(void *ctx)
{
    UNDER;
    NOTE(CALL_WAKE_CREATE, u->wake_create(u->ctx));
}
/* Other threads signal too: not written down, and no result that matters. */
static int t_wake_signal(void *ctx, int fd)
{
    UNDER;
    return u->wake_signal(u->ctx, fd);
}
static int t_wake_clear(void *ctx, int fd)
{
    UNDER;
    NOTE(CALL_WAKE_CLEAR, u->wake_clear(u->ctx, fd));
}
static uint64_t t_mono_ms(void *ctx)
{
    UNDER;
    return (uint64_t)note(t, CALL_MONO_MS, (int64_t)u->mono_ms(u->ctx), NULL, 0);
}
static uint64_t t_wall_ms(void *ctx)
{
    UNDER;
    return (uint64_t)note(t, CALL_WALL_MS, (int64_t)u->wall_ms(u->ctx), NULL, 0);
}
static int t_datagrams(void *ctx, int fd, const struct iovec *iov, int n)
{
    UNDER;
    NOTE(CALL_SEND_DATAGRAMS, u->send_datagrams(u->ctx, fd, iov, n));
}
static int t_line(void *ctx, int fd, const void *b, size_t n)
{
    UNDER;
    NOTE(CALL_WRITE_LINE, u->write_line(u->ctx, fd, b, n));
}

static int t_sock_get(void *ctx, int fd, int l, int name)
{
    UNDER;
    NOTE(CALL_SOCK_GET, u->sock_get(u->ctx, fd, l, name));
}
static int t_sock_cookie(void *ctx, int fd, uint64_t *cookie)
{
    UNDER;
    int n = u->sock_cookie(u->ctx, fd, cookie);
    return (int)note(t, CALL_SOCK_COOKIE, n, cookie, sizeof(*cookie));
}
static int t_send_fds(void *ctx, int fd, const void *data, size_t len, const int *fds, uint32_t nfds)
{
    UNDER;
    NOTE(CALL_SEND_FDS, u->send_fds(u->ctx, fd, data, len, fds, nfds));
}
/* Its data: how many descriptors, they, the bytes. */
static ssize_t t_recv_fds(void *ctx, int fd, void *data, size_t len, int *fds, uint32_t *nfds)
{
    UNDER;
    ssize_t n = u->recv_fds(u->ctx, fd, data, len, fds, nfds);
    uint32_t fds_len = *nfds * (uint32_t)sizeof(int), data_len = n > 0 ? (uint32_t)n : 0;
    uint32_t all = (uint32_t)sizeof(*nfds) + fds_len + data_len;
    trace_put_record(t, TRACE_CALL, CALL_RECV_FDS, n, all);
    trace_put_bytes(t, nfds, sizeof(*nfds));
    trace_put_bytes(t, fds, fds_len);
    trace_put_bytes(t, data, data_len);
    trace_pad(t, all);
    return n;
}

void trace_table(struct trace *t)
{
    BUG_ON(t->under == NULL);
    t->sys = (struct sys){.ctx = t,
                          .recv = t_recv,
                          .sendv = t_sendv,
                          .accept = t_accept,
                          .socket = t_socket,
                          .connect = t_connect,
                          .sock_error = t_sock_error,
                          .sock_set = t_sock_set,
                          .sock_name = t_sock_name,
                          .sock_get = t_sock_get,
                          .sock_cookie = t_sock_cookie,
                          .send_fds = t_send_fds,
                          .recv_fds = t_recv_fds,
                          .shutdown = t_shutdown,
                          .linger_reset = t_linger_reset,
                          .close = t_close,
                          .splice = t_splice,
                          .pipe = t_pipe,
                          .poll_create = t_poll_create,
                          .poll_ctl = t_poll_ctl,
                          .poll_wait = t_poll_wait,
                          .timer_create = t_timer_create,
                          .timer_set = t_timer_set,
                          .wake_create = t_wake_create,
                          .wake_signal = t_wake_signal,
                          .wake_clear = t_wake_clear,
                          .mono_ms = t_mono_ms,
                          .wall_ms = t_wall_ms,
                          .send_datagrams = t_datagrams,
                          .write_line = t_line};
}

struct trace *trace_of(const struct sys *sys)
{
    return sys->recv == t_recv ? sys->ctx : NULL;
}
