/** Hot path. CRC-32 (RFC 1952, section 8): eight bytes at a time everywhere, carry-less multiplication
 * or an instruction of its own where the machine has it. The tables are made by the first caller; callers that
 * come meanwhile work by nibbles. They hold constants ever after. */
#include "check.h"
#include "cpu.h"
#include "crc32_fold.h"

#include "../base.h"
#include "bits.h"

#include <stdatomic.h>
#include <stdbool.h>

enum { CRC_SLICES = 8 };
enum { TABLES_NONE, TABLES_BUSY, TABLES_READY };

static uint32_t crc_tables[CRC_SLICES][256];
static _Atomic int crc_tables_state;

/* Remainders of four bits by the reflected polynomial 0xedb88320. */
static const uint32_t crc_nibble[16] = {
    0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac, 0x76dc4190, 0x6b6b51f4, 0x4db26158, 0x5005713c,
    0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c, 0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c,
};

static uint32_t crc_byte(uint32_t crc, uint8_t byte)
{
    crc ^= byte;
    crc = crc >> 4 ^ crc_nibble[crc & 15];
    return crc >> 4 ^ crc_nibble[crc & 15];
}

static bool crc_tables_ready(void)
{
    int state = atomic_load_explicit(&crc_tables_state, memory_order_acquire);

    if (likely(state == TABLES_READY))
        return true;
    if (state == TABLES_BUSY || !atomic_compare_exchange_strong(&crc_tables_state, &state, TABLES_BUSY))
        return false;
    for (unsigned i = 0; i < 256; i++) {
        uint32_t crc = crc_byte(0, (uint8_t)i);

        for (unsigned slice = 0; slice < CRC_SLICES; slice++) {
            crc_tables[slice][i] = crc;
            crc = crc_byte(crc, 0);
        }
    }
    BUG_ON(crc_tables[0][128] != 0xedb88320);
    atomic_store_explicit(&crc_tables_state, TABLES_READY, memory_order_release);
    return true;
}

static uint32_t crc_slices(uint32_t crc, const uint8_t *in, size_t len)
{
    if (unlikely(!crc_tables_ready())) {
        while (len-- > 0)
            crc = crc_byte(crc, *in++);
        return crc;
    }
    for (; len >= 8; len -= 8, in += 8) {
        uint64_t v = le64(load_u64(in)) ^ crc;

        crc = crc_tables[7][v & 255] ^ crc_tables[6][v >> 8 & 255] ^ crc_tables[5][v >> 16 & 255] ^
              crc_tables[4][v >> 24 & 255] ^ crc_tables[3][v >> 32 & 255] ^ crc_tables[2][v >> 40 & 255] ^
              crc_tables[1][v >> 48 & 255] ^ crc_tables[0][v >> 56];
    }
    while (len-- > 0)
        crc = crc >> 8 ^ crc_tables[0][(crc ^ *in++) & 255];
    return crc;
}

#if SLZ_X86 || SLZ_ARM64
/* What is short, or what folding leaves. */
static uint32_t crc_rest(uint32_t crc, const uint8_t *in, size_t len)
{
#if SLZ_ARM64
    if (slz_cpu() & SLZ_CPU_CRC32)
        return crc32_steps(crc, in, len);
#endif
    return crc_slices(crc, in, len);
}
#endif

uint32_t slz_crc32(uint32_t sum, const uint8_t *in, size_t len)
{
    uint32_t crc = ~sum;

    BUG_ON(!in && len > 0);
#if SLZ_X86 || SLZ_ARM64
    uint8_t rest[CRC_FOLD_LEN];

#if SLZ_X86
    if (len >= CRC_FOLD_WIDE_MIN && (slz_cpu() & SLZ_CPU_VPCLMUL)) {
        size_t folded = crc32_fold_wide(rest, crc, in, len);

        crc = crc_rest(0, rest, sizeof(rest));
        in += folded;
        len -= folded;
    }
#endif
    if (len >= CRC_FOLD_MIN && (slz_cpu() & SLZ_CPU_PCLMUL)) {
        size_t folded = crc32_fold(rest, crc, in, len);

        crc = crc_rest(0, rest, sizeof(rest));
        in += folded;
        len -= folded;
    }
    return ~crc_rest(crc, in, len);
#else
    return ~crc_slices(crc, in, len);
#endif
}
