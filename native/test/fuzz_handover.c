/* Any bytes as a packet with descriptors, from a peer that is no friend: nothing is read beyond the message, no descriptor is
 * left open, what is adopted is counted, and every connection can be closed again. The first byte says how many descriptors
 * come with it, the second which of them are sockets, the third whether cookies come twice. */
#include "sim_moves.h"

static int begun;

/* Every connection that was made is given up by its client; all is as before. */
static void after(const int *fds, uint32_t nfds, int open)
{
    struct process *p = process_get();
    for (uint32_t i = 0; i < nfds; i++)
        if (sim.fds[fds[i]].kind != 0 && !sim.fds[fds[i]].closed)
            sim_rst(fds[i]);
    moves_wait(1);
    for (int fd = 3; fd < SIM_FDS; fd++)
        if (sim.fds[fd].kind == SIM_SOCKET && sim.fds[fd].closed)
            sim_recycle(fd);
    BUG_ON(moves.successor->client_conns + moves.successor->streams_live != 0);
    BUG_ON(live_get(&live_process(p)->w[ABI_LIVE_ACTCONN]) != 0);
    BUG_ON(sim_open_fds() != open);
    memset(p->cookies_seen, 0, COOKIES_SEEN_MAX * sizeof(*p->cookies_seen));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int fds[253];
    if (size < 4 || size > 9000) /* an empty message is the end */
        return 0;
    if (!begun) {
        moves_begin();
        moves_serve();
        begun = 1;
    }
    int open = sim_open_fds();
    uint32_t nfds = 1 + data[0] % 80;
    moves.adopted = moves.refused = 0;
    for (uint32_t i = 0; i < nfds; i++) {
        int is_socket = data[1] >> (i % 8) & 1;
        fds[i] = is_socket || i > 40 ? sim_fd_new(SIM_SOCKET) : sim_listener();
        BUG_ON(fds[i] < 0);
        sim.fds[fds[i]].cookie = 1 + (data[2] & 1 ? i : i / 2); /* which a record may well name */
    }
    uint8_t *exact = malloc(size - 2);
    BUG_ON(exact == NULL);
    memcpy(exact, data + 3, size - 3);
    BUG_ON(sim_send_fds(NULL, moves.pair, exact, size - 3, fds, nfds) != 0);
    for (uint32_t i = 0; i < nfds; i++)
        sim.fds[fds[i]].in_flight = 0; /* the sender has closed its own */
    free(exact);
    moves_receive();
    moves_wait(0);
    BUG_ON(moves.adopted > nfds || moves.adopted + moves.refused < nfds);
    BUG_ON(sim_open_fds() > open + 2 * (int)moves.adopted); /* tcp: a server connection each */
    after(fds, nfds, open);
    return 0;
}
