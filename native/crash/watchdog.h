/* Threads that do not come back: each loop that runs an engine says now and then that it is alive; a small thread of its own looks
 * whether it did, and ends the process with a report and a core when one has used its processor for the whole limit without
 * a word, or has stood still ten times as long. A process under a debugger, or one that was stopped, is left alone. */
#ifndef SLUICE_CRASH_WATCHDOG_H
#define SLUICE_CRASH_WATCHDOG_H

#include <stdint.h>

#define WATCHDOG_THREADS_MAX 80
#define WATCHDOG_STILL_FACTOR 10 /* a thread that waits for something is given so much more */

/* Once, by main, before any thread is added. 0 or -errno. */
int watchdog_start(uint32_t limit_ms);
/* The calling thread is watched; <ask> makes its loop call watchdog_alive soon. Its number, or -1. */
int watchdog_add(void (*ask)(void *ctx), void *ctx);
void watchdog_remove(int watched);
void watchdog_alive(int watched);

#endif
