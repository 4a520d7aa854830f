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
    STRIDE = 4096,          /* bytes between two looks whether this is noise */
    STRIDE_FIRST = 1024,    /* until the first look */
    PROBE = 512,            /* the look */
    PROBE_NOTES_MAX = 4,    /* noise has no more matches than that */
    PROBE_FLAT_MAX = 2000,  /* sum of the squares of its bytes' counts: noise 1534, base64 4600, text 15,000 */
    LITERALS_PER_FLUSH = 4, /* 4 * LITLEN_LEN_MAX + 7 <= 63 */
};

struct balanced {
    const uint8_t *in;
    const uint8_t *end;
    const uint8_t *literal; /* the first literal that is in no note yet */
    unsigned note_count;
    bool doubt; /* the newest stride may have been noise */
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

/* A run too long for one note gets notes of its own. */
static uint32_t *run_note(uint32_t *note, size_t *run)
{
    BUG_ON(*run < RUN_MAX);
    for (; *run >= RUN_MAX; *run -= RUN_MAX)
        *note++ = (uint32_t)RUN_MAX << NOTE_RUN_SHIFT;
    BUG_ON(*run >= RUN_MAX);
    return note;
}

ALWAYS_INLINE uint32_t *match_note(struct block_counts *counts, uint32_t *note, size_t run, unsigned len,
                                   unsigned dist)
{
    if (unlikely(run >= RUN_MAX))
        note = run_note(note, &run);
    counts->len[len - MATCH_MIN]++;
    counts->dist[dist_symbol(dist, dist_extra_len(dist))]++;
    *note = (uint32_t)run << NOTE_RUN_SHIFT | (len - MATCH_MIN) << NOTE_DIST_BITS | (dist - 1);
    return note + 1;
}

/* The loop of fast.c, with notes in place of codes. */
ALWAYS_INLINE const uint8_t *span_note(struct balanced *f, const uint8_t *p, const uint8_t *stop, bool far,
                                       bool wide)
{
    const uint8_t *in = f->in, *end = f->end, *literal = f->literal;
    const uint32_t *note_end = f->note + NOTES_MAX - NOTES_SPARE;
    uint32_t *note = f->note + f->note_count;
    struct block_counts *counts = &f->counts;
    struct match_table *table = &f->table;

    while (p < stop && likely(note < note_end)) {
        uint64_t word = le64(load_u64(p));
        uint32_t pos = (uint32_t)(p - in);
        uint16_t *slot0 = match_slot(table, (uint32_t)word);
        uint16_t *slot1 = match_slot(table, (uint32_t)(word >> 8));
        uint32_t from = *slot0;
        unsigned len;
        uint64_t diff;

        *slot0 = (uint16_t)pos;
        diff = le64(load_u64(in + from)) ^ word;
        if ((uint32_t)diff != 0 || (far && pos - from > MATCH_FAR)) {
            from = *slot1;
            *slot1 = (uint16_t)(pos + 1);
            counts->lit[word & 0xff]++;
            diff = le64(load_u64(in + from) ^ load_u64(p + 1));
            if ((uint32_t)diff != 0 || (far && pos + 1 - from > MATCH_FAR)) {
                counts->lit[(word >> 8) & 0xff]++;
                p += 2;
                continue;
            }
            p++;
            pos++;
        } else {
            *slot1 = (uint16_t)(pos + 1);
        }
        len = match_len(diff, p, in + from, end, wide);
        note = match_note(counts, note, (size_t)(p - literal), len, pos - from);
        p += len;
        literal = p;
        if (likely(p < stop))
            match_index_end(table, in, p);
    }
    f->literal = literal;
    f->note_count = (unsigned)(note - f->note);
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

static const uint8_t *span(struct balanced *f, const uint8_t *p, const uint8_t *stop)
{
    bool far = stop - f->in > MATCH_FAR;

    BUG_ON(p <= f->in || f->end - stop < SPAN_TAIL);
#if SLZ_X86
    if (slz_cpu() & SLZ_CPU_BMI2)
        return far ? span_far_bmi2(f, p, stop) : span_near_bmi2(f, p, stop);
#endif
    return far ? span_far(f, p, stop) : span_near(f, p, stop);
}

/* All bytes about equally often: no code can shorten them. */
static bool bytes_flat(const uint8_t *p)
{
    uint16_t count[256] = {0};
    unsigned squares = 0;

    for (unsigned i = 0; i < PROBE; i++)
        squares += 2u * count[p[i]]++ + 1;
    BUG_ON(squares < PROBE);
    return squares <= PROBE_FLAT_MAX;
}

/* The last bytes of a segment, where eight can no longer be loaded. */
static const uint8_t *tail_note(struct balanced *f, const uint8_t *p)
{
    bool search = f->end - f->in >= TABLE_LEN_MIN;

    BUG_ON(p < f->in);
    while (p < f->end) {
        unsigned dist, len = search && p > f->in ? match_find_tail(&f->table, f->in, p, f->end, &dist) : 0;

        if (len > 0) {
            uint32_t *note = f->note + f->note_count;

            note = match_note(&f->counts, note, (size_t)(p - f->literal), len, dist);
            f->note_count = (unsigned)(note - f->note);
            p += len;
            f->literal = p;
        } else {
            f->counts.lit[*p++]++;
        }
    }
    BUG_ON(f->note_count > NOTES_MAX);
    return p;
}

/* Notes the beginning of a stride that may be noise, and takes it back when it is: then it returns p. */
static const uint8_t *probe_note(struct balanced *f, const uint8_t *p)
{
    struct block_counts counts = f->counts;
    const uint8_t *literal = f->literal, *stop;
    unsigned note_count = f->note_count;

    BUG_ON(p <= f->in || f->end - p < PROBE + SPAN_TAIL);
    stop = span(f, p, p + PROBE);
    if (f->note_count - note_count > PROBE_NOTES_MAX)
        return stop;
    f->counts = counts;
    f->literal = literal;
    f->note_count = note_count;
    BUG_ON(f->note_count > NOTES_MAX);
    return p;
}

static void block_clear(struct balanced *f, const uint8_t *p)
{
    BUG_ON(p >= f->end);
    f->literal = p;
    f->note_count = 0;
    memset(&f->counts, 0, sizeof(f->counts));
}

/* Notes one block from p on; returns where it ends: at p itself when noise begins there. A stride with hardly a
 * match raises the doubt; text is never asked. */
static const uint8_t *block_note(struct balanced *f, const uint8_t *p)
{
    const uint8_t *loop_end = f->end - f->in < TABLE_LEN_MIN ? f->in : f->end - SPAN_TAIL, *begin = p;

    BUG_ON(p > f->in && f->literal > p);
    block_clear(f, p);
    while (p < loop_end) {
        const uint8_t *start = p, *stop = loop_end - p > STRIDE ? p + STRIDE : loop_end;
        unsigned note_count = f->note_count;

        if (p == f->in) {
            f->counts.lit[*p++]++;
            stop = MIN(stop, p + STRIDE_FIRST);
        }
        if (f->doubt && stop - p > PROBE && bytes_flat(p)) {
            p = probe_note(f, p);
            if (p == start)
                return p;
        }
        p = span(f, p, stop);
        if (p < stop)
            return p; /* no room for more notes; the last one is a match that ends here */
        f->doubt = f->note_count - note_count <= PROBE_NOTES_MAX;
        if (f->doubt && start == begin && stop - start > PROBE && bytes_flat(start)) {
            block_clear(f, start);
            return start;
        }
    }
    return tail_note(f, p);
}

/* Which of three literals a run of 0 to 3 has. */
static const uint32_t run_mask[LITERALS_PER_FLUSH][LITERALS_PER_FLUSH - 1] = {
    {0, 0, 0}, {UINT32_MAX, 0, 0}, {UINT32_MAX, UINT32_MAX, 0}, {UINT32_MAX, UINT32_MAX, UINT32_MAX}};

/* The rest of a run, up to three literals, is sent without a branch on its length: that would be guessed
 * wrong once a match. So three bytes are looked at whatever the length; more bytes follow. */
ALWAYS_INLINE void run_put(struct slz_bits *w, const struct slz_codes *codes, const uint8_t *p, size_t len)
{
    const uint32_t *mask;

    for (; len >= LITERALS_PER_FLUSH; len -= LITERALS_PER_FLUSH, p += LITERALS_PER_FLUSH) {
        code_put(w, codes->lit[p[0]]);
        code_put(w, codes->lit[p[1]]);
        code_put(w, codes->lit[p[2]]);
        code_put(w, codes->lit[p[3]]);
        bits_flush(w);
    }
    mask = run_mask[len];
    code_put(w, codes->lit[p[0]] & mask[0]);
    code_put(w, codes->lit[p[1]] & mask[1]);
    code_put(w, codes->lit[p[2]] & mask[2]);
    bits_flush(w);
}

ALWAYS_INLINE void notes_put(struct slz_bits *out, const struct slz_codes *codes, const struct balanced *f,
                             const uint8_t *p, const uint8_t *stop)
{
    const uint32_t *end = f->note + f->note_count;
    struct slz_bits w = *out;

    for (const uint32_t *at = f->note; at < end; at++) {
        uint32_t note = *at;
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

static bool run_store(struct slz_blocks *b, const uint8_t *p, const uint8_t *stop, uint8_t *limit)
{
    size_t len = (size_t)(stop - p);

    BUG_ON(stop < p || len > SEGMENT_MAX);
    if (len == 0)
        return true;
    if (stored_limit(b, len) > limit)
        return false;
    stored_put(b, p, len);
    BUG_ON(b->w.out > limit);
    return true;
}

bool slz_balanced_put(struct slz_blocks *b, const uint8_t *in, size_t len, uint8_t *limit)
{
    struct balanced f;
    const uint8_t *p = in, *noise = in; /* what lies between them waits to be stored */

    BUG_ON(len == 0 || len > SEGMENT_MAX);
    BUG_ON(limit < b->w.out + len);
    f.in = in;
    f.end = in + len;
    f.literal = in;
    f.doubt = false;
    if (len >= TABLE_LEN_MIN)
        memset(&f.table, 0, sizeof(f.table));
    while (p < f.end) {
        const uint8_t *stop = block_note(&f, p);

        BUG_ON(stop < p || stop > f.end);
        if (stop == p) {
            p += MIN(f.end - p, STRIDE); /* or a little less was looked at: the next stride is asked again */
            continue;
        }
        if (!run_store(b, noise, p, limit) || !block_put(b, &f, p, stop, limit))
            return false;
        p = noise = stop;
    }
    return run_store(b, noise, p, limit);
}
