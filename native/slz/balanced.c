/* The mode between fast and small. Its blocks are those of the fast mode until it makes codes of its own. */
#include "block.h"

bool slz_balanced_put(struct slz_blocks *b, const uint8_t *in, size_t len, uint8_t *limit)
{
    BUG_ON(len == 0 || len > SEGMENT_MAX);
    return slz_fast_put(b, in, len, limit);
}
