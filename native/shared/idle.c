/* The idle lists of idle.h. The live word LIVE_SV_IDLE counts a server's idle connections over all threads; pool-max-conn
 * is held against it. */
#include "idle.h"
#include "../engine/conn.h"
#include <errno.h>

static struct idle_list *list_of(struct process *p, uint32_t server, uint32_t thread)
{
    CHECK_PROCESS(p);
    BUG_ON(server >= p->nservers);
    BUG_ON(thread >= p->limits.threads);
    return &p->idle->lists[server * p->limits.threads + thread];
}

int idle_init(struct process *p)
{
    BUG_ON(p->idle != NULL);
    size_t n = (size_t)p->nservers * p->limits.threads;
    p->idle = calloc(1, sizeof(*p->idle));
    if (p->idle == NULL)
        return -ENOMEM;
    p->idle->lists = calloc(n + 1, sizeof(*p->idle->lists));
    if (p->idle->lists == NULL)
        return -ENOMEM;
    for (size_t i = 0; i < n; i++) {
        pthread_mutex_init(&p->idle->lists[i].lock, NULL);
        p->idle->lists[i].first = p->idle->lists[i].last = ABI_NONE;
    }
    return 0;
}

void idle_reset(struct process *p)
{
    size_t n = (size_t)p->nservers * p->limits.threads;
    if (p->idle == NULL)
        return;
    for (size_t i = 0; i < n; i++)
        pthread_mutex_destroy(&p->idle->lists[i].lock);
    free(p->idle->lists);
    free(p->idle);
    p->idle = NULL;
}

static void unlink_conn(struct process *p, struct idle_list *l, struct conn *c)
{
    BUG_ON(!c->in_idle);
    BUG_ON(atomic_load_explicit(&l->count, memory_order_relaxed) == 0);
    CHECK_CONN(c);
    CHECK_PROCESS(p);
    if (c->idle_prev != ABI_NONE)
        p->conns[c->idle_prev].idle_next = c->idle_next;
    else
        l->first = c->idle_next;
    if (c->idle_next != ABI_NONE)
        p->conns[c->idle_next].idle_prev = c->idle_prev;
    else
        l->last = c->idle_prev;
    uint32_t left = atomic_fetch_sub_explicit(&l->count, 1, memory_order_relaxed) - 1;
    l->excess_min = MIN(l->excess_min, left);
    atomic_store_explicit(&c->in_idle, 0, memory_order_release);
    live_add(&live_server(p, c->server)->w[ABI_LIVE_SV_IDLE], -1);
}

/* Whether one more is worth keeping beside <others> of all threads; <l> is locked. */
static int is_wanted(struct process *p, struct idle_list *l, uint32_t server, uint32_t others)
{
    BUG_ON(server >= p->nservers);
    uint32_t used = (uint32_t)MAX(live_get(&live_server(p, server)->w[ABI_LIVE_SV_SERVED]), 0) + 1;
    l->used_max = MAX(l->used_max, used);
    l->need = MAX(l->need, l->used_max);
    return l->first == ABI_NONE || used + others <= l->need + p->servers[server].pool_low;
}

int idle_put(struct process *p, struct conn *c, uint32_t thread)
{
    CHECK_CONN(c);
    CHECK_PROCESS(p);
    struct server_conf *sv = &p->servers[c->server];
    struct idle_list *l = list_of(p, c->server, thread);
    _Atomic int32_t *idle = &live_server(p, c->server)->w[ABI_LIVE_SV_IDLE];
    BUG_ON(c->in_idle);
    BUG_ON(c->stream != NULL || c->in_len != 0 || c->out.len != 0);
    uint32_t total = (uint32_t)live_add(idle, 1);
    pthread_mutex_lock(&l->lock);
    if (total > sv->pool_max || !is_wanted(p, l, c->server, total - 1)) {
        pthread_mutex_unlock(&l->lock);
        live_add(idle, -1);
        return 0;
    }
    c->idle_prev = ABI_NONE;
    c->idle_next = l->first;
    if (l->first != ABI_NONE)
        p->conns[l->first].idle_prev = c->index;
    else
        l->last = c->index;
    l->first = c->index;
    atomic_fetch_add_explicit(&l->count, 1, memory_order_relaxed);
    atomic_store_explicit(&c->idle_server, c->server, memory_order_release);
    atomic_store_explicit(&c->in_idle, 1, memory_order_release);
    pthread_mutex_unlock(&l->lock);
    return 1;
}

static struct conn *take_from(struct process *p, struct idle_list *l, uint64_t hash, uint32_t flags,
                              int same_thread)
{
    BUG_ON(l == NULL);
    CHECK_PROCESS(p);
    struct conn *c = NULL;
    if (atomic_load_explicit(&l->count, memory_order_relaxed) == 0)
        return NULL;
    pthread_mutex_lock(&l->lock);
    for (uint32_t i = l->first; i != ABI_NONE; i = p->conns[i].idle_next) {
        struct conn *d = &p->conns[i];
        if (d->conn_hash != hash || ((flags & IDLE_SAFE_ONLY) && d->nrequests < 2))
            continue;
        if (!same_thread) { /* before in_idle: who sees it out of the list sees its new name, and that it is not his */
            atomic_store_explicit(&d->owner, 0, memory_order_release);
            atomic_fetch_add_explicit(&d->gen, 1, memory_order_release);
        }
        unlink_conn(p, l, d);
        c = d;
        break;
    }
    pthread_mutex_unlock(&l->lock);
    return c;
}

struct conn *idle_take(struct process *p, uint32_t server, uint64_t hash, uint32_t flags, uint32_t thread)
{
    CHECK_PROCESS(p);
    struct conn *c = take_from(p, list_of(p, server, thread), hash, flags, 1);
    if (c != NULL || !p->limits.idle_shared || live_get(&live_server(p, server)->w[ABI_LIVE_SV_IDLE]) <= 0)
        return c;
    for (uint32_t i = 1; i < p->limits.threads && c == NULL; i++)
        c = take_from(p, list_of(p, server, (thread + i) % p->limits.threads), hash, flags, 0);
    return c;
}

int idle_remove(struct process *p, struct conn *c, uint32_t gen, uint32_t thread)
{
    CHECK_PROCESS(p);
    BUG_ON(c < p->conns || c >= p->conns + p->limits.conns_max);
    /* it may be another thread's by now, and in another list: then its generation is another one, too */
    struct idle_list *l = list_of(p, atomic_load_explicit(&c->idle_server, memory_order_acquire), thread);
    int mine;
    pthread_mutex_lock(&l->lock);
    mine = atomic_load_explicit(&c->gen, memory_order_acquire) == gen && c->in_idle;
    BUG_ON(mine && list_of(p, c->server, thread) != l);
    if (mine)
        unlink_conn(p, l, c);
    pthread_mutex_unlock(&l->lock);
    return mine;
}

struct conn *idle_purge(struct process *p, uint32_t server, uint32_t thread, uint32_t keep)
{
    CHECK_PROCESS(p);
    struct idle_list *l = list_of(p, server, thread);
    struct conn *c = NULL;
    pthread_mutex_lock(&l->lock); /* also for an empty list: who ends must see what others took from it */
    if (l->last != ABI_NONE && atomic_load_explicit(&l->count, memory_order_relaxed) > keep) {
        c = &p->conns[l->last];
        unlink_conn(p, l, c);
    }
    pthread_mutex_unlock(&l->lock);
    return c;
}

uint32_t idle_excess(struct process *p, uint32_t server, uint32_t thread)
{
    CHECK_PROCESS(p);
    struct idle_list *l = list_of(p, server, thread);
    uint32_t excess;
    pthread_mutex_lock(&l->lock);
    excess = l->excess_min;
    l->need = MAX((l->need + l->used_max) / 2, l->used_max);
    l->used_max = 0;
    l->excess_min = atomic_load_explicit(&l->count, memory_order_relaxed);
    pthread_mutex_unlock(&l->lock);
    return excess;
}
