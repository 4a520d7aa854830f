/* The checksums that close a stream: CRC-32 (RFC 1952, section 8) and Adler-32 (RFC 1950, section 9). Pure
 * functions; each continues from the sum of what came before, starting at 0 and 1. */
#ifndef SLUICE_SLZ_CHECK_H
#define SLUICE_SLZ_CHECK_H

#include <stddef.h>
#include <stdint.h>

uint32_t slz_crc32(uint32_t sum, const uint8_t *in, size_t len);
uint32_t slz_adler32(uint32_t sum, const uint8_t *in, size_t len);

#endif
