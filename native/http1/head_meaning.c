/** Hot path. Second step of a scan: one pass over the complete table gives each field that concerns the proxy itself its
 * meaning; then framing, connection and authority are settled. Rules and logs see the result, never the raw bytes. */
#include "head_parts.h"

/* RFC 9110 section 7.6.2: only TRACE and OPTIONS are bound by it; others may ignore it, and do here. */
static int max_forwards_read(struct head_reading *r, const struct head_field *f)
{
    uint64_t n = 0;

    BUG_ON(!f);
    if (r->h->method_id != HTTP_METHOD_TRACE && r->h->method_id != HTTP_METHOD_OPTIONS)
        return 0;
    if (f->value_len == 0 || (r->h->flags & HEAD_F_MAX_FORWARDS))
        return head_refuse(r->h, 400, f->value_off);
    for (uint32_t i = 0; i < f->value_len; i++) {
        if (!char_is_digit(r->buf[f->value_off + i]))
            return head_refuse(r->h, 400, f->value_off + i);
        n = MIN(n * 10 + r->buf[f->value_off + i] - '0', (uint64_t)UINT32_MAX);
    }
    r->h->flags |= HEAD_F_MAX_FORWARDS;
    r->h->max_forwards = (uint32_t)n;
    BUG_ON(n > UINT32_MAX);
    return 0;
}

/* RFC 9112 section 3.2: one Host, and a valid one. HAProxy accepts the same value twice; the RFC does not. */
static int host_read(struct head_reading *r, uint32_t index)
{
    const struct head_field *f = &r->fields[index];

    BUG_ON(index >= r->h->nfields);
    if (r->h->flags & HEAD_F_HOST)
        return head_refuse(r->h, 400, f->name_off);
    if (authority_check(r->buf + f->value_off, f->value_len) < 0)
        return head_refuse(r->h, 400, f->value_off);
    r->h->flags |= HEAD_F_HOST;
    r->h->host_field = index;
    BUG_ON(r->h->host_field == HEAD_NONE);
    return 0;
}

static int request_field_read(struct head_reading *r, uint32_t index)
{
    struct head_field *f = &r->fields[index];

    BUG_ON(r->h->kind != HEAD_REQUEST);
    switch (f->name_id) {
    case HEAD_NAME_HOST:
        return host_read(r, index);
    case HEAD_NAME_EXPECT:
        if (r->h->version >= 0x0101 && TEXT_IS(r->buf + f->value_off, f->value_len, "100-continue"))
            r->h->flags |= HEAD_F_EXPECT_100;
        return 0;
    case HEAD_NAME_MAX_FORWARDS:
        return max_forwards_read(r, f);
    case HEAD_NAME_SEC_WEBSOCKET_KEY:
        r->has_websocket_key = f->value_len == 24; /* 16 bytes in base64 */
        return 0;
    default:
        return 0;
    }
}

/* A server that authenticates connections instead of requests must not see another client on this one. */
static void challenge_read(struct head_reading *r, const struct head_field *f)
{
    const uint8_t *p = r->buf + f->value_off;

    BUG_ON(r->h->kind != HEAD_RESPONSE);
    BUG_ON(f->value_len > r->h->len);
    if (f->value_len >= 4 && (TEXT_IS(p, 4, "ntlm") || TEXT_IS(p, 4, "nego"))) /* Negotiate, Nego2 */
        r->h->flags |= HEAD_F_NTLM;
    BUG_ON(f->value_off > r->h->len);
}

static int field_read(struct head_reading *r, uint32_t index)
{
    struct head_field *f = &r->fields[index];

    BUG_ON(f->name_id & HEAD_NAME_HOP);
    switch (f->name_id) {
    case HEAD_NAME_CONTENT_LENGTH:
        return framing_read_length(r, f);
    case HEAD_NAME_TRANSFER_ENCODING:
        f->name_id |= HEAD_NAME_HOP;
        return framing_read_coding(r, f);
    case HEAD_NAME_CONNECTION:
        f->name_id |= HEAD_NAME_HOP;
        return connection_read(r, f);
    case HEAD_NAME_UPGRADE:
        connection_read_upgrade(r, f);
        return 0;
    case HEAD_NAME_TE:
        connection_read_te(r, f);
        return 0;
    case HEAD_NAME_DATE:
        r->h->flags |= HEAD_F_DATE;
        return 0;
    case HEAD_NAME_KEEP_ALIVE:
    case HEAD_NAME_PROXY_CONNECTION:
    case HEAD_NAME_HTTP2_SETTINGS:
        f->name_id |= HEAD_NAME_HOP;
        return 0;
    case HEAD_NAME_WWW_AUTHENTICATE:
    case HEAD_NAME_PROXY_AUTHENTICATE:
        if (r->h->kind == HEAD_RESPONSE)
            challenge_read(r, f);
        return 0;
    default:
        return r->h->kind == HEAD_REQUEST ? request_field_read(r, index) : 0;
    }
}

/* RFC 9110 section 6.5.1: framing, routing and connection fields mean nothing in trailers and are not passed on. */
static void trailers_mark(struct head *h, struct head_field *fields)
{
    BUG_ON(h->kind != HEAD_TRAILERS);
    for (uint32_t i = 0; i < h->nfields; i++) {
        switch (fields[i].name_id) {
        case HEAD_NAME_CONTENT_LENGTH:
        case HEAD_NAME_TRANSFER_ENCODING:
        case HEAD_NAME_HOST:
        case HEAD_NAME_CONNECTION:
        case HEAD_NAME_KEEP_ALIVE:
        case HEAD_NAME_PROXY_CONNECTION:
        case HEAD_NAME_HTTP2_SETTINGS:
        case HEAD_NAME_UPGRADE:
        case HEAD_NAME_TE:
        case HEAD_NAME_TRAILER:
        case HEAD_NAME_MAX_FORWARDS:
        case HEAD_NAME_EXPECT:
        case HEAD_NAME_AUTHORIZATION:
        case HEAD_NAME_CONTENT_ENCODING:
        case HEAD_NAME_CONTENT_TYPE:
        case HEAD_NAME_CONTENT_RANGE:
            fields[i].name_id |= HEAD_NAME_HOP;
            break;
        default:
            break;
        }
    }
    BUG_ON(h->flags != 0);
}

int head_meaning(struct head *h, struct head_field *fields, uint8_t *buf, uint32_t opts)
{
    struct head_reading r = {.h = h, .fields = fields, .buf = buf, .opts = opts};

    BUG_ON(h->error || h->len == 0);
    if (h->kind == HEAD_TRAILERS) {
        trailers_mark(h, fields);
        return 0;
    }
    for (uint32_t i = 0; i < h->nfields; i++) {
        if (fields[i].name_id != HEAD_NAME_OTHER && field_read(&r, i) < 0)
            return -EINVAL;
    }
    if (h->kind == HEAD_REQUEST) {
        if (target_settle(&r) < 0)
            return -EINVAL;
        /* RFC 9112 section 3.2 */
        if (h->version >= 0x0101 && !(h->flags & HEAD_F_HOST))
            return head_refuse(h, 400, h->target_off);
    }
    if (framing_settle(&r) < 0)
        return -EINVAL;
    connection_settle(&r);
    /* RFC 6455 section 4.2.1: without a key there is no handshake */
    if (h->kind == HEAD_REQUEST && (h->flags & HEAD_F_WEBSOCKET) && !r.has_websocket_key &&
        !(opts & HEAD_OPT_ACCEPT_UNSAFE))
        return head_refuse(h, 400, h->target_off);
    BUG_ON(h->error);
    return 0;
}
