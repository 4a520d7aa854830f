/* Sockets in a network namespace (setns(2), ip-netns(8)): the calling thread goes there, makes the socket, and comes back. */
#ifndef SLUICE_FD_NETNS_H
#define SLUICE_FD_NETNS_H

#include "../base.h"

/* A descriptor of the namespace that `ip netns` calls <name>, or -errno. For the main thread while it starts: threads
 * begun later may use what it gives. */
int netns_open(const char *name);

/* socket(2) inside the namespace of <ns_fd>: the socket, or -errno. A thread that cannot come back ends the process. */
int netns_socket(int ns_fd, int family, int type);

#endif
