/* The steps of death.h, in raw system calls and memory of their own. The state here is written at set-up and by the one
 * thread that dies. */
#define _GNU_SOURCE
#include "death.h"
#include "recorder.h"
#include "report.h"
#include <poll.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>

#define PARK_SIGNAL (SIGRTMAX - 1)
#define SAY_MS_MAX 100  /* for somebody to read what stderr holds: a reader that sleeps keeps no dying process */
#define SAY_LEN_MAX 4096u /* PIPE_BUF: so much goes without waiting where poll says that something does */

static struct crash_settings settings = {.channel_fd = -1, .handover_fd = -1};
static int is_set_up;
static _Atomic uint32_t first_tid; /* of the thread that died first */
static _Atomic uint32_t parked;

uint64_t crash_now_ns(void)
{
    struct timespec ts = {0};
    syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

uint64_t death_wall_ms(void)
{
    struct timespec ts = {0};
    syscall(SYS_clock_gettime, CLOCK_REALTIME, &ts);
    return (uint64_t)ts.tv_sec * 1000u + (uint64_t)ts.tv_nsec / 1000000u;
}

static uint32_t own_tid(void)
{
    return (uint32_t)syscall(SYS_gettid);
}

uint32_t crash_thread_find(uint32_t tid)
{
    BUG_ON(record->nthreads > RECORD_THREADS_MAX);
    for (uint32_t i = 0; i < record->nthreads; i++) {
        const struct record_thread *t = record_thread_of(i);
        if (t->engine && t->tid == tid)
            return i;
    }
    return RECORD_NONE;
}

uint32_t death_slot_of(uint32_t thread)
{
    BUG_ON(thread != RECORD_NONE && thread >= record->nthreads);
    if (thread == RECORD_NONE)
        return RECORD_NONE;
    const struct record_thread *t = record_thread_of(thread);
    int policy = t->at == RECORD_AT_POLICY;
    uint32_t stream = policy ? t->policy_stream : t->stream, gen = policy ? t->policy_gen : t->stream_gen;
    if (stream == RECORD_NONE)
        return RECORD_NONE;
    const struct record_stream *s = record_streams_of(t) + (stream & (record->nstreams - 1));
    return s->index == stream && s->gen == gen ? thread * record->nstreams + (stream & (record->nstreams - 1))
                                               : RECORD_NONE;
}

void death_note_work(struct record_death *d)
{
    BUG_ON(d == NULL);
    BUG_ON(record->magic != RECORD_MAGIC);
    d->tid = own_tid();
    d->thread = crash_thread_find(d->tid);
    d->slot = death_slot_of(d->thread);
    d->call = d->thread == RECORD_NONE ? RECORD_CALL_NONE : record_thread_of(d->thread)->call;
    d->conn = d->thread == RECORD_NONE ? RECORD_NONE : record_thread_of(d->thread)->conn;
}

void death_tell(void)
{
    struct record_death *d = &record->death;
    struct crash_notice n = {.mark = CRASH_NOTICE_MARK,
                             .version = CRASH_NOTICE_VERSION,
                             .len = sizeof(n),
                             .pid = record->pid,
                             .signal = d->signal,
                             .code = d->code,
                             .cause = d->cause,
                             .thread = d->thread,
                             .slot = d->slot,
                             .fault_mono_ns = d->fault_mono_ns};
    BUG_ON(n.len != sizeof(n));
    if (settings.channel_fd >= 0)
        syscall(SYS_sendto, settings.channel_fd, &n, sizeof(n), MSG_DONTWAIT | MSG_NOSIGNAL, NULL, 0);
    d->told_mono_ns = crash_now_ns();
    d->stage = RECORD_TOLD;
}

static void wait_for_end(void)
{
    BUG_ON(first_tid == 0);
    for (;;)
        syscall(SYS_ppoll, NULL, 0, NULL, NULL, 0);
}

static void on_park(int signal)
{
    (void)signal;
    atomic_fetch_add(&parked, 1);
    wait_for_end();
}

int death_is_first(void)
{
    uint32_t self = own_tid(), nobody = 0;
    BUG_ON(self == 0);
    if (atomic_compare_exchange_strong(&first_tid, &nobody, self))
        return 1;
    if (nobody != self)
        wait_for_end(); /* and is counted when it is told to park */
    return 0;
}

/* Threads that run an engine stand still, so that nothing they own changes hands twice. */
static void park_others(void)
{
    struct record_death *d = &record->death;
    uint32_t wanted = 0;
    uint64_t until = crash_now_ns() + CRASH_PARK_MS_MAX * 1000000ull;
    BUG_ON(record->nthreads > RECORD_THREADS_MAX);
    for (uint32_t i = 0; i < record->nthreads; i++) {
        const struct record_thread *t = record_thread_of(i);
        if (t->engine && t->tid != own_tid() && syscall(SYS_tgkill, getpid(), t->tid, PARK_SIGNAL) == 0)
            wanted++;
    }
    while (atomic_load(&parked) < wanted && crash_now_ns() < until) {
        struct timespec pause = {.tv_nsec = 50000};
        syscall(SYS_nanosleep, &pause, NULL);
    }
    d->parked = atomic_load(&parked);
    d->unparked = wanted > d->parked ? wanted - d->parked : 0;
}

static void hand_over(void)
{
    struct record_death *d = &record->death;
    uint32_t left = 0;
    BUG_ON(d->stage < RECORD_TOLD);
    if (settings.handover != NULL && settings.handover_fd >= 0 && d->unparked == 0)
        d->handed = settings.handover(settings.handover_fd, crash_now_ns() / 1000000 + CRASH_HANDOVER_MS_MAX, &left);
    d->handed_mono_ns = crash_now_ns();
    d->stage = RECORD_HANDED;
}

void death_say(const char *text, size_t text_len)
{
    BUG_ON(text == NULL);
    BUG_ON(record->magic != RECORD_MAGIC);
    while (text_len > 0) {
        struct pollfd p = {.fd = 2, .events = POLLOUT};
        struct timespec wait = {.tv_nsec = SAY_MS_MAX * 1000000L};
        if (syscall(SYS_ppoll, &p, 1, &wait, NULL, 0) != 1)
            return;
        ssize_t n = write(2, text, MIN(text_len, SAY_LEN_MAX));
        if (n <= 0)
            return;
        text += n;
        text_len -= (size_t)n;
    }
}

static void say_verdict(void)
{
    static char line[RECORD_TEXT_LEN + RECORD_PATH_LEN + 64];
    struct text t;
    BUG_ON(record->magic != RECORD_MAGIC);
    text_init(&t, line, sizeof(line));
    text_str(&t, "sluice[");
    text_dec(&t, record->pid);
    text_str(&t, "]: ");
    text_str(&t, record->death.verdict);
    if (record->death.report[0] != 0) {
        text_str(&t, "; report: ");
        text_str(&t, record->death.report);
    }
    text_char(&t, '\n');
    death_say(t.mem, t.len);
}

void death_report(const void *context)
{
    struct record_death *d = &record->death;
    struct text t;
    BUG_ON(d->stage < RECORD_DYING);
    text_init(&t, d->verdict, sizeof(d->verdict));
    report_verdict(&t, d);
    report_write(context);
    d->reported_mono_ns = crash_now_ns();
    d->stage = RECORD_REPORTED;
    say_verdict();
}

void death_run(const void *context)
{
    BUG_ON(first_tid != own_tid());
    BUG_ON(record->death.stage != RECORD_DYING);
    death_tell();
    park_others();
    hand_over();
    death_report(context);
}

int death_is_expected(void)
{
    BUG_ON(is_set_up && record->magic != RECORD_MAGIC);
    BUG_ON(is_set_up < 0);
    return is_set_up;
}

int crash_has_master(void)
{
    BUG_ON(is_set_up < 0);
    return is_set_up && settings.channel_fd >= 0;
}

void death_prepare(const struct crash_settings *s)
{
    struct sigaction park = {.sa_handler = on_park};
    BUG_ON(s == NULL);
    BUG_ON(is_set_up);
    settings.channel_fd = s->channel_fd;
    settings.handover_fd = s->handover_fd;
    settings.handover = s->handover; /* the texts are not ours to keep */
    is_set_up = 1;
    sigfillset(&park.sa_mask);
    sigaction(PARK_SIGNAL, &park, NULL);
}
