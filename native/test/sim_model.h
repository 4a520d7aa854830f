/* A model of what passes through a proxy, for random runs over the simulated kernel. A request's number decides all about it
 * and about its answer (model_spec), so that whoever sees a byte can tell whether it is the right one: clients check
 * answers, servers check requests, in place, nothing is remembered. Tests own the one instance. */
#ifndef SLUICE_TEST_SIM_MODEL_H
#define SLUICE_TEST_SIM_MODEL_H

#include "../engine/eng.h"
#include "sim_seeded.h"
#include "sim_sys.h"

#define MODEL_CLIENTS 8
#define MODEL_SERVERS 64   /* connections to servers at a time */
#define MODEL_REQUESTS 4096 /* of one run */
#define MODEL_PIPELINE 4

enum body_kind { BODY_NONE, BODY_LENGTH, BODY_CHUNKED, BODY_CLOSE };

/* What request <id> is and how its server answers. */
struct spec {
    int head, old, close, expect; /* HEAD; HTTP/1.0; Connection: close; Expect: 100-continue */
    enum body_kind req_body, res_body;
    uint32_t req_len, res_len;
    int trailers, interims, status, res_close, early; /* early: answers before it has read the body */
};

struct text {
    uint8_t *mem;
    uint32_t len, off, size;
};

/* Reads messages of either direction byte by byte, checks their framing, tells its owner of each part. */
struct reader {
    enum { READ_HEAD, READ_LENGTH, READ_SIZE, READ_DATA, READ_DATA_END, READ_TRAILERS, READ_CLOSE } state;
    char head[8192];
    uint32_t head_len, line_len;
    uint64_t left;
    uint32_t got; /* payload bytes so far */
};

struct reader_face {
    enum body_kind (*head)(void *who, const char *head, uint64_t *length_ret);
    void (*body)(void *who, const uint8_t *data, uint32_t len);
    void (*end)(void *who);
};

struct model_client {
    int fd; /* -1: not there */
    struct text plan;
    uint32_t ids[MODEL_PIPELINE], nids;
    int last, told_last; /* no further requests; the engine said so */
    int broken, finned;  /* a fault of its own excuses anything; it says nothing more */
    int rest_excused;
    int gzip, local, interim, stray; /* of the answer being read; stray: to no request */
    struct reader reader;
    struct text zipped;
};

struct model_server {
    int fd;
    struct reader reader;
    struct text plan;
    uint32_t id, last_id; /* request being read or answered, 0 none; the one before */
    int whole, answering; /* the request was read to its end; its answer is planned */
    int fin_after, upload_zipped, dead, index;
    struct text zipped;
};

/* What the engine's streams are to the test's policy. */
struct model_stream {
    uint32_t gen, id, attempts, more_at;
    int alive, replay; /* its next FORWARD sends what is held */
    int answered; /* policy may not answer twice */
};

struct model {
    struct eng *eng;
    struct live live[8];
    struct model_client clients[MODEL_CLIENTS];
    struct model_server servers[MODEL_SERVERS];
    struct model_stream streams[4096];
    struct { uint32_t stream, gen; } old[64], waiting[64]; /* names that are stale, and that wait to be posted */
    uint32_t nold, nwaiting, next_id;
    uint8_t excused[MODEL_REQUESTS], delivered[MODEL_REQUESTS], forwards[MODEL_REQUESTS];
    uint32_t last_id;
    int client_faults, server_faults, timeouts, anything_goes, strict; /* what this run may meet; nothing */
    int ending;             /* nobody starts anything new */
    int loud;               /* tells its story on stderr */
    uint32_t ends, answers, local_answers, whole_requests;
};

extern struct model model;

#define MODEL_SAY(...) \
    do { \
        if (model.loud) \
            fprintf(stderr, __VA_ARGS__); \
    } while (0)

/* sim_spec.c */
struct spec model_spec(uint32_t id);
uint8_t model_byte(uint32_t id, int kind, uint32_t at); /* kind 0 request, 1 response, 2 local */
void text_put(struct text *t, const void *data, uint32_t len);
void text_say(struct text *t, const char *format, ...) __attribute__((format(printf, 2, 3)));
void text_free(struct text *t);
void text_request(struct text *t, uint32_t id);
void text_response(struct text *t, uint32_t id);
uint32_t model_local_len(uint32_t id);

/* sim_reader.c */
void reader_feed(struct reader *r, const uint8_t *data, uint32_t len, const struct reader_face *face, void *who);
const char *head_value(const char *head, const char *name); /* NULL when it is not there */
/* Inflates <t> whole and compares with the payload of <id>. */
void check_zipped(const struct text *t, uint32_t id, int kind, uint32_t len);

/* sim_clients.c, sim_servers.c: reading what the engine wrote, and one act at random. */
void client_act(void);
void server_act(void);
void clients_read(void);
void servers_read(void);
int clients_settled(void);
void servers_check(void);

/* sim_policy.c */
uint32_t model_policy(void *ctx, uint32_t nevents);
/* A command outside of a batch: a wake for who waits, or a stale one. */
void model_command(void);

#endif
