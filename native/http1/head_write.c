/** Hot path. Puts a head on the wire: received fields in their order, as few and as long pieces as possible, then what
 * policy adds, then what this connection needs. Nothing that framed the message on the other side is copied: framing and
 * connection fields are written from flags alone, so no edit can make two peers read two different messages. */
#include "chars.h"
#include "head.h"
#include "head_edit.h"

#include <errno.h>

/* Offsets below are checked against h->len before use: table and head may have been in memory that policy can write. */
struct head_output {
    uint8_t *p, *end;
    const struct head *h;
    const uint8_t *buf;
    uint32_t run_off, run_end; /* received bytes that are next to be copied as they are */
    uint32_t full;             /* sticky: something did not fit */
    uint32_t wflags;
    uint32_t nhosts, has_upgrade, has_te, has_coding;
    uint64_t drop[2], look[2]; /* ids that the flags leave out; ids that field_decide() must see */
};

#define PUT_TEXT(o, literal) put((o), (const uint8_t *)(literal), sizeof(literal) - 1)

static inline void put(struct head_output *o, const uint8_t *src, size_t len)
{
    if (unlikely((size_t)(o->end - o->p) < len)) {
        o->full = 1;
        return;
    }
    memcpy(o->p, src, len);
    o->p += len;
}

static inline void run_flush(struct head_output *o)
{
    if (o->run_off != o->run_end)
        put(o, o->buf + o->run_off, o->run_end - o->run_off);
    o->run_off = o->run_end = 0;
}

static inline int range_is_inside(const struct head *h, uint32_t off, uint32_t len)
{
    return (uint64_t)off + len <= h->len;
}

static inline void id_set(uint64_t set[2], uint32_t id)
{
    set[id / 64] |= 1ull << (id % 64);
}

static inline int id_is_in(const uint64_t set[2], uint32_t id)
{
    return (int)(set[id / 64 % 2] >> (id % 64) & 1);
}
STATIC_ASSERT(HEAD_NAMES_OF_LEN_26 <= 128);

static void output_start(struct head_output *o)
{
    uint32_t wflags = o->wflags;

    BUG_ON((wflags & WRITE_CONN_CLOSE) && (wflags & WRITE_CONN_KEEPALIVE));
    BUG_ON(o->h->error || o->h->len == 0);
    /* RFC 9112 section 6.2: never a length beside a coding */
    if (wflags & (WRITE_DROP_CLEN | WRITE_CHUNKED))
        id_set(o->drop, HEAD_NAME_CONTENT_LENGTH);
    if (wflags & WRITE_DROP_ACCEPT_ENCODING)
        id_set(o->drop, HEAD_NAME_ACCEPT_ENCODING);
    if (wflags & WRITE_DROP_ACCEPT_RANGES)
        id_set(o->drop, HEAD_NAME_ACCEPT_RANGES);
    if (wflags & WRITE_DROP_EXPECT)
        id_set(o->drop, HEAD_NAME_EXPECT);
    o->look[0] = o->drop[0];
    o->look[1] = o->drop[1];
    id_set(o->look, HEAD_NAME_TE);
    o->nhosts = o->h->kind == HEAD_REQUEST && (o->h->flags & HEAD_F_HOST);
}

static void put_edit(struct head_output *o, const struct head_edit_plan *plan, const struct head_edit *e)
{
    BUG_ON(!e);
    BUG_ON(!plan->text);
    put(o, plan->text + e->text_off + e->name_len, e->value_len);
}

/* RFC 9112 section 3.2.1: an origin server is asked for path and query; an empty path is "/" there, or "*" for OPTIONS
 * (3.2.4). */
static void put_origin_form(struct head_output *o)
{
    const struct head *h = o->h;
    uint32_t off = h->authority_off + h->authority_len, end = h->target_off + h->target_len;

    BUG_ON(!(h->flags & HEAD_F_ABSOLUTE));
    if (off >= end) {
        put(o, (const uint8_t *)(h->method_id == HTTP_METHOD_OPTIONS ? "*" : "/"), 1);
        return;
    }
    BUG_ON(off < h->target_off);
    if (o->buf[off] != '/')
        PUT_TEXT(o, "/");
    put(o, o->buf + off, end - off);
}

static int put_request_line(struct head_output *o, const struct head_edit_plan *plan)
{
    const struct head *h = o->h;

    BUG_ON(h->kind != HEAD_REQUEST);
    if (!range_is_inside(h, h->method_off, h->method_len) || !range_is_inside(h, h->target_off, h->target_len) ||
        !range_is_inside(h, h->authority_off, h->authority_len))
        return -EINVAL;
    if (plan->method)
        put_edit(o, plan, plan->method);
    else
        put(o, o->buf + h->method_off, h->method_len);
    PUT_TEXT(o, " ");
    if (plan->target)
        put_edit(o, plan, plan->target);
    else if ((o->wflags & WRITE_ORIGIN_FORM) && (h->flags & HEAD_F_ABSOLUTE))
        put_origin_form(o);
    else
        put(o, o->buf + h->target_off, h->target_len);
    if (o->wflags & WRITE_VERSION_10)
        PUT_TEXT(o, " HTTP/1.0\r\n");
    else
        PUT_TEXT(o, " HTTP/1.1\r\n");
    BUG_ON(o->p > o->end);
    return 0;
}

static int put_status_line(struct head_output *o, const struct head_edit_plan *plan)
{
    const struct head *h = o->h;
    uint8_t status[4] = {(uint8_t)('0' + h->status / 100 % 10), (uint8_t)('0' + h->status / 10 % 10),
                         (uint8_t)('0' + h->status % 10), ' '};

    BUG_ON(h->kind != HEAD_RESPONSE);
    if (!range_is_inside(h, h->reason_off, h->reason_len))
        return -EINVAL;
    if (o->wflags & WRITE_VERSION_10)
        PUT_TEXT(o, "HTTP/1.0 ");
    else
        PUT_TEXT(o, "HTTP/1.1 ");
    if (plan->status)
        memcpy(status, plan->text + plan->status->text_off + plan->status->name_len, 3);
    put(o, status, sizeof(status));
    if (plan->reason)
        put_edit(o, plan, plan->reason);
    else
        put(o, o->buf + h->reason_off, h->reason_len);
    PUT_TEXT(o, "\r\n");
    BUG_ON(o->p > o->end);
    return 0;
}

/* A field that the flags or an edit may leave out or change. Returns 1 when it is written as it is. */
static int field_decide(struct head_output *o, const struct head_edit_plan *plan, const struct head_field *f,
                        uint32_t i, const struct head_edit **edit_ret)
{
    uint32_t id = HEAD_NAME_ID(f->name_id);
    const struct head_edit *e = head_edit_touches(plan, i) ? head_edit_of_field(plan, i) : NULL;

    BUG_ON(i >= o->h->nfields);
    *edit_ret = NULL;
    if (id_is_in(o->drop, id))
        return 0;
    /* the length of a body that goes on as it came is not for policy to take away */
    if (e && e->op == EDIT_DEL && id != HEAD_NAME_CONTENT_LENGTH) {
        o->nhosts -= id == HEAD_NAME_HOST && o->nhosts;
        return 0;
    }
    if (f->name_id & HEAD_NAME_HOP) {
        if (id != HEAD_NAME_UPGRADE || !(o->wflags & WRITE_CONN_UPGRADE) || f->value_len == 0)
            return 0;
        o->has_upgrade = 1;
    }
    o->has_te |= id == HEAD_NAME_TE && o->h->kind == HEAD_REQUEST;
    if (e && e->op == EDIT_VALUE && !head_field_is_own(id))
        *edit_ret = e;
    BUG_ON(o->nhosts > 1);
    return 1;
}

static inline int field_is_canonical(const uint8_t *buf, const struct head_field *f)
{
    uint32_t name_end = f->name_off + f->name_len;

    return f->value_off == name_end + 2 && buf[name_end] == ':' && buf[name_end + 1] == ' ' &&
           buf[f->value_off + f->value_len] == '\r' && buf[f->value_off + f->value_len + 1] == '\n';
}

static void put_field(struct head_output *o, const struct head_edit_plan *plan, const struct head_field *f,
                      const struct head_edit *e)
{
    BUG_ON(f->name_len == 0);
    BUG_ON(e && e->op != EDIT_VALUE);
    run_flush(o);
    put(o, o->buf + f->name_off, f->name_len);
    PUT_TEXT(o, ": ");
    if (e)
        put_edit(o, plan, e);
    else
        put(o, o->buf + f->value_off, f->value_len);
    PUT_TEXT(o, "\r\n");
    BUG_ON(o->p > o->end);
}

static int put_fields(struct head_output *o, const struct head_edit_plan *plan, const struct head_field *fields)
{
    const struct head *h = o->h;

    BUG_ON(!fields && h->nfields);
    for (uint32_t i = 0; i < h->nfields; i++) {
        const struct head_field *f = &fields[i];
        const struct head_edit *e = NULL;
        uint32_t end;

        /* + 2: the CRLF behind each received line is inside the head too, so the look at it below is safe */
        if (unlikely(!range_is_inside(h, f->name_off, f->name_len + 2u) ||
                     (uint64_t)f->value_off + f->value_len + 2 > h->len || f->name_len == 0))
            return -EINVAL;
        if (HEAD_NAME_ID(f->name_id) == HEAD_NAME_TRANSFER_ENCODING && (o->wflags & WRITE_CHUNKED) && !o->has_coding) {
            run_flush(o);
            PUT_TEXT(o, "transfer-encoding: chunked\r\n");
            o->has_coding = 1;
            continue;
        }
        if ((f->name_id & HEAD_NAME_HOP) || id_is_in(o->look, f->name_id) || head_edit_touches(plan, i)) {
            if (!field_decide(o, plan, f, i, &e))
                continue;
        }
        if (e || !field_is_canonical(o->buf, f)) {
            put_field(o, plan, f, e);
            continue;
        }
        end = f->value_off + f->value_len + 2;
        if (f->name_off != o->run_end) {
            run_flush(o);
            o->run_off = f->name_off;
        }
        o->run_end = end;
    }
    run_flush(o);
    BUG_ON(o->run_off != o->run_end);
    return 0;
}

static void put_added(struct head_output *o, const struct head_edit_plan *plan)
{
    BUG_ON(!plan->nadds);
    for (uint32_t i = 0; i < plan->nedits; i++) {
        const struct head_edit *e = &plan->edits[i];
        const uint8_t *name = plan->text + e->text_off;
        uint8_t lower[HEAD_NAME_LEN_MAX];
        uint32_t id;

        if (e->op != EDIT_ADD)
            continue;
        BUG_ON(e->name_len > sizeof(lower));
        for (uint32_t j = 0; j < e->name_len; j++)
            lower[j] = char_token_lower[name[j]];
        id = head_name_find(lower, e->name_len);
        if (head_field_is_own(id))
            continue;
        o->nhosts += id == HEAD_NAME_HOST;
        put(o, lower, e->name_len);
        PUT_TEXT(o, ": ");
        put_edit(o, plan, e);
        PUT_TEXT(o, "\r\n");
    }
}

static void put_option(struct head_output *o, int *first, const char *option)
{
    BUG_ON(!option || !first);
    if (*first)
        PUT_TEXT(o, "connection: ");
    else
        PUT_TEXT(o, ", ");
    put(o, (const uint8_t *)option, strlen(option));
    *first = 0;
    BUG_ON(o->p > o->end);
}

/* What this proxy says about its own connection. RFC 9110 section 10.1.4: a TE goes with its option. */
static void put_connection(struct head_output *o)
{
    const struct head *h = o->h;
    int first = 1;

    BUG_ON(h->kind == HEAD_TRAILERS);
    if (h->kind == HEAD_REQUEST && !o->nhosts && !(o->wflags & WRITE_VERSION_10)) {
        /* RFC 9112 section 3.2: a 1.1 request has a Host, even an empty one */
        PUT_TEXT(o, "host: ");
        put(o, o->buf + h->authority_off, h->authority_len);
        PUT_TEXT(o, "\r\n");
    }
    if (o->has_upgrade)
        put_option(o, &first, "upgrade");
    if (o->has_te)
        put_option(o, &first, "te");
    /* 1.0 closes unless told otherwise, and HAProxy leaves it unsaid */
    if ((o->wflags & (WRITE_CONN_CLOSE | WRITE_VERSION_10)) == WRITE_CONN_CLOSE)
        put_option(o, &first, "close");
    if (o->wflags & WRITE_CONN_KEEPALIVE)
        put_option(o, &first, "keep-alive");
    if (!first)
        PUT_TEXT(o, "\r\n");
    if ((o->wflags & WRITE_CHUNKED) && !o->has_coding)
        PUT_TEXT(o, "transfer-encoding: chunked\r\n");
    BUG_ON(o->p > o->end);
}

int head_write(uint8_t *out, uint32_t out_size, const struct head *h, const uint8_t *buf,
               const struct head_field *fields, const struct head_edit *edits, uint32_t nedits, const uint8_t *text,
               uint32_t text_len, uint32_t wflags)
{
    struct head_output o = {.p = out, .end = out + out_size, .h = h, .buf = buf, .wflags = wflags};
    struct head_edit_plan plan;
    int ret = 0;

    BUG_ON(!out || !h || !buf || out_size > INT32_MAX);
    if (head_edit_plan(&plan, h, edits, nedits, text, text_len) < 0)
        return -EINVAL;
    output_start(&o);
    if (h->kind == HEAD_REQUEST)
        ret = put_request_line(&o, &plan);
    else if (h->kind == HEAD_RESPONSE)
        ret = put_status_line(&o, &plan);
    if (ret < 0 || put_fields(&o, &plan, fields) < 0)
        return -EINVAL;
    if (plan.nadds)
        put_added(&o, &plan);
    if (h->kind == HEAD_REQUEST && o.nhosts > 1)
        return -EINVAL;
    if (h->kind != HEAD_TRAILERS)
        put_connection(&o);
    PUT_TEXT(&o, "\r\n");
    if (o.full)
        return -ENOSPC;
    BUG_ON(o.p > o.end || o.p == out);
    return (int)(o.p - out);
}
