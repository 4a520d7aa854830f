/* The engine's system calls for real: thin, no policy, EINTR retried where the kernel may say it. Owns nothing. */
#define _GNU_SOURCE
#include "sys.h"
#include "../fd/netns.h"
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <time.h>

#define FDS_MAX 253u /* descriptors of one message (SCM_MAX_FD) */
#define DATAGRAMS_MAX 64 /* messages of one sendmmsg */
#define WRITE_NOWAIT 8 /* RWF_NOWAIT of linux/fs.h */
#define PIPE_ATOMIC 4096 /* bytes a writable pipe takes whole (PIPE_BUF) */

static ssize_t real_recv(void *ctx, int fd, void *buf, size_t len)
{
    (void)ctx;
    ssize_t n;
    do {
        n = recv(fd, buf, len, MSG_DONTWAIT);
    } while (n < 0 && errno == EINTR);
    return n < 0 ? -errno : n;
}

static ssize_t real_sendv(void *ctx, int fd, const struct iovec *iov, int iov_len, int more)
{
    (void)ctx;
    ssize_t n;
    int flags = MSG_DONTWAIT | MSG_NOSIGNAL | (more ? MSG_MORE : 0);
    do {
        if (iov_len == 1) {
            n = send(fd, iov->iov_base, iov->iov_len, flags);
        } else {
            struct msghdr msg = {.msg_iov = (struct iovec *)(uintptr_t)iov, .msg_iovlen = (size_t)iov_len};
            n = sendmsg(fd, &msg, flags);
        }
    } while (n < 0 && errno == EINTR);
    return n < 0 ? -errno : n;
}

static int real_accept(void *ctx, int fd, struct sockaddr_storage *addr, socklen_t *addr_len)
{
    (void)ctx;
    int n = accept4(fd, (struct sockaddr *)addr, addr_len, SOCK_NONBLOCK | SOCK_CLOEXEC);
    return n < 0 ? -errno : n;
}

static int real_socket(void *ctx, int family, int type)
{
    (void)ctx;
    int n = socket(family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    return n < 0 ? -errno : n;
}

static int real_socket_in(void *ctx, int netns_fd, int family, int type)
{
    (void)ctx;
    return netns_socket(netns_fd, family, type);
}

static int real_connect(void *ctx, int fd, const void *addr, socklen_t addr_len)
{
    (void)ctx;
    return connect(fd, (const struct sockaddr *)addr, addr_len) < 0 ? -errno : 0;
}

static int real_sock_error(void *ctx, int fd)
{
    (void)ctx;
    int err = 0;
    socklen_t len = sizeof(err);
    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &err, &len) < 0)
        return -errno;
    return -err;
}

static int real_sock_set(void *ctx, int fd, int level, int name, int value)
{
    (void)ctx;
    return setsockopt(fd, level, name, &value, sizeof(value)) < 0 ? -errno : 0;
}

static int real_sock_name(void *ctx, int fd, int peer, struct sockaddr_storage *addr, socklen_t *addr_len)
{
    (void)ctx;
    int rc = peer ? getpeername(fd, (struct sockaddr *)addr, addr_len)
                  : getsockname(fd, (struct sockaddr *)addr, addr_len);
    return rc < 0 ? -errno : 0;
}

static int real_sock_get(void *ctx, int fd, int level, int name)
{
    (void)ctx;
    int value = 0;
    socklen_t len = sizeof(value);
    return getsockopt(fd, level, name, &value, &len) < 0 ? -errno : value;
}

static int real_sock_cookie(void *ctx, int fd, uint64_t *cookie_ret)
{
    (void)ctx;
    socklen_t len = sizeof(*cookie_ret);
    return getsockopt(fd, SOL_SOCKET, SO_COOKIE, cookie_ret, &len) < 0 ? -errno : 0;
}

union control {
    struct cmsghdr align;
    char bytes[CMSG_SPACE(FDS_MAX * sizeof(int))];
};

static int real_send_fds(void *ctx, int fd, const void *data, size_t len, const int *fds, uint32_t nfds)
{
    union control control;
    struct iovec iov = {.iov_base = (void *)(uintptr_t)data, .iov_len = len};
    struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control.bytes};
    (void)ctx;
    if (nfds == 0 || nfds > FDS_MAX)
        return -EINVAL;
    memset(&control, 0, sizeof(control));
    msg.msg_controllen = CMSG_SPACE(nfds * sizeof(int));
    struct cmsghdr *c = CMSG_FIRSTHDR(&msg);
    *c = (struct cmsghdr){.cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN(nfds * sizeof(int))};
    memcpy(CMSG_DATA(c), fds, nfds * sizeof(int));
    ssize_t n;
    do {
        n = sendmsg(fd, &msg, MSG_DONTWAIT | MSG_NOSIGNAL);
    } while (n < 0 && errno == EINTR);
    return n < 0 ? -errno : 0;
}

static ssize_t real_recv_fds(void *ctx, int fd, void *data, size_t len, int *fds, uint32_t *nfds)
{
    union control control;
    struct iovec iov = {.iov_base = data, .iov_len = len};
    struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control.bytes,
                         .msg_controllen = CMSG_SPACE(MIN(*nfds, FDS_MAX) * sizeof(int))};
    uint32_t got = 0, max = MIN(*nfds, FDS_MAX);
    ssize_t n;
    (void)ctx;
    do {
        n = recvmsg(fd, &msg, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    } while (n < 0 && errno == EINTR);
    *nfds = 0;
    if (n < 0)
        return -errno;
    for (struct cmsghdr *c = CMSG_FIRSTHDR(&msg); c != NULL; c = CMSG_NXTHDR(&msg, c)) {
        if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
            continue;
        uint32_t count = (uint32_t)((c->cmsg_len - CMSG_LEN(0)) / sizeof(int));
        count = MIN(count, max - got);
        memcpy(fds + got, CMSG_DATA(c), count * sizeof(int));
        got += count;
    }
    *nfds = got;
    return (msg.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) ? -EMSGSIZE : n;
}

static int real_shutdown(void *ctx, int fd, int how)
{
    (void)ctx;
    return shutdown(fd, how) < 0 ? -errno : 0;
}

static int real_linger_reset(void *ctx, int fd)
{
    (void)ctx;
    struct linger l = {.l_onoff = 1, .l_linger = 0};
    return setsockopt(fd, SOL_SOCKET, SO_LINGER, &l, sizeof(l)) < 0 ? -errno : 0;
}

static int real_close(void *ctx, int fd)
{
    (void)ctx;
    return close(fd) < 0 ? -errno : 0;
}

static ssize_t real_splice(void *ctx, int fd_in, int fd_out, size_t len, int more)
{
    (void)ctx;
    unsigned flags = SPLICE_F_MOVE | SPLICE_F_NONBLOCK | (more ? SPLICE_F_MORE : 0);
    ssize_t n;
    do {
        n = splice(fd_in, NULL, fd_out, NULL, len, flags);
    } while (n < 0 && errno == EINTR);
    return n < 0 ? -errno : n;
}

static int real_pipe(void *ctx, int fds[2])
{
    (void)ctx;
    return pipe2(fds, O_NONBLOCK | O_CLOEXEC) < 0 ? -errno : 0;
}

static int real_poll_create(void *ctx)
{
    (void)ctx;
    int n = epoll_create1(EPOLL_CLOEXEC);
    return n < 0 ? -errno : n;
}

static int real_poll_ctl(void *ctx, int poll_fd, int op, int fd, uint32_t events, uint64_t data)
{
    (void)ctx;
    struct epoll_event ev = {.events = events, .data.u64 = data};
    return epoll_ctl(poll_fd, op, fd, &ev) < 0 ? -errno : 0;
}

static int real_poll_wait(void *ctx, int poll_fd, struct epoll_event *events, int max, int wait_ms)
{
    (void)ctx;
    int n = epoll_wait(poll_fd, events, max, wait_ms);
    return n < 0 ? (errno == EINTR ? 0 : -errno) : n;
}

static int real_timer_create(void *ctx)
{
    (void)ctx;
    int n = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    return n < 0 ? -errno : n;
}

static int real_timer_set(void *ctx, int fd, uint64_t at_ms)
{
    (void)ctx;
    struct itimerspec its = {
        .it_value = {.tv_sec = (time_t)(at_ms / 1000), .tv_nsec = (long)(at_ms % 1000) * 1000000}};
    if (at_ms != 0 && its.it_value.tv_sec == 0 && its.it_value.tv_nsec == 0)
        its.it_value.tv_nsec = 1;
    return timerfd_settime(fd, TFD_TIMER_ABSTIME, &its, NULL) < 0 ? -errno : 0;
}

static int real_wake_create(void *ctx)
{
    (void)ctx;
    int n = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    return n < 0 ? -errno : n;
}

static int real_wake_signal(void *ctx, int fd)
{
    (void)ctx;
    uint64_t one = 1;
    return write(fd, &one, sizeof(one)) < 0 ? -errno : 0;
}

static int real_wake_clear(void *ctx, int fd)
{
    (void)ctx;
    uint64_t count;
    return read(fd, &count, sizeof(count)) < 0 ? -errno : 0;
}

static uint64_t clock_ms(clockid_t id)
{
    struct timespec ts;
    clock_gettime(id, &ts);
    return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

static uint64_t real_mono_ms(void *ctx)
{
    (void)ctx;
    return clock_ms(CLOCK_MONOTONIC);
}

static uint64_t real_wall_ms(void *ctx)
{
    (void)ctx;
    return clock_ms(CLOCK_REALTIME);
}

static int real_send_datagrams(void *ctx, int fd, const struct iovec *iov, int count)
{
    (void)ctx;
    struct mmsghdr msgs[DATAGRAMS_MAX];
    count = MIN(count, DATAGRAMS_MAX);
    memset(msgs, 0, sizeof(msgs[0]) * (size_t)count);
    for (int i = 0; i < count; i++) {
        msgs[i].msg_hdr.msg_iov = (struct iovec *)(uintptr_t)&iov[i];
        msgs[i].msg_hdr.msg_iovlen = 1;
    }
    int n = sendmmsg(fd, msgs, (unsigned)count, MSG_DONTWAIT | MSG_NOSIGNAL);
    return n < 0 ? -errno : n;
}

/* A descriptor that others may share (stdout) is never made non-blocking: it is asked whether it would take a line. */
static int real_write_line(void *ctx, int fd, const void *buf, size_t len)
{
    (void)ctx;
    struct pollfd p = {.fd = fd, .events = POLLOUT};
    if (len > PIPE_ATOMIC)
        len = PIPE_ATOMIC;
    if (poll(&p, 1, 0) != 1 || !(p.revents & POLLOUT))
        return -EAGAIN;
    /* another thread may have filled the pipe since poll looked; the descriptor is not ours to make non-blocking */
    struct iovec iov = {.iov_base = (void *)(uintptr_t)buf, .iov_len = len};
    ssize_t n = syscall(SYS_pwritev2, fd, &iov, 1, -1L, -1L, WRITE_NOWAIT); /* not in every libc */
    if (n < 0 && (errno != EAGAIN || lseek(fd, 0, SEEK_CUR) >= 0)) /* a kernel or a file that does not know it */
        n = write(fd, buf, len);
    else if (n < 0)
        return -EAGAIN;
    return n < 0 ? -errno : (int)n;
}

const struct sys *sys_real(void)
{
    static const struct sys real = {
        .recv = real_recv,
        .sendv = real_sendv,
        .accept = real_accept,
        .socket = real_socket,
        .socket_in = real_socket_in,
        .connect = real_connect,
        .sock_error = real_sock_error,
        .sock_set = real_sock_set,
        .sock_name = real_sock_name,
        .sock_get = real_sock_get,
        .sock_cookie = real_sock_cookie,
        .send_fds = real_send_fds,
        .recv_fds = real_recv_fds,
        .shutdown = real_shutdown,
        .linger_reset = real_linger_reset,
        .close = real_close,
        .splice = real_splice,
        .pipe = real_pipe,
        .poll_create = real_poll_create,
        .poll_ctl = real_poll_ctl,
        .poll_wait = real_poll_wait,
        .timer_create = real_timer_create,
        .timer_set = real_timer_set,
        .wake_create = real_wake_create,
        .wake_signal = real_wake_signal,
        .wake_clear = real_wake_clear,
        .mono_ms = real_mono_ms,
        .wall_ms = real_wall_ms,
        .send_datagrams = real_send_datagrams,
        .write_line = real_write_line,
    };
    return &real;
}
