/* What the files of the trace share: the open recording of one engine, and how records are written (trace.c). */
#ifndef SLUICE_ENGINE_TRACE_PARTS_H
#define SLUICE_ENGINE_TRACE_PARTS_H

#include "trace.h"

struct trace {
    struct sys sys; /* first: the table is the trace */
    const struct sys *under;
    int fd;
    int32_t *live_seen; /* the live array when it was last looked at */
    uint32_t live_words;
    uint32_t used;
    uint8_t buffer[TRACE_BUFFER];
};

void trace_put_bytes(struct trace *t, const void *data, uint32_t len);
void trace_put_record(struct trace *t, uint8_t kind, uint8_t call, int64_t result, uint32_t len);
void trace_pad(struct trace *t, uint32_t len);
/* trace_calls.c: fills t->sys. */
void trace_table(struct trace *t);
/* The recording behind a table, NULL when it is another table. */
struct trace *trace_of(const struct sys *sys);

#endif
