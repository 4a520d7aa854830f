/* What every death has in common, whether a signal or JavaScript brings it: the first thread that dies has the word, the
 * others stand still; the master, the idle connections, the report, in this order. Everything is safe to call in a signal. */
#ifndef SLUICE_CRASH_DEATH_H
#define SLUICE_CRASH_DEATH_H

#include "crash.h"

/* Once, at set-up: of <s> the descriptors and functions are kept. */
void death_prepare(const struct crash_settings *s);
int death_is_expected(void);

/* 1: this thread is the first to die. 0: it is so for the second time, what there is must do. Does not come back when
 * another one is. */
int death_is_first(void);
/* Who is at work in this thread. */
void death_note_work(struct record_death *d);
/* The stream at work in <thread>, as a slot, or RECORD_NONE. */
uint32_t death_slot_of(uint32_t thread);
uint64_t death_wall_ms(void);

/* The first thread's, when it has noted its death: tells the master, parks the other threads with engines, hands idle
 * connections over, writes the report, says the verdict. <context>: of the signal, or NULL. */
void death_run(const void *context);
/* Of these the first and the last. */
void death_tell(void);
void death_report(const void *context);
/* To stderr, as far as somebody reads there. */
void death_say(const char *text, size_t text_len);

#endif
