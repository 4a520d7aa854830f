/* Deaths, each in a process of its own: what the master hears, what the report says, what signal ends it; fences that are
 * broken; texts at the edge of their buffers. */
#include "crash/crash.h"
#include "crash/fence.h"
#include "crash/recorder.h"
#include "crash/report.h"
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>

static uint32_t tests;
static char dir[] = "/tmp/sluice-crash-test-XXXXXX";

#define EXPECT(cond) \
    do { \
        if (!(cond)) { \
            printf("%s:%d: %s\n", __FILE__, __LINE__, #cond); \
            exit(1); \
        } \
    } while (0)

static void texts(void)
{
    char mem[16];
    struct text t;
    text_init(&t, mem, sizeof(mem));
    text_grouped(&t, 1048576);
    text_char(&t, ' ');
    text_hex(&t, 255, 4);
    EXPECT(strcmp(mem, "1,048,576 0x00f") == 0 && t.len == 15); /* cut at its end */
    text_init(&t, mem, sizeof(mem));
    text_escaped(&t, "a\n\x7f", 3);
    EXPECT(strcmp(mem, "a\\x0a\\x7f") == 0);
    text_init(&t, mem, 1);
    text_str(&t, "no room at all");
    EXPECT(mem[0] == 0);
    text_init(&t, mem, sizeof(mem));
    text_int(&t, INT64_MIN);
    EXPECT(strncmp(mem, "-92233720368547", 15) == 0);
    tests++;
}

/* The report of a child that is gone; its path is in the shared recorder. */
static int report_has(const struct record_head *h, const char *wanted)
{
    static char text[1 << 20];
    int fd = open(h->death.report, O_RDONLY);
    ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
    if (fd >= 0)
        close(fd);
    text[MAX(n, 0)] = 0;
    if (strstr(text, wanted) != NULL)
        return 1;
    printf("not in the report: %s\n%s", wanted, text);
    return 0;
}

static void null_write(void)
{
    static int *volatile nowhere = (int *)16;
    *nowhere = 1;
}

static int assertion_line;
static void failed_assertion(void)
{
    BUG_ON(assertion_line >= 0); /* the line above the next one */
}
enum { ASSERTION_LINE = __LINE__ - 2 };

static void broken_fence(void)
{
    static uint8_t bytes[64 + FENCE_LEN];
    fence_put(bytes + 64);
    bytes[64 + 3] ^= 1;
    fence_look(bytes + 64, "somebody", 64);
}

static void broken_word(void)
{
    uint8_t bytes[16] = {0};
    uint64_t word = fence_word(bytes + 8);
    bytes[8] = 1;
    fence_same(bytes + 8, word, "somebody", 8);
}

/* A child with a stream at work in thread 0 does <deed>: dies of <signal>, saying <verdict>; and the report holds it. */
static void dies(void (*deed)(void), int signal, uint32_t cause, const char *verdict)
{
    struct record_wants w = {.threads = 2, .proxies = 1, .servers = 1, .listeners = 1};
    int pair[2], fd = record_create(-1, &w), status;
    struct crash_notice notice;
    EXPECT(fd >= 0 && socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair) == 0);
    pid_t pid = fork();
    if (pid == 0) {
        struct crash_settings s = {.channel_fd = pair[1], .handover_fd = -1, .report_dir = dir};
        struct recorder r;
        struct rlimit none = {0};
        setrlimit(RLIMIT_CORE, &none);
        (void)!freopen("/dev/null", "w", stderr);
        record_name(0, "fe", 2);
        recorder_open(&r, 0);
        struct record_stream *slot = recorder_slot(&r, 5);
        *slot = (struct record_stream){.index = 5, .gen = 3, .state = RECORD_ST_BODY, .backend = RECORD_NONE};
        slot->server = RECORD_NONE;
        slot->line_len = 5;
        memcpy(slot->line, "GET /", 6);
        r.thread->stream = 5;
        r.thread->stream_gen = 3;
        r.thread->at = RECORD_AT_ENGINE;
        EXPECT(crash_setup(&s) == 0);
        deed();
        exit(0);
    }
    EXPECT(waitpid(pid, &status, 0) == pid);
    if (!WIFSIGNALED(status) || WTERMSIG(status) != signal || strcmp(record->death.verdict, verdict) != 0)
        printf("status %x, verdict: %s\n", (unsigned)status, record->death.verdict);
    EXPECT(WIFSIGNALED(status) && WTERMSIG(status) == signal);
    EXPECT(record->death.cause == cause && record->death.stage == RECORD_REPORTED);
    EXPECT(strcmp(record->death.verdict, verdict) == 0);
    EXPECT(recv(pair[0], &notice, sizeof(notice), MSG_DONTWAIT) == sizeof(notice));
    EXPECT(notice.mark == CRASH_NOTICE_MARK && notice.signal == (uint32_t)signal && notice.slot == 5);
    EXPECT(record->death.told_mono_ns - record->death.fault_mono_ns < 1000000u);
    EXPECT(report_has(record, verdict) && report_has(record, "\n[stack]\n") && report_has(record, "\n[maps]\n"));
    unlink(record->death.report);
    close(pair[0]);
    close(pair[1]);
    record_reset();
    close(fd);
    tests++;
}

static uint32_t parked_when_handed;

static uint32_t hand_over_one(int fd, uint64_t deadline_ms, uint32_t *left_ret)
{
    *left_ret = 0;
    EXPECT(fd >= 0 && deadline_ms > 0 && record->death.stage == RECORD_TOLD);
    parked_when_handed = record->death.parked;
    return 1;
}

static void last_word(void *ctx)
{
    EXPECT(record->death.stage == RECORD_REPORTED && parked_when_handed == 1);
    (void)!write(*(int *)ctx, "last", 4);
}

static void *other_engine(void *ready)
{
    struct recorder r;
    recorder_open(&r, 1);
    crash_thread_begin();
    atomic_store((_Atomic int *)ready, 1);
    for (;;)
        pause();
    return NULL;
}

/* JavaScript's deaths: with a master the other thread stands still, clients are handed over and the process is gone; alone the
 * report is all, and Node has the rest. */
static void ends_by_script(int has_master)
{
    static const char stack[] = "Error: on purpose\n    at policy";
    struct record_wants w = {.threads = 2, .proxies = 1, .servers = 1, .listeners = 1};
    int pair[2], said[2], fd = record_create(-1, &w), status;
    struct crash_notice notice;
    char text[1024] = {0};
    EXPECT(fd >= 0 && socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair) == 0 && pipe(said) == 0);
    pid_t pid = fork();
    if (pid == 0) {
        struct crash_settings s = {.channel_fd = has_master ? pair[1] : -1, .handover_fd = 0, .report_dir = dir,
                                   .handover = hand_over_one};
        struct recorder r;
        _Atomic int ready = 0;
        pthread_t thread;
        recorder_open(&r, 0);
        dup2(said[1], 2);
        EXPECT(crash_setup(&s) == 0 && pthread_create(&thread, NULL, other_engine, &ready) == 0);
        while (!atomic_load(&ready))
            usleep(100);
        crash_end_text(RECORD_CAUSE_EXCEPTION, stack, sizeof(stack) - 1, last_word, &said[1]);
        _exit(7);
    }
    close(said[1]);
    EXPECT(waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == (has_master ? 1 : 7));
    for (ssize_t n, at = 0; (n = read(said[0], text + at, sizeof(text) - 1 - (size_t)at)) > 0;)
        at += n;
    const char *verdict = "JavaScript exception, while no stream was at work: Error: on purpose; report: ";
    EXPECT(strstr(text, verdict) != NULL);
    EXPECT((strstr(text, "\nlastError: on purpose\n    at policy\n") != NULL) == has_master);
    EXPECT(record->death.cause == RECORD_CAUSE_EXCEPTION && record->death.stage == RECORD_REPORTED);
    EXPECT(record->death.handed == (uint32_t)has_master && record->death.unparked == 0);
    EXPECT(recv(pair[0], &notice, sizeof(notice), MSG_DONTWAIT) == (has_master ? (ssize_t)sizeof(notice) : -1));
    EXPECT(!has_master || (notice.cause == RECORD_CAUSE_EXCEPTION && notice.signal == 0));
    EXPECT(record->death.told_mono_ns - record->death.fault_mono_ns < 1000000u);
    EXPECT(report_has(record, "\n[text]\nError: on purpose\n    at policy\n"));
    unlink(record->death.report);
    close(said[0]);
    close(pair[0]);
    close(pair[1]);
    record_reset();
    close(fd);
    tests++;
}

static void fences_hold(void)
{
    for (int guard = 0; guard < 2; guard++) {
        uint8_t *buffer = fence_alloc(1000, guard);
        memset(buffer, 0xff, 1000);
        fence_check(buffer, "memset");
        EXPECT(fence_room(buffer, 10) == (guard ? buffer + 990 : buffer));
        fence_free(buffer);
    }
    fence_free(NULL);
    tests++;
}

static void memory_that_is_not_there(void)
{
    uint64_t word = 7;
    uintptr_t frames[8];
    EXPECT(report_peek((uintptr_t)&word, &word, sizeof(word)) == 0);
    EXPECT(report_peek(16, &word, sizeof(word)) == -1);
    EXPECT(report_peek(UINTPTR_MAX - 3, &word, sizeof(word)) == -1);
    EXPECT(report_frames(0x1234, 8, 8, frames, 8) == 1 && frames[0] == 0x1234);
    uintptr_t self[2] = {(uintptr_t)self, 0x5555}; /* a frame that is its own caller */
    EXPECT(report_frames(0x1234, (uintptr_t)self, 8, frames, 8) <= 2);
    tests++;
}

int main(void)
{
    EXPECT(mkdtemp(dir) != NULL);
    texts();
    fences_hold();
    memory_that_is_not_there();
    static const char who[] = "tream 5: \"GET /\", frontend fe";
    char verdict[256];
    snprintf(verdict, sizeof(verdict), "SIGSEGV in the engine through a null pointer of s%s", who);
    dies(null_write, SIGSEGV, RECORD_CAUSE_SIGNAL, verdict);
    snprintf(verdict, sizeof(verdict), "SIGABRT in the engine of s%s", who);
    dies(abort, SIGABRT, RECORD_CAUSE_ABORT, verdict);
    snprintf(verdict, sizeof(verdict), "SIGABRT: somebody wrote 1 byte past the 64 bytes it was given, "
             "beginning 3 bytes behind them, s%s", who);
    dies(broken_fence, SIGABRT, RECORD_CAUSE_CANARY, verdict);
    snprintf(verdict, sizeof(verdict), "SIGABRT: somebody wrote past the 8 bytes it was given, s%s", who);
    dies(broken_word, SIGABRT, RECORD_CAUSE_CANARY, verdict);
    snprintf(verdict, sizeof(verdict), "SIGABRT: BUG: crash_test.c:%d: assertion_line >= 0, s%s", ASSERTION_LINE,
             who);
    dies(failed_assertion, SIGABRT, RECORD_CAUSE_BUG, verdict);
    ends_by_script(1);
    ends_by_script(0);
    rmdir(dir);
    printf("crash: %u passed, 0 failed\n", tests);
    return 0;
}
