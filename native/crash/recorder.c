/* The recorder's table: made once, in memory that the master can hold too. Sizes come from the number of threads, proxies
 * and servers and stay below RECORD_LEN_MAX, so that a core is hardly longer for it. */
#include "recorder.h"
#include <errno.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>

/* What there is before the table: a head that says so. */
static struct record_head first = {.magic = RECORD_MAGIC,
                                   .version = RECORD_VERSION,
                                   .head_len = sizeof(struct record_head),
                                   .total_len = sizeof(struct record_head),
                                   .thread_len = sizeof(struct record_thread),
                                   .stream_len = sizeof(struct record_stream),
                                   .event_len = sizeof(struct record_event),
                                   .name_len = sizeof(struct record_name)};

struct record_head *record = &first;

static uint64_t clock_ms(clockid_t id)
{
    struct timespec t;
    clock_gettime(id, &t);
    return (uint64_t)t.tv_sec * 1000u + (uint64_t)t.tv_nsec / 1000000u;
}

/* The largest power of two that is at most <most> and gives <threads> no more than <all> together. */
static uint32_t share(uint32_t most, uint32_t all, uint32_t threads)
{
    uint32_t n = most;
    BUG_ON(threads == 0);
    while (n > 1 && n * threads > all)
        n /= 2;
    return n;
}

static uint32_t place(uint64_t *end, uint64_t len)
{
    uint64_t at = (*end + 63u) & ~(uint64_t)63u;
    *end = at + len;
    BUG_ON(*end > RECORD_LEN_MAX);
    return (uint32_t)at;
}

/* Fills a head's sizes and places; the length of it all. */
static uint64_t lay_out(struct record_head *h, const struct record_wants *w)
{
    uint64_t end = sizeof(*h);
    *h = first;
    h->nthreads = MAX(MIN(w->threads, (uint32_t)RECORD_THREADS_MAX), 1u);
    h->nstreams = share(RECORD_STREAMS_MAX, RECORD_STREAMS_ALL_MAX, h->nthreads);
    h->nevents = share(RECORD_EVENTS_MAX, RECORD_EVENTS_ALL_MAX, h->nthreads);
    h->nproxies = w->proxies;
    h->nservers = w->servers;
    h->nlisteners = w->listeners;
    uint64_t names = (uint64_t)w->proxies + w->servers + w->listeners;
    h->nnames = (uint32_t)MIN(names, (uint64_t)RECORD_NAMES_MAX);
    h->threads_off = place(&end, (uint64_t)h->nthreads * sizeof(struct record_thread));
    h->streams_off = place(&end, (uint64_t)h->nthreads * h->nstreams * sizeof(struct record_stream));
    h->events_off = place(&end, (uint64_t)h->nthreads * h->nevents * sizeof(struct record_event));
    h->names_off = place(&end, (uint64_t)h->nnames * sizeof(struct record_name));
    h->total_len = end;
    h->start_wall_ms = clock_ms(CLOCK_REALTIME);
    h->start_mono_ms = clock_ms(CLOCK_MONOTONIC);
    h->pid = (uint32_t)getpid();
    return end;
}

int record_create(int fd, const struct record_wants *w)
{
    struct record_head head;
    uint64_t len = lay_out(&head, w);
    int own = fd < 0;
    if (record != &first)
        return -EALREADY;
    if (own)
        fd = (int)syscall(SYS_memfd_create, "sluice-record", 1u /* MFD_CLOEXEC */);
    if (fd < 0)
        return -errno;
    void *mem = MAP_FAILED;
    if (ftruncate(fd, (off_t)len) == 0)
        mem = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (mem == MAP_FAILED) {
        int err = errno;
        if (own)
            close(fd);
        return -err;
    }
    memset(mem, 0, len);
    for (uint32_t i = 0; i < head.nthreads; i++) {
        struct record_thread *t = (struct record_thread *)(void *)((uint8_t *)mem + head.threads_off) + i;
        t->conn = t->stream = t->policy_stream = RECORD_NONE;
    }
    head.magic = 0; /* last: who finds it finds all of it */
    memcpy(mem, &head, sizeof(head));
    __atomic_store_n(&((struct record_head *)mem)->magic, RECORD_MAGIC, __ATOMIC_RELEASE);
    record = mem;
    return fd;
}

void record_reset(void)
{
    if (record == &first)
        return;
    munmap(record, record->total_len);
    record = &first;
    BUG_ON(record->magic != RECORD_MAGIC);
}

static void *part(uint64_t off)
{
    BUG_ON(record->magic != RECORD_MAGIC);
    BUG_ON(off > record->total_len);
    return (uint8_t *)record + off;
}

void record_name(uint32_t index, const char *text, size_t text_len)
{
    if (index >= record->nnames)
        return;
    struct record_name *name = (struct record_name *)part(record->names_off) + index;
    size_t len = MIN(text_len, sizeof(name->text) - 1);
    memset(name, 0, sizeof(*name));
    memcpy(name->text, text, len);
}

struct record_thread *record_thread_of(uint32_t thread)
{
    if (thread >= record->nthreads)
        return NULL;
    return (struct record_thread *)part(record->threads_off) + thread;
}

struct record_stream *record_streams_of(const struct record_thread *t)
{
    size_t i = (size_t)(t - (const struct record_thread *)part(record->threads_off));
    BUG_ON(i >= record->nthreads);
    return (struct record_stream *)part(record->streams_off) + i * record->nstreams;
}

struct record_event *record_events_of(const struct record_thread *t)
{
    size_t i = (size_t)(t - (const struct record_thread *)part(record->threads_off));
    BUG_ON(i >= record->nthreads);
    return (struct record_event *)part(record->events_off) + i * record->nevents;
}

void recorder_open(struct recorder *r, uint32_t thread)
{
    struct record_thread *t = record_thread_of(thread);
    BUG_ON(r == NULL);
    memset(r, 0, sizeof(*r));
    if (t != NULL) {
        r->thread = t;
        r->streams = record_streams_of(t);
        r->events = record_events_of(t);
        r->stream_mask = record->nstreams - 1;
        r->event_mask = record->nevents - 1;
    } else {
        r->thread = t = &r->own.thread;
        r->streams = &r->own.stream;
        r->events = &r->own.event;
    }
    memset(t, 0, sizeof(*t));
    t->conn = t->stream = t->policy_stream = RECORD_NONE;
    t->tid = (uint32_t)syscall(SYS_gettid);
    t->at = RECORD_AT_REST;
    t->engine = 1;
}

void recorder_close(struct recorder *r)
{
    BUG_ON(r->thread == NULL || !r->thread->engine);
    r->thread->engine = 0;
    r->thread->at = RECORD_AT_NOTHING;
}
