/* The fatal signals: how they are caught, what is noted of them, and how the process still dies of what killed it. The state
 * here is a stack for each thread. */
#define _GNU_SOURCE
#include "crash.h"
#include "death.h"
#include "recorder.h"
#include "report.h"
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <ucontext.h>

#define STACK_LEN (128u * 1024u) /* of a thread in a signal: the encoder's 64 KB are not among what runs there */
#define DUMPED_LEN_MAX (1u << 20) /* of the input, and of the output, of the call at work: in the core */

static __thread void *own_stack;

const char *base_bug_said;

static const int fatal[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT};

static void note_death(int signal, const siginfo_t *info, const void *context)
{
    struct record_death *d = &record->death;
    BUG_ON(info == NULL);
    d->fault_mono_ns = crash_now_ns();
    d->wall_ms = death_wall_ms();
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
    death_note_work(d);
    d->stage = RECORD_DYING;
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
        syscall(SYS_tgkill, getpid(), syscall(SYS_gettid), signal);
}

static void on_fatal(int signal, siginfo_t *info, void *context)
{
    if (death_is_first()) {
        note_death(signal, info, context);
        death_run(context);
        dump_call(&record->death);
    }
    die(signal, info);
}

void crash_thread_begin(void)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    BUG_ON(STACK_LEN % 4096 != 0);
    if (!death_is_expected() || own_stack != NULL)
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
    struct sigaction there;
    BUG_ON(s == NULL);
    if (death_is_expected())
        return -EALREADY;
    death_prepare(s);
    keep(record->version_text, sizeof(record->version_text), s->version);
    keep(record->node_version, sizeof(record->node_version), s->node_version);
    keep(record->config, sizeof(record->config), s->config);
    record->pid = (uint32_t)getpid();
    report_prepare();
    allow_core();
    crash_thread_begin();
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
    return s->report_dir == NULL ? 0 : report_set_dir(s->report_dir);
}
