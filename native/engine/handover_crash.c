/* The sending side of handover.h when the process is dying: after a fatal signal, on the alternate stack of whichever
 * thread crashed first, or after an exception of JavaScript in its thread; the others are parked. Nothing here may trust
 * the heap, take a lock, call libc beyond memcpy, or assert: the slab of connections lies in its own mapping, and a conn
 * is believed only as far as its state word, its owner and its bounds agree. What is not sent is lost, which is what
 * happens to all of them without this file. */
#define _GNU_SOURCE
#include "eng.h"
#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>

#define POLL_MS 1 /* a full queue is looked at again so much later */

static struct handover_packet packet; /* one crash, one sender: no stack of unknown size is needed */
static union {
    struct cmsghdr align;
    char bytes[CMSG_SPACE(HANDOVER_RECORDS_MAX * sizeof(int))];
} control;

static uint64_t crash_now_ms(void)
{
    struct timespec ts = {0};
    syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

/* 1 sent, 0 not in time, -1 nobody takes anything any more. */
static int crash_send(int fd, uint32_t count, uint64_t deadline_ms)
{
    size_t fds_len = count * sizeof(int);
    struct iovec iov = {.iov_base = &packet, .iov_len = HANDOVER_PACKET_LEN(count)};
    struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control.bytes,
                         .msg_controllen = CMSG_SPACE(fds_len)};
    packet.head = (struct handover_head){
        .magic = HANDOVER_MAGIC, .version = HANDOVER_VERSION, .count = (uint16_t)count};
    control.align = (struct cmsghdr){.cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN(fds_len)};
    for (;;) {
        if (syscall(SYS_sendmsg, fd, &msg, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0)
            return 1;
        if (errno != EAGAIN && errno != ETOOMANYREFS && errno != ENOBUFS && errno != ENOMEM && errno != EINTR)
            return -1;
        if (crash_now_ms() >= deadline_ms)
            return 0;
        struct pollfd p = {.fd = fd, .events = POLLOUT};
        struct timespec wait = {.tv_nsec = POLL_MS * 1000000L};
        /* a full queue says when it has room; too many descriptors in flight do not */
        syscall(SYS_ppoll, &p, errno == EAGAIN ? 1 : 0, &wait, NULL, 0);
    }
}

/* The socket is the one that the conn was made for: a wrong descriptor would give one client another's connection. */
static int crash_socket_ok(const struct conn *c, uint64_t *cookie_ret)
{
    socklen_t len = sizeof(*cookie_ret);
    *cookie_ret = 0;
    if (c->fd < 0 || syscall(SYS_getsockopt, c->fd, SOL_SOCKET, SO_COOKIE, cookie_ret, &len) < 0)
        return 0;
    return c->cookie == 0 || c->cookie == *cookie_ret;
}

static int crash_may_move(const struct process *p, const struct conn *c)
{
    return c->magic == CONN_MAGIC && conn_is_idle(c) && c->side == CONN_FRONT && (c->flags & CONN_ALIVE) &&
           c->stream == NULL && c->in_len == 0 && c->out.len == 0 && c->listener < p->nlisteners &&
           p->listeners[c->listener].socket_id != 0;
}

uint32_t handover_at_crash(int fd, uint64_t deadline_ms, uint32_t *left_ret)
{
    struct process *p = process_get();
    uint32_t sent = 0, left = 0, count = 0;
    int open = 1;
    *left_ret = 0;
    if (p->magic != PROCESS_MAGIC || p->conns == NULL || p->listeners == NULL)
        return 0;
    uint64_t now_ms = crash_now_ms();
    uint32_t end = MIN(atomic_load(&p->conns_used_end), p->limits.conns_max);
    for (uint32_t i = 0; i <= end; i++) {
        uint64_t cookie;
        const struct conn *c = &p->conns[i < end ? i : 0];
        if (i < end && crash_may_move(p, c) && crash_socket_ok(c, &cookie)) {
            handover_fill(&packet.records[count], c, p->listeners[c->listener].socket_id, now_ms);
            packet.records[count].cookie = cookie;
            memcpy(CMSG_DATA(&control.align) + count * sizeof(int), &c->fd, sizeof(int));
            count++;
        }
        if (count == HANDOVER_RECORDS_MAX || (i == end && count > 0)) {
            int rc = open ? crash_send(fd, count, deadline_ms) : 0;
            *(rc == 1 ? &sent : &left) += count;
            open = rc == 1;
            count = 0;
        }
    }
    *left_ret = left;
    return sent;
}
