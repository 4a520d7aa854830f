/* Whether bytes look like noise: what is encrypted, or compressed already. */
#ifndef SLUICE_SLZ_NOISE_H
#define SLUICE_SLZ_NOISE_H

#include "../base.h"

#include <stdbool.h>

enum {
    NOISE_LEN = 256,
    NOISE_FLAT_MAX = 700, /* sum of the squares of the bytes' counts: noise 511, base64 1300, text 4,000 */
};

/* All of NOISE_LEN bytes about equally often: no code can shorten them, but matches might. */
static inline bool bytes_flat(const uint8_t *p)
{
    uint8_t count[256] = {0};
    unsigned squares = 0;

    STATIC_ASSERT(NOISE_LEN <= 256); /* the last byte may find 255 before it */
    for (unsigned i = 0; i < NOISE_LEN; i++)
        squares += 2u * count[p[i]]++ + 1;
    BUG_ON(squares < NOISE_LEN);
    return squares <= NOISE_FLAT_MAX;
}

#endif
