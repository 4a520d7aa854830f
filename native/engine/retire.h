/* A worker that is replaced: its listeners leave polling, its client connections go to the successor as soon as nothing of
 * them is in user space, what cannot move ends with its next response. One struct per engine, of its thread. */
#ifndef SLUICE_ENGINE_RETIRE_H
#define SLUICE_ENGINE_RETIRE_H

#include "handover.h"

#define RETIRE_RETRY_MS 5u      /* the successor's queue is full: tried again so much later, */
#define RETIRE_TRY_MS 10000u    /* and given up after so long without a success */
#define RETIRE_QUIET_MS 5000u   /* an idle connection that cannot move is waited for so long, then closed */

struct retire {
    int on;
    int fd;                 /* where connections go; -1: nowhere (any more) */
    uint8_t *movable;       /* by listener index: the successor has its socket */
    uint64_t quiet_ms;      /* from here on silence counts for what cannot move */
    uint64_t blocked_ms;    /* nothing is sent before: the queue is full */
    uint64_t failing_ms;    /* since when nothing could be sent, 0 = it could */
    int due;                /* the timer fired: all that wait are looked at again */
    uint32_t npacket;
    struct conn *packet[HANDOVER_RECORDS_MAX]; /* they go at the end of this round */
    struct timer timer;
};

/* Begins: connections from the listeners of <movable> (<n> indexes) go to <fd>; -1 = none goes. Once. 0 or -errno. */
int eng_retire(struct eng *e, int fd, const uint32_t *movable, uint32_t n);
/* A client connection is between requests: 1 when it goes now and is not to be read any more. */
int retire_take(struct conn *c);
/* Whether the client connection goes on after its response. */
int retire_keeps(const struct conn *c);
/* When an idle connection that cannot move is closed, UINT64_MAX for never. */
uint64_t retire_deadline(const struct conn *c);
/* Sends what was taken. Outside of a batch, with an empty event buffer. */
void retire_flush(struct eng *e);
/* The queue may have room again, or will never have. */
void retire_again(struct eng *e);
/* A stop is asked for: what has not moved by now does not. */
void retire_end(struct eng *e);
void retire_free(struct eng *e);

#endif
