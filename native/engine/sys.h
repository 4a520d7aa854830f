/* The system calls of the engine as one table, given at creation: the real ones, or a simulation that cuts writes short,
 * says EAGAIN and resets at any byte. Every entry returns >= 0 or -errno; <ctx> belongs to whoever made the table. */
#ifndef SLUICE_ENGINE_SYS_H
#define SLUICE_ENGINE_SYS_H

#include "../base.h"
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/uio.h>

struct epoll_event;

struct sys {
    void *ctx;
    ssize_t (*recv)(void *ctx, int fd, void *buf, size_t len);
    ssize_t (*sendv)(void *ctx, int fd, const struct iovec *iov, int iov_len, int more);
    int (*accept)(void *ctx, int fd, struct sockaddr_storage *addr, socklen_t *addr_len);
    int (*socket)(void *ctx, int family, int type);
    int (*socket_in)(void *ctx, int netns_fd, int family, int type); /* NULL: there are no namespaces */
    int (*connect)(void *ctx, int fd, const void *addr, socklen_t addr_len);
    int (*sock_error)(void *ctx, int fd); /* SO_ERROR: 0 or -errno */
    int (*sock_set)(void *ctx, int fd, int level, int name, int value);
    int (*sock_name)(void *ctx, int fd, int peer, struct sockaddr_storage *addr, socklen_t *addr_len);
    int (*sock_get)(void *ctx, int fd, int level, int name); /* an option's value, or -errno */
    int (*sock_cookie)(void *ctx, int fd, uint64_t *cookie_ret); /* SO_COOKIE */
    /* One message with descriptors, whole or not at all. */
    int (*send_fds)(void *ctx, int fd, const void *data, size_t len, const int *fds, uint32_t nfds);
    /* One message: its length, 0 when the other end is closed, -EMSGSIZE when bytes or descriptors were cut off. *nfds in:
     * how many fit (253 at most), out: how many there are, each close-on-exec and the caller's whatever is returned. */
    ssize_t (*recv_fds)(void *ctx, int fd, void *data, size_t len, int *fds, uint32_t *nfds);
    int (*shutdown)(void *ctx, int fd, int how);
    int (*linger_reset)(void *ctx, int fd); /* the next close sends RST */
    int (*close)(void *ctx, int fd);
    ssize_t (*splice)(void *ctx, int fd_in, int fd_out, size_t len, int more);
    int (*pipe)(void *ctx, int fds[2]);
    int (*poll_create)(void *ctx);
    int (*poll_ctl)(void *ctx, int poll_fd, int op, int fd, uint32_t events, uint64_t data);
    /* Waits at most <wait_ms>. */
    int (*poll_wait)(void *ctx, int poll_fd, struct epoll_event *events, int max, int wait_ms);
    int (*timer_create)(void *ctx);
    int (*timer_set)(void *ctx, int fd, uint64_t at_ms); /* absolute, monotonic */
    int (*wake_create)(void *ctx);                       /* eventfd */
    int (*wake_signal)(void *ctx, int fd);
    int (*wake_clear)(void *ctx, int fd); /* also clears a timer's expiry */
    uint64_t (*mono_ms)(void *ctx);
    uint64_t (*wall_ms)(void *ctx);
    int (*send_datagrams)(void *ctx, int fd, const struct iovec *iov, int count); /* sent, or -errno */
    int (*write_line)(void *ctx, int fd, const void *buf, size_t len); /* a whole line without blocking */
};

/* The real table; one for all threads, stateless. */
const struct sys *sys_real(void);

#endif
