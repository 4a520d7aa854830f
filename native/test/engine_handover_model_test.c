/* Random clients of workers that are replaced all the time: requests whole, in pieces and pipelined, fast and slow answers,
 * reads and writes cut short, queues that are full, successors that go away, listeners that disappear, clients that leave.
 * Every request is answered once and in order, and no connection is closed bare under a client that was not told so.
 * Usage: engine_handover_model_test [SEED [COUNT]]. */
#include "sim_moves.h"
#include "sim_seeded.h"
#include <errno.h>

enum { RUNS = 120, STEPS = 3000, CLIENTS = 24, REQUESTS_MAX = 6, TEXT = 4096 };

struct client {
    int fd; /* -1: not connected */
    uint32_t listener;
    uint32_t asked, answered; /* requests written whole or in part, answers read */
    uint32_t unsent;          /* bytes of the last request that have not left */
    char rest[200];
    uint32_t read;       /* bytes of what the engine wrote that were looked at */
    int told, left;      /* an answer said close; it closed its own side */
    uint64_t quiet_from; /* its last byte */
};

static struct client clients[CLIENTS];
static uint32_t total_answers, total_moved, total_generations, total_quiet, total_closes;
static int retiring, ending, dying; /* dying: the way to the successor is closed */
static uint64_t retired_ms;

static void connect_client(struct client *c)
{
    memset(c, 0, sizeof(*c));
    c->listener = one_in(4) ? MOVES_OTHER : MOVES_HTTP;
    uint32_t before = (uint32_t)sim.accepted;
    c->fd = moves_client(c->listener);
    BUG_ON((uint32_t)sim.accepted != before + 1);
    c->quiet_from = sim.now_ms;
}

/* The engine has closed: right when it said so, when the client had left, or after a quiet time of a retirement. */
static void closed(struct client *c)
{
    BUG_ON(c->unsent > 0 && !c->told); /* half a request, or one that is open */
    if (!c->told && !c->left) {
        BUG_ON(c->answered != c->asked);
        BUG_ON(sim.now_ms < c->quiet_from + RETIRE_QUIET_MS);
        total_quiet++;
    }
    total_closes++;
    sim_recycle(c->fd);
    c->fd = -1;
}

/* Whole answers of what was written so far; each must be the one to the oldest open request. */
static void read_answers(struct client *c)
{
    for (;;) {
        const char *text = sim_written(c->fd) + c->read, *end = strstr(text, "\r\n\r\n"), *length;
        char want[32];
        if (end == NULL)
            return;
        BUG_ON(strncmp(text, "HTTP/1.1 200", 12) != 0);
        length = strstr(text, "ontent-length: ");
        BUG_ON(length == NULL || length > end);
        uint32_t len = (uint32_t)atoi(length + 15);
        if (strlen(end + 4) < len)
            return;
        BUG_ON(c->told || c->answered >= c->asked);
        const char *id = strchr(strchr(end + 4 + 1, '/'), '/') + 1; /* "/now/<id>" */
        snprintf(want, sizeof(want), "%d.%u", (int)(c - clients), c->answered);
        BUG_ON(strlen(want) != len - (uint32_t)(id - end - 4) || strncmp(id, want, strlen(want)) != 0);
        const char *close = strstr(text, "onnection: close");
        c->told = close != NULL && close < end;
        c->answered++;
        c->read += (uint32_t)(end + 4 - text) + len;
        c->quiet_from = sim.now_ms;
        total_answers++;
    }
}

static void push_some(struct client *c)
{
    uint32_t n = one_in(3) ? 1 + (uint32_t)pick(c->unsent) : c->unsent;
    sim_push(c->fd, c->rest + strlen(c->rest) - c->unsent, n);
    c->unsent -= n;
    c->quiet_from = sim.now_ms;
}

static void client_act(struct client *c)
{
    if (c->fd < 0) {
        if (!ending && !retiring)
            connect_client(c);
        return;
    }
    if (c->left || c->told)
        return;
    if (c->unsent > 0) {
        push_some(c);
    } else if (!ending && c->asked - c->answered < REQUESTS_MAX && !one_in(3)) {
        snprintf(c->rest, sizeof(c->rest), "GET /%s/%d.%u HTTP/1.1\r\nhost: a\r\n\r\n", one_in(3) ? "wait" : "now",
                 (int)(c - clients), c->asked);
        c->asked++;
        c->unsent = (uint32_t)strlen(c->rest);
        push_some(c);
    } else if (one_in(40) && c->answered == c->asked) {
        c->left = 1;
        if (one_in(2))
            sim_fin(c->fd);
        else
            sim_rst(c->fd);
    }
}

static void look(void)
{
    for (int i = 0; i < CLIENTS; i++) {
        struct client *c = &clients[i];
        if (c->fd < 0)
            continue;
        read_answers(c);
        if (c->told && !c->left) { /* as a client should: it closes, too */
            c->left = 1;
            sim_fin(c->fd);
        }
        if (sim.fds[c->fd].closed)
            closed(c);
    }
}

/* Outside of turns: a moved connection lies in exactly one process or in the pair. */
static void environment(void)
{
    static const uint32_t sizes[] = {0, 0, 0, 1, 7, 100};
    switch (pick(5)) {
    case 0: sim.send_window = sizes[pick(ARRAY_LEN(sizes))] * 5; return;
    case 1: sim.recv_max = sizes[pick(ARRAY_LEN(sizes))] * 2; return;
    case 2: sim.pair_room = (int)pick(3); return;
    case 3: sim.pair_error = dying ? -EPIPE : one_in(2) ? -EAGAIN : 0; return;
    default: sim.now_ms += pick(30);
    }
}

static void generation(void)
{
    static const uint32_t both[] = {MOVES_HTTP, MOVES_OTHER};
    if (!retiring && one_in(60)) {
        dying = one_in(6);
        sim.pair_error = 0;
        moves_serve();
        moves_retire(both, one_in(3) ? 1 : 2);
        if (dying)
            sim.pair_error = one_in(2) ? -EPIPE : -ECONNREFUSED;
        retired_ms = sim.now_ms;
        retiring = 1;
    } else if (retiring && moves.worker->client_conns == 0 && sim_pair_queued(moves.pair) == 0) {
        total_moved += (uint32_t)moves.worker->count.moved_out;
        moves_next();
        retiring = dying = 0;
        sim.pair_error = 0;
        total_generations++;
    } else if (retiring && one_in(20)) {
        sim.now_ms += pick(RETIRE_QUIET_MS); /* who has nothing to say is not waited for forever */
    }
}

static void step(void)
{
    client_act(&clients[pick(CLIENTS)]);
    if (one_in(30))
        environment();
    generation();
    if (one_in(3))
        moves_receive();
    if (one_in(2))
        moves_turn();
    sim.now_ms += one_in(4);
    look();
}

static int open_clients(void)
{
    int n = 0;
    for (int i = 0; i < CLIENTS; i++)
        n += clients[i].fd >= 0 && (clients[i].asked != clients[i].answered || clients[i].unsent > 0);
    return n;
}

/* What was asked is answered, then all leave. */
static void settle(void)
{
    ending = 1;
    sim.send_window = sim.recv_max = 0;
    sim.pair_room = 0;
    sim.pair_error = dying ? -EPIPE : 0;
    for (int i = 0; i < 4000 && open_clients() > 0; i++) {
        for (int k = 0; k < CLIENTS; k++)
            client_act(&clients[k]);
        moves_wait(5);
        moves_receive();
        look();
    }
    BUG_ON(open_clients() != 0);
    for (int i = 0; i < CLIENTS; i++)
        if (clients[i].fd >= 0 && !clients[i].left) {
            clients[i].left = 1;
            sim_fin(clients[i].fd);
        }
    for (int i = 0; i < 10; i++) {
        moves_wait(5);
        moves_receive();
        look();
    }
    for (int i = 0; i < CLIENTS; i++)
        BUG_ON(clients[i].fd >= 0);
    BUG_ON(moves.refused != 0);
}

int main(int argc, char **argv)
{
    uint64_t first = argc > 1 ? strtoull(argv[1], NULL, 0) : 1;
    uint64_t count = argc > 2 ? strtoull(argv[2], NULL, 0) : argc > 1 ? 1 : RUNS;
    for (uint64_t seed = first; seed < first + count; seed++) {
        seeded_begin(argv[0], seed);
        retiring = ending = dying = 0;
        moves_begin();
        for (int i = 0; i < CLIENTS; i++)
            clients[i].fd = -1;
        for (int i = 0; i < STEPS; i++)
            step();
        settle();
        moves_end();
    }
    printf("engine handover model: %u generations, %u moves, %u answers, %u closed, %u of them after a quiet time\n",
           total_generations, total_moved, total_answers, total_closes, total_quiet);
    BUG_ON(total_moved == 0 || total_generations == 0);
    printf("engine handover model: %llu passed, 0 failed\n", (unsigned long long)count); /* else a BUG_ON ended it */
    return 0;
}
