/* Where a body goes: framing as the sink's mux wants it, the head that is due before it, and the copy that a replay
 * would need. What the peer does not take now stays in its conn. */
#include "body_parts.h"
#include <errno.h>

/* Keeps a copy of what goes to the server while the whole request fits the image. */
static void capture(struct stream *s, const struct iovec *iov, int iov_len)
{
    CHECK_CONN(s->front);
    CHECK_STREAM(s);
    struct buf *b = s->image;
    for (int i = 0; i < iov_len; i++) {
        uint32_t len = (uint32_t)iov[i].iov_len;
        if (b == NULL || b->off + b->len + len > b->size) {
            s->flags &= ~(uint32_t)STREAM_CAPTURE;
            return;
        }
        memcpy(b->mem + b->off + b->len, iov[i].iov_base, len);
        b->len += len;
    }
}

int sink_send(struct stream *s, struct dir *d, struct conn *dst, const struct iovec *iov, int iov_len)
{
    CHECK_CONN(s->front);
    BUG_ON(d->in_kind > FRAMING_TUNNEL);
    CHECK_STREAM(s);
    CHECK_CONN(dst);
    struct iovec all[6];
    BUG_ON(iov_len >= (int)ARRAY_LEN(all));
    if (d == &s->up) {
        s->flags |= STREAM_SENT;
        if (s->flags & STREAM_CAPTURE)
            capture(s, iov, iov_len);
    } else {
        s->flags |= STREAM_RESPONDING;
    }
    if (d->due_len == 0)
        return conn_send(dst, iov, iov_len, 0);
    all[0] = (struct iovec){.iov_base = (void *)(uintptr_t)d->due, .iov_len = d->due_len};
    if (iov_len > 0)
        memcpy(all + 1, iov, (size_t)iov_len * sizeof(*iov));
    d->due_len = 0;
    return conn_send(dst, all, iov_len + 1, 0);
}

/* Frames and sends payload; <last> completes the body, <trailers> (name: value lines) go with a chunked end. */
int sink_put(struct stream *s, struct dir *d, struct conn *dst, const uint8_t *payload, uint32_t len,
             int last, const uint8_t *trailers, uint32_t trailers_len)
{
    CHECK_CONN(s->front);
    BUG_ON(d->in_kind > FRAMING_TUNNEL);
    CHECK_STREAM(s);
    CHECK_CONN(dst);
    static const char end[] = "\r\n0\r\n";
    struct iovec iov[5];
    uint8_t head[CHUNK_HEAD_LEN_MAX];
    int n = 0;
    if (d->out_kind != FRAMING_CHUNKED) {
        if (len == 0)
            return 0;
        iov[n++] = (struct iovec){.iov_base = (void *)(uintptr_t)payload, .iov_len = len};
        return sink_send(s, d, dst, iov, n);
    }
    if (len > 0) {
        uint32_t head_len = chunk_head_write(head, len);
        iov[n++] = (struct iovec){.iov_base = head, .iov_len = head_len};
        iov[n++] = (struct iovec){.iov_base = (void *)(uintptr_t)payload, .iov_len = len};
        iov[n++] = (struct iovec){.iov_base = (void *)(uintptr_t)end, .iov_len = last ? 5 : 2};
    } else if (last) {
        iov[n++] = (struct iovec){.iov_base = (void *)(uintptr_t)(end + 2), .iov_len = 3};
    }
    if (last) {
        if (trailers_len > 0)
            iov[n++] = (struct iovec){.iov_base = (void *)(uintptr_t)trailers, .iov_len = trailers_len};
        iov[n++] = (struct iovec){.iov_base = (void *)(uintptr_t)end, .iov_len = 2};
    }
    return n == 0 ? 0 : sink_send(s, d, dst, iov, n);
}
