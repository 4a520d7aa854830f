/* The engine at its limits over the simulated kernel: no descriptors, full proxies, log targets that stall, more answers than
 * a batch holds, a body that policy waited for and then refused; and two engines of one process that share what is idle. */
#include "engine_case.h"
#include <errno.h>

static const char get[] = "GET /x HTTP/1.1\r\nhost: a\r\n\r\n", ok[] = "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";

static void say(int fd, const char *text)
{
    sim_push(fd, text, (uint32_t)strlen(text));
    house_turn();
}

/* Out of descriptors, accepting pauses: nobody asks the kernel again until the timer says so. */
static void without_descriptors(void)
{
    house_begin();
    int listener = process_get()->listeners[HTTP_LISTENER].fd;
    house.respond = 1;
    sim.no_fds = 1;
    for (int i = 0; i < 3; i++)
        sim_knock(listener);
    house_turn();
    int calls = sim.accept_calls;
    for (int i = 0; i < 50; i++)
        house_turn();
    check(calls == 1 && sim.accept_calls == calls, "descriptors", "the kernel is asked once, then left alone");
    check(house.eng->count.accept_errors == 1, "descriptors", "it is counted");
    check(!(sim.fds[listener].registered), "descriptors", "the listener is out of polling");
    house_wait(RESUME_MS);
    check(sim.accept_calls == calls + 1, "descriptors", "the timer tries again, once");
    sim.no_fds = 0;
    house_wait(RESUME_MS);
    check(sim.accepted == 3, "descriptors", "all come in when there is room");
    for (int fd = 3; fd < SIM_FDS; fd++)
        if (sim.fds[fd].role == SIM_ACCEPTED)
            say(fd, get);
    check(house.ends == 3, "descriptors", "and are served");
    house_end("descriptors");
    cases_passed++;
}

/* Turns that follow each other closely wait for more by themselves; after a pause, or with work left, nobody waits. */
static void dwells(void)
{
    house_begin();
    house.respond = 1;
    sim_knock(process_get()->listeners[HTTP_LISTENER].fd);
    sim.now_ms += 10;
    sim.waited_ms = 0;
    house_turn();
    check(sim.waited_ms == 0, "dwells", "the first turn after a pause does not wait");
    say(sim.last_accepted, get);
    check(sim.waited_ms == DWELL_MS, "dwells", "the next one does");
    sim.now_ms += DWELL_MS + 1;
    sim.waited_ms = 0;
    say(sim.last_accepted, get);
    check(sim.waited_ms == 0 && house.ends == 2, "dwells", "no longer after another pause");
    sim_fin(sim.last_accepted);
    house_turn();
    house_end("dwells");
    cases_passed++;
}

/* At maxconn accepting pauses, and goes on with the first connection that leaves, not with the timer. */
static void full(int which)
{
    house_begin();
    struct process *p = process_get();
    _Atomic int32_t *limits[] = {&live_process(p)->w[ABI_LIVE_MAXCONN], &live_proxy(p, 0)->w[ABI_LIVE_PX_FE_MAXCONN],
                                 &live_listener(p, 0)->w[ABI_LIVE_LI_MAXCONN]};
    atomic_store(limits[which], 2);
    for (int i = 0; i < 5; i++)
        sim_knock(p->listeners[HTTP_LISTENER].fd);
    house_turn();
    check(sim.accepted == 2, "full", "two are let in");
    int calls = sim.accept_calls;
    for (int i = 0; i < 20; i++)
        house_turn();
    check(sim.accept_calls == calls, "full", "nobody asks again");
    sim_fin(sim.last_accepted);
    house_turn();
    check(sim.accepted == 3, "full", "one leaves, one comes, no time passes");
    atomic_store(limits[which], 0);
    house_wait(RESUME_MS);
    check(sim.accepted == 5, "full", "a limit that is lifted lets all in");
    house_end("full");
    cases_passed++;
}

static void log_line(void)
{
    uint32_t *cmd = house.eng->commands;
    memset(cmd, 0, ABI_COMMAND_WORDS * sizeof(*cmd));
    cmd[ABI_C_OP] = ABI_CMD_LOG;
    cmd[ABI_C_TARGET] = 0;
    cmd[ABI_C_LOG_LEN] = 100;
    memset(house.eng->text, 'l', 100);
    eng_exec(house.eng, 1);
}

/* A target that stalls or is gone costs its lines: they are counted, traffic does not wait. */
static void stalled_log(int kind)
{
    static const int results[] = {-EAGAIN, -ECONNREFUSED, -EPIPE, -ENOBUFS};
    house_begin();
    house.respond = 1;
    process_get()->logs[0] = (struct log_target){.kind = kind, .fd = 99};
    int client = house_client(HTTP_LISTENER);
    for (size_t i = 0; i < ARRAY_LEN(results); i++) {
        sim.log_result = results[i];
        for (int n = 0; n < 700; n++) /* more than a turn's lines */
            log_line();
        say(client, get);
    }
    check(house.ends == ARRAY_LEN(results), "log", "every request was answered");
    check(house.eng->count.log_drops == 700 * ARRAY_LEN(results), "log", "every line that was lost is counted");
    sim.log_result = 0;
    log_line();
    check(house.eng->count.log_drops == 700 * ARRAY_LEN(results), "log", "a target that is well again gets its lines");
    house_end("log");
    cases_passed++;
}

/* Looking for another connection and finding none is no connection. */
static void counted_once(void)
{
    house_begin();
    house.respond = 1;
    int client = house_client(HTTP_LISTENER);
    check(live_get(&live_process(process_get())->w[ABI_LIVE_CUM_CONN]) == 1, "counted", "one that ever was");
    check(live_get(&live_proxy(process_get(), 0)->w[ABI_LIVE_PX_CONN_MAX]) == 1, "counted", "one at most");
    sim_fin(client);
    house_turn();
    house_end("counted");
    cases_passed++;
}

static uint32_t probe_answers, probes_seen[2000];

static uint32_t probe_policy(void *ctx, uint32_t nevents)
{
    const uint32_t *ev = house.eng->events;
    (void)ctx;
    for (uint32_t i = 0; i < nevents; i++, ev += ABI_EVENT_WORDS) {
        check(ev[ABI_E_KIND] == ABI_EV_PROBE && ev[ABI_P_RESULT] == ABI_PROBE_RESOURCE, "probes", "why it failed");
        probes_seen[ev[ABI_P_ID]]++;
        probe_answers++;
    }
    return 0;
}

/* More checks fail at once than a batch has room for: each is told of, once. */
static void many_probes(void)
{
    house_begin_with(probe_policy);
    uint8_t addr[16] = {2, 0, 0, 80, 127, 0, 0, 1};
    memcpy(house.eng->text, addr, sizeof(addr));
    sim.no_fds = 1;
    for (uint32_t i = 0; i < ARRAY_LEN(probes_seen); i++) {
        uint32_t *cmd = house.eng->commands + i * ABI_COMMAND_WORDS;
        memset(cmd, 0, ABI_COMMAND_WORDS * sizeof(*cmd));
        cmd[ABI_C_OP] = ABI_CMD_PROBE;
        cmd[ABI_C_PROBE_ID] = i;
        cmd[ABI_C_PROBE_ADDR_LEN] = sizeof(addr);
    }
    eng_exec(house.eng, ARRAY_LEN(probes_seen));
    sim.no_fds = 0;
    house_turn();
    check(probe_answers == ARRAY_LEN(probes_seen), "probes", "all are told of");
    for (uint32_t i = 0; i < ARRAY_LEN(probes_seen); i++)
        check(probes_seen[i] == 1, "probes", "once each");
    house_end("probes");
    cases_passed++;
}

/* Policy waits for a body and then answers by itself: the body must never be read as the next request. */
static void refused_body(void)
{
    house_begin();
    house.wait_and_refuse = 1;
    int client = house_client(HTTP_LISTENER);
    say(client, "POST /p HTTP/1.1\r\nhost: a\r\ncontent-length: 38\r\n\r\n"
                "GET /smuggled HTTP/1.1\r\nhost: evil\r\n\r\n");
    check(house.requests == 1 && house.ends == 1, "refused body", "one request, not two");
    say(client, "POST /c HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n5\r\nGET /\r\n0\r\n\r\n");
    check(house.requests == 2 && house.bads == 0, "refused body", "in chunks, too");
    house_end("refused body");
    cases_passed++;
}

static uint32_t ends_of_two;

static uint32_t forward_all(void *ctx, uint32_t nevents)
{
    struct eng **e = ctx;
    const uint32_t *ev = (*e)->events;
    uint32_t n = 0;
    for (uint32_t i = 0; i < nevents; i++) {
        if (ev[ABI_E_KIND] == ABI_EV_REQUEST) {
            uint32_t *cmd = (*e)->commands + n++ * ABI_COMMAND_WORDS;
            memset(cmd, 0, ABI_COMMAND_WORDS * sizeof(*cmd));
            cmd[ABI_C_OP] = ABI_CMD_FORWARD;
            cmd[ABI_C_STREAM] = ev[ABI_E_STREAM];
            cmd[ABI_C_STREAM_GEN] = ev[ABI_E_STREAM_GEN];
            cmd[ABI_C_FLAGS] = ABI_FWD_KEEP_SERVER | ABI_FWD_REUSE_IDLE | ABI_FWD_REUSE_UNSAFE;
        }
        ends_of_two += ev[ABI_E_KIND] == ABI_EV_END;
        ev += ev[ABI_E_KIND] == ABI_EV_END ? ABI_EVENT_END_WORDS : ABI_EVENT_WORDS;
    }
    return n;
}

static struct eng *two[2];

static void turn_both(void)
{
    for (int i = 0; i < 4; i++) {
        eng_turn(two[0]);
        eng_turn(two[1]);
    }
}

static void two_begin(void)
{
    house_begin_with(NULL);
    eng_free(house.eng);
    struct process *p = process_get();
    idle_reset(p); /* its lists are per thread */
    p->limits.threads = 2;
    BUG_ON(idle_init(p) != 0);
    ends_of_two = 0;
    for (uint32_t t = 0; t < 2; t++) {
        two[t] = eng_new(t, sim_table(), forward_all, &two[t]);
        BUG_ON(two[t] == NULL);
        eng_listen(two[t], 1);
    }
}

static int client_of(int engine)
{
    sim_knock(process_get()->listeners[HTTP_LISTENER].fd);
    eng_turn(two[engine]);
    turn_both();
    return sim.last_accepted;
}

static void tell(int fd, const char *text)
{
    sim_push(fd, text, (uint32_t)strlen(text));
    turn_both();
}

/* A server connection that one thread keeps serves a request of the other; events its old thread has fetched are stale. */
static void takeover(int event_first)
{
    two_begin();
    int a = client_of(0);
    tell(a, get);
    int server = sim.last_connected;
    tell(server, ok);
    check(ends_of_two == 1, "takeover", "the first is served");
    check(live_get(&live_server(process_get(), 0)->w[ABI_LIVE_SV_IDLE]) == 1, "takeover", "and keeps the connection");
    int b = client_of(1);
    if (event_first) { /* the server closes: its thread hears of it before the other asks */
        sim_fin(server);
        eng_turn(two[0]);
    }
    tell(b, get);
    if (event_first) {
        check(sim.connects == 2, "takeover", "a connection that was closed is not taken");
        tell(sim.last_connected, ok);
    } else {
        check(sim.connects == 1 && two[1]->count.taken == 1, "takeover", "the second takes it");
        check(sim.fds[server].registered == (uint64_t)1 << two[1]->poll_fd, "takeover", "and polls it alone");
        tell(server, ok);
    }
    check(ends_of_two == 2, "takeover", "both requests ended");
    sim_fin(a);
    sim_fin(b);
    turn_both();
    eng_free(two[1]);
    eng_free(two[0]);
    check(sim_open_fds() == 2, "takeover", "nothing stays open");
    check(atomic_load(&process_get()->pool_used_bytes) == 0, "takeover", "no buffer is left");
    process_reset();
    cases_passed++;
}

/* One thread accepts all: what is too much for it goes to the other, and every count goes back to zero. */
static void handed_over(void)
{
    two_begin();
    struct process *p = process_get();
    for (int i = 0; i < 20; i++) {
        sim_knock(p->listeners[HTTP_LISTENER].fd);
        eng_turn(two[0]);
    }
    turn_both();
    check(two[0]->count.handed_over > 4, "handed over", "some went over");
    check(two[1]->count.adopted == two[0]->count.handed_over, "handed over", "all that went over came there");
    check(two[0]->client_conns + two[1]->client_conns == 20, "handed over", "none was lost");
    for (int fd = 3; fd < SIM_FDS; fd++)
        if (sim.fds[fd].role == SIM_ACCEPTED)
            sim_fin(fd);
    turn_both();
    check(live_get(&live_process(p)->w[ABI_LIVE_ACTCONN]) == 0, "handed over", "actconn is 0");
    check(atomic_load(&p->thread_conns[0]) + atomic_load(&p->thread_conns[1]) == 0, "handed over", "loads are 0");
    sim_knock(p->listeners[HTTP_LISTENER].fd); /* one is in the mail when its new thread ends */
    for (int i = 0; i < 9; i++)
        sim_knock(p->listeners[HTTP_LISTENER].fd);
    eng_turn(two[0]);
    eng_free(two[1]);
    eng_free(two[0]);
    check(live_get(&live_process(p)->w[ABI_LIVE_ACTCONN]) == 0, "handed over", "what was in the mail is closed");
    check(sim_open_fds() == 2, "handed over", "nothing stays open");
    process_reset();
    cases_passed++;
}

/* A body that comes piece by piece outlives the server's timeout, whatever stage it passes. */
static void slow_bodies(void)
{
    static const uint32_t stages[] = {ABI_STAGE_NONE, ABI_STAGE_IDENTITY, ABI_STAGE_GZIP};
    for (uint32_t i = 0; i < ARRAY_LEN(stages); i++) {
        house_begin();
        house.forward_flags |= ABI_FWD_WANT_RESPONSE;
        house.response_stage = stages[i];
        int client = house_client(HTTP_LISTENER);
        say(client, "GET /s HTTP/1.1\r\nhost: a\r\n\r\n");
        int server = house_server();
        say(server, "HTTP/1.1 200 OK\r\ndate: x\r\ntransfer-encoding: chunked\r\n\r\n");
        for (int piece = 0; piece < 4; piece++) {
            house_wait(5000);
            say(server, "5\r\nhello\r\n");
        }
        check(house.ends == 0, "slow bodies", "each piece begins the timeout anew");
        house_wait(8100);
        check(house.ends == 1 && strcmp(house.last_term, "sD") == 0, "slow bodies", "silence ends it");
        house_end("slow bodies");
    }
    cases_passed++;
}

int main(void)
{
    without_descriptors();
    dwells();
    full(0);
    full(1);
    full(2);
    stalled_log(0);
    stalled_log(1);
    counted_once();
    many_probes();
    refused_body();
    takeover(0);
    takeover(1);
    handed_over();
    slow_bodies();
    printf("engine limits: %d passed, %d failed\n", cases_passed, cases_failed);
    return cases_failed != 0;
}
