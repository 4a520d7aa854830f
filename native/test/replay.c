/* Runs an engine on a recorded trace (engine/trace.h): the kernel's answers and policy's commands come from the file, and
 * every batch of events must be the one that was told then. Built with sanitizers, so that a trace of real traffic is a
 * test of memory as well. Usage: replay FILE...; exit 0 when all ran to their end without a difference. */
#include "sim_replay.h"
#include <stdio.h>

/* Policy as it was: the events must be those, the commands are taken from the trace. */
static uint32_t take_batch(uint32_t nevents, int with_events)
{
    const uint8_t *data;
    const struct trace_record *r = replay_record(TRACE_BATCH, 0, &data);
    const uint32_t *sizes = (const uint32_t *)(const void *)data;
    struct eng *e = replay_file.eng;
    if (with_events && (sizes[0] != nevents || (uint64_t)r->result != trace_events_hash(e, e->event_words)))
        replay_differs("what policy was told");
    data += 4 * sizeof(*sizes);
    memcpy(e->commands, data, (size_t)sizes[1] * ABI_COMMAND_WORDS * 4);
    data += (size_t)sizes[1] * ABI_COMMAND_WORDS * 4;
    memcpy(e->edits, data, (size_t)sizes[2] * sizeof(struct head_edit));
    memcpy(e->text, data + (size_t)sizes[2] * sizeof(struct head_edit), sizes[3]);
    replay_file.batches++;
    return sizes[1];
}

static uint32_t on_batch(void *ctx, uint32_t nevents)
{
    (void)ctx;
    return take_batch(nevents, 1);
}

static const void *take(size_t len)
{
    const void *p = replay_file.mem + replay_file.at;
    if (replay_file.at + len > replay_file.len)
        replay_differs("the head");
    replay_file.at += len;
    return p;
}

static struct live *open_process(void)
{
    const struct trace_head *h = take(sizeof(*h));
    struct limits l = {.bufsize = h->bufsize,
                       .maxrewrite = h->maxrewrite,
                       .max_fields = h->max_fields,
                       .conns_max = h->conns_max,
                       .threads = h->threads,
                       .pool_max_bytes = h->pool_max_bytes,
                       .idle_shared = (int)h->idle_shared};
    uint32_t records = 1 + h->nproxies + h->nservers + h->nlisteners;
    struct live *live = aligned_alloc(64, records * sizeof(*live));
    if (h->magic != TRACE_MAGIC || live == NULL ||
        process_init(live, h->nproxies, h->nservers, h->nlisteners, &l) != 0)
        replay_differs("the head");
    struct process *p = process_get();
    memcpy(p->proxies, take(h->nproxies * sizeof(*p->proxies)), h->nproxies * sizeof(*p->proxies));
    const struct server_conf *sv = take(h->nservers * sizeof(*sv));
    for (uint32_t i = 0; i < h->nservers; i++) {
        pthread_mutex_t lock = p->servers[i].lock;
        p->servers[i] = sv[i];
        p->servers[i].lock = lock;
    }
    memcpy(p->listeners, take(h->nlisteners * sizeof(*p->listeners)), h->nlisteners * sizeof(*p->listeners));
    memcpy(live, take(records * sizeof(*live)), records * sizeof(*live));
    return live;
}

static void retire(const struct trace_record *r, const uint8_t *data)
{
    uint32_t movable[4096], n = 0;
    for (uint32_t i = 0; i < r->len && n < ARRAY_LEN(movable); i++)
        if (data[i])
            movable[n++] = i;
    eng_retire(replay_file.eng, (int)r->result, movable, n);
}

static void enter(const struct trace_record *r, const uint8_t *data)
{
    struct process *p = process_get();
    switch (r->call) {
    case ENTRY_TURN: eng_turn(replay_file.eng); return;
    case ENTRY_EXEC: eng_exec(replay_file.eng, take_batch(0, 0)); return;
    case ENTRY_LISTEN:
        if (r->len != p->nlisteners * sizeof(*p->listeners) + sizeof(p->logs))
            replay_differs("the listeners");
        memcpy(p->listeners, data, r->len - sizeof(p->logs));
        memcpy(p->logs, data + r->len - sizeof(p->logs), sizeof(p->logs));
        eng_listen(replay_file.eng, (int)r->result);
        return;
    case ENTRY_STOP: eng_stop(replay_file.eng); return;
    case ENTRY_RETIRE: retire(r, data); return;
    case ENTRY_RECEIVE: eng_receive(replay_file.eng, (int)r->result, &(uint32_t){0}, &(uint32_t){0}); return;
    case ENTRY_FREE:
        eng_free(replay_file.eng);
        replay_file.eng = NULL;
        return;
    default: replay_differs("an entry");
    }
}

static void replay(const char *path)
{
    FILE *f = fopen(path, "rb");
    if (f == NULL || fseek(f, 0, SEEK_END) != 0) {
        fprintf(stderr, "replay: cannot read %s\n", path);
        exit(2);
    }
    memset(&replay_file, 0, sizeof(replay_file));
    replay_file.name = path;
    replay_file.len = (size_t)ftell(f);
    replay_file.mem = malloc(replay_file.len + 1);
    rewind(f);
    if (replay_file.mem == NULL || fread(replay_file.mem, 1, replay_file.len, f) != replay_file.len)
        exit(2);
    fclose(f);
    struct live *live = open_process();
    replay_file.eng = eng_new(0, &replay_sys, on_batch, NULL);
    if (replay_file.eng == NULL)
        replay_differs("the start");
    while (replay_file.eng != NULL && replay_file.at + sizeof(struct trace_record) <= replay_file.len) {
        const uint8_t *data;
        const struct trace_record *r = replay_record(TRACE_ENTRY, 0, &data);
        enter(r, data);
    }
    printf("replay: %s: %llu batches, %llu records, the same\n", path, (unsigned long long)replay_file.batches,
           (unsigned long long)replay_file.calls);
    if (replay_file.eng == NULL)
        process_reset();
    free(live);
    free(replay_file.mem);
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        fprintf(stderr, "usage: replay TRACE...\n");
        return 2;
    }
    for (int i = 1; i < argc; i++)
        replay(argv[i]);
    return 0;
}
