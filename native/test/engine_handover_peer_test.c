/* What a hostile or a broken sender may say to who takes connections over: every packet but the good one is refused, its
 * descriptors are closed, and what was there before goes on. */
#include "sim_moves.h"
#include <netinet/in.h>
#include <stdio.h>

static int cases_passed, cases_failed;

static void check(int ok, const char *name, const char *what)
{
    if (ok)
        return;
    fprintf(stderr, "FAILED %s: %s\n", name, what);
    cases_failed++;
}

static struct handover_packet packet;
static int fds[3];

/* A good packet of two, and one descriptor more. */
static void make(void)
{
    memset(&packet, 0, sizeof(packet));
    packet.head = (struct handover_head){.magic = HANDOVER_MAGIC, .version = HANDOVER_VERSION, .count = 2};
    for (int i = 0; i < 3; i++) {
        fds[i] = sim_fd_new(SIM_SOCKET);
        packet.records[i] = (struct handover_record){
            .socket_id = MOVES_SOCKET_ID, .nrequests = 1, .cookie = sim.fds[fds[i]].cookie};
    }
}

static void take(const char *name, size_t len, uint32_t nfds, uint32_t adopted, uint32_t refused)
{
    moves.adopted = moves.refused = 0;
    BUG_ON(sim_send_fds(NULL, moves.pair, &packet, len, fds, nfds) != 0);
    for (int i = 0; i < 3; i++)
        sim.fds[fds[i]].in_flight = 0;
    moves_receive();
    moves_wait(0);
    check(moves.adopted == adopted && moves.refused == refused, name, "is judged");
    int closed = 0;
    for (uint32_t i = 0; i < nfds; i++)
        closed += sim.fds[fds[i]].closed || sim.fds[fds[i]].kind == 0;
    check(closed == (int)(nfds - adopted), name, "what is refused is closed");
    check(moves.successor->client_conns == adopted, name, "what is adopted is there");
    for (uint32_t i = nfds; i < 3; i++)
        sim.fds[fds[i]].closed = 1; /* never sent */
    moves_end();
    cases_passed++;
}

static void begin(void)
{
    moves_begin();
    moves_serve();
    eng_listen(moves.worker, 0);
    make();
}

#define TAKE(name, change, len, nfds, adopted, refused)                                                               \
    do {                                                                                                              \
        begin();                                                                                                      \
        change;                                                                                                       \
        take(name, len, nfds, adopted, refused);                                                                      \
    } while (0)

static void packets(void)
{
    const size_t two = HANDOVER_PACKET_LEN(2);
    TAKE("a good packet", (void)0, two, 2, 2, 0);
    TAKE("another magic", packet.head.magic++, two, 2, 0, 2);
    TAKE("another version", packet.head.version++, two, 2, 0, 2);
    TAKE("no record", packet.head.count = 0, sizeof(packet.head), 1, 0, 1);
    TAKE("too many records", packet.head.count = HANDOVER_RECORDS_MAX + 1, sizeof(packet), 2, 0, 2);
    TAKE("half a head", (void)0, sizeof(packet.head) - 1, 1, 0, 1);
    TAKE("half a record", (void)0, two - 1, 2, 0, 2);
    TAKE("more than its records", (void)0, two + 1, 2, 0, 2);
    TAKE("a descriptor too few", (void)0, two, 1, 0, 1);
    TAKE("a descriptor too many", (void)0, two, 3, 0, 3);
}

static void records(void)
{
    const size_t two = HANDOVER_PACKET_LEN(2);
    struct handover_record *r = &packet.records[0];
    uint16_t family = AF_INET;
    TAKE("a socket nobody has", r->socket_id = 99, two, 2, 1, 1);
    TAKE("no socket", r->socket_id = 0, two, 2, 1, 1);
    TAKE("an unknown flag", r->flags = 0x80, two, 2, 1, 1);
    TAKE("something in the padding", r->pad[5] = 1, two, 2, 1, 1);
    TAKE("another's cookie", r->cookie++, two, 2, 1, 1);
    TAKE("no cookie", r->cookie = 0, two, 2, 1, 1);
    TAKE("an address that nobody gave", r->source_len = 16, two, 2, 1, 1);
    TAKE("an address too long", (r->flags = HANDOVER_PROXIED, r->source_len = 255), two, 2, 1, 1);
    TAKE("an address of no family", (r->flags = HANDOVER_PROXIED, r->source_len = 16), two, 2, 1, 1);
    TAKE("an address", (r->flags = HANDOVER_PROXIED, r->source_len = 16, memcpy(r->source, &family, 2)), two, 2, 2, 0);
    TAKE("idle since before there was time", r->idle_ms = UINT32_MAX, two, 2, 2, 0);
    TAKE("a listening socket", sim.fds[fds[0]].kind = SIM_LISTENER, two, 2, 1, 1);
    TAKE("no socket at all", sim.fds[fds[0]].kind = SIM_TIMER, two, 2, 1, 1);
}

/* The same socket twice: in one packet, and in the next one. */
static void twice(void)
{
    begin();
    packet.records[1].cookie = sim.fds[fds[1]].cookie = sim.fds[fds[0]].cookie;
    take("the same twice", HANDOVER_PACKET_LEN(2), 2, 1, 1);
    begin();
    BUG_ON(sim_send_fds(NULL, moves.pair, &packet, HANDOVER_PACKET_LEN(2), fds, 2) != 0);
    sim.fds[fds[0]].in_flight = sim.fds[fds[1]].in_flight = 0;
    moves_receive();
    int again = sim_fd_new(SIM_SOCKET);
    sim.fds[again].cookie = sim.fds[fds[1]].cookie;
    packet.records[0] = packet.records[1];
    packet.head.count = 1;
    BUG_ON(sim_send_fds(NULL, moves.pair, &packet, HANDOVER_PACKET_LEN(1), &again, 1) != 0);
    sim.fds[again].in_flight = 0;
    moves_receive();
    check(moves.adopted == 2 && moves.refused == 1 && sim.fds[again].closed, "the same again", "is refused");
    moves_wait(0);
    sim.fds[fds[2]].closed = 1; /* never sent */
    moves_end();
    cases_passed++;
}

/* Nothing is taken before somebody can serve it; the end is told. */
static void order(void)
{
    moves_begin();
    eng_listen(moves.worker, 0);
    make();
    BUG_ON(sim_send_fds(NULL, moves.pair, &packet, HANDOVER_PACKET_LEN(2), fds, 2) != 0);
    sim.fds[fds[0]].in_flight = sim.fds[fds[1]].in_flight = 0;
    moves_receive();
    check(sim_pair_queued(moves.pair) == 1, "order", "nobody listens: it stays in the queue");
    moves_serve();
    sim_pair_end(moves.pair);
    moves_receive();
    check(moves.adopted == 2 && moves.last_receive == 2, "order", "then it is taken, and the end is told");
    moves_wait(0);
    sim.fds[fds[2]].closed = 1;
    moves_end();
    cases_passed++;
}

int main(void)
{
    packets();
    records();
    twice();
    order();
    printf("engine handover peer: %d passed, %d failed\n", cases_passed, cases_failed);
    return cases_failed != 0;
}
