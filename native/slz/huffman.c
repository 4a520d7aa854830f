/** Hot path. Huffman's construction on a sorted array in place (after Moffat and Katajainen, "In-place
 * calculation of minimum-redundancy codes", 1995), with a radix sort before it: no tree, no heap, time
 * linear in the symbols. */
#include "huffman.h"

#include "../base.h"

enum { KEY_SYMBOL_BITS = 16, RADIX = 256 };

/* One pass of a stable sort by eight bits of the key. */
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
    BUG_ON(sum != count);
    for (unsigned i = 0; i < count; i++)
        to[start[from[i] >> shift & (RADIX - 1)]++] = from[i];
}

/* The symbols that occur, rarest first, count above KEY_SYMBOL_BITS and symbol below. Returns how many. */
static unsigned symbols_sort(uint32_t *key_ret, const uint32_t *freq, unsigned count)
{
    uint32_t spare[HUFFMAN_SYMBOLS_MAX];
    unsigned used = 0;
    uint32_t most = 0;

    BUG_ON(count > HUFFMAN_SYMBOLS_MAX || count < 2);
    for (unsigned i = 0; i < count; i++) {
        if (freq[i] == 0)
            continue;
        most = MAX(most, freq[i]);
        spare[used++] = freq[i] << KEY_SYMBOL_BITS | i;
    }
    for (unsigned i = 0; used < 2; i++)
        if (freq[i] == 0)
            spare[used++] = 1u << KEY_SYMBOL_BITS | i;
    BUG_ON(most > UINT16_MAX);
    BUG_ON(used < 2 || used > count);
    sort_pass(key_ret, spare, used, KEY_SYMBOL_BITS);
    if (most >= RADIX) {
        sort_pass(spare, key_ret, used, KEY_SYMBOL_BITS + 8);
        memcpy(key_ret, spare, used * sizeof(*spare));
    }
    return used;
}

/* In: weights in ascending order. Out: the depth of each in the tree, deepest first. */
static void depths_find(uint32_t *a, unsigned n)
{
    unsigned leaf = 0, root = 0, free_at, depth = 0;

    BUG_ON(n < 2);
    /* Joins the two lightest; a joined node then holds the index of its parent. */
    for (unsigned next = 0; next < n - 1; next++) {
        uint32_t weight = 0;

        for (unsigned side = 0; side < 2; side++) {
            if (leaf >= n || (root < next && a[root] < a[leaf])) {
                weight += a[root];
                a[root++] = next;
            } else {
                weight += a[leaf++];
            }
        }
        a[next] = weight;
    }
    BUG_ON(root != n - 2);
    a[n - 2] = 0;
    /* Parents become depths. */
    for (unsigned i = n - 2; i-- > 0;)
        a[i] = a[a[i]] + 1;
    free_at = n;
    /* What a level does not use for nodes are leaves. */
    for (unsigned node = n - 1, room = 1; room > 0; depth++) {
        unsigned nodes = 0;

        while (node > 0 && a[node - 1] == depth) {
            nodes++;
            node--;
        }
        for (; room > nodes; room--)
            a[--free_at] = depth;
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
    uint32_t key[HUFFMAN_SYMBOLS_MAX], weight[HUFFMAN_SYMBOLS_MAX];
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
    unsigned number[HUFFMAN_LEN_MAX + 1] = {0}, next[HUFFMAN_LEN_MAX + 1], code = 0;

    for (unsigned i = 0; i < count; i++) {
        BUG_ON(len[i] > HUFFMAN_LEN_MAX);
        number[len[i]]++;
    }
    BUG_ON(count > HUFFMAN_SYMBOLS_MAX);
    number[0] = 0;
    for (unsigned bits = 1; bits <= HUFFMAN_LEN_MAX; bits++) {
        code = (code + number[bits - 1]) << 1;
        next[bits] = code;
    }
    for (unsigned i = 0; i < count; i++)
        code_ret[i] = len[i] ? (uint16_t)(reverse16(next[len[i]]++) >> (16 - len[i])) : 0;
}
