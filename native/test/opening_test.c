/* What comes before a client connection's first request, and what a server connection begins with: PROXY headers in one
 * piece and cut at every byte, what is refused and when, policy asked at the accept and when the session begins, and idle
 * server connections that only the same client may have again. */
#include "engine_case.h"

static const char line[] = "PROXY TCP4 1.2.3.4 5.6.7.8 111 222\r\n";
static const char get[] = "GET /x HTTP/1.1\r\nhost: a\r\n\r\n";
static const char ok[] = "HTTP/1.1 200 OK\r\ndate: x\r\ncontent-length: 0\r\n\r\n";

/* A policy that answers requests with a prefix, and says what it heard of connections. */
static struct {
    uint32_t accepted, open, failed, requests, sessions_ended, last_error, ends;
    uint32_t refuse_at; /* CONNECTION_* */
    uint32_t how;
    int expects;
    const char *prefix;
    uint8_t src[CONN_ADDR_LEN];
    int src_len, tlvs_len;
    uint32_t handshake_ms;
} seen;

static uint32_t *put(uint32_t *n, uint32_t op, uint32_t a, uint32_t b)
{
    uint32_t *cmd = house.eng->commands + (*n)++ * ABI_COMMAND_WORDS;
    memset(cmd, 0, ABI_COMMAND_WORDS * sizeof(*cmd));
    cmd[ABI_C_OP] = op;
    cmd[1] = a;
    cmd[2] = b;
    return cmd;
}

/* api.c's view, without the addon. */
static void look(uint32_t index, uint32_t gen)
{
    struct conn *c = conn_find(house.eng->proc, index, gen);
    BUG_ON(c == NULL);
    seen.src_len = c->proxied == NULL ? 0 : c->proxied->src_len;
    seen.tlvs_len = c->proxied == NULL ? -1 : (int)c->proxied->tlvs_len;
    if (seen.src_len > 0)
        memcpy(seen.src, c->proxied->src, sizeof(seen.src));
}

static void on_connection(uint32_t *n, const uint32_t *ev)
{
    uint32_t reason = ev[ABI_E_REASON];
    seen.accepted += reason == ABI_CONNECTION_ACCEPTED;
    seen.open += reason == ABI_CONNECTION_OPEN;
    seen.failed += reason == ABI_CONNECTION_FAILED;
    if (reason == ABI_CONNECTION_FAILED)
        seen.last_error = ev[ABI_E_ARG];
    if (reason == seen.refuse_at)
        put(n, ABI_CMD_CONNECTION, ev[ABI_E_CONN], ev[ABI_E_CONN_GEN])[ABI_C_HOW] = seen.how;
    if (reason == ABI_CONNECTION_ACCEPTED && seen.expects)
        put(n, ABI_CMD_CONNECTION, ev[ABI_E_CONN], ev[ABI_E_CONN_GEN])[ABI_C_HOW] = ABI_CONNECTION_EXPECT_PROXY;
}

static void on_request(uint32_t *n, const uint32_t *ev)
{
    uint32_t *cmd = put(n, ABI_CMD_FORWARD, ev[ABI_E_STREAM], ev[ABI_E_STREAM_GEN]);
    uint32_t proxy = house.eng->proc->listeners[ev[ABI_E_LISTENER]].proxy;
    cmd[ABI_C_FLAGS] = ABI_FWD_KEEP_SERVER | ABI_FWD_REUSE_IDLE | ABI_FWD_REUSE_UNSAFE;
    cmd[ABI_C_SERVER] = cmd[ABI_C_BACKEND] = proxy;
    if (ev[ABI_E_KIND] == ABI_EV_FAIL)
        cmd[ABI_C_FLAGS] |= ABI_FWD_REPLAY;
    if (seen.prefix != NULL) {
        cmd[ABI_C_PREFIX] = 64;
        cmd[ABI_C_PREFIX_LEN] = (uint32_t)strlen(seen.prefix);
        memcpy(house.eng->text + 64, seen.prefix, strlen(seen.prefix));
    }
}

static uint32_t policy(void *ctx, uint32_t nevents)
{
    uint32_t n = 0;
    const uint32_t *ev = house.eng->events;
    (void)ctx;
    for (uint32_t i = 0; i < nevents; i++) {
        switch (ev[ABI_E_KIND]) {
        case ABI_EV_CONNECTION: on_connection(&n, ev); break;
        case ABI_EV_REQUEST:
        case ABI_EV_SESSION:
            seen.requests++;
            look(ev[ABI_E_CONN], ev[ABI_E_CONN_GEN]);
            on_request(&n, ev);
            break;
        case ABI_EV_FAIL:
            sim.refuse_connects = 0; /* the second attempt succeeds */
            if (ev[ABI_E_REASON] == ABI_FAIL_CONNECT)
                on_request(&n, ev);
            else
                put(&n, ABI_CMD_ABORT, ev[ABI_E_STREAM], ev[ABI_E_STREAM_GEN]);
            break;
        case ABI_EV_BAD_REQUEST: put(&n, ABI_CMD_ABORT, ev[ABI_E_STREAM], ev[ABI_E_STREAM_GEN]); break;
        case ABI_EV_SESSION_END: seen.sessions_ended++; break;
        case ABI_EV_END:
            seen.ends++;
            seen.handshake_ms = ev[ABI_X_T_HANDSHAKE];
            break;
        default: break;
        }
        ev += ev[ABI_E_KIND] == ABI_EV_END ? ABI_EVENT_END_WORDS : ABI_EVENT_WORDS;
    }
    return n;
}

static void begin(uint32_t flags)
{
    house_begin_with(policy);
    memset(&seen, 0, sizeof(seen));
    for (uint32_t i = 0; i < 2; i++)
        process_get()->listeners[i].flags = flags;
}

static void say(int fd, const char *text, uint32_t len)
{
    sim_push(fd, text, len);
    house_turn();
}

/* Header and request cut at <cut>: the request is served, its source is the header's. */
static void one_cut(int listener, const char *text, uint32_t len, uint32_t cut)
{
    begin(ABI_LIF_ACCEPT_PROXY);
    int client = house_client(listener);
    check(seen.requests == 0, "cut", "nothing happens before the header");
    sim.now_ms += 7;
    if (cut > 0)
        say(client, text, cut);
    sim.now_ms += 5;
    say(client, text + cut, len - cut);
    static const uint8_t want[8] = {2, 0, 0, 111, 1, 2, 3, 4};
    check(seen.requests == 1 && seen.src_len == 16 && memcmp(seen.src, want, 8) == 0, "cut", "the source");
    int server = house_server();
    const char *to_server = listener == HTTP_LISTENER ? "GET /x" : get;
    check(server >= 0 && strncmp(sim_written(server), to_server, strlen(to_server)) == 0, "cut", "the request");
    if (listener == HTTP_LISTENER) {
        say(server, ok, sizeof(ok) - 1);
        check(strcmp(sim_written(client), ok) == 0, "cut", "the answer");
        check(seen.handshake_ms == (cut < sizeof(line) - 1 ? 12u : 7u), "cut", "the time it took");
    }
    house_end("cut");
}

static void every_cut(void)
{
    static const char block[] = "\r\n\r\n\0\r\nQUIT\n\x21\x11\x00\x14\x01\x02\x03\x04\x05\x06\x07\x08\x00\x6f\x00\xde"
                                "\x02\x00\x05" "12345";
    char text[200];
    memcpy(text, line, sizeof(line) - 1);
    memcpy(text + sizeof(line) - 1, get, sizeof(get) - 1);
    for (int listener = 0; listener < 2; listener++)
        for (uint32_t cut = 0; cut < sizeof(line) + sizeof(get) - 2; cut++)
            if (cut >= 1 || listener == 0)
                one_cut(listener, text, sizeof(line) + sizeof(get) - 2, cut);
    begin(ABI_LIF_ACCEPT_PROXY);
    int client = house_client(HTTP_LISTENER);
    for (uint32_t i = 0; i < sizeof(block) - 1; i++)
        say(client, block + i, 1);
    say(client, get, sizeof(get) - 1);
    check(seen.requests == 1 && seen.tlvs_len == 8, "cut", "a block byte by byte, and its records");
    house_end("a block");
    cases_passed++;
}

static void refused(const char *text, uint32_t len, int fin, uint64_t wait_ms, uint32_t error, int reset)
{
    begin(ABI_LIF_ACCEPT_PROXY);
    int client = house_client(HTTP_LISTENER);
    if (len > 0)
        say(client, text, len);
    if (fin)
        sim_fin(client);
    house_turn();
    if (wait_ms > 0) {
        check(!sim.fds[client].closed, "refused", "not before its time");
        house_wait(wait_ms);
    }
    check(seen.failed == 1 && seen.last_error == error && seen.requests == 0, text, "why");
    check(sim.fds[client].closed && sim.fds[client].closed_reset == reset, text, "closed, and how");
    check(seen.sessions_ended == 1 && sim_written(client)[0] == 0, text, "forgotten, without a word");
    house_end(text);
}

static void refusals(void)
{
    static char long_line[20000];
    memset(long_line, 'x', sizeof(long_line));
    memcpy(long_line, "\r\n\r\n\0\r\nQUIT\n\x21\x11\xff\xff", 16);
    refused(get, sizeof(get) - 1, 0, 0, ABI_HANDSHAKE_NOT_HEADER, 1);
    refused("PROXY TCP9 ", 11, 0, 0, ABI_HANDSHAKE_UNHANDLED, 1);
    refused("PROXY TCP4 1.2.3.4 x", 18 + 2, 0, 10000, ABI_HANDSHAKE_TIMEOUT, 0);
    refused("PROXY TCP4 a b c d\r\n", 20, 0, 0, ABI_HANDSHAKE_INVALID, 1);
    refused("PROXY TCP4", 10, 1, 0, ABI_HANDSHAKE_TRUNCATED, 0);
    refused("", 0, 1, 0, ABI_HANDSHAKE_EMPTY, 0);
    refused("", 0, 0, 10000, ABI_HANDSHAKE_TIMEOUT, 0);
    refused(long_line, sizeof(long_line), 0, 0, ABI_HANDSHAKE_TRUNCATED, 1);
    begin(ABI_LIF_ACCEPT_PROXY);
    process_get()->proxies[0].handshake_ms = 200;
    house_client(HTTP_LISTENER);
    house_wait(201);
    check(seen.last_error == ABI_HANDSHAKE_TIMEOUT, "refusals", "timeout client-hs");
    house_end("refusals");
    cases_passed++;
}

static void asked(uint32_t refuse_at, uint32_t how, int expects, uint32_t accepted, uint32_t open, uint32_t requests)
{
    begin(ABI_LIF_ACCEPT_EVENT | ABI_LIF_SESSION_EVENT);
    seen.refuse_at = refuse_at;
    seen.how = how;
    seen.expects = expects;
    int client = house_client(HTTP_LISTENER);
    check(seen.accepted == 1 && seen.open == (open && !expects), "asked", "at the accept, and behind the header");
    if (expects)
        say(client, line, sizeof(line) - 1);
    check(seen.accepted == accepted && seen.open == open, "asked", "so often");
    check(sim.fds[client].closed == (requests == 0), "asked", "refused at once");
    check(requests > 0 || sim.fds[client].closed_reset == (how != ABI_ABORT_CLOSE), "asked", "as was said");
    if (requests > 0)
        say(client, get, sizeof(get) - 1);
    check(seen.requests == requests && (seen.src_len > 0) == (expects && requests > 0), "asked", "then it is served");
    house_end("asked");
}

static void policy_is_asked(void)
{
    asked(0, 0, 0, 1, 1, 1);
    asked(0, 0, 1, 1, 1, 1);
    asked(ABI_CONNECTION_ACCEPTED, ABI_ABORT_RESET, 0, 1, 0, 0);
    asked(ABI_CONNECTION_ACCEPTED, ABI_ABORT_SILENT, 0, 1, 0, 0);
    asked(ABI_CONNECTION_OPEN, ABI_ABORT_CLOSE, 0, 1, 1, 0);
    asked(ABI_CONNECTION_OPEN, ABI_ABORT_RESET, 1, 1, 1, 0);
    cases_passed++;
}

/* The prefix goes out first, once, also when the server refuses and the request is sent again; who asks with another one
 * gets a connection of his own. */
static void prefixes(void)
{
    begin(0);
    seen.prefix = line;
    sim.refuse_connects = 1;
    int client = house_client(HTTP_LISTENER);
    say(client, get, sizeof(get) - 1);
    int server = house_server();
    char want[200];
    snprintf(want, sizeof(want), "%s%s", line, get);
    check(sim.connects > 1 && strcmp(sim_written(server), want) == 0, "prefixes", "the header, then the request");
    say(server, ok, sizeof(ok) - 1);
    int connects = sim.connects;
    say(client, get, sizeof(get) - 1);
    snprintf(want, sizeof(want), "%s%s%s", line, get, get);
    check(sim.connects == connects && strcmp(sim_written(server), want) == 0, "prefixes", "reused without another");
    say(server, ok, sizeof(ok) - 1);
    seen.prefix = "PROXY TCP4 1.2.3.4 5.6.7.8 112 222\r\n";
    int other = house_client(HTTP_LISTENER);
    say(other, get, sizeof(get) - 1);
    check(sim.connects == connects + 1, "prefixes", "another header, another connection");
    say(house_server(), ok, sizeof(ok) - 1);
    seen.prefix = NULL;
    int third = house_client(HTTP_LISTENER);
    say(third, get, sizeof(get) - 1);
    check(sim.connects == connects + 2, "prefixes", "none is another one, too");
    check(strcmp(sim_written(house_server()), get) == 0, "prefixes", "and nothing goes before the request");
    house_end("prefixes");
    cases_passed++;
}

/* Mode tcp: the header goes out although the client says nothing. */
static void silent_client(uint32_t send_max)
{
    begin(0);
    seen.prefix = line;
    sim.send_max = send_max;
    int client = house_client(TCP_LISTENER);
    for (int i = 0; i < 60; i++)
        house_turn();
    check(strcmp(sim_written(house_server()), line) == 0, "silent client", "the header alone");
    sim_fin(client);
    house_end("silent client");
}

int main(void)
{
    every_cut();
    refusals();
    policy_is_asked();
    prefixes();
    silent_client(0);
    silent_client(1);
    cases_passed++;
    printf("opening: %d passed, %d failed\n", cases_passed, cases_failed);
    return cases_failed != 0;
}
