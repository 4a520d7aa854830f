/* What all threads of the process share: the configuration tables that main fills before data threads start, the live
 * array (counts that both languages read), the slab of connections, the mailboxes by thread. One instance, process_get();
 * it is made once by main and outlives every engine. */
#ifndef SLUICE_SHARED_PROCESS_H
#define SLUICE_SHARED_PROCESS_H

#include "../base.h"
#include "../engine/abi.h"
#include <pthread.h>
#include <stdatomic.h>
#include <sys/socket.h>

#define PROCESS_MAGIC 0x50524f43u
#define CHECK_PROCESS(p) BUG_ON((p)->magic != PROCESS_MAGIC)
#define THREADS_MAX 64
#define SOCKADDR_LEN_MAX 110u /* sockaddr_un */
#define LOG_TARGETS_MAX 256
#define COOKIES_SEEN_MAX 65536u

struct conn;

/* One cache line; the names of its words are LIVE_* of abi.def. */
struct live {
    _Atomic int32_t w[ABI_LIVE_WORDS];
};

struct proxy_conf {
    uint32_t timeouts_ms[ABI_TIMEOUT_COUNT];
    uint32_t flags;
    uint32_t handshake_ms; /* for the PROXY header; 0 = TIMEOUT_CLIENT */
    uint32_t spare;
};
STATIC_ASSERT(sizeof(struct proxy_conf) % 8 == 0); /* a trace holds the tables one behind another */

struct server_conf {
    uint32_t proxy;
    uint32_t pool_max, pool_low, pool_purge_ms, flags;
    uint32_t netns;    /* a descriptor of the network namespace it is reached in, and 1; 0 = our own */
    uint32_t addr_len; /* 0 = no address */
    uint8_t addr[SOCKADDR_LEN_MAX];
    pthread_mutex_t lock; /* the address, when the control plane changes it */
};

struct listener_conf {
    int fd; /* -1 = not open */
    uint32_t proxy, flags, max_accept;
    uint32_t socket_id; /* the master's number of its socket, 0 = none: connections cannot move */
    uint32_t spare;     /* traces hold these tables: a multiple of 8 bytes */
};

struct log_target {
    int kind; /* 0 datagram socket, 1 descriptor, -1 none */
    int fd;
};

struct limits {
    uint32_t bufsize, maxrewrite, max_fields, conns_max, threads;
    uint64_t pool_max_bytes;
    int idle_shared;
    int guard_pages; /* buffers lie against unmapped memory */
};

struct process {
    uint32_t magic;
    struct limits limits;
    uint64_t hash_key[2]; /* of siphash.h, the process's own */
    uint32_t nproxies, nservers, nlisteners;
    struct live *live; /* process, proxies, servers, listeners */
    struct proxy_conf *proxies;
    struct server_conf *servers;
    struct listener_conf *listeners;
    struct log_target logs[LOG_TARGETS_MAX];
    struct slot_queue *queues;       /* one per proxy (slots.c) */
    struct idle_lists *idle;         /* per (server, thread) (idle.c) */
    struct conn *conns;              /* conns_max of them, untouched pages cost nothing */
    _Atomic uint32_t conns_used_end; /* indexes below were used once */
    pthread_mutex_t conns_lock;
    uint32_t conns_free; /* list of free indexes given back by threads */
    uint32_t conns_nfree;
    _Atomic uint64_t pool_used_bytes;
    struct mailbox *mailboxes;                 /* one per thread (mailbox.c) */
    _Atomic int32_t thread_conns[THREADS_MAX]; /* client connections of each thread */
    int poll_fds[THREADS_MAX]; /* where a thread polls, -1 = not: a taken idle connection leaves it, under the lock */
    pthread_mutex_t poll_locks[THREADS_MAX];
    _Atomic uint64_t threads_listening; /* threads that accept: connections are handed over only to these */
    uint64_t *cookies_seen; /* of client connections that came from other processes (adopt.c): the main thread's */
    _Atomic uint64_t threads_full;      /* threads that stopped accepting at a limit */
};

/* The process's instance; magic is 0 before process_init. */
struct process *process_get(void);
/* 0 or -errno. <live> has 1 + proxies + servers + listeners records and outlives the process. */
int process_init(struct live *live, uint32_t proxies, uint32_t servers, uint32_t listeners,
                 const struct limits *l);
/* For tests: forgets everything. No engine may be alive. */
void process_reset(void);

static inline struct live *live_process(struct process *p)
{
    return &p->live[0];
}
static inline struct live *live_proxy(struct process *p, uint32_t i)
{
    BUG_ON(i >= p->nproxies);
    return &p->live[1 + i];
}
static inline struct live *live_server(struct process *p, uint32_t i)
{
    BUG_ON(i >= p->nservers);
    return &p->live[1 + p->nproxies + i];
}
static inline struct live *live_listener(struct process *p, uint32_t i)
{
    BUG_ON(i >= p->nlisteners);
    return &p->live[1 + p->nproxies + p->nservers + i];
}
static inline int32_t live_add(_Atomic int32_t *w, int32_t n)
{
    return atomic_fetch_add_explicit(w, n, memory_order_relaxed) + n;
}
static inline int32_t live_get(_Atomic int32_t *w)
{
    return atomic_load_explicit(w, memory_order_relaxed);
}

#endif
