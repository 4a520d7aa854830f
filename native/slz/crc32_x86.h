/* Shortens a message without changing its CRC-32, by carry-less multiplication. x86 only; no state. */
#ifndef SLUICE_SLZ_CRC32_X86_H
#define SLUICE_SLZ_CRC32_X86_H

#include <stddef.h>
#include <stdint.h>

enum { CRC_FOLD_LEN = 16, CRC_FOLD_WIDE_MIN = 256 };

/* Writes the 16 bytes that have the same remainder as the first bytes of `in` after a running `crc`; the
 * remainder of those 16 starts from 0. Returns how many bytes of `in` they stand for: len >= 64 but its last
 * 15 at most. */
size_t crc32_fold(uint8_t rest[CRC_FOLD_LEN], uint32_t crc, const uint8_t *in, size_t len);

/* The same with SLZ_CPU_VPCLMUL: len >= 128, but its last 127 at most. */
size_t crc32_fold_wide(uint8_t rest[CRC_FOLD_LEN], uint32_t crc, const uint8_t *in, size_t len);

#endif
