/* Packets with descriptors between two ends, children by their number, files in memory: on the real kernel, because what
 * is tested here is how the kernel is asked. */
#define _GNU_SOURCE
#include "../fd/child.h"
#include "../fd/hold.h"
#include "../fd/memory_file.h"
#include "../fd/packet.h"
#include "http1_case.h"
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static int open_count(void)
{
    int count = 0;
    for (int fd = 0; fd < 1024; fd++)
        count += fcntl(fd, F_GETFD) >= 0;
    return count;
}

static void packets_keep_their_borders(void)
{
    int ends[2], fds[PACKET_FDS_MAX];
    char text[64];
    size_t count = 9;
    CHECK(packet_pair(ends) == 0, "pair");
    CHECK(packet_send(ends[0], "one", 3, NULL, 0) == 0, "send");
    CHECK(packet_send(ends[0], "three", 5, NULL, 0) == 0, "send");
    CHECK(packet_receive(ends[1], text, sizeof(text), fds, &count) == 3 && count == 0, "count %zu", count);
    CHECK(packet_receive(ends[1], text, sizeof(text), fds, &count) == 5, "second");
    CHECK(packet_receive(ends[1], text, sizeof(text), fds, &count) == -EAGAIN, "nothing left");
    CHECK(packet_send(ends[0], "", 0, NULL, 0) == -EINVAL, "an empty packet is refused");
    close(ends[0]);
    CHECK(packet_receive(ends[1], text, sizeof(text), fds, &count) == 0, "the end");
    CHECK(packet_send(ends[1], "x", 1, NULL, 0) == -EPIPE, "no SIGPIPE");
    close(ends[1]);
}

static void descriptors_travel(void)
{
    int ends[2], fds[PACKET_FDS_MAX], got[PACKET_FDS_MAX];
    char text[8];
    size_t count;
    int before = open_count();
    CHECK(packet_pair(ends) == 0, "pair");
    for (int i = 0; i < PACKET_FDS_MAX; i++)
        fds[i] = ends[0];
    CHECK(packet_send(ends[0], "all", 3, fds, PACKET_FDS_MAX) == 0, "send");
    CHECK(packet_receive(ends[1], text, sizeof(text), got, &count) == 3, "receive");
    CHECK(count == PACKET_FDS_MAX, "%zu", count);
    for (size_t i = 0; i < count; i++) {
        CHECK((fcntl(got[i], F_GETFD) & FD_CLOEXEC) != 0, "close-on-exec");
        close(got[i]);
    }
    /* what does not fit is closed, not lost in our table */
    CHECK(packet_send(ends[0], "too long for it", 15, fds, 5) == 0, "send");
    CHECK(packet_receive(ends[1], text, 4, got, &count) == -EMSGSIZE && count == 0, "%zu", count);
    close(ends[0]);
    close(ends[1]);
    CHECK(open_count() == before, "%d descriptors, %d before", open_count(), before);
}

/* Waits for the end of a child. */
static int status_of(pid_t pid)
{
    int status = -1;
    siginfo_t info;
    waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT);
    CHECK(child_wait(pid, &status) == 1, "it has ended");
    return status;
}

static pid_t shell(const char *script, const int *fds, size_t fds_len)
{
    char *argv[] = {"sh", "-c", (char *)script, NULL};
    char *envp[] = {"WORD=here", NULL};
    struct child_plan plan = {"/bin/sh", argv, envp, fds, fds_len};
    return child_start(&plan);
}

static void children_are_known_by_number(void)
{
    int status, pipe_fds[2];
    char text[64] = "";
    CHECK(pipe2(pipe_fds, O_CLOEXEC) == 0, "pipe");
    int fds[] = {-1, pipe_fds[1], 2, pipe_fds[1]};
    CHECK(dup2(2, 200) == 200, "an open descriptor far behind the others");
    pid_t pid = shell("echo $WORD; echo three >&3; [ -e /proc/self/fd/200 ] && echo leak; exit 7", fds, 4);
    CHECK(pid > 0, "%d", pid);
    close(200);
    close(pipe_fds[1]);
    CHECK(status_of(pid) == 7, "its code");
    CHECK(read(pipe_fds[0], text, sizeof(text) - 1) > 0 && strcmp(text, "here\nthree\n") == 0, "%s", text);
    close(pipe_fds[0]);
    CHECK(child_wait(pid, &status) == -ECHILD, "once");
    signal(SIGTERM, SIG_IGN); /* the child does not inherit it */
    CHECK(status_of(shell("kill -TERM $$", fds, 0)) == 128 + SIGTERM, "its signal");
    signal(SIGTERM, SIG_DFL);
    pid = shell("exec sleep 60", fds, 0);
    CHECK(child_wait(pid, &status) == 0, "it runs");
    kill(pid, SIGKILL);
    CHECK(status_of(pid) == 128 + SIGKILL, "killed");
    char *none[] = {NULL};
    struct child_plan plan = {"/nowhere/program", none, none, fds, 0};
    CHECK(child_start(&plan) == -ENOENT, "what cannot be executed is said at once");
}

static void memory_files_are_sealed(void)
{
    char text[8] = "";
    int fd = memory_file("test", "bytes", 5);
    CHECK(fd >= 0, "%d", fd);
    CHECK(read(fd, text, sizeof(text)) == 5 && memcmp(text, "bytes", 5) == 0, "from its start");
    CHECK(pwrite(fd, "x", 1, 0) < 0 && ftruncate(fd, 0) < 0, "nobody changes it");
    close(fd);
}

static atomic_int may_end;

/* Blocks nothing by itself, as a thread of libuv's pool. */
static void *idle_thread(void *ctx)
{
    sigset_t *mask_ret = ctx;
    while (!atomic_load(&may_end))
        usleep(1000);
    pthread_sigmask(SIG_BLOCK, NULL, mask_ret);
    return NULL;
}

static volatile sig_atomic_t arrived;

static void on_usr2(int signal)
{
    (void)signal;
    arrived++;
}

static void signals_wait(void)
{
    pthread_t thread;
    sigset_t mask, pending;
    signal(SIGUSR2, on_usr2);
    CHECK(pthread_create(&thread, NULL, idle_thread, &mask) == 0, "thread");
    CHECK(hold_begin() == 0, "hold");
    kill(getpid(), SIGUSR2);
    usleep(20000);
    CHECK(arrived == 0, "no thread takes it");
    sigpending(&pending);
    CHECK(sigismember(&pending, SIGUSR2) == 1, "it waits");
    hold_release();
    CHECK(arrived == 1, "it arrives at once");
    atomic_store(&may_end, 1);
    pthread_join(thread, NULL);
    CHECK(sigismember(&mask, SIGUSR2) == 1 && sigismember(&mask, SIGCHLD) == 0, "the thread holds them only");
    signal(SIGUSR2, SIG_DFL);
}

int main(void)
{
    char *none[] = {NULL};
    packets_keep_their_borders();
    descriptors_travel();
    children_are_known_by_number();
    memory_files_are_sealed();
    signals_wait();
    CHECK(exec_self("/nowhere", none, none, NULL, 0) == -ENOENT, "a program that is not there leaves us as we were");
    printf("fd: %u checks, %u failed\n", case_passed + case_failed, case_failed);
    return case_failed != 0;
}
