/* SipHash-2-4 (Aumasson, Bernstein 2012): a keyed hash, so that who chooses what is hashed cannot choose what it
 * collides with. */
#ifndef SLUICE_SHARED_SIPHASH_H
#define SLUICE_SHARED_SIPHASH_H

#include "../base.h"

#define SIP_ROTL(x, n) ((x) << (n) | (x) >> (64 - (n)))

static inline void sip_round(uint64_t v[4])
{
    v[0] += v[1];
    v[1] = SIP_ROTL(v[1], 13) ^ v[0];
    v[0] = SIP_ROTL(v[0], 32);
    v[2] += v[3];
    v[3] = SIP_ROTL(v[3], 16) ^ v[2];
    v[0] += v[3];
    v[3] = SIP_ROTL(v[3], 21) ^ v[0];
    v[2] += v[1];
    v[1] = SIP_ROTL(v[1], 17) ^ v[2];
    v[2] = SIP_ROTL(v[2], 32);
}

static inline uint64_t siphash(const uint64_t key[2], const uint8_t *p, uint32_t len)
{
    BUG_ON(p == NULL && len > 0);
    BUG_ON(key == NULL);
    uint64_t v[4] = {key[0] ^ 0x736f6d6570736575ULL, key[1] ^ 0x646f72616e646f6dULL, key[0] ^ 0x6c7967656e657261ULL,
                     key[1] ^ 0x7465646279746573ULL};
    uint64_t last = (uint64_t)len << 56;
    uint32_t i = 0;
    for (; i + 8 <= len; i += 8) {
        uint64_t m = load_u64(p + i); /* little endian, as all we build for */
        v[3] ^= m;
        sip_round(v);
        sip_round(v);
        v[0] ^= m;
    }
    for (uint32_t shift = 0; i < len; i++, shift += 8)
        last |= (uint64_t)p[i] << shift;
    v[3] ^= last;
    sip_round(v);
    sip_round(v);
    v[0] ^= last;
    v[2] ^= 0xff;
    for (int n = 0; n < 4; n++)
        sip_round(v);
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}

#endif
