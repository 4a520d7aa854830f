/* One thread's engine: its polling, its memory shared with policy, its streams, timers, buffers and counters. Everything
 * here belongs to the thread that created it; other threads reach it by mail only. */
#ifndef SLUICE_ENGINE_ENG_H
#define SLUICE_ENGINE_ENG_H

#include "shared/idle.h"
#include "shared/mailbox.h"
#include "retire.h"
#include "spread.h"
#include "stream.h"
#include "sys.h"
#include "crash/recorder.h"

#define ENG_MAGIC 0x454e4721u
#define EVENTS_MAX 512u     /* event records of one batch */
#define COMMANDS_MAX 2048u  /* command records of one batch */
#define EDITS_MAX 16384u    /* edits of one batch */
#define TEXT_MAX (1u << 20) /* bytes of text that one batch's commands may carry */
#define ARENA_MAX                                                                                            \
    (512u * 1024u)           /* bytes of heads and bodies at hand in one batch (grows with tune.bufsize) */
#define RX_MAX (64u * 1024u) /* bytes of one read */
#define TX_MAX (RX_MAX + 16384u) /* what an encoder may make of them, and framing */
#define POLL_MAX 256             /* events of one epoll_wait */
#define STREAM_CHUNK 256u        /* streams are made by so many */
#define STREAM_CHUNKS_MAX 65536u
#define LOG_LINES_MAX 512u /* lines of one turn */
#define LOG_BYTES_MAX (256u * 1024u)
#define PROBES_MAX 8192u
#define PIPES_KEEP_MAX 32           /* empty pipes a thread keeps */
#define ROUNDS_MAX 256              /* epoll_waits of one turn before Node gets its turn, */
#define TURN_MS_MAX 2               /* and its time */
#define DWELL_MS 1                  /* a busy turn waits so long for more before Node gets its turn */
#define INTERIMS_MAX 64             /* 1xx responses before a final one */
#define DRAIN_MS_MAX 10000u         /* an answered and shut client connection is waited for no longer */
#define HEAD_OUT_MAX (128u * 1024u) /* bytes of an outgoing head */
#define RESUME_MS 100               /* a listener that ran out of descriptors tries again */

struct probe;

/* Counters of an engine, in this order for engineCounters(). */
struct eng_counters {
    uint64_t accepted, adopted, streams, events, commands, batches;
    uint64_t stale_events, stale_commands, bad_commands, unanswered;
    uint64_t connects, reuses, taken, spliced_bytes;
    uint64_t log_lines, log_drops;
    uint64_t accept_errors, pool_refused, bytes_in, bytes_out;
    uint64_t handed_over, idle_purged;
    uint64_t moved_out, moved_in, move_refused, move_errors; /* client connections from process to process */
};

struct log_line {
    uint32_t target, off, len;
};

typedef uint32_t (*batch_fn)(void *ctx, uint32_t nevents);

struct eng {
    uint32_t magic;
    uint32_t thread;
    const struct sys *sys;
    struct process *proc;
    int poll_fd, timer_fd, wake_fd;
    uint64_t timer_at_ms; /* what the timerfd is set to, 0 nothing */
    uint64_t now_ms, wall_ms;
    uint64_t turned_ms; /* when the last turn ended */
    batch_fn on_batch;
    void *batch_ctx;
    /* the boundary */
    uint32_t *events;
    uint32_t nevents, event_words;
    uint32_t *commands;
    struct head_edit *edits;
    uint8_t *text;
    uint8_t *arena;
    uint32_t arena_size, arena_used;
    int in_batch; /* policy is running */
    int in_exec;
    /* memory */
    uint8_t *rx, *tx, *gather, *head_out;
    uint32_t head_out_size;
    char date[48]; /* the Date field and the empty line behind it */
    uint32_t date_len;
    uint64_t date_sec;
    struct head_field *fields; /* scratch table of max_fields */
    struct pool pool;
    struct wheel wheel;
    struct stream **stream_chunks;
    uint32_t nstream_chunks;
    struct stream *streams_free;
    uint32_t streams_live;
    struct {
        uint32_t index, gen;
    } with_policy[EVENTS_MAX]; /* raised in this batch */
    uint32_t nwith_policy;
    struct { struct conn *conn; uint32_t gen; } arena_conns[EVENTS_MAX]; /* whose input lies in the arena */
    uint32_t narena_conns;
    struct conn *ready;
    int pipes[PIPES_KEEP_MAX][2]; /* empty, for the next splice */
    uint32_t npipes;
    uint32_t conns_free[64]; /* indexes kept for this thread */
    uint32_t nconns_free;
    struct probe *probes;
    uint32_t nprobes;
    uint32_t nprobes_late; /* failed at once, with no room to say so */
    int listening;
    int listeners_full; /* taken out of polling at a limit or for want of descriptors */
    struct timer resume_timer, purge_timer;
    uint32_t client_conns;
    struct log_line log_lines[LOG_LINES_MAX];
    uint8_t *log_bytes;
    uint32_t nlog_lines, log_used;
    struct eng_counters count;
    struct recorder rec;
    int stopping;
    struct retire retire;
    struct spread spread;
    int traced; /* its table is a recording one (trace.h) */
};

#define CHECK_ENG(e) BUG_ON((e)->magic != ENG_MAGIC)

static inline void eng_check(const struct eng *e)
{
    BUG_ON(e->magic != ENG_MAGIC);
}

/* An engine for <thread>; NULL without memory or descriptors. */
struct eng *eng_new(uint32_t thread, const struct sys *sys, batch_fn on_batch, void *batch_ctx);
void eng_free(struct eng *e);
/* One turn: everything that is ready now, batches with policy included. Returns when nothing is left, or
 * after TURN_MS_MAX. While turns follow each other closely it waits for more by itself (DWELL_MS): the way through Node's
 * loop costs two system calls more. */
void eng_turn(struct eng *e);
/* Executes <n> commands outside a batch, then whatever they set going. */
void eng_exec(struct eng *e, uint32_t n);
void eng_listen(struct eng *e, int on);
/* Stops keep-alive: idle client connections are closed, others after their response. */
void eng_stop(struct eng *e);

/* What ends every entry but eng_turn: whatever was set going, logs, the timer. */
void eng_leave(struct eng *e);
/* Takes idle client connections of a predecessor from <fd> (handover.h) and gives them to the threads that accept. 0 when
 * there are no more now, 1 when there may be, 2 when the other end is closed, or -errno. */
int eng_receive(struct eng *e, int fd, uint32_t *adopted_ret, uint32_t *refused_ret);

/* memory.c: 0 or -ENOMEM; what there is by then is given back by boundary_free. */
int boundary_init(struct eng *e);
void boundary_free(struct eng *e);

/* event.c: 1 when there is room for an event and <arena> bytes; else the caller comes back through the ready list. */
int event_room(struct eng *e, uint32_t arena);
uint32_t *event_put(struct eng *e, uint32_t kind, uint32_t words);
uint32_t *event_stream(struct stream *s, uint32_t kind, uint32_t reason);
/* Copies <len> bytes to the arena, 8-aligned; returns the offset. There must be room. */
uint32_t arena_put(struct eng *e, const void *data, uint32_t len);
/* The <n> bytes that were just read to the arena's end are the input of <c>, until eng_pin. */
void arena_lend(struct eng *e, struct conn *c, uint32_t n);
void event_head(struct stream *s, uint32_t *ev, const struct head *h, const struct head_field *f,
                uint32_t text_off);
void event_end(struct stream *s, uint32_t session_end);
void event_session_end(const struct conn *c);
/* Runs policy on what was raised and executes its commands, until no event is left. */
void eng_flush(struct eng *e);
/* Keeps what still lies in the arena, which starts anew when no event refers to it. */
void eng_pin(struct eng *e);
void command_exec(struct eng *e, uint32_t n);

/* mail.c */
void mail_read(struct eng *e);
/* What nobody will read any more: a granted slot must not be lost with it. */
void mail_drop(struct eng *e);

/* listener.c */
void listener_accept(struct eng *e, uint32_t index);
void listener_pause(struct eng *e);
void listener_resume(struct eng *e);
void listener_adopt(struct eng *e, struct conn *c);
int listener_poll(struct eng *e, uint32_t index, int on);
/* A connection that other limits let in already: counted, and given to the thread with the fewest; 0 or -errno. */
int listener_give(struct eng *e, struct conn *c);

/* Its connection is over: the counts go down, and who waited for room accepts again. */
void listener_release(struct eng *e, struct conn *c);

/* probe.c */
int probe_start(struct eng *e, const uint32_t *cmd);
/* Reports what there was no room for. */
void probes_late(struct eng *e);
void probe_run(struct conn *c);
void probes_free(struct eng *e);

/* log.c */
void log_put(struct eng *e, uint32_t target, const uint8_t *text, uint32_t len);
void log_flush(struct eng *e);

/* front.c: the client side */
extern const struct mux mux_h1_front, mux_stream, mux_probe, mux_drain, mux_idle_back;
void front_open(struct conn *c);
/* Without what comes before the mux, or behind it. */
void front_begin(struct conn *c);
void front_idle(struct conn *c);
void front_spread(struct conn *c); /* a stop begins: it may have to end sooner */
void front_gone(struct conn *c, int session_end_due);

/* opening.c: what comes before the mux. */
extern const struct mux mux_opening, mux_session;
int opening_needed(const struct conn *c);
void opening_begin(struct conn *c);
void session_begin(struct conn *c);
int opening_command(struct eng *e, const uint32_t *cmd);

/* What an epoll event names: kind in the top byte of the upper word would cost generations, so listeners and the
 * engine's own descriptors use indexes above any conn. */
#define POLL_LISTENER 0xfe000000u
#define POLL_TIMER 0xff000001u
#define POLL_WAKE 0xff000002u

enum timer_kind { TIMER_CONN = 1, TIMER_STREAM, TIMER_RESUME, TIMER_PURGE, TIMER_RETIRE };

#endif
