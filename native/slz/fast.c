/** Hot path. One pass: codes are chosen from a sample, then find a match or send a literal, and never look back.
 * Owns nothing: its table lives on the stack, cleared for each segment, so that no byte of an earlier input can
 * be seen in the output. Segments are worked in strides; a stride that does not shrink becomes part of a
 * stored run, so that pictures cost little more than a copy. */
#include "block.h"
#include "cpu.h"
#include "match.h"
#include "noise.h"
#include "pick.h"

enum {
    STRIDE = 4096,  /* bytes between two looks at what the output gains */
    PROBE = 256,    /* the first look in a stride */
    TURN_BITS = 80, /* about what it costs to enter and to leave a stored run */
};

struct fast {
    struct slz_blocks b;
    const uint8_t *in;
    const uint8_t *end;
    uint8_t *limit;
    uint8_t *stored; /* first byte after the header of the stored run that ends at b.w.out, or NULL */
    const uint8_t *pick_at;         /* from here on another table may fit better */
    const struct slz_table *chosen; /* NULL for the fixed codes */
    bool noisy;                     /* the stride before was noise */
    uint16_t slot[1 << HASH_BITS];
};

STATIC_ASSERT(STRIDE > PROBE + MATCH_MAX);
STATIC_ASSERT(sizeof(struct fast) < 18 * 1024);

/* Encodes from `p` until `stop` or a little later. Looks at two positions per turn, because one eight-byte
 * load serves both. With `far` the segment is past 32 KB, where an old candidate may be out of reach. */
ALWAYS_INLINE const uint8_t *span_put(struct fast *f, const uint8_t *p, const uint8_t *stop, bool far,
                                      bool wide)
{
    const struct slz_codes *codes = f->b.codes;
    const struct match_table table = {f->slot, HASH_BITS};
    const uint8_t *in = f->in;
    struct slz_bits w = f->b.w;

    while (p < stop && likely(w.out <= f->limit)) {
        uint64_t word = le64(load_u64(p));
        uint32_t pos = (uint32_t)(p - in);
        uint16_t *slot0 = match_slot(table, (uint32_t)word);
        uint16_t *slot1 = match_slot(table, (uint32_t)(word >> 8));
        uint32_t from = *slot0;
        uint64_t diff;

        *slot0 = (uint16_t)pos;
        diff = le64(load_u64(in + from)) ^ word;
        if ((uint32_t)diff != 0 || (far && pos - from > MATCH_FAR)) {
            from = *slot1;
            *slot1 = (uint16_t)(pos + 1);
            code_put(&w, codes->lit[word & 0xff]);
            diff = le64(load_u64(in + from) ^ load_u64(p + 1));
            if ((uint32_t)diff != 0 || (far && pos + 1 - from > MATCH_FAR)) {
                code_put(&w, codes->lit[(word >> 8) & 0xff]);
                p += 2;
                bits_flush(&w);
                continue;
            }
            p++;
            pos++;
        } else {
            *slot1 = (uint16_t)(pos + 1);
        }
        unsigned len = match_len(diff, p, in + from, f->end, wide);
        match_put(&w, codes, len, pos - from);
        bits_flush(&w);
        p += len;
        if (likely(p < stop))
            match_index_end(table, in, p);
    }
    f->b.w = w;
    return p;
}

#define SPAN(name, target, far, wide) \
    target static const uint8_t *name(struct fast *f, const uint8_t *p, const uint8_t *stop) \
    { \
        return span_put(f, p, stop, far, wide); \
    }

SPAN(span_near, , false, false)
SPAN(span_far, , true, false)
#if SLZ_WIDE
SPAN(span_near_wide, SLZ_TARGET_WIDE, false, true)
SPAN(span_far_wide, SLZ_TARGET_WIDE, true, true)
#endif

static const uint8_t *span(struct fast *f, const uint8_t *p, const uint8_t *stop)
{
    bool far = stop - f->in > MATCH_FAR;

    BUG_ON(p <= f->in || f->end - stop < SPAN_TAIL);
#if SLZ_WIDE
    if (slz_cpu() & SLZ_CPU_WIDE)
        return far ? span_far_wide(f, p, stop) : span_near_wide(f, p, stop);
#endif
    return far ? span_far(f, p, stop) : span_near(f, p, stop);
}

/* The last bytes of a segment, where eight can no longer be loaded. */
static const uint8_t *tail_put(struct fast *f, const uint8_t *p)
{
    const struct match_table table = {f->slot, HASH_BITS};
    const struct slz_codes *codes = f->b.codes;
    bool search = f->end - f->in >= TABLE_LEN_MIN;

    BUG_ON(p < f->in || f->b.w.len > 7);
    while (p < f->end && f->b.w.out <= f->limit) {
        unsigned dist, len = search ? match_find_tail(table, f->in, p, f->end, &dist) : 0;

        if (len > 0) {
            match_put(&f->b.w, codes, len, dist);
            p += len;
        } else {
            code_put(&f->b.w, codes->lit[*p++]);
        }
        bits_flush(&f->b.w);
    }
    return p;
}

static void run_close(struct fast *f)
{
    size_t len;

    if (!f->stored)
        return;
    len = (size_t)(f->b.w.out - f->stored);
    BUG_ON(len == 0 || len > SEGMENT_MAX);
    f->stored[-4] = (uint8_t)len;
    f->stored[-3] = (uint8_t)(len >> 8);
    f->stored[-2] = (uint8_t)~len;
    f->stored[-1] = (uint8_t)(~len >> 8);
    f->stored = NULL;
}

/* Copies from p to `stop` as a stored run, the open one if there is one. False when the segment does not
 * fit that way. */
static bool run_put(struct fast *f, const uint8_t *p, const uint8_t *stop)
{
    size_t len = (size_t)(stop - p);

    BUG_ON(stop <= p || stop > f->end);
    if (!f->stored) {
        if (stored_limit(&f->b, len) > f->limit)
            return false;
        stored_begin(&f->b, 0);
        f->stored = f->b.w.out;
    }
    if (len > (size_t)(f->limit - f->b.w.out))
        return false;
    BUG_ON(f->b.w.len != 0);
    memcpy(f->b.w.out, p, len);
    f->b.w.out += len;
    return true;
}

/* Bits that the output since `before` takes more than `len` bytes copied would. */
static ptrdiff_t bits_lost(const struct fast *f, const struct slz_bits *before, ptrdiff_t len)
{
    BUG_ON(f->b.w.out < before->out || len <= 0);
    BUG_ON(f->b.w.len > 7 || before->len > 7);
    return ((f->b.w.out - before->out) - len) * 8 + (ptrdiff_t)f->b.w.len - (ptrdiff_t)before->len;
}

static void head_put(struct slz_bits *w, const struct slz_table *table)
{
    unsigned left = table->head_len;

    BUG_ON(left > TABLE_HEAD_WORDS * 32 || w->len > 7);
    for (unsigned i = 0; left > 0; i++) {
        unsigned len = MIN(left, 32u);

        bits_put(w, table->head[i], len);
        bits_flush(w);
        left -= len;
    }
}

/* Sees to it that a block is open, with the codes that fit what comes. For bytes that are `flat` no table does, and
 * the look is saved. */
static void codes_choose(struct fast *f, const uint8_t *p, bool flat)
{
    const struct slz_table *table = f->b.codes ? f->chosen : NULL;
    size_t len = MIN((size_t)(f->end - p), (size_t)PICK_LEN_MAX);

    BUG_ON(p >= f->end);
    if (f->b.codes && p < f->pick_at)
        return;
    if (len >= PICK_LEN_MIN && !flat) {
        f->chosen = table_pick(p, len, table);
        f->pick_at = p + len;
    } else if (!f->b.codes) {
        f->chosen = NULL;
    }
    if (f->b.codes && f->chosen == table)
        return;
    block_end(&f->b);
    BUG_ON(f->b.codes);
    if (!f->chosen) {
        block_begin(&f->b, BLOCK_FIXED, &slz_codes_fixed);
        return;
    }
    f->b.head = f->b.w.out;
    f->b.head_bit = f->b.w.len;
    f->b.codes = &f->chosen->codes;
    head_put(&f->b.w, f->chosen);
}

/* One stride; returns where the next one starts, or NULL when the segment has to be stored as a whole. */
static const uint8_t *stride_put(struct fast *f, const uint8_t *p, const uint8_t *stop)
{
    const uint8_t *loop_end = f->end - f->in < TABLE_LEN_MIN ? f->in : f->end - SPAN_TAIL;
    const struct slz_blocks before = f->b;
    const struct slz_table *chosen = f->chosen;
    uint8_t *run = f->stored;
    const uint8_t *start = p;
    struct slz_bits mark;
    ptrdiff_t turn = run ? -TURN_BITS : TURN_BITS;
    bool probe = MIN(stop, loop_end) - p > NOISE_LEN + 1, flat = f->noisy && probe && bytes_flat(p);

    BUG_ON(p >= stop || stop > f->end);
    run_close(f);
    codes_choose(f, p, flat);
    mark = f->b.w;
    if (p == f->in) {
        code_put(&f->b.w, f->b.codes->lit[*p++]);
        bits_flush(&f->b.w);
    }
    f->noisy = false;
    if (probe) {
        p = span(f, p, p + PROBE);
        f->noisy = bits_lost(f, &mark, p - start) > (p - start) / 4 && (flat || bytes_flat(start));
        if (f->noisy)
            goto take_back;
    }
    if (p < MIN(stop, loop_end))
        p = span(f, p, MIN(stop, loop_end));
    if (stop == f->end)
        p = tail_put(f, p);
    if (f->b.w.out > f->limit)
        return NULL;
    if (bits_lost(f, &before.w, p - start) <= turn)
        return p;
    stop = MAX(p, stop);
take_back:
    f->b = before;
    f->stored = run;
    f->chosen = chosen;
    f->pick_at = stop;
    return run_put(f, start, stop) ? stop : NULL;
}

bool slz_fast_put(struct slz_blocks *b, const uint8_t *in, size_t len, uint8_t *limit)
{
    struct fast f;
    const uint8_t *p = in;

    BUG_ON(len == 0 || len > SEGMENT_MAX);
    BUG_ON(limit < b->w.out + len);
    f.b = *b;
    f.in = in;
    f.end = in + len;
    f.limit = limit;
    f.stored = NULL;
    f.pick_at = in;
    f.chosen = NULL;
    f.noisy = false;
    if (len >= TABLE_LEN_MIN)
        memset(f.slot, 0, sizeof(f.slot));
    while (p < f.end) {
        const uint8_t *stop = f.end - p <= STRIDE + STRIDE / 2 ? f.end : p + STRIDE;

        p = stride_put(&f, p, stop);
        if (!p)
            return false;
    }
    BUG_ON(p != f.end);
    run_close(&f);
    if (f.chosen)
        block_end(&f.b);
    *b = f.b;
    return true;
}
