/** Hot path. A block's codes are chosen before it is read: 512 of its bytes are looked at, each adds what it says for
 * and against each table, and the best sum wins. All tables are summed at once, one lane each. No state. */
#include "pick.h"

#include "../base.h"

enum { PIECE = 8 };

typedef int16_t lanes __attribute__((vector_size(2 * TABLES), aligned(2), may_alias));

STATIC_ASSERT(sizeof(lanes) == sizeof(slz_sample_weights[0]));
STATIC_ASSERT(PICK_LEN_MIN >= SAMPLE_PIECES * PIECE);

const struct slz_table *table_pick(const uint8_t *in, size_t len, const struct slz_table *now)
{
    size_t step = (len - PIECE) / (SAMPLE_PIECES - 1);
    int toll = slz_sample_stay * (int)(PICK_LEN_MAX - len) / (int)len; /* training weighed the header by the longest */
    int most = 0, best = -1;
    lanes sum[2] = {{0}};

    BUG_ON(len < PICK_LEN_MIN || len > PICK_LEN_MAX);
    BUG_ON(now && (now < slz_tables || now >= slz_tables + TABLES));
    for (unsigned piece = 0; piece < SAMPLE_PIECES; piece++, in += step) {
        for (unsigned i = 0; i < PIECE; i += 2) {
            sum[0] += *(const lanes *)(const void *)slz_sample_weights[in[i]];
            sum[1] += *(const lanes *)(const void *)slz_sample_weights[in[i + 1]];
        }
    }
    sum[0] += sum[1];
    if (now) {
        best = (int)(now - slz_tables);
        most = sum[0][best] + slz_sample_stay;
    }
    for (int i = 0; i < TABLES; i++) {
        if (sum[0][i] - toll > most) {
            most = sum[0][i] - toll;
            best = i;
        }
    }
    return most > 0 && best >= 0 ? &slz_tables[best] : NULL;
}
