/** Hot path. Notes matches and runs of literals, and counts what they are made of. Noise is found by a stride with
 * hardly a match and flat counts of bytes. No state but the caller's. */
#include "notes.h"

#include "block.h"
#include "cpu.h"
#include "noise.h"

enum {
    NOTES_SPARE = 130,     /* the most one step adds: a segment's worth of runs, and a match */
    STRIDE_FIRST = 1024,   /* until the first look for noise */
    PROBE = 512,           /* the look */
    PROBE_NOTES_MAX = 4,   /* noise has no more matches than that */
};

STATIC_ASSERT(NOTES_SPARE > SEGMENT_MAX / RUN_MAX + 1);

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
ALWAYS_INLINE const uint8_t *span_note(struct notes *f, const uint8_t *p, const uint8_t *stop, bool far,
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
    target static const uint8_t *name(struct notes *f, const uint8_t *p, const uint8_t *stop) \
    { \
        return span_note(f, p, stop, far, wide); \
    }

SPAN(span_near, , false, false)
SPAN(span_far, , true, false)
#if SLZ_X86
SPAN(span_near_bmi2, SLZ_TARGET_BMI2, false, true)
SPAN(span_far_bmi2, SLZ_TARGET_BMI2, true, true)
#endif

static const uint8_t *span(struct notes *f, const uint8_t *p, const uint8_t *stop)
{
    bool far = stop - f->in > MATCH_FAR;

    BUG_ON(p <= f->in || f->end - stop < SPAN_TAIL);
#if SLZ_X86
    if (slz_cpu() & SLZ_CPU_BMI2)
        return far ? span_far_bmi2(f, p, stop) : span_near_bmi2(f, p, stop);
#endif
    return far ? span_far(f, p, stop) : span_near(f, p, stop);
}

/* The last bytes of a segment, where eight can no longer be loaded. */
static const uint8_t *tail_note(struct notes *f, const uint8_t *p)
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
static const uint8_t *probe_note(struct notes *f, const uint8_t *p)
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

static void block_clear(struct notes *f, const uint8_t *p)
{
    BUG_ON(p >= f->end);
    f->literal = p;
    f->note_count = 0;
    memset(&f->counts, 0, sizeof(f->counts));
}

/* A stride with hardly a match raises the doubt; text is never asked. */
const uint8_t *notes_make(struct notes *f, const uint8_t *p)
{
    const uint8_t *loop_end = f->end - f->in < TABLE_LEN_MIN ? f->in : f->end - SPAN_TAIL, *begin = p;

    BUG_ON(p > f->in && f->literal > p);
    block_clear(f, p);
    while (p < loop_end) {
        const uint8_t *start = p, *stop = loop_end - p > NOTES_STRIDE ? p + NOTES_STRIDE : loop_end;
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

void notes_begin(struct notes *f, const uint8_t *in, size_t len)
{
    BUG_ON(len == 0 || len > SEGMENT_MAX);
    f->in = f->literal = in;
    f->end = in + len;
    f->doubt = false;
    if (len >= TABLE_LEN_MIN)
        memset(&f->table, 0, sizeof(f->table));
}
