/* hold.h. The only state is whether signals are held, one word for the process. */
#define _GNU_SOURCE
#include "hold.h"
#include "base.h"
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/syscall.h>
#include <time.h>
#include <ucontext.h>

/* Threads have so long to block them; one that does not answer blocks every signal already (Node's inspector). */
#define ACKNOWLEDGE_MAX_MS 100
#define LOOK_EVERY_NS 200000
/* A kernel's signal set: 64 signals. */
#define KERNEL_SET_LEN 8

static const int held_signals[] = {SIGHUP, SIGINT, SIGUSR1, SIGUSR2, SIGTERM, SIGTTIN, SIGTTOU};

static atomic_int held;
static atomic_uint acknowledged;

static void held_set(sigset_t *set_ret)
{
    BUG_ON(set_ret == NULL);
    STATIC_ASSERT(ARRAY_LEN(held_signals) == 7);
    sigemptyset(set_ret);
    for (size_t i = 0; i < ARRAY_LEN(held_signals); i++)
        sigaddset(set_ret, held_signals[i]);
}

/* The kernel's own call: libc's is what stands behind ours. */
static int set_mask(int how, const sigset_t *set, sigset_t *old)
{
    return syscall(SYS_rt_sigprocmask, how, set, old, KERNEL_SET_LEN) < 0 ? errno : 0;
}

/* libc keeps a few signals for itself, which nobody may block. */
static void spare_own_signals(sigset_t *set)
{
    BUG_ON(set == NULL);
    STATIC_ASSERT(sizeof(*set) >= KERNEL_SET_LEN);
    uint64_t bits = load_u64(set);
    for (int s = 32; s < SIGRTMIN; s++)
        bits &= ~(UINT64_C(1) << (s - 1));
    store_u64(set, bits);
}

/* Stands before libc's in a program that preloads this library; elsewhere nobody calls it. */
__attribute__((visibility("default"))) int pthread_sigmask(int how, const sigset_t *set, sigset_t *old)
{
    if (set == NULL)
        return set_mask(how, NULL, old);
    sigset_t mask = *set, hold;
    held_set(&hold);
    uint64_t bits = load_u64(&mask), hold_bits = atomic_load(&held) ? load_u64(&hold) : 0;
    store_u64(&mask, how == SIG_UNBLOCK ? bits & ~hold_bits : bits | hold_bits);
    if (how != SIG_UNBLOCK)
        spare_own_signals(&mask);
    return set_mask(how, &mask, old);
}

__attribute__((constructor)) static void hold_from_start(void)
{
    sigset_t hold;
    if (getenv(HOLD_VARIABLE) == NULL || getenv("LD_PRELOAD") == NULL)
        return;
    atomic_store(&held, 1);
    held_set(&hold);
    set_mask(SIG_BLOCK, &hold, NULL);
}

/* Runs in another thread: when it comes back from here its mask has the held signals. */
static void block_here(int signal, siginfo_t *info, void *context)
{
    ucontext_t *interrupted = context;
    sigset_t hold;
    (void)signal;
    (void)info;
    held_set(&hold);
    uint64_t bits = load_u64(&interrupted->uc_sigmask) | load_u64(&hold);
    memcpy(&interrupted->uc_sigmask, &bits, sizeof(bits));
    atomic_fetch_add(&acknowledged, 1);
}

/* Sends <signal> to every other thread; how many there are. */
static unsigned tell_threads(int signal)
{
    unsigned count = 0;
    pid_t pid = getpid(), self = (pid_t)syscall(SYS_gettid);
    DIR *threads = opendir("/proc/self/task");
    BUG_ON(pid <= 0 || self <= 0);
    for (struct dirent *entry; threads != NULL && (entry = readdir(threads)) != NULL;) {
        pid_t thread = (pid_t)atoi(entry->d_name);
        if (thread <= 0 || thread == self)
            continue;
        if (syscall(SYS_tgkill, pid, thread, signal) == 0)
            count++;
    }
    if (threads != NULL)
        closedir(threads);
    return count;
}

int hold_begin(void)
{
    struct sigaction block;
    sigset_t hold;
    int signal = SIGRTMAX - 1;
    BUG_ON(signal <= SIGRTMIN);
    memset(&block, 0, sizeof(block));
    block.sa_sigaction = block_here;
    block.sa_flags = SA_SIGINFO | SA_RESTART;
    held_set(&hold);
    int rc = set_mask(SIG_BLOCK, &hold, NULL);
    if (rc != 0)
        return -rc;
    atomic_store(&acknowledged, 0);
    if (sigaction(signal, &block, NULL) < 0)
        return -errno;
    unsigned threads = tell_threads(signal);
    struct timespec pause = {.tv_nsec = LOOK_EVERY_NS};
    for (int64_t ns = 0; ns < ACKNOWLEDGE_MAX_MS * INT64_C(1000000); ns += LOOK_EVERY_NS) {
        if (atomic_load(&acknowledged) >= threads)
            break;
        nanosleep(&pause, NULL);
    }
    /* One that answers late must not meet the default, which would end the process: the reaction stays. */
    return 0;
}

void hold_release(void)
{
    sigset_t hold;
    atomic_store(&held, 0);
    held_set(&hold);
    BUG_ON(set_mask(SIG_UNBLOCK, &hold, NULL) != 0);
}
