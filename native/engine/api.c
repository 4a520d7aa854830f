/* api.h over the engine's inside: checks, then one call. */
#include "api.h"
#include "eng.h"
#include "trace.h"
#include <errno.h>

#define BUFSIZE_MIN 4096u /* a smaller tune.bufsize would not hold a head and its scanner */

int api_process_init(int32_t *live, uint32_t proxies, uint32_t servers, uint32_t listeners,
                     const struct api_limits *l)
{
    struct limits limits = {.bufsize = MAX(l->bufsize, BUFSIZE_MIN),
                            .maxrewrite = l->maxrewrite,
                            .max_fields = MAX(l->max_fields, 2u) - 1, /* HAProxy counts the start line */
                            .conns_max = l->conns_max,
                            .threads = l->threads,
                            .pool_max_bytes = l->pool_max_bytes,
                            .idle_shared = l->idle_shared,
                            .guard_pages = l->guard_pages};
    STATIC_ASSERT(sizeof(struct live) == ABI_LIVE_WORDS * sizeof(int32_t));
    return process_init((struct live *)(void *)live, proxies, servers, listeners, &limits);
}

int api_set_proxy(uint32_t index, const uint32_t *words, size_t words_len)
{
    struct process *p = process_get();
    if (index >= p->nproxies || words_len < ABI_PX_WORDS)
        return -EINVAL;
    memcpy(p->proxies[index].timeouts_ms, words, sizeof(p->proxies[index].timeouts_ms));
    p->proxies[index].flags = words[ABI_PX_FLAGS];
    p->proxies[index].handshake_ms = words[ABI_PX_HANDSHAKE_MS];
    return 0;
}

int api_set_server(uint32_t index, const uint32_t *words, size_t words_len, const uint8_t *addr,
                   size_t addr_len)
{
    struct process *p = process_get();
    if (index >= p->nservers || words_len < ABI_SV_WORDS || words[ABI_SV_PROXY] >= p->nproxies ||
        addr_len > SOCKADDR_LEN_MAX)
        return -EINVAL;
    struct server_conf *c = &p->servers[index];
    pthread_mutex_lock(&c->lock);
    c->proxy = words[ABI_SV_PROXY];
    c->pool_max = words[ABI_SV_POOL_MAX];
    c->pool_purge_ms = words[ABI_SV_POOL_PURGE_MS];
    c->flags = words[ABI_SV_FLAGS];
    c->pool_low = words[ABI_SV_POOL_LOW];
    c->netns = words[ABI_SV_NETNS];
    c->addr_len = (uint32_t)addr_len;
    if (addr_len > 0)
        memcpy(c->addr, addr, addr_len);
    pthread_mutex_unlock(&c->lock);
    return 0;
}

int api_set_listener(uint32_t index, const uint32_t *words, size_t words_len)
{
    struct process *p = process_get();
    if (index >= p->nlisteners || words_len < ABI_LI_WORDS || words[ABI_LI_PROXY] >= p->nproxies)
        return -EINVAL;
    p->listeners[index] = (struct listener_conf){.fd = (int)words[ABI_LI_FD],
                                                 .proxy = words[ABI_LI_PROXY],
                                                 .flags = words[ABI_LI_FLAGS],
                                                 .max_accept = words[ABI_LI_MAXACCEPT],
                                                 .socket_id = words[ABI_LI_SOCKET_ID]};
    return 0;
}

int api_set_log_target(uint32_t index, int kind, int fd)
{
    struct process *p = process_get();
    if (index >= LOG_TARGETS_MAX || kind < 0 || kind > 1 || fd < 0)
        return -EINVAL;
    p->logs[index] = (struct log_target){.kind = kind, .fd = fd};
    return 0;
}

void api_process_usage(double out[3])
{
    struct process *p = process_get();
    out[0] = (double)atomic_load(&p->pool_used_bytes);
    out[1] = (double)p->limits.pool_max_bytes;
    out[2] = (double)atomic_load(&p->conns_used_end);
}

struct eng *api_engine_new(uint32_t thread, uint32_t (*on_batch)(void *ctx, uint32_t nevents), void *ctx,
                           const char *trace_path)
{
    const struct sys *sys = sys_real();
    const struct sys *recording =
        trace_path != NULL && process_get()->magic != 0 ? trace_open(trace_path, sys) : NULL;
    struct eng *e = eng_new(thread, recording != NULL ? recording : sys, on_batch, ctx);
    if (e == NULL)
        trace_close(recording);
    return e;
}

void api_engine_free(struct eng *e)
{
    CHECK_ENG(e);
    const struct sys *sys = e->sys;
    eng_free(e);
    trace_close(sys);
}

void api_engine_memory(struct eng *e, struct api_memory *out)
{
    eng_check(e);
    STATIC_ASSERT(offsetof(struct record_thread, policy_gen) == offsetof(struct record_thread, policy_stream) + 4);
    *out = (struct api_memory){.events = e->events,
                               .work = &e->rec.thread->policy_stream,
                               .events_len = (size_t)EVENTS_MAX * ABI_EVENT_END_WORDS * sizeof(uint32_t),
                               .commands = e->commands,
                               .commands_len = (size_t)COMMANDS_MAX * ABI_COMMAND_WORDS * sizeof(uint32_t),
                               .edits = e->edits,
                               .edits_len = (size_t)EDITS_MAX * sizeof(struct head_edit),
                               .text = e->text,
                               .text_len = TEXT_MAX,
                               .arena = e->arena,
                               .arena_len = e->arena_size & ~7u};
}

int api_engine_poll_fd(const struct eng *e)
{
    return e->poll_fd;
}

int api_engine_busy(const struct eng *e)
{
    return e->in_batch || e->in_exec;
}

void api_engine_flush_logs(struct eng *e)
{
    CHECK_ENG(e);
    BUG_ON(e->nlog_lines > LOG_LINES_MAX);
    log_flush(e);
}

void api_engine_turn(struct eng *e)
{
    eng_turn(e);
}

void api_engine_exec(struct eng *e, uint32_t commands)
{
    eng_exec(e, commands);
}

void api_engine_listen(struct eng *e, int on)
{
    eng_listen(e, on != 0);
}

void api_engine_stop(struct eng *e)
{
    eng_stop(e);
}

int api_engine_retire(struct eng *e, int fd, const uint32_t *listeners, size_t listeners_len)
{
    CHECK_ENG(e);
    return listeners_len > UINT32_MAX ? -EINVAL : eng_retire(e, fd, listeners, (uint32_t)listeners_len);
}

int api_engine_receive(struct eng *e, int fd, uint32_t counts_ret[2])
{
    CHECK_ENG(e);
    return eng_receive(e, fd, &counts_ret[0], &counts_ret[1]);
}

uint64_t api_engine_now(const struct eng *e)
{
    return e->now_ms;
}

uint32_t api_engine_live(const struct eng *e)
{
    return e->client_conns + e->streams_live;
}

static int socket_name(struct eng *e, int fd, int peer, uint8_t *out, size_t out_len)
{
    struct sockaddr_storage addr;
    socklen_t len = sizeof(addr);
    int rc = e->sys->sock_name(e->sys->ctx, fd, peer, &addr, &len);
    if (rc < 0)
        return rc;
    len = (socklen_t)MIN((size_t)len, out_len);
    memcpy(out, &addr, len);
    return (int)len;
}

/* What a PROXY header said; 0 when it did not. */
static int proxied_address(const struct conn *c, int source, uint8_t *out)
{
    CHECK_CONN(c);
    const struct conn_proxied *p = c->proxied;
    if (p == NULL || (source ? p->src_len : p->dst_len) == 0)
        return 0;
    BUG_ON(p->src_len > CONN_ADDR_LEN || p->dst_len > CONN_ADDR_LEN);
    memcpy(out, source ? p->src : p->dst, source ? p->src_len : p->dst_len);
    return source ? p->src_len : p->dst_len;
}

static int proxied_tlvs(const struct conn *c, uint8_t *out, size_t out_len)
{
    CHECK_CONN(c);
    if (c->proxied == NULL)
        return -ENOENT;
    BUG_ON(out == NULL && out_len > 0);
    memcpy(out, c->proxied->tlvs, MIN(out_len, c->proxied->tlvs_len));
    return (int)c->proxied->tlvs_len;
}

int api_conn_address(struct eng *e, uint32_t conn, uint32_t gen, uint32_t which, uint8_t *out, size_t out_len)
{
    CHECK_ENG(e);
    struct conn *c = conn_find(e->proc, conn, gen);
    if (c == NULL || c->thread != e->thread || c->side != CONN_FRONT || out_len < CONN_ADDR_LEN ||
        which > ABI_ADDRESS_TLVS)
        return -ENOENT;
    if (which == ABI_ADDRESS_TLVS)
        return proxied_tlvs(c, out, out_len);
    int source = which == ABI_ADDRESS_SOURCE || which == ABI_ADDRESS_PEER;
    int told = which <= ABI_ADDRESS_DESTINATION ? proxied_address(c, source, out) : 0;
    if (told > 0)
        return told;
    if (!source)
        return socket_name(e, c->fd, 0, out, out_len);
    memcpy(out, c->addr, c->addr_len);
    return c->addr_len;
}

int api_server_address(struct eng *e, uint32_t stream, uint32_t gen, int peer, uint8_t *out, size_t out_len)
{
    CHECK_ENG(e);
    struct stream *s = stream_find(e, stream, gen);
    if (s == NULL || s->back == NULL || out_len < CONN_ADDR_LEN)
        return -ENOENT;
    return socket_name(e, s->back->fd, peer, out, out_len);
}

size_t api_engine_counters(struct eng *e, double *out, size_t out_len)
{
    CHECK_ENG(e);
    const uint64_t *words = (const uint64_t *)(const void *)&e->count;
    size_t n = sizeof(e->count) / sizeof(uint64_t);
    STATIC_ASSERT(sizeof(e->count) / sizeof(uint64_t) <= API_COUNTERS_MAX);
    e->count.pool_refused = e->pool.refused;
    for (size_t i = 0; i < n && i < out_len; i++)
        out[i] = (double)words[i];
    return n;
}
