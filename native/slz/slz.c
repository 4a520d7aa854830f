/* The life of a stream: header, segments, flush, end. A segment is at most 65,535 bytes, encoded on its
 * own: written in the mode's form, and taken back to a stored block when that is shorter, so that
 * slz_bound holds for every input. All state is the caller's `struct slz`; what one call needs besides is
 * on its stack. */
#include "slz.h"

#include "block.h"
#include "check.h"

enum { SLZ_MAGIC = 0x515a };

/* `open` means that a fixed block of an earlier call still takes literals and matches. */
enum slz_stage {
    STAGE_NEW,  /* the header is due */
    STAGE_IDLE, /* between two blocks */
    STAGE_OPEN, /* inside a fixed block */
    STAGE_LAST, /* the final block is complete */
    STAGE_DONE, /* the trailer is written */
};

STATIC_ASSERT(sizeof(struct slz) == 16);

void slz_init(struct slz *s, enum slz_format format, enum slz_mode mode)
{
    BUG_ON(format > SLZ_ZLIB);
    BUG_ON(mode > SLZ_BALANCED);
    memset(s, 0, sizeof(*s));
    s->magic = SLZ_MAGIC;
    s->format = (uint8_t)format;
    s->mode = (uint8_t)mode;
    s->sum = format == SLZ_ZLIB ? 1 : 0;
}

void slz_set_mode(struct slz *s, enum slz_mode mode)
{
    BUG_ON(s->magic != SLZ_MAGIC);
    BUG_ON(mode > SLZ_BALANCED);
    s->mode = (uint8_t)mode;
}

size_t slz_bound(size_t n)
{
    size_t blocks = n / SEGMENT_MAX + (n % SEGMENT_MAX != 0);

    return n + 5 * MAX(blocks, (size_t)1) + 18;
}

/* RFC 1952, section 2.3: no name, no time, fastest method, unknown system. RFC 1950, section 2.2: 32 KB
 * window, fastest. */
static void head_put(struct slz *s, struct slz_bits *w)
{
    BUG_ON(s->stage != STAGE_NEW || w->len != 0);
    BUG_ON(s->format > SLZ_ZLIB);
    if (s->format == SLZ_GZIP) {
        bytes_put(w, 0x00088b1f, 8);
        bytes_put(w, 0xff04, 2);
    } else if (s->format == SLZ_ZLIB) {
        bytes_put(w, 0x0178, 2);
    }
    s->stage = STAGE_IDLE;
}

static void tail_put(struct slz *s, struct slz_bits *w)
{
    BUG_ON(s->stage != STAGE_LAST || w->len != 0);
    if (s->format == SLZ_GZIP)
        bytes_put(w, s->sum | (uint64_t)s->total << 32, 8);
    else if (s->format == SLZ_ZLIB)
        bytes_put(w, __builtin_bswap32(s->sum), 4);
    s->stage = STAGE_DONE;
}

static struct slz_blocks blocks_load(struct slz *s, uint8_t *out)
{
    struct slz_blocks b = {.w = {out, s->bits, s->bit_len}, .codes = s->stage == STAGE_OPEN ? &slz_codes_fixed : NULL};

    BUG_ON(s->magic != SLZ_MAGIC);
    BUG_ON(s->bit_len > 7 || s->stage > STAGE_DONE);
    if (s->stage == STAGE_NEW)
        head_put(s, &b.w);
    return b;
}

static size_t blocks_save(struct slz *s, const struct slz_blocks *b, const uint8_t *out)
{
    BUG_ON(b->w.len > 7 || b->w.out < out);
    BUG_ON(b->codes && b->codes != &slz_codes_fixed);
    s->bits = (uint8_t)b->w.bits;
    s->bit_len = (uint8_t)b->w.len;
    if (s->stage < STAGE_LAST)
        s->stage = b->codes ? STAGE_OPEN : STAGE_IDLE;
    return (size_t)(b->w.out - out);
}

static void sum_add(struct slz *s, const uint8_t *in, size_t len)
{
    BUG_ON(len > SEGMENT_MAX || s->format > SLZ_ZLIB);
    s->total += (uint32_t)len;
    if (s->format == SLZ_GZIP)
        s->sum = slz_crc32(s->sum, in, len);
    else if (s->format == SLZ_ZLIB)
        s->sum = slz_adler32(s->sum, in, len);
}

static void segment_put(struct slz *s, struct slz_blocks *b, const uint8_t *in, size_t len)
{
    struct slz_blocks before = *b;
    uint8_t *limit = stored_limit(b, len);
    bool fits = false;

    BUG_ON(len == 0 || len > SEGMENT_MAX);
    if (s->mode == SLZ_FAST)
        fits = slz_fast_put(b, in, len, limit);
    else if (s->mode == SLZ_BALANCED)
        fits = slz_balanced_put(b, in, len, limit);
    if (fits && b->w.out + (b->w.len + block_end_len(b) + 7) / 8 <= limit)
        return;
    *b = before;
    stored_put(b, in, len);
    BUG_ON(b->w.out != limit);
}

/* Marks the newest block as the final one, when this call began it: only then is its header still in
 * reach. */
static void last_mark(struct slz *s, struct slz_blocks *b)
{
    BUG_ON(s->stage >= STAGE_LAST);
    block_end(b);
    if (!b->head)
        return;
    BUG_ON(b->head >= b->w.out);
    *b->head |= (uint8_t)(1u << b->head_bit);
    s->stage = STAGE_LAST;
}

size_t slz_encode(struct slz *s, uint8_t *out, const uint8_t *in, size_t n, bool more)
{
    struct slz_blocks b = blocks_load(s, out);

    BUG_ON(n > 0 && s->stage >= STAGE_LAST);
    BUG_ON(n > 0 && !in);
    for (size_t at = 0; at < n; at += SEGMENT_MAX) {
        size_t len = MIN(n - at, (size_t)SEGMENT_MAX);

        sum_add(s, in + at, len);
        segment_put(s, &b, in + at, len);
    }
    if (!more && n > 0)
        last_mark(s, &b);
    return blocks_save(s, &b, out);
}

/* An empty fixed block has 10 bits, so some of them reach the next byte from every even bit, for less than
 * the five bytes of the customary empty stored block; from an odd bit only that one does. */
static void align_put(struct slz_blocks *b)
{
    BUG_ON(b->codes || b->w.len > 7);
    BUG_ON(b->w.bits >> b->w.len != 0);
    if (b->w.len & 1) {
        stored_begin(b, 0);
        return;
    }
    while (b->w.len != 0) {
        bits_put(&b->w, BLOCK_FIXED, BLOCK_TYPE_LEN + CODE_LEN(slz_codes_fixed.end));
        *b->w.out++ = (uint8_t)b->w.bits;
        b->w.bits >>= 8;
        b->w.len -= 8;
        if (b->w.len >= 8)
            bits_align(&b->w);
    }
}

size_t slz_flush(struct slz *s, uint8_t *out)
{
    struct slz_blocks b = blocks_load(s, out);

    if (s->stage < STAGE_LAST) {
        block_end(&b);
        align_put(&b);
    }
    bits_align(&b.w);
    BUG_ON(b.codes || b.w.len != 0);
    return blocks_save(s, &b, out);
}

size_t slz_finish(struct slz *s, uint8_t *out)
{
    struct slz_blocks b = blocks_load(s, out);

    if (s->stage < STAGE_LAST) {
        block_end(&b);
        bits_put(&b.w, BLOCK_FIXED | 1, BLOCK_TYPE_LEN + CODE_LEN(slz_codes_fixed.end));
        s->stage = STAGE_LAST;
    }
    bits_align(&b.w);
    if (s->stage == STAGE_LAST)
        tail_put(s, &b.w);
    BUG_ON(b.w.len != 0 || s->stage != STAGE_DONE);
    return blocks_save(s, &b, out);
}
