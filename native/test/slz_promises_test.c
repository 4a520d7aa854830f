/* What slz.h promises beyond a round trip: growth on input made to cause it, tables that any decoder takes, a picker
 * that is not misled by what the web does not send, output that owes nothing to earlier streams, chunks of every size,
 * and thousands of streams at once. Every call has pages beyond either end of its input and of its promised room that
 * may not be touched. All state is static to this program. Prints `N passed, N failed`. */
#include "slz_case.h"

#include "../slz/cpu.h"
#include "../slz/pick.h"

enum { LEN = 70000, STREAMS = 10000 };

static uint8_t plain[LEN + 64], packed[LEN * 9], again[LEN * 9], unpacked[LEN + 64];

static struct guarded in_room, out_room;

/* slz_encode with input and output each at one end of its room, by turns at all four. */
static size_t encode(struct slz *s, uint8_t *out, const uint8_t *in, size_t len, bool more)
{
    static unsigned turn;
    uint8_t *from = ++turn & 1 ? in_room.low : in_room.high - len;
    uint8_t *to = turn & 2 ? out_room.low : out_room.high - slz_bound(len);
    size_t n;

    memcpy(from, in, len);
    n = slz_encode(s, to, from, len, more);
    CHECK(n <= slz_bound(len), "%zu of %zu", n, len);
    memcpy(out, to, n);
    return n;
}

/* slz_flush or slz_finish, likewise. */
static size_t end(struct slz *s, uint8_t *out, size_t (*how)(struct slz *s, uint8_t *out))
{
    uint8_t *to = out_room.high - slz_bound(0);
    size_t n = how(s, to);

    memcpy(out, to, n);
    return n;
}

static size_t pack(uint8_t *out, const uint8_t *in, size_t len, enum slz_mode mode)
{
    struct slz s;
    size_t n;

    slz_init(&s, SLZ_GZIP, mode);
    n = encode(&s, out, in, len, false);
    return n + end(&s, out + n, slz_finish);
}

static void comes_back(const char *what, size_t packed_len, size_t len)
{
    ptrdiff_t back = case_decode(unpacked, sizeof(unpacked), packed, packed_len, SLZ_GZIP);

    CHECK(back == (ptrdiff_t)len && memcmp(unpacked, plain, len) == 0, "%s: %td of %zu", what, back, len);
}

/* Pieces of the sample, about twelve bytes each. */
static void text_fill(const char *piece, size_t len)
{
    size_t n = strlen(piece);

    case_seed = n;
    for (size_t i = 0, from = 0; i < len; i++, from++) {
        if (case_random() % 12 == 0)
            from = case_random();
        plain[i] = (uint8_t)piece[from % n];
    }
}

/* `period` high literals, then a match of `match` bytes at distance `dist`: each match costs more than it saves. */
static void worst_fill(size_t len, unsigned period, unsigned match, unsigned dist)
{
    case_seed = period * 4096 + match * 64 + dist;
    for (size_t i = 0; i < len; i++)
        plain[i] = i >= dist && i % (period + match) >= period ? plain[i - dist]
                                                                : (uint8_t)(144 + case_random() % 112);
}

static void test_growth(void)
{
    static const unsigned dists[] = {1, 8, 300, 5000, 30000};
    static const size_t lens[] = {60, 4096, 16384, LEN};

    for (unsigned period = 1; period < 80; period += 5)
        for (unsigned match = 3; match < 9; match++)
            for (unsigned d = 0; d < 5; d++)
                for (unsigned l = 0; l < 4; l++)
                    for (int mode = SLZ_FAST; mode <= SLZ_BALANCED; mode++) {
                        worst_fill(lens[l], period, match, dists[d]);
                        size_t n = pack(packed, plain, lens[l], (enum slz_mode)mode);

                        CHECK(n <= slz_bound(lens[l]), "%u %u %u: %zu of %zu", period, match, dists[d], n,
                              slz_bound(lens[l]));
                        comes_back("worst", n, lens[l]);
                    }
}

static void bounded(const char *what, size_t len)
{
    for (int mode = SLZ_STORE; mode <= SLZ_BALANCED; mode++) {
        size_t n = pack(packed, plain, len, (enum slz_mode)mode);

        CHECK(n <= slz_bound(len), "%s: %zu of %zu", what, n, slz_bound(len));
        comes_back(what, n, len);
    }
}

/* The bound to the byte: noise reaches it, and no change between noise and text at any period goes beyond. */
static void test_bound(void)
{
    static const size_t lens[] = {4096, 16384, 65535, LEN};

    for (unsigned i = 0; i < sizeof(lens) / sizeof(*lens); i++)
        for (int mode = SLZ_STORE; mode <= SLZ_BALANCED; mode++) {
            case_fill(plain, lens[i], 1);
            CHECK(pack(packed, plain, lens[i], (enum slz_mode)mode) == slz_bound(lens[i]), "%zu", lens[i]);
        }
    for (unsigned period = 64; period < 9000; period += 61 + period / 9)
        for (unsigned part = 1; part < 8; part += 2) {
            case_seed = period;
            for (size_t i = 0; i < LEN; i++) {
                uint8_t noise = (uint8_t)case_random();

                plain[i] = i % period < period * part / 8 ? noise : (uint8_t)('a' + noise % 16);
            }
            bounded("turns", LEN);
        }
}

/* Text that training never met is no noise: it has to shrink from its first kilobytes on. */
static void test_scripts(void)
{
    static const char *const texts[] = {
        "Модификатор не может использоваться с объявлением импорта в этом месте, так как параметр первый. ",
        "すべてのコンパイラ オプションは最初のパラメータでなければなりません。",
        "Όλοι οι άνθρωποι γεννιούνται ελεύθεροι και ίσοι στην αξιοπρέπεια και τα δικαιώματα. ",
        "0123456789abcdef", "{\"a\":[1.25,-3.5,7.75],\"b\":null}\n",
    };

    text_fill("The parameter of this function has to be the first one, and it may not be left out. ", 4000);
    /* A list of letters first: no match, and nine bits a byte with the fixed codes. */
    for (unsigned i = 0; i < 512; i += 2) {
        plain[i] = (uint8_t)(0xd0 + i / 128);
        plain[i + 1] = (uint8_t)(0x80 + i / 2 % 64);
    }
    size_t letters_len = pack(packed, plain, 4000, SLZ_FAST);

    CHECK(letters_len < 3000, "%zu of 4000", letters_len);
    comes_back("letters", letters_len, 4000);
    for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
        for (size_t len = 1000; len < 40000; len += len / 3)
            for (int mode = SLZ_FAST; mode <= SLZ_BALANCED; mode++) {
                text_fill(texts[i], len);
                size_t n = pack(packed, plain, len, (enum slz_mode)mode);

                CHECK(n < len * 4 / 5, "text %zu mode %d: %zu of %zu", i, mode, n, len);
                comes_back("script", n, len);
            }
}

/* What comes after what in a module of WebAssembly: an instruction, a small index or a number of any bytes. */
static void wasm_fill(size_t len)
{
    static const uint8_t ops[] = {0x20, 0x41, 0x6a, 0x36, 0x02, 0x28, 0x21, 0x0b, 0x10, 0x45, 0x0d, 0x22};

    case_seed = 99;
    for (size_t i = 0; i < len; i++)
        plain[i] = i % 3 ? (uint8_t)(case_random() % (i % 7 ? 40 : 256)) : ops[case_random() % sizeof(ops)];
}

/* Two bytes a letter, as UTF-16 and many old encodings have it. */
static void wide_fill(size_t len, unsigned high, unsigned letters)
{
    case_seed = high;
    for (size_t i = 0; i < len; i += 2) {
        plain[i] = (uint8_t)(case_random() % letters);
        plain[i + 1] = (uint8_t)(high + plain[i] / 64);
    }
}

/* A picked table costs hardly more than the fixed codes, never a sixteenth: literals alone are weighed, for they are
 * most of such bodies. */
static void picked_well(const char *what, size_t len)
{
    const struct slz_table *table = table_pick(plain, len, NULL);
    size_t bits = table ? table->head_len : 0, fixed = 0;

    for (size_t i = 0; i < len; i++) {
        bits += table ? CODE_LEN(table->codes.lit[plain[i]]) : 0;
        fixed += CODE_LEN(slz_codes_fixed.lit[plain[i]]);
    }
    CHECK(bits <= fixed + fixed / 16, "%s, %zu bytes: %zu bits, the fixed codes %zu", what, len, bits, fixed);
}

static void test_picker(void)
{
    static const size_t lens[] = {PICK_LEN_MIN, 3000, PICK_LEN_MAX};

    for (unsigned i = 0; i < sizeof(lens) / sizeof(*lens); i++) {
        wasm_fill(lens[i]);
        picked_well("wasm", lens[i]);
        bounded("wasm", lens[i]);
        for (unsigned high = 0; high < 256; high += 15) {
            wide_fill(lens[i], high, 60 + high / 2);
            picked_well("wide letters", lens[i]);
        }
        text_fill("\xe4\xb8\xad\xe6\x96\x87\xe7\xb6\xb2\xe9\xa0\x81\xe3\x80\x82", lens[i]);
        picked_well("Chinese", lens[i]);
        text_fill("\xcf\xf0\xe8\xe2\xe5\xf2 \xec\xe8\xf0, \xea\xe0\xea \xe4\xe5\xeb\xe0? ", lens[i]);
        picked_well("Windows-1251", lens[i]);
        for (unsigned kind = 0; kind < CASE_KINDS; kind++) {
            case_fill(plain, lens[i], kind);
            if (kind == 1 || kind == 2 || kind == 4 || kind == 7)
                picked_well("no text", lens[i]);
        }
    }
}

/* Each table's header is read by a strict decoder, and its codes say the same as the header. */
static void test_tables(void)
{
    for (unsigned t = 0; t < TABLES; t++) {
        const struct slz_table *table = &slz_tables[t];
        struct slz_bits w = {.out = packed};
        struct inflater f = {.in = packed, .out = unpacked, .out_max = sizeof(unpacked)};
        size_t want = 0;

        for (unsigned at = 0; at < table->head_len; at++) {
            bits_put(&w, (table->head[at / 32] >> at % 32 & 1) | (at == 0), 1); /* the final block */
            bits_flush(&w);
        }
        for (unsigned c = 0; c < 256; c++, want++) {
            code_put(&w, table->codes.lit[c]);
            bits_flush(&w);
        }
        for (unsigned len = MATCH_MIN; len <= MATCH_MAX; want += len, len++) {
            match_put(&w, &table->codes, len, 1 + (len * 7) % want);
            bits_flush(&w);
        }
        code_put(&w, table->codes.end);
        bits_align(&w);
        f.in_len = (size_t)(w.out - packed);
        CHECK(inflate_all(&f, SLZ_RAW) == INFLATE_DONE && f.out_len == want, "table %u: %zu of %zu", t, f.out_len,
              want);
        for (unsigned c = 0; c < 256; c++)
            CHECK(unpacked[c] == c, "table %u byte %u", t, c);
        for (unsigned i = 0; i < 256; i++)
            CHECK(CODE_LEN(table->codes.len[i]) <= TABLE_LITLEN_MAX + 5, "table %u", t);
        for (unsigned i = 0; i < 30; i++)
            CHECK(CODE_LEN(table->codes.dist[i]) <= TABLE_DIST_MAX, "table %u", t);
    }
}

static void test_history(void)
{
    for (unsigned kind = 0; kind < CASE_KINDS; kind++)
        for (int mode = SLZ_STORE; mode <= SLZ_BALANCED; mode++) {
            size_t first, second;

            case_fill(plain, 40000, kind);
            first = pack(packed, plain, 40000, (enum slz_mode)mode);
            case_fill(plain, 50000, (kind + 5) % CASE_KINDS);
            pack(again, plain, 50000, (enum slz_mode)((mode + 1) % 3));
            case_fill(plain, 40000, kind);
            second = pack(again, plain, 40000, (enum slz_mode)mode);
            CHECK(first == second && memcmp(packed, again, first) == 0, "kind %u mode %d", kind, mode);
        }
}

/* One stream, fed in pieces of `step`; with `flush` after each, and a mode that changes every few calls. */
static size_t fed(uint8_t *out, size_t len, size_t step, bool flush, bool change)
{
    struct slz s;
    size_t n = 0, sum = slz_bound(0);

    slz_init(&s, SLZ_GZIP, SLZ_FAST);
    for (size_t at = 0, call = 0; at < len; at += step, call++) {
        size_t piece = len - at < step ? len - at : step;

        if (change)
            slz_set_mode(&s, (enum slz_mode)(call * 5 / 3 % 3));
        n += encode(&s, out + n, plain + at, piece, true);
        sum += slz_bound(piece) + (flush ? 5 : 0);
        if (flush)
            n += end(&s, out + n, slz_flush);
    }
    n += end(&s, out + n, slz_finish);
    CHECK(n <= sum, "step %zu: %zu of %zu", step, n, sum);
    return n;
}

static void test_chunkings(void)
{
    static uint8_t copy[LEN * 9];

    for (unsigned kind = 0; kind < CASE_KINDS; kind += 1)
        for (size_t step = 1; step <= 66000; step = step * 2 + 1)
            for (unsigned how = 0; how < 4; how++) {
                size_t len = step < 100 ? 3000 : 66000, n;

                case_fill(plain, len, kind);
                n = fed(packed, len, step, how & 1, how & 2);
                comes_back("chunks", n, len);
                slz_cpu_narrow(0);
                CHECK(fed(copy, len, step, how & 1, how & 2) == n && memcmp(copy, packed, n) == 0,
                      "kind %u step %zu: the portable path differs", kind, step);
                slz_cpu_narrow(~0u);
            }
}

/* Ten thousand streams live side by side, in turns; each is 16 bytes, all of it its own. */
static void test_many(void)
{
    static struct slz stream[STREAMS];
    static uint8_t out[STREAMS][96];
    static size_t len[STREAMS];

    CHECK(sizeof(struct slz) <= 16, "%zu", sizeof(struct slz));
    for (unsigned i = 0; i < STREAMS; i++)
        slz_init(&stream[i], SLZ_GZIP, (enum slz_mode)(i % 3));
    for (unsigned turn = 0; turn < 3; turn++)
        for (unsigned i = 0; i < STREAMS; i++) {
            uint8_t piece[4] = {(uint8_t)i, (uint8_t)(i >> 8), (uint8_t)turn, 'x'};
            uint8_t room[64];
            size_t n = slz_encode(&stream[i], room, piece, 4, true);

            memcpy(out[i] + len[i], room, n);
            len[i] += n;
        }
    for (unsigned i = 0; i < STREAMS; i++) {
        len[i] += slz_finish(&stream[i], out[i] + len[i]);
        ptrdiff_t back = case_decode(unpacked, sizeof(unpacked), out[i], len[i], SLZ_GZIP);

        CHECK(back == 12 && unpacked[8] == (uint8_t)i && unpacked[10] == 2, "stream %u: %td", i, back);
    }
}

int main(void)
{
    in_room = guarded_new(LEN + 64);
    out_room = guarded_new(slz_bound(LEN + 64));
    test_growth();
    test_bound();
    test_scripts();
    test_picker();
    test_tables();
    test_history();
    test_chunkings();
    test_many();
    printf("%u passed, %u failed\n", case_passed, case_failed);
    return case_failed != 0;
}
