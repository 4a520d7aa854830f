/** Hot path. Two passes: first matches and literals are noted and counted (notes.c), then codes are made for what
 * was found and the notes are written with them. The exact size of each form of a block is known before a
 * bit is written, so the shortest of dynamic, fixed and stored is taken. Notes and codes live on the stack of one
 * call. */
#include "block.h"
#include "cpu.h"
#include "notes.h"

enum { PAIR_MAX = 56 /* bits of two notes that need no flush between them */ };

/* With what the flush before left: a pair, and a match alone, the longest note. */
STATIC_ASSERT(PAIR_MAX + 7 <= 63);
STATIC_ASSERT(LITLEN_LEN_MAX + 5 + DIST_LEN_MAX + NOTE_EXTRA_MAX + 7 <= 63);

/* Two notes between two flushes where they fit, and that is nearly always. What they add is put together first, so that
 * it has to wait for the writer as little as possible. */
ALWAYS_INLINE void notes_put(struct slz_bits *out, const struct note_codes *codes, const uint32_t *note, size_t count)
{
    const uint32_t *end = note + count;
    struct slz_bits w = *out;

    if (count & 1) {
        unsigned len;
        uint64_t bits = note_bits(codes, *note++, &len);

        bits_put(&w, bits, len);
        bits_flush(&w);
    }
    for (; note < end; note += 2) {
        unsigned len, len1;
        uint64_t bits = note_bits(codes, note[0], &len), bits1 = note_bits(codes, note[1], &len1);

        if (unlikely(len + len1 > PAIR_MAX)) {
            bits_put(&w, bits, len);
            bits_flush(&w);
            bits = len = 0;
        }
        bits_put(&w, bits | bits1 << len, len + len1);
        bits_flush(&w);
    }
    code_put(&w, codes->end);
    bits_flush(&w);
    *out = w;
}

static void block_fill_any(struct slz_bits *w, const struct note_codes *codes, const uint32_t *note, size_t count)
{
    notes_put(w, codes, note, count);
}

#if SLZ_X86
SLZ_TARGET_BMI2 static void block_fill_bmi2(struct slz_bits *w, const struct note_codes *codes, const uint32_t *note,
                                            size_t count)
{
    notes_put(w, codes, note, count);
}
#endif

static void block_fill(struct slz_bits *w, const struct note_codes *codes, const struct notes *f)
{
    BUG_ON(f->note_count == 0 || f->note_count > NOTES_MAX);
#if SLZ_X86
    if (slz_cpu() & SLZ_CPU_BMI2) {
        block_fill_bmi2(w, codes, f->note, f->note_count);
        return;
    }
#endif
    block_fill_any(w, codes, f->note, f->note_count);
}

/* The fixed codes by note. Rarely wanted, by short segments above all. */
static void fixed_codes_make(struct note_codes *codes)
{
    memcpy(codes->code, slz_codes_fixed.lit, sizeof(slz_codes_fixed.lit));
    memcpy(codes->code + NOTE_MATCH, slz_codes_fixed.len, sizeof(slz_codes_fixed.len));
    for (unsigned i = 0; i < DIST_SYMBOLS; i++)
        codes->code[NOTE_DIST + i] = DIST_CODE(CODE_BITS(slz_codes_fixed.dist[i]), 5, dist_symbol_extra(i));
    codes->code[NOTE_NONE] = 0;
    codes->end = 0; /* the block stays open */
}

static bool block_put(struct slz_blocks *b, struct notes *f, const uint8_t *p, const uint8_t *stop,
                      uint8_t *limit)
{
    size_t len = (size_t)(stop - p);
    size_t stored = (size_t)(stored_limit(b, len) - b->w.out) * 8;
    struct dynamic_plan plan;
    struct note_codes codes;

    BUG_ON(len == 0 || limit < b->w.out);
    BUG_ON(b->w.len > 7);
    dynamic_plan_make(&plan, &f->counts);
    if (plan.bits_fixed <= plan.bits && plan.bits_fixed < stored) {
        if (b->w.out + (b->w.len + plan.bits_fixed + 7) / 8 > limit)
            return false;
        if (!b->codes)
            block_begin(b, BLOCK_FIXED, &slz_codes_fixed);
        fixed_codes_make(&codes);
        block_fill(&b->w, &codes, f);
    } else if (plan.bits < stored) {
        if (b->w.out + (b->w.len + 7 + plan.bits + 7) / 8 > limit)
            return false;
        dynamic_codes_make(&codes, &plan);
        block_end(b);
        block_begin(b, BLOCK_DYNAMIC, NULL);
        dynamic_head_put(&b->w, &plan);
        block_fill(&b->w, &codes, f);
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
    struct notes f;
    const uint8_t *p = in, *noise = in; /* what lies between them waits to be stored */

    BUG_ON(len == 0 || len > SEGMENT_MAX);
    BUG_ON(limit < b->w.out + len);
    notes_begin(&f, in, len);
    while (p < f.end) {
        const uint8_t *stop = notes_make(&f, p);

        BUG_ON(stop < p || stop > f.end);
        if (stop == p) {
            p += MIN(f.end - p, NOTES_STRIDE); /* or a little less was looked at: the next stride is asked again */
            continue;
        }
        if (!run_store(b, noise, p, limit) || !block_put(b, &f, p, stop, limit))
            return false;
        p = noise = stop;
    }
    return run_store(b, noise, p, limit);
}
