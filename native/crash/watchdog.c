/* The watching thread of watchdog.h. One lock guards the list; it is held for the asking only, which never waits. */
#define _GNU_SOURCE
#include "watchdog.h"
#include "../base.h"
#include "crash.h"
#include "recorder.h"
#include "text.h"
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/syscall.h>
#include <time.h>

/* glibc 2.34 gave these new names of the same functions; the old ones are there before it and after. */
#if defined(NAPI_VERSION) && defined(__GLIBC__) && (defined(__x86_64__) || defined(__aarch64__)) /* in the addon */
#ifdef __x86_64__
#define OLD_NAME(f) __asm__(".symver " #f "," #f "@GLIBC_2.2.5")
#else
#define OLD_NAME(f) __asm__(".symver " #f "," #f "@GLIBC_2.17")
#endif
OLD_NAME(pthread_create);
OLD_NAME(pthread_getcpuclockid);
OLD_NAME(pthread_attr_setstacksize);
#endif

#define LOOKS 8 /* within the limit */

struct watched {
    int used;
    uint32_t tid;
    clockid_t clock; /* of its processor time */
    void (*ask)(void *ctx);
    void *ctx;
    _Atomic uint32_t alive; /* it has answered since it was asked */
    uint64_t since_ns;      /* its last answer, */
    uint64_t cpu_ns;        /* and its processor time then */
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct watched all[WATCHDOG_THREADS_MAX];
static uint64_t limit_ns;

static uint64_t time_of(clockid_t clock)
{
    struct timespec t = {0};
    BUG_ON(limit_ns == 0);
    clock_gettime(clock, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static int is_traced(void)
{
    char status[2048];
    int fd = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? 0 : read(fd, status, sizeof(status) - 1);
    BUG_ON(n >= (ssize_t)sizeof(status));
    if (fd >= 0)
        close(fd);
    status[MAX(n, 0)] = 0;
    const char *at = strstr(status, "TracerPid:");
    return at != NULL && strtol(at + 10, NULL, 10) != 0;
}

static void end_process(const struct watched *w, uint64_t ns)
{
    struct record_death *d = &record->death;
    struct text t;
    BUG_ON(w->tid == 0);
    BUG_ON(!w->used);
    text_init(&t, d->text, sizeof(d->text));
    text_str(&t, "thread ");
    text_dec(&t, w->tid);
    text_str(&t, " has not come back for ");
    text_dec(&t, ns / 1000000);
    text_str(&t, " ms");
    d->cause = RECORD_CAUSE_STUCK;
    /* in the thread itself: its registers, its stack */
    if (syscall(SYS_tgkill, getpid(), w->tid, SIGABRT) != 0)
        abort();
}

/* 1: one is stuck, and was told to end. */
static int look(uint64_t now_ns)
{
    BUG_ON(limit_ns == 0);
    for (size_t i = 0; i < WATCHDOG_THREADS_MAX; i++) {
        struct watched *w = &all[i];
        if (!w->used)
            continue;
        uint64_t cpu_ns = time_of(w->clock);
        if (atomic_exchange(&w->alive, 0) || w->since_ns == 0) {
            w->since_ns = now_ns;
            w->cpu_ns = cpu_ns;
            w->ask(w->ctx);
            continue;
        }
        uint64_t ns = now_ns - w->since_ns;
        if (cpu_ns - w->cpu_ns >= limit_ns || ns >= WATCHDOG_STILL_FACTOR * limit_ns) {
            if (!is_traced()) {
                end_process(w, ns);
                return 1;
            }
            w->since_ns = 0;
        }
    }
    return 0;
}

static void forget(void)
{
    for (size_t i = 0; i < WATCHDOG_THREADS_MAX; i++)
        all[i].since_ns = 0;
    BUG_ON(limit_ns == 0);
}

static void *watch(void *ctx)
{
    uint64_t step_ns = limit_ns / LOOKS, last_ns = time_of(CLOCK_MONOTONIC);
    (void)ctx;
    BUG_ON(step_ns == 0);
    for (int done = 0; !done;) {
        struct timespec step = {.tv_sec = (time_t)(step_ns / 1000000000u), .tv_nsec = (long)(step_ns % 1000000000u)};
        nanosleep(&step, NULL);
        uint64_t now_ns = time_of(CLOCK_MONOTONIC);
        pthread_mutex_lock(&lock);
        if (now_ns - last_ns > 2 * step_ns + 1000000000u)
            forget(); /* this thread was away itself: the process was stopped, or the machine is short of time */
        else
            done = look(now_ns);
        pthread_mutex_unlock(&lock);
        last_ns = now_ns;
    }
    return NULL;
}

int watchdog_start(uint32_t limit_ms)
{
    pthread_t thread;
    pthread_attr_t attr;
    sigset_t every, before;
    BUG_ON(limit_ms == 0);
    if (limit_ns != 0)
        return -EALREADY;
    limit_ns = (uint64_t)limit_ms * 1000000u;
    sigfillset(&every); /* it takes no signal of anybody's */
    pthread_sigmask(SIG_SETMASK, &every, &before);
    pthread_attr_init(&attr);
    pthread_attr_setstacksize(&attr, 128 * 1024);
    pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
    int rc = pthread_create(&thread, &attr, watch, NULL);
    pthread_attr_destroy(&attr);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return -rc;
}

int watchdog_add(void (*ask)(void *ctx), void *ctx)
{
    int found = -1;
    BUG_ON(ask == NULL);
    pthread_mutex_lock(&lock);
    for (int i = 0; i < WATCHDOG_THREADS_MAX && found < 0; i++) {
        struct watched *w = &all[i];
        if (w->used)
            continue;
        *w = (struct watched){.used = 1, .tid = (uint32_t)syscall(SYS_gettid), .ask = ask, .ctx = ctx};
        if (pthread_getcpuclockid(pthread_self(), &w->clock) != 0)
            w->used = 0;
        else
            found = i;
    }
    pthread_mutex_unlock(&lock);
    return found;
}

void watchdog_remove(int watched)
{
    BUG_ON(watched >= WATCHDOG_THREADS_MAX);
    if (watched < 0)
        return;
    pthread_mutex_lock(&lock);
    BUG_ON(!all[watched].used);
    all[watched].used = 0;
    pthread_mutex_unlock(&lock);
}

void watchdog_alive(int watched)
{
    BUG_ON(watched < 0 || watched >= WATCHDOG_THREADS_MAX);
    BUG_ON(!all[watched].used);
    atomic_store(&all[watched].alive, 1);
}
