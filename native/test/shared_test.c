/* What threads share, from real threads: slots and their queues, mailboxes, idle server connections; and the buffer pool's
 * cap. Slots are never more than maxconn, none is lost, every waiter is served, mail is neither lost nor doubled, a connection
 * is in one hand at a time. `make tsan` runs it under ThreadSanitizer where that is there. */
#include "../engine/eng.h"
#include "sim_seeded.h"
#include <errno.h>
#include <stdio.h>
#include <time.h>

enum { THREADS = 4, MAXCONN = 3, TAKES = 30000, CONNS = 64, SLOTS_S = 10, LOOK_EVERY = 32 };

static struct live live[4]; /* process, proxy, two servers */
static _Atomic uint32_t signals, holders[2], most[2], served, failed_cases;
static uint32_t passed;

static int s_signal(void *ctx, int fd)
{
    (void)ctx, (void)fd;
    atomic_fetch_add(&signals, 1);
    return 0;
}

static int s_poll_ctl(void *ctx, int poll_fd, int op, int fd, uint32_t events, uint64_t data)
{
    (void)ctx, (void)poll_fd, (void)op, (void)fd, (void)events, (void)data;
    return 0;
}

static const struct sys quiet = {.wake_signal = s_signal, .poll_ctl = s_poll_ctl};

static void expect(int ok, const char *what)
{
    if (ok)
        return;
    fprintf(stderr, "FAILED shared: %s\n", what);
    atomic_fetch_add(&failed_cases, 1);
}

static struct process *start(void)
{
    struct limits limits = {.bufsize = 16384,
                            .maxrewrite = 1024,
                            .max_fields = 101,
                            .conns_max = CONNS,
                            .threads = THREADS,
                            .pool_max_bytes = 1u << 20,
                            .idle_shared = 1};
    memset(live, 0, sizeof(live));
    BUG_ON(process_init(live, 1, 2, 0, &limits) != 0);
    struct process *p = process_get();
    for (uint32_t i = 0; i < 2; i++) {
        p->servers[i].pool_max = ABI_NONE;
        atomic_store(&live_server(p, i)->w[ABI_LIVE_SV_STATE], 1);
        atomic_store(&live_server(p, i)->w[ABI_LIVE_SV_MAXCONN], MAXCONN);
    }
    for (uint32_t t = 0; t < THREADS; t++)
        BUG_ON(mailbox_open(&p->mailboxes[t], &quiet, 1000 + (int)t) != 0);
    return p;
}

static void in_threads(void *(*work)(void *))
{
    pthread_t threads[THREADS];
    for (uintptr_t t = 0; t < THREADS; t++)
        BUG_ON(pthread_create(&threads[t], NULL, work, (void *)t) != 0);
    for (int t = 0; t < THREADS; t++)
        pthread_join(threads[t], NULL);
}

/* A random number of this thread's own. */
static uint32_t next(uint32_t *state, uint32_t below)
{
    *state = *state * 1103515245u + 12345u;
    return (*state >> 8) % below;
}

static void hold(uint32_t server)
{
    uint32_t n = atomic_fetch_add(&holders[server], 1) + 1, seen = atomic_load(&most[server]);
    while (n > seen && !atomic_compare_exchange_weak(&most[server], &seen, n))
        continue;
    atomic_fetch_add(&served, 1);
    if (n % 2)
        sched_yield(); /* held over a switch of threads; on a busy CPU others have it for milliseconds */
    atomic_fetch_sub(&holders[server], 1);
    slot_release(process_get(), server);
}

/* Waits in line as a stream does: the grant comes by mail, or the line is left again. */
static void wait_in_line(struct process *p, uint32_t thread, uint32_t *random, uint32_t serial)
{
    struct slot_waiter w = {.thread = thread,
                            .stream = serial,
                            .stream_gen = 1,
                            .backend = 0,
                            .server = next(random, 2) ? next(random, 2) : ABI_NONE};
    struct mail m;
    slot_queue_join(p, &w);
    for (uint32_t patience = next(random, 300);; patience--) {
        if (mailbox_take(&p->mailboxes[thread], &m, 1) == 1) {
            BUG_ON(m.op != MAIL_SLOT || m.index != serial);
            hold(m.arg[0]);
            return;
        }
        if (patience == 0 && slot_queue_leave(p, &w))
            return; /* gone before its turn */
        if (patience == 0)
            patience = 1u << 30; /* a grant is under way and must come */
        sched_yield();
    }
}

static uint64_t now_s(void)
{
    struct timespec t;
    BUG_ON(clock_gettime(CLOCK_MONOTONIC, &t) != 0);
    return (uint64_t)t.tv_sec;
}

/* TAKES times, or as often as a slow machine gets to it in SLOTS_S seconds. */
static void *slot_work(void *arg)
{
    uint64_t end_s = now_s() + SLOTS_S;
    struct process *p = process_get();
    uint32_t thread = (uint32_t)(uintptr_t)arg, random = thread * 7919 + 1;
    for (uint32_t i = 0; i < TAKES && (i % LOOK_EVERY != 0 || now_s() < end_s); i++) {
        uint32_t server = next(&random, 2);
        if (slot_try(p, server))
            hold(server);
        else
            wait_in_line(p, thread, &random, thread << 20 | i);
    }
    return NULL;
}

static void slots(void)
{
    struct process *p = start();
    in_threads(slot_work);
    for (uint32_t i = 0; i < 2; i++) {
        expect(most[i] <= MAXCONN && most[i] > 0, "never more than maxconn");
        expect(live_get(&live_server(p, i)->w[ABI_LIVE_SV_SERVED]) == 0, "every slot came back");
        expect(live_get(&live_server(p, i)->w[ABI_LIVE_SV_QUEUED]) == 0, "nobody waits for a server");
        expect(slot_release(p, i) == -EINVAL, "a slot that nobody took is not given back");
    }
    expect(live_get(&live_proxy(p, 0)->w[ABI_LIVE_PX_QUEUED]) == 0, "nobody waits in the backend");
    expect(served > LOOK_EVERY, "some were served");
    process_reset();
    passed++;
}

/* Who waits for any server hears of it when the last one goes: nobody would wake him. */
static void last_server(void)
{
    struct process *p = start();
    struct slot_waiter w = {.thread = 0, .stream = 7, .stream_gen = 1, .backend = 0, .server = ABI_NONE};
    struct mail m;
    for (uint32_t i = 0; i < 2 * MAXCONN; i++)
        expect(slot_try(p, i % 2), "slots are there");
    slot_queue_join(p, &w);
    atomic_store(&live_server(p, 0)->w[ABI_LIVE_SV_STATE], 0);
    slot_queue_kick(p, 0);
    expect(mailbox_take(&p->mailboxes[0], &m, 1) == 0, "one server is left: he waits");
    atomic_store(&live_server(p, 1)->w[ABI_LIVE_SV_STATE], 0);
    slot_queue_kick(p, 0);
    expect(mailbox_take(&p->mailboxes[0], &m, 1) == 1 && m.op == MAIL_POST && m.index == 7, "none is left");
    expect(slot_queue_leave(p, &w) == 1, "he leaves the line himself");
    process_reset();
    passed++;
}

/* minconn and fullconn (manual: `minconn`): the line moves by the load of the backend, as whoever asks first does. */
static void slots_by_load(void)
{
    struct process *p = start();
    struct slot_waiter w = {.thread = 0, .stream = 7, .stream_gen = 1, .backend = 0, .server = 0};
    struct mail m;
    _Atomic int32_t *load = &live_proxy(p, 0)->w[ABI_LIVE_PX_BECONN];
    atomic_store(&live_proxy(p, 0)->w[ABI_LIVE_PX_FULLCONN], 10);
    atomic_store(&live_server(p, 0)->w[ABI_LIVE_SV_MINCONN], 1);
    atomic_store(&live_server(p, 0)->w[ABI_LIVE_SV_MAXCONN], 5);
    expect(slot_try(p, 0) && !slot_try(p, 0), "without load: minconn");
    slot_queue_join(p, &w);
    expect(mailbox_take(&p->mailboxes[0], &m, 1) == 0, "the line knows it, too");
    atomic_store(load, 7);
    slot_queue_kick(p, 0);
    expect(mailbox_take(&p->mailboxes[0], &m, 1) == 1 && m.op == MAIL_SLOT, "7 of 10 connections: 7/10 of 5");
    expect(slot_try(p, 0) && !slot_try(p, 0), "which is 3");
    atomic_store(load, 10);
    expect(slot_try(p, 0) && slot_try(p, 0) && !slot_try(p, 0), "full: maxconn");
    process_reset();
    passed++;
}

static _Atomic uint32_t mail_sent, mail_refused;
static uint32_t last_seen[THREADS];

static void *mail_work(void *arg)
{
    struct process *p = process_get();
    uint32_t me = (uint32_t)(uintptr_t)arg, got = 0;
    if (me != 0) {
        for (uint32_t i = 1; i <= TAKES; i++) {
            struct mail m = {.op = MAIL_CONTROL, .index = me, .gen = i};
            if (mailbox_send(p, 0, &m) == 0)
                atomic_fetch_add(&mail_sent, 1);
            else
                atomic_fetch_add(&mail_refused, 1);
        }
        return NULL;
    }
    while (got < (THREADS - 1) * TAKES) {
        struct mail m[7];
        uint32_t n = mailbox_take(&p->mailboxes[0], m, ARRAY_LEN(m));
        for (uint32_t i = 0; i < n; i++) { /* in each sender's order, none twice, none missing */
            BUG_ON(m[i].index == 0 || m[i].index >= THREADS || m[i].gen != last_seen[m[i].index] + 1);
            last_seen[m[i].index] = m[i].gen;
        }
        got += n;
        if (n == 0)
            sched_yield();
    }
    return NULL;
}

static void mail(void)
{
    struct process *p = start();
    struct mail m = {.op = MAIL_POST};
    signals = 0;
    in_threads(mail_work);
    expect(mail_sent == (THREADS - 1) * TAKES && mail_refused == 0, "all mail was taken in");
    expect(signals >= 1 && signals <= mail_sent, "the eventfd is signalled when the box was empty");
    signals = 0;
    for (uint32_t i = 0; i < MAILBOX_MAX; i++)
        BUG_ON(mailbox_send(p, 1, &m) != 0);
    expect(mailbox_send(p, 1, &m) == -ENOBUFS, "a box has a maximum");
    expect(signals == 1, "one signal for all");
    mailbox_close(&p->mailboxes[1]);
    expect(mailbox_take(&p->mailboxes[1], &m, 1) == 1, "what is in a closed box can be taken");
    expect(mailbox_send(p, 1, &m) == -ENXIO, "a closed box takes nothing");
    expect(mailbox_send(p, THREADS_MAX, &m) == -ENXIO && mailbox_send(p, THREADS, &m) == -ENXIO,
           "nor does one never opened");
    process_reset();
    passed++;
}

static _Atomic uint8_t owned[CONNS];
static _Atomic uint32_t takeovers;

/* Puts away, takes, takes from others, removes: whoever has a connection must be the only one. */
static void *idle_work(void *arg)
{
    struct process *p = process_get();
    uint32_t me = (uint32_t)(uintptr_t)arg, random = me * 104729 + 3;
    struct conn *mine[CONNS];
    uint32_t n = 0;
    for (uint32_t i = me; i < CONNS; i += THREADS) {
        mine[n++] = &p->conns[i];
        atomic_store(&owned[i], 1);
    }
    for (uint32_t i = 0; i < TAKES; i++) {
        if (n > 0 && next(&random, 2)) {
            struct conn *c = mine[--n];
            atomic_store(&owned[c->index], 0);
            c->thread = (uint16_t)me;
            uint32_t gen = atomic_load(&c->gen);
            BUG_ON(!idle_put(p, c, me));
            if (next(&random, 4) > 0)
                continue;
            if (!idle_remove(p, c, gen, me))
                continue; /* another thread was faster */
            BUG_ON(atomic_exchange(&owned[c->index], 1));
            mine[n++] = c;
        } else {
            struct conn *c = idle_take(p, next(&random, 2), 0, 0, me);
            if (c == NULL)
                continue;
            BUG_ON(atomic_exchange(&owned[c->index], 1));
            atomic_fetch_add(&takeovers, c->thread != me);
            mine[n++] = c;
        }
    }
    for (; n > 0; n--)
        atomic_store(&owned[mine[n - 1]->index], 0);
    return NULL;
}

static void idle(void)
{
    struct process *p = start();
    for (uint32_t i = 0; i < CONNS; i++) {
        struct conn *c = &p->conns[i];
        c->magic = CONN_MAGIC;
        c->index = i;
        c->flags = CONN_ALIVE;
        c->side = CONN_BACK;
        c->server = i % 2;
        c->nrequests = 5;
    }
    atomic_store(&p->conns_used_end, CONNS);
    p->servers[0].pool_low = p->servers[1].pool_low = CONNS; /* all are worth keeping */
    in_threads(idle_work);
    int left =
        live_get(&live_server(p, 0)->w[ABI_LIVE_SV_IDLE]) + live_get(&live_server(p, 1)->w[ABI_LIVE_SV_IDLE]);
    int listed = 0;
    for (uint32_t t = 0; t < THREADS; t++)
        for (uint32_t i = 0; i < 2; i++)
            while (idle_purge(p, i, t, 0) != NULL)
                listed++;
    expect(left == listed, "the count is the lists' length");
    expect(takeovers > 0, "threads took from each other");
    process_reset();
    passed++;
}

/* What is kept with what is in use is no more than was needed lately; each thread keeps one in any case. */
static void idle_need(void)
{
    struct process *p = start();
    _Atomic int32_t *served = &live_server(p, 0)->w[ABI_LIVE_SV_SERVED];
    int kept[8];
    for (uint32_t i = 0; i < ARRAY_LEN(kept); i++) {
        struct conn *c = &p->conns[i];
        c->magic = CONN_MAGIC;
        c->index = i;
        c->flags = CONN_ALIVE;
        c->side = CONN_BACK;
        c->server = 0;
        atomic_store(served, i < 3 ? 3 : i < 6 ? 1 : 0); /* beside this one: four were in use, then two, then one */
        kept[i] = idle_put(p, c, 1);
    }
    expect(kept[0] && !kept[1] && !kept[2], "clients that come once leave one, while as many are in use as ever were");
    expect(kept[3] && kept[4] && !kept[5], "what was needed before, and is not now, is kept");
    expect(kept[6] && !kept[7], "up to what was needed");
    for (int i = 0; i < 4; i++)
        idle_excess(p, 0, 1);
    expect(p->idle->lists[1].need == 0, "what was needed long ago is forgotten");
    while (idle_purge(p, 0, 1, 0) != NULL)
        ;
    process_reset();
    passed++;
}

static void pool(void)
{
    _Atomic uint64_t used = 0;
    struct pool p;
    struct buf *bufs[64];
    uint32_t n = 0;
    pool_init(&p, 16384, &used, 200000);
    while (n < ARRAY_LEN(bufs) && (bufs[n] = buf_take(&p, n % 3 ? 16384 : 100)) != NULL)
        n++;
    expect(n < ARRAY_LEN(bufs) && used <= 200000 && p.refused == 1, "the cap says no, and counts it");
    expect(buf_take_large(&p, 100000) == NULL, "also to a large one");
    struct bufq q = {0};
    uint8_t data[40000];
    memset(data, 'x', sizeof(data));
    expect(bufq_append(&p, &q, data, sizeof(data)) == -ENOMEM, "a queue that does not fit is refused");
    bufq_clear(&p, &q);
    expect(q.head == NULL && q.len == 0, "and can be cleared");
    while (n > 0)
        buf_give(&p, bufs[--n]);
    struct buf *again = buf_take(&p, 16384);
    expect(again != NULL, "what was given back can be had again");
    buf_give(&p, again);
    pool_destroy(&p);
    expect(used == 0, "nothing is left");
    passed++;
}

int main(void)
{
    slots();
    last_server();
    slots_by_load();
    mail();
    idle();
    idle_need();
    pool();
    printf("shared: %u slots served, %u connections taken over\n", served, takeovers);
    printf("shared: %u passed, %u failed\n", passed, failed_cases);
    return failed_cases != 0;
}
