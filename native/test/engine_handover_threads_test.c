/* Moves under load over real sockets: two workers of two threads each take turns, the one that serves retires, the other takes
 * its connections from a real socketpair, while strict clients ask on connections that nobody may close, slowly and fast,
 * one request after the other or two at once. `make tsan` looks for races. Usage: engine_handover_threads_test [GENERATIONS]. */
#include "../engine/eng.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>

enum { SETS = 2, THREADS = 2, CONTROL = SETS * THREADS, CLIENTS = 5, IDLE_CLIENTS = 100, SOCKET_ID = 3 };
enum { GENERATIONS = 25 };
enum order { WAIT, SERVE, RETIRE, END };

static struct live live[4];
static struct eng *engines[CONTROL + 1];
static _Atomic int orders[SETS]; /* what the threads of a set are told */
static _Atomic int reached[CONTROL]; /* how far a thread has come: the order it has carried out, END when it is empty */
static _Atomic int stop_clients;
static _Atomic uint32_t answers, moved;
static int pairs[SETS][2], listener;
static uint16_t port;
static const char get[] = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

static uint32_t policy(void *ctx, uint32_t nevents)
{
    struct eng *e = engines[(uintptr_t)ctx];
    const uint32_t *ev = e->events;
    uint32_t n = 0;
    for (uint32_t i = 0; i < nevents; i++) {
        if (ev[ABI_E_KIND] == ABI_EV_REQUEST || ev[ABI_E_KIND] == ABI_EV_BAD_REQUEST) {
            uint32_t *cmd = e->commands + n++ * ABI_COMMAND_WORDS;
            memset(cmd, 0, ABI_COMMAND_WORDS * sizeof(*cmd));
            cmd[ABI_C_OP] = ev[ABI_E_KIND] == ABI_EV_REQUEST ? ABI_CMD_RESPOND : ABI_CMD_ABORT;
            cmd[ABI_C_STREAM] = ev[ABI_E_STREAM];
            cmd[ABI_C_STREAM_GEN] = ev[ABI_E_STREAM_GEN];
            memcpy(e->text, "200", 3);
            e->edits[0] = (struct head_edit){.op = EDIT_STATUS, .value_len = 3};
            cmd[ABI_C_NEDITS] = cmd[ABI_C_OP] == ABI_CMD_RESPOND;
        }
        ev += ev[ABI_E_KIND] == ABI_EV_END ? ABI_EVENT_END_WORDS : ABI_EVENT_WORDS;
    }
    return n;
}

static void engine_begin(uintptr_t thread)
{
    engines[thread] = eng_new((uint32_t)thread, sys_real(), policy, (void *)thread);
    BUG_ON(engines[thread] == NULL);
}

static void turn(struct eng *e)
{
    struct pollfd p = {.fd = e->poll_fd, .events = POLLIN};
    poll(&p, 1, 2);
    eng_turn(e);
}

/* A data thread's life, again and again: wait, serve, retire, be empty, end, be new. */
static void *engine_work(void *arg)
{
    uintptr_t thread = (uintptr_t)arg;
    int set = (int)thread / THREADS, empty_turns = 0;
    uint32_t http = 0;
    engine_begin(thread);
    for (;;) {
        struct eng *e = engines[thread];
        int order = atomic_load(&orders[set]), at = atomic_load(&reached[thread]);
        turn(e);
        if (order == END && at == WAIT)
            break;
        if (order == SERVE && at == WAIT) {
            eng_listen(e, 1);
            atomic_store(&reached[thread], SERVE);
        } else if (order == RETIRE && at == SERVE) {
            BUG_ON(eng_retire(e, pairs[set][0], &http, 1) != 0);
            atomic_store(&reached[thread], RETIRE);
            empty_turns = 0;
        } else if (order == RETIRE && at == RETIRE) {
            /* mail may be on its way still: another thread had just accepted */
            empty_turns = e->client_conns + e->streams_live == 0 ? empty_turns + 1 : 0;
            if (empty_turns == 5)
                atomic_store(&reached[thread], END);
        } else if (order == WAIT && at == END) {
            atomic_fetch_add(&moved, (uint32_t)e->count.moved_out);
            BUG_ON(e->count.bad_commands + e->count.unanswered + e->count.move_errors != 0);
            eng_free(e);
            engine_begin(thread);
            atomic_store(&reached[thread], WAIT);
        }
    }
    eng_free(engines[thread]);
    return NULL;
}

static int dial(void)
{
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    BUG_ON(fd < 0 || connect(fd, (struct sockaddr *)&in, sizeof(in)) != 0);
    return fd;
}

/* One answer; a connection that ends is a failure, and so is one that is told to. */
static void hear(int fd, int count)
{
    char text[1000];
    size_t len = 0;
    while (count > 0) {
        ssize_t n = recv(fd, text + len, sizeof(text) - 1 - len, 0);
        BUG_ON(n <= 0);
        len += (size_t)n;
        text[len] = 0;
        for (char *end; count > 0 && (end = strstr(text, "\r\n\r\n")) != NULL; count--) {
            BUG_ON(strncmp(text, "HTTP/1.1 200", 12) != 0 || strstr(text, "onnection: close") != NULL);
            len -= (size_t)(end + 4 - text);
            memmove(text, end + 4, len + 1);
            atomic_fetch_add(&answers, 1);
        }
    }
    BUG_ON(len != 0);
}

static void say(int fd, const char *text, size_t len)
{
    BUG_ON(send(fd, text, len, MSG_NOSIGNAL) != (ssize_t)len);
}

static void *client_work(void *arg)
{
    uint32_t random = (uint32_t)(uintptr_t)arg * 7919 + 11;
    int fd = dial();
    while (!atomic_load(&stop_clients)) {
        random = random * 1103515245u + 12345u;
        uint32_t what = random >> 16 & 7, split = random >> 20 & 15;
        if (what == 0) { /* in two pieces */
            say(fd, get, split + 1);
            sched_yield();
            say(fd, get + split + 1, sizeof(get) - 2 - split);
            hear(fd, 1);
        } else if (what == 1) { /* pipelined */
            say(fd, get, sizeof(get) - 1);
            say(fd, get, sizeof(get) - 1);
            hear(fd, 2);
        } else {
            say(fd, get, sizeof(get) - 1);
            hear(fd, 1);
        }
        if (what == 2)
            poll(NULL, 0, 1);
    }
    close(fd);
    return NULL;
}

/* Every thread of <set> has come so far; the control engine takes what is sent meanwhile. */
static void reach(int set, int what)
{
    for (int t = 0; t < THREADS; t++)
        while (atomic_load(&reached[set * THREADS + t]) != what) {
            uint32_t adopted, refused;
            int rc = eng_receive(engines[CONTROL], pairs[1 - set][1], &adopted, &refused);
            BUG_ON(refused != 0 || rc == 2);
            rc = eng_receive(engines[CONTROL], pairs[set][1], &adopted, &refused);
            BUG_ON(refused != 0 || rc == 2);
            turn(engines[CONTROL]);
        }
}

static void configure(void)
{
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(in);
    struct limits limits = {.bufsize = 16384, .maxrewrite = 1024, .max_fields = 101, .conns_max = 100000,
                            .threads = CONTROL + 1, .pool_max_bytes = 64u << 20};
    listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    BUG_ON(bind(listener, (struct sockaddr *)&in, sizeof(in)) != 0 || listen(listener, 512) != 0);
    BUG_ON(getsockname(listener, (struct sockaddr *)&in, &len) != 0);
    port = ntohs(in.sin_port);
    BUG_ON(process_init(live, 1, 0, 1, &limits) != 0);
    struct process *p = process_get();
    p->proxies[0].flags = ABI_PXF_HTTP;
    for (uint32_t t = 0; t < ABI_TIMEOUT_COUNT; t++)
        p->proxies[0].timeouts_ms[t] = 60000;
    p->listeners[0] = (struct listener_conf){.fd = listener, .max_accept = 4, .socket_id = SOCKET_ID};
}

int main(int argc, char **argv)
{
    int generations = argc > 1 ? atoi(argv[1]) : GENERATIONS;
    pthread_t threads[CONTROL], client_threads[CLIENTS];
    int idle[IDLE_CLIENTS];
    configure();
    engine_begin(CONTROL);
    for (int i = 0; i < SETS; i++)
        BUG_ON(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pairs[i]) != 0);
    for (uintptr_t i = 0; i < CONTROL; i++)
        BUG_ON(pthread_create(&threads[i], NULL, engine_work, (void *)i) != 0);
    atomic_store(&orders[0], SERVE);
    reach(0, SERVE);
    for (uintptr_t i = 0; i < CLIENTS; i++)
        BUG_ON(pthread_create(&client_threads[i], NULL, client_work, (void *)i) != 0);
    for (int i = 0; i < IDLE_CLIENTS; i++)
        idle[i] = dial();
    for (int g = 0; g < generations; g++) {
        int old = g % 2, new = 1 - old;
        memset(process_get()->cookies_seen, 0, COOKIES_SEEN_MAX * sizeof(uint64_t)); /* it is another process */
        atomic_store(&orders[new], SERVE);
        reach(new, SERVE);
        atomic_store(&orders[old], RETIRE);
        reach(old, END);
        say(idle[g % IDLE_CLIENTS], get, sizeof(get) - 1);
        atomic_store(&orders[old], WAIT);
        reach(old, WAIT);
        hear(idle[g % IDLE_CLIENTS], 1);
    }
    atomic_store(&stop_clients, 1);
    for (int i = 0; i < CLIENTS; i++)
        pthread_join(client_threads[i], NULL);
    for (int i = 0; i < IDLE_CLIENTS; i++)
        close(idle[i]);
    atomic_store(&orders[generations % 2], RETIRE);
    reach(generations % 2, END);
    for (int i = 0; i < SETS; i++)
        atomic_store(&orders[i], WAIT);
    reach(generations % 2, WAIT);
    for (int i = 0; i < SETS; i++)
        atomic_store(&orders[i], END);
    for (int i = 0; i < CONTROL; i++)
        pthread_join(threads[i], NULL);
    eng_free(engines[CONTROL]);
    BUG_ON(live_get(&live[0].w[ABI_LIVE_ACTCONN]) != 0 || atomic_load(&process_get()->pool_used_bytes) != 0);
    process_reset();
    BUG_ON(moved < (uint32_t)generations * IDLE_CLIENTS / 2);
    printf("engine handover threads: %d generations, %u moves, %u answers\n", generations, moved, answers);
    printf("engine handover threads: 1 passed, 0 failed\n"); /* else a BUG_ON ended it */
    return 0;
}
