/* What happens when the process dies: by a fatal signal, by an assertion, by JavaScript. The order is fixed: the first thread
 * that crashes has the word; the master is told by one packet; threads with an engine are made to stand still; idle client
 * connections go to the successor; a report is written (death.c); then the signal does what it would have done, a core
 * (crash.c), or JavaScript's end is made (script_death.c). Everything
 * from the signal on uses raw system calls and memory of its own: no heap, no lock, no stdio. */
#ifndef SLUICE_CRASH_CRASH_H
#define SLUICE_CRASH_CRASH_H

#include "record.h"
#include <signal.h>

#define CRASH_NOTICE_MARK 0xc5 /* no JSON begins so */
#define CRASH_NOTICE_VERSION 1
/* The successor serves by then, so these cost nobody but idle clients, who would lose their connections: a busy machine runs a
 * thread that should stand still when it gets round to it. */
#define CRASH_PARK_MS_MAX 250     /* for threads to stand still, */
#define CRASH_HANDOVER_MS_MAX 250 /* and for connections to be taken */

/* What the master is told, little endian. The rest it reads in the recorder. */
struct crash_notice {
    uint8_t mark, version;
    uint16_t len;
    uint32_t pid;
    uint32_t signal;
    int32_t code;
    uint32_t cause; /* RECORD_CAUSE_* */
    uint32_t thread;
    uint32_t slot; /* of the stream at work, RECORD_NONE */
    uint32_t spare;
    uint64_t fault_mono_ns;
};
STATIC_ASSERT(sizeof(struct crash_notice) == 40);

struct crash_settings {
    int channel_fd;  /* to the master, -1 */
    int handover_fd; /* to the successor, -1 */
    const char *report_dir;
    const char *version; /* of Sluice */
    const char *node_version;
    const char *config;
    /* Sends idle client connections until a time of CLOCK_MONOTONIC: how many went. */
    uint32_t (*handover)(int fd, uint64_t deadline_ms, uint32_t *left_ret);
    /* Node's way to be asked before it gives up on SIGSEGV, which WebAssembly raises in passing; NULL without. */
    void (*chain_segv)(void (*ours)(int signal, siginfo_t *info, void *context));
};

/* Once, by main. 0 or -errno: without a place for reports there are none, the rest works. */
int crash_setup(const struct crash_settings *s);
/* A stack of its own for what a thread does in a signal: begun and ended by the thread itself. */
void crash_thread_begin(void);
void crash_thread_end(void);
/* JavaScript is about to end the process, or a thread to end it: the master is told, and a report, nothing else. <text> is
 * its stack. */
void crash_report_text(uint32_t cause, const char *text, size_t text_len);
/* Somebody is told of a death, and may have a successor for the clients. */
int crash_has_master(void);
/* The same as that report, and with a master all that a fatal signal brings about, and the end: it does not come back.
 * <last>, or NULL: what this thread does before, when everything else is done. */
void crash_end_text(uint32_t cause, const char *text, size_t text_len, void (*last)(void *ctx), void *ctx);

/* Policy was ended in the middle of its batch, in this thread: whom it was at work for is kept for the report, which another
 * thread makes when this one and its engine are gone. */
void crash_policy_ended(void);

uint64_t crash_now_ns(void);
/* The engine's thread with <tid>, RECORD_NONE. */
uint32_t crash_thread_find(uint32_t tid);

#endif
