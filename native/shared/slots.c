/* Slots and queues of slots.h. The lock of a backend guards its lists only; `served` words are atomics. Order of grants:
 * the server's own queue and the backend's are one line by arrival, as HAProxy serves them. */
#include "slots.h"
#include "mailbox.h"
#include <errno.h>

#define SERVER_RUNNING 1
#define SERVER_DRAIN 2
#define SERVER_MAINT 4

static _Atomic uint64_t order_next;

static void list_init(struct slot_waiter *head)
{
    head->next = head->prev = head;
}

int slots_init(struct process *p)
{
    BUG_ON(p->queues != NULL);
    p->queues = calloc(p->nproxies + 1, sizeof(*p->queues));
    if (p->queues == NULL)
        return -ENOMEM;
    for (uint32_t i = 0; i < p->nproxies; i++) {
        pthread_mutex_init(&p->queues[i].lock, NULL);
        list_init(&p->queues[i].any);
        p->queues[i].first_server = ABI_NONE;
    }
    return 0;
}

void slots_reset(struct process *p)
{
    CHECK_PROCESS(p);
    for (uint32_t i = 0; p->queues != NULL && i < p->nproxies; i++) {
        free(p->queues[i].servers);
        pthread_mutex_destroy(&p->queues[i].lock);
    }
    free(p->queues);
    p->queues = NULL;
}

/* The lists per server are made when the first waiter comes: the servers' proxies are known by then. */
static int queue_servers(struct process *p, uint32_t backend)
{
    BUG_ON(backend >= p->nproxies);
    CHECK_PROCESS(p);
    struct slot_queue *q = &p->queues[backend];
    uint32_t first = ABI_NONE, count = 0;
    if (q->servers != NULL)
        return 0;
    for (uint32_t i = 0; i < p->nservers; i++) {
        if (p->servers[i].proxy != backend)
            continue;
        if (first == ABI_NONE)
            first = i;
        count = i - first + 1;
    }
    if (count == 0)
        return -ENOENT;
    q->servers = calloc(count, sizeof(*q->servers));
    if (q->servers == NULL)
        return -ENOMEM;
    for (uint32_t i = 0; i < count; i++)
        list_init(&q->servers[i]);
    q->first_server = first;
    q->nservers = count;
    return 0;
}

static void note_max(struct live *sv, int32_t served)
{
    if (served > live_get(&sv->w[ABI_LIVE_SV_SERVED_MAX]))
        atomic_store_explicit(&sv->w[ABI_LIVE_SV_SERVED_MAX], served, memory_order_relaxed);
}

/* How many requests the server may serve now, 0 = any number: `maxconn`, or with `minconn` the part of it that the
 * backend's load is of `fullconn` (ServerGroup.dynamicMaxconn is the same on policy's side). */
static int32_t slots_now(struct process *p, uint32_t server)
{
    CHECK_PROCESS(p);
    struct live *sv = live_server(p, server), *px = live_proxy(p, p->servers[server].proxy);
    int32_t max = live_get(&sv->w[ABI_LIVE_SV_MAXCONN]), min = live_get(&sv->w[ABI_LIVE_SV_MINCONN]);
    int32_t load = live_get(&px->w[ABI_LIVE_PX_BECONN]), full = live_get(&px->w[ABI_LIVE_PX_FULLCONN]);
    if (min <= 0 || min >= max || full <= 0 || load >= full)
        return max;
    return MAX(min, (int32_t)((int64_t)load * max / full));
}

int slot_try(struct process *p, uint32_t server)
{
    CHECK_PROCESS(p);
    struct live *sv = live_server(p, server);
    int32_t served = live_get(&sv->w[ABI_LIVE_SV_SERVED]);
    for (;;) {
        int32_t max = slots_now(p, server);
        if (max > 0 && served >= max)
            return 0;
        if (atomic_compare_exchange_weak(&sv->w[ABI_LIVE_SV_SERVED], &served, served + 1)) {
            note_max(sv, served + 1);
            return 1;
        }
    }
}

static struct slot_waiter *line_of(struct slot_queue *q, const struct slot_waiter *w)
{
    BUG_ON(q->servers == NULL);
    return w->server == ABI_NONE ? &q->any : &q->servers[w->server - q->first_server];
}

/* What a log line shows of the wait: grants of its line while it waited, its own counted. */
static void note_place(struct slot_queue *q, struct slot_waiter *w, uint32_t own)
{
    uint32_t place = line_of(q, w)->joined + own - w->joined;
    w->before_server = w->server == ABI_NONE ? 0 : place;
    w->before_backend = w->server == ABI_NONE ? place : 0;
}

static void unlink_waiter(struct process *p, struct slot_waiter *w)
{
    BUG_ON(w->prev == NULL);
    BUG_ON(w->server != ABI_NONE && w->server >= p->nservers);
    BUG_ON(w->backend >= p->nproxies);
    CHECK_PROCESS(p);
    BUG_ON(w->next == NULL);
    w->prev->next = w->next;
    w->next->prev = w->prev;
    w->next = w->prev = NULL;
    if (w->server == ABI_NONE)
        live_add(&live_proxy(p, w->backend)->w[ABI_LIVE_PX_QUEUED], -1);
    else
        live_add(&live_server(p, w->server)->w[ABI_LIVE_SV_QUEUED], -1);
}

static void grant(struct process *p, struct slot_queue *q, struct slot_waiter *w, uint32_t server)
{
    CHECK_PROCESS(p);
    struct mail m = {.op = MAIL_SLOT, .index = w->stream, .gen = w->stream_gen, .arg = {server, w->backend}};
    uint32_t thread = w->thread;
    line_of(q, w)->joined++;
    note_place(q, w, 0);
    unlink_waiter(p, w);
    if (mailbox_send(p, thread, &m) < 0) /* the thread is gone: so is the waiter */
        live_add(&live_server(p, server)->w[ABI_LIVE_SV_SERVED], -1);
}

static int server_usable(struct process *p, uint32_t server)
{
    int32_t state = live_get(&live_server(p, server)->w[ABI_LIVE_SV_STATE]);
    return (state & SERVER_RUNNING) && !(state & (SERVER_DRAIN | SERVER_MAINT));
}

/* With the lock held: grants slots of <server> while it has any and somebody waits for it. */
static void grant_server(struct process *p, struct slot_queue *q, uint32_t server)
{
    BUG_ON(q->servers == NULL);
    BUG_ON(server < q->first_server || server - q->first_server >= q->nservers);
    CHECK_PROCESS(p);
    struct slot_waiter *own = &q->servers[server - q->first_server];
    for (;;) {
        struct slot_waiter *w = own->next != own ? own->next : NULL;
        if (server_usable(p, server) && q->any.next != &q->any &&
            (w == NULL || q->any.next->order < w->order))
            w = q->any.next;
        if (w == NULL || !slot_try(p, server))
            return;
        grant(p, q, w, server);
    }
}

int slot_release(struct process *p, uint32_t server)
{
    CHECK_PROCESS(p);
    struct live *sv = live_server(p, server);
    uint32_t backend = p->servers[server].proxy;
    struct slot_queue *q = &p->queues[backend];
    int32_t served = atomic_load(&sv->w[ABI_LIVE_SV_SERVED]);
    do {
        if (served <= 0)
            return -EINVAL;
    } while (!atomic_compare_exchange_weak(&sv->w[ABI_LIVE_SV_SERVED], &served, served - 1));
    if (atomic_load(&sv->w[ABI_LIVE_SV_QUEUED]) == 0 &&
        atomic_load(&live_proxy(p, backend)->w[ABI_LIVE_PX_QUEUED]) == 0)
        return 0;
    pthread_mutex_lock(&q->lock);
    if (q->servers != NULL)
        grant_server(p, q, server);
    pthread_mutex_unlock(&q->lock);
    return 0;
}

/* Who waits for a server that takes no more work is told: policy chooses again. They leave the line when they hear it. */
static void post_line(struct process *p, struct slot_waiter *head)
{
    CHECK_PROCESS(p);
    BUG_ON(head->next == NULL);
    for (struct slot_waiter *w = head->next; w != head; w = w->next) {
        struct mail m = {.op = MAIL_POST, .index = w->stream, .gen = w->stream_gen};
        mailbox_send(p, w->thread, &m);
    }
}

void slot_queue_kick(struct process *p, uint32_t backend)
{
    CHECK_PROCESS(p);
    BUG_ON(backend >= p->nproxies);
    struct slot_queue *q = &p->queues[backend];
    int left = 0;
    pthread_mutex_lock(&q->lock);
    for (uint32_t i = 0; q->servers != NULL && i < q->nservers; i++) {
        if (p->servers[q->first_server + i].proxy != backend)
            continue;
        if (server_usable(p, q->first_server + i))
            left = 1;
        else
            post_line(p, &q->servers[i]);
        grant_server(p, q, q->first_server + i);
    }
    if (q->servers != NULL && !left) /* nobody is left to wait for */
        post_line(p, &q->any);
    pthread_mutex_unlock(&q->lock);
}

void slot_queue_join(struct process *p, struct slot_waiter *w)
{
    CHECK_PROCESS(p);
    struct slot_queue *q = &p->queues[w->backend];
    BUG_ON(w->next != NULL);
    BUG_ON(w->backend >= p->nproxies);
    pthread_mutex_lock(&q->lock);
    if (queue_servers(p, w->backend) == 0) {
        struct slot_waiter *head = line_of(q, w);
        _Atomic int32_t *count = w->server == ABI_NONE ? &live_proxy(p, w->backend)->w[ABI_LIVE_PX_QUEUED]
                                                       : &live_server(p, w->server)->w[ABI_LIVE_SV_QUEUED];
        w->order = atomic_fetch_add(&order_next, 1);
        w->next = head;
        w->prev = head->prev;
        head->prev->next = w;
        head->prev = w;
        w->joined = head->joined;
        atomic_fetch_add(count, 1);
        /* a slot freed before the count above was visible would otherwise wake nobody */
        if (w->server != ABI_NONE)
            grant_server(p, q, w->server);
        else
            for (uint32_t i = 0; i < q->nservers && w->next != NULL; i++)
                if (p->servers[q->first_server + i].proxy == w->backend)
                    grant_server(p, q, q->first_server + i);
    }
    pthread_mutex_unlock(&q->lock);
}

int slot_queue_leave(struct process *p, struct slot_waiter *w)
{
    BUG_ON(w->backend >= p->nproxies);
    CHECK_PROCESS(p);
    struct slot_queue *q = &p->queues[w->backend];
    int waiting;
    pthread_mutex_lock(&q->lock);
    waiting = w->next != NULL;
    if (waiting) {
        note_place(q, w, 1);
        unlink_waiter(p, w);
    }
    pthread_mutex_unlock(&q->lock);
    return waiting;
}
