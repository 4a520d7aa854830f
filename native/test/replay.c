/* Runs an engine on a recorded trace (engine/trace.h): the kernel's answers and policy's commands come from the file, and
 * every batch of events must be the one that was told then. Built with sanitizers, so that a trace of real traffic is a
 * test of memory as well. Usage: replay FILE...; exit 0 when all ran to their end without a difference. */
#include "../engine/eng.h"
#include "../engine/trace.h"
#include <errno.h>
#include <stdio.h>
#include <sys/epoll.h>

static struct {
    uint8_t *mem;
    size_t len, at;
    const char *name;
    uint64_t batches, calls;
    struct eng *eng;
} file;

__attribute__((noreturn)) static void differs(const char *what)
{
    fprintf(stderr, "replay: %s differs at byte %zu of %s (batch %llu, call %llu)\n", what, file.at,
            file.name, (unsigned long long)file.batches, (unsigned long long)file.calls);
    exit(1);
}

/* What policy and others wrote into the live array by then. */
static void live_now(void)
{
    while (file.at + sizeof(struct trace_record) <= file.len && file.mem[file.at] == TRACE_LIVE) {
        const struct trace_record *r = (const struct trace_record *)(const void *)(file.mem + file.at);
        struct process *p = process_get();
        uint32_t words = (1 + p->nproxies + p->nservers + p->nlisteners) * ABI_LIVE_WORDS, pair[2];
        if (file.at + sizeof(*r) + r->len > file.len || r->len % sizeof(pair) != 0)
            differs("the length");
        for (uint32_t at = 0; at < r->len; at += sizeof(pair)) {
            memcpy(pair, file.mem + file.at + sizeof(*r) + at, sizeof(pair));
            if (pair[0] >= words)
                differs("a live word");
            atomic_store(&p->live[pair[0] / ABI_LIVE_WORDS].w[pair[0] % ABI_LIVE_WORDS], (int32_t)pair[1]);
        }
        file.at += sizeof(*r) + r->len;
    }
}

static const struct trace_record *record(uint8_t kind, uint8_t call, const uint8_t **data_ret)
{
    live_now();
    if (file.at + sizeof(struct trace_record) > file.len)
        differs("the end");
    const struct trace_record *r = (const struct trace_record *)(const void *)(file.mem + file.at);
    if (r->kind != kind || (kind == TRACE_CALL && r->call != call)) {
        fprintf(stderr, "replay: kind %u call %u expected, kind %u call %u recorded\n", kind, call, r->kind,
                r->call);
        differs("what comes next");
    }
    size_t padded = ((size_t)r->len + 7) & ~(size_t)7;
    if (file.at + sizeof(*r) + padded > file.len)
        differs("the length");
    *data_ret = file.mem + file.at + sizeof(*r);
    file.at += sizeof(*r) + padded;
    file.calls++;
    return r;
}

static int64_t call_data(uint8_t call, void *out, uint32_t out_max, uint32_t *len_ret)
{
    const uint8_t *data;
    const struct trace_record *r = record(TRACE_CALL, call, &data);
    if (r->len > out_max)
        differs("a size");
    if (r->len > 0)
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
    if (fd != file.eng->wake_fd)
        return rc;
    while (mailbox_take(&p->mailboxes[file.eng->thread], &m, 1) == 1)
        continue; /* what it sent itself is in the trace */
    while (file.at + sizeof(struct trace_record) <= file.len && file.mem[file.at] == TRACE_MAIL) {
        const uint8_t *data;
        const struct trace_record *r = record(TRACE_MAIL, 0, &data);
        for (int64_t i = 0; i < r->result; i++) {
            memcpy(&m, data + (size_t)i * sizeof(m), sizeof(m));
            mailbox_send(p, file.eng->thread, &m);
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

static const struct sys replay_sys = {
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
};

/* Policy as it was: the events must be those, the commands are taken from the file. */
static uint32_t take_batch(uint32_t nevents, int with_events)
{
    const uint8_t *data;
    const struct trace_record *r = record(TRACE_BATCH, 0, &data);
    const uint32_t *sizes = (const uint32_t *)(const void *)data;
    struct eng *e = file.eng;
    if (with_events && (sizes[0] != nevents || (uint64_t)r->result != trace_events_hash(e, e->event_words)))
        differs("what policy was told");
    data += 4 * sizeof(*sizes);
    memcpy(e->commands, data, (size_t)sizes[1] * ABI_COMMAND_WORDS * 4);
    data += (size_t)sizes[1] * ABI_COMMAND_WORDS * 4;
    memcpy(e->edits, data, (size_t)sizes[2] * sizeof(struct head_edit));
    memcpy(e->text, data + (size_t)sizes[2] * sizeof(struct head_edit), sizes[3]);
    file.batches++;
    return sizes[1];
}

static uint32_t on_batch(void *ctx, uint32_t nevents)
{
    (void)ctx;
    return take_batch(nevents, 1);
}

static const void *take(size_t len)
{
    const void *p = file.mem + file.at;
    if (file.at + len > file.len)
        differs("the head");
    file.at += len;
    return p;
}

static struct live *open_process(void)
{
    const struct trace_head *h = take(sizeof(*h));
    struct limits l = {.bufsize = h->bufsize,
                       .maxrewrite = h->maxrewrite,
                       .max_fields = h->max_fields,
                       .conns_max = h->conns_max,
                       .threads = h->threads,
                       .pool_max_bytes = h->pool_max_bytes,
                       .idle_shared = (int)h->idle_shared};
    uint32_t records = 1 + h->nproxies + h->nservers + h->nlisteners;
    struct live *live = aligned_alloc(64, records * sizeof(*live));
    if (h->magic != TRACE_MAGIC || live == NULL ||
        process_init(live, h->nproxies, h->nservers, h->nlisteners, &l) != 0)
        differs("the head");
    struct process *p = process_get();
    memcpy(p->proxies, take(h->nproxies * sizeof(*p->proxies)), h->nproxies * sizeof(*p->proxies));
    const struct server_conf *sv = take(h->nservers * sizeof(*sv));
    for (uint32_t i = 0; i < h->nservers; i++) {
        pthread_mutex_t lock = p->servers[i].lock;
        p->servers[i] = sv[i];
        p->servers[i].lock = lock;
    }
    memcpy(p->listeners, take(h->nlisteners * sizeof(*p->listeners)), h->nlisteners * sizeof(*p->listeners));
    memcpy(live, take(records * sizeof(*live)), records * sizeof(*live));
    return live;
}

static void enter(const struct trace_record *r, const uint8_t *data)
{
    struct process *p = process_get();
    switch (r->call) {
    case ENTRY_TURN: eng_turn(file.eng); return;
    case ENTRY_EXEC: eng_exec(file.eng, take_batch(0, 0)); return;
    case ENTRY_LISTEN:
        if (r->len != p->nlisteners * sizeof(*p->listeners) + sizeof(p->logs))
            differs("the listeners");
        memcpy(p->listeners, data, r->len - sizeof(p->logs));
        memcpy(p->logs, data + r->len - sizeof(p->logs), sizeof(p->logs));
        eng_listen(file.eng, (int)r->result);
        return;
    case ENTRY_STOP: eng_stop(file.eng); return;
    case ENTRY_FREE:
        eng_free(file.eng);
        file.eng = NULL;
        return;
    default: differs("an entry");
    }
}

static void replay(const char *path)
{
    FILE *f = fopen(path, "rb");
    if (f == NULL || fseek(f, 0, SEEK_END) != 0) {
        fprintf(stderr, "replay: cannot read %s\n", path);
        exit(2);
    }
    memset(&file, 0, sizeof(file));
    file.name = path;
    file.len = (size_t)ftell(f);
    file.mem = malloc(file.len + 1);
    rewind(f);
    if (file.mem == NULL || fread(file.mem, 1, file.len, f) != file.len)
        exit(2);
    fclose(f);
    struct live *live = open_process();
    file.eng = eng_new(0, &replay_sys, on_batch, NULL);
    if (file.eng == NULL)
        differs("the start");
    while (file.eng != NULL && file.at + sizeof(struct trace_record) <= file.len) {
        const uint8_t *data;
        const struct trace_record *r = record(TRACE_ENTRY, 0, &data);
        enter(r, data);
    }
    printf("replay: %s: %llu batches, %llu records, the same\n", path, (unsigned long long)file.batches,
           (unsigned long long)file.calls);
    if (file.eng == NULL)
        process_reset();
    free(live);
    free(file.mem);
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        fprintf(stderr, "usage: replay TRACE...\n");
        return 2;
    }
    for (int i = 1; i < argc; i++)
        replay(argv[i]);
    return 0;
}
