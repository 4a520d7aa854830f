/** Hot path. Two passes: first matches and literal runs are noted and counted (notes.c), then codes are made for
 * what was found and the notes are written with them. The exact size of each form of a block is known before a
 * bit is written, so the shortest of dynamic, fixed and stored is taken. Notes and codes live on the stack of one
 * call. */
#include "block.h"
#include "cpu.h"
#include "notes.h"

enum { LITERALS_PER_FLUSH = 4 };

STATIC_ASSERT(LITERALS_PER_FLUSH * LITLEN_LEN_MAX + 7 <= 63);
STATIC_ASSERT(LITLEN_LEN_MAX + 5 + DIST_LEN_MAX + 13 + 7 <= 63); /* a match */

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

ALWAYS_INLINE void notes_put(struct slz_bits *out, const struct slz_codes *codes, const struct notes *f,
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
    target static void name(struct slz_bits *w, const struct slz_codes *codes, const struct notes *f, \
                            const uint8_t *p, const uint8_t *stop) \
    { \
        notes_put(w, codes, f, p, stop); \
    }

NOTES_PUT(block_fill_any, )
#if SLZ_X86
NOTES_PUT(block_fill_bmi2, SLZ_TARGET_BMI2)
#endif

static void block_fill(struct slz_bits *w, const struct slz_codes *codes, const struct notes *f,
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

static bool block_put(struct slz_blocks *b, struct notes *f, const uint8_t *p, const uint8_t *stop,
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
