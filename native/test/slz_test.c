/* The encoder against zlib's inflate, or against a plain one where zlib is missing: whatever goes in comes
 * back, no byte outside the given room is touched, no output is longer than slz_bound says, and the same
 * calls give the same bytes. Prints `N passed, N failed`. */
#include "slz_case.h"

#include "../slz/check.h"
#include "../slz/cpu.h"

static struct guarded in_room, out_room;
static uint8_t plain[CASE_MAX], packed[CASE_MAX * 2], unpacked[CASE_MAX + 1];

/* `len` bytes of `plain` in one call, input and output each against a guard page, which end depends on the kind;
 * the output's room is the bound exactly. */
static void one_call(size_t len, enum slz_format format, enum slz_mode mode, unsigned kind)
{
    uint8_t *in = kind & 1 ? in_room.low : in_room.high - len;
    uint8_t *out = kind & 2 ? out_room.low : out_room.high - slz_bound(len);
    ptrdiff_t back;
    struct slz s;
    size_t n;

    memcpy(in, plain, len);
    slz_init(&s, format, mode);
    n = slz_encode(&s, out, in, len, false);
    CHECK(n <= slz_bound(len), "%zu of %zu", n, len);
    /* The trailer gets the room that one-call users have left. */
    uint8_t tail[32];
    size_t tail_len = slz_finish(&s, tail);
    CHECK(n + tail_len <= slz_bound(len), "%s kind %u: %zu of %zu", case_name(format, mode), kind, n, len);
    memcpy(packed, out, n);
    memcpy(packed + n, tail, tail_len);
    back = case_decode(unpacked, sizeof(unpacked), packed, n + tail_len, format);
    CHECK(back == (ptrdiff_t)len && memcmp(unpacked, plain, len) == 0, "%s kind %u len %zu: back %td",
          case_name(format, mode), kind, len, back);
}

static void all_ways(size_t len, unsigned kind)
{
    case_fill(plain, len, kind);
    for (int format = SLZ_RAW; format <= SLZ_ZLIB; format++)
        for (int mode = SLZ_STORE; mode <= SLZ_BALANCED; mode++)
            one_call(len, (enum slz_format)format, (enum slz_mode)mode, kind);
}

static void test_one_call(void)
{
    static const size_t edges[] = {4095,  4096,  4097,  32767, 32768, 32769,  65534,
                                   65535, 65536, 65537, 70000, 98303, 131070, 131071};

    for (unsigned kind = 0; kind < CASE_KINDS; kind++) {
        for (size_t len = 0; len < 600; len++)
            all_ways(len, kind);
        for (size_t len = 600; len < 70000; len += 601 + len / 7)
            all_ways(len, kind);
        for (size_t i = 0; i < sizeof(edges) / sizeof(*edges); i++)
            all_ways(edges[i], kind);
    }
}

/* Every way to cut a small input in three, with and without flushes between, a mode for each piece. */
static void three_calls(size_t len, size_t cut1, size_t cut2, unsigned how)
{
    size_t from[4] = {0, cut1, cut2, len}, n = 0;
    enum slz_format format = (enum slz_format)(how % 3);
    struct slz s;

    slz_init(&s, format, (enum slz_mode)(how / 3 % 3));
    for (int i = 0; i < 3; i++) {
        size_t piece = from[i + 1] - from[i], got;
        uint8_t *in = in_room.high - piece, *out = out_room.high - slz_bound(piece);

        memcpy(in, plain + from[i], piece);
        slz_set_mode(&s, (enum slz_mode)((how / 3 + (unsigned)i * (how / 9)) % 3));
        got = slz_encode(&s, out, in, piece, how & 64 || i < 2);
        CHECK(got <= slz_bound(piece), "piece %zu gave %zu", piece, got);
        memcpy(packed + n, out, got);
        n += got;
        if (how >> 7 >> i & 1) {
            out = out_room.high - slz_bound(0);
            got = slz_flush(&s, out);
            CHECK(got <= slz_bound(0) && slz_flush(&s, packed + n + got) == 0, "flush gave %zu", got);
            memcpy(packed + n, out, got);
            n += got;
        }
    }
    n += slz_finish(&s, packed + n);
    CHECK(slz_finish(&s, packed + n) == 0, "second finish");
    ptrdiff_t back = case_decode(unpacked, sizeof(unpacked), packed, n, format);
    CHECK(back == (ptrdiff_t)len && memcmp(unpacked, plain, len) == 0, "%zu cut at %zu, %zu: %u", len, cut1,
          cut2, how);
}

static void test_every_split(void)
{
    for (unsigned kind = 0; kind < CASE_KINDS; kind++) {
        size_t len = 40;

        case_fill(plain, len, kind);
        for (size_t cut1 = 0; cut1 <= len; cut1++)
            for (size_t cut2 = cut1; cut2 <= len; cut2++)
                for (unsigned how = (unsigned)(cut1 + cut2) % 7; how < 1024; how += 41)
                    three_calls(len, cut1, cut2, how);
        for (unsigned how = 0; how < 1024; how += 3) {
            case_fill(plain, 90000, kind);
            three_calls(90000, case_random() % 45000, 45000 + case_random() % 45000, how);
        }
    }
}

/* After a flush a decoder that sees no further byte has everything. */
static void test_flush_gives_all(void)
{
    for (unsigned kind = 0; kind < CASE_KINDS; kind++) {
        size_t at = 0, n = 0;
        struct slz s;

        case_fill(plain, 60000, kind);
        slz_init(&s, SLZ_GZIP, SLZ_FAST);
        for (unsigned i = 0; i < 100; i++) {
            size_t piece = case_random() % (i < 50 ? 12 : 900);
            struct inflater f = {.in = packed, .out = unpacked, .out_max = sizeof(unpacked)};

            slz_set_mode(&s, (enum slz_mode)(case_random() % 3));
            n += slz_encode(&s, packed + n, plain + at, piece, true);
            n += slz_flush(&s, packed + n);
            at += piece;
            f.in_len = n;
            inflate_all(&f, SLZ_GZIP);
            CHECK(f.status == INFLATE_SHORT && f.out_len == at, "kind %u: %zu of %zu", kind, f.out_len, at);
        }
        CHECK(memcmp(unpacked, plain, at) == 0, "kind %u", kind);
    }
}

static size_t calls(const char *order, uint8_t *out, enum slz_format format, enum slz_mode mode)
{
    struct slz s;
    size_t n = 0;

    slz_init(&s, format, mode);
    for (; *order; order++) {
        if (*order == 'e')
            n += slz_encode(&s, out + n, (const uint8_t *)"hello", 5, true);
        else if (*order == 'l')
            n += slz_encode(&s, out + n, (const uint8_t *)"hello", 5, false);
        else if (*order == '0')
            n += slz_encode(&s, out + n, NULL, 0, true);
        else if (*order == 'f')
            n += slz_flush(&s, out + n);
    }
    return n + slz_finish(&s, out + n);
}

static void test_orders(void)
{
    static const char *const orders[] = {
        "",  "0",  "f",   "ff", "0f",  "e",  "ef",  "eff", "fe",    "ffeff",   "l",
        "lf", "lff", "el", "efl", "fl", "eel", "e0", "0e0f0", "efefefe", "eeeee", "l0",
    };

    for (size_t i = 0; i < sizeof(orders) / sizeof(*orders); i++) {
        for (int how = 0; how < 9; how++) {
            enum slz_format format = (enum slz_format)(how / 3);
            enum slz_mode mode = (enum slz_mode)(how % 3);
            size_t n = calls(orders[i], packed, format, mode);
            ptrdiff_t back = case_decode(unpacked, sizeof(unpacked), packed, n, format);
            ptrdiff_t want = 0;

            for (const char *c = orders[i]; *c; c++)
                want += *c == 'e' || *c == 'l' ? 5 : 0;
            CHECK(back == want, "\"%s\" %s: %td of %td", orders[i], case_name(format, mode), back, want);
            CHECK(want == 0 || memcmp(unpacked, "hello", 5) == 0, "\"%s\"", orders[i]);
        }
    }
}

/* The bound is reached by noise and never passed by what was made to pass it. */
static void test_bound(void)
{
    static const size_t lens[] = {1, 5, 1000, 65535, 65536, 131070, 200000};

    for (size_t i = 0; i < sizeof(lens) / sizeof(*lens); i++) {
        struct slz s;
        size_t n;

        case_fill(plain, lens[i], 1);
        slz_init(&s, SLZ_GZIP, SLZ_STORE);
        n = slz_encode(&s, packed, plain, lens[i], false);
        n += slz_finish(&s, packed + n);
        CHECK(n == slz_bound(lens[i]), "%zu: %zu", lens[i], n);
        CHECK(n == lens[i] + 5 * ((lens[i] + 65534) / 65535) + 18, "%zu: %zu", lens[i], n);
    }
    CHECK(slz_bound(0) == 23, "%zu", slz_bound(0));
}

static uint32_t crc_bitwise(uint32_t crc, const uint8_t *in, size_t len)
{
    crc = ~crc;
    while (len-- > 0) {
        crc ^= *in++;
        for (int i = 0; i < 8; i++)
            crc = crc >> 1 ^ (0xedb88320 & -(crc & 1));
    }
    return ~crc;
}

static uint32_t adler_slow(uint32_t sum, const uint8_t *in, size_t len)
{
    uint32_t a = sum & 0xffff, b = sum >> 16;

    while (len-- > 0) {
        a = (a + *in++) % 65521;
        b = (b + a) % 65521;
    }
    return b << 16 | a;
}

static void test_sums(unsigned cpu_mask)
{
    slz_cpu_narrow(cpu_mask);
    case_fill(plain, 20000, 1);
    for (size_t len = 0; len < 5000; len += len < 700 ? 1 : 97) {
        uint8_t *in = in_room.high - len;

        memcpy(in, plain, len);
        CHECK(slz_crc32(1234567, in, len) == crc_bitwise(1234567, in, len), "cpu %x len %zu", cpu_mask, len);
        uint32_t part = slz_crc32(0, in, len / 3);

        CHECK(slz_crc32(part, in + len / 3, len - len / 3) == crc_bitwise(0, in, len), "cpu %x", cpu_mask);
        CHECK(slz_adler32(1, in, len) == adler_slow(1, in, len), "len %zu", len);
    }
    memset(plain, 255, 300000);
    CHECK(slz_adler32(1, plain, 300000) == adler_slow(1, plain, 300000), "the largest sums");
    slz_cpu_narrow(~0u);
}

/* What this machine lacks must not show: every path gives the same bytes. */
static void test_same_everywhere(void)
{
    static uint8_t other[CASE_MAX * 2];

    for (unsigned kind = 0; kind < CASE_KINDS; kind++) {
        for (int how = 0; how < 9; how++) {
            size_t n[2];

            case_fill(plain, 50000, kind);
            for (int path = 0; path < 2; path++) {
                uint8_t *out = path ? other : packed;
                struct slz s;

                slz_cpu_narrow(path ? 0 : ~0u);
                slz_init(&s, (enum slz_format)(how / 3), (enum slz_mode)(how % 3));
                n[path] = slz_encode(&s, out, plain, 50000, false);
                n[path] += slz_finish(&s, out + n[path]);
            }
            CHECK(n[0] == n[1] && memcmp(packed, other, n[0]) == 0, "kind %u how %d", kind, how);
        }
    }
    slz_cpu_narrow(~0u);
}

/* gzip's length field counts modulo 2^32 (RFC 1952, section 2.3.1). */
static void test_total_wraps(void)
{
    struct slz s;
    size_t n;

    slz_init(&s, SLZ_GZIP, SLZ_FAST);
    s.total = UINT32_MAX - 2;
    n = slz_encode(&s, packed, (const uint8_t *)"hello", 5, false);
    n += slz_finish(&s, packed + n);
    CHECK(packed[n - 4] == 2 && packed[n - 1] == 0, "%u", packed[n - 4]);
}

int main(void)
{
    in_room = guarded_new(CASE_MAX);
    out_room = guarded_new(slz_bound(CASE_MAX));
    test_orders();
    test_bound();
    test_sums(0);
    test_sums(SLZ_CPU_PCLMUL);
    test_sums(~0u);
    test_total_wraps();
    test_flush_gives_all();
    test_same_everywhere();
    test_one_call();
    test_every_split();
    printf("%u passed, %u failed\n", case_passed, case_failed);
    return case_failed != 0;
}
