/* Which instructions the machine has, asked once per process. Tests narrow the answer to reach the
 * portable paths. */
#ifndef SLUICE_SLZ_CPU_H
#define SLUICE_SLZ_CPU_H

enum {
    SLZ_CPU_ASKED = 1,
    SLZ_CPU_BMI2 = 2,    /* BMI, BMI2 and LZCNT */
    SLZ_CPU_PCLMUL = 4,  /* PCLMULQDQ and SSE4.1; PMULL */
    SLZ_CPU_VPCLMUL = 8, /* VPCLMULQDQ on 256 bits, AVX2 enabled by the system */
    SLZ_CPU_VECTOR = 16, /* SSE2; NEON */
    SLZ_CPU_AVX2 = 32,   /* enabled by the system */
    SLZ_CPU_CRC32 = 64,  /* aarch64's instruction */
};

#if (defined(__x86_64__) || defined(__i386__)) && defined(__GNUC__)
#define SLZ_X86 1
/* For loops full of shifts by a variable: without touching the flags they are 5 to 8 % faster. */
#define SLZ_TARGET_BMI2 __attribute__((target("bmi,bmi2,lzcnt")))
#else
#define SLZ_X86 0
#endif
#if defined(__aarch64__) && defined(__GNUC__) && (defined(__linux__) || defined(__APPLE__))
#define SLZ_ARM64 1
#else
#define SLZ_ARM64 0
#endif

/* The second build of the loops that find matches, and what it needs. */
#if SLZ_X86
#define SLZ_WIDE 1
#define SLZ_TARGET_WIDE SLZ_TARGET_BMI2
#define SLZ_CPU_WIDE SLZ_CPU_BMI2
#elif SLZ_ARM64
#define SLZ_WIDE 1
#define SLZ_TARGET_WIDE
#define SLZ_CPU_WIDE SLZ_CPU_VECTOR
#else
#define SLZ_WIDE 0
#endif

unsigned slz_cpu(void);

/* Tests only: from now on slz_cpu answers what the machine has within `mask`. */
void slz_cpu_narrow(unsigned mask);

#endif
