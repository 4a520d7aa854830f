/* Starts and waits for children (child.h). vfork: the parent's memory is large and the child needs none of it; between
 * vfork and exec only system calls happen, with all signals blocked, so that no callback of Node's runs in the child. */
#define _GNU_SOURCE
#include "child.h"
#include "base.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#ifndef SYS_close_range
#define SYS_close_range 436
#endif
/* Descriptors that are closed one by one where the kernel cannot close them at once. */
#define OTHERS_MAX 65536u

/* What Node ignores or catches means nothing to the next program. */
static void reset_signals(void)
{
    struct sigaction plain;
    memset(&plain, 0, sizeof(plain));
    plain.sa_handler = SIG_DFL;
    STATIC_ASSERT(NSIG > SIGSYS);
    for (int s = 1; s < NSIG; s++)
        sigaction(s, &plain, NULL); /* KILL, STOP and libc's own refuse */
}

/* Puts <fds> in their places: first all out of the way, then each to its number. 0 or -errno. */
static int place_fds(const int *fds, size_t fds_len)
{
    int moved[CHILD_FDS_MAX];
    BUG_ON(fds_len > CHILD_FDS_MAX);
    for (size_t i = 0; i < fds_len; i++) {
        int from = fds[i] < 0 ? open("/dev/null", O_RDWR | O_CLOEXEC) : fds[i];
        if (from < 0)
            return -errno;
        moved[i] = fcntl(from, F_DUPFD_CLOEXEC, (int)fds_len);
        if (moved[i] < 0)
            return -errno;
    }
    for (size_t i = 0; i < fds_len; i++)
        if (dup2(moved[i], (int)i) < 0) /* without close-on-exec */
            return -errno;
    return 0;
}

/* What a parent of ours left open is nobody's here: Node marks only those it finds without a gap. */
static void close_others(unsigned first)
{
    struct rlimit limit = {.rlim_cur = OTHERS_MAX};
    BUG_ON(first > CHILD_FDS_MAX);
    if (syscall(SYS_close_range, first, ~0u, 0) == 0)
        return;
    getrlimit(RLIMIT_NOFILE, &limit); /* an older kernel */
    STATIC_ASSERT(OTHERS_MAX > CHILD_FDS_MAX);
    for (unsigned fd = first; fd < MIN(limit.rlim_cur, OTHERS_MAX); fd++)
        close((int)fd);
}

__attribute__((noreturn)) static void become(const struct child_plan *plan, pid_t parent, const sigset_t *mask,
                                             volatile int *error_ret)
{
    reset_signals();
    int rc = place_fds(plan->fds, plan->fds_len);
    if (rc == 0 && prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
        rc = -errno;
    if (rc == 0 && getppid() != parent)
        rc = -ESRCH; /* it died before the kernel was asked */
    if (rc == 0) {
        close_others((unsigned)plan->fds_len);
        sigprocmask(SIG_SETMASK, mask, NULL);
        execve(plan->path, plan->argv, plan->envp);
        rc = -errno;
    }
    BUG_ON(rc >= 0);
    *error_ret = rc;
    _exit(127);
}

pid_t child_start(const struct child_plan *plan)
{
    BUG_ON(plan == NULL || plan->path == NULL);
    BUG_ON(plan->argv == NULL || plan->envp == NULL);
    if (plan->fds_len > CHILD_FDS_MAX)
        return -EINVAL;
    volatile int error = 0;
    sigset_t all, none, old;
    sigfillset(&all);
    sigemptyset(&none);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    pid_t parent = getpid();
    pid_t pid = vfork();
    if (pid == 0)
        become(plan, parent, &none, &error);
    int fork_error = errno;
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    if (pid < 0)
        return -fork_error;
    if (error != 0) {
        waitpid(pid, NULL, 0);
        return error;
    }
    return pid;
}

int child_wait(pid_t pid, int *status_ret)
{
    BUG_ON(pid <= 0);
    BUG_ON(status_ret == NULL);
    int status = 0;
    pid_t rc;
    do
        rc = waitpid(pid, &status, WNOHANG);
    while (rc < 0 && errno == EINTR);
    if (rc <= 0)
        return rc < 0 ? -errno : 0;
    *status_ret = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
    return 1;
}

int child_dies_with_parent(void)
{
    return prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 ? -errno : 0;
}

static int set_cloexec(int fd, int on)
{
    int flags = fcntl(fd, F_GETFD);
    if (flags < 0)
        return -errno;
    return fcntl(fd, F_SETFD, on ? flags | FD_CLOEXEC : flags & ~FD_CLOEXEC) < 0 ? -errno : 0;
}

int exec_self(const char *path, char *const argv[], char *const envp[], const int *keep, size_t keep_len)
{
    BUG_ON(path == NULL || argv == NULL || envp == NULL);
    BUG_ON(keep_len > 0 && keep == NULL);
    size_t done = 0;
    int rc = 0;
    while (done < keep_len && rc == 0) {
        rc = set_cloexec(keep[done], 0);
        if (rc == 0)
            done++;
    }
    if (rc == 0) {
        execve(path, argv, envp);
        rc = -errno;
    }
    while (done > 0)
        set_cloexec(keep[--done], 1);
    return rc;
}
