/* Server slots and the queues before them, process-wide. A slot is taken by a compare-and-swap on the server's `served`
 * word (by policy, in TypeScript, or here); whoever frees one hands it to the first in the queue under the backend's
 * lock and wakes that stream's thread. The waiter's record lies in its stream; it is linked here until it is granted a
 * slot or taken out. */
#ifndef SLUICE_SHARED_SLOTS_H
#define SLUICE_SHARED_SLOTS_H

#include "process.h"

struct slot_waiter {
    struct slot_waiter *next, *prev; /* NULL when not linked */
    uint64_t order;                  /* arrival, process-wide */
    uint32_t thread, stream, stream_gen;
    uint32_t backend, server; /* server ABI_NONE: any server of the backend */
    uint32_t joined;          /* grants of its line when it came; in a list head: all grants of the line */
    uint32_t before_server, before_backend; /* which grant of its line since then is (or would be) its own */
};

struct slot_queue {
    pthread_mutex_t lock;
    struct slot_waiter any;          /* list head: waits for any server */
    struct slot_waiter *servers;     /* list heads, one per server of the backend */
    uint32_t first_server, nservers; /* the backend's servers are consecutive */
};

int slots_init(struct process *p);
void slots_reset(struct process *p);
/* Takes a slot of <server> when its maxconn (between minconn and it, by load) allows: 1 taken, 0 full. */
int slot_try(struct process *p, uint32_t server);
/* Gives a slot back; may grant it to a waiter (which is woken through its thread's mailbox). -EINVAL when none is taken:
 * policy's words are not to be trusted. */
int slot_release(struct process *p, uint32_t server);
/* Links a waiter; a slot that is free by now is granted at once (also by mailbox). */
void slot_queue_join(struct process *p, struct slot_waiter *w);
/* Unlinks it. Returns 1 when it was still waiting, 0 when a grant is already under way in the mailbox. */
int slot_queue_leave(struct process *p, struct slot_waiter *w);
/* Grants what can be granted in <backend>: after a server came up or a limit was raised. */
void slot_queue_kick(struct process *p, uint32_t backend);

#endif
