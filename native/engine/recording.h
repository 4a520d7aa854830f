/* Hot path. What the engine writes into the flight recorder (crash/record.h) as it works: who is at work, and a line for
 * each live stream. The functions lie in recording.c; those of one store or two are here. */
#ifndef SLUICE_ENGINE_RECORDING_H
#define SLUICE_ENGINE_RECORDING_H

#include "crash/recorder.h"
#include "eng.h"

/* A stream begins: takes its slot, whoever had it. */
void recording_begin(const struct stream *s);
/* Its request head was read. */
void recording_head(const struct stream *s, const struct head *h, const struct head_field *f,
                    const uint8_t *bytes);
/* What has become of it since; nothing when its slot is another's by now. */
void recording_note(const struct stream *s);
void recording_end(const struct stream *s);
/* The encoder gets a piece of <d>: the stream has a slot now, even when another had taken its own. */
void recording_encode(const struct stream *s, const struct dir *d);
void recording_encoded(const struct stream *s, const struct dir *d, uint32_t len, uint32_t out_len);

static inline void recording_event(const struct stream *s, uint32_t kind, uint32_t a, uint32_t b, uint32_t c)
{
    recorder_event(&s->eng->rec, s->eng->now_ms, kind, s->index, s->gen, a, b, c);
}

static inline void recording_conn_event(const struct conn *c, uint32_t kind, uint32_t b, uint32_t fd)
{
    recorder_event(&c->eng->rec, c->eng->now_ms, kind, RECORD_NONE, 0, c->index, b, fd);
}

/* C works on <s>, until recording_rest. */
static inline void recording_work(const struct stream *s)
{
    struct record_thread *t = s->eng->rec.thread;
    t->stream = s->index;
    t->stream_gen = s->gen;
}

static inline void recording_work_conn(struct eng *e, uint32_t conn)
{
    e->rec.thread->conn = conn;
}

static inline void recording_rest(struct eng *e)
{
    struct record_thread *t = e->rec.thread;
    t->conn = t->stream = RECORD_NONE;
    t->command = 0;
}

/* A turn, or commands between turns. */
static inline void recording_turn(struct eng *e)
{
    struct record_thread *t = e->rec.thread;
    t->at = RECORD_AT_ENGINE;
    t->turns++;
    t->turn_mono_ms = e->now_ms;
    __atomic_store_n(&record->now_mono_ms, e->now_ms, __ATOMIC_RELAXED);
}

static inline void recording_turned(struct eng *e)
{
    struct record_thread *t = e->rec.thread;
    t->at = RECORD_AT_REST;
    t->streams_live = e->streams_live;
}

#endif
