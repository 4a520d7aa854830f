/* Where a message's body ends: Content-Length, Transfer-Encoding and their quarrels (RFC 9112 section 6). Everything that
 * two implementations might read differently is refused or, where HAProxy's tests want it forwarded, marked to be
 * forwarded once with one framing and the connection closed behind it. */
#include "head_parts.h"

#define LENGTH_MAX ((uint64_t)INT64_MAX)

/* 1*DIGIT up to LENGTH_MAX; a leading zero changes nothing but is not passed on. Returns 0 or -EINVAL. */
static int length_parse(const uint8_t *buf, struct text *word, uint64_t *length_ret)
{
    uint64_t length = 0;

    BUG_ON(!word || !length_ret);
    if (word->len == 0)
        return -EINVAL;
    for (uint32_t i = 0; i < word->len; i++) {
        uint32_t digit = (uint32_t)buf[word->off + i] - '0';

        if (digit > 9 || length > (LENGTH_MAX - digit) / 10)
            return -EINVAL;
        length = length * 10 + digit;
    }
    while (word->len > 1 && buf[word->off] == '0') {
        word->off++;
        word->len--;
    }
    BUG_ON(word->len == 0);
    *length_ret = length;
    return 0;
}

/* RFC 9112 section 6.3, 5: a list of equal numbers, in one field or several, counts as that number and is forwarded
 * once; anything else is fatal. */
int framing_read_length(struct head_reading *r, struct head_field *f)
{
    struct text rest = {f->value_off, f->value_len, 0}, word = {0}, kept = {0};
    uint64_t length;
    int again = (r->h->flags & HEAD_F_CLEN) != 0;

    BUG_ON(HEAD_NAME_ID(f->name_id) != HEAD_NAME_CONTENT_LENGTH);
    while (list_next(r->buf, &rest, &word)) {
        if (length_parse(r->buf, &word, &length) < 0)
            return head_refuse(r->h, 400, word.off);
        if ((r->h->flags & HEAD_F_CLEN) && length != r->h->content_length)
            return head_refuse(r->h, 400, word.off);
        r->h->content_length = length;
        r->h->flags |= HEAD_F_CLEN;
        kept = word;
    }
    if (rest.last_empty || kept.len == 0)
        return head_refuse(r->h, 400, f->value_off);
    if (again)
        f->name_id |= HEAD_NAME_HOP;
    f->value_off = kept.off;
    f->value_len = kept.len;
    BUG_ON(!(r->h->flags & HEAD_F_CLEN));
    return 0;
}

/* RFC 9112 section 6.1. HAProxy's reading: an empty element is an error, chunked comes once, and in a request nothing
 * comes behind it. HEAD_F_CHUNKED tells whether it is (so far) the last coding. */
int framing_read_coding(struct head_reading *r, const struct head_field *f)
{
    struct text rest = {f->value_off, f->value_len, 0}, word = {0};

    BUG_ON(HEAD_NAME_ID(f->name_id) != HEAD_NAME_TRANSFER_ENCODING);
    r->h->flags |= HEAD_F_TE;
    if (f->value_len == 0)
        return head_refuse(r->h, 400, f->value_off);
    while (list_next(r->buf, &rest, &word)) {
        if (word.len == 0)
            return head_refuse(r->h, 400, word.off);
        r->h->flags &= ~(uint32_t)HEAD_F_CHUNKED;
        if (!TEXT_IS(r->buf + word.off, word.len, "chunked")) {
            if (r->coding_chunked)
                return head_refuse(r->h, 400, word.off);
            r->coding_other = 1;
            continue;
        }
        if (r->coding_chunked)
            return head_refuse(r->h, 400, word.off);
        r->coding_chunked = 1;
        r->h->flags |= HEAD_F_CHUNKED;
    }
    BUG_ON(rest.len != 0);
    return rest.last_empty ? head_refuse(r->h, 400, f->value_off) : 0;
}

static void length_drop(struct head_reading *r)
{
    BUG_ON(!r->fields && r->h->nfields);
    for (uint32_t i = 0; i < r->h->nfields; i++) {
        if (HEAD_NAME_ID(r->fields[i].name_id) == HEAD_NAME_CONTENT_LENGTH)
            r->fields[i].name_id |= HEAD_NAME_HOP;
    }
    r->h->flags &= ~(uint32_t)HEAD_F_CLEN;
    r->h->content_length = 0;
    BUG_ON(r->h->flags & HEAD_F_CLEN);
}

static int framing_settle_request(struct head_reading *r)
{
    struct head *h = r->h;
    uint32_t body = (h->flags & HEAD_F_CHUNKED) || h->content_length > 0;

    /* no chunked at the end: the body has no end (RFC 9112 section 6.3, 4) */
    if ((h->flags & HEAD_F_TE) && !(h->flags & HEAD_F_CHUNKED))
        return head_refuse(h, 400, h->target_off);
    /* CONNECT and TRACE have no content (RFC 9110 sections 9.3.6, 9.3.8): bytes that claim to be some are anyone's guess */
    if (body && (h->method_id == HTTP_METHOD_CONNECT || h->method_id == HTTP_METHOD_TRACE))
        return head_refuse(h, 400, h->method_off);
    /* as HAProxy: old agents do not expect a body there, and would take it for the next request */
    if (body && h->version < 0x0101 && !(r->opts & HEAD_OPT_PAYLOAD_ANY_METHOD) &&
        (h->method_id == HTTP_METHOD_GET || h->method_id == HTTP_METHOD_HEAD || h->method_id == HTTP_METHOD_DELETE))
        return head_refuse(h, 413, h->method_off);
    if (r->coding_other)
        return head_refuse(h, 422, h->target_off);
    BUG_ON((h->flags & HEAD_F_CHUNKED) && (h->flags & HEAD_F_CLEN));
    BUG_ON((h->flags & HEAD_F_CHUNKED) && !(h->flags & HEAD_F_TE));
    return 0;
}

/* Content-Length beside Transfer-Encoding, and Transfer-Encoding in HTTP/1.0: RFC 9112 section 6.1 lets the message
 * through with Transfer-Encoding ruling, provided that the connection ends behind it. */
int framing_settle(struct head_reading *r)
{
    struct head *h = r->h;

    BUG_ON(h->kind == HEAD_TRAILERS);
    if (h->flags & HEAD_F_TE) {
        if (h->flags & HEAD_F_CLEN) {
            length_drop(r);
            h->flags |= HEAD_F_CLEN_DROPPED | (r->opts & HEAD_OPT_TE_NO_CLOSE ? 0 : HEAD_F_MUST_CLOSE);
        }
        if (h->version < 0x0101)
            h->flags |= HEAD_F_MUST_CLOSE;
    }
    if (h->kind == HEAD_REQUEST)
        return framing_settle_request(r);
    /* a response in a coding that we cannot undo: HAProxy answers 502 */
    if (r->coding_other || ((h->flags & HEAD_F_TE) && !(h->flags & HEAD_F_CHUNKED)))
        return head_refuse(h, 502, 0);
    /* RFC 9110 section 8.6, RFC 9112 section 6.1: neither field may be sent with 1xx and 204 */
    if (h->status < 200 || h->status == 204) {
        length_drop(r);
        h->flags &= ~(uint32_t)HEAD_F_CHUNKED;
    }
    BUG_ON((h->flags & HEAD_F_CHUNKED) && (h->flags & HEAD_F_CLEN));
    return 0;
}

int framing_of_request(const struct head *h, struct framing *framing_ret)
{
    BUG_ON(!h || !framing_ret);
    BUG_ON(h->kind != HEAD_REQUEST || h->error || !h->len);
    framing_ret->kind = FRAMING_NONE;
    framing_ret->length = 0;
    if (h->method_id == HTTP_METHOD_CONNECT)
        return 0;
    if (h->flags & HEAD_F_CHUNKED) {
        framing_ret->kind = FRAMING_CHUNKED;
    } else if (h->flags & HEAD_F_CLEN) {
        framing_ret->kind = FRAMING_LENGTH;
        framing_ret->length = h->content_length;
    }
    return 0;
}

int framing_of_response(const struct head *h, uint16_t request_method_id, struct framing *framing_ret)
{
    BUG_ON(!h || !framing_ret);
    BUG_ON(h->kind != HEAD_RESPONSE || h->error || h->status < 100);
    framing_ret->kind = FRAMING_NONE;
    framing_ret->length = 0;
    if (h->status == 101 ||
        (request_method_id == HTTP_METHOD_CONNECT && h->status >= 200 && h->status < 300))
        framing_ret->kind = FRAMING_TUNNEL;
    else if (request_method_id == HTTP_METHOD_HEAD || h->status < 200 || h->status == 204 || h->status == 304)
        framing_ret->kind = FRAMING_NONE;
    else if (h->flags & HEAD_F_CHUNKED)
        framing_ret->kind = FRAMING_CHUNKED;
    else if (h->flags & HEAD_F_CLEN) {
        framing_ret->kind = FRAMING_LENGTH;
        framing_ret->length = h->content_length;
    } else
        framing_ret->kind = FRAMING_CLOSE;
    return 0;
}
