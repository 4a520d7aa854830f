/* The faults of fault.h, each as plain as the bugs they stand for. */
#define _GNU_SOURCE
#include "fault.h"
#include "../base.h"
#include <stdatomic.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifdef FAULT_INJECTION

static __thread const char *due; /* for the next batch of the thread that read the request, */
static const char *_Atomic due_in_main; /* and of main, whichever thread read it */

/* What follows the prefix in <line>'s path, or NULL. */
static const char *asked(const char *line)
{
    const char *prefix = getenv("SLUICE_FAULT_URI"), *path = strchr(line, ' ');
    BUG_ON(line == NULL);
    if (prefix == NULL || *prefix == 0 || path == NULL || strncmp(path + 1, prefix, strlen(prefix)) != 0)
        return NULL;
    return path + 1 + strlen(prefix);
}

static int is(const char *kind, const char *name)
{
    size_t len = strlen(name);
    BUG_ON(kind == NULL);
    BUG_ON(len == 0);
    return strncmp(kind, name, len) == 0 && (kind[len] == ' ' || kind[len] == 0 || kind[len] == '?');
}

void fault_request(const char *line)
{
    const char *kind = asked(line);
    BUG_ON(line == NULL);
    if (kind == NULL)
        return;
    if (is(kind, "exception"))
        due = "(function injected() { throw new Error('injected fault') })()";
    else if (is(kind, "exception-in-main"))
        due_in_main = "(function injected() { throw new Error('injected fault in main') })()";
    else if (is(kind, "rejection"))
        due = "(function injected() { Promise.reject(new Error('injected fault')) })()";
    else if (is(kind, "loop"))
        due = "(function injectedLoop() { for (;;) {} })()";
    else if (is(kind, "heap"))
        due = "(function injectedHeap() { const all = []; for (;;) all.push(new Array(1000).fill(all.length)) })()";
}

const char *fault_script(void)
{
    const char *script = due;
    due = NULL;
    if (script == NULL && syscall(SYS_gettid) == getpid())
        script = atomic_exchange(&due_in_main, NULL);
    return script;
}

__attribute__((noinline)) static int deeper(volatile int *from)
{
    volatile int room[4096];
    room[0] = *from + 1;
    return deeper(room) + room[4095];
}

static uint8_t *volatile freed;

__attribute__((noinline)) static void fault_native(const char *kind, uint8_t *out, size_t room)
{
    BUG_ON(is(kind, "assertion"));
    if (is(kind, "null-write")) {
        *(volatile int *)(uintptr_t)8 = 1;
    } else if (is(kind, "wild-write")) {
        *(volatile int *)(uintptr_t)0x7abc12345678 = 1;
    } else if (is(kind, "overrun-1")) {
        out[room] ^= 0x55;
    } else if (is(kind, "overrun-96")) {
        for (size_t i = 0; i < 96; i++)
            out[room + i] ^= 0x55;
    } else if (is(kind, "use-after-free")) {
        freed = malloc(1u << 20); /* so much that it is unmapped when it is given back */
        free(freed);
        freed[4096] = 1;
    } else if (is(kind, "stack-overflow")) {
        volatile int start = 0;
        out[0] = (uint8_t)deeper(&start);
    } else if (is(kind, "abort")) {
        abort();
    } else if (is(kind, "illegal-instruction")) {
        __builtin_trap();
    }
}

void fault_encode(const char *line, uint64_t done, uint8_t *out, size_t room)
{
    const char *kind = asked(line), *after = kind == NULL ? NULL : strstr(kind, "?after=");
    BUG_ON(out == NULL);
    BUG_ON(room == 0);
    if (kind != NULL && (after == NULL || done >= strtoull(after + 7, NULL, 10)))
        fault_native(kind, out, room);
}

#endif
