/* The engine's outer face: plain functions and numbers, readable from C++ and from any other driver. Everything is
 * checked here; nothing of the engine's inside is visible. Process calls are for main before data threads start. */
#ifndef SLUICE_ENGINE_API_H
#define SLUICE_ENGINE_API_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct eng;

struct api_limits {
    uint32_t bufsize, maxrewrite, max_fields, conns_max, threads;
    uint64_t pool_max_bytes;
    int idle_shared;
    int guard_pages;
};

/* Memory an engine shares with its policy. */
struct api_memory {
    void *events, *commands, *edits, *text, *arena;
    uint32_t *work; /* two words: the stream policy works on */
    size_t events_len, commands_len, edits_len, text_len, arena_len; /* bytes */
};

#define API_COUNTERS_MAX 32

/* All return 0 or -errno. <live> is LIVE_WORDS * (1 + proxies + servers + listeners) words. */
int api_process_init(int32_t *live, uint32_t proxies, uint32_t servers, uint32_t listeners,
                     const struct api_limits *l);
int api_set_proxy(uint32_t index, const uint32_t *words, size_t words_len);
int api_set_server(uint32_t index, const uint32_t *words, size_t words_len, const uint8_t *addr,
                   size_t addr_len);
int api_set_listener(uint32_t index, const uint32_t *words, size_t words_len);
/* kind 0: <fd> is a connected datagram socket, 1: a descriptor for whole lines. */
int api_set_log_target(uint32_t index, int kind, int fd);
/* pool bytes in use, their cap, connection slots ever used. */
void api_process_usage(double out[3]);

/* <trace_path>: NULL, or where a trace of this engine is written (engine/trace.h). */
struct eng *api_engine_new(uint32_t thread, uint32_t (*on_batch)(void *ctx, uint32_t nevents), void *ctx,
                           const char *trace_path);
void api_engine_free(struct eng *e);
void api_engine_memory(struct eng *e, struct api_memory *out);
int api_engine_poll_fd(const struct eng *e);
/* Inside a batch or its execution: no other call is allowed then. */
int api_engine_busy(const struct eng *e);
void api_engine_turn(struct eng *e);
/* Log lines that wait for the end of the turn leave now: there will be none. */
void api_engine_flush_logs(struct eng *e);
void api_engine_exec(struct eng *e, uint32_t commands);
void api_engine_listen(struct eng *e, int on);
void api_engine_stop(struct eng *e);
/* A successor serves: listeners leave polling, client connections accepted from <listeners> go to <fd> as soon as they are
 * idle (handover.h); the others end with their next response. 0 or -errno. */
int api_engine_retire(struct eng *e, int fd, const uint32_t *listeners, size_t listeners_len);
/* Takes client connections of a predecessor from <fd>; for the main thread's engine. 0 no more now, 1 maybe more, 2 the
 * other end is closed, or -errno (-EAGAIN: no thread listens yet). <counts_ret>: adopted, refused. */
int api_engine_receive(struct eng *e, int fd, uint32_t counts_ret[2]);
uint64_t api_engine_now(const struct eng *e);
/* engine/handover.h: for the one who set up what happens at a crash. */
uint32_t handover_at_crash(int fd, uint64_t deadline_ms, uint32_t *left_ret);
/* Client connections and streams that are alive. */
uint32_t api_engine_live(const struct eng *e);
/* ADDRESS_* of a client connection (a struct sockaddr, or the TLVs): its length, which may be more than was copied for
 * TLVs, or -errno. */
int api_conn_address(struct eng *e, uint32_t conn, uint32_t gen, uint32_t which, uint8_t *out, size_t out_len);
/* A struct sockaddr of a stream's server side: <peer> 1 the far end, 0 ours. */
int api_server_address(struct eng *e, uint32_t stream, uint32_t gen, int peer, uint8_t *out, size_t out_len);
/* Fills struct eng_counters as doubles; returns how many there are. */
size_t api_engine_counters(struct eng *e, double *out, size_t out_len);

#ifdef __cplusplus
}
#endif
#endif
