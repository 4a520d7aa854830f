/* The wide CRC path on machines that lack its one instruction: the code is run as it is built, and each time the
 * processor refuses VPCLMULQDQ the test does its work, bit by bit as the manual defines it, in the registers that the
 * signal saved. Where the processor has it, it is never refused. Prints `N passed, N failed`. */
#define _GNU_SOURCE
#include "../slz/check.h"
#include "../slz/cpu.h"
#include "../slz/crc32_fold.h"

#include "../base.h"

#include <stdio.h>

#if SLZ_X86 && defined(__x86_64__) && defined(__linux__)
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>

/* Where the frame keeps the registers' halves: the legacy area's XMM, and the upper halves after the header of
 * XSAVE's standard form. */
enum { LOW_AT = 160, HIGH_AT = 576, HALF_LEN = 16, OPCODE_LEN = 6 };

static uint8_t message[4096];
static unsigned refused;

/* VEX.256.66.0F3A 44 /r ib with three registers, the only form that the compiler makes of it here. */
static int opcode_known(const uint8_t *op)
{
    return op[0] == 0xc4 && (op[1] & 0x1f) == 3 && (op[2] & 7) == 5 && op[3] == 0x44 && op[4] >= 0xc0;
}

static void product(uint64_t out[2], uint64_t a, uint64_t b)
{
    out[0] = out[1] = 0;
    for (unsigned i = 0; i < 64; i++) {
        if (!(b >> i & 1))
            continue;
        out[0] ^= a << i;
        out[1] ^= i > 0 ? a >> (64 - i) : 0;
    }
}

static void refused_do(int number, siginfo_t *info, void *context)
{
    mcontext_t *m = &((ucontext_t *)context)->uc_mcontext;
    const uint8_t *op = (const uint8_t *)m->gregs[REG_RIP];
    uint8_t *frame = (uint8_t *)m->fpregs;
    unsigned to, left, right;

    (void)number;
    (void)info;
    if (!opcode_known(op))
        abort();
    to = (op[4] >> 3 & 7) | (op[1] & 0x80 ? 0 : 8);
    left = ~op[2] >> 3 & 15;
    right = (op[4] & 7) | (op[1] & 0x20 ? 0 : 8);
    for (unsigned half = 0; half < 2; half++) {
        uint8_t *registers = frame + (half ? HIGH_AT : LOW_AT);
        uint64_t a[2], b[2], out[2];

        memcpy(a, registers + left * HALF_LEN, HALF_LEN);
        memcpy(b, registers + right * HALF_LEN, HALF_LEN);
        product(out, a[op[5] & 1], b[op[5] >> 4 & 1]);
        memcpy(registers + to * HALF_LEN, out, HALF_LEN);
    }
    m->gregs[REG_RIP] += OPCODE_LEN;
    refused++;
}

static unsigned wrong_count(size_t len, uint32_t sum)
{
    uint8_t rest[CRC_FOLD_LEN];
    size_t folded = crc32_fold_wide(rest, ~sum, message, len);
    uint32_t crc = slz_crc32(~0u, rest, sizeof(rest)); /* from a remainder of 0 */

    crc = slz_crc32(crc, message + folded, len - folded);
    slz_cpu_narrow(0);
    unsigned wrong = crc != slz_crc32(sum, message, len);
    slz_cpu_narrow(~0u);
    if (wrong)
        printf("wrong for %zu bytes after %08x\n", len, sum);
    return wrong;
}

static int wide_test(void)
{
    struct sigaction action = {.sa_sigaction = refused_do, .sa_flags = SA_SIGINFO};
    unsigned wrong = 0, asked = 0;

    BUG_ON(sigaction(SIGILL, &action, NULL) != 0);
    for (size_t i = 0; i < sizeof(message); i++)
        message[i] = (uint8_t)(i * i * 2654435761u >> 13);
    for (size_t len = 128; len <= sizeof(message); len += len < 600 ? 1 : 61, asked += 2)
        wrong += wrong_count(len, 0) + wrong_count(len, (uint32_t)len * 40503);
    printf("%u passed, %u failed (%u VPCLMULQDQ done for the processor)\n", asked - wrong, wrong, refused);
    return wrong != 0;
}
#endif

int main(void)
{
#if SLZ_X86 && defined(__x86_64__) && defined(__linux__)
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("pclmul"))
        return wide_test();
#endif
    printf("skipped: needs AVX2 and PCLMULQDQ\n0 passed, 0 failed\n");
    return 0;
}
