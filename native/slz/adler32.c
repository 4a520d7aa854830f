/** Hot path. Adler-32 (RFC 1950, section 9): two sums, reduced as rarely as 32 bits allow. No state. */
#include "adler32_run.h"
#include "check.h"
#include "cpu.h"

#include "../base.h"

/* As much of a run as vectors can take; returns how much. */
static size_t run_wide(uint32_t *a, uint32_t *b, const uint8_t *in, size_t run)
{
    size_t len = run - run % ADLER_STEP;

    BUG_ON(run > ADLER_RUN);
    if (len == 0)
        return 0;
#if SLZ_X86
    if (slz_cpu() & SLZ_CPU_AVX2)
        adler32_run_avx2(a, b, in, len);
    else if (slz_cpu() & SLZ_CPU_VECTOR)
        adler32_run_sse2(a, b, in, len);
    else
        return 0;
    return len;
#elif SLZ_ARM64
    if (!(slz_cpu() & SLZ_CPU_VECTOR))
        return 0;
    adler32_run_neon(a, b, in, len);
    return len;
#else
    (void)a, (void)b, (void)in;
    return 0;
#endif
}

uint32_t slz_adler32(uint32_t sum, const uint8_t *in, size_t len)
{
    uint32_t a = sum & 0xffff, b = sum >> 16;

    BUG_ON(a >= ADLER_MOD || b >= ADLER_MOD);
    while (len > 0) {
        size_t run = MIN(len, (size_t)ADLER_RUN), wide = run_wide(&a, &b, in, run);

        len -= run;
        in += wide;
        for (run -= wide; run > 0; run--) {
            a += *in++;
            b += a;
        }
        a %= ADLER_MOD;
        b %= ADLER_MOD;
    }
    return b << 16 | a;
}
