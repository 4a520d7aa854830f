/** Hot path. Lines of a head: start line and fields, to the letter of RFC 9112 sections 2 to 5, written into the caller's
 * table. A line is looked at as a whole; when the last one is incomplete, the scan notes where it starts and goes on
 * there. Only the first look at a buffer fills the table; after an interruption lines are checked until the empty one is
 * seen, and then the head is read once more from its start: at most twice in all, and nothing else has to be kept. */
#include "head_parts.h"

enum { LINE_MORE = 0, LINE_DONE = 1, LINE_EMPTY = 2 };

struct head_line {
    uint32_t name_off, name_len, name_id, value_off, value_len;
    uint32_t opts;  /* HEAD_OPT_* */
    uint32_t next;  /* offset behind the line */
    uint32_t plain; /* LINE_MORE: all bytes of the value, target or reason at hand are plain */
};

/* The CRLF at <off>. A bare LF or CR is an error, not a line end: RFC 9112 section 2.2 leaves the first to us and
 * demands the second. */
static inline int line_end(struct head *h, const uint8_t *buf, uint32_t off, uint32_t len, struct head_line *ln)
{
    if (off == len)
        return LINE_MORE;
    if (buf[off] != '\r')
        return head_refuse(h, 400, off);
    if (off + 1 == len)
        return LINE_MORE;
    if (buf[off + 1] != '\n')
        return head_refuse(h, 400, off + 1);
    ln->next = off + 2;
    return LINE_DONE;
}

/* RFC 9112 section 2.3: "HTTP/" DIGIT "." DIGIT, case-sensitive. Other major versions are not ours to talk. */
static int version_read(struct head *h, const uint8_t *buf, uint32_t off, uint32_t len)
{
    static const char form[] = "HTTP/0.0";
    uint32_t have = MIN(len - off, 8u);

    BUG_ON(off > len);
    for (uint32_t i = 0; i < have; i++) {
        if (form[i] == '0' ? !char_is_digit(buf[off + i]) : buf[off + i] != (uint8_t)form[i])
            return head_refuse(h, 400, off + i);
    }
    if (have < 8)
        return LINE_MORE;
    if (buf[off + 5] != '1')
        return head_refuse(h, 505, off + 5);
    h->version = buf[off + 7] == '0' ? 0x0100 : 0x0101;
    BUG_ON(h->version == 0);
    return LINE_DONE;
}

/* End of the target at <off>. HEAD_OPT_ACCEPT_UNSAFE lets a fragment and bytes above 0x7f pass, as HAProxy's option does;
 * nothing lets a blank or a control character pass. */
static uint32_t target_end(struct head *h, const uint8_t *buf, uint32_t off, uint32_t len, uint32_t opts)
{
    const uint8_t *end = buf + len, *p = target_skip(buf + off, end);

    BUG_ON(off > len);
    while ((opts & HEAD_OPT_ACCEPT_UNSAFE) && p < end && (*p == '#' || *p >= 0x80)) {
        h->flags |= HEAD_F_UNSAFE_TARGET;
        p = target_skip(p + 1, end);
    }
    BUG_ON(p > end);
    return (uint32_t)(p - buf);
}

/* RFC 9112 section 3: method SP request-target SP HTTP-version CRLF, single spaces. */
static int line_request(struct head *h, const uint8_t *buf, uint32_t off, uint32_t len, struct head_line *ln)
{
    uint32_t method_len = token_scan(buf + off, MIN(len - off, HEAD_METHOD_LEN_MAX + 1));
    uint32_t at = off + method_len, stop;
    int ret;

    if (method_len > HEAD_METHOD_LEN_MAX)
        return head_refuse(h, 501, off);
    if (at == len)
        return LINE_MORE;
    if (method_len == 0 || buf[at] != ' ')
        return head_refuse(h, 400, at);
    h->method_off = off;
    h->method_len = method_len;
    h->method_id = (uint16_t)http_method_find(buf + off, method_len);
    stop = target_end(h, buf, at + 1, len, ln->opts);
    if (stop == len) {
        ln->plain = 1;
        return LINE_MORE;
    }
    h->target_off = at + 1;
    h->target_len = stop - at - 1;
    if (h->target_len == 0 || buf[stop] != ' ')
        return head_refuse(h, 400, stop);
    /* the asterisk is for OPTIONS (section 3.2.4); looked at here because "PRI * HTTP/2.0" is no version of ours */
    if (h->target_len == 1 && buf[at + 1] == '*' && h->method_id != HTTP_METHOD_OPTIONS)
        return head_refuse(h, 400, at + 1);
    BUG_ON(stop >= len);
    ret = version_read(h, buf, stop + 1, len);
    return ret == LINE_DONE ? line_end(h, buf, stop + 9, len, ln) : ret;
}

/* RFC 9112 section 4: HTTP-version SP 3DIGIT SP [ reason ] CRLF. The second space is often missing when there is no
 * reason, which leaves no doubt. Status codes below 100 do not exist (RFC 9110 section 15). */
static int line_status(struct head *h, const uint8_t *buf, uint32_t off, uint32_t len, struct head_line *ln)
{
    uint32_t at = off + 8, status = 0, stop;
    int ret = version_read(h, buf, off, len);

    if (ret != LINE_DONE)
        return ret;
    BUG_ON(at > len);
    if (at < len && buf[at] != ' ')
        return head_refuse(h, 502, at);
    for (uint32_t i = at + 1; i < at + 4; i++) {
        if (i >= len)
            return LINE_MORE;
        if (!char_is_digit(buf[i]) || (i == at + 1 && buf[i] == '0'))
            return head_refuse(h, 502, i);
        status = status * 10 + buf[i] - '0';
    }
    at += 4;
    if (at == len)
        return LINE_MORE;
    h->status = (uint16_t)status;
    stop = at;
    if (buf[at] == ' ') {
        stop = (uint32_t)(value_skip(buf + at + 1, buf + len) - buf);
        h->reason_off = at + 1;
        h->reason_len = stop - at - 1;
        ln->plain = 1;
    }
    BUG_ON(stop > len || h->status < 100);
    ret = line_end(h, buf, stop, len, ln);
    ln->plain = ln->plain && stop == len;
    return ret;
}

/* The start line, behind any empty lines that a client may have left after an earlier body (RFC 9112 section 2.2). */
static int line_start(struct head *h, const uint8_t *buf, uint32_t *off, uint32_t len, struct head_line *ln)
{
    uint32_t at = *off;

    BUG_ON(at > len);
    if (h->kind == HEAD_RESPONSE)
        return line_status(h, buf, at, len, ln);
    while (at < len && buf[at] == '\r') {
        int ret = line_end(h, buf, at, len, ln);

        if (ret != LINE_DONE)
            return ret;
        at = *off = ln->next;
    }
    BUG_ON(h->kind != HEAD_REQUEST);
    return at < len ? line_request(h, buf, at, len, ln) : LINE_MORE;
}

/* Finds the end of the name at <off>, makes it lower case and looks it up. */
static inline uint32_t name_read(uint8_t *buf, uint32_t off, uint32_t len, struct head_line *ln)
{
    uint32_t end = len - off > HEAD_NAME_LEN_MAX ? off + HEAD_NAME_LEN_MAX : len;
    uint8_t lower[16];

    if (likely(end - off >= 16)) {
        uint32_t n = token_lower_short(buf + off, lower);

        if (n && buf[off + n] == ':') {
            short_copy(buf + off, lower, n);
            ln->name_id = head_name_find(lower, n);
            return off + n;
        }
    }
    end = (uint32_t)(token_lower(buf + off, buf + end) - buf);
    ln->name_id = head_name_find(buf + off, end - off);
    return end;
}

/* RFC 9112 section 5: field-name ":" OWS field-value OWS CRLF. Whatever starts with a blank has no name: so an obs-fold
 * and a blank before the first field are refused (5.2, 2.2). So is a blank before the colon, also in a response, from
 * which 5.1 would have it taken away: a server that writes one is confused or attacked. */
static inline int line_field(struct head *h, uint8_t *buf, uint32_t off, uint32_t len, struct head_line *ln)
{
    uint32_t at = name_read(buf, off, len, ln), stop;
    int ret;

    if (at == len)
        return LINE_MORE;
    if (at == off) {
        ret = line_end(h, buf, off, len, ln);
        return ret == LINE_DONE ? LINE_EMPTY : ret;
    }
    ln->name_off = off;
    ln->name_len = at - off;
    if (buf[at] != ':')
        return head_refuse(h, at - off == HEAD_NAME_LEN_MAX ? 431 : 400, at);
    for (at++; at < len && char_is_blank(buf[at]); at++)
        ;
    stop = (uint32_t)(value_skip(buf + at, buf + len) - buf);
    ret = line_end(h, buf, stop, len, ln);
    ln->plain = stop == len;
    while (stop > at && char_is_blank(buf[stop - 1]))
        stop--;
    ln->value_off = at;
    ln->value_len = stop - at;
    return ret;
}

static inline int field_record(struct head *h, struct head_field *fields, uint32_t fields_max,
                               const struct head_line *ln)
{
    struct head_field *f;

    if (unlikely(h->nfields >= fields_max))
        return head_refuse(h, 400, ln->name_off); /* HAProxy answers 400 here, not 431 */
    h->nfields++;
    if (!fields)
        return 0;
    f = &fields[h->nfields - 1];
    f->name_off = ln->name_off;
    f->name_len = (uint16_t)ln->name_len;
    f->name_id = (uint16_t)ln->name_id;
    f->value_off = ln->value_off;
    f->value_len = ln->value_len;
    return 0;
}

/* Reads lines from h->scan_off on, into <fields>; with NULL they are only counted. Returns 1 behind the empty line, 0
 * for more. */
static int lines_read(struct head *h, struct head_field *fields, uint32_t fields_max, uint8_t *buf, uint32_t len,
                      uint32_t opts)
{
    struct head_line ln = {.opts = opts};
    uint32_t off = h->scan_off;
    int ret = LINE_DONE;

    BUG_ON(off > len);
    if (!h->in_fields) {
        ret = line_start(h, buf, &off, len, &ln);
        if (ret == LINE_DONE) {
            off = ln.next;
            h->in_fields = 1;
        }
    }
    while (ret == LINE_DONE && (ret = line_field(h, buf, off, len, &ln)) == LINE_DONE) {
        if (field_record(h, fields, fields_max, &ln) < 0)
            return -EINVAL;
        off = ln.next;
    }
    h->scan_off = off;
    h->seen_off = ret == LINE_MORE && ln.plain ? len : 0;
    if (ret == LINE_EMPTY)
        h->len = ln.next;
    BUG_ON(h->len > len);
    return ret == LINE_EMPTY ? 1 : ret;
}

/* After an interruption: 1 when the whole head is there, 0 when not. Bytes that only make a plain piece longer are
 * looked at once. */
static int lines_resume(struct head *h, uint32_t fields_max, uint8_t *buf, uint32_t len, uint32_t opts)
{
    BUG_ON(h->seen_off > len || h->scan_off > len);
    if (h->seen_off) {
        const uint8_t *stop = h->kind == HEAD_REQUEST && !h->in_fields ? target_skip(buf + h->seen_off, buf + len)
                                                                      : value_skip(buf + h->seen_off, buf + len);

        if (stop == buf + len) {
            h->seen_off = len;
            return 0;
        }
        h->seen_off = 0;
    }
    return lines_read(h, NULL, fields_max, buf, len, opts);
}

static void head_start(struct head *h, uint32_t kind)
{
    BUG_ON(kind != HEAD_REQUEST && kind != HEAD_RESPONSE && kind != HEAD_TRAILERS);
    memset(h, 0, sizeof(*h));
    h->kind = kind;
    h->host_field = HEAD_NONE;
    h->in_fields = kind == HEAD_TRAILERS;
}

int head_scan(struct head *h, struct head_field *fields, uint32_t fields_max, uint8_t *buf, uint32_t len, uint32_t kind,
              uint32_t opts)
{
    int ret;

    BUG_ON(!h || !fields || (!buf && len));
    BUG_ON(len > HEAD_LEN_MAX || fields_max > HEAD_FIELDS_MAX);
    if (h->error)
        return -EINVAL;
    if (h->scan_off | h->seen_off) {
        BUG_ON(h->kind != kind);
        ret = lines_resume(h, fields_max, buf, len, opts);
        if (ret <= 0)
            return ret;
    }
    head_start(h, kind);
    ret = lines_read(h, fields, fields_max, buf, len, opts);
    if (ret <= 0)
        return ret;
    ret = head_meaning(h, fields, buf, opts);
    BUG_ON(ret == 0 && h->len == 0);
    return ret < 0 ? ret : (int)h->len;
}

uint32_t head_too_big_status(const uint8_t *buf, uint32_t len)
{
    uint32_t at = 0;

    BUG_ON(!buf && len);
    while (at + 1 < len && buf[at] == '\r' && buf[at + 1] == '\n')
        at += 2;
    BUG_ON(at > len);
    return at < len && memchr(buf + at, '\n', len - at) ? 431 : 414;
}
