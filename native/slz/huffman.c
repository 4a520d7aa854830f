/** Hot path. Huffman's construction by two queues, leaves and joined nodes, each in ascending order (van Leeuwen
 * 1976), with a radix sort before it: no heap, time linear in the symbols, and hardly a branch to guess. */
#include "huffman.h"

#include "../base.h"

enum { KEY_SYMBOL_BITS = 16, RADIX_BITS = 6, RADIX = 1 << RADIX_BITS };

STATIC_ASSERT(3 * RADIX_BITS >= 16);

/* One pass of a stable sort by RADIX_BITS bits of the key. `start` holds how often each value occurs. */
static void sort_pass(uint32_t *to, const uint32_t *from, unsigned count, uint16_t *start, unsigned shift)
{
    unsigned sum = 0;

    BUG_ON(count > HUFFMAN_SYMBOLS_MAX);
    BUG_ON(to == from);
    for (unsigned i = 0; i < RADIX; i++) {
        unsigned here = start[i];

        start[i] = (uint16_t)sum;
        sum += here;
    }
    BUG_ON(sum != count);
    for (unsigned i = 0; i < count; i++)
        to[start[from[i] >> shift & (RADIX - 1)]++] = from[i];
}

/* The symbols that occur, rarest first, count above KEY_SYMBOL_BITS and symbol below. Returns how many. */
static unsigned symbols_sort(uint32_t *key_ret, const uint32_t *freq, unsigned count)
{
    uint32_t spare[HUFFMAN_SYMBOLS_MAX + 1];
    uint16_t start[3][RADIX] = {{0}};
    unsigned used = 0;
    uint32_t all = 0;

    BUG_ON(count > HUFFMAN_SYMBOLS_MAX || count < 2);
    for (unsigned i = 0; i < count; i++) {
        spare[used] = freq[i] << KEY_SYMBOL_BITS | i;
        used += freq[i] != 0;
        all |= freq[i];
    }
    for (unsigned i = 0; used < 2; i++)
        if (freq[i] == 0)
            spare[used++] = 1u << KEY_SYMBOL_BITS | i;
    BUG_ON(all > UINT16_MAX || used > count);
    for (unsigned i = 0; i < used; i++)
        for (unsigned pass = 0; pass < 3; pass++)
            start[pass][spare[i] >> (KEY_SYMBOL_BITS + pass * RADIX_BITS) & (RADIX - 1)]++;
    sort_pass(key_ret, spare, used, start[0], KEY_SYMBOL_BITS);
    if (all >= 1u << RADIX_BITS) {
        sort_pass(spare, key_ret, used, start[1], KEY_SYMBOL_BITS + RADIX_BITS);
        if (all >= 1u << 2 * RADIX_BITS)
            sort_pass(key_ret, spare, used, start[2], KEY_SYMBOL_BITS + 2 * RADIX_BITS);
        else
            memcpy(key_ret, spare, used * sizeof(*spare));
    }
    return used;
}

/* In: weights in ascending order, with room for two more. Out: the depth of each in the tree, deepest first. */
static void depths_find(uint32_t *leaf, unsigned n)
{
    uint32_t weight[HUFFMAN_SYMBOLS_MAX + 2], parent[HUFFMAN_SYMBOLS_MAX + 2];
    unsigned at_leaf = 0, at_node = 0, free_at = n, depth = 0;

    BUG_ON(n < 2 || n > HUFFMAN_SYMBOLS_MAX);
    leaf[n] = leaf[n + 1] = UINT32_MAX;
    /* Joins the two lightest, without a branch on which: it could not be guessed. */
    for (unsigned next = 0; next < n - 1; next++) {
        uint32_t sum = 0;

        weight[next] = weight[next + 1] = UINT32_MAX;
        for (unsigned side = 0; side < 2; side++) {
            uint32_t is_node = weight[at_node] < leaf[at_leaf];

            sum += is_node ? weight[at_node] : leaf[at_leaf];
            parent[at_node] = next;
            at_node += is_node;
            at_leaf += !is_node;
        }
        weight[next] = sum;
    }
    BUG_ON(at_node != n - 2 || at_leaf != n);
    /* From parents, depths. */
    parent[n - 2] = 0;
    for (unsigned i = n - 2; i-- > 0;)
        parent[i] = parent[parent[i]] + 1;
    /* What a level does not use for nodes are leaves. */
    for (unsigned node = n - 1, room = 1; room > 0; depth++) {
        unsigned nodes = 0;

        while (node > 0 && parent[node - 1] == depth) {
            nodes++;
            node--;
        }
        for (; room > nodes; room--)
            leaf[--free_at] = depth;
        room = 2 * nodes;
    }
    BUG_ON(free_at != 0);
}

/* How many codes have each length, none above len_max: what was deeper moves up, and as many others move
 * down as the code needs to stay complete. */
static void lengths_limit(unsigned *number, const uint32_t *depth, unsigned n, unsigned len_max)
{
    uint32_t used = 0;

    BUG_ON(n > 1u << len_max || len_max > HUFFMAN_LEN_MAX);
    for (unsigned i = 0; i < n; i++)
        number[MIN(depth[i], len_max)]++;
    for (unsigned len = 1; len <= len_max; len++)
        used += number[len] << (len_max - len);
    while (used > 1u << len_max) {
        unsigned len = len_max - 1;

        while (number[len] == 0)
            len--;
        number[len_max]--;
        number[len]--;
        number[len + 1] += 2;
        used--;
    }
    BUG_ON(used != 1u << len_max);
}

void huffman_lengths(uint8_t *len_ret, const uint32_t *freq, unsigned count, unsigned len_max)
{
    uint32_t key[HUFFMAN_SYMBOLS_MAX], weight[HUFFMAN_SYMBOLS_MAX + 2];
    unsigned number[HUFFMAN_LEN_MAX + 1] = {0};
    unsigned n = symbols_sort(key, freq, count), at = 0;

    for (unsigned i = 0; i < n; i++)
        weight[i] = key[i] >> KEY_SYMBOL_BITS;
    depths_find(weight, n);
    lengths_limit(number, weight, n, len_max);
    memset(len_ret, 0, count);
    for (unsigned len = len_max; len > 0; len--)
        for (unsigned i = number[len]; i > 0; i--)
            len_ret[key[at++] & ((1u << KEY_SYMBOL_BITS) - 1)] = (uint8_t)len;
    BUG_ON(at != n);
}

static unsigned reverse16(unsigned v)
{
    v = (v & 0x5555) << 1 | (v >> 1 & 0x5555);
    v = (v & 0x3333) << 2 | (v >> 2 & 0x3333);
    v = (v & 0x0f0f) << 4 | (v >> 4 & 0x0f0f);
    return (v & 0x00ff) << 8 | v >> 8;
}

void huffman_codes(uint16_t *code_ret, const uint8_t *len, unsigned count)
{
    unsigned number[HUFFMAN_LEN_MAX + 1] = {0}, next[HUFFMAN_LEN_MAX + 1], code = 0, used = 0;
    uint16_t symbol[HUFFMAN_SYMBOLS_MAX + 1];

    BUG_ON(count > HUFFMAN_SYMBOLS_MAX);
    for (unsigned i = 0; i < count; i++) {
        symbol[used] = (uint16_t)i;
        used += len[i] != 0;
        code_ret[i] = 0;
    }
    for (unsigned i = 0; i < used; i++) {
        BUG_ON(len[symbol[i]] > HUFFMAN_LEN_MAX);
        number[len[symbol[i]]]++;
    }
    for (unsigned bits = 1; bits <= HUFFMAN_LEN_MAX; bits++) {
        code = (code + number[bits - 1]) << 1;
        next[bits] = code;
    }
    for (unsigned i = 0; i < used; i++) {
        unsigned bits = len[symbol[i]];

        code_ret[symbol[i]] = (uint16_t)(reverse16(next[bits]++) >> (16 - bits));
    }
}
