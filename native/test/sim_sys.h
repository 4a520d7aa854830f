/* A simulated kernel for the engine: sockets are byte queues, time stands still until it is moved, writes can be cut short
 * or refused, peers reset at any byte. Polling is edge-triggered as epoll's is. One simulation at a time; tests own it. */
#ifndef SLUICE_TEST_SIM_SYS_H
#define SLUICE_TEST_SIM_SYS_H

#include "../engine/sys.h"

#define SIM_FDS 256
#define SIM_BYTES_MAX (1u << 22) /* bytes a socket holds each way */

struct sim_bytes {
    uint8_t *mem;
    uint32_t len, size, off;
};

struct sim_fd {
    int kind;                    /* 0 free, else SIM_* */
    struct sim_bytes rx, tx;     /* what the engine will read, what it wrote */
    int rx_fin, rx_reset;        /* after rx: end, or reset */
    int shut, closed_reset;      /* what the engine did */
    int connecting, refused;
    int accept_left;             /* listener: connections waiting */
    uint32_t interest;
    uint64_t data;
    uint32_t pending;            /* edges not delivered yet */
    uint64_t registered;         /* a bit per polling descriptor */
    uint64_t timer_at;
    int signalled;
    uint32_t since_block;        /* bytes taken since the last EAGAIN */
    int closed;                  /* the engine closed it: tests may still look, and give it back with sim_recycle */
    int role;                    /* SIM_ACCEPTED, SIM_CONNECTED: how the engine came by it */
    int seen;                    /* the test's own mark, 0 on a new one */
    int stalled;                 /* the peer's window is shut: sim_unstall opens it */
    int peer;                    /* pipe: the other end */
    int port;                    /* connected to */
    int in_flight;               /* sent in a message that nobody has received yet */
    struct sim_message *messages; /* pair: sim_pair.c */
    uint64_t cookie;
};

enum { SIM_SOCKET = 1, SIM_LISTENER, SIM_POLL, SIM_TIMER, SIM_WAKE, SIM_PIPE, SIM_PAIR };
enum { SIM_ACCEPTED = 1, SIM_CONNECTED };

struct sim {
    struct sim_fd fds[SIM_FDS];
    uint64_t now_ms;
    uint32_t send_max;    /* bytes one write takes at most, 0 = any */
    uint32_t send_window; /* bytes a peer takes between two EAGAINs, 0 = any */
    uint32_t recv_max;    /* bytes one read gives at most, 0 = any */
    int can_splice;
    int accept_calls;
    int waited_ms; /* the longest that polling was asked to wait */
    int log_result;       /* what a log target says, 0 = takes all */
    int refuse_connects, hang_connects, no_fds;
    int connects, accepted;
    uint64_t cookies;     /* given so far */
    int pair_error;       /* what a send to a pair says, 0 = takes it */
    int pair_room;        /* messages that a pair holds, 0 = any */
    int last_accepted, last_connected; /* their descriptors */
};

extern struct sim sim;

void sim_reset(void);
const struct sys *sim_table(void);
int sim_listener(void);
/* A client knocks; its descriptor is sim.last_accepted after the engine's turn. */
void sim_knock(int listener);
void sim_push(int fd, const void *data, uint32_t len);
void sim_fin(int fd);
void sim_rst(int fd);
void sim_finish_connect(int fd, int refused);
/* What the engine wrote so far, NUL-terminated. */
const char *sim_written(int fd);
void sim_forget_written(int fd);
int sim_open_fds(void);
/* The peer stops reading: writes are refused until it goes on. */
void sim_stall(int fd);
void sim_unstall(int fd);
/* A descriptor that the engine has closed and the test has looked at is free for another. */
void sim_recycle(int fd);

/* A SOCK_SEQPACKET pair as one descriptor: what is sent to it is received from it. */
int sim_pair(void);
/* The sender is gone: after what is queued comes the end. */
void sim_pair_end(int fd);
/* Messages that were sent and not received. */
int sim_pair_queued(int fd);

/* For sim_*.c: the parts of the simulation see each other's descriptors. */
struct sim_fd *sim_fd_of(int fd);
int sim_fd_new(int kind);
void sim_edge(struct sim_fd *f, uint32_t events);
void sim_bytes_put(struct sim_bytes *b, const void *data, uint32_t len);
/* Bytes that a write may take now: > 0, or -EAGAIN with the edge that will say when. */
int64_t sim_room(struct sim_fd *f);
int sim_pipe(void *ctx, int fds[2]);
void sim_pair_free(struct sim_fd *f);
int sim_sock_get(void *ctx, int fd, int level, int name);
int sim_sock_cookie(void *ctx, int fd, uint64_t *cookie_ret);
int sim_send_fds(void *ctx, int fd, const void *data, size_t len, const int *fds, uint32_t nfds);
ssize_t sim_recv_fds(void *ctx, int fd, void *data, size_t len, int *fds, uint32_t *nfds);
ssize_t sim_splice(void *ctx, int in, int out, size_t len, int more);

#endif
