/* Packets between processes of one program: a SOCK_SEQPACKET pair keeps the borders of messages, and each packet may
 * carry descriptors (SCM_RIGHTS). The caller owns every descriptor that it passes or receives. */
#ifndef SLUICE_FD_PACKET_H
#define SLUICE_FD_PACKET_H

#include <stddef.h>
#include <sys/types.h>

/* Descriptors of one packet: the kernel's own limit, SCM_MAX_FD. */
#define PACKET_FDS_MAX 253
/* Bytes of one packet. */
#define PACKET_BYTES_MAX 65536

/* Two ends, non-blocking and close-on-exec; 0 or -errno. */
int packet_pair(int fds_ret[2]);

/* The whole packet or nothing: 0, or -errno (-EAGAIN: the peer has not read enough yet). */
int packet_send(int fd, const void *data, size_t data_len, const int *fds, size_t fds_len);

/* Bytes of the next packet, 0 at the end, or -errno. A packet that does not fit, or that lost descriptors on its way,
 * is -EMSGSIZE: what came with it is closed. Received descriptors are close-on-exec. */
ssize_t packet_receive(int fd, void *data, size_t size, int fds_ret[PACKET_FDS_MAX], size_t *fds_len_ret);

#endif
