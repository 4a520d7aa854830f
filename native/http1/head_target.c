/* The request target and its quarrel with Host: the four forms of RFC 9112 section 3.2, authorities by RFC 3986 section
 * 3.2, and HAProxy's normalisation: a default or empty port goes, an empty path becomes "/", Host then follows the
 * target. Only offsets move, and a few bytes within the request line; nothing is copied elsewhere. */
#include "head_parts.h"

#define PORT_MAX 65535u

/* host [ ":" port ]. <has_port> is set by the colon alone. */
struct authority {
    struct text host, port;
    uint32_t has_port;
};

/* RFC 3986: unreserved and sub-delims; the comma is refused because Host is not a list. */
static int char_is_reg_name(uint8_t c)
{
    if (char_is_alpha(c) || char_is_digit(c))
        return 1;
    switch (c) {
    case '-': case '.': case '_': case '~': case '!': case '$': case '&':
    case '\'': case '(': case ')': case '*': case '+': case ';': case '=':
        return 1;
    default:
        return 0;
    }
}

static int char_is_hex(uint8_t c)
{
    return char_is_digit(c) || (uint8_t)((c | 0x20) - 'a') < 6;
}

/* "[" ( IPv6address / IPvFuture ) "]": returns its length, or 0 when it is none. Digits are not counted here: the
 * address is only ever compared as text. */
static uint32_t ip_literal_scan(const uint8_t *p, uint32_t len)
{
    uint32_t i = 1, colons = 0;

    BUG_ON(len == 0 || p[0] != '[');
    if (len > 1 && (p[1] | 0x20) == 'v') {
        for (i = 2; i < len && char_is_hex(p[i]); i++)
            ;
        if (i == 2 || i == len || p[i] != '.')
            return 0;
        for (i++; i < len && (char_is_reg_name(p[i]) || p[i] == ':'); i++)
            ;
        return i < len && p[i] == ']' && p[i - 1] != '.' ? i + 1 : 0;
    }
    for (; i < len && (char_is_hex(p[i]) || p[i] == ':' || p[i] == '.'); i++)
        colons += p[i] == ':';
    BUG_ON(i > len);
    return i < len && p[i] == ']' && colons >= 2 ? i + 1 : 0;
}

static uint32_t reg_name_scan(const uint8_t *p, uint32_t len)
{
    uint32_t i = 0;

    BUG_ON(!p && len);
    while (i < len) {
        if (char_is_reg_name(p[i]))
            i++;
        else if (p[i] == '%' && len - i > 2 && char_is_hex(p[i + 1]) && char_is_hex(p[i + 2]))
            i += 3;
        else
            break;
    }
    BUG_ON(i > len);
    return i;
}

/* Splits <p>[0..len), which lies at <off> of the buffer. The host may be empty: HAProxy's tests want "Host: :80". */
static int authority_split(const uint8_t *p, uint32_t off, uint32_t len, struct authority *a)
{
    uint32_t host_len = len && p[0] == '[' ? ip_literal_scan(p, len) : reg_name_scan(p, len);
    uint32_t port = 0;

    BUG_ON(host_len > len);
    *a = (struct authority){.host = {off, host_len, 0}};
    if (host_len == 0 && len && p[0] == '[')
        return -EINVAL;
    if (host_len == len)
        return 0;
    if (p[host_len] != ':')
        return -EINVAL;
    a->has_port = 1;
    a->port.off = off + host_len + 1;
    a->port.len = len - host_len - 1;
    for (uint32_t i = host_len + 1; i < len; i++) {
        if (!char_is_digit(p[i]))
            return -EINVAL;
        port = port * 10 + p[i] - '0';
        if (port > PORT_MAX)
            return -EINVAL;
    }
    BUG_ON(a->port.off + a->port.len != off + len);
    return 0;
}

int authority_check(const uint8_t *p, uint32_t len)
{
    struct authority a;
    int ret = authority_split(p, 0, len, &a);

    BUG_ON(a.host.len > len);
    BUG_ON(ret > 0);
    return ret;
}

/* An empty port is the default one (RFC 3986 section 6.2.3). Without a scheme both well-known ports are. */
static int port_is_default(const uint8_t *buf, const struct text *scheme, const struct text *port)
{
    const uint8_t *p = buf + port->off, *s = scheme ? buf + scheme->off : NULL;

    BUG_ON(!buf || !port);
    if (port->len == 0)
        return 1;
    if (TEXT_IS(p, port->len, "80"))
        return !s || TEXT_IS(s, scheme->len, "http");
    BUG_ON(scheme && !s);
    return TEXT_IS(p, port->len, "443") && (!s || TEXT_IS(s, scheme->len, "https"));
}

/* RFC 9112 section 3.2.3: CONNECT names host and port and nothing else. Host must say the same; its port goes when it is
 * a well-known one. */
static int target_settle_connect(struct head_reading *r)
{
    struct head *h = r->h;
    struct head_field *f = h->flags & HEAD_F_HOST ? &r->fields[h->host_field] : NULL;
    struct authority a, host;

    BUG_ON(h->method_id != HTTP_METHOD_CONNECT);
    if (authority_split(r->buf + h->target_off, h->target_off, h->target_len, &a) < 0)
        return head_refuse(h, 400, h->target_off);
    if (a.host.len == 0 || a.port.len == 0)
        return head_refuse(h, 400, h->target_off);
    h->authority_off = h->target_off;
    h->authority_len = port_is_default(r->buf, NULL, &a.port) ? a.host.len : h->target_len;
    if (!f)
        return 0;
    if (authority_split(r->buf + f->value_off, f->value_off, f->value_len, &host) < 0 ||
        !text_same(r->buf + host.host.off, host.host.len, r->buf + a.host.off, a.host.len))
        return head_refuse(h, 400, f->value_off);
    if (host.port.len ? !text_same(r->buf + host.port.off, host.port.len, r->buf + a.port.off, a.port.len)
                      : !port_is_default(r->buf, NULL, &a.port))
        return head_refuse(h, 400, f->value_off);
    if (host.port.len && port_is_default(r->buf, NULL, &a.port))
        f->value_len = host.host.len;
    BUG_ON(f->value_off + f->value_len > h->len);
    return 0;
}

/* Does Host name the authority of the target? Written alike, or alike but for a default port on either side. */
static int host_matches(const struct head_reading *r, const struct text *scheme, const struct authority *a,
                        uint32_t authority_len, const struct head_field *f)
{
    const uint8_t *buf = r->buf;
    struct authority host;

    BUG_ON(authority_len < a->host.len);
    if (text_same(buf + f->value_off, f->value_len, buf + a->host.off, authority_len))
        return 1;
    if (authority_split(buf + f->value_off, f->value_off, f->value_len, &host) < 0)
        return 0;
    BUG_ON(host.host.off != f->value_off);
    return (!a->has_port || port_is_default(buf, scheme, &a->port)) &&
           (!host.has_port || port_is_default(buf, scheme, &host.port)) &&
           text_same(buf + a->host.off, a->host.len, buf + host.host.off, host.host.len);
}

/* Takes ":port" out by moving what is before it, or adds the "/" of an empty path over the byte behind the target (the
 * colon of that port, or the space before the version). Host then says what the target says. */
static void target_normalize(struct head_reading *r, const struct text *scheme, const struct authority *a,
                             uint32_t path_off, int host_differs)
{
    struct head *h = r->h;
    uint32_t end = h->target_off + h->target_len;
    uint32_t cut = a->has_port && port_is_default(r->buf, scheme, &a->port) ? a->port.len + 1 : 0;
    uint32_t slash = path_off == end && h->method_id != HTTP_METHOD_OPTIONS;

    BUG_ON(path_off > end || a->host.off < h->target_off);
    if (cut && path_off < end) {
        memmove(r->buf + h->target_off + cut, r->buf + h->target_off, path_off - cut - h->target_off);
        h->target_off += cut;
        h->authority_off += cut;
    }
    h->target_len -= cut;
    h->authority_len -= cut;
    if (slash) {
        BUG_ON(h->target_off + h->target_len >= h->len);
        r->buf[h->target_off + h->target_len++] = '/';
    }
    if ((cut || slash || host_differs) && (h->flags & HEAD_F_HOST)) {
        r->fields[h->host_field].value_off = h->authority_off;
        r->fields[h->host_field].value_len = h->authority_len;
    }
    BUG_ON(h->target_off + h->target_len > h->len);
}

/* RFC 9112 section 3.2.2: scheme "://" [ userinfo "@" ] authority path. User information is passed on, as HAProxy does,
 * but is no part of what Host is compared with. */
static int target_settle_absolute(struct head_reading *r)
{
    struct head *h = r->h;
    uint8_t *p = r->buf;
    uint32_t at = h->target_off, end = at + h->target_len, begin;
    struct text scheme = {at, 0, 0};
    struct authority a;
    int differs;

    BUG_ON(h->target_len == 0);
    while (at < end && (char_is_alpha(p[at]) || (at > h->target_off && (char_is_digit(p[at]) || p[at] == '+' ||
                                                                       p[at] == '-' || p[at] == '.'))))
        at++;
    scheme.len = at - h->target_off;
    if (scheme.len == 0 || end - at < 3 || memcmp(p + at, "://", 3) != 0 || h->method_id == HTTP_METHOD_CONNECT)
        return head_refuse(h, 400, h->target_off);
    begin = at + 3;
    for (at = begin; at < end && p[at] != '/' && p[at] != '?' && p[at] != '#'; at++) {
        if (p[at] == '@' && begin == scheme.off + scheme.len + 3)
            begin = at + 1;
    }
    /* RFC 9110 section 4.2.1: an http URI without a host is invalid; "http://:" alone passes, HAProxy's tests want it */
    if (at == begin || authority_split(p + begin, begin, at - begin, &a) < 0 ||
        (a.host.len == 0 && (a.port.len || at < end)))
        return head_refuse(h, 400, begin);
    h->flags |= HEAD_F_ABSOLUTE;
    h->authority_off = begin;
    h->authority_len = at - begin;
    differs = (h->flags & HEAD_F_HOST) &&
              !host_matches(r, &scheme, &a, h->authority_len, &r->fields[h->host_field]);
    if (differs && !(r->opts & HEAD_OPT_ACCEPT_UNSAFE))
        return head_refuse(h, 400, r->fields[h->host_field].value_off);
    target_normalize(r, &scheme, &a, at, differs);
    BUG_ON(h->authority_off + h->authority_len > h->len);
    return 0;
}

int target_settle(struct head_reading *r)
{
    struct head *h = r->h;
    uint8_t first = r->buf[h->target_off];

    BUG_ON(h->kind != HEAD_REQUEST || h->target_len == 0);
    BUG_ON(h->target_off + h->target_len > h->len);
    if (h->method_id == HTTP_METHOD_CONNECT)
        return target_settle_connect(r);
    if (first == '/')
        return 0;
    if (first == '*') /* RFC 9112 section 3.2.4: OPTIONS only */
        return h->target_len == 1 && h->method_id == HTTP_METHOD_OPTIONS ? 0 : head_refuse(h, 400, h->target_off);
    return target_settle_absolute(r);
}
