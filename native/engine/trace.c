/* The recording table of trace.h: each call is passed on and its result written down. One file per engine; a write error
 * ends the recording, never the traffic. */
#include "trace_parts.h"
#include "eng.h"
#include <errno.h>
#include <fcntl.h>

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

void trace_put_bytes(struct trace *t, const void *data, uint32_t len)
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

void trace_put_record(struct trace *t, uint8_t kind, uint8_t call, int64_t result, uint32_t len)
{
    struct trace_record r = {.kind = kind, .call = call, .len = len, .result = result};
    trace_put_bytes(t, &r, sizeof(r));
}

void trace_pad(struct trace *t, uint32_t len)
{
    static const uint8_t zero[8];
    trace_put_bytes(t, zero, (8 - len % 8) % 8);
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
    trace_put_bytes(t, &h, sizeof(h));
    trace_put_bytes(t, p->proxies, p->nproxies * (uint32_t)sizeof(*p->proxies));
    trace_put_bytes(t, p->servers, p->nservers * (uint32_t)sizeof(*p->servers));
    trace_put_bytes(t, p->listeners, p->nlisteners * (uint32_t)sizeof(*p->listeners));
    trace_put_bytes(t, p->live, (1 + p->nproxies + p->nservers + p->nlisteners) * (uint32_t)sizeof(*p->live));
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
                trace_put_bytes(t, &i, sizeof(i));
                trace_put_bytes(t, &now, sizeof(now));
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
            trace_put_record(t, TRACE_LIVE, 0, changed, changed * 8);
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
    trace_table(t);
    put_tables(t);
    return &t->sys;
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
    trace_put_record(t, TRACE_ENTRY, (uint8_t)entry, argument, len);
    trace_put_bytes(t, p->listeners, listeners);
    trace_put_bytes(t, p->logs, logs);
    trace_pad(t, len);
}

void trace_retire(struct eng *e, int fd, const uint8_t *movable)
{
    struct trace *t = trace_of(e->sys);
    uint32_t n = process_get()->nlisteners;
    if (t == NULL)
        return;
    note_live(t);
    trace_put_record(t, TRACE_ENTRY, ENTRY_RETIRE, fd, n);
    trace_put_bytes(t, movable, n);
    trace_pad(t, n);
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
    trace_put_record(t, TRACE_BATCH, 0, (int64_t)told, len);
    trace_put_bytes(t, sizes, sizeof(sizes));
    trace_put_bytes(t, e->commands, sizes[1] * ABI_COMMAND_WORDS * 4);
    trace_put_bytes(t, e->edits, sizes[2] * (uint32_t)sizeof(struct head_edit));
    trace_put_bytes(t, e->text, sizes[3]);
    trace_pad(t, len);
}

void trace_mail(struct eng *e, const struct mail *mail, uint32_t n)
{
    struct trace *t = trace_of(e->sys);
    if (t == NULL)
        return;
    trace_put_record(t, TRACE_MAIL, 0, n, n * (uint32_t)sizeof(*mail));
    trace_put_bytes(t, mail, n * (uint32_t)sizeof(*mail));
}
