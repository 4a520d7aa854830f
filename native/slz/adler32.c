/** Hot path. Adler-32 (RFC 1950, section 9): two sums, reduced as rarely as 32 bits allow. No state. */
#include "check.h"

#include "../base.h"

enum { ADLER_MOD = 65521, ADLER_RUN = 5552 /* bytes until 32 bits could overflow */ };

uint32_t slz_adler32(uint32_t sum, const uint8_t *in, size_t len)
{
    uint32_t a = sum & 0xffff, b = sum >> 16;

    BUG_ON(a >= ADLER_MOD || b >= ADLER_MOD);
    while (len > 0) {
        size_t run = MIN(len, (size_t)ADLER_RUN);

        len -= run;
        for (; run > 0; run--) {
            a += *in++;
            b += a;
        }
        a %= ADLER_MOD;
        b %= ADLER_MOD;
    }
    return b << 16 | a;
}
