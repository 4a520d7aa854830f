/* The other side of the simulated kernel (sim_sys.h): what peers do, and what tests look at. */
#include "sim_sys.h"
#include <sys/epoll.h>

int sim_listener(void)
{
    return sim_fd_new(SIM_LISTENER);
}

void sim_knock(int listener)
{
    sim_fd_of(listener)->accept_left++;
}

void sim_push(int fd, const void *data, uint32_t len)
{
    struct sim_fd *f = sim_fd_of(fd);
    sim_bytes_put(&f->rx, data, len);
    sim_edge(f, EPOLLIN);
}

void sim_fin(int fd)
{
    struct sim_fd *f = sim_fd_of(fd);
    f->rx_fin = 1;
    sim_edge(f, EPOLLIN | EPOLLRDHUP);
}

void sim_rst(int fd)
{
    struct sim_fd *f = sim_fd_of(fd);
    f->rx_reset = 1;
    sim_edge(f, EPOLLIN | EPOLLERR | EPOLLHUP | EPOLLRDHUP);
}

void sim_finish_connect(int fd, int refused)
{
    struct sim_fd *f = sim_fd_of(fd);
    f->connecting = 0;
    f->refused = refused;
    sim_edge(f, refused ? EPOLLOUT | EPOLLERR | EPOLLHUP : EPOLLOUT);
}

const char *sim_written(int fd)
{
    struct sim_fd *f = &sim.fds[fd];
    return f->tx.mem == NULL ? "" : (const char *)f->tx.mem;
}

void sim_forget_written(int fd)
{
    struct sim_fd *f = sim_fd_of(fd);
    f->tx.len = 0;
    if (f->tx.mem != NULL)
        f->tx.mem[0] = 0;
}

void sim_stall(int fd)
{
    sim_fd_of(fd)->stalled = 1;
}

void sim_unstall(int fd)
{
    struct sim_fd *f = sim_fd_of(fd);
    f->stalled = 0;
    sim_edge(f, EPOLLOUT);
}

void sim_recycle(int fd)
{
    struct sim_fd *f = sim_fd_of(fd);
    BUG_ON(!f->closed);
    free(f->rx.mem);
    free(f->tx.mem);
    memset(f, 0, sizeof(*f));
}

int sim_open_fds(void)
{
    int n = 0;
    for (int i = 0; i < SIM_FDS; i++)
        n += sim.fds[i].kind != 0 && !sim.fds[i].closed;
    return n;
}
