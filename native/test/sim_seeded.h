/* Random tests that can be repeated: one generator, and the seed on stderr when anything aborts. A program that was given
 * a seed runs that one alone. Owns one state per program. */
#ifndef SLUICE_TEST_SIM_SEEDED_H
#define SLUICE_TEST_SIM_SEEDED_H

#include "../base.h"
#include <stdio.h>

struct seeded {
    uint64_t state, seed;
    const char *program;
};

extern struct seeded seeded;

/* A number below <below>: xorshift64*, whose high bits are good enough for schedules. */
static inline uint64_t pick(uint64_t below)
{
    seeded.state ^= seeded.state >> 12;
    seeded.state ^= seeded.state << 25;
    seeded.state ^= seeded.state >> 27;
    return (seeded.state * 0x2545f4914f6cdd1dULL >> 11) % below;
}

/* One time in <n>. */
static inline int one_in(uint64_t n)
{
    return pick(n) == 0;
}

void seeded_begin(const char *program, uint64_t seed);

#endif
