/* Two processes in one, for tests of connections that move: the worker that serves is an engine on thread 0 or 1, its
 * successor the other, thread 2 is the successor's control thread, which receives. Policy answers each request with its own
 * path: "/now/…" at once, "/wait/…" after 20 ms, "/back/…" from the server. One at a time; the test owns it. */
#ifndef SLUICE_TEST_SIM_MOVES_H
#define SLUICE_TEST_SIM_MOVES_H

#include "../engine/eng.h"
#include "sim_sys.h"

enum { MOVES_HTTP = 0, MOVES_TCP = 1, MOVES_OTHER = 2 /* policy is told of its sessions */, MOVES_LISTENERS = 3 };
#define MOVES_SOCKET_ID 100 /* of listener 0; the next ones follow */

struct moves {
    struct live live[12];
    struct eng *worker, *successor, *control;
    int pair; /* the worker's way to its successor */
    uint32_t requests, firsts, counted_before; /* events that policy saw */
    uint32_t ends, session_ends, bads, opened;
    uint32_t adopted, refused;
    int last_receive;
};

extern struct moves moves;

void moves_begin(void);
/* All engines end; everything must be given back. */
void moves_end(void);
/* The successor begins to accept. */
void moves_serve(void);
/* The worker retires; its connections of <n> <listeners> may go. */
void moves_retire(const uint32_t *listeners, uint32_t n);
/* The successor is the worker now, the old one is gone, a new successor waits. */
void moves_next(void);
/* The control thread takes what there is. */
void moves_receive(void);
/* Turns of all engines. */
void moves_turn(void);
void moves_wait(uint64_t ms);
/* A client of the worker (or of who else listens); its descriptor. */
int moves_client(uint32_t listener);
void moves_say(int fd, const char *text);

#endif
