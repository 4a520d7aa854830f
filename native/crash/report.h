/* The report of a crash: a text for people, in which the parts have fixed names. Written from a signal by raw system calls. */
#ifndef SLUICE_CRASH_REPORT_H
#define SLUICE_CRASH_REPORT_H

#include "record.h"
#include "text.h"
#include <signal.h>

#define REPORT_FRAMES_MAX 64
#define REPORT_STREAMS_MAX 64 /* live streams that are listed */
#define REPORT_EVENTS_MAX 32  /* of each thread */

/* Finds out what is loaded where, with build-ids: at a time when locks may still be taken. */
void report_prepare(void);
/* Where reports go; 0 or -errno. The directory is opened now, whatever becomes of the right to. */
int report_set_dir(const char *path);
/* The one sentence: what died, in which call, of which stream. */
void report_verdict(struct text *t, const struct record_death *death);
/* A stream in one line: its request, who serves it, its encoder. */
void report_stream(struct text *t, const struct record_stream *s);
/* Writes the report of record->death, whose path it notes there; <context>: a ucontext_t or NULL. 0 or -errno. */
int report_write(const void *context);
/* Return addresses from a frame on, the address itself first: how many. Memory is read so that it may be missing. */
size_t report_frames(uintptr_t pc, uintptr_t frame, uintptr_t stack, uintptr_t *out, size_t out_len);
/* Copies memory of this process that may not be there: 0, or -1. */
int report_peek(uintptr_t from, void *to, size_t len);

#endif
