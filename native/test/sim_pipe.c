/* splice(2) of the simulated kernel (sim_sys.h): a pipe is a queue of bytes at its writing end. Off unless a test says
 * can_splice: the engine then copies, as it does where the kernel refuses. */
#include "sim_sys.h"
#include <errno.h>
#include <sys/epoll.h>

#define PIPE_BYTES 65536u /* as the kernel's default */

int sim_pipe(void *ctx, int fds[2])
{
    (void)ctx;
    fds[0] = sim_fd_new(SIM_PIPE);
    if (fds[0] < 0)
        return fds[0];
    fds[1] = sim_fd_new(SIM_PIPE);
    if (fds[1] < 0) {
        sim_fd_of(fds[0])->closed = 1;
        sim_recycle(fds[0]);
        return fds[1];
    }
    sim_fd_of(fds[0])->peer = fds[1];
    return 0;
}

static ssize_t from_socket(struct sim_fd *in, struct sim_fd *pipe, size_t len)
{
    uint32_t have = in->rx.len - in->rx.off, room = PIPE_BYTES - (pipe->tx.len - pipe->tx.off);
    if (in->rx_reset)
        return -ECONNRESET;
    if (have == 0)
        return in->rx_fin ? 0 : -EAGAIN;
    uint32_t n = MIN(MIN(have, room), (uint32_t)len);
    if (n == 0)
        return -EAGAIN;
    if (sim.recv_max != 0)
        n = MIN(n, sim.recv_max);
    sim_bytes_put(&pipe->tx, in->rx.mem + in->rx.off, n);
    in->rx.off += n;
    if (in->rx.off < in->rx.len)
        sim_edge(in, EPOLLIN);
    return n;
}

static ssize_t to_socket(struct sim_fd *pipe, struct sim_fd *out, size_t len)
{
    uint32_t have = pipe->tx.len - pipe->tx.off;
    BUG_ON(out->closed || out->shut);
    if (out->rx_reset)
        return -EPIPE;
    int64_t room = sim_room(out);
    if (room < 0)
        return (ssize_t)room;
    uint32_t n = (uint32_t)MIN(MIN((int64_t)have, room), (int64_t)len);
    BUG_ON(n == 0);
    sim_bytes_put(&out->tx, pipe->tx.mem + pipe->tx.off, n);
    pipe->tx.off += n;
    if (pipe->tx.off == pipe->tx.len)
        pipe->tx.off = pipe->tx.len = 0;
    out->since_block += n;
    if (sim.send_max != 0 || sim.send_window != 0)
        sim_edge(out, EPOLLOUT);
    return n;
}

ssize_t sim_splice(void *ctx, int in, int out, size_t len, int more)
{
    struct sim_fd *a = sim_fd_of(in), *b = sim_fd_of(out);
    (void)ctx, (void)more;
    if (!sim.can_splice)
        return -EINVAL;
    BUG_ON((a->kind == SIM_PIPE) == (b->kind == SIM_PIPE));
    return a->kind == SIM_PIPE ? to_socket(sim_fd_of(a->peer), b, len) : from_socket(a, b, len);
}
