/* Idle server connections: one list per (server, thread), newest first, from which other threads may take when
 * tune.idle-pool.shared allows it. A list's lock is held for a few pointer writes; a connection that was taken gets a
 * new generation, so that events its old thread already fetched are dropped there. */
#ifndef SLUICE_SHARED_IDLE_H
#define SLUICE_SHARED_IDLE_H

#include "process.h"

struct idle_list {
    pthread_mutex_t lock;
    uint32_t first, last; /* conn indexes, ABI_NONE */
    _Atomic uint32_t count;
    uint32_t excess_min; /* fewest there were since the last purge: those were not needed */
    uint32_t used_max;   /* most connections of the server that were in use since then, */
    uint32_t need;       /* and before, half of it forgotten with each purge */
};

struct idle_lists {
    struct idle_list *lists; /* nservers * threads */
};

enum idle_want {
    IDLE_SAFE_ONLY = 1 /* only a connection that has already survived a second request */
};

int idle_init(struct process *p);
void idle_reset(struct process *p);
/* Puts a connection away; 1 done, 0 when the server's pool is full, or has as many with those in use as were ever needed
 * lately (the caller closes it): clients that come once would else leave a connection each. A thread keeps one in any
 * case. */
int idle_put(struct process *p, struct conn *c, uint32_t thread);
/* Takes one of <server> with <hash>, own thread first; NULL when there is none. The conn may belong to another thread's
 * polling: the caller moves it. */
struct conn *idle_take(struct process *p, uint32_t server, uint64_t hash, uint32_t flags, uint32_t thread);
/* Takes this very connection, which <thread> put away when its generation was <gen>, out (its peer closed it): 1 it is the
 * caller's now, 0 another thread has it. */
int idle_remove(struct process *p, struct conn *c, uint32_t gen, uint32_t thread);
/* The oldest of <server> in <thread>'s list that a purge may close, or NULL. */
struct conn *idle_purge(struct process *p, uint32_t server, uint32_t thread, uint32_t keep);
/* How many of the list were not needed since the last call: half of them may go, as HAProxy does. */
uint32_t idle_excess(struct process *p, uint32_t server, uint32_t thread);

#endif
