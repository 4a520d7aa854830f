/* Any bytes, cut into any calls: what the encoder writes decodes to what it was given, within the room it
 * was promised. The input's first bytes choose format, modes and cuts, the rest is the body. Output goes
 * to a heap block of exactly the promised size, so that the sanitizer sees a store beyond it. */
#include "slz_inflate.h"

#include <stdlib.h>

enum { FUZZ_BODY_MAX = 1 << 18, FUZZ_CALLS_MAX = 64 };

#define MUST(cond) \
    do { \
        if (!(cond)) \
            abort(); \
    } while (0)

struct fuzz_out {
    uint8_t *bytes;
    size_t len, max;
};

/* The bytes of one call, in a room of exactly slz_bound(n). */
static void out_add(struct fuzz_out *o, const uint8_t *room, size_t got, size_t n)
{
    MUST(got <= slz_bound(n));
    MUST(o->len + got <= o->max);
    memcpy(o->bytes + o->len, room, got);
    o->len += got;
}

static void call_encode(struct slz *s, struct fuzz_out *o, const uint8_t *in, size_t n, int more)
{
    uint8_t *room = malloc(slz_bound(n)), *copy = malloc(n ? n : 1);

    MUST(room && copy);
    memcpy(copy, in, n);
    out_add(o, room, slz_encode(s, room, copy, n, more), n);
    free(copy);
    free(room);
}

static void call_end(struct slz *s, struct fuzz_out *o, int finish)
{
    uint8_t *room = malloc(slz_bound(0));

    MUST(room);
    out_add(o, room, finish ? slz_finish(s, room) : slz_flush(s, room), 0);
    free(room);
}

static void body_check(const struct fuzz_out *o, enum slz_format format, const uint8_t *body, size_t len)
{
    uint8_t *back = malloc(len + 1);
    struct inflater f = {.in = o->bytes, .in_len = o->len, .out = back, .out_max = len + 1};

    MUST(back);
    MUST(inflate_all(&f, format) == INFLATE_DONE);
    MUST(f.at_bit == o->len * 8 && f.out_len == len && memcmp(back, body, len) == 0);
    free(back);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    unsigned head, calls;
    const uint8_t *body, *at;
    struct fuzz_out o = {0};
    struct slz s;
    size_t left;

    if (size < 2)
        return 0;
    head = data[0];
    calls = data[1] % FUZZ_CALLS_MAX;
    if (size < 2 + calls * 3 || size > FUZZ_BODY_MAX)
        return 0;
    body = at = data + 2 + calls * 3;
    left = size - 2 - calls * 3;
    o.max = (calls * 2 + 2) * slz_bound(0) + slz_bound(left) * 2;
    o.bytes = malloc(o.max);
    MUST(o.bytes);
    slz_init(&s, (enum slz_format)(head % 3), (enum slz_mode)(head / 3 % 3));
    for (unsigned i = 0; i < calls; i++) { /* three bytes a call: length, and what else is done */
        const uint8_t *c = data + 2 + i * 3;
        size_t n = ((size_t)(c[0] | c[1] << 8) >> (c[2] >> 4)) % (left + 1);

        if (c[2] & 1)
            slz_set_mode(&s, (enum slz_mode)((c[2] >> 1 & 3) % 3));
        call_encode(&s, &o, at, n, 1);
        at += n;
        left -= n;
        if (c[2] & 8)
            call_end(&s, &o, 0);
    }
    call_encode(&s, &o, at, left, head & 128);
    if (head & 64)
        call_end(&s, &o, 0);
    call_end(&s, &o, 1);
    body_check(&o, (enum slz_format)(head % 3), body, (size_t)(at + left - body));
    free(o.bytes);
    return 0;
}
