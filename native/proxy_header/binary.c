/* Version 2: a signature, a command, a family, a length, addresses, and type-length-value records behind them. What a
 * family has no internet addresses (unix sockets, datagrams) leaves those of the socket in force. */
#include "parts.h"
#include <netinet/in.h>
#include <string.h>

#define COMMAND_LOCAL 0u
#define COMMAND_PROXY 1u
#define TYPE_AUTHORITY 0x02
#define TYPE_CRC32C 0x03
#define TYPE_UNIQUE_ID 0x05

/* Bytes of addresses by family (section 2.2), -1 for one that does not exist. */
static int addresses_len(uint8_t family)
{
    switch (family) {
    case 0x00: return 0;
    case 0x11:
    case 0x12: return 12;
    case 0x21:
    case 0x22: return 36;
    case 0x31:
    case 0x32: return 216;
    default: return -1;
    }
}

static void addresses_read(const uint8_t *at, uint8_t family, struct proxy_header *h)
{
    BUG_ON(at == NULL);
    BUG_ON(h->src_len != 0 || h->dst_len != 0);
    if (family == 0x11) {
        struct sockaddr_in src = {.sin_family = AF_INET}, dst = {.sin_family = AF_INET};
        memcpy(&src.sin_addr, at, 4);
        memcpy(&dst.sin_addr, at + 4, 4);
        memcpy(&src.sin_port, at + 8, 2);
        memcpy(&dst.sin_port, at + 10, 2);
        memcpy(h->src, &src, sizeof(src));
        memcpy(h->dst, &dst, sizeof(dst));
        h->src_len = h->dst_len = sizeof(src);
        return;
    }
    if (family != 0x21)
        return;
    struct sockaddr_in6 src = {.sin6_family = AF_INET6}, dst = {.sin6_family = AF_INET6};
    memcpy(&src.sin6_addr, at, 16);
    memcpy(&dst.sin6_addr, at + 16, 16);
    memcpy(&src.sin6_port, at + 32, 2);
    memcpy(&dst.sin6_port, at + 34, 2);
    memcpy(h->src, &src, sizeof(src));
    memcpy(h->dst, &dst, sizeof(dst));
    h->src_len = h->dst_len = sizeof(src);
}

uint32_t proxy_header_crc32c(const uint8_t *p, uint32_t len, uint32_t hole)
{
    static const uint32_t nibble[16] = {0x00000000, 0x105ec76f, 0x20bd8ede, 0x30e349b1, 0x417b1dbc, 0x5125dad3,
                                        0x61c69362, 0x7198540d, 0x82f63b78, 0x92a8fc17, 0xa24bb5a6, 0xb21572c9,
                                        0xc38d26c4, 0xd3d3e1ab, 0xe330a81a, 0xf36e6f75};
    uint32_t crc = ~0u;
    BUG_ON(p == NULL && len > 0);
    BUG_ON(hole != UINT32_MAX && hole + 4 > len);
    for (uint32_t i = 0; i < len; i++) {
        crc ^= hole != UINT32_MAX && i - hole < 4 ? 0 : p[i];
        crc = crc >> 4 ^ nibble[crc & 15];
        crc = crc >> 4 ^ nibble[crc & 15];
    }
    return ~crc;
}

static int tlv_check(const uint8_t *p, uint32_t total, uint32_t at, uint32_t len)
{
    BUG_ON(p == NULL);
    BUG_ON(at + PROXY_TLV_HEAD_LEN + len > total);
    uint8_t type = p[at];
    const uint8_t *value = p + at + PROXY_TLV_HEAD_LEN;
    if (len > PROXY_TLV_LEN_MAX || (type == TYPE_AUTHORITY && len > PROXY_AUTHORITY_LEN_MAX) ||
        (type == TYPE_UNIQUE_ID && len > PROXY_UNIQUE_ID_LEN_MAX))
        return -PROXY_INVALID;
    if (type != TYPE_CRC32C)
        return 0;
    if (len != 4)
        return -PROXY_INVALID;
    uint32_t told = (uint32_t)value[0] << 24 | (uint32_t)value[1] << 16 | (uint32_t)value[2] << 8 | value[3];
    return proxy_header_crc32c(p, total, at + PROXY_TLV_HEAD_LEN) == told ? 0 : -PROXY_INVALID;
}

static int binary_parse(const uint8_t *p, uint32_t len, struct proxy_header *h)
{
    BUG_ON(p == NULL || h == NULL);
    BUG_ON(len < PROXY_V2_HEAD_LEN);
    uint32_t total = PROXY_V2_HEAD_LEN + ((uint32_t)p[14] << 8 | p[15]);
    uint8_t command = p[12] & 15, family = p[13], crcs = 0;
    int addresses = addresses_len(family);
    if (command > COMMAND_PROXY || addresses < 0 || PROXY_V2_HEAD_LEN + (uint32_t)addresses > total)
        return -PROXY_INVALID;
    if (len < total)
        return -PROXY_TRUNCATED;
    h->version = 2;
    if (command == COMMAND_PROXY)
        addresses_read(p + PROXY_V2_HEAD_LEN, family, h);
    h->tlvs = PROXY_V2_HEAD_LEN + (uint32_t)addresses;
    h->tlvs_len = total - h->tlvs;
    for (uint32_t at = h->tlvs; at < total;) {
        BUG_ON(at < PROXY_V2_HEAD_LEN);
        if (total - at < PROXY_TLV_HEAD_LEN)
            return -PROXY_INVALID;
        uint32_t value = (uint32_t)p[at + 1] << 8 | p[at + 2];
        if (total - at - PROXY_TLV_HEAD_LEN < value || (p[at] == TYPE_CRC32C && crcs++ > 0) ||
            tlv_check(p, total, at, value) < 0)
            return -PROXY_INVALID;
        at += PROXY_TLV_HEAD_LEN + value;
    }
    return (int)total;
}

int proxy_header_parse(const uint8_t *p, uint32_t len, struct proxy_header *h)
{
    static const uint8_t signature[12] = {0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a};
    BUG_ON(p == NULL && len > 0);
    BUG_ON(h == NULL);
    memset(h, 0, sizeof(*h));
    if (memcmp(p, "PROXY ", MIN(len, PROXY_V1_MARK_LEN)) == 0)
        return len < PROXY_V1_MARK_LEN ? -PROXY_TRUNCATED : line_parse(p, len, h);
    if (memcmp(p, signature, MIN(len, sizeof(signature))) != 0 || (len > 12 && p[12] >> 4 != 2))
        return -PROXY_NOT_HEADER;
    if (len < PROXY_V2_HEAD_LEN)
        return -PROXY_TRUNCATED;
    int n = binary_parse(p, len, h);
    if (n < 0)
        h->src_len = h->dst_len = 0;
    return n;
}
