/* Messages with descriptors in the simulated kernel: a pair is one queue of whole messages. A descriptor that was sent keeps
 * its number for whoever receives it; that is right as long as the sender closes its own before. */
#include "sim_sys.h"
#include <errno.h>
#include <sys/epoll.h>

struct sim_message {
    struct sim_message *next;
    size_t len;
    uint32_t nfds;
    int fds[253];
    uint8_t bytes[];
};

int sim_pair(void)
{
    int fd = sim_fd_new(SIM_PAIR);
    BUG_ON(fd < 0);
    return fd;
}

void sim_pair_end(int fd)
{
    sim_fd_of(fd)->rx_fin = 1;
}

int sim_pair_queued(int fd)
{
    int n = 0;
    for (const struct sim_message *m = sim_fd_of(fd)->messages; m != NULL; m = m->next)
        n++;
    return n;
}

void sim_pair_free(struct sim_fd *f)
{
    while (f->messages != NULL) {
        struct sim_message *m = f->messages;
        f->messages = m->next;
        free(m);
    }
}

int sim_send_fds(void *ctx, int fd, const void *data, size_t len, const int *fds, uint32_t nfds)
{
    struct sim_fd *f = sim_fd_of(fd);
    struct sim_message **at = &f->messages;
    (void)ctx;
    BUG_ON(f->kind != SIM_PAIR || nfds == 0 || nfds > 253);
    if (sim.pair_error != 0)
        return sim.pair_error;
    if (sim.pair_room != 0 && sim_pair_queued(fd) >= sim.pair_room)
        return -EAGAIN;
    struct sim_message *m = malloc(sizeof(*m) + len);
    BUG_ON(m == NULL);
    m->next = NULL;
    m->len = len;
    m->nfds = nfds;
    memcpy(m->fds, fds, nfds * sizeof(*fds));
    memcpy(m->bytes, data, len);
    for (uint32_t i = 0; i < nfds; i++) {
        BUG_ON(sim_fd_of(fds[i])->closed || sim_fd_of(fds[i])->in_flight);
        sim_fd_of(fds[i])->in_flight = 1;
    }
    while (*at != NULL)
        at = &(*at)->next;
    *at = m;
    return 0;
}

ssize_t sim_recv_fds(void *ctx, int fd, void *data, size_t len, int *fds, uint32_t *nfds)
{
    struct sim_fd *f = sim_fd_of(fd);
    struct sim_message *m = f->messages;
    uint32_t max = *nfds;
    (void)ctx;
    *nfds = 0;
    if (m == NULL)
        return f->rx_fin ? 0 : -EAGAIN;
    f->messages = m->next;
    ssize_t n = m->len <= len && m->nfds <= max ? (ssize_t)m->len : -EMSGSIZE;
    memcpy(data, m->bytes, MIN(m->len, len));
    for (uint32_t i = 0; i < m->nfds; i++) {
        struct sim_fd *sent = sim_fd_of(m->fds[i]);
        BUG_ON(sent->in_flight); /* the sender has it open, and would read from it */
        if (i < max)
            fds[(*nfds)++] = m->fds[i];
        else
            sent->closed = 1;
    }
    free(m);
    return n;
}

int sim_sock_get(void *ctx, int fd, int level, int name)
{
    (void)ctx, (void)level;
    if (name == SO_TYPE)
        return sim_fd_of(fd)->kind == SIM_SOCKET || sim_fd_of(fd)->kind == SIM_LISTENER ? SOCK_STREAM : -ENOTSOCK;
    return name == SO_ACCEPTCONN && sim_fd_of(fd)->kind == SIM_LISTENER;
}

int sim_sock_cookie(void *ctx, int fd, uint64_t *cookie_ret)
{
    (void)ctx;
    *cookie_ret = sim_fd_of(fd)->cookie;
    return 0;
}
