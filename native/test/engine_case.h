/* What the engine's tests share: a process with one HTTP proxy, one TCP proxy and a server each, a policy of a few lines
 * in C, and the simulated kernel beneath. */
#ifndef SLUICE_TEST_ENGINE_CASE_H
#define SLUICE_TEST_ENGINE_CASE_H

#include "../engine/eng.h"
#include "sim_sys.h"
#include <stdio.h>

/* What policy does and saw. Tests change it, policy obeys. */
struct house {
    struct eng *eng;
    struct live live[8];
    uint32_t forward_flags, response_stage;
    int retries;       /* EV_FAIL answered by a replay so often */
    int respond;       /* answer requests with 200 and "hello" instead of forwarding */
    int queue;         /* take a slot by slot_try, queue when full */
    int wait_and_refuse; /* wait for the whole body, then answer 403 */
    uint32_t requests, responses, fails, bads, ends, session_ends, wakes;
    uint32_t last_fail, last_bad, last_status;
    char last_term[3];
    uint32_t alive;    /* streams begun and not ended: END comes exactly once */
    uint8_t seen[1u << 16]; /* by stream index: alive */
};

extern struct house house;
extern int cases_passed, cases_failed;

enum { HTTP_LISTENER = 0, TCP_LISTENER = 1 };

/* Starts over: engine, simulation and counts are new. */
void house_begin(void);
/* The same with another policy. */
void house_begin_with(uint32_t (*batch)(void *ctx, uint32_t nevents));
/* Ends the engine; fails the case when a count, a descriptor or a buffer was left behind. */
void house_end(const char *name);
/* Knocks at a listener, turns, and gives the client's descriptor. */
int house_client(int listener);
void house_turn(void);
void house_wait(uint64_t ms);
void check(int ok, const char *name, const char *what);
/* The descriptor of the newest server connection, once the engine asked for one. */
int house_server(void);

#endif
