/* A stream: one request and its response between a front conn and a back conn that can be replaced (retry, redispatch).
 * It lies in the slab of its engine's thread; commands name it by index and generation. */
#ifndef SLUICE_ENGINE_STREAM_H
#define SLUICE_ENGINE_STREAM_H

#include "../http1/head.h"
#include "shared/slots.h"
#include "../slz/slz.h"
#include "conn.h"

#define STREAM_MAGIC 0x5354524du

enum stream_state {
    ST_FREE,
    ST_POLICY,      /* an event about the request is with policy: a command must come in this batch */
    ST_WAIT,        /* CMD_WAIT */
    ST_QUEUE,       /* CMD_QUEUE */
    ST_CONNECT,     /* a server connection is being made */
    ST_SEND,        /* the request goes out, the response head is awaited */
    ST_POLICY_FAIL, /* EV_FAIL or EV_BAD_RESPONSE is with policy */
    ST_POLICY_RES,  /* EV_RESPONSE is with policy */
    ST_BODY,        /* the response body passes */
    ST_TUNNEL,      /* both ways, until both have ended */
    ST_LOCAL,       /* policy's own answer is being written */
    ST_ENDED
};

enum dir_state { DIR_IDLE, DIR_BODY, DIR_TRAILERS, DIR_DONE, DIR_SHUT };

/* One direction: source mux, stages, sink mux. Payload between them has no framing. */
struct dir {
    uint8_t state;    /* enum dir_state: of the source */
    uint8_t in_kind;  /* FRAMING_* as received */
    uint8_t out_kind; /* FRAMING_* as sent */
    uint8_t stage;    /* ABI_STAGE_* format, 0 none */
    uint8_t no_splice;
    uint8_t streak;      /* reads in a row that filled what was asked for */
    uint8_t stage_flush; /* payload went into the encoder since the last flush */
    uint8_t end_due;     /* gathered to its end (wait for body), which the sink has not been told */
    uint64_t left;       /* FRAMING_LENGTH: still to come */
    struct chunk_decoder chunk;
    struct slz slz;
    const uint8_t *due; /* a head to be sent before anything else of it, valid within one call */
    uint32_t due_len;
    uint32_t
        decoded; /* bytes at the start of the source's input whose framing is off already (wait for body) */
    int pipe[2]; /* -1: none */
    uint32_t pipe_len;
    uint32_t comp_in, comp_out, comp_byp;
};

enum stream_flag {
    STREAM_SLOT = 1 << 0,        /* holds a slot of `server` */
    STREAM_BECONN = 1 << 1,      /* counted in its backend */
    STREAM_KEEP_CLIENT = 1 << 2, /* the client connection goes on after it */
    STREAM_CAPTURE = 1 << 3,     /* the image still holds every byte sent to the server */
    STREAM_SENT = 1 << 4,        /* a byte was written to the server */
    STREAM_RESPONDING = 1 << 5,  /* a byte of the final response was written to the client */
    STREAM_REQ_PINNED = 1 << 6,
    STREAM_LOCAL_MORE = 1 << 7,
    STREAM_CLIENT_FIN_TOLD = 1 << 8,
    STREAM_TRUNCATED = 1 << 9,
    STREAM_SENT_100 = 1 << 10,
    STREAM_RES_DONE = 1 << 11,
    STREAM_LOCAL_RES = 1 << 12,
    STREAM_TCP = 1 << 13,
    STREAM_READY = 1 << 14,    /* on the ready list through its front conn */
    STREAM_ANSWERED = 1 << 15, /* policy answered the event of this batch */
    STREAM_HEAD_REQ = 1 << 16, /* the request is HEAD */
    STREAM_WAIT_BYTES = 1 << 17,
    STREAM_LOCAL_ASKED = 1 << 19, /* RESPOND|MORE: WAKE_DRAINED was raised for the last piece */
    STREAM_ENDING = 1 << 18,      /* END waits for room in the event buffer */
    STREAM_REUSED = 1 << 20,      /* its server connection had served before */
};

struct stream {
    uint32_t magic;
    uint32_t index, gen;
    uint8_t state;
    uint8_t term_who, term_when; /* C's view of the termination state, 0 = none yet */
    uint8_t wait_reasons;
    uint32_t flags;
    uint32_t fwd_flags; /* ABI_FWD_* of the last FORWARD */
    struct eng *eng;
    struct conn *front, *back;
    struct stream *next_free; /* also links the list of streams that policy must answer */
    uint32_t server, backend, frontend;
    struct head req, res;      /* table rows in req_fields/res_fields */
    struct head_field *fields; /* of the head that is with policy: arena or pin */
    uint8_t *head_bytes;
    struct buf *pin;     /* head, fields and bytes of a waiting request */
    struct buf *image;   /* what was sent to the server, for a replay */
    struct dir up, down; /* request, response */
    struct slot_waiter waiter;
    struct timer timer;
    uint64_t deadline_ms;       /* of WAIT, QUEUE or the connection attempt */
    uint64_t front_read_ms, front_sent_ms; /* last bytes from and to the client */
    uint64_t back_read_ms, back_sent_ms;   /* from and to the server */
    uint32_t want_bytes;
    uint32_t timeouts_ms[ABI_TIMEOUT_COUNT];
    uint64_t accept_ms, accept_wall_ms, request_wall_ms;
    uint64_t t_idle, t_request, t_queue, t_connect, t_data, t_close; /* monotonic ms, 0 = never */
    uint64_t bytes_in, bytes_out;
    uint32_t status;
    uint32_t interims;              /* 1xx responses passed on */
    uint32_t wake_reason, wake_arg; /* a wake that waits for room in the event buffer */
    uint32_t asked; /* batches run when its last event was raised */
};

#define CHECK_STREAM(s) BUG_ON((s)->magic != STREAM_MAGIC || (s)->state == ST_FREE)

static inline void stream_check(const struct stream *s)
{
    BUG_ON(s->magic != STREAM_MAGIC);
    BUG_ON(s->state == ST_FREE);
}

struct stream *stream_new(struct eng *e, struct conn *front);
struct stream *stream_find(struct eng *e, uint32_t index, uint32_t gen);
/* Runs the state machine after any change; may end the stream: do not touch it afterwards. */
void stream_run(struct stream *s);
/* Ends it: END is emitted, conns are kept or closed, the slot goes back. */
void stream_end(struct stream *s);
/* Records who ended it and when, the first cause wins. */
void stream_term(struct stream *s, char who, char when); /* when 0: where it stands */
/* The letter for that in a log line. */
char stream_stands_at(const struct stream *s);
void stream_timeout(struct stream *s);
/* Arms the stream's timer for its earliest deadline if that is earlier than what is armed. */
void stream_timer(struct stream *s);
/* Gives up the server side (closing or keeping its conn), and the slot when <release>. */
void stream_drop_back(struct stream *s, int keep);
void stream_release_slot(struct stream *s);
/* The server failed before a response head: asks policy. */
void stream_fail(struct stream *s, uint32_t reason, int err);
/* Puts the stream in front of policy again with its pinned head. */
void stream_wake(struct stream *s, uint32_t reason, uint32_t arg);
int stream_pin(struct stream *s);
void stream_unpin(struct stream *s);

/* body.c: moves a direction forward. */
enum pump {
    PUMP_BLOCKED = 0,
    PUMP_DONE = 1,
    PUMP_SRC = -1,
    PUMP_DST = -2,
    PUMP_SYNTAX = -3,
    PUMP_MEMORY = -4
};
int body_pump(struct stream *s, struct dir *d, struct conn *src, struct conn *dst);
void dir_open(struct dir *d, const struct framing *in);
/* Begins the encoder of a direction whose body is to leave as ABI_STAGE_* <format>. */
void stage_open(struct dir *d, uint32_t format);
void dir_close(struct stream *s, struct dir *d);

/* Reads and forgets what is left of a body as far as it is at hand; 1 when it is complete. */
int body_discard(struct stream *s, struct dir *d, struct conn *src);
/* Shows policy a chunked body that lies whole behind its head, where the proxy asks for it: E_BODY, EVF_BODY_END. Nothing
 * is consumed; RX_MAX bytes of the arena at most. */
void body_show(const struct stream *s, const struct conn *src, uint32_t *ev);
/* Gathers payload in the source's input until <want> bytes, the end, or a full buffer: 1 when one of them is reached. */
int body_gather(struct stream *s, struct dir *d, struct conn *src, uint32_t want);

/* local.c: policy's own answers. */
int local_respond(struct stream *s, const uint32_t *cmd);
int local_body(struct stream *s, const uint32_t *cmd);
void local_run(struct stream *s);

/* account.c: what a head, or the fields of one, count for in bytes_in and bytes_out. */
uint32_t head_weight(const struct head *h, const struct head_field *f, const uint8_t *bytes);
uint32_t fields_weight(const struct head *h, const struct head_field *f, const uint8_t *bytes);

/* server.c: FORWARD's second half. */
/* Tells policy of the server connection that authenticates this client, if there is one. */
void server_private(const struct conn *front, uint32_t *ev);
/* How its connection begins: bytes that go out before anything else, and who may share it. */
struct prefix {
    uint32_t hash; /* policy's */
    const uint8_t *at;
    uint32_t len;
};
void server_connect(struct stream *s, const uint8_t *addr, uint32_t addr_len, const struct prefix *prefix);
void server_connected(struct stream *s);

/* A socket on its way to an address, polled but without mux; NULL with *err_ret = errno. <flags>: PXF_* of its proxy. */
struct conn *server_dial(struct eng *e, const uint8_t *addr, uint32_t addr_len, int netns_fd, uint32_t side,
                         uint32_t flags, int *err_ret);

/* h1_response.c */
void response_read(struct stream *s);
int response_forward(struct stream *s, const struct head_edit *edits, uint32_t nedits, uint32_t flags,
                     uint32_t stage);

#endif
