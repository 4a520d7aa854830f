/* Policy's own answers: a status, fields and a body, written as the client's protocol wants them. The rest of the request
 * is read and dropped when it is short, so that the connection can go on; a long one costs the connection. */
#include "../http1/chars.h"
#include "eng.h"
#include <errno.h>

#define DISCARD_MAX (1u << 20) /* bytes of a request body that are read and dropped to keep a connection */

static int field_valid(const uint8_t *name, uint32_t name_len, const uint8_t *value, uint32_t value_len)
{
    if (name_len == 0)
        return 0;
    for (uint32_t i = 0; i < name_len; i++)
        if (char_token_lower[name[i]] == 0)
            return 0;
    for (uint32_t i = 0; i < value_len; i++)
        if ((value[i] < 0x20 && value[i] != '\t') || value[i] == 0x7f)
            return 0;
    return 1;
}

struct writer {
    uint8_t *out;
    uint32_t len, size;
    int failed;
};

static void put(struct writer *w, const void *data, uint32_t len)
{
    BUG_ON(w->len > w->size);
    if (w->len + len > w->size) {
        w->failed = 1;
        return;
    }
    memcpy(w->out + w->len, data, len);
    w->len += len;
}

static void put_number(struct writer *w, uint64_t n)
{
    char digits[20];
    uint32_t len = 0;
    do {
        digits[sizeof(digits) - ++len] = (char)('0' + n % 10);
        n /= 10;
    } while (n > 0);
    put(w, digits + sizeof(digits) - len, len);
}

static int name_is(const uint8_t *name, uint32_t len, const char *want)
{
    return len == strlen(want) && memcmp(name, want, len) == 0;
}

/* The start line: the last EDIT_STATUS and EDIT_REASON count. */
static int put_status(struct writer *w, struct stream *s, const struct head_edit *edits, uint32_t nedits)
{
    BUG_ON(w->len != 0);
    CHECK_CONN(s->front);
    CHECK_STREAM(s);
    const uint8_t *text = s->eng->text, *reason = (const uint8_t *)"";
    uint32_t reason_len = 0, status = 0;
    for (uint32_t i = 0; i < nedits; i++) {
        const uint8_t *t = text + edits[i].text_off + edits[i].name_len;
        if (edits[i].op == EDIT_STATUS && edits[i].value_len == 3)
            status = (uint32_t)((t[0] - '0') * 100 + (t[1] - '0') * 10 + (t[2] - '0'));
        if (edits[i].op == EDIT_REASON) {
            reason = t;
            reason_len = edits[i].value_len;
        }
    }
    if (status < 100 || status > 999 || !field_valid((const uint8_t *)"x", 1, reason, reason_len))
        return -EINVAL;
    put(w, "HTTP/1.1 ", 9);
    put_number(w, status);
    put(w, " ", 1);
    put(w, reason, reason_len);
    put(w, "\r\n", 2);
    return (int)status;
}

/* Fields in policy's order; content-length and connection are ours wherever they stand. Bits of what was written. */
enum { WROTE_LENGTH = 1, WROTE_CONNECTION = 2 };

static int put_fields(struct writer *w, struct stream *s, const struct head_edit *edits, uint32_t nedits,
                      uint64_t body, int with_length, int keep)
{
    BUG_ON(w->out == NULL);
    CHECK_CONN(s->front);
    CHECK_STREAM(s);
    int wrote = 0;
    for (uint32_t i = 0; i < nedits; i++) {
        const uint8_t *name = s->eng->text + edits[i].text_off, *value = name + edits[i].name_len;
        uint32_t name_len = edits[i].name_len;
        if (edits[i].op != EDIT_ADD)
            continue;
        if (!field_valid(name, name_len, value, edits[i].value_len))
            return -EINVAL;
        if (name_is(name, name_len, "transfer-encoding"))
            continue;
        if (name_is(name, name_len, "content-length")) {
            if (!with_length || (wrote & WROTE_LENGTH))
                continue;
            wrote |= WROTE_LENGTH;
            put(w, "content-length: ", 16);
            put_number(w, body);
        } else if (name_is(name, name_len, "connection")) {
            if (keep || (wrote & WROTE_CONNECTION))
                continue;
            wrote |= WROTE_CONNECTION;
            put(w, "connection: close", 17);
        } else {
            put(w, name, name_len);
            put(w, ": ", 2);
            put(w, value, edits[i].value_len);
        }
        put(w, "\r\n", 2);
    }
    if (with_length && !(wrote & WROTE_LENGTH)) {
        put(w, "content-length: ", 16);
        put_number(w, body);
        put(w, "\r\n", 2);
    }
    return wrote;
}

/* Whether the connection may go on although the request was not read to its end. */
static int can_keep(struct stream *s)
{
    CHECK_CONN(s->front);
    CHECK_STREAM(s);
    struct dir *d = &s->up;
    if (!(s->flags & STREAM_KEEP_CLIENT) || (s->front->flags & (CONN_FIN | CONN_RESET | CONN_NO_REUSE)) ||
        !retire_keeps(s->front))
        return 0;
    if (d->state == DIR_DONE || d->state == DIR_IDLE || body_discard(s, d, s->front))
        return 1;
    if ((s->req.flags & HEAD_F_EXPECT_100) && !(s->flags & STREAM_SENT_100))
        return 0;
    return d->in_kind == FRAMING_LENGTH && d->left <= DISCARD_MAX;
}

static void local_begin(struct stream *s, uint32_t status, uint32_t flags)
{
    BUG_ON(status < 200 || status > 999);
    CHECK_CONN(s->front);
    CHECK_STREAM(s);
    s->status = status;
    s->flags |= STREAM_LOCAL_RES | STREAM_RESPONDING;
    if (flags & ABI_RSP_MORE)
        s->flags |= STREAM_LOCAL_MORE;
    if (s->state == ST_POLICY_RES && s->back != NULL)
        s->bytes_out += s->back->in_len; /* of the response that is not sent: the server gave them all the same */
    if (s->back != NULL)
        stream_drop_back(s, 0);
    s->state = ST_LOCAL;
    s->front_sent_ms = s->eng->now_ms;
    stream_unpin(s);
}

int local_respond(struct stream *s, const uint32_t *cmd)
{
    CHECK_CONN(s->front);
    CHECK_STREAM(s);
    struct eng *e = s->eng;
    uint32_t flags = cmd[ABI_C_FLAGS], nedits = cmd[ABI_C_NEDITS], body_len = cmd[ABI_C_BODY_LEN];
    const struct head_edit *edits = e->edits + cmd[ABI_C_EDITS];
    struct writer w = {.out = e->head_out, .size = e->head_out_size};
    int interim = (flags & ABI_RSP_INTERIM) != 0;
    int status = put_status(&w, s, edits, nedits);
    if (status < 0 || (interim ? status >= 200 : status < 200))
        return -EINVAL;
    if (!interim && s->up.decoded > 0) { /* a body that was waited for: what follows it is the next request */
        BUG_ON(s->up.decoded > s->front->in_len);
        conn_consume(s->front, s->up.decoded);
        s->up.decoded = 0;
    }
    int no_body = interim || status == 204 || status == 304;
    int keep = interim ? 1 : can_keep(s) && !(flags & ABI_RSP_CLOSE);
    int chunked = (flags & ABI_RSP_MORE) && s->req.version >= 0x0101;
    if ((flags & ABI_RSP_MORE) && !chunked)
        keep = 0;
    int wrote = put_fields(&w, s, edits, nedits, body_len, !no_body && !(flags & ABI_RSP_MORE), keep);
    if (wrote < 0)
        return wrote;
    if (chunked)
        put(&w, "transfer-encoding: chunked\r\n", 28);
    if (!keep && !(wrote & WROTE_CONNECTION))
        put(&w, "connection: close\r\n", 19);
    else if (keep && !interim && s->req.version < 0x0101)
        put(&w, "connection: keep-alive\r\n", 24);
    put(&w, "\r\n", 2);
    if (w.failed)
        return -ENOSPC;
    struct iovec iov[4] = {{.iov_base = w.out, .iov_len = w.len}};
    uint8_t size[CHUNK_HEAD_LEN_MAX];
    int n = 1;
    if (body_len > 0 && !no_body && !(s->flags & STREAM_HEAD_REQ)) {
        if (chunked)
            iov[n++] = (struct iovec){.iov_base = size, .iov_len = chunk_head_write(size, body_len)};
        iov[n++] = (struct iovec){.iov_base = e->text + cmd[ABI_C_BODY], .iov_len = body_len};
        if (chunked)
            iov[n++] = (struct iovec){.iov_base = (void *)(uintptr_t) "\r\n", .iov_len = 2};
    }
    if (interim)
        return conn_send(s->front, iov, n, 0);
    if (!keep)
        s->flags &= ~(uint32_t)STREAM_KEEP_CLIENT;
    local_begin(s, (uint32_t)status, flags);
    if (cmd[ABI_C_TERM] != 0)
        stream_term(s, (char)(cmd[ABI_C_TERM] & 0xff), (char)(cmd[ABI_C_TERM] >> 8 & 0xff));
    conn_send(s->front, iov, n, 0); /* a broken client is seen in local_run */
    stream_run(s);
    return 0;
}

int local_body(struct stream *s, const uint32_t *cmd)
{
    CHECK_CONN(s->front);
    CHECK_STREAM(s);
    struct eng *e = s->eng;
    uint32_t len = cmd[ABI_C_BODY_LEN];
    int chunked = s->req.version >= 0x0101, last = (cmd[ABI_C_FLAGS] & ABI_RSP_LAST) != 0, n = 0;
    uint8_t size[CHUNK_HEAD_LEN_MAX];
    struct iovec iov[4];
    if (s->state != ST_LOCAL || !(s->flags & STREAM_LOCAL_MORE))
        return -EINVAL;
    if (len > 0 && !(s->flags & STREAM_HEAD_REQ)) {
        if (chunked)
            iov[n++] = (struct iovec){.iov_base = size, .iov_len = chunk_head_write(size, len)};
        iov[n++] = (struct iovec){.iov_base = e->text + cmd[ABI_C_BODY], .iov_len = len};
        if (chunked)
            iov[n++] = (struct iovec){.iov_base = (void *)(uintptr_t) "\r\n", .iov_len = 2};
    }
    if (last && chunked && !(s->flags & STREAM_HEAD_REQ))
        iov[n++] = (struct iovec){.iov_base = (void *)(uintptr_t) "0\r\n\r\n", .iov_len = 5};
    if (last)
        s->flags &= ~(uint32_t)STREAM_LOCAL_MORE;
    s->flags &= ~(uint32_t)STREAM_LOCAL_ASKED;
    if (n > 0)
        conn_send(s->front, iov, n, 0);
    stream_run(s);
    return 0;
}

void local_run(struct stream *s)
{
    CHECK_CONN(s->front);
    CHECK_STREAM(s);
    struct conn *c = s->front;
    int flushed = (c->flags & CONN_RESET) ? -1 : conn_flush(c);
    if (flushed < 0) {
        stream_term(s, 'C', 'D');
        stream_end(s);
        return;
    }
    if (flushed == 0) {
        stream_timer(s);
        return;
    }
    if (s->flags & STREAM_LOCAL_MORE) {
        if (!(s->flags & STREAM_LOCAL_ASKED)) { /* asks for more, once per piece; policy may take its time */
            if (!event_room(s->eng, 0)) {
                conn_ready(c);
                return;
            }
            event_stream(s, ABI_EV_WAKE, ABI_WAKE_DRAINED);
            s->flags |= STREAM_LOCAL_ASKED | STREAM_ANSWERED;
        }
        stream_timer(s);
        return;
    }
    if ((s->flags & STREAM_KEEP_CLIENT) && s->up.state != DIR_DONE && s->up.state != DIR_IDLE &&
        !body_discard(s, &s->up, c)) {
        if (c->flags & CONN_FIN)
            s->flags &= ~(uint32_t)STREAM_KEEP_CLIENT;
        else {
            stream_timer(s);
            return;
        }
    }
    s->flags |= STREAM_RES_DONE;
    stream_end(s);
}
