/* Runs of Adler-32 with vector instructions: by 32 bytes, without the reduction. No state. */
#ifndef SLUICE_SLZ_ADLER32_RUN_H
#define SLUICE_SLZ_ADLER32_RUN_H

#include <stddef.h>
#include <stdint.h>

enum {
    ADLER_MOD = 65521,
    ADLER_RUN = 5552,  /* bytes until 32 bits could overflow */
    ADLER_STEP = 32,   /* a vector run's length is a multiple of it */
};

/* Adds at most ADLER_RUN bytes to sums that are below ADLER_MOD; what comes out is not reduced. */
#if (defined(__x86_64__) || defined(__i386__)) && defined(__GNUC__)
void adler32_run_sse2(uint32_t *a, uint32_t *b, const uint8_t *in, size_t len);
void adler32_run_avx2(uint32_t *a, uint32_t *b, const uint8_t *in, size_t len);
#elif defined(__aarch64__) && defined(__GNUC__)
void adler32_run_neon(uint32_t *a, uint32_t *b, const uint8_t *in, size_t len);
#endif

#endif
