/* The wide CRC path on machines that lack its one instruction: the same code, with that instruction put
 * together from two narrow ones. Prints `N passed, N failed`. */
#include "../slz/check.h"
#include "../slz/cpu.h"

#include <stdio.h>

#if SLZ_X86
#define CRC_WIDE_BY_HALVES
#define crc32_fold crc32_fold_halves
#define crc32_fold_wide crc32_fold_wide_halves
#include "../slz/crc32_x86.c"

static uint8_t message[4096];

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
    unsigned wrong = 0, asked = 0;

    for (size_t i = 0; i < sizeof(message); i++)
        message[i] = (uint8_t)(i * i * 2654435761u >> 13);
    for (size_t len = 128; len <= sizeof(message); len++, asked += 2)
        wrong += wrong_count(len, 0) + wrong_count(len, (uint32_t)len * 40503);
    printf("%u passed, %u failed\n", asked - wrong, wrong);
    return wrong != 0;
}
#endif

int main(void)
{
#if SLZ_X86
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("pclmul"))
        return wide_test();
#endif
    printf("skipped: needs AVX2 and PCLMULQDQ\n0 passed, 0 failed\n");
    return 0;
}
