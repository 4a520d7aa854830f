/* A trace of one engine: every result the kernel gave it, every command policy gave it, every message from other threads,
 * in order and with time. native/test/replay runs an engine on a trace again, under sanitizers, and compares what it
 * tells policy with what was told then. Exact for one data thread; with several, what they share is not in the trace.
 *
 * File: struct trace_head, tables (proxies, servers, listeners, live), then records {u8 kind, u8 call, u16 0, u32 len,
 * i64 result} with len bytes behind, padded to 8. */
#ifndef SLUICE_ENGINE_TRACE_H
#define SLUICE_ENGINE_TRACE_H

#include "sys.h"

struct eng;
struct mail;

#define TRACE_MAGIC 0x31435254554c53ULL /* "SLUTRC1" */
#define TRACE_BUFFER (1u << 20)         /* bytes gathered before a write */

struct trace_head {
    uint64_t magic;
    uint32_t abi, nproxies, nservers, nlisteners;
    uint32_t bufsize, maxrewrite, max_fields, conns_max, threads, idle_shared;
    uint64_t pool_max_bytes;
};

/* TRACE_LIVE: words of the live array that changed since it was last looked at, as pairs {index, value}: policy takes slots
 * there, checks set states. It comes before the batch or entry that saw them. */
enum trace_kind { TRACE_CALL = 1, TRACE_BATCH, TRACE_MAIL, TRACE_ENTRY, TRACE_LIVE };
enum trace_call {
    CALL_RECV = 1,
    CALL_SENDV,
    CALL_ACCEPT,
    CALL_SOCKET,
    CALL_CONNECT,
    CALL_SOCK_ERROR,
    CALL_SOCK_SET,
    CALL_SOCK_NAME,
    CALL_SHUTDOWN,
    CALL_LINGER_RESET,
    CALL_CLOSE,
    CALL_SPLICE,
    CALL_PIPE,
    CALL_POLL_CREATE,
    CALL_POLL_CTL,
    CALL_POLL_WAIT,
    CALL_TIMER_CREATE,
    CALL_TIMER_SET,
    CALL_WAKE_CREATE,
    CALL_WAKE_SIGNAL,
    CALL_WAKE_CLEAR,
    CALL_MONO_MS,
    CALL_WALL_MS,
    CALL_SEND_DATAGRAMS,
    CALL_WRITE_LINE,
    CALL_SOCK_GET,
    CALL_SOCK_COOKIE,
    CALL_SEND_FDS,
    CALL_RECV_FDS
};
/* How the engine was entered. */
enum trace_entry { ENTRY_TURN = 1, ENTRY_EXEC, ENTRY_LISTEN, ENTRY_STOP, ENTRY_FREE, ENTRY_RETIRE, ENTRY_RECEIVE };

struct trace_record {
    uint8_t kind, call;
    uint16_t spare;
    uint32_t len;
    int64_t result;
};
STATIC_ASSERT(sizeof(struct trace_record) == 16);

/* Opens <path> and puts a recording table before <under>; NULL when it cannot be written. Given to eng_new instead of
 * <under>, and closed with trace_close after eng_free. */
const struct sys *trace_open(const char *path, const struct sys *under);
void trace_close(const struct sys *recording);
int trace_is(const struct sys *sys);
/* Called by the engine; nothing happens when its table is not a recording one. <told> is the hash of the events before
 * policy saw them: it may write on them. */
void trace_batch(struct eng *e, uint64_t told, uint32_t nevents, uint32_t ncommands);
void trace_mail(struct eng *e, const struct mail *mail, uint32_t n);
void trace_enter(struct eng *e, uint32_t entry, int64_t argument);
/* ENTRY_RETIRE: <movable> has a byte for each listener. */
void trace_retire(struct eng *e, int fd, const uint8_t *movable);
/* How many edits and bytes of text the first <ncommands> commands refer to; at most what there is. */
void trace_extent(const struct eng *e, uint32_t ncommands, uint32_t *edits_ret, uint32_t *text_ret);
/* A fingerprint of the events of a batch. */
uint64_t trace_events_hash(const struct eng *e, uint32_t words);

#endif
