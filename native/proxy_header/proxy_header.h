/* The PROXY protocol's header, versions 1 and 2, as a text of its own: read strictly, written for checks. No state, no
 * memory but the caller's. The protocol is described in HAProxy's doc/proxy-protocol.txt; what comes
 * in pieces is told apart from what can never become a header, byte by byte. */
#ifndef SLUICE_PROXY_HEADER_H
#define SLUICE_PROXY_HEADER_H

#include "../base.h"

#define PROXY_ADDR_LEN_MAX 28u   /* sockaddr_in6 */
#define PROXY_LINE_LEN_MAX 107u  /* bytes of a version 1 line, its end included (section 2.1) */
#define PROXY_V2_HEAD_LEN 16u    /* signature, version and command, family, length */
#define PROXY_TLV_HEAD_LEN 3u
#define PROXY_TLV_LEN_MAX 1024u  /* bytes of one value, as in HAProxy */
#define PROXY_AUTHORITY_LEN_MAX 255u
#define PROXY_UNIQUE_ID_LEN_MAX 128u

/* What proxy_header_parse returns, negated, when there is no header. */
enum proxy_header_error {
    PROXY_TRUNCATED = 1, /* so far so good, but it is not complete */
    PROXY_NOT_HEADER,
    PROXY_INVALID,
    PROXY_UNHANDLED /* version 1 with a protocol that is none of TCP4, TCP6, UNKNOWN */
};

struct proxy_header {
    uint8_t version;
    uint8_t src_len, dst_len; /* 0: it names no addresses, those of the socket hold */
    uint8_t src[PROXY_ADDR_LEN_MAX], dst[PROXY_ADDR_LEN_MAX]; /* sockaddr_in or sockaddr_in6 */
    uint32_t tlvs, tlvs_len; /* where the TLVs lie in the header, checked one by one */
};

/* The length of the header at the start of <p>, or an error. */
int proxy_header_parse(const uint8_t *p, uint32_t len, struct proxy_header *h);
/* Writes the version 1 line for two sockaddrs into <out> of PROXY_LINE_LEN_MAX + 1 bytes; its length. Anything but
 * internet addresses is UNKNOWN. */
uint32_t proxy_header_write_line(char *out, const uint8_t *src, uint32_t src_len, const uint8_t *dst, uint32_t dst_len);
/* CRC-32C (Castagnoli) of <len> bytes, the four at <hole> taken as 0 (no hole: UINT32_MAX). */
uint32_t proxy_header_crc32c(const uint8_t *p, uint32_t len, uint32_t hole);

#endif
