/* The fatal signals: who comes first, in which order things happen, and how the process still dies of what killed it. The
 * state here is written at set-up and by the one thread that dies. */
#define _GNU_SOURCE
#include "crash.h"
#include "recorder.h"
#include "report.h"
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <ucontext.h>

#define STACK_LEN (128u * 1024u) /* of a thread in a signal: the encoder's 64 KB are not among what runs there */
#define DUMPED_LEN_MAX (1u << 20) /* of the input, and of the output, of the call at work: in the core */
#define PARK_SIGNAL (SIGRTMAX - 1)

static struct crash_settings settings;
static int is_set_up;
static _Atomic uint32_t first_tid; /* of the thread that crashed first */
static _Atomic uint32_t parked;
static _Atomic uint32_t texts; /* reports without a signal */
static _Atomic uint32_t ended_thread = RECORD_NONE, ended_slot = RECORD_NONE; /* of crash_policy_ended */
static __thread void *own_stack;

const char *base_bug_said;

static const int fatal[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT};

uint64_t crash_now_ns(void)
{
    struct timespec ts = {0};
    syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

static uint64_t wall_ms(void)
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

/* The stream at work in <thread>, as a slot. */
static uint32_t slot_at_work(uint32_t thread)
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

/* Who is at work in <thread>. */
static void note_work(struct record_death *d, uint32_t tid)
{
    BUG_ON(d == NULL);
    d->tid = tid;
    d->thread = crash_thread_find(tid);
    d->slot = slot_at_work(d->thread);
    d->call = d->thread == RECORD_NONE ? RECORD_CALL_NONE : record_thread_of(d->thread)->call;
    d->conn = d->thread == RECORD_NONE ? RECORD_NONE : record_thread_of(d->thread)->conn;
}

static void note_death(int signal, const siginfo_t *info, const void *context)
{
    struct record_death *d = &record->death;
    BUG_ON(info == NULL);
    d->fault_mono_ns = crash_now_ns();
    d->wall_ms = wall_ms();
    d->signal = (uint32_t)signal;
    d->code = info->si_code;
    d->address = info->si_code > 0 ? (uint64_t)(uintptr_t)info->si_addr : 0;
#if defined(__x86_64__)
    d->pc = (uint64_t)((const ucontext_t *)context)->uc_mcontext.gregs[REG_RIP];
    d->sp = (uint64_t)((const ucontext_t *)context)->uc_mcontext.gregs[REG_RSP];
#elif defined(__aarch64__)
    d->pc = ((const ucontext_t *)context)->uc_mcontext.pc;
    d->sp = ((const ucontext_t *)context)->uc_mcontext.sp;
#else
    (void)context;
#endif
    if (d->cause == RECORD_CAUSE_NONE || d->cause == RECORD_CAUSE_EXCEPTION ||
        (d->cause == RECORD_CAUSE_HEAP && signal != SIGABRT && signal != SIGILL))
        d->cause = signal == SIGABRT ? RECORD_CAUSE_ABORT : RECORD_CAUSE_SIGNAL;
    if (base_bug_said != NULL && d->cause == RECORD_CAUSE_ABORT) {
        d->cause = RECORD_CAUSE_BUG;
        size_t len = MIN(strlen(base_bug_said), sizeof(d->text) - 1);
        memcpy(d->text, base_bug_said, len);
        d->text[len] = 0;
    }
    note_work(d, own_tid());
    d->stage = RECORD_DYING;
}

static void tell_master(void)
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

static void on_park(int signal)
{
    (void)signal;
    atomic_fetch_add(&parked, 1);
    for (;;)
        syscall(SYS_ppoll, NULL, 0, NULL, NULL, 0);
}

/* Threads that run an engine stand still, so that nothing they own changes hands twice. */
static void park_others(uint32_t self)
{
    struct record_death *d = &record->death;
    uint32_t wanted = 0;
    uint64_t until = crash_now_ns() + CRASH_PARK_MS_MAX * 1000000ull;
    BUG_ON(record->nthreads > RECORD_THREADS_MAX);
    for (uint32_t i = 0; i < record->nthreads; i++) {
        const struct record_thread *t = record_thread_of(i);
        if (t->engine && t->tid != self && syscall(SYS_tgkill, getpid(), t->tid, PARK_SIGNAL) == 0)
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
    if (write(2, t.mem, t.len) < 0)
        return;
}

static void make_report(const void *context)
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

/* Memory that fence.c keeps out of cores is wanted after all: what the call at work read and wrote. Wrong addresses do no
 * harm here: the kernel refuses them. */
static void dump_range(uint64_t from, uint64_t len)
{
    uint64_t page = 4096, start = from & ~(page - 1);
    BUG_ON(page == 0);
    if (from != 0 && len != 0 && len <= DUMPED_LEN_MAX)
        syscall(SYS_madvise, start, (from + len - start + page - 1) & ~(page - 1), MADV_DODUMP);
}

static void dump_call(const struct record_death *d)
{
    BUG_ON(d == NULL);
    if (d->thread >= record->nthreads || d->call == RECORD_CALL_NONE)
        return;
    const struct record_thread *t = record_thread_of(d->thread);
    dump_range(t->call_in, t->call_in_len);
    dump_range(t->call_out, t->call_out_len);
}

/* The signal does what it would have done: the faulting instruction runs again, or the signal is sent again. */
static void die(int signal, const siginfo_t *info)
{
    struct sigaction plain = {.sa_handler = SIG_DFL};
    BUG_ON(info == NULL);
    BUG_ON(signal <= 0);
    sigaction(signal, &plain, NULL);
    if (info->si_code <= 0 || signal == SIGABRT)
        syscall(SYS_tgkill, getpid(), own_tid(), signal);
}

static void on_fatal(int signal, siginfo_t *info, void *context)
{
    uint32_t self = own_tid(), nobody = 0;
    if (!atomic_compare_exchange_strong(&first_tid, &nobody, self)) {
        if (nobody == self) { /* the report itself failed: what there is must do */
            die(signal, info);
            return;
        }
        on_park(signal);
    }
    note_death(signal, info, context);
    tell_master();
    park_others(self);
    hand_over();
    make_report(context);
    dump_call(&record->death);
    die(signal, info);
}

void crash_policy_ended(void)
{
    uint32_t thread = crash_thread_find(own_tid());
    BUG_ON(record->magic != RECORD_MAGIC);
    if (thread == RECORD_NONE || slot_at_work(thread) == RECORD_NONE)
        return;
    BUG_ON(slot_at_work(thread) >= record->nthreads * record->nstreams);
    atomic_store(&ended_thread, thread);
    atomic_store(&ended_slot, slot_at_work(thread));
}

void crash_report_text(uint32_t cause, const char *text, size_t text_len)
{
    struct record_death *d = &record->death;
    BUG_ON(text == NULL);
    BUG_ON(cause == RECORD_CAUSE_NONE || cause > RECORD_CAUSE_ABORT);
    BUG_ON(record->magic != RECORD_MAGIC);
    if (!is_set_up || atomic_load(&first_tid) != 0 || atomic_fetch_add(&texts, 1) != 0)
        return;
    d->fault_mono_ns = crash_now_ns();
    d->wall_ms = wall_ms();
    d->cause = cause;
    note_work(d, own_tid());
    if (d->slot == RECORD_NONE && cause == RECORD_CAUSE_HEAP) {
        d->thread = atomic_load(&ended_thread);
        d->slot = atomic_load(&ended_slot);
    }
    text_len = MIN(text_len, sizeof(d->text) - 1);
    memcpy(d->text, text, text_len);
    d->text[text_len] = 0;
    d->stage = RECORD_DYING;
    tell_master();
    make_report(NULL);
}

void crash_thread_begin(void)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    BUG_ON(STACK_LEN % 4096 != 0);
    if (!is_set_up || own_stack != NULL)
        return;
    uint8_t *map = mmap(NULL, STACK_LEN + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (map == MAP_FAILED)
        return;
    mprotect(map, page, PROT_NONE);
    stack_t stack = {.ss_sp = map + page, .ss_size = STACK_LEN};
    if (sigaltstack(&stack, NULL) == 0)
        own_stack = map;
    else
        munmap(map, STACK_LEN + page);
}

void crash_thread_end(void)
{
    stack_t none = {.ss_flags = SS_DISABLE};
    BUG_ON(STACK_LEN == 0);
    if (own_stack == NULL)
        return;
    sigaltstack(&none, NULL);
    munmap(own_stack, STACK_LEN + (size_t)sysconf(_SC_PAGESIZE));
    own_stack = NULL;
}

/* Cores as large as the hard limit allows, with the recorder's shared pages in them. */
static void allow_core(void)
{
    struct rlimit limit;
    char filter[32] = {0};
    BUG_ON(sizeof(filter) < 16);
    if (getrlimit(RLIMIT_CORE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_CORE, &limit);
    }
    int fd = open("/proc/self/coredump_filter", O_RDWR | O_CLOEXEC);
    if (fd < 0)
        return;
    ssize_t n = read(fd, filter, sizeof(filter) - 1);
    uint64_t mask = n > 0 ? strtoull(filter, NULL, 16) : 0;
    if (n > 0 && (mask & 3) != 3) { /* private and shared memory without a file */
        struct text t;
        text_init(&t, filter, sizeof(filter));
        text_hex(&t, mask | 3, 1);
        if (pwrite(fd, t.mem, t.len, 0) < 0)
            record->death.unparked = 0;
    }
    close(fd);
}

static void keep(char *to, size_t size, const char *text)
{
    struct text t;
    BUG_ON(to == NULL || size == 0);
    BUG_ON(size > RECORD_PATH_LEN);
    text_init(&t, to, size);
    text_str(&t, text == NULL ? "" : text);
}

int crash_setup(const struct crash_settings *s)
{
    struct sigaction ours = {.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER, .sa_sigaction = on_fatal};
    struct sigaction park = {.sa_handler = on_park}, there;
    BUG_ON(s == NULL);
    if (is_set_up)
        return -EALREADY;
    settings = *s;
    is_set_up = 1;
    keep(record->version_text, sizeof(record->version_text), s->version);
    keep(record->node_version, sizeof(record->node_version), s->node_version);
    keep(record->config, sizeof(record->config), s->config);
    record->pid = (uint32_t)getpid();
    report_prepare();
    allow_core();
    crash_thread_begin();
    sigfillset(&park.sa_mask);
    sigaction(PARK_SIGNAL, &park, NULL);
    for (size_t i = 0; i < ARRAY_LEN(fatal); i++) {
        if (fatal[i] == SIGSEGV && s->chain_segv != NULL) {
            s->chain_segv(on_fatal); /* Node's own stays, and asks ours */
            if (sigaction(SIGSEGV, NULL, &there) == 0) {
                there.sa_flags |= SA_ONSTACK | SA_NODEFER;
                sigemptyset(&there.sa_mask);
                sigaction(SIGSEGV, &there, NULL);
            }
            continue;
        }
        sigaction(fatal[i], &ours, NULL);
    }
    settings.report_dir = NULL; /* not ours to keep */
    return s->report_dir == NULL ? 0 : report_set_dir(s->report_dir);
}
