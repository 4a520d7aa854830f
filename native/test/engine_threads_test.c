/* Two engines in two threads of one process, over real sockets: each is proxy and origin at once, clients come and go, ask
 * once or often, leave early or half way. One server with a small maxconn makes them queue behind each other, share its idle
 * connections and hand accepted ones over. Then again, while one of the engines ends and begins anew all the time. Every
 * answer must be whole, every count come back to zero; `make tsan` looks for races. Usage: engine_threads_test [REQUESTS]. */
#include "../engine/eng.h"
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>

enum { ENGINES = 2, CLIENTS = 4, REQUESTS = 1500, MAXCONN = 3, BODY = 3000, PROXY = 0, ORIGIN = 1, LIFE = 60 };

static struct live live[8];
static struct eng *engines[ENGINES];
static _Atomic int stop_engines, listening;
static _Atomic uint32_t answers, ends, begun, waits, lives;
static int restarts; /* the first engine ends after LIFE answers, and another takes its place */
static uint32_t requests = REQUESTS;
static uint16_t ports[2];

static uint32_t *command(struct eng *e, uint32_t *n, const uint32_t *ev, uint32_t op)
{
    uint32_t *cmd = e->commands + (*n)++ * ABI_COMMAND_WORDS;
    memset(cmd, 0, ABI_COMMAND_WORDS * sizeof(*cmd));
    cmd[ABI_C_OP] = op;
    cmd[ABI_C_STREAM] = ev[ABI_E_STREAM];
    cmd[ABI_C_STREAM_GEN] = ev[ABI_E_STREAM_GEN];
    return cmd;
}

/* Status and body lie at the same place in every batch's text. */
static void respond(struct eng *e, uint32_t *n, const uint32_t *ev, int status)
{
    uint32_t *cmd = command(e, n, ev, ABI_CMD_RESPOND);
    snprintf((char *)e->text, 16, "200503");
    memset(e->text + 16, 'x', BODY);
    e->edits[0] = (struct head_edit){.op = EDIT_STATUS, .text_off = 0, .value_len = 3};
    e->edits[1] = (struct head_edit){.op = EDIT_STATUS, .text_off = 3, .value_len = 3};
    cmd[ABI_C_EDITS] = status != 200;
    cmd[ABI_C_NEDITS] = 1;
    cmd[ABI_C_BODY] = 16;
    cmd[ABI_C_BODY_LEN] = status == 200 ? BODY : 0;
}

static void forward(struct eng *e, uint32_t *n, const uint32_t *ev)
{
    uint32_t *cmd = command(e, n, ev, ABI_CMD_FORWARD);
    cmd[ABI_C_FLAGS] = ABI_FWD_KEEP_SERVER | ABI_FWD_REUSE_IDLE | ABI_FWD_REUSE_UNSAFE | ABI_FWD_SLOT |
                       ABI_FWD_ABORT_ON_CLOSE;
}

static void on_request(struct eng *e, uint32_t *n, const uint32_t *ev)
{
    atomic_fetch_add(&begun, 1);
    if (ev[ABI_E_LISTENER] == ORIGIN) {
        respond(e, n, ev, 200);
        return;
    }
    if (slot_try(e->proc, 0)) {
        forward(e, n, ev);
        return;
    }
    uint32_t *cmd = command(e, n, ev, ABI_CMD_QUEUE);
    cmd[ABI_C_SERVER] = ABI_NONE;
    cmd[ABI_C_REASONS] = ABI_WAKE_DEADLINE | ABI_WAKE_ABORT;
    cmd[ABI_C_DEADLINE_MS] = 20000;
    atomic_fetch_add(&waits, 1);
}

static uint32_t policy(void *ctx, uint32_t nevents)
{
    struct eng *e = engines[(uintptr_t)ctx];
    const uint32_t *ev = e->events;
    uint32_t n = 0;
    for (uint32_t i = 0; i < nevents; i++) {
        switch (ev[ABI_E_KIND]) {
        case ABI_EV_REQUEST: on_request(e, &n, ev); break;
        case ABI_EV_BAD_REQUEST:
            atomic_fetch_add(&begun, 1);
            command(e, &n, ev, ABI_CMD_ABORT);
            break;
        case ABI_EV_FAIL:
        case ABI_EV_BAD_RESPONSE: respond(e, &n, ev, 503); break;
        case ABI_EV_WAKE:
            if (ev[ABI_E_REASON] == ABI_WAKE_SLOT)
                forward(e, &n, ev);
            else
                command(e, &n, ev, ABI_CMD_ABORT);
            break;
        case ABI_EV_END: atomic_fetch_add(&ends, 1); break;
        default: break;
        }
        ev += ev[ABI_E_KIND] == ABI_EV_END ? ABI_EVENT_END_WORDS : ABI_EVENT_WORDS;
    }
    return n;
}

static struct eng *engine_begin(uintptr_t index)
{
    struct eng *e = eng_new((uint32_t)index, sys_real(), policy, (void *)index);
    BUG_ON(e == NULL);
    engines[index] = e;
    eng_listen(e, 1);
    return e;
}

static void *engine_work(void *arg)
{
    uintptr_t index = (uintptr_t)arg;
    struct eng *e = engine_begin(index);
    uint32_t died_at = 0;
    atomic_fetch_add(&listening, 1);
    int stopped = 0;
    for (int idle_turns = 0; idle_turns < 20;) {
        struct pollfd p = {.fd = e->poll_fd, .events = POLLIN};
        poll(&p, 1, 20);
        eng_turn(e);
        if (atomic_load(&stop_engines) && !stopped) {
            eng_listen(e, 0);
            eng_stop(e);
            stopped = 1;
        }
        if (restarts && index == 0 && !stopped && atomic_load(&answers) > died_at + LIFE) {
            died_at = atomic_load(&answers);
            eng_free(e);
            e = engine_begin(index);
            atomic_fetch_add(&lives, 1);
        }
        idle_turns = stopped && e->streams_live + e->client_conns == 0 ? idle_turns + 1 : 0;
    }
    BUG_ON(!restarts && (e->count.bad_commands != 0 || e->count.unanswered != 0));
    eng_free(e);
    return NULL;
}

static int dial(uint16_t port)
{
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    BUG_ON(fd < 0 || connect(fd, (struct sockaddr *)&in, sizeof(in)) != 0);
    return fd;
}

/* Reads one answer of 200 with its body, or a 503; 0 when the connection ended instead. */
static int answer(int fd)
{
    char text[BODY + 2000];
    size_t len = 0;
    for (;;) {
        ssize_t n = recv(fd, text + len, sizeof(text) - 1 - len, 0);
        if (n <= 0)
            return 0;
        len += (size_t)n;
        text[len] = 0;
        char *end = strstr(text, "\r\n\r\n");
        if (end == NULL)
            continue;
        BUG_ON(strncmp(text, "HTTP/1.1 200", 12) != 0 && strncmp(text, "HTTP/1.1 503", 12) != 0);
        size_t body = text[9] == '2' ? BODY : 0, want = (size_t)(end + 4 - text) + body;
        BUG_ON(len > want);
        if (len < want)
            continue;
        for (size_t i = 0; i < body; i++)
            BUG_ON(end[4 + i] != 'x');
        return 1;
    }
}

static void *client_work(void *arg)
{
    static const char get[] = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
    uint32_t random = (uint32_t)(uintptr_t)arg * 7919 + 11;
    int fd = -1;
    for (uint32_t i = 0; i < requests; i++) {
        random = random * 1103515245u + 12345u;
        uint32_t what = random >> 16 & 15;
        if (fd < 0)
            fd = dial(ports[PROXY]);
        size_t len = what == 0 ? 9 : sizeof(get) - 1;
        BUG_ON(send(fd, get, len, MSG_NOSIGNAL) != (ssize_t)len && errno != EPIPE && errno != ECONNRESET);
        int whole = what > 2 && answer(fd); /* 0: half a request, 1 and 2: leaves before the answer */
        atomic_fetch_add(&answers, (uint32_t)whole);
        if (what == 1)
            BUG_ON(setsockopt(fd, SOL_SOCKET, SO_LINGER, &(struct linger){1, 0}, sizeof(struct linger)) != 0);
        if (!whole || what == 3) {
            close(fd);
            fd = -1;
        }
    }
    if (fd >= 0)
        close(fd);
    return NULL;
}

static int listener(uint16_t *port_ret)
{
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(in);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    BUG_ON(fd < 0 || bind(fd, (struct sockaddr *)&in, sizeof(in)) != 0 || listen(fd, 128) != 0);
    BUG_ON(getsockname(fd, (struct sockaddr *)&in, &len) != 0);
    *port_ret = ntohs(in.sin_port);
    return fd;
}

static void configure(struct process *p)
{
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    for (uint32_t i = 0; i < 2; i++) {
        p->proxies[i].flags = ABI_PXF_HTTP;
        for (uint32_t t = 0; t < ABI_TIMEOUT_COUNT; t++)
            p->proxies[i].timeouts_ms[t] = 20000;
        p->listeners[i] = (struct listener_conf){.fd = listener(&ports[i]), .proxy = i, .max_accept = 4};
    }
    in.sin_port = htons(ports[ORIGIN]);
    p->servers[0].pool_max = ABI_NONE;
    p->servers[0].addr_len = sizeof(in);
    memcpy(p->servers[0].addr, &in, sizeof(in));
    atomic_store(&live_server(p, 0)->w[ABI_LIVE_SV_STATE], 1);
    atomic_store(&live_server(p, 0)->w[ABI_LIVE_SV_MAXCONN], MAXCONN);
}

static void play(void)
{
    struct limits limits = {.bufsize = 16384, .maxrewrite = 1024, .max_fields = 101, .conns_max = 2000,
                            .threads = ENGINES, .pool_max_bytes = 64u << 20, .idle_shared = 1};
    pthread_t engine_threads[ENGINES], client_threads[CLIENTS];
    atomic_store(&stop_engines, 0);
    begun = ends = answers = waits = 0;
    listening = 0;
    memset(live, 0, sizeof(live));
    BUG_ON(process_init(live, 2, 1, 2, &limits) != 0);
    struct process *p = process_get();
    configure(p);
    for (uintptr_t i = 0; i < ENGINES; i++)
        BUG_ON(pthread_create(&engine_threads[i], NULL, engine_work, (void *)i) != 0);
    while (atomic_load(&listening) < ENGINES)
        sched_yield();
    for (uintptr_t i = 0; i < CLIENTS; i++)
        BUG_ON(pthread_create(&client_threads[i], NULL, client_work, (void *)i) != 0);
    for (int i = 0; i < CLIENTS; i++)
        pthread_join(client_threads[i], NULL);
    atomic_store(&stop_engines, 1);
    for (int i = 0; i < ENGINES; i++)
        pthread_join(engine_threads[i], NULL);
    for (int i = 0; i < 2; i++)
        close(p->listeners[i].fd);
    BUG_ON(answers == 0 || (!restarts && (begun != ends || answers < requests * CLIENTS / 2)));
    BUG_ON(live_get(&live[0].w[ABI_LIVE_ACTCONN]) != 0);
    BUG_ON(live_get(&live_proxy(p, 0)->w[ABI_LIVE_PX_BECONN]) != 0);
    BUG_ON(live_get(&live_proxy(p, 0)->w[ABI_LIVE_PX_QUEUED]) != 0);
    struct live *sv = live_server(p, 0);
    BUG_ON(live_get(&sv->w[ABI_LIVE_SV_SERVED]) != 0 || live_get(&sv->w[ABI_LIVE_SV_IDLE]) != 0);
    BUG_ON(live_get(&sv->w[ABI_LIVE_SV_SERVED_MAX]) > MAXCONN || atomic_load(&p->pool_used_bytes) != 0);
    printf("engine threads: %u streams, %u answers, %u waited in the queue, %u engines died\n", begun, answers, waits,
           lives);
    process_reset();
}

int main(int argc, char **argv)
{
    requests = argc > 1 ? (uint32_t)atoi(argv[1]) : REQUESTS;
    play();
    restarts = 1;
    play();
    BUG_ON(lives == 0);
    printf("engine threads: 2 passed, 0 failed\n"); /* else a BUG_ON ended it */
    return 0;
}
