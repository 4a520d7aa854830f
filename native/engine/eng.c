/* The engine's life and its turn: poll, run what is ready, expire timers, ask policy, send the logs, set the timer. */
#include "eng.h"
#include "recording.h"
#include "trace.h"
#include <errno.h>
#include <sys/epoll.h>

#define READY_ROUNDS_MAX 64   /* passes over the ready list in one turn */
#define PURGE_MS_DEFAULT 5000 /* pool-purge-delay */

/* Where others find the polling of this thread. */
static void set_polling(struct eng *e, int poll_fd)
{
    struct process *p = e->proc;
    CHECK_PROCESS(p);
    BUG_ON(e->thread >= THREADS_MAX);
    pthread_mutex_lock(&p->poll_locks[e->thread]);
    p->poll_fds[e->thread] = poll_fd;
    pthread_mutex_unlock(&p->poll_locks[e->thread]);
}

static int polling_init(struct eng *e)
{
    const struct sys *sys = e->sys;
    e->poll_fd = sys->poll_create(sys->ctx);
    e->timer_fd = sys->timer_create(sys->ctx);
    e->wake_fd = sys->wake_create(sys->ctx);
    if (e->poll_fd < 0 || e->timer_fd < 0 || e->wake_fd < 0)
        return -EMFILE;
    set_polling(e, e->poll_fd);
    int rc =
        sys->poll_ctl(sys->ctx, e->poll_fd, EPOLL_CTL_ADD, e->timer_fd, EPOLLIN, (uint64_t)POLL_TIMER << 32);
    if (rc == 0)
        rc = sys->poll_ctl(sys->ctx, e->poll_fd, EPOLL_CTL_ADD, e->wake_fd, EPOLLIN,
                           (uint64_t)POLL_WAKE << 32);
    return rc == 0 ? mailbox_open(&e->proc->mailboxes[e->thread], sys, e->wake_fd) : rc;
}

struct eng *eng_new(uint32_t thread, const struct sys *sys, batch_fn on_batch, void *batch_ctx)
{
    struct process *p = process_get();
    if (p->magic == 0 || thread >= p->limits.threads)
        return NULL;
    struct eng *e = calloc(1, sizeof(*e));
    if (e == NULL)
        return NULL;
    e->magic = ENG_MAGIC;
    recorder_open(&e->rec, thread);
    e->traced = trace_is(sys);
    e->thread = thread;
    e->sys = sys;
    e->proc = p;
    e->on_batch = on_batch;
    e->batch_ctx = batch_ctx;
    e->poll_fd = e->timer_fd = e->wake_fd = -1;
    e->now_ms = sys->mono_ms(sys->ctx);
    e->wall_ms = sys->wall_ms(sys->ctx);
    pool_init(&e->pool, p->limits.bufsize, &p->pool_used_bytes, p->limits.pool_max_bytes);
    e->pool.guard_pages = p->limits.guard_pages;
    wheel_init(&e->wheel, e->now_ms);
    e->resume_timer.kind = TIMER_RESUME;
    e->purge_timer.kind = TIMER_PURGE;
    e->retire.timer.kind = TIMER_RETIRE;
    e->retire.fd = -1;
    if (boundary_init(e) < 0 || polling_init(e) < 0) {
        eng_free(e);
        return NULL;
    }
    if (p->nservers > 0)
        timer_arm(&e->wheel, &e->purge_timer, e->now_ms + PURGE_MS_DEFAULT);
    return e;
}

/* Every conn of this thread goes: clients see a reset, not an end. Streams give their slots back. */
static void close_all(struct eng *e)
{
    struct process *p = e->proc;
    for (uint32_t i = 0; i < e->nstream_chunks * STREAM_CHUNK; i++) {
        struct stream *s = &e->stream_chunks[i / STREAM_CHUNK][i % STREAM_CHUNK];
        if (s->state == ST_FREE)
            continue;
        if (s->state == ST_QUEUE)
            slot_queue_leave(p, &s->waiter);
        stream_drop_back(s, 0);
        stream_release_slot(s);
        if (s->flags & STREAM_BECONN)
            live_add(&live_proxy(p, s->backend)->w[ABI_LIVE_PX_BECONN], -1);
        if (s->front != NULL)
            s->front->stream = NULL;
        stream_unpin(s);
        if (s->image != NULL)
            buf_give(&e->pool, s->image);
        dir_close(s, &s->up);
        dir_close(s, &s->down);
        s->state = ST_FREE;
    }
    for (uint32_t i = 0; i < p->nservers; i++) /* first: another thread may be taking one */
        for (struct conn *c; (c = idle_purge(p, i, e->thread, 0)) != NULL;)
            conn_close(c);
    uint32_t end = atomic_load(&p->conns_used_end);
    for (uint32_t i = 0; i < end; i++) {
        struct conn *c = &p->conns[i];
        if (!conn_is_of(c, e->thread) || !(c->flags & CONN_ALIVE))
            continue;
        listener_release(e, c);
        if (c->side == CONN_FRONT)
            c->flags |= CONN_RST_CLOSE;
        conn_close(c);
    }
}

void eng_free(struct eng *e)
{
    const struct sys *sys = e->sys;
    eng_check(e);
    if (e->traced)
        trace_enter(e, ENTRY_FREE, 0);
    e->traced = 0; /* what follows is part of this one entry */
    if (e->wake_fd >= 0) {
        eng_listen(e, 0);
        probes_free(e);
        close_all(e);
        mail_drop(e);
        log_flush(e);
    }
    retire_free(e);
    set_polling(e, -1);
    for (uint32_t i = 0; i < e->nstream_chunks; i++)
        free(e->stream_chunks[i]);
    pool_destroy(&e->pool);
    while (e->npipes > 0) {
        e->npipes--;
        sys->close(sys->ctx, e->pipes[e->npipes][0]);
        sys->close(sys->ctx, e->pipes[e->npipes][1]);
    }
    int fds[] = {e->poll_fd, e->timer_fd, e->wake_fd};
    for (size_t i = 0; i < ARRAY_LEN(fds); i++)
        if (fds[i] >= 0)
            sys->close(sys->ctx, fds[i]);
    boundary_free(e);
    recorder_close(&e->rec);
    e->magic = 0;
    free(e);
}

/* Closes half of the idle server connections that nobody needed since the last purge, as HAProxy does. */
static void purge(struct eng *e)
{
    CHECK_PROCESS(e->proc);
    CHECK_ENG(e);
    uint32_t delay = PURGE_MS_DEFAULT;
    for (uint32_t i = 0; i < e->proc->nservers; i++) {
        struct server_conf *sv = &e->proc->servers[i];
        uint32_t excess = idle_excess(e->proc, i, e->thread);
        uint32_t idle = (uint32_t)MAX(live_get(&live_server(e->proc, i)->w[ABI_LIVE_SV_IDLE]), 0);
        if (sv->pool_purge_ms != 0)
            delay = MIN(delay, sv->pool_purge_ms);
        for (uint32_t n = (excess + 1) / 2; n > 0 && idle > sv->pool_low; n--, idle--) {
            struct conn *c = idle_purge(e->proc, i, e->thread, 0);
            if (c == NULL)
                break;
            e->count.idle_purged++;
            conn_close(c);
        }
    }
    timer_arm(&e->wheel, &e->purge_timer, e->now_ms + MAX(delay, 1u));
}

static void timer_fire(void *ctx, struct timer *t)
{
    struct eng *e = ctx;
    if (!event_room(e, 4 * e->pool.big_size)) {
        timer_arm(&e->wheel, t, e->now_ms + 1); /* the batch is full: it is flushed before then */
        return;
    }
    switch (t->kind) {
    case TIMER_CONN: {
        struct conn *c = (struct conn *)(void *)((uint8_t *)t - offsetof(struct conn, timer));
        conn_check(c);
        recording_work_conn(e, c->index);
        c->mux->timeout(c);
        recording_rest(e);
        return;
    }
    case TIMER_STREAM: {
        struct stream *s = (struct stream *)(void *)((uint8_t *)t - offsetof(struct stream, timer));
        recording_work(s);
        if (s->flags & STREAM_ENDING)
            stream_end(s);
        else
            stream_timeout(s);
        recording_rest(e);
        return;
    }
    case TIMER_RESUME: listener_resume(e); return;
    case TIMER_RETIRE: e->retire.due = 1; return; /* all connections are looked at: not from here */
    default: purge(e);
    }
}

static void poll_event(struct eng *e, uint32_t events, uint64_t data)
{
    CHECK_PROCESS(e->proc);
    CHECK_ENG(e);
    uint32_t high = (uint32_t)(data >> 32), index = (uint32_t)data;
    if (high == POLL_LISTENER && index < e->proc->nlisteners) {
        listener_accept(e, index);
        return;
    }
    if (high == POLL_TIMER) {
        e->sys->wake_clear(e->sys->ctx, e->timer_fd);
        e->timer_at_ms = 0;
        return;
    }
    if (high == POLL_WAKE) {
        mail_read(e);
        return;
    }
    BUG_ON(index >= e->proc->limits.conns_max);
    struct conn *c = &e->proc->conns[index];
    /* looked at before the generation: out of the list and of the same name, it is this thread's alone; in the list,
     * nothing but its atomics may be read until it is taken out, for another thread may be taking it */
    if (atomic_load_explicit(&c->in_idle, memory_order_acquire)) {
        if ((events & ~(uint32_t)EPOLLOUT) == 0)
            return;
        if (!idle_remove(e->proc, c, high, e->thread)) {
            e->count.stale_events++; /* another thread took it just now */
            return;
        }
    } else if (conn_find(e->proc, index, high) == NULL || c->thread != e->thread) {
        e->count.stale_events++;
        return;
    }
    BUG_ON(c->in_idle || c->eng != e);
    conn_events(c, events);
    recording_work_conn(e, index);
    c->mux->run(c);
    recording_rest(e);
}

static void run_ready(struct eng *e)
{
    CHECK_PROCESS(e->proc);
    CHECK_ENG(e);
    struct conn *c = e->ready;
    e->ready = NULL;
    while (c != NULL) {
        struct conn *next = c->ready_next;
        c->flags &= ~(uint32_t)CONN_READY;
        recording_work_conn(e, c->index);
        if (c->flags & CONN_ALIVE)
            c->mux->run(c);
        else
            conn_recycle(c); /* closed while it was listed */
        c = next;
        recording_rest(e);
    }
}

static void set_timer(struct eng *e)
{
    CHECK_ENG(e);
    uint64_t next = wheel_next(&e->wheel);
    if (next == UINT64_MAX || (e->timer_at_ms != 0 && e->timer_at_ms <= next))
        return;
    next = MAX(next, e->now_ms + 1);
    if (e->sys->timer_set(e->sys->ctx, e->timer_fd, next) == 0)
        e->timer_at_ms = next;
}

static int unsettled(const struct eng *e)
{
    return e->ready != NULL || e->nprobes_late > 0 || e->retire.npacket > 0 || e->retire.due;
}

static void settle(struct eng *e)
{
    CHECK_ENG(e);
    BUG_ON(e->in_batch || e->in_exec);
    eng_flush(e);
    for (int i = 0; i < READY_ROUNDS_MAX && unsettled(e); i++) {
        if (e->retire.due)
            retire_again(e);
        run_ready(e);
        probes_late(e);
        eng_flush(e);
        retire_flush(e);
        eng_flush(e);
    }
    if (e->nevents == 0 && e->narena_conns > 0)
        eng_pin(e);
}

void eng_turn(struct eng *e)
{
    CHECK_PROCESS(e->proc);
    struct epoll_event events[POLL_MAX];
    eng_check(e);
    BUG_ON(e->in_batch);
    if (e->traced)
        trace_enter(e, ENTRY_TURN, 0);
    uint64_t began_ms = e->sys->mono_ms(e->sys->ctx), began_wall_ms = e->sys->wall_ms(e->sys->ctx);
    recording_turn(e);
    int wait_ms = 0, dwell_ms = began_ms - e->turned_ms <= DWELL_MS ? DWELL_MS : 0;
    for (int round = 0; round < ROUNDS_MAX; round++) {
        int n = e->sys->poll_wait(e->sys->ctx, e->poll_fd, events, POLL_MAX, wait_ms);
        e->now_ms = e->sys->mono_ms(e->sys->ctx);
        e->wall_ms = began_wall_ms + (e->now_ms - began_ms);
        for (int i = 0; i < n; i++) {
            if (!event_room(e, RX_MAX + 4 * e->pool.big_size))
                eng_flush(e);
            poll_event(e, events[i].events, events[i].data.u64);
        }
        wheel_turn(&e->wheel, e->now_ms, timer_fire, e);
        settle(e);
        if ((n <= 0 && !unsettled(e)) || e->now_ms - began_ms >= TURN_MS_MAX)
            break;
        wait_ms = unsettled(e) ? 0 : dwell_ms;
    }
    e->turned_ms = e->now_ms;
    if (unsettled(e))
        e->sys->wake_signal(e->sys->ctx, e->wake_fd); /* others first, then on with it */
    if (e->nlog_lines > 0)
        log_flush(e);
    set_timer(e);
    recording_turned(e);
}

void eng_exec(struct eng *e, uint32_t n)
{
    CHECK_PROCESS(e->proc);
    eng_check(e);
    BUG_ON(e->in_batch || e->in_exec);
    if (e->traced) {
        trace_enter(e, ENTRY_EXEC, n);
        trace_batch(e, 0, 0, n);
    }
    e->now_ms = e->sys->mono_ms(e->sys->ctx);
    e->wall_ms = e->sys->wall_ms(e->sys->ctx);
    recording_turn(e);
    e->in_exec = 1;
    command_exec(e, n);
    e->in_exec = 0;
    eng_leave(e);
}

void eng_leave(struct eng *e)
{
    CHECK_ENG(e);
    BUG_ON(e->in_batch || e->in_exec);
    settle(e);
    log_flush(e);
    set_timer(e);
    recording_turned(e);
}

void eng_stop(struct eng *e)
{
    CHECK_PROCESS(e->proc);
    CHECK_ENG(e);
    struct process *p = e->proc;
    uint32_t end = atomic_load(&p->conns_used_end);
    if (e->traced)
        trace_enter(e, ENTRY_STOP, 0);
    retire_end(e);
    e->stopping = 1;
    spread_begin(e);
    for (uint32_t i = 0; i < end; i++) {
        struct conn *c = &p->conns[i];
        if (!conn_is_of(c, e->thread) || !(c->flags & CONN_ALIVE) || c->side != CONN_FRONT ||
            c->stream != NULL || (c->flags & CONN_DRAIN))
            continue;
        if (!event_room(e, 0))
            eng_flush(e);
        if (e->spread.on && c->mux == &mux_h1_front)
            front_spread(c);
        else if (c->in_len == 0 && c->nrequests > 0)
            front_gone(c, 1);
    }
    eng_leave(e);
}
