/* The test policy and the process around it (engine_case.h). Not a program: linked into each engine test. */
#include "engine_case.h"

struct house house;
int cases_passed, cases_failed;

void check(int ok, const char *name, const char *what)
{
    if (ok)
        return;
    fprintf(stderr, "FAILED %s: %s\n", name, what);
    cases_failed++;
}

static uint32_t *command(uint32_t *n, const uint32_t *ev, uint32_t op)
{
    uint32_t *cmd = house.eng->commands + (*n)++ * ABI_COMMAND_WORDS;
    memset(cmd, 0, ABI_COMMAND_WORDS * sizeof(*cmd));
    cmd[ABI_C_OP] = op;
    cmd[ABI_C_STREAM] = ev[ABI_E_STREAM];
    cmd[ABI_C_STREAM_GEN] = ev[ABI_E_STREAM_GEN];
    return cmd;
}

static void put_edit(uint32_t *edit, uint32_t *text, uint16_t op, const char *name, const char *value)
{
    struct head_edit *x = &house.eng->edits[(*edit)++];
    *x = (struct head_edit){.op = op,
                            .text_off = *text,
                            .name_len = (uint32_t)strlen(name),
                            .value_len = (uint32_t)strlen(value)};
    memcpy(house.eng->text + *text, name, x->name_len);
    memcpy(house.eng->text + *text + x->name_len, value, x->value_len);
    *text += x->name_len + x->value_len;
}

static void respond(uint32_t *n, const uint32_t *ev, const char *status, const char *body, uint32_t *edit,
                    uint32_t *text)
{
    uint32_t *cmd = command(n, ev, ABI_CMD_RESPOND);
    cmd[ABI_C_EDITS] = *edit;
    put_edit(edit, text, EDIT_STATUS, "", status);
    put_edit(edit, text, EDIT_REASON, "", "Test");
    cmd[ABI_C_NEDITS] = 2;
    cmd[ABI_C_BODY] = *text;
    cmd[ABI_C_BODY_LEN] = (uint32_t)strlen(body);
    memcpy(house.eng->text + *text, body, strlen(body));
    *text += (uint32_t)strlen(body);
}

static void forward(uint32_t *n, const uint32_t *ev, uint32_t more_flags)
{
    uint32_t server = house.eng->proc->listeners[ev[ABI_E_LISTENER]].proxy;
    uint32_t *cmd;
    uint32_t slot = 0;
    if (house.queue && !(more_flags & ABI_FWD_SLOT)) {
        if (!slot_try(house.eng->proc, server)) {
            cmd = command(n, ev, ABI_CMD_QUEUE);
            cmd[ABI_C_SERVER] = ABI_NONE;
            cmd[ABI_C_BACKEND] = server;
            cmd[ABI_C_REASONS] = ABI_WAKE_DEADLINE | ABI_WAKE_ABORT;
            cmd[ABI_C_DEADLINE_MS] = 5000;
            return;
        }
        slot = ABI_FWD_SLOT;
    }
    cmd = command(n, ev, ABI_CMD_FORWARD);
    cmd[ABI_C_FLAGS] = house.forward_flags | more_flags | slot;
    cmd[ABI_C_SERVER] = server;
    cmd[ABI_C_BACKEND] = server;
}

static void on_fail(uint32_t *n, const uint32_t *ev, uint32_t *edit, uint32_t *text)
{
    house.fails++;
    house.last_fail = ev[ABI_E_REASON];
    int replayable = (ev[ABI_E_FLAGS] & ABI_EVF_REPLAYABLE) != 0;
    if (house.retries > 0 && replayable && ev[ABI_E_REASON] != ABI_FAIL_CLIENT_GONE) {
        house.retries--;
        forward(n, ev, ABI_FWD_REPLAY);
    } else if (ev[ABI_E_REASON] == ABI_FAIL_CLIENT_GONE || ev[ABI_E_LISTENER] == TCP_LISTENER) {
        uint32_t *cmd = command(n, ev, ABI_CMD_ABORT);
        cmd[ABI_C_TERM] = 'C' | 'H' << 8;
    } else {
        respond(n, ev, "503", "no", edit, text);
    }
}

static void begin_stream(const uint32_t *ev)
{
    BUG_ON(house.seen[ev[ABI_E_STREAM]]);
    house.seen[ev[ABI_E_STREAM]] = 1;
    house.alive++;
}

static void end_stream(const uint32_t *ev)
{
    BUG_ON(!house.seen[ev[ABI_E_STREAM]]); /* END once, and only for what began */
    house.seen[ev[ABI_E_STREAM]] = 0;
    house.alive--;
    house.ends++;
    house.last_status = ev[ABI_X_STATUS];
    house.last_term[0] = ev[ABI_X_TERM] & 0xff ? (char)(ev[ABI_X_TERM] & 0xff) : '-';
    house.last_term[1] = ev[ABI_X_TERM] >> 8 & 0xff ? (char)(ev[ABI_X_TERM] >> 8 & 0xff) : '-';
}

static void on_wake(uint32_t *n, const uint32_t *ev, uint32_t *edit, uint32_t *text)
{
    house.wakes++;
    if (ev[ABI_E_REASON] == ABI_WAKE_SLOT)
        forward(n, ev, ABI_FWD_SLOT);
    else if (ev[ABI_E_REASON] == ABI_WAKE_ABORT)
        command(n, ev, ABI_CMD_ABORT);
    else if (house.wait_and_refuse)
        respond(n, ev, "403", "refused", edit, text);
    else
        respond(n, ev, "503", "queue", edit, text);
}

static uint32_t policy(void *ctx, uint32_t nevents)
{
    uint32_t n = 0, edit = 0, text = 0;
    const uint32_t *ev = house.eng->events;
    (void)ctx;
    for (uint32_t i = 0; i < nevents; i++) {
        switch (ev[ABI_E_KIND]) {
        case ABI_EV_REQUEST:
        case ABI_EV_SESSION:
            house.requests++;
            begin_stream(ev);
            if (house.wait_and_refuse) {
                uint32_t *cmd = command(&n, ev, ABI_CMD_WAIT);
                cmd[ABI_C_REASONS] = ABI_WAKE_BYTES;
                cmd[ABI_C_WANT_BYTES] = cmd[ABI_C_DEADLINE_MS] = ABI_NONE;
            } else if (house.respond && ev[ABI_E_KIND] == ABI_EV_REQUEST)
                respond(&n, ev, "200", "hello", &edit, &text);
            else
                forward(&n, ev, 0);
            break;
        case ABI_EV_RESPONSE: {
            house.responses++;
            uint32_t *cmd = command(&n, ev, ABI_CMD_FORWARD_RESPONSE);
            cmd[ABI_C_STAGE] = house.response_stage;
            break;
        }
        case ABI_EV_BAD_REQUEST:
            begin_stream(ev);
            house.bads++;
            house.last_bad = ev[ABI_E_ARG];
            respond(&n, ev, "400", "bad", &edit, &text);
            break;
        case ABI_EV_BAD_RESPONSE:
            house.bads++;
            house.last_bad = 502;
            respond(&n, ev, "502", "bad", &edit, &text);
            break;
        case ABI_EV_FAIL: on_fail(&n, ev, &edit, &text); break;
        case ABI_EV_WAKE: on_wake(&n, ev, &edit, &text); break;
        case ABI_EV_END: end_stream(ev); break;
        case ABI_EV_SESSION_END: house.session_ends++; break;
        default: break;
        }
        ev += ev[ABI_E_KIND] == ABI_EV_END ? ABI_EVENT_END_WORDS : ABI_EVENT_WORDS;
    }
    return n;
}

static void configure(struct process *p)
{
    static const uint32_t ms[] = {10000, 8000, 3000, 5000, 4000, 0, 0, 0, 5000};
    uint8_t addr[16] = {2, 0, 0, 80, 127, 0, 0, 1};
    for (uint32_t i = 0; i < 2; i++) {
        memcpy(p->proxies[i].timeouts_ms, ms, sizeof(ms));
        p->proxies[i].flags = i == 0 ? ABI_PXF_HTTP : 0;
        p->servers[i].proxy = i;
        p->servers[i].pool_max = ABI_NONE;
        p->servers[i].addr_len = sizeof(addr);
        memcpy(p->servers[i].addr, addr, sizeof(addr));
        p->listeners[i].proxy = i;
        p->listeners[i].fd = sim_listener();
        p->listeners[i].max_accept = 4;
        atomic_store(&live_server(p, i)->w[ABI_LIVE_SV_STATE], 1);
    }
}

void house_begin_with(uint32_t (*batch)(void *ctx, uint32_t nevents))
{
    struct limits limits = {.bufsize = 16384,
                            .maxrewrite = 1024,
                            .max_fields = 101,
                            .conns_max = 200,
                            .threads = 1,
                            .pool_max_bytes = 64u << 20,
                            .idle_shared = 1};
    sim_reset();
    memset(&house, 0, sizeof(house));
    house.forward_flags = ABI_FWD_KEEP_SERVER;
    BUG_ON(process_init(house.live, 2, 2, 2, &limits) != 0);
    configure(process_get());
    house.eng = eng_new(0, sim_table(), batch, NULL);
    BUG_ON(house.eng == NULL);
    eng_listen(house.eng, 1);
}

void house_begin(void)
{
    house_begin_with(policy);
}

void house_turn(void)
{
    for (int i = 0; i < 6; i++)
        eng_turn(house.eng);
}

void house_wait(uint64_t ms)
{
    sim.now_ms += ms;
    house_turn();
}

int house_client(int listener)
{
    sim_knock(process_get()->listeners[listener].fd);
    house_turn();
    return sim.last_accepted;
}

int house_server(void)
{
    return sim.last_connected;
}

/* Everything that was begun has ended, everything taken was given back. */
void house_end(const char *name)
{
    struct process *p = process_get();
    house_wait(30000); /* whatever waits gives up by now */
    house_wait(30000);
    house_wait(30000);
    check(house.alive == 0, name, "a stream never ended");
    check(house.eng->count.unanswered == 0 && house.eng->count.bad_commands == 0, name,
          "a command was refused");
    check(live_get(&house.live[0].w[ABI_LIVE_ACTCONN]) == 0, name, "actconn is not 0");
    for (uint32_t i = 0; i < 2; i++) {
        check(live_get(&live_proxy(p, i)->w[ABI_LIVE_PX_FECONN]) == 0, name, "feconn is not 0");
        check(live_get(&live_proxy(p, i)->w[ABI_LIVE_PX_BECONN]) == 0, name, "beconn is not 0");
        check(live_get(&live_server(p, i)->w[ABI_LIVE_SV_SERVED]) == 0, name, "a slot leaked");
        check(live_get(&live_proxy(p, i)->w[ABI_LIVE_PX_QUEUED]) == 0, name, "the queue is not empty");
    }
    eng_free(house.eng);
    check(sim_open_fds() == 2, name, "descriptors stayed open"); /* the listeners are ours */
    check(atomic_load(&p->pool_used_bytes) == 0, name, "buffers leaked");
    process_reset();
}
