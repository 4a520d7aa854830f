/* Shortens a message without changing its CRC-32, by carry-less multiplication. x86 only. */
#ifndef SLUICE_SLZ_CRC32_X86_H
#define SLUICE_SLZ_CRC32_X86_H

#include <stddef.h>
#include <stdint.h>

enum { CRC_FOLD_LEN = 16 };

/* Writes the 16 bytes that have the same remainder as the first bytes of `in` (whole multiples of 16, len
 * >= 64) after a running `crc`; the remainder of those 16 starts from 0. Returns how many bytes of `in`
 * they stand for. */
size_t crc32_fold(uint8_t rest[CRC_FOLD_LEN], uint32_t crc, const uint8_t *in, size_t len);

#endif
