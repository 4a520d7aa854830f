/* The engine over a simulated kernel: every exchange whole, cut at every byte, written a few bytes at a time, and reset at
 * every byte on either side. Whatever happens, each stream ends once and everything taken is given back. */
#include "engine_case.h"

struct exchange {
    const char *name;
    const char *request, *server_sees;
    const char *response, *client_sees;
    int server_fin; /* the response ends with the connection */
};

#define CHUNKED_POST "POST /c HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n"

static const struct exchange exchanges[] = {
    {"get", "GET /a HTTP/1.1\r\nHost: a\r\n\r\n", "GET /a HTTP/1.1\r\nhost: a\r\n\r\n",
     "HTTP/1.1 200 OK\r\ndate: x\r\nContent-Length: 5\r\n\r\nhello",
     "HTTP/1.1 200 OK\r\ndate: x\r\ncontent-length: 5\r\n\r\nhello", 0},
    {"post", "POST /p HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbody",
     "POST /p HTTP/1.1\r\nhost: a\r\ncontent-length: 4\r\n\r\nbody",
     "HTTP/1.1 204 No Content\r\ndate: x\r\n\r\n", "HTTP/1.1 204 No Content\r\ndate: x\r\n\r\n", 0},
    {"close-delimited", "GET / HTTP/1.1\r\nHost: a\r\n\r\n", "GET / HTTP/1.1\r\nhost: a\r\n\r\n",
     "HTTP/1.0 200 OK\r\ndate: x\r\n\r\nuntil the end", "HTTP/1.0 200 OK\r\ndate: x\r\n\r\nuntil the end", 1},
    {"interim", "GET / HTTP/1.1\r\nHost: a\r\n\r\n", "GET / HTTP/1.1\r\nhost: a\r\n\r\n",
     "HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\nHTTP/1.1 200 OK\r\ndate: x\r\ncontent-length: 0\r\n\r\n",
     "HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\nHTTP/1.1 200 OK\r\ndate: x\r\ncontent-length: 0\r\n\r\n", 0},
    {"head", "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n", "HEAD / HTTP/1.1\r\nhost: a\r\n\r\n",
     "HTTP/1.1 200 OK\r\ndate: x\r\ncontent-length: 99\r\n\r\n",
     "HTTP/1.1 200 OK\r\ndate: x\r\ncontent-length: 99\r\n\r\n", 0},
    {"head of a chunked one", "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n", "HEAD / HTTP/1.1\r\nhost: a\r\n\r\n",
     "HTTP/1.1 200 OK\r\ndate: x\r\ntransfer-encoding: chunked\r\n\r\n",
     "HTTP/1.1 200 OK\r\ndate: x\r\ntransfer-encoding: chunked\r\n\r\n", 0},
    {"chunked both ways", CHUNKED_POST "3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n", CHUNKED_POST,
     "HTTP/1.1 200 OK\r\ndate: x\r\ntransfer-encoding: chunked\r\n\r\n4\r\nwxyz\r\n0\r\nt: 1\r\n\r\n",
     "HTTP/1.1 200 OK\r\ndate: x\r\ntransfer-encoding: chunked\r\n\r\n", 0},
};

/* Sends <text> in two pieces cut at <cut>, turning between. */
static void send_cut(int fd, const char *text, uint32_t cut)
{
    uint32_t len = (uint32_t)strlen(text);
    cut = MIN(cut, len);
    if (cut > 0)
        sim_push(fd, text, cut);
    house_turn();
    if (cut < len)
        sim_push(fd, text + cut, len - cut);
    house_turn();
}

static int starts_with(const char *text, const char *start)
{
    return strncmp(text, start, strlen(start)) == 0;
}

static void run_exchange(const struct exchange *x, uint32_t request_cut, uint32_t response_cut)
{
    house_begin();
    if (request_cut % 2)
        house.forward_flags |= ABI_FWD_WANT_RESPONSE;
    int client = house_client(HTTP_LISTENER);
    send_cut(client, x->request, request_cut);
    int server = house_server();
    check(server >= 0 && starts_with(sim_written(server), x->server_sees), x->name, "what the server saw");
    if (server >= 0) {
        send_cut(server, x->response, response_cut);
        if (x->server_fin)
            sim_fin(server);
        house_turn();
    }
    check(starts_with(sim_written(client), x->client_sees), x->name, "what the client saw");
    check(house.ends == 1 && house.last_term[0] == '-', x->name, "one clean end");
    house_end(x->name);
}

static void every_split(void)
{
    for (size_t i = 0; i < ARRAY_LEN(exchanges); i++) {
        const struct exchange *x = &exchanges[i];
        for (uint32_t cut = 0; cut <= strlen(x->request); cut++)
            run_exchange(x, cut, 0);
        for (uint32_t cut = 0; cut <= strlen(x->response); cut++)
            run_exchange(x, 0, cut);
    }
    cases_passed++;
}

/* A body of 60 KB each way with writes cut to <max> bytes and refused every <window>: nothing is lost or doubled. */
static void short_writes(uint32_t max, uint32_t window, uint32_t recv_max)
{
    enum { LEN = 60000 };
    static char body[LEN], want[LEN + 200];
    char head[200];
    house_begin();
    for (int i = 0; i < LEN; i++)
        body[i] = (char)('a' + i % 23);
    sim.send_max = max;
    sim.send_window = window;
    sim.recv_max = recv_max;
    int client = house_client(HTTP_LISTENER);
    snprintf(head, sizeof(head), "POST /b HTTP/1.1\r\nhost: a\r\ncontent-length: %d\r\n\r\n", LEN);
    sim_push(client, head, (uint32_t)strlen(head));
    sim_push(client, body, LEN);
    for (int i = 0; i < 20000 && house_server() < 0; i++)
        house_turn();
    int server = house_server();
    for (int i = 0; i < 20000 && sim.fds[server].tx.len < LEN + strlen(head); i++)
        house_turn();
    snprintf(want, sizeof(want), "%s%.*s", head, LEN, body);
    check(strcmp(sim_written(server), want) == 0, "short writes", "the server got the request");
    snprintf(head, sizeof(head), "HTTP/1.1 200 OK\r\ndate: x\r\ncontent-length: %d\r\n\r\n", LEN);
    sim_push(server, head, (uint32_t)strlen(head));
    sim_push(server, body, LEN);
    for (int i = 0; i < 20000 && house.ends == 0; i++)
        house_turn();
    snprintf(want, sizeof(want), "%s%.*s", head, LEN, body);
    check(strcmp(sim_written(client), want) == 0, "short writes", "the client got the response");
    house_end("short writes");
}

static void reset_everywhere(void)
{
    for (size_t i = 0; i < ARRAY_LEN(exchanges); i++) {
        const struct exchange *x = &exchanges[i];
        uint32_t request_len = (uint32_t)strlen(x->request), response_len = (uint32_t)strlen(x->response);
        for (uint32_t at = 0; at <= request_len + response_len; at++)
            for (int how = 0; how < 4; how++) { /* client or server, FIN or RST */
                house_begin();
                house.forward_flags |= ABI_FWD_ABORT_ON_CLOSE | (at % 2 ? ABI_FWD_WANT_RESPONSE : 0);
                int client = house_client(HTTP_LISTENER);
                send_cut(client, x->request, at < request_len ? at : request_len);
                int server = house_server();
                if (at >= request_len && server >= 0)
                    sim_push(server, x->response, at - request_len);
                house_turn();
                int victim = how & 1 ? server : client;
                if (victim >= 0 && !sim.fds[victim].closed) {
                    if (how & 2)
                        sim_rst(victim);
                    else
                        sim_fin(victim);
                }
                house_turn();
                check(house.alive == 0 || at < request_len || (how & 1) == 0, x->name,
                      "a dead server ends the stream");
                house_end(x->name);
            }
    }
    cases_passed++;
}

static void pipelined(void)
{
    const char *get = "GET /x HTTP/1.1\r\nhost: a\r\n\r\n";
    house_begin();
    house.respond = 1;
    int client = house_client(HTTP_LISTENER);
    for (int i = 0; i < 40; i++)
        sim_push(client, get, (uint32_t)strlen(get));
    house_turn();
    check(house.ends == 40, "pipelined", "forty requests, forty ends");
    sim_fin(client);
    house_turn();
    check(house.session_ends == 1, "pipelined", "the session ends once");
    house_end("pipelined");
    cases_passed++;
}

static void retried(void)
{
    house_begin();
    house.retries = 1;
    house.forward_flags |= ABI_FWD_REUSE_IDLE | ABI_FWD_REUSE_UNSAFE;
    int client = house_client(HTTP_LISTENER);
    const char *get = "GET /r HTTP/1.1\r\nhost: a\r\n\r\n",
               *ok = "HTTP/1.1 200 OK\r\ndate: x\r\ncontent-length: 0\r\n\r\n";
    send_cut(client, get, 99);
    int first = house_server();
    send_cut(first, ok, 99);
    check(live_get(&live_server(process_get(), 0)->w[ABI_LIVE_SV_IDLE]) == 1, "retried",
          "the connection is kept");
    send_cut(client, get, 99); /* reuses it, and it dies before a byte of the answer */
    check(sim.connects == 1, "retried", "the idle connection is taken");
    sim_fin(first);
    house_turn();
    check(house.fails == 1 && house.last_fail == ABI_FAIL_CLOSED && sim.connects == 2, "retried",
          "a new connection is made");
    check(strcmp(sim_written(house_server()), get) == 0, "retried", "the same request goes out again");
    send_cut(house_server(), ok, 99);
    check(house.ends == 2 && house.last_status == 200, "retried", "the client never knew");
    house_end("retried");
    cases_passed++;
}

static void queued(void)
{
    house_begin();
    house.queue = 1;
    struct live *sv = live_server(process_get(), 0);
    atomic_store(&sv->w[ABI_LIVE_SV_MAXCONN], 1);
    const char *get = "GET /q HTTP/1.1\r\nhost: a\r\n\r\n",
               *ok = "HTTP/1.1 200 OK\r\ndate: x\r\ncontent-length: 0\r\n\r\n";
    int clients[3];
    for (int i = 0; i < 3; i++) {
        clients[i] = house_client(HTTP_LISTENER);
        send_cut(clients[i], get, 99);
    }
    check(sim.connects == 1, "queued", "one slot, one connection");
    check(live_get(&live_proxy(process_get(), 0)->w[ABI_LIVE_PX_QUEUED]) == 2, "queued", "two wait");
    sim_fin(clients[1]); /* it leaves the queue */
    house_turn();
    check(house.ends == 1, "queued", "the one that left ended");
    send_cut(house_server(), ok, 99);
    check(house.wakes == 2 && live_get(&sv->w[ABI_LIVE_SV_SERVED]) == 1, "queued",
          "the slot went to the next");
    send_cut(house_server(), ok, 99);
    check(house.ends == 3 && live_get(&sv->w[ABI_LIVE_SV_SERVED_MAX]) == 1, "queued",
          "never more than maxconn");
    house_end("queued");
    cases_passed++;
}

static void timeouts(void)
{
    house_begin();
    int client = house_client(HTTP_LISTENER);
    sim_push(client, "GET", 3);
    house_wait(5100);
    check(house.bads == 1 && house.last_bad == 408, "timeouts", "a slow head is 408");
    client = house_client(HTTP_LISTENER);
    send_cut(client, "GET /t HTTP/1.1\r\nhost: a\r\n\r\n", 99);
    house_wait(8100);
    check(house.fails == 1 && house.last_fail == ABI_FAIL_TIMEOUT, "timeouts", "a silent server");
    sim.hang_connects = 1;
    client = house_client(HTTP_LISTENER);
    send_cut(client, "GET /t HTTP/1.1\r\nhost: a\r\n\r\n", 99);
    house_wait(3100);
    check(house.last_fail == ABI_FAIL_CONNECT_TIMEOUT, "timeouts", "a connection that hangs");
    house_end("timeouts");
    cases_passed++;
}

static void tunnels(void)
{
    for (int how = 0; how < 4; how++) {
        house_begin();
        int client = house_client(TCP_LISTENER);
        int server = house_server();
        check(server >= 0, "tunnel", "tcp connects at once");
        sim_push(client, "ping", 4);
        sim_push(server, "banner", 6);
        house_turn();
        check(strcmp(sim_written(server), "ping") == 0 && strcmp(sim_written(client), "banner") == 0,
              "tunnel", "both ways");
        int first = how & 1 ? server : client, second = how & 1 ? client : server;
        if (how & 2)
            sim_rst(first);
        else
            sim_fin(first);
        house_turn();
        check(how & 2 ? sim.fds[second].closed_reset : sim.fds[second].shut && !sim.fds[second].closed,
              "tunnel", "an end is passed as an end, a reset as a reset");
        if (!(how & 2))
            sim_fin(second);
        house_turn();
        check(house.ends == 1, "tunnel", "ends once");
        house_end("tunnel");
    }
    cases_passed++;
}

/* A client that leaves in the middle of a response ends it, even when the server says nothing for hours. */
static void left_inside(void)
{
    for (int aborts = 0; aborts < 2; aborts++) {
        house_begin();
        house.forward_flags |= aborts ? ABI_FWD_ABORT_ON_CLOSE : 0;
        int client = house_client(HTTP_LISTENER);
        send_cut(client, "GET /l HTTP/1.1\r\nhost: a\r\n\r\n", 99);
        send_cut(house_server(), "HTTP/1.1 200 OK\r\ndate: x\r\ncontent-length: 6\r\n\r\nabc", 99);
        sim_fin(client);
        house_turn();
        check(house.ends == (uint32_t)aborts, "left inside", "ends at once, where abortonclose says so");
        send_cut(house_server(), "def", 99);
        check(house.ends == 1 && strcmp(house.last_term, aborts ? "CD" : "--") == 0, "left inside", "one end");
        house_end("left inside");
    }
    cases_passed++;
}

/* An answered client that does not send the rest of its request: it left at the last (L), not in the data. */
static void left_after(void)
{
    house_begin();
    int client = house_client(HTTP_LISTENER);
    send_cut(client, "POST /l HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\n\r\n", 99);
    send_cut(house_server(), "HTTP/1.1 417 No\r\ndate: x\r\ncontent-length: 0\r\n\r\n", 99);
    sim_fin(client);
    house_turn();
    check(house.ends == 1 && strcmp(house.last_term, "CL") == 0, "left after", "CL");
    house_end("left after");
    cases_passed++;
}

/* RFC 9112 section 9.3: close is looked at first. 9.6: who did not ask for the end sees it before anything breaks. */
static void closing(void)
{
    house_begin();
    int client = house_client(HTTP_LISTENER);
    send_cut(client, "GET /c HTTP/1.0\r\nconnection: close, keep-alive\r\n\r\n", 99);
    send_cut(house_server(), "HTTP/1.1 200 OK\r\ndate: x\r\ncontent-length: 0\r\n\r\n", 99);
    check(sim.fds[client].closed, "closing", "as asked");
    house.forward_flags |= ABI_FWD_CLOSE_CLIENT;
    client = house_client(HTTP_LISTENER);
    send_cut(client, "GET /c HTTP/1.1\r\nhost: a\r\n\r\n", 99);
    send_cut(house_server(), "HTTP/1.1 200 OK\r\ndate: x\r\ncontent-length: 0\r\n\r\n", 99);
    check(sim.fds[client].shut && !sim.fds[client].closed, "closing", "waits for the client to see it");
    sim_fin(client);
    house_turn();
    check(sim.fds[client].closed && house.ends == 2, "closing", "both ends said");
    house_end("closing");
    cases_passed++;
}

/* A tunnel needs both: the client's wish and the server's word about this connection (RFC 9110 sections 7.8, 15.2.2). */
static void switched(void)
{
    for (int how = 0; how < 4; how++) {
        house_begin();
        int client = house_client(HTTP_LISTENER);
        send_cut(client,
                 how & 1 ? "GET /s HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: foo\r\n\r\n"
                         : "GET /s HTTP/1.1\r\nhost: a\r\n\r\n",
                 999);
        send_cut(house_server(),
                 how & 2 ? "HTTP/1.1 101 S\r\nconnection: upgrade\r\nupgrade: foo\r\n\r\n"
                         : "HTTP/1.1 101 S\r\nupgrade: foo\r\n\r\n",
                 999);
        check(starts_with(sim_written(client), "HTTP/1.1 101") == (how == 3), "switched", "only with both");
        check(house.bads == (how != 3), "switched", "else it is no answer");
        house_end("switched");
    }
    cases_passed++;
}

/* The figures of the log: what is not sent on is not counted. */
static void weights(void)
{
    static const char *heads[] = {"HTTP/1.1 204 N\r\na: b\r\n\r\n",
                                  "HTTP/1.1 204 N\r\ncontent-length: 0\r\na: b\r\n\r\n",
                                  "HTTP/1.1 204 N\r\na: b\r\ntransfer-encoding: chunked\r\n\r\n"};
    for (size_t i = 0; i < ARRAY_LEN(heads); i++) {
        uint8_t text[100];
        struct head_field fields[8];
        struct head h = {0};
        uint32_t len = (uint32_t)strlen(heads[i]);
        memcpy(text, heads[i], len);
        check(head_scan(&h, fields, 8, text, len, HEAD_RESPONSE, 0) == (int)len, "weights", "a whole head");
        check(head_weight(&h, fields, text) == 20 + 8 + 3 + 1 + 2 + 1, "weights", heads[i]);
    }
    cases_passed++;
}

int main(void)
{
    static const uint32_t sizes[] = {1, 7, 100, 1460};
    every_split();
    for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
        short_writes(sizes[i] * 3, 0, 0);
        short_writes(0, sizes[i] * 5, 0);
        short_writes(sizes[i] * 2, sizes[i] * 7, sizes[i] * 9);
    }
    cases_passed++;
    reset_everywhere();
    pipelined();
    retried();
    queued();
    timeouts();
    tunnels();
    left_inside();
    left_after();
    closing();
    switched();
    weights();
    printf("engine: %d passed, %d failed\n", cases_passed, cases_failed);
    return cases_failed != 0;
}
