/** Hot path. Two passes: first matches and literal runs are noted and counted, then codes are made for what
 * was found and the notes are written with them. The exact size of each form of a block is known before a
 * bit is written, so the shortest of dynamic, fixed and stored is taken. Table, notes and counts live on
 * the stack of one call. */
#include "block.h"
#include "cpu.h"
#include "dynamic.h"
#include "match.h"

enum {
    NOTES_MAX = 8192,       /* per block: 32 KB of stack */
    RUN_MAX = 511,          /* this run stands for itself, without a match after it */
    NOTE_DIST_BITS = 15,    /* distance - 1 */
    NOTE_LEN_BITS = 8,      /* length - 3 */
    NOTE_RUN_SHIFT = NOTE_DIST_BITS + NOTE_LEN_BITS,
    NOTES_SPARE = 130,      /* the most one step adds: a segment's worth of runs, and a match */
    HASTY_LEN = 24,         /* a match of this length is taken without a look at the next */
    LITERALS_PER_FLUSH = 4, /* 4 * LITLEN_LEN_MAX + 7 <= 63 */
};

struct balanced {
    const uint8_t *in;
    const uint8_t *end;
    const uint8_t *literal; /* the first literal that is in no note yet */
    unsigned note_count;
    struct block_counts counts;
    struct match_table table;
    uint32_t note[NOTES_MAX]; /* a run of literals, then a match */
};

STATIC_ASSERT((uint32_t)RUN_MAX << NOTE_RUN_SHIFT == 0xff800000 && MATCH_FAR == 1 << NOTE_DIST_BITS);
STATIC_ASSERT(MATCH_MAX - MATCH_MIN == (1 << NOTE_LEN_BITS) - 1);
STATIC_ASSERT(NOTES_SPARE > SEGMENT_MAX / RUN_MAX + 1);
STATIC_ASSERT(LITERALS_PER_FLUSH * LITLEN_LEN_MAX + 7 <= 63);
STATIC_ASSERT(LITLEN_LEN_MAX + 5 + DIST_LEN_MAX + 13 + 7 <= 63); /* a match */
STATIC_ASSERT(sizeof(struct balanced) < 52 * 1024);

ALWAYS_INLINE void note_add(struct balanced *f, const uint8_t *p, unsigned len, unsigned dist)
{
    size_t run = (size_t)(p - f->literal);

    while (unlikely(run >= RUN_MAX)) {
        f->note[f->note_count++] = (uint32_t)RUN_MAX << NOTE_RUN_SHIFT;
        run -= RUN_MAX;
    }
    f->note[f->note_count++] =
        (uint32_t)run << NOTE_RUN_SHIFT | (len - MATCH_MIN) << NOTE_DIST_BITS | (dist - 1);
    f->counts.len[len - MATCH_MIN]++;
    f->counts.dist[dist_symbol(dist, dist_extra_len(dist))]++;
    f->literal = p + len;
}

/* A short match may hide a longer one that begins a byte later. Returns its length, 0 when there is none. */
ALWAYS_INLINE unsigned match_next(struct balanced *f, const uint8_t *p, unsigned len, bool far,
                                  bool wide, uint32_t *from_ret)
{
    uint64_t word = le64(load_u64(p));
    uint16_t *slot = match_slot(&f->table, (uint32_t)word);
    uint32_t from = *slot, pos = (uint32_t)(p - f->in);
    uint64_t diff;
    unsigned next_len;

    *slot = (uint16_t)pos;
    if (len >= HASTY_LEN)
        return 0;
    diff = le64(load_u64(f->in + from)) ^ word;
    if ((diff & 0xffffffffff) != 0 || (far && pos - from > MATCH_FAR))
        return 0;
    next_len = match_len(diff, p, f->in + from, f->end, wide);
    *from_ret = from;
    return next_len > len ? next_len : 0;
}

/* The loop of fast.c, with notes in place of codes and a second look where a match is short. */
ALWAYS_INLINE const uint8_t *span_note(struct balanced *f, const uint8_t *p, const uint8_t *stop, bool far,
                                       bool wide)
{
    const uint8_t *in = f->in;

    while (p < stop && likely(f->note_count < NOTES_MAX - NOTES_SPARE)) {
        uint64_t word = le64(load_u64(p));
        uint32_t pos = (uint32_t)(p - in);
        uint16_t *slot0 = match_slot(&f->table, (uint32_t)word);
        uint16_t *slot1 = match_slot(&f->table, (uint32_t)(word >> 8));
        uint32_t from = *slot0, from_next;
        unsigned len, len_next;
        uint64_t diff;

        *slot0 = (uint16_t)pos;
        diff = le64(load_u64(in + from)) ^ word;
        if ((uint32_t)diff != 0 || (far && pos - from > MATCH_FAR)) {
            from = *slot1;
            *slot1 = (uint16_t)(pos + 1);
            f->counts.lit[word & 0xff]++;
            diff = le64(load_u64(in + from) ^ load_u64(p + 1));
            if ((uint32_t)diff != 0 || (far && pos + 1 - from > MATCH_FAR)) {
                f->counts.lit[(word >> 8) & 0xff]++;
                p += 2;
                continue;
            }
            p++;
            pos++;
        }
        len = match_len(diff, p, in + from, f->end, wide);
        len_next = match_next(f, p + 1, len, far, wide, &from_next);
        if (len_next > 0) {
            f->counts.lit[*p++]++;
            pos++;
            len = len_next;
            from = from_next;
        }
        note_add(f, p, len, pos - from);
        p += len;
        if (likely(p < stop))
            match_index_end(&f->table, in, p);
    }
    return p;
}

#define SPAN(name, target, far, wide) \
    target static const uint8_t *name(struct balanced *f, const uint8_t *p, const uint8_t *stop) \
    { \
        return span_note(f, p, stop, far, wide); \
    }

SPAN(span_near, , false, false)
SPAN(span_far, , true, false)
#if SLZ_X86
SPAN(span_near_bmi2, SLZ_TARGET_BMI2, false, true)
SPAN(span_far_bmi2, SLZ_TARGET_BMI2, true, true)
#endif

static const uint8_t *span(struct balanced *f, const uint8_t *p, const uint8_t *stop, bool far)
{
    BUG_ON(p <= f->in || f->end - stop < SPAN_TAIL);
#if SLZ_X86
    if (slz_cpu() & SLZ_CPU_BMI2)
        return far ? span_far_bmi2(f, p, stop) : span_near_bmi2(f, p, stop);
#endif
    return far ? span_far(f, p, stop) : span_near(f, p, stop);
}

/* Notes one block from p on; returns where it ends. */
static const uint8_t *block_note(struct balanced *f, const uint8_t *p)
{
    const uint8_t *loop_end = f->end - f->in < TABLE_LEN_MIN ? f->in : f->end - SPAN_TAIL;
    const uint8_t *near_end = f->end - f->in > MATCH_FAR ? MIN(loop_end, f->in + MATCH_FAR) : loop_end;

    BUG_ON(p >= f->end);
    f->literal = p;
    f->note_count = 0;
    memset(&f->counts, 0, sizeof(f->counts));
    if (p == f->in)
        f->counts.lit[*p++]++;
    if (p < near_end)
        p = span(f, p, near_end, false);
    if (p >= near_end && p < loop_end)
        p = span(f, p, loop_end, true);
    if (p < loop_end)
        return p; /* no room for more notes; the last one is a match that ends here */
    while (p < f->end) {
        unsigned dist, len = 0;

        if (loop_end > f->in && p > f->in)
            len = match_find_tail(&f->table, f->in, p, f->end, &dist);
        if (len > 0) {
            note_add(f, p, len, dist);
            p += len;
        } else {
            f->counts.lit[*p++]++;
        }
    }
    return p;
}

/* The rest of a run, up to three literals, is sent without a branch on its length: that would be guessed
 * wrong once a match. So three bytes are looked at whatever the length; more bytes follow. */
ALWAYS_INLINE void run_put(struct slz_bits *w, const struct slz_codes *codes, const uint8_t *p, size_t len)
{
    for (; len >= LITERALS_PER_FLUSH; len -= LITERALS_PER_FLUSH, p += LITERALS_PER_FLUSH) {
        code_put(w, codes->lit[p[0]]);
        code_put(w, codes->lit[p[1]]);
        code_put(w, codes->lit[p[2]]);
        code_put(w, codes->lit[p[3]]);
        bits_flush(w);
    }
    code_put(w, codes->lit[p[0]] & -(uint32_t)(len > 0));
    code_put(w, codes->lit[p[1]] & -(uint32_t)(len > 1));
    code_put(w, codes->lit[p[2]] & -(uint32_t)(len > 2));
    bits_flush(w);
}

ALWAYS_INLINE void notes_put(struct slz_bits *out, const struct slz_codes *codes, const struct balanced *f,
                             const uint8_t *p, const uint8_t *stop)
{
    struct slz_bits w = *out;

    for (unsigned i = 0; i < f->note_count; i++) {
        uint32_t note = f->note[i];
        unsigned run = note >> NOTE_RUN_SHIFT, len;

        run_put(&w, codes, p, run);
        p += run;
        if (unlikely(run == RUN_MAX))
            continue;
        len = (note >> NOTE_DIST_BITS & 0xff) + MATCH_MIN;
        match_put(&w, codes, len, (note & (MATCH_FAR - 1)) + 1);
        bits_flush(&w);
        p += len;
    }
    for (; p < stop; p++) {
        code_put(&w, codes->lit[*p]);
        bits_flush(&w);
    }
    *out = w;
}

#define NOTES_PUT(name, target) \
    target static void name(struct slz_bits *w, const struct slz_codes *codes, const struct balanced *f, \
                            const uint8_t *p, const uint8_t *stop) \
    { \
        notes_put(w, codes, f, p, stop); \
    }

NOTES_PUT(block_fill_any, )
#if SLZ_X86
NOTES_PUT(block_fill_bmi2, SLZ_TARGET_BMI2)
#endif

static void block_fill(struct slz_bits *w, const struct slz_codes *codes, const struct balanced *f,
                       const uint8_t *p, const uint8_t *stop)
{
    BUG_ON(p >= stop || f->note_count > NOTES_MAX);
#if SLZ_X86
    if (slz_cpu() & SLZ_CPU_BMI2) {
        block_fill_bmi2(w, codes, f, p, stop);
        return;
    }
#endif
    block_fill_any(w, codes, f, p, stop);
}

static bool block_put(struct slz_blocks *b, struct balanced *f, const uint8_t *p, const uint8_t *stop,
                      uint8_t *limit)
{
    size_t len = (size_t)(stop - p);
    size_t stored = (size_t)(stored_limit(b, len) - b->w.out) * 8;
    struct dynamic_plan plan;

    BUG_ON(len == 0 || limit < b->w.out);
    BUG_ON(b->w.len > 7);
    dynamic_plan_make(&plan, &f->counts);
    if (plan.bits_fixed <= plan.bits && plan.bits_fixed < stored) {
        if (b->w.out + (b->w.len + plan.bits_fixed + 7) / 8 > limit)
            return false;
        if (!b->codes)
            block_begin(b, BLOCK_FIXED, &slz_codes_fixed);
        block_fill(&b->w, &slz_codes_fixed, f, p, stop);
    } else if (plan.bits < stored) {
        struct slz_codes codes;

        if (b->w.out + (b->w.len + 7 + plan.bits + 7) / 8 > limit)
            return false;
        dynamic_codes_make(&codes, &plan);
        block_end(b);
        block_begin(b, BLOCK_DYNAMIC, &codes);
        dynamic_head_put(&b->w, &plan);
        block_fill(&b->w, &codes, f, p, stop);
        block_end(b);
    } else {
        if (stored_limit(b, len) > limit)
            return false;
        stored_put(b, p, len);
    }
    return true;
}

bool slz_balanced_put(struct slz_blocks *b, const uint8_t *in, size_t len, uint8_t *limit)
{
    struct balanced f;
    const uint8_t *p = in;

    BUG_ON(len == 0 || len > SEGMENT_MAX);
    BUG_ON(limit < b->w.out + len);
    f.in = in;
    f.end = in + len;
    if (len >= TABLE_LEN_MIN)
        memset(&f.table, 0, sizeof(f.table));
    while (p < f.end) {
        const uint8_t *stop = block_note(&f, p);

        BUG_ON(stop <= p || stop > f.end);
        if (!block_put(b, &f, p, stop, limit))
            return false;
        p = stop;
    }
    return true;
}
