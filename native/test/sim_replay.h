/* A trace (engine/trace.h) as a kernel: its answers are what the recording says, in order. Shared by replay.c and the table
 * it runs on; one trace at a time. */
#ifndef SLUICE_TEST_SIM_REPLAY_H
#define SLUICE_TEST_SIM_REPLAY_H

#include "../engine/eng.h"
#include "../engine/trace.h"

struct replay_file {
    uint8_t *mem;
    size_t len, at;
    const char *name;
    uint64_t batches, calls;
    struct eng *eng;
};

extern struct replay_file replay_file;
extern const struct sys replay_sys;

__attribute__((noreturn)) void replay_differs(const char *what);
/* The next record, which must be of <kind> (and <call>); *data_ret: what lies behind it. */
const struct trace_record *replay_record(uint8_t kind, uint8_t call, const uint8_t **data_ret);

#endif
