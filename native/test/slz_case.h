/* What the encoder's tests share: buffers that fault one byte beyond either end, inputs of many kinds, a
 * decoder that is not ours (zlib, in tests only), and counters. All state is static to the including
 * program. */
#ifndef SLUICE_TEST_SLZ_CASE_H
#define SLUICE_TEST_SLZ_CASE_H

#include "slz_inflate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#if __has_include(<zlib.h>)
#include <zlib.h>
#define CASE_ZLIB 1
#else
#define CASE_ZLIB 0
#endif

enum { CASE_MAX = 400000, CASE_KINDS = 12 };

static unsigned case_passed, case_failed;

#define CHECK(cond, ...) \
    do { \
        if (cond) { \
            case_passed++; \
        } else { \
            case_failed++; \
            if (case_failed < 20) { \
                printf("%s:%d: %s: ", __FILE__, __LINE__, #cond); \
                printf(__VA_ARGS__); \
                printf("\n"); \
            } \
        } \
    } while (0)

/* Pages between two that may not be touched. Either end of the room can be put against its page. */
struct guarded {
    uint8_t *low;
    uint8_t *high;
};

static inline struct guarded guarded_new(size_t len)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    size_t room = (len + page - 1) / page * page;
    uint8_t *map = mmap(NULL, room + 2 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (map == MAP_FAILED || mprotect(map + page, room, PROT_READ | PROT_WRITE) != 0)
        abort();
    return (struct guarded){.low = map + page, .high = map + page + room};
}

static uint64_t case_seed = 1;

static inline uint32_t case_random(void)
{
    case_seed = case_seed * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(case_seed >> 33);
}

static inline uint8_t case_text(size_t at)
{
    static const char *const words[8] = {"<div class=\"", "the ", "stream", "</p>\n",
                                         " of ",          "body", "http",   "1234 "};
    static const char *word = "";

    if (at == 0 || *word == 0)
        word = words[case_random() % 8];
    return (uint8_t)*word++;
}

/* Kinds of input, from the easiest to what an encoder hates. */
static inline void case_fill(uint8_t *in, size_t len, unsigned kind)
{
    case_seed = len * 31 + kind;
    for (size_t i = 0; i < len; i++) {
        uint8_t noise = (uint8_t)case_random();
        uint8_t v[CASE_KINDS] = {
            0,
            noise,
            (uint8_t)(144 + noise % 112),                          /* nine-bit literals only */
            (uint8_t)("abc"[i % 3]),
            (uint8_t)(i >> 8 ^ i),
            (uint8_t)(i < 32768 + 5 ? noise : in[i >= 32768 ? i - 32768 : 0]), /* the largest distance */
            (uint8_t)(i / 5000 % 2 ? noise : 'a' + noise % 4),     /* changes its nature */
            (uint8_t)(i >= 8 && i % 55 >= 51 ? in[i - 8] : 200 + noise % 50), /* 51 high literals, 4 again */
            (uint8_t)(i % 300 < 258 ? 'x' : noise),                /* the longest match */
            (uint8_t)(noise < 250 ? 'e' : noise),
            (uint8_t)(i % 4097 < 4000 ? noise : 7),
            0,
        };

        in[i] = kind == CASE_KINDS - 1 ? case_text(i) : v[kind];
    }
}

/* Decodes one member of `format`; the length, or -1 when it is not one or bytes follow it. */
static inline ptrdiff_t case_decode_plain(uint8_t *out, size_t room, const uint8_t *in, size_t len,
                                          int format)
{
    struct inflater f = {.in = in, .in_len = len, .out = out, .out_max = room};

    inflate_all(&f, (enum slz_format)format);
    return f.status == INFLATE_DONE && f.at_bit == len * 8 ? (ptrdiff_t)f.out_len : -1;
}

#if CASE_ZLIB
static inline ptrdiff_t case_decode(uint8_t *out, size_t room, const uint8_t *in, size_t len, int format)
{
    static const int window[] = {[SLZ_RAW] = -15, [SLZ_GZIP] = 15 + 16, [SLZ_ZLIB] = 15};
    z_stream z = {.next_in = (uint8_t *)(uintptr_t)in, .avail_in = (uInt)len, .next_out = out};
    int status;

    if (len < 64 && case_decode_plain(out, room, in, len, format) < 0)
        return -1;
    z.avail_out = (uInt)room;
    if (inflateInit2(&z, window[format]) != Z_OK)
        abort();
    status = inflate(&z, Z_FINISH);
    inflateEnd(&z);
    return status == Z_STREAM_END && z.avail_in == 0 ? (ptrdiff_t)z.total_out : -1;
}
#else
static inline ptrdiff_t case_decode(uint8_t *out, size_t room, const uint8_t *in, size_t len, int format)
{
    return case_decode_plain(out, room, in, len, format);
}
#endif

static inline const char *case_name(enum slz_format format, enum slz_mode mode)
{
    static const char *const names[3][3] = {
        {"raw store", "raw fast", "raw balanced"},
        {"gzip store", "gzip fast", "gzip balanced"},
        {"zlib store", "zlib fast", "zlib balanced"},
    };

    return names[format][mode];
}

#endif
