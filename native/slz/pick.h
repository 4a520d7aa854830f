/* Which codes a block of the one-pass mode gets. No state. */
#ifndef SLUICE_SLZ_PICK_H
#define SLUICE_SLZ_PICK_H

#include "tables.h"

enum {
    PICK_LEN_MIN = 1024,  /* a shorter block does not earn a table's header */
    PICK_LEN_MAX = 16384, /* a longer one may change its nature */
};

/* The table for the len bytes at `in`, NULL for the fixed codes. `now` is in use and needs no new
 * header; NULL when none is. */
const struct slz_table *table_pick(const uint8_t *in, size_t len, const struct slz_table *now);

#endif
