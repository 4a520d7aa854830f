/** Hot path. Plans a dynamic block: counts become code lengths, those become runs with a code of their own,
 * and the exact size of the block falls out before a bit of it is written. No state. */
#include "dynamic.h"

#include "block.h"
#include "huffman.h"

enum {
    ITEM_COPY = 16,      /* repeats the length before it 3-6 times */
    ITEM_ZEROS = 17,     /* 3-10 zeros */
    ITEM_ZEROS_FAR = 18, /* 11-138 zeros */
    ITEM_BITS = 5,
    ITEM_LEN_MAX = 7,
    HEAD_COUNTS_LEN = 14, /* HLIT, HDIST, HCLEN */
};

static const uint8_t item_extra[ITEM_SYMBOLS] = {[ITEM_COPY] = 2, [ITEM_ZEROS] = 3, [ITEM_ZEROS_FAR] = 7};
static const uint8_t item_order[ITEM_SYMBOLS] = {16, 17, 18, 0,  8, 7,  9, 6,  10, 5,
                                                 11, 4,  12, 3, 13, 2, 14, 1, 15};

enum { LEN_SYMBOLS = 29 };

/* Extra bits of the length symbols, and the first length - 3 of each: 258 has a symbol of its own. */
static const uint8_t len_extra[LEN_SYMBOLS] = {0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2,
                                               2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0};
static const uint16_t len_first[LEN_SYMBOLS + 1] = {0,  1,  2,  3,  4,  5,  6,  7,  8,   10,  12,  14,  16,  20,  24,
                                                    28, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 255, 256};

STATIC_ASSERT(CODE_END + 1 + LEN_SYMBOLS == LITLEN_SYMBOLS);
STATIC_ASSERT(ITEM_SYMBOLS <= 1 << ITEM_BITS);

static inline void item_add(struct dynamic_plan *plan, uint16_t *freq, unsigned symbol, unsigned extra)
{
    BUG_ON(plan->item_count >= ITEMS_MAX);
    BUG_ON(symbol >= ITEM_SYMBOLS || extra > 127);
    freq[symbol]++;
    plan->item[plan->item_count++] = (uint16_t)(symbol | extra << ITEM_BITS);
}

/* How often the first of the `left` lengths is repeated, itself counted. Eight at a time: most runs are short, and a
 * loop's end would be guessed wrong. Looks at eight more than there are. */
static inline unsigned run_len(const uint8_t *len, unsigned left)
{
    uint64_t first = len[0] * 0x0101010101010101u;
    unsigned run = 0;

    for (; run < left; run += 8) {
        uint64_t differ = le64(load_u64(len + run)) ^ first;

        if (differ)
            return MIN(left, run + ((unsigned)__builtin_ctzll(differ) >> 3));
    }
    return left;
}

/* Lengths as runs; a run may cross from the one set to the other. */
static void items_make(struct dynamic_plan *plan, uint16_t *freq, const uint8_t *len, unsigned count)
{
    for (unsigned at = 0; at < count;) {
        unsigned value = len[at], run = run_len(len + at, count - at);

        at += run;
        if (value != 0) {
            item_add(plan, freq, value, 0);
            run--;
        }
        while (run >= 3) {
            unsigned most = value ? 6 : run > 10 ? 138 : 10;
            unsigned part = MIN(run, most);
            unsigned symbol = value ? ITEM_COPY : part > 10 ? ITEM_ZEROS_FAR : ITEM_ZEROS;

            item_add(plan, freq, symbol, part - (symbol == ITEM_ZEROS_FAR ? 11 : 3));
            run -= part;
        }
        for (; run > 0; run--)
            item_add(plan, freq, value, 0);
    }
    BUG_ON(plan->item_count == 0 || plan->item_count > count);
}

static size_t head_plan(struct dynamic_plan *plan)
{
    uint16_t freq[ITEM_SYMBOLS] = {0};
    uint8_t len[ITEMS_MAX + 8];
    size_t bits = HEAD_COUNTS_LEN;

    plan->litlen_count = LITLEN_SYMBOLS;
    while (plan->litlen_count > 257 && plan->litlen[plan->litlen_count - 1] == 0)
        plan->litlen_count--;
    plan->dist_count = DIST_SYMBOLS;
    while (plan->dist_count > 1 && plan->dist[plan->dist_count - 1] == 0)
        plan->dist_count--;
    memcpy(len, plan->litlen, plan->litlen_count);
    memcpy(len + plan->litlen_count, plan->dist, plan->dist_count);
    memset(len + plan->litlen_count + plan->dist_count, 0, 8);
    plan->item_count = 0;
    items_make(plan, freq, len, plan->litlen_count + plan->dist_count);
    BUG_ON(plan->item_count > ITEMS_MAX);
    bits += huffman_lengths(plan->item_len, freq, ITEM_SYMBOLS, ITEM_LEN_MAX);
    plan->item_len_count = ITEM_SYMBOLS;
    while (plan->item_len_count > 4 && plan->item_len[item_order[plan->item_len_count - 1]] == 0)
        plan->item_len_count--;
    bits += 2u * freq[ITEM_COPY] + 3u * freq[ITEM_ZEROS] + 7u * freq[ITEM_ZEROS_FAR];
    return bits + 3 * plan->item_len_count;
}

void dynamic_plan_make(struct dynamic_plan *plan, struct block_counts *counts)
{
    size_t extra = BLOCK_TYPE_LEN, fixed = 0;

    counts->litlen[CODE_END] = 1;
    plan->bits = huffman_lengths(plan->litlen, counts->litlen, LITLEN_SYMBOLS, LITLEN_LEN_MAX);
    plan->bits += huffman_lengths(plan->dist, counts->dist, DIST_SYMBOLS, DIST_LEN_MAX);
    plan->bits += head_plan(plan);
    for (unsigned i = 0; i < 144; i++)
        fixed += 8u * counts->litlen[i];
    for (unsigned i = 144; i < CODE_END; i++)
        fixed += 9u * counts->litlen[i];
    for (unsigned i = CODE_END; i < LITLEN_SYMBOLS; i++)
        fixed += (i < 280 ? 7u : 8u) * counts->litlen[i];
    for (unsigned i = 0; i < LEN_SYMBOLS; i++)
        extra += (size_t)counts->litlen[CODE_END + 1 + i] * len_extra[i];
    for (unsigned i = 0; i < DIST_SYMBOLS; i++) {
        fixed += 5u * counts->dist[i];
        extra += (size_t)counts->dist[i] * dist_symbol_extra(i);
    }
    plan->bits += extra;
    plan->bits_fixed = fixed + extra;
    BUG_ON(plan->litlen[CODE_END] == 0);
    BUG_ON(plan->bits < extra || plan->bits_fixed < extra);
}

void dynamic_head_put(struct slz_bits *w, const struct dynamic_plan *plan)
{
    uint16_t code[HUFFMAN_ROOM(ITEM_SYMBOLS)];

    BUG_ON(w->len > 7);
    BUG_ON(plan->litlen_count < 257 || plan->dist_count < 1 || plan->item_len_count < 4);
    huffman_codes(code, plan->item_len, ITEM_SYMBOLS);
    bits_put(w, plan->litlen_count - 257, 5);
    bits_put(w, plan->dist_count - 1, 5);
    bits_put(w, plan->item_len_count - 4, 4);
    bits_flush(w);
    for (unsigned i = 0; i < plan->item_len_count; i++) {
        bits_put(w, plan->item_len[item_order[i]], 3);
        bits_flush(w);
    }
    for (unsigned i = 0; i < plan->item_count; i++) {
        unsigned symbol = plan->item[i] & ((1u << ITEM_BITS) - 1);

        bits_put(w, code[symbol], plan->item_len[symbol]);
        bits_put(w, plan->item[i] >> ITEM_BITS, item_extra[symbol]);
        bits_flush(w);
    }
}

void dynamic_codes_make(struct note_codes *codes, const struct dynamic_plan *plan)
{
    uint16_t code[HUFFMAN_ROOM(LITLEN_SYMBOLS)];

    BUG_ON(plan->litlen[CODE_END] == 0);
    huffman_codes(code, plan->litlen, LITLEN_SYMBOLS);
    for (unsigned i = 0; i < 256; i++)
        codes->code[i] = CODE(code[i], plan->litlen[i]);
    codes->end = CODE(code[CODE_END], plan->litlen[CODE_END]);
    for (unsigned i = 0; i < LEN_SYMBOLS; i++) {
        unsigned symbol = CODE_END + 1 + i, len = plan->litlen[symbol];
        uint32_t next = CODE(code[symbol], len + len_extra[i]);

        for (unsigned k = len_first[i]; k < len_first[i + 1]; k++, next += CODE(1u << len, 0))
            codes->code[NOTE_MATCH + k] = next;
    }
    BUG_ON(CODE_LEN(codes->end) == 0);
    huffman_codes(code, plan->dist, DIST_SYMBOLS);
    for (unsigned i = 0; i < DIST_SYMBOLS; i++)
        codes->code[NOTE_DIST + i] = DIST_CODE(code[i], plan->dist[i], dist_symbol_extra(i));
    codes->code[NOTE_NONE] = 0;
}
