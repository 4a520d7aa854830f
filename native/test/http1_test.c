/* The head scanner: what it refuses and with which status, that every split of every head ends alike, and that no byte
 * outside the given ones is touched. The rows are the specification; what accepted heads become is in
 * http1_write_test.c. */
#include "http1_case.h"

#include "http1_heads.h"

static struct case_room room;
static struct head_field fields[CASE_FIELDS], again[CASE_FIELDS];

/* One look at the first <len> bytes, against the guard page behind or before them. */
static int look(struct head *h, struct head_field *f, const struct case_head *c, uint32_t len, int low)
{
    uint8_t *at = low ? room.low : room.high - len;

    memcpy(at, c->raw, len);
    return head_scan(h, f, CASE_FIELDS, at, len, c->kind, 0);
}

/* What one look says, then the same in two looks for every split, and byte by byte. */
static void test_splits(const struct case_head *c)
{
    struct head whole = {0}, h;
    int ret = look(&whole, fields, c, c->len, 0), got = 0;

    for (uint32_t cut = 0; cut <= c->len; cut++) {
        memset(&h, 0, sizeof(h));
        got = look(&h, again, c, cut, cut & 1);
        if (got == 0)
            got = look(&h, again, c, c->len, cut & 2);
        CHECK(got == ret && h.error == whole.error, "%s: cut at %u: %d %u, whole %d %u", c->why, cut, got, h.error, ret,
              whole.error);
        if (ret > 0 && got == ret)
            CHECK(memcmp(&h, &whole, sizeof(h)) == 0 && memcmp(fields, again, whole.nfields * sizeof(*fields)) == 0,
                  "%s: cut at %u: another table", c->why, cut);
    }
    memset(&h, 0, sizeof(h));
    for (uint32_t len = 1; len <= c->len; len++) {
        got = look(&h, again, c, len, 0);
        if (got != 0)
            break;
    }
    CHECK(got == ret && h.error == whole.error, "%s: byte by byte: %d, whole %d", c->why, got, ret);
}

static void test_rows(void)
{
    for (uint32_t i = 0; i < ARRAY_LEN(case_heads); i++) {
        const struct case_head *c = &case_heads[i];
        struct head h = {0};
        int ret = look(&h, fields, c, c->len, 0);

        if (c->status == 0)
            CHECK(ret == (int)c->len, "%s: %d, error %u at %u", c->why, ret, h.error, h.error_off);
        else
            CHECK(ret == -EINVAL && h.error == c->status && h.error_off <= c->len, "%s: %d, error %u", c->why, ret,
                  h.error);
        if (ret < 0)
            CHECK(head_scan(&h, fields, CASE_FIELDS, room.low, c->len, c->kind, 0) == -EINVAL, "%s: not sticky",
                  c->why);
        test_splits(c);
    }
}

/* No prefix of a good head is taken for a head, and none is refused. */
static void test_prefixes(void)
{
    for (uint32_t i = 0; i < ARRAY_LEN(case_heads); i++) {
        for (uint32_t len = 0; case_heads[i].status == 0 && len < case_heads[i].len; len++) {
            struct head h = {0};

            CHECK(look(&h, fields, &case_heads[i], len, 1) == 0, "%s: prefix of %u", case_heads[i].why, len);
        }
    }
}

/* Every single byte in each place of a line: only the allowed ones pass. */
static void test_bytes(void)
{
    static const struct {
        const char *form, *allowed;
        int obs_text;
    } places[] = {
        {"?ET / HTTP/1.1\r\nHost: a\r\n\r\n", "!#$%&'*+-.^_`|~", 0},
        {"GET /? HTTP/1.1\r\nHost: a\r\n\r\n", "!\"$%&'()*+,-./:;<=>?@[\\]^_`{|}~", 0},
        {"GET / HTTP/1.1\r\nHost: a\r\nx?: b\r\n\r\n", "!#$%&'*+-.^_`|~:", 0},
        {"GET / HTTP/1.1\r\nHost: a\r\nx: b?c\r\n\r\n", "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~ \t", 1},
        {"GET / HTTP/1.1\r\nHost: a?\r\n\r\n", "-._~!$&'()*+;=: \t", 0},
    };

    for (uint32_t i = 0; i < ARRAY_LEN(places); i++) {
        char raw[128];
        char *at;

        strcpy(raw, places[i].form);
        at = strchr(raw, '?');
        for (int byte = 0; byte < 256; byte++) {
            int alnum = (byte >= '0' && byte <= '9') || ((byte | 32) >= 'a' && (byte | 32) <= 'z' && byte < 128);
            int good = alnum || (byte > 0 && byte < 128 && strchr(places[i].allowed, byte)) ||
                       (byte >= 128 && places[i].obs_text);
            struct case_head c = {"a byte", HEAD_REQUEST, 0, raw, (uint32_t)strlen(places[i].form)};
            struct head h = {0};

            *at = (char)byte;
            CHECK((look(&h, fields, &c, c.len, 0) > 0) == good, "place %u, byte %#x", i, byte);
        }
    }
}

static void test_limits(void)
{
    struct head h = {0};
    char *raw = (char *)room.low;
    uint32_t n = (uint32_t)sprintf(raw, "GET / HTTP/1.1\r\nHost: a\r\n");

    for (int i = 1; i < CASE_FIELDS; i++)
        n += (uint32_t)sprintf(raw + n, "x: %d\r\n", i);
    memcpy(raw + n, "\r\n", 2);
    CHECK(head_scan(&h, fields, CASE_FIELDS, room.low, n + 2, HEAD_REQUEST, 0) == (int)n + 2, "%u fields", CASE_FIELDS);
    CHECK(h.nfields == CASE_FIELDS, "%u", h.nfields);
    memset(&h, 0, sizeof(h));
    CHECK(head_scan(&h, fields, CASE_FIELDS - 1, room.low, n + 2, HEAD_REQUEST, 0) == -EINVAL && h.error == 400, "%u",
          h.error);

    memset(&h, 0, sizeof(h));
    memset(room.low, 'G', HEAD_METHOD_LEN_MAX + 1);
    CHECK(head_scan(&h, fields, CASE_FIELDS, room.low, HEAD_METHOD_LEN_MAX + 1, HEAD_REQUEST, 0) == -EINVAL, "method");
    CHECK(h.error == 501, "%u", h.error);

    memset(&h, 0, sizeof(h));
    n = (uint32_t)sprintf(raw, "GET / HTTP/1.1\r\n");
    memset(raw + n, 'x', HEAD_NAME_LEN_MAX + 1);
    CHECK(head_scan(&h, fields, CASE_FIELDS, room.low, n + HEAD_NAME_LEN_MAX, HEAD_REQUEST, 0) == 0, "name");
    CHECK(head_scan(&h, fields, CASE_FIELDS, room.low, n + HEAD_NAME_LEN_MAX + 1, HEAD_REQUEST, 0) == -EINVAL, "name");
    CHECK(h.error == 431, "%u", h.error);

    CHECK(head_too_big_status((const uint8_t *)"\r\nGET /aaaa", 11) == 414, "in the request line");
    CHECK(head_too_big_status((const uint8_t *)"GET / HTTP/1.1\r\na", 17) == 431, "behind it");
}

/* A long head that comes byte by byte costs about two readings of it, not one per byte. */
static void test_slow_client(void)
{
    struct head h = {0};
    uint32_t n = (uint32_t)sprintf((char *)room.low, "GET / HTTP/1.1\r\nHost: a\r\nx: ");
    int ret = 0;

    memset(room.low + n, 'y', 100000);
    memcpy(room.low + n + 100000, "\r\n\r\n", 4);
    for (uint32_t len = 1; len < n + 100004; len++) {
        ret = head_scan(&h, fields, CASE_FIELDS, room.low, len, HEAD_REQUEST, 0);
        if (ret != 0)
            break;
        CHECK(len < n + 1 || len >= n + 100000 || h.seen_off == len, "at %u: seen %u", len, h.seen_off);
    }
    CHECK(ret == 0 && head_scan(&h, fields, CASE_FIELDS, room.low, n + 100004, HEAD_REQUEST, 0) > 0, "%u", h.error);
}

/* What options let pass, and what not even they do. */
static void test_options(void)
{
    static const struct {
        uint32_t opts, status;
        const char *raw, *target, *host;
    } rows[] = {
        {HEAD_OPT_ACCEPT_UNSAFE, 0, "GET http://h#f HTTP/1.1\r\nHost: h\r\n\r\n", "http://h#f", "h"},
        {HEAD_OPT_ACCEPT_UNSAFE, 0, "GET /\xe9#\xff HTTP/1.1\r\nHost: h\r\n\r\n", "/\xe9#\xff", "h"},
        {HEAD_OPT_ACCEPT_UNSAFE, 0, "GET http://b/ HTTP/1.1\r\nHost: a\r\n\r\n", "http://b/", "b"},
        {HEAD_OPT_ACCEPT_UNSAFE, 400, "GET /\x7f HTTP/1.1\r\nHost: a\r\n\r\n", "", ""},
        {HEAD_OPT_PAYLOAD_ANY_METHOD, 0, "GET / HTTP/1.0\r\nHost: a\r\nContent-Length: 1\r\n\r\n", "/", "a"},
    };

    for (uint32_t i = 0; i < ARRAY_LEN(rows); i++) {
        uint32_t len = (uint32_t)strlen(rows[i].raw), flags = 0;

        for (uint32_t cut = 0; cut <= len; cut++) {
            uint8_t *at = room.high - len;
            struct head h = {0};
            int ret;

            memcpy(at, rows[i].raw, len);
            ret = head_scan(&h, fields, CASE_FIELDS, at, cut, HEAD_REQUEST, rows[i].opts);
            if (ret == 0)
                ret = head_scan(&h, fields, CASE_FIELDS, at, len, HEAD_REQUEST, rows[i].opts);
            CHECK(h.error == rows[i].status && (ret > 0) == !h.error, "row %u, cut %u: %u", i, cut, h.error);
            if (ret <= 0)
                continue;
            CHECK(h.target_len == strlen(rows[i].target) && !memcmp(at + h.target_off, rows[i].target, h.target_len) &&
                      fields[0].value_len == 1 && at[fields[0].value_off] == rows[i].host[0],
                  "row %u: %.*s", i, (int)h.target_len, at + h.target_off);
            CHECK(cut == 0 || flags == h.flags, "row %u, cut %u: flags", i, cut);
            flags = h.flags;
        }
    }
}

static void test_names(void)
{
    static const char *const names[] = {
#define NAME(id, text) text,
#define NAMES_OF_LEN(n)
#include "../http1/names.def"
    };

    for (uint32_t i = 0; i < ARRAY_LEN(names); i++) {
        uint32_t len = (uint32_t)strlen(names[i]);

        memcpy(room.high - len, names[i], len);
        CHECK(head_name_find(room.high - len, len) == i + 1, "%s", names[i]);
        room.high[-1] ^= 1;
        CHECK(head_name_find(room.high - len, len) != i + 1, "%s misspelt", names[i]);
    }
    CHECK(HEAD_NAME_TE == 1 && HEAD_NAME_UPGRADE_INSECURE_REQUESTS == ARRAY_LEN(names), "numbers");
#define METHOD(id, text) CHECK(http_method_find((const uint8_t *)text, sizeof(text) - 1) == HTTP_METHOD_##id, text);
#include "../http1/methods.def"
    CHECK(http_method_find((const uint8_t *)"get", 3) == HTTP_METHOD_OTHER, "case matters");
    CHECK(http_method_find((const uint8_t *)"POSTS", 5) == HTTP_METHOD_OTHER, "longer");
}

int main(void)
{
    room = case_room_new();
    test_names();
    test_rows();
    test_prefixes();
    test_bytes();
    test_limits();
    test_slow_client();
    test_options();
    return case_end("http1");
}
