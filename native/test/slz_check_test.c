/* Both checksums, on every set of instructions this machine has and on none: each against a plain sum by bits, at
 * every length up to a few steps of the widest loop, from every alignment, continued from any sum. Prints `N passed,
 * N failed`. */
#include "../slz/check.h"
#include "../slz/cpu.h"

#include "../base.h"

#include <stdio.h>

enum { MESSAGE_MAX = 40000, PAGE_SPARE = 64 };

static uint8_t message[MESSAGE_MAX + PAGE_SPARE];
static unsigned asked, wrong;

static uint32_t crc_plain(uint32_t sum, const uint8_t *in, size_t len)
{
    uint32_t crc = ~sum;

    while (len-- > 0) {
        crc ^= *in++;
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
    }
    return ~crc;
}

static uint32_t adler_plain(uint32_t sum, const uint8_t *in, size_t len)
{
    uint32_t a = sum & 0xffff, b = sum >> 16;

    while (len-- > 0) {
        a = (a + *in++) % 65521;
        b = (b + a) % 65521;
    }
    return b << 16 | a;
}

static void both_check(const uint8_t *in, size_t len, uint32_t crc, uint32_t adler, unsigned mask)
{
    asked += 2;
    if (slz_crc32(crc, in, len) != crc_plain(crc, in, len) && ++wrong)
        printf("CRC-32 of %zu bytes after %08x with %x is wrong\n", len, crc, mask);
    if (slz_adler32(adler, in, len) != adler_plain(adler, in, len) && ++wrong)
        printf("Adler-32 of %zu bytes after %08x with %x is wrong\n", len, adler, mask);
}

static void lengths_check(unsigned mask)
{
    slz_cpu_narrow(mask);
    for (size_t len = 0; len < 700; len++)
        both_check(message + len % PAGE_SPARE, len, (uint32_t)(len * 2654435761u), (uint32_t)len << 16 | 65520, mask);
    for (size_t len = 5540; len < 5600; len++)
        both_check(message + len % PAGE_SPARE, len, 0, 1, mask);
    both_check(message, MESSAGE_MAX, 0, 1, mask);
    slz_cpu_narrow(~0u);
}

int main(void)
{
    static const unsigned masks[] = {0, 2, 4, 8, 16, 32, 64, 4 | 64, 16 | 32, ~0u};
    unsigned seen = slz_cpu();

    for (int kind = 0; kind < 2; kind++) {
        for (size_t i = 0; i < sizeof(message); i++)
            message[i] = kind ? 0xff : (uint8_t)(i * i * 2654435761u >> 13); /* highest bytes, highest sums */
        for (unsigned i = 0; i < ARRAY_LEN(masks); i++)
            lengths_check(masks[i]);
    }
    slz_cpu_narrow(~0u);
    printf("features %x: %u passed, %u failed\n", seen, asked - wrong, wrong);
    return wrong != 0;
}
