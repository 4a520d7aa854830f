/* Hot path. Writes the flight recorder (record.h). One table for the process, made by main before data threads start and
 * never unmapped; each thread writes its own part with plain stores: no lock, no system call, no allocation. Until it is
 * made there is a head alone. */
#ifndef SLUICE_CRASH_RECORDER_H
#define SLUICE_CRASH_RECORDER_H

#include "record.h"

struct record_wants {
    uint32_t threads, proxies, servers, listeners;
};

/* The table; never NULL. gdb and the crash handler start here. */
extern struct record_head *record;

/* Makes the table in the shared memory <fd>, or in new one when <fd> is -1. The descriptor or -errno; -EALREADY when
 * there is one. */
int record_create(int fd, const struct record_wants *w);
/* Names the <index>th proxy, server or listener, counted over all of them in this order; longer ones are cut. */
void record_name(uint32_t index, const char *text, size_t text_len);
/* For tests: back to the table the process began with. */
void record_reset(void);

/* A thread's part: kept by its engine. NULL for a thread beyond those the table was made for. */
struct record_thread *record_thread_of(uint32_t thread);
/* Where stream <index> of <t> is written, and the events of <t>. */
struct record_stream *record_streams_of(const struct record_thread *t);
struct record_event *record_events_of(const struct record_thread *t);

/* What one engine keeps to write fast. A thread that has no part in the table writes to <own>, which nobody reads. */
struct recorder {
    struct record_thread *thread;
    struct record_stream *streams;
    struct record_event *events;
    uint32_t stream_mask, event_mask;
    struct {
        struct record_thread thread;
        struct record_stream stream;
        struct record_event event;
    } own;
};

/* For <thread>, by itself; <r> stays where it is until it is closed. */
void recorder_open(struct recorder *r, uint32_t thread);
void recorder_close(struct recorder *r);

static inline struct record_stream *recorder_slot(const struct recorder *r, uint32_t stream)
{
    return &r->streams[stream & r->stream_mask];
}

static inline void recorder_event(const struct recorder *r, uint64_t mono_ms, uint32_t kind, uint32_t stream,
                                  uint32_t gen, uint32_t a, uint32_t b, uint32_t c)
{
    struct record_event *ev = &r->events[r->thread->events++ & r->event_mask];
    ev->mono_ms = mono_ms;
    ev->kind = kind;
    ev->stream = stream;
    ev->gen = gen;
    ev->a = a;
    ev->b = b;
    ev->c = c;
}

/* C begins something that writes into <out>; recorder_returned when it is over. */
static inline void recorder_call(const struct recorder *r, uint32_t call, uint32_t detail, const void *in,
                                 size_t in_len, const void *out, size_t out_len)
{
    struct record_thread *t = r->thread;
    t->call_detail = detail;
    t->call_in = (uint64_t)(uintptr_t)in;
    t->call_in_len = in_len;
    t->call_out = (uint64_t)(uintptr_t)out;
    t->call_out_len = out_len;
    t->call = call;
    __asm__ volatile("" ::: "memory"); /* it is there when the call faults */
}

static inline void recorder_returned(const struct recorder *r)
{
    __asm__ volatile("" ::: "memory");
    r->thread->call = RECORD_CALL_NONE;
}

#endif
