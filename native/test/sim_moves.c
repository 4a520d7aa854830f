/* The house of sim_moves.h: its policy, its processes, its generations. */
#include "sim_moves.h"
#include <stdio.h>

struct moves moves;
static struct eng *by_thread[3];

static uint32_t *command(struct eng *e, uint32_t *n, const uint32_t *ev, uint32_t op)
{
    uint32_t *cmd = e->commands + (*n)++ * ABI_COMMAND_WORDS;
    memset(cmd, 0, ABI_COMMAND_WORDS * sizeof(*cmd));
    cmd[ABI_C_OP] = op;
    cmd[ABI_C_STREAM] = ev[ABI_E_STREAM];
    cmd[ABI_C_STREAM_GEN] = ev[ABI_E_STREAM_GEN];
    return cmd;
}

/* Writes a status and <body>, which the text is filled with from <*text> on. */
static void respond(struct eng *e, uint32_t *n, uint32_t *text, const uint32_t *ev, const char *status,
                    const uint8_t *body, uint32_t len)
{
    uint32_t *cmd = command(e, n, ev, ABI_CMD_RESPOND);
    uint32_t edit = *n - 1;
    BUG_ON(*text + 3 + len > TEXT_MAX);
    memcpy(e->text + *text, status, 3);
    memcpy(e->text + *text + 3, body, len);
    e->edits[edit] = (struct head_edit){.op = EDIT_STATUS, .text_off = *text, .value_len = 3};
    cmd[ABI_C_EDITS] = edit;
    cmd[ABI_C_NEDITS] = 1;
    cmd[ABI_C_BODY] = *text + 3;
    cmd[ABI_C_BODY_LEN] = len;
    *text += 3 + len;
}

static const uint8_t *target_of(struct eng *e, const uint32_t *ev, uint32_t *len_ret)
{
    const struct head *h = (const struct head *)(const void *)(e->arena + ev[ABI_E_HEAD] * 4);
    *len_ret = h->target_len;
    return e->arena + ev[ABI_E_TEXT] + h->target_off;
}

static void on_request(struct eng *e, uint32_t *n, uint32_t *text, const uint32_t *ev)
{
    uint32_t len;
    const uint8_t *target = target_of(e, ev, &len);
    moves.requests++;
    moves.firsts += (ev[ABI_E_FLAGS] & ABI_EVF_FIRST) != 0;
    moves.counted_before += (ev[ABI_E_FLAGS] & ABI_EVF_MOVED) != 0;
    if (len > 6 && memcmp(target, "/wait/", 6) == 0) {
        uint32_t *cmd = command(e, n, ev, ABI_CMD_WAIT);
        cmd[ABI_C_REASONS] = ABI_WAKE_DEADLINE;
        cmd[ABI_C_DEADLINE_MS] = 20;
    } else if (len > 6 && memcmp(target, "/back/", 6) == 0) {
        command(e, n, ev, ABI_CMD_FORWARD)[ABI_C_FLAGS] = ABI_FWD_KEEP_SERVER;
    } else {
        respond(e, n, text, ev, "200", target, len);
    }
}

static uint32_t policy(void *ctx, uint32_t nevents)
{
    struct eng *e = by_thread[(uintptr_t)ctx];
    uint32_t n = 0, text = 0, len;
    const uint32_t *ev = e->events;
    const uint8_t *target;
    for (uint32_t i = 0; i < nevents; i++) {
        switch (ev[ABI_E_KIND]) {
        case ABI_EV_REQUEST: on_request(e, &n, &text, ev); break;
        case ABI_EV_SESSION: command(e, &n, ev, ABI_CMD_FORWARD); break;
        case ABI_EV_WAKE:
            target = target_of(e, ev, &len);
            respond(e, &n, &text, ev, "200", target, len);
            break;
        case ABI_EV_BAD_REQUEST:
            moves.bads++;
            command(e, &n, ev, ABI_CMD_ABORT);
            break;
        case ABI_EV_FAIL: command(e, &n, ev, ABI_CMD_ABORT); break;
        case ABI_EV_BAD_RESPONSE: respond(e, &n, &text, ev, "502", (const uint8_t *)"bad", 3); break;
        case ABI_EV_CONNECTION: moves.opened++; break; /* silence is consent */
        case ABI_EV_END: moves.ends++; break;
        case ABI_EV_SESSION_END: moves.session_ends++; break;
        default: break;
        }
        ev += ev[ABI_E_KIND] == ABI_EV_END ? ABI_EVENT_END_WORDS : ABI_EVENT_WORDS;
    }
    return n;
}

static struct eng *engine(uintptr_t thread)
{
    by_thread[thread] = eng_new((uint32_t)thread, sim_table(), policy, (void *)thread);
    BUG_ON(by_thread[thread] == NULL);
    return by_thread[thread];
}

static void configure(struct process *p)
{
    static const uint32_t ms[] = {60000, 60000, 3000, 60000, 60000, 0, 0, 0, 5000};
    uint8_t addr[16] = {2, 0, 0, 80, 127, 0, 0, 1};
    for (uint32_t i = 0; i < 2; i++) {
        memcpy(p->proxies[i].timeouts_ms, ms, sizeof(ms));
        p->proxies[i].flags = i == 0 ? ABI_PXF_HTTP : 0;
    }
    for (uint32_t i = 0; i < MOVES_LISTENERS; i++)
        p->listeners[i] = (struct listener_conf){.proxy = i == MOVES_TCP,
                                                 .fd = sim_listener(),
                                                 .max_accept = 4,
                                                 .flags = i == MOVES_OTHER ? ABI_LIF_SESSION_EVENT : 0,
                                                 .socket_id = MOVES_SOCKET_ID + i};
    p->servers[0].pool_max = ABI_NONE;
    p->servers[0].addr_len = sizeof(addr);
    memcpy(p->servers[0].addr, addr, sizeof(addr));
    atomic_store(&live_server(p, 0)->w[ABI_LIVE_SV_STATE], 1);
}

void moves_begin(void)
{
    struct limits limits = {.bufsize = 16384, .maxrewrite = 1024, .max_fields = 101, .conns_max = 50000, .threads = 3,
                            .pool_max_bytes = 64u << 20, .idle_shared = 1};
    sim_reset();
    memset(&moves, 0, sizeof(moves));
    BUG_ON(process_init(moves.live, 2, 1, MOVES_LISTENERS, &limits) != 0);
    configure(process_get());
    moves.worker = engine(0);
    moves.successor = engine(1);
    moves.control = engine(2);
    moves.pair = sim_pair();
    eng_listen(moves.worker, 1);
}

void moves_serve(void)
{
    eng_listen(moves.successor, 1);
}

void moves_retire(const uint32_t *listeners, uint32_t n)
{
    BUG_ON(eng_retire(moves.worker, moves.pair, listeners, n) != 0);
}

void moves_receive(void)
{
    do {
        uint32_t adopted, refused;
        moves.last_receive = eng_receive(moves.control, moves.pair, &adopted, &refused);
        moves.adopted += adopted;
        moves.refused += refused;
    } while (moves.last_receive == 1);
}

void moves_next(void)
{
    struct process *p = process_get();
    uint32_t thread = moves.worker->thread;
    BUG_ON(sim_pair_queued(moves.pair) != 0);
    BUG_ON(moves.worker->client_conns + moves.worker->streams_live != 0);
    eng_free(moves.worker);
    moves.worker = moves.successor;
    moves.successor = engine(thread);
    memset(p->cookies_seen, 0, COOKIES_SEEN_MAX * sizeof(*p->cookies_seen)); /* it is another process */
}

void moves_turn(void)
{
    eng_turn(moves.worker);
    eng_turn(moves.successor);
    eng_turn(moves.control);
}

void moves_wait(uint64_t ms)
{
    sim.now_ms += ms;
    for (int i = 0; i < 4; i++)
        moves_turn();
}

int moves_client(uint32_t listener)
{
    sim_knock(process_get()->listeners[listener].fd);
    moves_wait(0);
    return sim.last_accepted;
}

void moves_say(int fd, const char *text)
{
    sim_push(fd, text, (uint32_t)strlen(text));
    moves_wait(0);
}

void moves_end(void)
{
    struct process *p = process_get();
    BUG_ON(moves.worker->count.bad_commands + moves.successor->count.bad_commands != 0);
    BUG_ON(moves.worker->count.unanswered + moves.successor->count.unanswered != 0);
    eng_free(moves.worker);
    eng_free(moves.successor);
    eng_free(moves.control);
    BUG_ON(live_get(&live_process(p)->w[ABI_LIVE_ACTCONN]) != 0);
    BUG_ON(live_get(&live_proxy(p, 0)->w[ABI_LIVE_PX_FECONN]) != 0);
    BUG_ON(sim_pair_queued(moves.pair) != 0);
    BUG_ON(sim_open_fds() != MOVES_LISTENERS + 1); /* these and the pair are ours */
    BUG_ON(atomic_load(&p->pool_used_bytes) != 0);
    process_reset();
}
