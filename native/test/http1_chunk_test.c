/* The chunk decoder: what it refuses, every split of every body, payload decoded in place; and the size line writer. */
#include "http1_case.h"

struct case_body {
    const char *why, *raw;
    uint32_t len;
    const char *payload; /* NULL: refused */
    uint32_t used;       /* raw bytes up to and with the last-chunk line */
};

#define BODY(why, raw, tail, payload) {why, raw tail, sizeof(raw tail) - 1, payload, sizeof(raw) - 1}
#define BAD(why, raw) {why, raw, sizeof(raw) - 1, NULL, 0}

static const struct case_body bodies[] = {
    BODY("empty", "0\r\n", "\r\n", ""),
    BODY("one", "3\r\nabc\r\n0\r\n", "\r\n", "abc"),
    BODY("two, hexadecimal", "b\r\nhello world\r\nB\r\n HELLO HTTP\r\n0\r\n", "X: trailer\r\n\r\n",
         "hello world HELLO HTTP"),
    BODY("leading zeros", "0003\r\nabc\r\n000\r\n", "\r\n", "abc"),
    BODY("payload that looks like framing", "7\r\n0\r\n\r\nab\r\n0\r\n", "\r\n", "0\r\n\r\nab"),
    BODY("an extension", "3;a\r\nabc\r\n0;b=c\r\n", "\r\n", "abc"),
    BODY("blanks that the grammar allows", "3 ; a = b ;c\r\nabc\r\n0\t;d\r\n", "", "abc"),
    BODY("blanks that it does not", "3 \t\r\nabc\r\n0;b=c \r\n", "\r\n", "abc"),
    BODY("quoted values", "3;a=\"x;y\\\"\\\\ \"\r\nabc\r\n0;b=\"\"\r\n", "", "abc"),
    BODY("what follows is not read", "0\r\n", "GET / HTTP/1.1\r\n", ""),
    BAD("no digit", "\r\nabc\r\n"),
    BAD("a sign", "+3\r\nabc\r\n"),
    BAD("0x", "0x3\r\nabc\r\n"),
    BAD("not hexadecimal", "g\r\n"),
    BAD("blank first", " 3\r\nabc\r\n"),
    BAD("digit behind a blank", "3 3\r\nabc\r\n"),
    BAD("bare LF behind the size", "3\nabc\r\n"),
    BAD("bare CR behind the size", "3\rabc\r\n"),
    BAD("two CR", "3\r\r\nabc\r\n"),
    BAD("too long", "3\r\nabcd\r\n0\r\n\r\n"),
    BAD("too short", "3\r\nab\r\n0\r\n\r\n"),
    BAD("bare LF behind the data", "3\r\nabc\n0\r\n\r\n"),
    BAD("bare CR behind the data", "3\r\nabc\rX"),
    BAD("one bit too many", "8000000000000000\r\n"),
    BAD("17 digits", "10000000000000000\r\n"),
    BAD("wraps to 3", "10000000000000003\r\nabc\r\n0\r\n\r\n"),
    BAD("a comma", "3,3\r\nabc\r\n"),
    BAD("extension without a name", "3;\r\nabc\r\n"),
    BAD("extension without a value", "3;a=\r\nabc\r\n"),
    BAD("two words in an extension", "3;a b\r\nabc\r\n"),
    BAD("bare LF in an extension", "3;a\nabc\r\n"),
    BAD("line end in quotes", "3;a=\"b\r\nabc\r\n"),
    BAD("quoted line end", "3;a=\"\\\r\n\"\r\nabc\r\n"),
    BAD("backslash outside quotes", "3;a=\\b\r\nabc\r\n"),
    BAD("text behind quotes", "3;a=\"b\"c\r\nabc\r\n"),
    BAD("NUL in quotes", "3;a=\"\0\"\r\nabc\r\n"),
    BAD("NUL behind the size", "3\0\r\nabc\r\n"),
};

static struct case_room room;

/* Feeds <raw> in pieces that end at <cut> and <cut2>; collects the payload. Returns the last answer. */
static int feed(const struct case_body *c, uint32_t cut, uint32_t cut2, char *payload, uint32_t *payload_len,
                uint32_t *used)
{
    uint32_t ends[3] = {cut, cut2, c->len}, from = 0;
    struct chunk_decoder d = {0};
    int ret = 0;

    *payload_len = *used = 0;
    for (int i = 0; i < 3 && ret == 0; i++) {
        uint32_t len = ends[i] - from, got = 0, n = 0;
        uint8_t *at = i & 1 ? room.low : room.high - len;

        memcpy(at, c->raw + from, len);
        ret = chunk_decode(&d, at, len, &got, &n);
        memcpy(payload + *payload_len, at, got);
        *payload_len += got;
        *used += n;
        CHECK(n <= len && got <= n && (ret != 0 || n == len), "%s: %u of %u", c->why, n, len);
        from += n;
    }
    if (ret != 0) {
        uint32_t got = 1, n = 1;

        CHECK(chunk_decode(&d, room.low, 4, &got, &n) == ret && got == 0 && n == 0, "%s: not sticky", c->why);
    }
    return ret;
}

static void test_bodies(void)
{
    for (uint32_t i = 0; i < ARRAY_LEN(bodies); i++) {
        const struct case_body *c = &bodies[i];
        char payload[256];

        for (uint32_t cut = 0; cut <= c->len; cut++) {
            for (uint32_t cut2 = cut; cut2 <= c->len; cut2++) {
                uint32_t len, used;
                int ret = feed(c, cut, cut2, payload, &len, &used);

                if (!c->payload)
                    CHECK(ret == -EINVAL, "%s: %d", c->why, ret);
                else
                    CHECK(ret == 1 && used == c->used && len == strlen(c->payload) && !memcmp(payload, c->payload, len),
                          "%s: cut at %u, %u: %d, used %u, %.*s", c->why, cut, cut2, ret, used, (int)len, payload);
            }
        }
    }
}

static void test_limits(void)
{
    struct chunk_decoder d = {0};
    uint32_t got, used;

    memcpy(room.low, "1;", 2);
    memset(room.low + 2, 'a', CHUNK_LINE_LEN_MAX);
    memcpy(room.low + CHUNK_LINE_LEN_MAX - 1, "\r\n", 2);
    CHECK(chunk_decode(&d, room.low, CHUNK_LINE_LEN_MAX + 1, &got, &used) == 0, "the longest line");
    memset(&d, 0, sizeof(d));
    memcpy(room.low + CHUNK_LINE_LEN_MAX - 1, "a\r\n", 3);
    CHECK(chunk_decode(&d, room.low, CHUNK_LINE_LEN_MAX + 2, &got, &used) == -EINVAL, "one byte more");
    memset(&d, 0, sizeof(d));
    memset(room.low, '0', CHUNK_LINE_LEN_MAX + 1);
    CHECK(chunk_decode(&d, room.low, CHUNK_LINE_LEN_MAX + 1, &got, &used) == -EINVAL, "zeros without end");
}

/* What splice moves is not seen by the decoder, only told. */
static void test_skip(void)
{
    struct chunk_decoder d = {0};
    uint32_t got, used;

    memcpy(room.low, "7fffffffffffffff\r\nab", 20);
    CHECK(chunk_decode(&d, room.low, 20, &got, &used) == 0 && got == 2, "%u", got);
    CHECK(chunk_pending(&d) == CHUNK_SIZE_MAX - 2, "%llu", (unsigned long long)chunk_pending(&d));
    chunk_skip(&d, CHUNK_SIZE_MAX - 2);
    CHECK(chunk_pending(&d) == 0, "%llu", (unsigned long long)chunk_pending(&d));
    memcpy(room.low, "\r\n0\r\n", 5);
    CHECK(chunk_decode(&d, room.low, 5, &got, &used) == 1 && got == 0 && used == 5, "%u", used);
}

static void test_head_write(void)
{
    static const uint64_t sizes[] = {0, 1, 15, 16, 255, 256, 65535, 65536, 1ull << 32, CHUNK_SIZE_MAX, UINT64_MAX};

    for (uint32_t i = 0; i < ARRAY_LEN(sizes); i++) {
        char want[32];
        int len = sprintf(want, "%llx\r\n", (unsigned long long)sizes[i]);
        uint8_t *at = room.high - len;

        CHECK(chunk_head_write(at, sizes[i]) == (uint32_t)len && memcmp(at, want, (size_t)len) == 0, "%s", want);
    }
}

int main(void)
{
    room = case_room_new();
    test_bodies();
    test_limits();
    test_skip();
    test_head_write();
    return case_end("http1 chunk");
}
