/* The PROXY header: what is one, what can still become one, what never will. Each text lies before a page that faults, so
 * that not one byte beyond it is looked at. */
#include "http1_case.h"
#include "../proxy_header/proxy_header.h"
#include <arpa/inet.h>
#include <netinet/in.h>

#define SIGN "\r\n\r\n\0\r\nQUIT\n"
#define INET4 "\x01\x02\x03\x04\x05\x06\x07\x08\x00\x6f\x00\xde"
#define TEXT(s) s, sizeof(s) - 1

struct case_header {
    const char *why, *text;
    uint32_t len;
    int want;        /* bytes of the header, or an error */
    const char *src; /* "address port", NULL = none */
    uint32_t tlvs_len;
};

#define GOOD(why, text, src, tlvs) {why, TEXT(text "GET /"), (int)sizeof(text) - 1, src, tlvs}
#define BAD(why, text, error) {why, TEXT(text), -error, NULL, 0}

static const struct case_header headers[] = {
    GOOD("TCP4", "PROXY TCP4 1.2.3.4 5.6.7.8 111 222\r\n", "1.2.3.4 111", 0),
    GOOD("the greatest", "PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535\r\n", "255.255.255.255 65535", 0),
    GOOD("TCP6", "PROXY TCP6 ::1 2001:db8::2 1 0\r\n", "::1 1", 0),
    GOOD("the longest", "PROXY TCP6 ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff "
                        "65535 65535\r\n", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535", 0),
    GOOD("UNKNOWN", "PROXY UNKNOWN\r\n", NULL, 0),
    GOOD("INET", SIGN "\x21\x11\x00\x0c" INET4, "1.2.3.4 111", 0),
    GOOD("INET6", SIGN "\x21\x21\x00\x24" "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1" "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\2"
                  "\x00\x01\x00\x02", "::1 1", 0),
    GOOD("LOCAL", SIGN "\x20\x00\x00\x00", NULL, 0),
    GOOD("LOCAL with addresses", SIGN "\x20\x11\x00\x0c" INET4, NULL, 0),
    GOOD("LOCAL with a record", SIGN "\x20\x00\x00\x04" "\x04\x00\x01x", NULL, 4),
    GOOD("UNSPEC", SIGN "\x21\x00\x00\x00", NULL, 0),
    GOOD("datagrams", SIGN "\x21\x12\x00\x0c" INET4, NULL, 0),
    GOOD("records", SIGN "\x21\x11\x00\x14" INET4 "\x02\x00\x05" "12345", "1.2.3.4 111", 8),
    GOOD("an empty record", SIGN "\x21\x11\x00\x0f" INET4 "\xe2\x00\x00", "1.2.3.4 111", 3),
    BAD("HTTP", "GET / HTTP/1.1\r\n\r\n", PROXY_NOT_HEADER),
    BAD("a letter", "G", PROXY_NOT_HEADER),
    BAD("lower case", "proxy TCP4 1.2.3.4 5.6.7.8 1 2\r\n", PROXY_NOT_HEADER),
    BAD("version 1 in a block", SIGN "\x11\x11\x00\x0c" INET4, PROXY_NOT_HEADER),
    BAD("another protocol", "PROXY TCP5 1.2.3.4 5.6.7.8 1 2\r\n", PROXY_UNHANDLED),
    BAD("no protocol", "PROXY \r\n", PROXY_UNHANDLED),
    BAD("UNKNOWN with words", "PROXY UNKNOWN 1.2.3.4 5.6.7.8 1 2\r\n", PROXY_UNHANDLED),
    BAD("two blanks", "PROXY TCP4 1.2.3.4  5.6.7.8 1 2\r\n", PROXY_INVALID),
    BAD("a word less", "PROXY TCP4 1.2.3.4 5.6.7.8 1\r\n", PROXY_INVALID),
    BAD("a word more", "PROXY TCP4 1.2.3.4 5.6.7.8 1 2 3\r\n", PROXY_INVALID),
    BAD("octet of 256", "PROXY TCP4 1.2.3.256 5.6.7.8 1 2\r\n", PROXY_INVALID),
    BAD("three octets", "PROXY TCP4 1.2.3 5.6.7.8 1 2\r\n", PROXY_INVALID),
    BAD("port of 65536", "PROXY TCP4 1.2.3.4 5.6.7.8 65536 2\r\n", PROXY_INVALID),
    BAD("a sign", "PROXY TCP4 1.2.3.4 5.6.7.8 -1 2\r\n", PROXY_INVALID),
    BAD("IPv6 as TCP4", "PROXY TCP4 ::1 ::2 1 2\r\n", PROXY_INVALID),
    BAD("IPv4 as TCP6", "PROXY TCP6 1.2.3.4 5.6.7.8 1 2\r\n", PROXY_INVALID),
    BAD("bare CR", "PROXY TCP4 1.2.3.4 5.6.7.8 1 2\rX", PROXY_INVALID),
    BAD("bare LF", "PROXY TCP4 1.2.3.4 5.6.7.8 1 2\nX", PROXY_TRUNCATED),
    BAD("NUL in an address", "PROXY TCP6 ::1\0x ::2 1 2\r\n", PROXY_INVALID),
    BAD("no end", "PROXY TCP6 ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 "
                  "65535                    ", PROXY_INVALID),
    BAD("command 2", SIGN "\x22\x11\x00\x0c" INET4, PROXY_INVALID),
    BAD("family 7", SIGN "\x21\x71\x00\x0c" INET4, PROXY_INVALID),
    BAD("too short for its family", SIGN "\x21\x11\x00\x0b" INET4, PROXY_INVALID),
    BAD("unix sockets, too short", SIGN "\x21\x31\x00\x0c" INET4, PROXY_INVALID),
    BAD("half a record", SIGN "\x21\x11\x00\x0e" INET4 "\x02\x00", PROXY_INVALID),
    BAD("a record beyond the end", SIGN "\x21\x11\x00\x11" INET4 "\x02\x00\x05" "12", PROXY_INVALID),
    BAD("bytes behind the records", SIGN "\x21\x11\x00\x14" INET4 "\x02\x00\x04" "12345", PROXY_INVALID),
    BAD("a checksum of three bytes", SIGN "\x21\x11\x00\x12" INET4 "\x03\x00\x03" "123", PROXY_INVALID),
    BAD("a wrong checksum", SIGN "\x21\x11\x00\x13" INET4 "\x03\x00\x04" "1234", PROXY_INVALID),
};

static struct case_room room;

static int parse(const char *text, uint32_t len, struct proxy_header *h)
{
    uint8_t *at = room.high - len;
    BUG_ON(len > CASE_ROOM_LEN);
    memcpy(at, text, len);
    return proxy_header_parse(at, len, h);
}

static const char *source_text(const struct proxy_header *h)
{
    static char out[80];
    char address[INET6_ADDRSTRLEN];
    struct sockaddr_in6 in6;
    struct sockaddr_in in;
    memcpy(&in6, h->src, sizeof(in6));
    memcpy(&in, h->src, sizeof(in));
    BUG_ON(h->src_len != sizeof(in) && h->src_len != sizeof(in6));
    if (in.sin_family == AF_INET)
        inet_ntop(AF_INET, &in.sin_addr, address, sizeof(address));
    else
        inet_ntop(AF_INET6, &in6.sin6_addr, address, sizeof(address));
    snprintf(out, sizeof(out), "%s %u", address, ntohs(in.sin_port));
    return out;
}

static void each(void)
{
    struct proxy_header h;
    for (size_t i = 0; i < ARRAY_LEN(headers); i++) {
        const struct case_header *c = &headers[i];
        int n = parse(c->text, c->len, &h);
        CHECK(n == c->want, "%s: %d", c->why, n);
        if (n < 0)
            continue;
        CHECK((h.src_len > 0) == (c->src != NULL) && h.src_len == h.dst_len, "%s: addresses", c->why);
        CHECK(c->src == NULL || strcmp(source_text(&h), c->src) == 0, "%s: %s", c->why, source_text(&h));
        CHECK(h.tlvs_len == c->tlvs_len, "%s: %u bytes of records", c->why, h.tlvs_len);
        for (uint32_t cut = 0; cut < (uint32_t)n; cut++)
            CHECK(parse(c->text, cut, &h) == -PROXY_TRUNCATED, "%s cut at %u", c->why, cut);
        CHECK(parse(c->text, (uint32_t)n, &h) == n, "%s alone", c->why);
    }
}

/* A line is what its own parser reads. */
static void lines(void)
{
    struct proxy_header h;
    char line[PROXY_LINE_LEN_MAX + 1];
    static const char *const texts[] = {"PROXY TCP4 1.2.3.4 5.6.7.8 111 222\r\n", "PROXY TCP6 ::1 2001:db8::2 1 0\r\n"};
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        CHECK(parse(texts[i], (uint32_t)strlen(texts[i]), &h) > 0, "%s", texts[i]);
        uint32_t n = proxy_header_write_line(line, h.src, h.src_len, h.dst, h.dst_len);
        CHECK(n == strlen(texts[i]) && memcmp(line, texts[i], n) == 0, "%.*s", (int)n, line);
    }
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(7)};
    struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_port = htons(8)};
    uint32_t n = proxy_header_write_line(line, (uint8_t *)&in, sizeof(in), (uint8_t *)&in6, sizeof(in6));
    CHECK(n == 34 && memcmp(line, "PROXY TCP6 ::ffff:0.0.0.0 :: 7 8\r\n", n) == 0, "%.*s", (int)n, line);
    n = proxy_header_write_line(line, (uint8_t *)&in, 0, (uint8_t *)&in6, sizeof(in6));
    CHECK(n == 15 && memcmp(line, "PROXY UNKNOWN\r\n", n) == 0, "%.*s", (int)n, line);
}

static void checksums(void)
{
    struct proxy_header h;
    uint8_t block[] = SIGN "\x21\x11\x00\x13" INET4 "\x03\x00\x04" "\0\0\0\0";
    uint32_t len = sizeof(block) - 1, sum;
    CHECK(proxy_header_crc32c((const uint8_t *)"123456789", 9, UINT32_MAX) == 0xe3069283, "the known value");
    sum = proxy_header_crc32c(block, len, UINT32_MAX);
    for (uint32_t i = 0; i < 4; i++)
        block[len - 4 + i] = (uint8_t)(sum >> (24 - 8 * i));
    CHECK(parse((char *)block, len, &h) == (int)len, "a right checksum");
    for (uint32_t i = 0; i < len * 8; i++) {
        if (i / 8 == 28) /* another type: no checksum any more */
            continue;
        block[i / 8] ^= (uint8_t)(1u << i % 8);
        CHECK(parse((char *)block, len, &h) < 0, "bit %u", i);
        block[i / 8] ^= (uint8_t)(1u << i % 8);
    }
}

static void limits(void)
{
    struct proxy_header h;
    static char block[16 + 3 + PROXY_TLV_LEN_MAX + 1];
    static const struct { uint8_t type; uint32_t max; } types[] = {
        {0xea, PROXY_TLV_LEN_MAX}, {2, PROXY_AUTHORITY_LEN_MAX}, {5, PROXY_UNIQUE_ID_LEN_MAX}};
    for (size_t i = 0; i < ARRAY_LEN(types); i++)
        for (uint32_t over = 0; over < 2; over++) {
            uint32_t value = types[i].max + over, all = value + 3;
            memcpy(block, SIGN "\x20\x00", 14);
            block[14] = (char)(all >> 8);
            block[15] = (char)all;
            block[16] = (char)types[i].type;
            block[17] = (char)(value >> 8);
            block[18] = (char)value;
            int n = parse(block, 16 + all, &h);
            CHECK(over ? n == -PROXY_INVALID : n == (int)(16 + all), "type %u of %u bytes", types[i].type, value);
        }
}

int main(void)
{
    room = case_room_new();
    each();
    lines();
    checksums();
    limits();
    return case_end("proxy_header");
}
