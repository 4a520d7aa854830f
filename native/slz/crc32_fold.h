/* Shortens a message without changing its CRC-32, by carry-less multiplication: crc32_x86.c, crc32_arm.c. No state. */
#ifndef SLUICE_SLZ_CRC32_FOLD_H
#define SLUICE_SLZ_CRC32_FOLD_H

#include <stddef.h>
#include <stdint.h>

enum { CRC_FOLD_LEN = 16, CRC_FOLD_MIN = 64, CRC_FOLD_WIDE_MIN = 256 };

/* The two factors for a distance of D bits, reflected and shifted by one as the instruction wants them. */
#define FOLD_1024 0x14a7fe880, 0x1e88ef372
#define FOLD_512 0x1c6e41596, 0x154442bd4
#define FOLD_128 0x0ccaa009e, 0x1751997d0

/* Writes the 16 bytes that have the same remainder as the first bytes of `in` after a running `crc`; the
 * remainder of those 16 starts from 0. Returns how many bytes of `in` they stand for: len >= CRC_FOLD_MIN but its
 * last 15 at most. */
size_t crc32_fold(uint8_t rest[CRC_FOLD_LEN], uint32_t crc, const uint8_t *in, size_t len);

/* The same with SLZ_CPU_VPCLMUL: len >= 128, but its last 127 at most. */
size_t crc32_fold_wide(uint8_t rest[CRC_FOLD_LEN], uint32_t crc, const uint8_t *in, size_t len);

/* With SLZ_CPU_CRC32, aarch64's own instruction: the whole way, without the inversions before and after. */
uint32_t crc32_steps(uint32_t crc, const uint8_t *in, size_t len);

#endif
