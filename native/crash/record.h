/* The flight recorder's memory, and the only description of it: C writes by it, scripts/gen-record.mjs turns it into
 * src/native/record-layout.ts and native/gdb/record_layout.py. A table of fixed sizes in a shared memfd, so that it is in the
 * core, in the hands of the master whatever becomes of the worker, and readable in a live process without stopping it.
 *
 * Found in a core by RECORD_MAGIC at the start of a page, or through the symbol `record`. All numbers little endian, all
 * offsets from the head's first byte. A reader believes no offset, length or count: the process that wrote them is dead,
 * and often of the very bug that is looked for.
 *
 *   head      one
 *   threads   nthreads of thread_len bytes: what each engine does now
 *   streams   nthreads * nstreams of stream_len: stream i of thread t lies in slot t * nstreams + i % nstreams; a stream
 *             whose slot was taken by another since has none until it is worked on again
 *   events    nthreads * nevents of event_len: a ring per thread, event k in slot k % nevents
 *   names     nproxies + nservers + nlisteners of name_len, NUL-terminated, in the order of the live array; those beyond
 *             nnames are not there
 *
 * Written by the thread that owns the slot, with plain stores: no lock, no system call. What is read while its owner runs
 * may be half old, half new. */
#ifndef SLUICE_CRASH_RECORD_H
#define SLUICE_CRASH_RECORD_H

#include "../base.h"

#define RECORD_MAGIC 0x3144434552554c53ull /* "SLURECD1" */
#define RECORD_VERSION 1
#define RECORD_NONE 0xffffffffu

#define RECORD_THREADS_MAX 64
#define RECORD_STREAMS_MAX 1024     /* slots of one thread, */
#define RECORD_STREAMS_ALL_MAX 4096 /* and of all */
#define RECORD_EVENTS_MAX 1024      /* events kept of one thread, */
#define RECORD_EVENTS_ALL_MAX 16384 /* and of all */
#define RECORD_NAMES_MAX 16384
#define RECORD_LEN_MAX 8388608 /* bytes of the whole table */

#define RECORD_LINE_LEN 192 /* of the request line, longer ones are cut */
#define RECORD_HOST_LEN 64
#define RECORD_ADDR_LEN 28 /* a sockaddr_in6, or shorter */
#define RECORD_NAME_LEN 64
#define RECORD_TEXT_LEN 1024
#define RECORD_PATH_LEN 256
#define RECORD_BUILD_ID_LEN 20

/* record_thread.at: where a thread is */
#define RECORD_AT_NOTHING 0 /* no engine */
#define RECORD_AT_REST 1    /* outside a turn: waiting, or in JavaScript of its own */
#define RECORD_AT_ENGINE 2  /* C, in a turn */
#define RECORD_AT_POLICY 3  /* JavaScript, in a batch */

/* record_thread.call: what C is in the middle of, when it is one of the calls that write into buffers */
#define RECORD_CALL_NONE 0
#define RECORD_CALL_SLZ_ENCODE 1
#define RECORD_CALL_SLZ_FLUSH 2
#define RECORD_CALL_SLZ_FINISH 3
#define RECORD_CALL_HEAD_SCAN 4
#define RECORD_CALL_HEAD_WRITE 5
#define RECORD_CALL_CHUNK_DECODE 6
#define RECORD_CALL_RECV 7

/* record_stream.state: enum stream_state of engine/stream.h */
#define RECORD_ST_FREE 0
#define RECORD_ST_POLICY 1
#define RECORD_ST_WAIT 2
#define RECORD_ST_QUEUE 3
#define RECORD_ST_CONNECT 4
#define RECORD_ST_SEND 5
#define RECORD_ST_POLICY_FAIL 6
#define RECORD_ST_POLICY_RES 7
#define RECORD_ST_BODY 8
#define RECORD_ST_TUNNEL 9
#define RECORD_ST_LOCAL 10
#define RECORD_ST_ENDED 11

/* record_stream.encoder_format: ABI_STAGE_* of abi.def, 0 none; encoder_mode: enum slz_mode */
#define RECORD_FORMAT_NONE 0
#define RECORD_FORMAT_GZIP 1
#define RECORD_FORMAT_ZLIB 2
#define RECORD_FORMAT_RAW 3
#define RECORD_FORMAT_IDENTITY 4
#define RECORD_MODE_STORE 0
#define RECORD_MODE_FAST 1
#define RECORD_MODE_BALANCED 2

/* record_event.kind, and what its words say */
#define RECORD_EV_ACCEPT 1   /* a: conn, b: listener, c: descriptor */
#define RECORD_EV_REQUEST 2  /* a: conn, b: bytes of the head, c: its fields */
#define RECORD_EV_COMMAND 3  /* a: CMD_* of policy, b: server, c: backend */
#define RECORD_EV_CONNECT 4  /* a: conn, b: server, c: 1 an idle one was taken */
#define RECORD_EV_RESPONSE 5 /* a: status, b: server */
#define RECORD_EV_ENCODE 6   /* a: bytes in, b: bytes out, c: format | mode << 8 */
#define RECORD_EV_FAIL 7     /* a: FAIL_*, b: errno, c: server */
#define RECORD_EV_END 8      /* a: status, b: termination state as two characters, c: ms since the accept */
#define RECORD_EV_CLOSE 9    /* a: conn, b: side, c: descriptor */
#define RECORD_EV_HANDOVER 10 /* a: conn, b: 1 given, 2 taken */

/* record_death.stage: how far the dying process came */
#define RECORD_LIVES 0
#define RECORD_DYING 1
#define RECORD_TOLD 2     /* the master knows */
#define RECORD_HANDED 3   /* idle connections were handed over, or nothing was there to hand over */
#define RECORD_REPORTED 4 /* the report is written */
#define RECORD_ENDED 5    /* an orderly end, no death */

/* record_death.cause */
#define RECORD_CAUSE_NONE 0
#define RECORD_CAUSE_SIGNAL 1
#define RECORD_CAUSE_BUG 2       /* an assertion of ours; text says which */
#define RECORD_CAUSE_CANARY 3    /* a call wrote past its buffer; text says which */
#define RECORD_CAUSE_EXCEPTION 4 /* JavaScript: uncaught exception or rejection; text has the stack */
#define RECORD_CAUSE_HEAP 5      /* JavaScript: heap exhausted */
#define RECORD_CAUSE_STUCK 6     /* a thread did not come back */
#define RECORD_CAUSE_ABORT 7     /* abort(3) by somebody else */

typedef uint64_t record_pointer; /* an address in the process that wrote it */

struct record_death {
    uint32_t stage;
    uint32_t cause;
    uint32_t signal;
    int32_t code; /* si_code */
    uint32_t tid;
    uint32_t thread; /* index of the engine's thread, RECORD_NONE: none of ours */
    uint32_t call;   /* RECORD_CALL_* it was in */
    uint32_t slot;   /* index into streams of the stream at work, RECORD_NONE */
    record_pointer address; /* si_addr */
    record_pointer pc;
    record_pointer sp;
    uint64_t fault_mono_ns; /* each of these: when */
    uint64_t told_mono_ns;
    uint64_t handed_mono_ns;
    uint64_t reported_mono_ns;
    uint64_t wall_ms;
    uint32_t handed;   /* connections */
    uint32_t parked;   /* threads that stood still before anything was handed over, */
    uint32_t unparked; /* and that did not */
    uint32_t conn;     /* the connection at work, RECORD_NONE */
    uint32_t addr_len; /* and its client */
    uint8_t addr[RECORD_ADDR_LEN];
    char report[RECORD_PATH_LEN]; /* the report's path, NUL-terminated as the two below */
    char verdict[RECORD_TEXT_LEN];
    char text[RECORD_TEXT_LEN]; /* the assertion, the buffer that was overrun, the JavaScript stack */
};

struct record_head {
    uint64_t magic;
    uint32_t version;
    uint32_t head_len;
    uint64_t total_len;
    uint32_t threads_off;
    uint32_t thread_len;
    uint32_t nthreads;
    uint32_t streams_off;
    uint32_t stream_len;
    uint32_t nstreams; /* of one thread */
    uint32_t events_off;
    uint32_t event_len;
    uint32_t nevents; /* of one thread, a power of two */
    uint32_t names_off;
    uint32_t name_len;
    uint32_t nnames; /* that are kept */
    uint32_t nproxies;
    uint32_t nservers;
    uint32_t nlisteners;
    uint32_t pid;
    uint32_t generation; /* of the worker, 0 without a master */
    uint32_t addon_id_len;
    uint64_t start_wall_ms;
    uint64_t start_mono_ms;
    uint64_t now_mono_ms; /* of the turn that was last begun */
    uint8_t addon_id[RECORD_BUILD_ID_LEN]; /* GNU build-ids */
    uint8_t node_id[RECORD_BUILD_ID_LEN];
    uint32_t node_id_len;
    uint32_t spare;
    char version_text[RECORD_NAME_LEN];  /* of Sluice */
    char node_version[RECORD_NAME_LEN];  /* of Node */
    char config[RECORD_PATH_LEN];        /* the files of the configuration */
    struct record_death death;
};

struct record_thread {
    uint32_t tid;
    uint32_t at; /* RECORD_AT_* */
    uint32_t turns; /* begun */
    uint32_t batches; /* that policy has answered */
    uint64_t turn_mono_ms; /* when the last turn began */
    uint32_t conn;       /* at work, RECORD_NONE */
    uint32_t stream;     /* at work in C, RECORD_NONE */
    uint32_t stream_gen;
    uint32_t command;     /* CMD_* being carried out, 0 none */
    uint32_t policy_stream; /* at work in JavaScript: of any use while at == RECORD_AT_POLICY */
    uint32_t policy_gen;
    uint32_t call; /* RECORD_CALL_* */
    uint32_t call_detail; /* SLZ_*: format | mode << 8 */
    record_pointer call_in;  /* address and length of what is read, */
    uint64_t call_in_len;
    record_pointer call_out; /* and of the room that is written */
    uint64_t call_out_len;
    uint64_t events; /* ever written */
    uint32_t streams_live;
    uint32_t slots_lost; /* streams that lost their slot to a later one */
    uint32_t engine; /* 1 while there is one */
    uint32_t spare[5];
};

struct record_stream {
    uint32_t index;
    uint32_t gen;
    uint32_t state; /* RECORD_ST_* */
    uint32_t flags; /* enum stream_flag of engine/stream.h */
    uint32_t frontend;
    uint32_t backend; /* RECORD_NONE: not chosen */
    uint32_t server;
    uint32_t listener;
    uint32_t conn;
    uint32_t conn_gen;
    uint32_t server_conn;
    uint32_t status;
    uint8_t term[2]; /* who ended it and when, as in the log; 0 not yet */
    uint8_t up_state; /* enum dir_state: the request's body, */
    uint8_t down_state; /* and the response's */
    uint8_t encoder_format;
    uint8_t encoder_mode;
    uint8_t encoder_up; /* 1: it encodes the request */
    uint8_t addr_len;
    uint8_t addr[RECORD_ADDR_LEN]; /* the client's sockaddr */
    uint16_t line_len;
    uint16_t host_len;
    uint64_t accept_wall_ms;
    uint64_t accept_ms; /* this and those below: monotonic, 0 not yet */
    uint64_t request_ms;
    uint64_t queue_ms;
    uint64_t connect_ms;
    uint64_t response_ms;
    uint64_t deadline_ms;
    uint64_t bytes_in; /* from the client, as the log counts, */
    uint64_t bytes_out; /* and to it */
    uint64_t encoder_in;
    uint64_t encoder_out;
    uint8_t encoder[16]; /* struct slz before the piece at work */
    char line[RECORD_LINE_LEN];
    char host[RECORD_HOST_LEN];
};

struct record_event {
    uint64_t mono_ms;
    uint32_t kind; /* RECORD_EV_* */
    uint32_t stream;
    uint32_t gen;
    uint32_t a;
    uint32_t b;
    uint32_t c;
};

struct record_name {
    char text[RECORD_NAME_LEN];
};

/* Readers of other builds, and other programs, go by these: a change is a new RECORD_VERSION. */
STATIC_ASSERT(sizeof(struct record_death) == 2448);
STATIC_ASSERT(sizeof(struct record_head) == 3000);
STATIC_ASSERT(sizeof(struct record_thread) == 128);
STATIC_ASSERT(sizeof(struct record_stream) == 448);
STATIC_ASSERT(sizeof(struct record_event) == 32);
STATIC_ASSERT(sizeof(struct record_name) == RECORD_NAME_LEN);

#endif
