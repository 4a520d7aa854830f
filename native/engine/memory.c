/* The memory of one engine: what it shares with policy, and the scratch buffers of its calls, which are fenced. */
#include "crash/fence.h"
#include "eng.h"
#include <errno.h>

int boundary_init(struct eng *e)
{
    e->arena_size = ARENA_MAX + 8 * e->pool.big_size;
    e->head_out_size = MAX(HEAD_OUT_MAX, 2 * e->pool.big_size);
    e->events = calloc(EVENTS_MAX, ABI_EVENT_END_WORDS * sizeof(uint32_t));
    e->commands = calloc(COMMANDS_MAX, ABI_COMMAND_WORDS * sizeof(uint32_t));
    e->edits = calloc(EDITS_MAX, sizeof(*e->edits));
    e->text = malloc(TEXT_MAX);
    int guard = e->proc->limits.guard_pages;
    e->arena = fence_alloc((e->arena_size + 63u) & ~63u, guard);
    e->rx = fence_alloc(RX_MAX, guard);
    e->tx = fence_alloc(MAX(TX_MAX, e->pool.big_size + 4096), guard);
    e->gather = fence_alloc(RX_MAX + 4096, guard);
    e->head_out = fence_alloc(e->head_out_size, guard);
    e->fields = calloc(e->proc->limits.max_fields + 1, sizeof(*e->fields));
    e->log_bytes = malloc(LOG_BYTES_MAX);
    return e->events && e->commands && e->edits && e->text && e->arena && e->rx && e->tx && e->gather &&
                   e->head_out && e->fields && e->log_bytes
               ? 0
               : -ENOMEM;
}

void boundary_free(struct eng *e)
{
    void *fenced[] = {e->arena, e->rx, e->tx, e->gather, e->head_out};
    void *blocks[] = {e->events, e->commands, e->edits, e->text, e->fields, e->log_bytes, e->stream_chunks};
    CHECK_ENG(e);
    for (size_t i = 0; i < ARRAY_LEN(fenced); i++)
        fence_free(fenced[i]);
    for (size_t i = 0; i < ARRAY_LEN(blocks); i++)
        free(blocks[i]);
}
