/* Says whether a gzip member holds a body, by a decoder that none of us wrote for this bench. */
#ifndef SLUICE_BENCH_JUDGE_H
#define SLUICE_BENCH_JUDGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* `room` takes len + 1 bytes. */
bool judge_same(uint8_t *room, const uint8_t *packed, size_t packed_len, const uint8_t *body, size_t len);

#endif
