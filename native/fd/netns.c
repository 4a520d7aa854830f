/* The way into a namespace and back. The one word of state is where home is: opened once, by main, before anybody leaves. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "netns.h"
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <sys/socket.h>

enum {
    NAME_LEN_MAX = 256 /* bytes of a path below */
};

static int home_fd = -1;

int netns_open(const char *name)
{
    char path[NAME_LEN_MAX];
    BUG_ON(name == NULL);
    if (name[0] == 0 || strchr(name, '/') != NULL || name[0] == '.')
        return -EINVAL;
    if (snprintf(path, sizeof(path), "/var/run/netns/%s", name) >= (int)sizeof(path))
        return -ENAMETOOLONG;
    if (home_fd < 0)
        home_fd = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
    if (home_fd < 0)
        return -errno;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    BUG_ON(fd >= 0 && fd == home_fd);
    return fd < 0 ? -errno : fd;
}

int netns_socket(int ns_fd, int family, int type)
{
    BUG_ON(ns_fd < 0 || family < 0);
    BUG_ON(type != SOCK_STREAM && type != SOCK_DGRAM);
    if (home_fd < 0)
        return -EINVAL; /* netns_open has never given a descriptor */
    if (setns(ns_fd, CLONE_NEWNET) < 0)
        return -errno;
    int fd = socket(family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    int err = errno;
    BUG_ON(setns(home_fd, CLONE_NEWNET) < 0); /* it would serve the wrong network from now on */
    return fd < 0 ? -err : fd;
}
