/** Hot path. Notes matches and literals, and counts what they are made of. Noise is found by a stride with
 * hardly a match and flat counts of bytes. No state but the caller's. */
#include "notes.h"

#include "block.h"
#include "cpu.h"
#include "noise.h"

enum {
    NOTES_SPARE = 40,      /* the most beyond half the bytes that the room allows: one, and the tail's */
    ROOM_MIN = 64,         /* bytes; with less a block ends */
    NOTES_LOOK = NOTES_STRIDE - 1, /* the table may know the position at a look's end */
    STRIDE_FIRST = 512,    /* until the first look for noise */
    PROBE = 256,           /* the look */
    PROBE_MATCHES_MAX = 2, /* noise has no more matches than that */
};

ALWAYS_INLINE uint32_t literal_note(struct block_counts *counts, unsigned byte)
{
    counts->litlen[byte]++;
    return byte | NOTE_NONE << NOTE_FIRST_BITS;
}

ALWAYS_INLINE uint32_t match_note(struct block_counts *counts, unsigned len, unsigned dist)
{
    unsigned extra_len = dist_extra_len(dist), symbol = dist_symbol(dist, extra_len);
    uint32_t extra = (dist - 1) & ((1u << extra_len) - 1);

    BUG_ON(dist - 1 >= MATCH_FAR);
    counts->litlen[slz_len_symbol[len - MATCH_MIN]]++;
    counts->dist[symbol]++;
    return (NOTE_MATCH + len - MATCH_MIN) | (NOTE_DIST + symbol) << NOTE_FIRST_BITS | extra << NOTE_EXTRA_SHIFT;
}

/* The loop of fast.c, with notes in place of codes. At most one note for two bytes, and one more: a match has four. */
ALWAYS_INLINE const uint8_t *span_note(struct notes *f, const uint8_t *p, const uint8_t *stop, bool far,
                                       unsigned hash_bits, bool wide)
{
    const uint8_t *in = f->in, *end = f->end;
    uint32_t *note = f->note + f->note_count;
    struct block_counts *counts = &f->counts;
    const struct match_table table = {f->slot, hash_bits};

    while (p < stop) {
        uint64_t word = le64(load_u64(p)), diff;
        uint32_t pos = (uint32_t)(p - in), from;
        uint16_t *slot0 = match_slot(table, (uint32_t)word);
        uint16_t *slot1 = match_slot(table, (uint32_t)(word >> 8));
        unsigned lit0 = word & 0xff, len;

        from = *slot0;
        *slot0 = (uint16_t)pos;
        diff = le64(load_u64(in + from)) ^ word;
        if ((uint32_t)diff != 0 || (far && pos - from > MATCH_FAR)) {
            from = *slot1;
            *slot1 = (uint16_t)(pos + 1);
            counts->litlen[lit0]++;
            diff = le64(load_u64(in + from) ^ load_u64(p + 1));
            if ((uint32_t)diff != 0 || (far && pos + 1 - from > MATCH_FAR)) {
                unsigned lit1 = (word >> 8) & 0xff;

                *note++ = lit0 | lit1 << NOTE_FIRST_BITS;
                counts->litlen[lit1]++;
                p += 2;
                continue;
            }
            *note++ = lit0 | NOTE_NONE << NOTE_FIRST_BITS;
            p++;
            pos++;
        } else {
            *slot1 = (uint16_t)(pos + 1);
        }
        len = match_len(diff, p, in + from, end, wide);
        *note++ = match_note(counts, len, pos - from);
        p += len;
        if (likely(p < stop))
            match_index_end(table, in, p);
    }
    f->note_count = (unsigned)(note - f->note);
    return p;
}

#define SPAN(name, target, far, hash_bits, wide) \
    target static const uint8_t *name(struct notes *f, const uint8_t *p, const uint8_t *stop) \
    { \
        return span_note(f, p, stop, far, hash_bits, wide); \
    }

SPAN(span_short, , false, HASH_BITS, false)
SPAN(span_near, , false, HASH_BITS_LONG, false)
SPAN(span_far, , true, HASH_BITS_LONG, false)
#if SLZ_WIDE
SPAN(span_short_wide, SLZ_TARGET_WIDE, false, HASH_BITS, true)
SPAN(span_near_wide, SLZ_TARGET_WIDE, false, HASH_BITS_LONG, true)
SPAN(span_far_wide, SLZ_TARGET_WIDE, true, HASH_BITS_LONG, true)
#endif

static const uint8_t *span(struct notes *f, const uint8_t *p, const uint8_t *stop)
{
    bool far = stop - f->in > MATCH_FAR, is_short = f->hash_bits == HASH_BITS;

    BUG_ON(p <= f->in || f->end - stop < SPAN_TAIL);
    BUG_ON(far && is_short);
#if SLZ_WIDE
    if (slz_cpu() & SLZ_CPU_WIDE)
        return is_short ? span_short_wide(f, p, stop) : far ? span_far_wide(f, p, stop) : span_near_wide(f, p, stop);
#endif
    return is_short ? span_short(f, p, stop) : far ? span_far(f, p, stop) : span_near(f, p, stop);
}

/* The last bytes of a segment, where eight can no longer be loaded. */
static const uint8_t *tail_note(struct notes *f, const uint8_t *p)
{
    const struct match_table table = {f->slot, f->hash_bits};
    bool search = f->end - f->in >= TABLE_LEN_MIN;

    BUG_ON(p < f->in);
    while (p < f->end) {
        unsigned dist, len = search && p > f->in ? match_find_tail(table, f->in, p, f->end, &dist) : 0;

        BUG_ON(f->note_count >= NOTES_MAX);
        f->note[f->note_count++] = len > 0 ? match_note(&f->counts, len, dist) : literal_note(&f->counts, *p);
        p += MAX(len, 1u);
    }
    return p;
}

static unsigned match_count(const struct notes *f)
{
    unsigned sum = 0;

    for (unsigned i = 0; i < DIST_SYMBOLS; i++)
        sum += f->counts.dist[i];
    BUG_ON(sum > f->note_count);
    return sum;
}

/* Notes the beginning of a stride that may be noise, and takes it back when it is: then it returns p. */
static const uint8_t *probe_note(struct notes *f, const uint8_t *p)
{
    struct block_counts counts = f->counts;
    unsigned note_count = f->note_count, matches = match_count(f);
    const uint8_t *stop;

    BUG_ON(p <= f->in || f->end - p < PROBE + SPAN_TAIL);
    stop = span(f, p, p + PROBE);
    if (match_count(f) - matches > PROBE_MATCHES_MAX)
        return stop;
    f->counts = counts;
    f->note_count = note_count;
    BUG_ON(f->note_count > NOTES_MAX);
    return p;
}

static void block_clear(struct notes *f, const uint8_t *p)
{
    BUG_ON(p >= f->end);
    f->note_count = 0;
    memset(&f->counts, 0, sizeof(f->counts));
}

/* Bytes whose notes there is surely room for. */
static ptrdiff_t notes_room(const struct notes *f)
{
    BUG_ON(f->note_count > NOTES_MAX);
    return 2 * (NOTES_MAX - NOTES_SPARE - (ptrdiff_t)f->note_count);
}

/* A stride with hardly a match raises the doubt; text is never asked. No place is looked at twice, for the table knows it
 * then and would make it its own candidate: noise behind a block is remembered for the next call. */
const uint8_t *notes_make(struct notes *f, const uint8_t *p)
{
    const uint8_t *loop_end = f->end - f->in < TABLE_LEN_MIN ? f->in : f->end - SPAN_TAIL, *begin = p;

    BUG_ON(p < f->in);
    if (p == f->noise)
        return p;
    block_clear(f, p);
    while (p < loop_end && notes_room(f) >= ROOM_MIN) {
        const uint8_t *start = p, *stop = p + MIN(loop_end - p, MIN(notes_room(f), (ptrdiff_t)NOTES_LOOK));
        unsigned matches = match_count(f);

        if (p == f->in) {
            f->note[f->note_count++] = literal_note(&f->counts, *p++);
            stop = MIN(stop, p + STRIDE_FIRST);
        }
        if (f->doubt && stop - p > PROBE && bytes_flat(p)) {
            p = probe_note(f, p);
            f->noise = start;
            if (p == start)
                return p;
        }
        p = span(f, p, stop);
        f->doubt = match_count(f) - matches <= PROBE_MATCHES_MAX;
        if (f->doubt && start == begin && stop - start > PROBE && bytes_flat(start)) {
            block_clear(f, start);
            return start;
        }
    }
    return p < loop_end ? p : tail_note(f, p);
}

void notes_begin(struct notes *f, const uint8_t *in, size_t len)
{
    BUG_ON(len == 0 || len > SEGMENT_MAX);
    f->in = in;
    f->noise = NULL;
    f->end = in + len;
    f->doubt = false;
    f->hash_bits = len > HASH_SHORT_MAX ? HASH_BITS_LONG : HASH_BITS;
    if (len >= TABLE_LEN_MIN)
        memset(f->slot, 0, sizeof(*f->slot) << f->hash_bits);
}
