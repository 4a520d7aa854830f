/* How a thread came where it died, without tables: frames are chained through the frame pointer, by our own C, by V8's code,
 * by most of Node. Where the chain breaks, words on the stack that point into code are taken instead, and may be wrong. */
#define _GNU_SOURCE
#include "modules.h"
#include "report.h"
#include <errno.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#define SCAN_WORDS_MAX 512 /* of the stack, when the chain breaks */
#define CHAIN_MIN 4        /* a chain shorter than this is not believed */

int report_peek(uintptr_t from, void *to, size_t len)
{
    struct iovec mine = {.iov_base = to, .iov_len = len};
    struct iovec theirs = {.iov_base = (void *)from, .iov_len = len};
    BUG_ON(to == NULL);
    BUG_ON(len == 0);
    if (from == 0 || from + len < from)
        return -1;
    /* the kernel looks, so that a wild address is an error and no second crash */
    return syscall(SYS_process_vm_readv, getpid(), &mine, 1, &theirs, 1, 0) == (long)len ? 0 : -1;
}

static size_t chain(uintptr_t frame, uintptr_t *out, size_t out_len)
{
    size_t n = 0;
    BUG_ON(out == NULL);
    while (n < out_len) {
        uintptr_t words[2]; /* the caller's frame, the return address */
        if (frame % sizeof(frame) != 0 || report_peek(frame, words, sizeof(words)) != 0 || words[1] < 4096)
            break;
        out[n++] = words[1];
        if (words[0] <= frame) /* stacks grow downwards */
            break;
        frame = words[0];
    }
    return n;
}

static size_t scan(uintptr_t stack, uintptr_t *out, size_t out_len)
{
    size_t n = 0;
    BUG_ON(out == NULL);
    BUG_ON(out_len == 0);
    stack &= ~(uintptr_t)(sizeof(stack) - 1);
    for (size_t i = 0; i < SCAN_WORDS_MAX && n < out_len; i++) {
        uintptr_t word;
        if (report_peek(stack + i * sizeof(word), &word, sizeof(word)) != 0)
            break;
        if (module_of(word) != NULL)
            out[n++] = word;
    }
    return n;
}

size_t report_frames(uintptr_t pc, uintptr_t frame, uintptr_t stack, uintptr_t *out, size_t out_len)
{
    size_t n = 0;
    BUG_ON(out == NULL || out_len < 2);
    out[n++] = pc;
    n += chain(frame, out + n, out_len - n);
    if (n < CHAIN_MIN)
        n = 1 + scan(stack, out + 1, out_len - 1);
    return n;
}
