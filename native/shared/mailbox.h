/* Mail between threads: a bounded ring per engine, any thread puts, its own thread takes; the eventfd is signalled when
 * the ring goes from empty to non-empty. For rare things: a hop costs about 30 us. */
#ifndef SLUICE_SHARED_MAILBOX_H
#define SLUICE_SHARED_MAILBOX_H

#include "process.h"
#include "../engine/sys.h"

#define MAILBOX_MAX (1u << 20) /* messages of one engine: slot grants are bounded by its streams */

enum mail_op {
    MAIL_SLOT = 1,    /* index/gen: stream; arg 0 server, 1 backend: it holds a slot now */
    MAIL_POST = 2,    /* index/gen: stream: raise WAKE_POSTED */
    MAIL_ADOPT = 3,   /* index: conn of no thread: take it over */
    MAIL_CONTROL = 4, /* index: op, arg: words */
    MAIL_RESUME = 5   /* a connection limit has room again: accept */
};

struct mail {
    uint32_t op, index, gen, spare;
    uint32_t arg[4];
};

struct mailbox {
    pthread_mutex_t lock;
    struct mail *ring;
    uint32_t size, head, count; /* size is a power of two */
    const struct sys *sys;
    int wake_fd;
    int open;
    _Atomic uint32_t pending; /* count, readable without the lock */
};

/* All mailboxes are made with the process and live as long, so that a sender never races with an engine's end. */
int mailboxes_init(struct process *p);
void mailboxes_reset(struct process *p);
/* An engine opens its thread's mailbox with its eventfd; after mailbox_close nothing is accepted, what is in it stays
 * for mailbox_take. */
int mailbox_open(struct mailbox *m, const struct sys *sys, int wake_fd);
void mailbox_close(struct mailbox *m);
/* To the engine of <thread>: 0, -ENXIO when there is none, -ENOBUFS when the ring is at its maximum. */
int mailbox_send(struct process *p, uint32_t thread, const struct mail *m);
/* Takes up to <max> messages. */
uint32_t mailbox_take(struct mailbox *m, struct mail *out, uint32_t max);

#endif
