/* Which JavaScript functions were at work: read from the stack and V8's heap, whose layout the node binary tells debuggers by
 * its v8dbg_* constants. Without these, or where the heap is broken, there are fewer or none; nothing is followed that was not
 * copied first. */
#ifndef SLUICE_CRASH_JAVASCRIPT_H
#define SLUICE_CRASH_JAVASCRIPT_H

#include "text.h"

#define JAVASCRIPT_FRAMES_MAX 32

/* Where V8's own compiled code lies: once, at set-up. */
void javascript_code(uintptr_t start, size_t len);
/* The functions from the frame on that <pc> runs in, `name file:line` in a line each, innermost first: how many. Where the chain
 * of frames is broken it is looked for above <stack>. */
size_t javascript_frames(struct text *t, uintptr_t pc, uintptr_t frame, uintptr_t stack);
/* The heap of the calling thread is exhausted: what it runs is kept for the report, which may be made when it is gone. */
void javascript_keep(void);
/* What was kept, "": nothing. */
const char *javascript_kept(void);

#endif
