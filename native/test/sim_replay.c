/* The table of sim_replay.h: each call takes its answer from the trace. */
#include "sim_replay.h"
#include <errno.h>
#include <stdio.h>
#include <sys/epoll.h>

struct replay_file replay_file;

void replay_differs(const char *what)
{
    fprintf(stderr, "replay: %s differs at byte %zu of %s (batch %llu, call %llu)\n", what,
            replay_file.at, replay_file.name, (unsigned long long)replay_file.batches,
            (unsigned long long)replay_file.calls);
    exit(1);
}

/* What policy and others wrote into the live array by then. */
static void live_now(void)
{
    while (replay_file.at + sizeof(struct trace_record) <= replay_file.len &&
           replay_file.mem[replay_file.at] == TRACE_LIVE) {
        const struct trace_record *r = (const struct trace_record *)(const void *)(replay_file.mem + replay_file.at);
        struct process *p = process_get();
        uint32_t words = (1 + p->nproxies + p->nservers + p->nlisteners) * ABI_LIVE_WORDS, pair[2];
        if (replay_file.at + sizeof(*r) + r->len > replay_file.len || r->len % sizeof(pair) != 0)
            replay_differs("the length");
        for (uint32_t at = 0; at < r->len; at += sizeof(pair)) {
            memcpy(pair, replay_file.mem + replay_file.at + sizeof(*r) + at, sizeof(pair));
            if (pair[0] >= words)
                replay_differs("a live word");
            atomic_store(&p->live[pair[0] / ABI_LIVE_WORDS].w[pair[0] % ABI_LIVE_WORDS], (int32_t)pair[1]);
        }
        replay_file.at += sizeof(*r) + r->len;
    }
}

const struct trace_record *replay_record(uint8_t kind, uint8_t call, const uint8_t **data_ret)
{
    live_now();
    if (replay_file.at + sizeof(struct trace_record) > replay_file.len)
        replay_differs("the end");
    const struct trace_record *r = (const struct trace_record *)(const void *)(replay_file.mem + replay_file.at);
    if (r->kind != kind || (kind == TRACE_CALL && r->call != call)) {
        fprintf(stderr, "replay: kind %u call %u expected, kind %u call %u recorded\n", kind, call, r->kind,
                r->call);
        replay_differs("what comes next");
    }
    size_t padded = ((size_t)r->len + 7) & ~(size_t)7;
    if (replay_file.at + sizeof(*r) + padded > replay_file.len)
        replay_differs("the length");
    *data_ret = replay_file.mem + replay_file.at + sizeof(*r);
    replay_file.at += sizeof(*r) + padded;
    replay_file.calls++;
    return r;
}

static int64_t call_data(uint8_t call, void *out, uint32_t out_max, uint32_t *len_ret)
{
    const uint8_t *data;
    const struct trace_record *r = replay_record(TRACE_CALL, call, &data);
    if (r->len > out_max)
        replay_differs("a size");
    if (out != NULL && r->len > 0)
        memcpy(out, data, r->len);
    if (len_ret != NULL)
        *len_ret = r->len;
    return r->result;
}

static int call(uint8_t which)
{
    return (int)call_data(which, NULL, 0, NULL);
}

static ssize_t r_recv(void *ctx, int fd, void *buf, size_t len)
{
    (void)ctx, (void)fd;
    return (ssize_t)call_data(CALL_RECV, buf, (uint32_t)len, NULL);
}
static ssize_t r_sendv(void *ctx, int fd, const struct iovec *iov, int n, int more)
{
    volatile uint8_t sum = 0; /* every byte that would be sent is read: sanitizers look */
    (void)ctx, (void)fd, (void)more;
    for (int i = 0; i < n; i++)
        for (size_t k = 0; k < iov[i].iov_len; k++)
            sum ^= ((const uint8_t *)iov[i].iov_base)[k];
    (void)sum;
    return call(CALL_SENDV);
}
static int r_accept(void *ctx, int fd, struct sockaddr_storage *a, socklen_t *n)
{
    (void)ctx, (void)fd;
    return (int)call_data(CALL_ACCEPT, a, sizeof(*a), n);
}
static int r_socket(void *ctx, int family, int type)
{
    (void)ctx, (void)family, (void)type;
    return call(CALL_SOCKET);
}
static int r_connect(void *ctx, int fd, const void *a, socklen_t n)
{
    (void)ctx, (void)fd, (void)a, (void)n;
    return call(CALL_CONNECT);
}
static int r_sock_error(void *ctx, int fd)
{
    (void)ctx, (void)fd;
    return call(CALL_SOCK_ERROR);
}
static int r_sock_set(void *ctx, int fd, int l, int o, int v)
{
    (void)ctx, (void)fd, (void)l, (void)o, (void)v;
    return call(CALL_SOCK_SET);
}
static int r_sock_name(void *ctx, int fd, int peer, struct sockaddr_storage *a, socklen_t *n)
{
    (void)ctx, (void)fd, (void)peer;
    return (int)call_data(CALL_SOCK_NAME, a, sizeof(*a), n);
}
static int r_shutdown(void *ctx, int fd, int how)
{
    (void)ctx, (void)fd, (void)how;
    return call(CALL_SHUTDOWN);
}
static int r_linger_reset(void *ctx, int fd)
{
    (void)ctx, (void)fd;
    return call(CALL_LINGER_RESET);
}
static int r_close(void *ctx, int fd)
{
    (void)ctx, (void)fd;
    return call(CALL_CLOSE);
}
static ssize_t r_splice(void *ctx, int in, int out, size_t n, int more)
{
    (void)ctx, (void)in, (void)out, (void)n, (void)more;
    return call(CALL_SPLICE);
}
static int r_pipe(void *ctx, int fds[2])
{
    (void)ctx;
    return (int)call_data(CALL_PIPE, fds, 2 * sizeof(int), NULL);
}
static int r_poll_create(void *ctx)
{
    (void)ctx;
    return call(CALL_POLL_CREATE);
}
static int r_poll_ctl(void *ctx, int p, int op, int fd, uint32_t ev, uint64_t d)
{
    (void)ctx, (void)p, (void)op, (void)fd, (void)ev, (void)d;
    return call(CALL_POLL_CTL);
}
static int r_poll_wait(void *ctx, int fd, struct epoll_event *ev, int max, int wait_ms)
{
    (void)ctx, (void)fd, (void)wait_ms;
    return (int)call_data(CALL_POLL_WAIT, ev, (uint32_t)max * (uint32_t)sizeof(*ev), NULL);
}
static int r_timer_create(void *ctx)
{
    (void)ctx;
    return call(CALL_TIMER_CREATE);
}
static int r_timer_set(void *ctx, int fd, uint64_t at)
{
    (void)ctx, (void)fd, (void)at;
    return call(CALL_TIMER_SET);
}
static int r_wake_create(void *ctx)
{
    (void)ctx;
    return call(CALL_WAKE_CREATE);
}
static int r_wake_signal(void *ctx, int fd)
{
    (void)ctx, (void)fd;
    return 0;
}

/* Reading the mail: what came from other threads (and from itself) is put into the box as it was then. */
static int r_wake_clear(void *ctx, int fd)
{
    struct process *p = process_get();
    struct mail m;
    (void)ctx;
    int rc = call(CALL_WAKE_CLEAR);
    if (fd != replay_file.eng->wake_fd)
        return rc;
    while (mailbox_take(&p->mailboxes[replay_file.eng->thread], &m, 1) == 1)
        continue; /* what it sent itself is in the trace */
    while (replay_file.at + sizeof(struct trace_record) <= replay_file.len &&
           replay_file.mem[replay_file.at] == TRACE_MAIL) {
        const uint8_t *data;
        const struct trace_record *r = replay_record(TRACE_MAIL, 0, &data);
        for (int64_t i = 0; i < r->result; i++) {
            memcpy(&m, data + (size_t)i * sizeof(m), sizeof(m));
            mailbox_send(p, replay_file.eng->thread, &m);
        }
    }
    return rc;
}
static uint64_t r_mono(void *ctx)
{
    (void)ctx;
    return (uint64_t)call_data(CALL_MONO_MS, NULL, 0, NULL);
}
static uint64_t r_wall(void *ctx)
{
    (void)ctx;
    return (uint64_t)call_data(CALL_WALL_MS, NULL, 0, NULL);
}
static int r_datagrams(void *ctx, int fd, const struct iovec *v, int n)
{
    (void)ctx, (void)fd, (void)v, (void)n;
    return call(CALL_SEND_DATAGRAMS);
}
static int r_line(void *ctx, int fd, const void *b, size_t n)
{
    (void)ctx, (void)fd, (void)b, (void)n;
    return call(CALL_WRITE_LINE);
}

static int r_sock_get(void *ctx, int fd, int l, int o)
{
    (void)ctx, (void)fd, (void)l, (void)o;
    return call(CALL_SOCK_GET);
}
static int r_sock_cookie(void *ctx, int fd, uint64_t *cookie)
{
    (void)ctx, (void)fd;
    return (int)call_data(CALL_SOCK_COOKIE, cookie, sizeof(*cookie), NULL);
}
static int r_send_fds(void *ctx, int fd, const void *data, size_t len, const int *fds, uint32_t n)
{
    (void)ctx, (void)fd, (void)data, (void)len, (void)fds, (void)n;
    return call(CALL_SEND_FDS);
}
static ssize_t r_recv_fds(void *ctx, int fd, void *data, size_t len, int *fds, uint32_t *n)
{
    uint8_t all[65536];
    uint32_t all_len, max = *n;
    (void)ctx, (void)fd;
    ssize_t got = (ssize_t)call_data(CALL_RECV_FDS, all, sizeof(all), &all_len);
    memcpy(n, all, sizeof(*n));
    if (*n > max || (got > 0 && (size_t)got > len))
        replay_differs("a message");
    memcpy(fds, all + sizeof(*n), *n * sizeof(*fds));
    memcpy(data, all + sizeof(*n) + *n * sizeof(*fds), got > 0 ? (size_t)got : 0);
    return got;
}

const struct sys replay_sys = {
    .recv = r_recv,
    .sendv = r_sendv,
    .accept = r_accept,
    .socket = r_socket,
    .connect = r_connect,
    .sock_error = r_sock_error,
    .sock_set = r_sock_set,
    .sock_name = r_sock_name,
    .shutdown = r_shutdown,
    .linger_reset = r_linger_reset,
    .close = r_close,
    .splice = r_splice,
    .pipe = r_pipe,
    .poll_create = r_poll_create,
    .poll_ctl = r_poll_ctl,
    .poll_wait = r_poll_wait,
    .timer_create = r_timer_create,
    .timer_set = r_timer_set,
    .wake_create = r_wake_create,
    .wake_signal = r_wake_signal,
    .wake_clear = r_wake_clear,
    .mono_ms = r_mono,
    .wall_ms = r_wall,
    .send_datagrams = r_datagrams,
    .write_line = r_line,
    .sock_get = r_sock_get,
    .sock_cookie = r_sock_cookie,
    .send_fds = r_send_fds,
    .recv_fds = r_recv_fds,
};
