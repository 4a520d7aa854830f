/* Version 1: one line of text, `PROXY TCP4 <from> <to> <port> <port>`. Numbers are what they look like: no sign, no leading
 * blank, nothing beyond the range of an octet or a port, and one space between. */
#include "parts.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#define WORDS 4

struct words {
    const char *at[WORDS];
    uint32_t len[WORDS];
};

/* Cuts the line behind its protocol at its spaces; its length with CRLF, or an error. */
static int line_split(const char *p, uint32_t len, struct words *w)
{
    uint32_t n = 0, from = 0;
    BUG_ON(p == NULL || w == NULL);
    BUG_ON(len > PROXY_LINE_LEN_MAX);
    for (uint32_t i = 0; i < len; i++) {
        if (p[i] != ' ' && p[i] != '\r')
            continue;
        if (n == WORDS || i == from)
            return -PROXY_INVALID;
        w->at[n] = p + from;
        w->len[n++] = i - from;
        from = i + 1;
        if (p[i] == ' ')
            continue;
        if (i + 1 == len)
            return -PROXY_TRUNCATED;
        return n == WORDS && p[i + 1] == '\n' ? (int)(i + 2) : -PROXY_INVALID;
    }
    return -PROXY_TRUNCATED;
}

static int port_parse(const char *p, uint32_t len, uint16_t *port_ret)
{
    uint32_t value = 0;
    BUG_ON(p == NULL);
    BUG_ON(port_ret == NULL);
    if (len == 0 || len > 5)
        return -PROXY_INVALID;
    for (uint32_t i = 0; i < len; i++) {
        if (p[i] < '0' || p[i] > '9')
            return -PROXY_INVALID;
        value = value * 10 + (uint32_t)(p[i] - '0');
    }
    if (value > 65535)
        return -PROXY_INVALID;
    *port_ret = htons((uint16_t)value);
    return 0;
}

static int endpoint_parse(int family, const struct words *w, int which, uint8_t *out)
{
    char text[INET6_ADDRSTRLEN];
    uint32_t len = w->len[which];
    uint16_t port;
    BUG_ON(which < 0 || which > 1);
    BUG_ON(family != AF_INET && family != AF_INET6);
    if (len >= sizeof(text) || port_parse(w->at[which + 2], w->len[which + 2], &port) < 0)
        return -PROXY_INVALID;
    memcpy(text, w->at[which], len);
    text[len] = 0;
    if (memchr(text, 0, len) != NULL) /* the rest would go unread */
        return -PROXY_INVALID;
    if (family == AF_INET) {
        struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = port};
        if (inet_pton(AF_INET, text, &in.sin_addr) != 1)
            return -PROXY_INVALID;
        memcpy(out, &in, sizeof(in));
        return sizeof(in);
    }
    struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_port = port};
    if (inet_pton(AF_INET6, text, &in6.sin6_addr) != 1)
        return -PROXY_INVALID;
    memcpy(out, &in6, sizeof(in6));
    return sizeof(in6);
}

int line_parse(const uint8_t *p, uint32_t len, struct proxy_header *h)
{
    const char *text = (const char *)p + PROXY_V1_MARK_LEN;
    uint32_t left = len - PROXY_V1_MARK_LEN;
    struct words w;
    BUG_ON(len < PROXY_V1_MARK_LEN);
    BUG_ON(h->src_len != 0 || h->dst_len != 0);
    h->version = 1;
    if (memcmp(text, "UNKNOWN\r\n", MIN(left, 9)) == 0)
        return left < 9 ? -PROXY_TRUNCATED : (int)PROXY_V1_MARK_LEN + 9;
    int is4 = memcmp(text, "TCP4 ", MIN(left, 5)) == 0;
    if (!is4 && memcmp(text, "TCP6 ", MIN(left, 5)) != 0)
        return -PROXY_UNHANDLED;
    if (left < 5)
        return -PROXY_TRUNCATED;
    int n = line_split(text + 5, MIN(left - 5, PROXY_LINE_LEN_MAX - PROXY_V1_MARK_LEN - 5), &w);
    if (n == -PROXY_TRUNCATED && len >= PROXY_LINE_LEN_MAX)
        return -PROXY_INVALID; /* no line is so long */
    if (n < 0)
        return n;
    int src_len = endpoint_parse(is4 ? AF_INET : AF_INET6, &w, 0, h->src);
    int dst_len = endpoint_parse(is4 ? AF_INET : AF_INET6, &w, 1, h->dst);
    BUG_ON(src_len > (int)sizeof(h->src) || dst_len > (int)sizeof(h->dst));
    if (src_len < 0 || dst_len < 0)
        return -PROXY_INVALID;
    h->src_len = (uint8_t)src_len;
    h->dst_len = (uint8_t)dst_len;
    return (int)PROXY_V1_MARK_LEN + 5 + n;
}

/* An address as an IPv6 one: <is4> as ::ffff:a.b.c.d. */
static void as_in6(const uint8_t *addr, int is4, struct in6_addr *out)
{
    BUG_ON(addr == NULL);
    BUG_ON(out == NULL);
    if (!is4) {
        memcpy(out, addr + offsetof(struct sockaddr_in6, sin6_addr), sizeof(*out));
        return;
    }
    memset(out, 0, sizeof(*out));
    out->s6_addr[10] = out->s6_addr[11] = 0xff;
    memcpy(out->s6_addr + 12, addr + offsetof(struct sockaddr_in, sin_addr), 4);
}

static int family_of(const uint8_t *addr, uint32_t len)
{
    sa_family_t family;
    BUG_ON(addr == NULL && len > 0);
    STATIC_ASSERT(offsetof(struct sockaddr_in, sin_family) == 0);
    if (len < sizeof(family))
        return AF_UNSPEC;
    memcpy(&family, addr, sizeof(family));
    if ((family == AF_INET && len >= sizeof(struct sockaddr_in)) ||
        (family == AF_INET6 && len >= sizeof(struct sockaddr_in6)))
        return family;
    return AF_UNSPEC;
}

uint32_t proxy_header_write_line(char *out, const uint8_t *src, uint32_t src_len, const uint8_t *dst, uint32_t dst_len)
{
    int from = family_of(src, src_len), to = family_of(dst, dst_len), n;
    char a[INET6_ADDRSTRLEN], b[INET6_ADDRSTRLEN];
    uint16_t sport, dport;
    BUG_ON(out == NULL);
    STATIC_ASSERT(offsetof(struct sockaddr_in, sin_port) == offsetof(struct sockaddr_in6, sin6_port));
    if (from == AF_UNSPEC || to == AF_UNSPEC) {
        memcpy(out, "PROXY UNKNOWN\r\n", 16);
        return 15;
    }
    memcpy(&sport, src + 2, sizeof(sport)); /* at the same place in both */
    memcpy(&dport, dst + 2, sizeof(dport));
    if (from == AF_INET && to == AF_INET) {
        inet_ntop(AF_INET, src + offsetof(struct sockaddr_in, sin_addr), a, sizeof(a));
        inet_ntop(AF_INET, dst + offsetof(struct sockaddr_in, sin_addr), b, sizeof(b));
    } else {
        struct in6_addr in6;
        as_in6(src, from == AF_INET, &in6);
        inet_ntop(AF_INET6, &in6, a, sizeof(a));
        as_in6(dst, to == AF_INET, &in6);
        inet_ntop(AF_INET6, &in6, b, sizeof(b));
    }
    n = snprintf(out, PROXY_LINE_LEN_MAX + 1, "PROXY TCP%d %s %s %u %u\r\n",
                 from == AF_INET && to == AF_INET ? 4 : 6, a, b, ntohs(sport), ntohs(dport));
    BUG_ON(n <= 0 || n > (int)PROXY_LINE_LEN_MAX);
    return (uint32_t)n;
}
