/** Hot path. Huffman's construction by two queues, leaves and joined nodes, each in ascending order (van Leeuwen
 * 1976), with a radix sort before it: no heap, time linear in the symbols, and hardly a branch to guess. */
#include "huffman.h"

#include "../base.h"

enum {
    KEY_SYMBOL_BITS = 16,
    RADIX_BITS = 6,
    RADIX = 1 << RADIX_BITS,
    DEPTH_MAX = 32, /* Fibonacci's numbers as counts give the deepest tree: 24 levels for a segment's bytes */
};

STATIC_ASSERT(3 * RADIX_BITS >= 16);

/* One pass of a stable sort by RADIX_BITS bits of the key. */
static void sort_pass(uint32_t *to, const uint32_t *from, unsigned count, unsigned shift)
{
    uint16_t start[RADIX] = {0};
    unsigned sum = 0;

    BUG_ON(count > HUFFMAN_SYMBOLS_MAX);
    BUG_ON(to == from);
    for (unsigned i = 0; i < count; i++)
        start[from[i] >> shift & (RADIX - 1)]++;
    for (unsigned i = 0; i < RADIX; i++) {
        unsigned here = start[i];

        start[i] = (uint16_t)sum;
        sum += here;
    }
    for (unsigned i = 0; i < count; i++)
        to[start[from[i] >> shift & (RADIX - 1)]++] = from[i];
}

/* The symbols that occur, rarest first, count above KEY_SYMBOL_BITS and symbol below. Returns how many. */
static unsigned symbols_sort(uint32_t *key_ret, const uint16_t *freq, unsigned count)
{
    uint32_t spare[HUFFMAN_SYMBOLS_MAX + 1];
    unsigned used = 0;
    uint32_t all = 0;

    BUG_ON(count > HUFFMAN_SYMBOLS_MAX || count < 2);
    for (unsigned i = 0; i < count; i++) {
        spare[used] = (uint32_t)freq[i] << KEY_SYMBOL_BITS | i;
        used += freq[i] != 0;
        all |= freq[i];
    }
    for (unsigned i = 0; used < 2; i++)
        if (freq[i] == 0)
            spare[used++] = 1u << KEY_SYMBOL_BITS | i;
    BUG_ON(used > count);
    sort_pass(key_ret, spare, used, KEY_SYMBOL_BITS);
    if (all >= 1u << RADIX_BITS) {
        sort_pass(spare, key_ret, used, KEY_SYMBOL_BITS + RADIX_BITS);
        if (all >= 1u << 2 * RADIX_BITS)
            sort_pass(key_ret, spare, used, KEY_SYMBOL_BITS + 2 * RADIX_BITS);
        else
            memcpy(key_ret, spare, used * sizeof(*spare));
    }
    return used;
}

/* How many codes have each length. In: weights in ascending order, with room for two more. */
static void depths_find(unsigned *number_ret, uint32_t *leaf, unsigned n)
{
    uint32_t weight[HUFFMAN_SYMBOLS_MAX + 2];
    uint16_t parent[HUFFMAN_SYMBOLS_MAX + 2];
    unsigned at_leaf = 0, at_node = 0, inner[DEPTH_MAX + 1] = {0};

    BUG_ON(n < 2 || n > HUFFMAN_SYMBOLS_MAX);
    leaf[n] = leaf[n + 1] = UINT32_MAX;
    /* Joins the two lightest of four, without a branch on which: it could not be guessed. A parent is final when
     * its node is passed by. */
    for (unsigned next = 0; next < n - 1; next++) {
        uint32_t leaf0 = leaf[at_leaf], leaf1 = leaf[at_leaf + 1], node0, node1, leaves, nodes;

        weight[next] = weight[next + 1] = UINT32_MAX;
        node0 = weight[at_node];
        node1 = weight[at_node + 1];
        leaves = leaf1 <= node0;
        nodes = node1 < leaf0;
        parent[at_node] = parent[at_node + 1] = (uint16_t)next;
        at_leaf += 1 + leaves - nodes;
        at_node += 1 + nodes - leaves;
        weight[next] = leaf0 + node0 + ((leaf1 - node0) & (0 - leaves)) + ((node1 - leaf0) & (0 - nodes));
    }
    BUG_ON(at_node != n - 2 || at_leaf != n);
    parent[n - 2] = 0;
    inner[0] = 1;
    for (unsigned i = n - 2; i-- > 0;) {
        parent[i] = (uint16_t)(parent[parent[i]] + 1);
        inner[MIN(parent[i], DEPTH_MAX)]++;
    }
    BUG_ON(inner[DEPTH_MAX] != 0);
    /* What a level does not use for nodes are leaves. */
    for (unsigned depth = 1; depth <= DEPTH_MAX; depth++)
        number_ret[depth] = 2 * inner[depth - 1] - inner[depth];
}

/* None above len_max: what was deeper moves up, and as many others move down as the code needs to stay complete. */
static void lengths_limit(unsigned *number, unsigned len_max)
{
    uint32_t used = 0;

    BUG_ON(len_max > HUFFMAN_LEN_MAX);
    for (unsigned depth = len_max + 1; depth <= DEPTH_MAX; depth++)
        number[len_max] += number[depth];
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

unsigned huffman_lengths(uint8_t *len_ret, const uint16_t *freq, unsigned count, unsigned len_max)
{
    uint32_t key[HUFFMAN_SYMBOLS_MAX + 1], weight[HUFFMAN_SYMBOLS_MAX + 2];
    unsigned number[DEPTH_MAX + 1];
    unsigned n = symbols_sort(key, freq, count), at = 0, bits = 0;

    BUG_ON(n > 1u << len_max);
    for (unsigned i = 0; i < n; i++)
        weight[i] = key[i] >> KEY_SYMBOL_BITS;
    depths_find(number, weight, n);
    lengths_limit(number, len_max);
    memset(len_ret, 0, count);
    for (unsigned len = len_max; len > 0; len--) {
        for (unsigned i = number[len]; i > 0; i--) {
            bits += (key[at] >> KEY_SYMBOL_BITS) * len;
            len_ret[key[at++] & ((1u << KEY_SYMBOL_BITS) - 1)] = (uint8_t)len;
        }
    }
    BUG_ON(at != n);
    return bits;
}

typedef uint16_t halves __attribute__((vector_size(16), aligned(2), may_alias));

/* The bits of eight halves in reverse. */
static inline halves halves_reverse(halves v)
{
    v = (v & 0x5555) << 1 | (v >> 1 & 0x5555);
    v = (v & 0x3333) << 2 | (v >> 2 & 0x3333);
    v = (v & 0x0f0f) << 4 | (v >> 4 & 0x0f0f);
    return v << 8 | v >> 8;
}

/* Codes are counted with their first bit highest, whatever their length, so that all can be reversed alike. */
void huffman_codes(uint16_t *code_ret, const uint8_t *len, unsigned count)
{
    uint16_t symbol[HUFFMAN_SYMBOLS_MAX + 1];
    unsigned number[HUFFMAN_LEN_MAX + 1] = {0}, next[HUFFMAN_LEN_MAX + 1], code = 0, used = 0;

    BUG_ON(count > HUFFMAN_SYMBOLS_MAX);
    memset(code_ret, 0, HUFFMAN_ROOM(count) * sizeof(*code_ret));
    for (unsigned i = 0; i < count; i++) {
        symbol[used] = (uint16_t)i;
        used += len[i] != 0;
    }
    for (unsigned i = 0; i < used; i++) {
        BUG_ON(len[symbol[i]] > HUFFMAN_LEN_MAX);
        number[len[symbol[i]]]++;
    }
    for (unsigned bits = 1; bits <= HUFFMAN_LEN_MAX; bits++) {
        code = (code + number[bits - 1]) << 1;
        next[bits] = code << (HUFFMAN_LEN_MAX + 1 - bits);
    }
    for (unsigned i = 0; i < used; i++) {
        unsigned bits = len[symbol[i]];

        code_ret[symbol[i]] = (uint16_t)next[bits];
        next[bits] += 0x10000u >> bits;
    }
    for (unsigned i = 0; i < count; i += 8)
        *(halves *)(void *)(code_ret + i) = halves_reverse(*(halves *)(void *)(code_ret + i));
}
