/* A connection: descriptor, transport (xprt), mux, and what was read but not used, or written but not taken by the peer.
 * Conns lie in one process-wide slab, so that another thread may take an idle one or adopt an accepted one; at any time
 * exactly one thread owns a conn (its `thread`). Others may look at its atomics only: who goes through all of them to find
 * its own reads `owner` first. */
#ifndef SLUICE_ENGINE_CONN_H
#define SLUICE_ENGINE_CONN_H

#include "../base.h"
#include "shared/process.h"
#include "pool.h"
#include "timer.h"
#include <sys/uio.h>

struct eng;
struct stream;
struct probe;

#define CONN_MAGIC 0x434f4e4eu
#define CONN_ADDR_LEN 28u /* sockaddr_in6; unix peers have no address worth keeping */

enum conn_side { CONN_FRONT = 1, CONN_BACK = 2, CONN_PROBE = 3 };

/* What may be believed of a conn after a crash (handover_crash.c). */
enum conn_state {
    CONN_STATE_FREE = 0,
    CONN_STATE_BUSY = 1, /* before any read, until all of it is answered and written */
    CONN_STATE_IDLE = 2, /* an HTTP client between two requests, nothing of it is in user space */
};

enum conn_flag {
    CONN_RD_READY = 1 << 0,   /* a read may give something: no EAGAIN since the last event */
    CONN_WR_BLOCKED = 1 << 1, /* the last write was cut short: wait for the event */
    CONN_OUT_ARMED = 1 << 2,  /* EPOLLOUT is registered */
    CONN_RDHUP = 1 << 3,      /* the peer has shut its side; bytes may still be unread */
    CONN_FIN = 1 << 4,        /* recv said 0 */
    CONN_RESET = 1 << 5,      /* recv, send or poll said the connection is broken */
    CONN_CONNECTING = 1 << 6,
    CONN_SHUTW = 1 << 7, /* our side is shut */
    CONN_TCP = 1 << 8,
    CONN_SESSION = 1 << 9,    /* policy has seen it: it is owed XF_SESSION_END or EV_SESSION_END */
    CONN_NO_REUSE = 1 << 10,  /* closes when its stream ends */
    CONN_RST_CLOSE = 1 << 11, /* close sends RST */
    CONN_IN_ARENA = 1 << 12,  /* `in` points into the arena of this batch */
    CONN_READY = 1 << 13,     /* on the engine's ready list */
    CONN_COUNTED = 1 << 14,   /* counted in the live array */
    CONN_DRAIN = 1 << 15,     /* answered and shut: only reads and forgets until the peer closes */
    CONN_ALIVE = 1 << 16,
    CONN_BYTES_SEEN = 1 << 17, /* the idle time of the next request is over: a first byte came */
    CONN_REUSED = 1 << 18,     /* back: this stream is not its first */
    CONN_HEAD_KEPT = 1 << 19,  /* a partial head's scanner state lies at the end of in_buf */
    CONN_NOLINGER = 1 << 21,   /* option nolinger: the close leaves nothing in the kernel */
    CONN_LINGER = 1 << 20,     /* the request was not read to its end: drain before the close */
    CONN_PRIVATE = 1 << 22,    /* back: it authenticates its client (NTLM): nobody else may ever use it */
    CONN_MOVED = 1 << 24,      /* front: came from another process, which counted it */
    CONN_EXPECT_PROXY = 1 << 25, /* front: a PROXY header must come first */
    CONN_ASKED = 1 << 26,        /* front: EV_CONNECTION is with policy */
    CONN_LONG =
        1 << 23, /* back: its last response was long: read the next head alone, the body can be spliced */
};

/* A transport: how bytes pass a descriptor. Raw today; TLS will keep bytes that epoll does not see (`pending`). */
struct xprt {
    const char *name;
    ssize_t (*recv)(struct conn *c, void *buf,
                    uint32_t len); /* > 0, 0 = FIN, -EAGAIN, -errno; keeps the flags */
    ssize_t (*sendv)(struct conn *c, const struct iovec *iov, int iov_len, int more);
    uint32_t (*pending)(const struct conn *c);
    int can_splice;
};

/* A mux: what the bytes mean. Replaceable on a live conn with unread bytes (Upgrade, CONNECT). */
struct mux {
    const char *name;
    void (*run)(struct conn *c);     /* something changed: readable, writable, error, or more room */
    void (*timeout)(struct conn *c); /* the conn's own timer fired */
};

/* What a PROXY header said: sockaddrs (length 0 = none, the socket's hold) and the TLVs, checked. */
struct conn_proxied {
    uint8_t src_len, dst_len;
    uint8_t src[CONN_ADDR_LEN], dst[CONN_ADDR_LEN];
    uint32_t tlvs_len;
    uint8_t tlvs[];
};

struct conn {
    uint32_t magic;
    uint32_t index;
    _Atomic uint32_t gen; /* odd and even alike; a stale event or command carries an older one */
    uint16_t thread;
    uint8_t side;
    _Atomic uint8_t in_idle; /* in an idle list, from which any thread may take it */
    _Atomic uint32_t state; /* enum conn_state */
    _Atomic uint32_t owner; /* its thread + 1; 0 while it is free, or on its way from one thread to another */
    int fd;
    uint32_t flags;
    const struct xprt *xprt;
    const struct mux *mux;
    struct eng *eng;
    struct stream *stream; /* the one it serves now */
    struct conn
        *kept; /* front: the server connection it keeps for itself between requests; back: the keeper */
    struct probe *probe; /* or the probe */
    uint8_t *in;         /* read but not consumed: in the arena or in in_buf */
    uint32_t in_len;
    uint32_t nrequests; /* requests begun (front) or sent (back) on it */
    struct buf *in_buf;
    struct bufq out;   /* written but not taken by the peer */
    uint32_t listener; /* front */
    uint32_t server;   /* back, ABI_NONE */
    uint32_t proxy;    /* front: its frontend; back: the backend whose timeouts hold */
    uint64_t conn_hash; /* back: who may share it */
    uint32_t idle_prev, idle_next;
    _Atomic uint32_t idle_server; /* whose list it lies in: read by others before they hold that list's lock */
    struct timer timer;
    struct conn *ready_next;
    uint64_t since_ms; /* accepted, or idle since (monotonic) */
    uint64_t since_wall_ms;
    uint64_t accepted_wall_ms; /* front */
    uint64_t cookie;           /* front: SO_COOKIE, 0 = not asked yet */
    uint64_t first_byte_ms; /* of the request being read */
    uint64_t first_byte_wall_ms;
    struct conn_proxied *proxied; /* front: NULL without a PROXY header */
    uint32_t handshake_ms;        /* what reading it took */
    uint32_t asked;               /* front, CONN_ASKED: batches run when policy was asked */
    uint8_t opening;              /* front, before its mux: opening.c */
    uint8_t opening_error;
    uint8_t addr_len;
    uint8_t addr[CONN_ADDR_LEN]; /* front: the peer */
};
STATIC_ASSERT(sizeof(struct conn) <= 320);

/* A pointer to a conn, whatever became of it. */
#define CHECK_CONN(c) BUG_ON((c)->magic != CONN_MAGIC)

static inline void conn_check(const struct conn *c)
{
    BUG_ON(c->magic != CONN_MAGIC);
    BUG_ON(!(c->flags & CONN_ALIVE));
}

/* Whether the rest of it may be read: by <thread>, and not in an idle list that others take from. */
static inline int conn_is_of(const struct conn *c, uint32_t thread)
{
    return atomic_load_explicit(&c->owner, memory_order_acquire) == thread + 1 &&
           !atomic_load_explicit(&c->in_idle, memory_order_acquire);
}

/* A store is enough: who reads it has stopped this thread, or runs in its place. */
static inline void conn_set_state(struct conn *c, uint32_t state)
{
    atomic_store_explicit(&c->state, state, memory_order_relaxed);
    atomic_signal_fence(memory_order_seq_cst);
}

static inline int conn_is_idle(const struct conn *c)
{
    return atomic_load_explicit(&c->state, memory_order_relaxed) == CONN_STATE_IDLE;
}

/* A conn of this thread for <fd>, not yet polled; NULL when the slab is exhausted (the caller closes <fd>). */
struct conn *conn_new(struct eng *e, int fd, uint32_t side);
/* Registers with epoll; 0 or -errno. */
int conn_poll(struct conn *c, int want_out);
/* Closes and frees it; buffers go back. Its stream must have let go of it. */
void conn_close(struct conn *c);
/* Parts a client connection from the server connection it kept; gives the other one. */
struct conn *conn_let_go(struct conn *c);
/* Gives the slot of a conn that was closed while on the ready list back to the slab. */
void conn_recycle(struct conn *c);
/* Takes a conn without stream, buffers and timer over from another thread, whose engine may be gone by now: it leaves
 * that thread's polling. It joins this one's in conn_attach. */
void conn_detach(struct eng *e, struct conn *c);
int conn_attach(struct eng *e, struct conn *c);
/* Marks a descriptor's events in the conn's flags. */
void conn_events(struct conn *c, uint32_t epoll_events);
/* Reads; keeps RD_READY, FIN, RESET. > 0 bytes, 0 nothing now (or FIN/RESET: look at the flags). */
uint32_t conn_recv(struct conn *c, void *buf, uint32_t len);
/* Writes all: what the peer does not take now is kept in c->out. 0 or -errno (the conn is then broken). */
int conn_send(struct conn *c, const struct iovec *iov, int iov_len, int more);
/* Writes what is kept; 1 nothing is left, 0 still blocked, -errno. */
int conn_flush(struct conn *c);
/* The peer takes nothing now: waits for the event that says otherwise. */
void conn_block(struct conn *c);
/* silent-drop: the peer hears nothing of the close. */
void conn_silence(struct conn *c);
void conn_shutw(struct conn *c);
/* Input handling: consume the first n bytes; keep what lies in the arena beyond this batch; read more behind it. */
void conn_consume(struct conn *c, uint32_t n);
int conn_pin(struct conn *c);
/* Keeps bytes that were read elsewhere and not used; 0 or -ENOMEM. There must be no other input. */
int conn_keep(struct conn *c, const uint8_t *data, uint32_t len);
/* As conn_pin, into a buffer of full size that starts with the first byte: more can be read behind it. */
int conn_pin_big(struct conn *c);
/* Reads into in_buf behind what is there; bytes read (0 as in conn_recv), -ENOSPC when full, -ENOMEM. */
int conn_fill(struct conn *c, uint32_t size_max);
/* Puts it on the engine's ready list: its mux runs again in this turn without a new event. */
void conn_ready(struct conn *c);
/* Takes it off the list again: before another thread may have it. */
void conn_unready(struct conn *c);
/* Arms the conn's timer no later than <at_ms>. */
void conn_timer_lower(struct conn *c, uint64_t at_ms);
struct conn *conn_find(struct process *p, uint32_t index, uint32_t gen);

extern const struct xprt xprt_raw;

#endif
