/* The raw transport: bytes pass as they are. It translates results into the conn's sticky flags and nothing else. */
#include "eng.h"
#include <errno.h>

static ssize_t raw_recv(struct conn *c, void *buf, uint32_t len)
{
    return c->eng->sys->recv(c->eng->sys->ctx, c->fd, buf, len);
}

static ssize_t raw_sendv(struct conn *c, const struct iovec *iov, int iov_len, int more)
{
    return c->eng->sys->sendv(c->eng->sys->ctx, c->fd, iov, iov_len, more);
}

static uint32_t raw_pending(const struct conn *c)
{
    (void)c;
    return 0;
}

const struct xprt xprt_raw = {
    .name = "raw", .recv = raw_recv, .sendv = raw_sendv, .pending = raw_pending, .can_splice = 1};
