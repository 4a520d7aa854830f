/* Faults on purpose, for the tests of what happens then. Compiled in by -DFAULT_INJECTION alone (`npm run build:faults`): the
 * release has nothing of it. A request whose path begins with the text of SLUICE_FAULT_URI, then names a fault, meets it: native
 * ones when its response is being encoded (with `?after=<bytes>` behind the name not before so many were), JavaScript's in the
 * batch that raises it. */
#ifndef SLUICE_CRASH_FAULT_H
#define SLUICE_CRASH_FAULT_H

#include <stddef.h>
#include <stdint.h>

#ifdef FAULT_INJECTION
/* A request came: a fault of JavaScript is due in this batch if it asks for one. */
void fault_request(const char *line);
/* The script that is due, once; NULL. */
const char *fault_script(void);
/* <line>'s response is being encoded into <room> bytes at <out>, after <done> bytes of it were. */
void fault_encode(const char *line, uint64_t done, uint8_t *out, size_t room);
#else
#define fault_encode(line, done, out, room) ((void)0)
#endif

#endif
