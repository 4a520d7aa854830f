/* Packets with descriptors (packet.h). Nothing here owns state. */
#include "packet.h"
#include "base.h"
#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

/* Space for the control message of a full packet. */
union control {
    struct cmsghdr header;
    char bytes[CMSG_SPACE(PACKET_FDS_MAX * sizeof(int))];
};

int packet_pair(int fds_ret[2])
{
    BUG_ON(fds_ret == NULL);
    int type = SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK;
    if (socketpair(AF_UNIX, type, 0, fds_ret) < 0)
        return -errno;
    BUG_ON(fds_ret[0] < 0 || fds_ret[1] < 0);
    return 0;
}

int packet_send(int fd, const void *data, size_t data_len, const int *fds, size_t fds_len)
{
    BUG_ON(data == NULL);
    BUG_ON(fds_len > 0 && fds == NULL);
    /* an empty packet would look like the end to the receiver */
    if (data_len == 0 || data_len > PACKET_BYTES_MAX || fds_len > PACKET_FDS_MAX)
        return -EINVAL;
    union control control;
    struct iovec part = {.iov_base = (void *)data, .iov_len = data_len};
    struct msghdr m = {.msg_iov = &part, .msg_iovlen = 1};
    if (fds_len > 0) {
        memset(&control, 0, sizeof(control));
        m.msg_control = control.bytes;
        m.msg_controllen = CMSG_SPACE(fds_len * sizeof(int));
        struct cmsghdr *c = CMSG_FIRSTHDR(&m);
        c->cmsg_level = SOL_SOCKET;
        c->cmsg_type = SCM_RIGHTS;
        c->cmsg_len = CMSG_LEN(fds_len * sizeof(int));
        memcpy(CMSG_DATA(c), fds, fds_len * sizeof(int));
    }
    ssize_t n;
    do
        n = sendmsg(fd, &m, MSG_DONTWAIT | MSG_NOSIGNAL);
    while (n < 0 && errno == EINTR);
    BUG_ON(n >= 0 && (size_t)n != data_len);
    return n < 0 ? -errno : 0;
}

static void close_all(const int *fds, size_t fds_len)
{
    for (size_t i = 0; i < fds_len; i++)
        close(fds[i]);
}

/* Gathers what came along; whatever else a peer attached is not kept. */
static size_t take_fds(struct msghdr *m, int fds_ret[PACKET_FDS_MAX])
{
    size_t count = 0;
    for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c != NULL; c = CMSG_NXTHDR(m, c)) {
        if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS || c->cmsg_len < CMSG_LEN(0))
            continue;
        size_t here = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (size_t i = 0; i < here; i++) {
            int fd;
            memcpy(&fd, CMSG_DATA(c) + i * sizeof(int), sizeof(fd));
            if (count < PACKET_FDS_MAX)
                fds_ret[count++] = fd;
            else
                close(fd);
        }
    }
    BUG_ON(count > PACKET_FDS_MAX);
    return count;
}

ssize_t packet_receive(int fd, void *data, size_t size, int fds_ret[PACKET_FDS_MAX], size_t *fds_len_ret)
{
    BUG_ON(data == NULL || size == 0);
    BUG_ON(fds_ret == NULL || fds_len_ret == NULL);
    union control control;
    struct iovec part = {.iov_base = data, .iov_len = size};
    struct msghdr m = {.msg_iov = &part,
                       .msg_iovlen = 1,
                       .msg_control = control.bytes,
                       .msg_controllen = sizeof(control.bytes)};
    *fds_len_ret = 0;
    ssize_t n;
    do
        n = recvmsg(fd, &m, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    while (n < 0 && errno == EINTR);
    if (n < 0)
        return -errno;
    size_t count = take_fds(&m, fds_ret);
    if (m.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) {
        close_all(fds_ret, count);
        return -EMSGSIZE;
    }
    *fds_len_ret = count;
    return n;
}
