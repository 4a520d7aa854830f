/* close-spread-time: a process that stops does not close all client connections at once. Each idle one gets a moment of its
 * own within the window, and a response closes its connection the more likely the less of the window is left. Part of one
 * engine, of its thread. */
#ifndef SLUICE_ENGINE_SPREAD_H
#define SLUICE_ENGINE_SPREAD_H

#include <stdint.h>

struct conn;
struct eng;

struct spread {
    int on;
    uint32_t window_ms; /* ABI_CLOSE_SPREAD_NEVER: nothing is closed but by its own timeouts */
    uint64_t begun_ms;
};

/* The stop begins; nothing is spread without a window. */
void spread_begin(struct eng *e);
/* Whether the client connection goes on after its response; 0 when nothing is spread. */
int spread_keeps(const struct conn *c);
/* When an idle client connection is closed, UINT64_MAX for never. The same moment whenever it is asked for. */
uint64_t spread_deadline(const struct conn *c);

#endif
