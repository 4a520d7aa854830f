/* The engine against a model: thousands of random steps a run, by clients, servers, time and policy, every byte checked by
 * whom it reaches (sim_model.h). Some runs are clean: then every request is answered, whole. Others meet faults of clients, of
 * servers, of time, of memory and descriptors. After each step the engine's counts are held against its objects, and at the end
 * everything is given back. Usage: engine_model_test [SEED [COUNT]]. */
#include "sim_model.h"

enum { RUNS = 120, STEPS = 3000, ENDING_STEPS = 60000, CONN_BYTES_MAX = 400000 };

static uint32_t total_ends, total_answers, total_whole, total_reuses, total_local;

static void configure(struct process *p)
{
    static const uint32_t ms[ABI_TIMEOUT_COUNT] = {10000, 8000, 3000, 5000, 4000, 0, 0, 0, 5000};
    uint8_t addr[16] = {2, 0, 0, 80, 127, 0, 0, 1};
    memcpy(p->proxies[0].timeouts_ms, ms, sizeof(ms));
    p->proxies[0].flags = ABI_PXF_HTTP;
    for (uint32_t i = 0; i < 2; i++) {
        p->servers[i].proxy = 0;
        p->servers[i].pool_max = one_in(4) ? 1 : ABI_NONE;
        addr[3] = (uint8_t)(80 + i);
        p->servers[i].addr_len = sizeof(addr);
        memcpy(p->servers[i].addr, addr, sizeof(addr));
        atomic_store(&live_server(p, i)->w[ABI_LIVE_SV_STATE], 1);
        atomic_store(&live_server(p, i)->w[ABI_LIVE_SV_MAXCONN], 1 + (int)pick(3));
    }
    p->listeners[0] = (struct listener_conf){.fd = sim_listener(), .proxy = 0, .max_accept = 4};
    if (one_in(4))
        atomic_store(&live_process(p)->w[ABI_LIVE_MAXCONN], 3);
}

static void begin(uint64_t seed, int loud)
{
    struct limits limits = {.bufsize = 16384,
                            .maxrewrite = 1024,
                            .max_fields = 101,
                            .conns_max = 60,
                            .threads = 1,
                            .pool_max_bytes = 64u << 20,
                            .idle_shared = 1};
    seeded_begin("engine_model_test", seed);
    sim_reset();
    memset(&model, 0, sizeof(model));
    for (int i = 0; i < MODEL_CLIENTS; i++)
        model.clients[i].fd = -1;
    for (int i = 0; i < MODEL_SERVERS; i++)
        model.servers[i].fd = -1;
    model.client_faults = seed % 4 == 1 || seed % 4 == 3;
    model.server_faults = seed % 4 == 2 || seed % 4 == 3;
    model.timeouts = model.anything_goes = seed % 4 == 3;
    model.strict = seed % 4 == 0;
    model.loud = loud;
    model.last_id = MODEL_REQUESTS;
    if (model.anything_goes && one_in(2))
        limits.pool_max_bytes = 200000 + pick(400000);
    sim.can_splice = one_in(2);
    sim.hang_connects = 1; /* servers accept when they come to it */
    BUG_ON(process_init(model.live, 1, 2, 1, &limits) != 0);
    configure(process_get());
    model.eng = eng_new(0, sim_table(), model_policy, NULL);
    BUG_ON(model.eng == NULL);
    eng_listen(model.eng, 1);
}

/* The counts, from the objects themselves. */
static void check_counts(void)
{
    struct process *p = process_get();
    struct eng *e = model.eng;
    int slots[2] = {0, 0}, idle[2] = {0, 0}, beconn = 0, front = 0, alive = 0, queued = 0;
    for (uint32_t i = 0; i < e->nstream_chunks * STREAM_CHUNK; i++) {
        const struct stream *s = &e->stream_chunks[i / STREAM_CHUNK][i % STREAM_CHUNK];
        BUG_ON((s->state != ST_FREE) != model.streams[i].alive);
        if (s->state == ST_FREE)
            continue;
        alive++;
        beconn += (s->flags & STREAM_BECONN) != 0;
        queued += s->waiter.next != NULL;
        if (s->flags & STREAM_SLOT)
            slots[s->server]++;
        BUG_ON(s->front == NULL || s->front->stream != s || (s->back != NULL && s->back->stream != s));
        BUG_ON(s->state == ST_POLICY || s->state == ST_POLICY_FAIL ||
               s->state == ST_POLICY_RES); /* outside of a batch */
    }
    for (uint32_t i = 0; i < atomic_load(&p->conns_used_end); i++) {
        const struct conn *c = &p->conns[i];
        if (!(c->flags & CONN_ALIVE))
            continue;
        front += c->side == CONN_FRONT;
        if (c->side == CONN_BACK)
            idle[c->server] += c->in_idle;
        BUG_ON(c->side == CONN_BACK && (c->stream != NULL) + c->in_idle + (c->kept != NULL) != 1); /* one owner */
        BUG_ON(c->kept != NULL && c->kept->kept != c);
        BUG_ON(c->in_len + c->out.len > CONN_BYTES_MAX);
        BUG_ON(sim.fds[c->fd].closed);
    }
    BUG_ON(alive != (int)e->streams_live || front != (int)e->client_conns);
    BUG_ON(live_get(&live_process(p)->w[ABI_LIVE_ACTCONN]) != front ||
           live_get(&live_proxy(p, 0)->w[ABI_LIVE_PX_FECONN]) != front);
    BUG_ON(live_get(&live_proxy(p, 0)->w[ABI_LIVE_PX_BECONN]) != beconn);
    BUG_ON(live_get(&live_proxy(p, 0)->w[ABI_LIVE_PX_QUEUED]) +
               live_get(&live_server(p, 0)->w[ABI_LIVE_SV_QUEUED]) +
               live_get(&live_server(p, 1)->w[ABI_LIVE_SV_QUEUED]) !=
           queued);
    for (uint32_t i = 0; i < 2; i++) {
        BUG_ON(live_get(&live_server(p, i)->w[ABI_LIVE_SV_IDLE]) != idle[i]);
        if (atomic_load(&p->mailboxes[0].pending) == 0) /* else a slot may be on its way */
            BUG_ON(live_get(&live_server(p, i)->w[ABI_LIVE_SV_SERVED]) != slots[i]);
    }
    BUG_ON(e->count.bad_commands != 0 && !model.anything_goes);
    BUG_ON(e->count.unanswered != 0 && !model.anything_goes);
}

/* Limits come and go, operators switch: the encoder of what runs changes between two pieces. */
static void switch_encoder(void)
{
    struct process *p = process_get();
    static const int32_t any[] = {0, ABI_ENCODER_OFF, ABI_ENCODER_STORE, ABI_ENCODER_FAST, ABI_ENCODER_BALANCED};
    _Atomic int32_t *words[] = {&live_process(p)->w[ABI_LIVE_ENCODER], &live_process(p)->w[ABI_LIVE_ENCODER_MOST],
                                &live_proxy(p, 0)->w[ABI_LIVE_PX_ENCODER]};
    atomic_store(words[pick(ARRAY_LEN(words))], any[pick(ARRAY_LEN(any))]);
}

static void environment(void)
{
    static const uint32_t sizes[] = {0, 0, 0, 1, 7, 100, 1460};
    switch (pick(7)) {
    case 0: sim.send_max = sizes[pick(ARRAY_LEN(sizes))] * 3; return;
    case 1: sim.send_window = sizes[pick(ARRAY_LEN(sizes))] * 5; return;
    case 2: sim.recv_max = sizes[pick(ARRAY_LEN(sizes))] * 2; return;
    case 3: sim.refuse_connects = 0; return;
    case 4: sim.no_fds = model.anything_goes && one_in(4); return;
    case 5: switch_encoder(); return;
    default:
        if (model.timeouts && one_in(4))
            sim.now_ms += pick(6000);
    }
}

static void turn(void)
{
    eng_turn(model.eng);
    clients_read();
    servers_read();
    servers_check();
    check_counts();
}

static void step(void)
{
    switch (pick(8)) {
    case 0:
    case 1:
    case 2: client_act(); break;
    case 3:
    case 4:
        server_act();
        server_act();
        server_act();
        break;
    case 5:
        if (one_in(8))
            environment();
        sim.now_ms += pick(2);
        break;
    case 6:
        if (one_in(4))
            model_command();
        break;
    default: break;
    }
    if (one_in(2))
        turn();
}

/* Nobody starts anything, faults end, stalled clients read: all must come to its end by itself. */
static void settle(void)
{
    model.ending = 1;
    model.server_faults = model.client_faults = 0;
    sim.send_max = sim.send_window = sim.recv_max = 0;
    sim.no_fds = 0;
    uint32_t i = 0;
    for (; i < ENDING_STEPS && !clients_settled(); i++) {
        client_act();
        for (int k = 0; k < 8; k++)
            server_act();
        sim.now_ms += i % 16 == 0;
        if (i > ENDING_STEPS / 2 && i % 50 == 0)
            sim.now_ms += 5000; /* who said half a request and waits is timed out */
        turn();
    }
    BUG_ON(!clients_settled());
    BUG_ON(model.strict && i > ENDING_STEPS / 2); /* a clean run needs no timeout */
}

static void end(void)
{
    struct process *p = process_get();
    for (int i = 0; i < 400 && live_get(&live_server(p, 0)->w[ABI_LIVE_SV_IDLE]) +
                                       live_get(&live_server(p, 1)->w[ABI_LIVE_SV_IDLE]) >
                                   0;
         i++) {
        sim.now_ms += 5001; /* pool-purge-delay */
        turn();
    }
    BUG_ON(model.eng->streams_live != 0 || model.eng->client_conns != 0);
    BUG_ON(live_get(&live_server(p, 0)->w[ABI_LIVE_SV_IDLE]) +
               live_get(&live_server(p, 1)->w[ABI_LIVE_SV_IDLE]) !=
           0);
    total_ends += model.ends;
    total_answers += model.answers;
    total_whole += model.whole_requests;
    total_local += model.local_answers;
    total_reuses += (uint32_t)model.eng->count.reuses;
    eng_free(model.eng);
    BUG_ON(sim_open_fds() != 1); /* the listener is ours */
    BUG_ON(atomic_load(&p->pool_used_bytes) != 0);
    process_reset();
}

int main(int argc, char **argv)
{
    uint64_t first = argc > 1 ? strtoull(argv[1], NULL, 0) : 1, count = argc > 2 ? strtoull(argv[2], NULL, 0)
                                                                        : argc > 1 ? 1
                                                                                   : RUNS;
    for (uint64_t seed = first; seed < first + count; seed++) {
        begin(seed, argc == 2);
        for (int i = 0; i < STEPS; i++)
            step();
        settle();
        end();
    }
    printf("engine model: %u streams, %u answers (%u local), %u requests whole at servers, %u reuses\n",
           total_ends, total_answers, total_local, total_whole, total_reuses);
    printf("engine model: %llu passed, 0 failed\n", (unsigned long long)count); /* else a BUG_ON ended it */
    return 0;
}
