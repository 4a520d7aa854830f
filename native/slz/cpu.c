/* Asks cpuid, or the system, and keeps the answer in one atomic word: all threads compute the same value, so a race
 * writes it twice. */
#include "cpu.h"

#include "../base.h"

#include <stdatomic.h>

static _Atomic unsigned cpu_found;

#if SLZ_X86
#include <cpuid.h>

/* The system saves the 256-bit registers (XCR0 bits 1 and 2) only when it says so. */
static unsigned ymm_saved(unsigned leaf1_ecx)
{
    unsigned low, high;

    if (!(leaf1_ecx & bit_OSXSAVE))
        return 0;
    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    BUG_ON((low & 1) == 0);
    return (low & 6) == 6;
}

static unsigned cpu_ask(void)
{
    unsigned a, b, c, d, leaf1_ecx, found = SLZ_CPU_ASKED;

    if (!__get_cpuid(1, &a, &b, &leaf1_ecx, &d))
        return found;
    if ((leaf1_ecx & bit_PCLMUL) && (leaf1_ecx & bit_SSE4_1))
        found |= SLZ_CPU_PCLMUL;
    if (d & bit_SSE2)
        found |= SLZ_CPU_VECTOR;
    if (!__get_cpuid_count(7, 0, &a, &b, &c, &d))
        return found;
    if ((b & bit_AVX2) && ymm_saved(leaf1_ecx)) {
        found |= SLZ_CPU_AVX2;
        if ((found & SLZ_CPU_PCLMUL) && (c & bit_VPCLMULQDQ))
            found |= SLZ_CPU_VPCLMUL;
    }
    if ((b & bit_BMI) && (b & bit_BMI2) && __get_cpuid(0x80000001, &a, &b, &c, &d) && (c & bit_LZCNT))
        found |= SLZ_CPU_BMI2;
    BUG_ON(!(found & SLZ_CPU_ASKED));
    return found;
}
#elif SLZ_ARM64 && defined(__linux__)
#include <asm/hwcap.h>
#include <sys/auxv.h>

static unsigned cpu_ask(void)
{
    unsigned long has = getauxval(AT_HWCAP);
    unsigned found = SLZ_CPU_ASKED;

    found |= has & HWCAP_PMULL ? SLZ_CPU_PCLMUL : 0;
    found |= has & HWCAP_ASIMD ? SLZ_CPU_VECTOR : 0;
    found |= has & HWCAP_CRC32 ? SLZ_CPU_CRC32 : 0;
    return found;
}
#elif SLZ_ARM64
/* Apple's have had all since the first. */
static unsigned cpu_ask(void)
{
    return SLZ_CPU_ASKED | SLZ_CPU_PCLMUL | SLZ_CPU_VECTOR | SLZ_CPU_CRC32;
}
#else
static unsigned cpu_ask(void)
{
    return SLZ_CPU_ASKED;
}
#endif

unsigned slz_cpu(void)
{
    unsigned found = atomic_load_explicit(&cpu_found, memory_order_relaxed);

    if (unlikely(found == 0)) {
        found = cpu_ask();
        atomic_store_explicit(&cpu_found, found, memory_order_relaxed);
    }
    return found;
}

void slz_cpu_narrow(unsigned mask)
{
    unsigned found = cpu_ask() & (mask | SLZ_CPU_ASKED);

    BUG_ON(found == 0);
    atomic_store_explicit(&cpu_found, found, memory_order_relaxed);
}
