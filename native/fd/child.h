/* Children without Node's bookkeeping: a master that has re-executed itself is still the parent of its workers, but no
 * ChildProcess object of the new program knows them. So children are started and waited for by their number alone. */
#ifndef SLUICE_FD_CHILD_H
#define SLUICE_FD_CHILD_H

#include <stddef.h>
#include <sys/types.h>

/* Descriptors a child is given at most. */
#define CHILD_FDS_MAX 16

struct child_plan {
    const char *path;
    char *const *argv;
    char *const *envp;
    /* Become 0, 1, 2… of the child, which has no others; -1 = /dev/null. */
    const int *fds;
    size_t fds_len;
};

/* Starts a child that the kernel kills when this thread's process is gone; its number, or -errno (also when the
 * program cannot be executed). Its signals are all default and none is blocked. */
pid_t child_start(const struct child_plan *plan);

/* 1 = it ended and <status_ret> says how (128 + signal, else its code), 0 = it runs, -ECHILD = not ours. */
int child_wait(pid_t pid, int *status_ret);

/* Asks the kernel for SIGKILL when the parent is gone: lost with a change of user, so asked for again after one. */
int child_dies_with_parent(void);

/* Replaces this program. <keep> stay open in it; every other descriptor is closed if it was close-on-exec. Comes back
 * only with -errno, everything as before. */
int exec_self(const char *path, char *const argv[], char *const envp[], const int *keep, size_t keep_len);

#endif
