/* The recording table of trace.h: each call is passed on and its result written down. One file per engine; a write error
 * ends the recording, never the traffic. */
#include "trace.h"
#include "eng.h"
#include <errno.h>
#include <fcntl.h>
#include <sys/epoll.h>

struct trace {
    struct sys sys; /* first: the table is the trace */
    const struct sys *under;
    int fd;
    int32_t *live_seen; /* the live array when it was last looked at */
    uint32_t live_words;
    uint32_t used;
    uint8_t buffer[TRACE_BUFFER];
};

static void flush(struct trace *t)
{
    uint32_t done = 0;
    while (done < t->used && t->fd >= 0) {
        ssize_t n = write(t->fd, t->buffer + done, t->used - done);
        if (n < 0 && errno != EINTR) {
            close(t->fd);
            t->fd = -1;
        }
        done += n > 0 ? (uint32_t)n : 0;
    }
    t->used = 0;
}

static void put_bytes(struct trace *t, const void *data, uint32_t len)
{
    const uint8_t *p = data;
    while (len > 0) {
        uint32_t n = MIN(len, TRACE_BUFFER - t->used);
        memcpy(t->buffer + t->used, p, n);
        t->used += n;
        p += n;
        len -= n;
        if (t->used == TRACE_BUFFER)
            flush(t);
    }
}

static void put_record(struct trace *t, uint8_t kind, uint8_t call, int64_t result, uint32_t len)
{
    struct trace_record r = {.kind = kind, .call = call, .len = len, .result = result};
    put_bytes(t, &r, sizeof(r));
}

static void pad(struct trace *t, uint32_t len)
{
    static const uint8_t zero[8];
    put_bytes(t, zero, (8 - len % 8) % 8);
}

static int64_t note(struct trace *t, uint8_t call, int64_t result, const void *data, uint32_t len)
{
    put_record(t, TRACE_CALL, call, result, len);
    put_bytes(t, data, len);
    pad(t, len);
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

static void put_tables(struct trace *t)
{
    struct process *p = process_get();
    struct trace_head h = {.magic = TRACE_MAGIC,
                           .abi = ABI_COMMAND_WORDS,
                           .nproxies = p->nproxies,
                           .nservers = p->nservers,
                           .nlisteners = p->nlisteners,
                           .bufsize = p->limits.bufsize,
                           .maxrewrite = p->limits.maxrewrite,
                           .max_fields = p->limits.max_fields,
                           .conns_max = p->limits.conns_max,
                           .threads = p->limits.threads,
                           .idle_shared = (uint32_t)p->limits.idle_shared,
                           .pool_max_bytes = p->limits.pool_max_bytes};
    put_bytes(t, &h, sizeof(h));
    put_bytes(t, p->proxies, p->nproxies * (uint32_t)sizeof(*p->proxies));
    put_bytes(t, p->servers, p->nservers * (uint32_t)sizeof(*p->servers));
    put_bytes(t, p->listeners, p->nlisteners * (uint32_t)sizeof(*p->listeners));
    put_bytes(t, p->live, (1 + p->nproxies + p->nservers + p->nlisteners) * (uint32_t)sizeof(*p->live));
}

static void note_live(struct trace *t)
{
    const struct live *live = process_get()->live;
    uint32_t changed = 0;
    BUG_ON(t->live_seen == NULL);
    BUG_ON(t->live_words == 0 || t->live_words % ABI_LIVE_WORDS != 0);
    for (int writing = 0; writing < 2; writing++) { /* counted, then written */
        for (uint32_t i = 0; i < t->live_words; i++) {
            int32_t now = atomic_load_explicit(&live[i / ABI_LIVE_WORDS].w[i % ABI_LIVE_WORDS], memory_order_relaxed);
            if (now == t->live_seen[i])
                continue;
            if (writing && changed-- > 0) { /* another thread may change more of them meanwhile: next time */
                put_bytes(t, &i, sizeof(i));
                put_bytes(t, &now, sizeof(now));
                t->live_seen[i] = now;
            } else if (!writing) {
                changed++;
            }
            if (writing && changed == 0)
                return;
        }
        if (changed == 0)
            return;
        if (!writing)
            put_record(t, TRACE_LIVE, 0, changed, changed * 8);
    }
}

const struct sys *trace_open(const char *path, const struct sys *under)
{
    struct trace *t = calloc(1, sizeof(*t));
    if (t == NULL)
        return NULL;
    t->fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    struct process *p = process_get();
    t->live_words = (1 + p->nproxies + p->nservers + p->nlisteners) * ABI_LIVE_WORDS;
    t->live_seen = malloc(t->live_words * sizeof(*t->live_seen));
    if (t->fd < 0 || t->live_seen == NULL) {
        if (t->fd >= 0)
            close(t->fd);
        free(t->live_seen);
        free(t);
        return NULL;
    }
    memcpy(t->live_seen, p->live, t->live_words * sizeof(*t->live_seen));
    t->under = under;
    t->sys = (struct sys){.ctx = t,
                          .recv = t_recv,
                          .sendv = t_sendv,
                          .accept = t_accept,
                          .socket = t_socket,
                          .connect = t_connect,
                          .sock_error = t_sock_error,
                          .sock_set = t_sock_set,
                          .sock_name = t_sock_name,
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
    put_tables(t);
    return &t->sys;
}

static struct trace *trace_of(const struct sys *sys)
{
    return sys->recv == t_recv ? sys->ctx : NULL;
}

int trace_is(const struct sys *sys)
{
    return trace_of(sys) != NULL;
}

void trace_close(const struct sys *recording)
{
    struct trace *t = recording == NULL ? NULL : trace_of(recording);
    if (t == NULL)
        return;
    flush(t);
    if (t->fd >= 0)
        close(t->fd);
    free(t->live_seen);
    free(t);
}

void trace_enter(struct eng *e, uint32_t entry, int64_t argument)
{
    CHECK_ENG(e);
    struct trace *t = trace_of(e->sys);
    struct process *p = e->proc;
    /* sockets are opened after the engine was made: the tables as they are now */
    uint32_t listeners = entry == ENTRY_LISTEN ? p->nlisteners * (uint32_t)sizeof(*p->listeners) : 0;
    uint32_t logs = entry == ENTRY_LISTEN ? (uint32_t)sizeof(p->logs) : 0, len = listeners + logs;
    if (t == NULL)
        return;
    note_live(t);
    put_record(t, TRACE_ENTRY, (uint8_t)entry, argument, len);
    put_bytes(t, p->listeners, listeners);
    put_bytes(t, p->logs, logs);
    pad(t, len);
}

void trace_batch(struct eng *e, uint64_t told, uint32_t nevents, uint32_t ncommands)
{
    struct trace *t = trace_of(e->sys);
    uint32_t sizes[4] = {nevents, MIN(ncommands, COMMANDS_MAX), 0, 0};
    if (t == NULL)
        return;
    note_live(t);
    trace_extent(e, sizes[1], &sizes[2], &sizes[3]);
    uint32_t len = (uint32_t)sizeof(sizes) + sizes[1] * ABI_COMMAND_WORDS * 4 +
                   sizes[2] * (uint32_t)sizeof(struct head_edit) + sizes[3];
    put_record(t, TRACE_BATCH, 0, (int64_t)told, len);
    put_bytes(t, sizes, sizeof(sizes));
    put_bytes(t, e->commands, sizes[1] * ABI_COMMAND_WORDS * 4);
    put_bytes(t, e->edits, sizes[2] * (uint32_t)sizeof(struct head_edit));
    put_bytes(t, e->text, sizes[3]);
    pad(t, len);
}

void trace_mail(struct eng *e, const struct mail *mail, uint32_t n)
{
    struct trace *t = trace_of(e->sys);
    if (t == NULL)
        return;
    put_record(t, TRACE_MAIL, 0, n, n * (uint32_t)sizeof(*mail));
    put_bytes(t, mail, n * (uint32_t)sizeof(*mail));
}
