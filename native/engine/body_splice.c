/* splice(2): long plain bodies move from socket to socket through a pipe and never enter user space. */
#include "body_parts.h"
#include <errno.h>

#define SPLICE_MIN (32u * 1024u)  /* shorter rests are copied: a pipe costs more than it saves */
#define SPLICE_PIECE (1u << 20)   /* bytes asked of one splice */
#define SPLICE_STREAK 2           /* full reads in a row before a body of unknown length is spliced */
#define SPLICE_SMALL (8u * 1024u) /* less than this in one splice: the body trickles, it is copied again */

int splice_wanted(const struct stream *s, const struct dir *d, const struct conn *src, const struct conn *dst)
{
    CHECK_CONN(s->front);
    BUG_ON(d->in_kind > FRAMING_TUNNEL);
    CHECK_STREAM(s);
    CHECK_CONN(src);
    CHECK_CONN(dst);
    if (d->pipe_len > 0)
        return 1;
    if (d->no_splice || src->in_len > 0 || dst->out.len > 0 || !src->xprt->can_splice ||
        !dst->xprt->can_splice)
        return 0;
    if (!(src->flags & CONN_RD_READY) || d->in_kind != d->out_kind)
        return 0;
    if (d->in_kind == FRAMING_TUNNEL || d->in_kind == FRAMING_CLOSE)
        return d->streak >= SPLICE_STREAK || (s->fwd_flags & (ABI_FWD_SPLICE_RES | ABI_FWD_SPLICE_REQ)) != 0;
    return d->in_kind == FRAMING_LENGTH && d->left >= SPLICE_MIN;
}

/* A pipe of this thread's store, or a new one. */
static int pipe_take(struct eng *e, struct dir *d)
{
    CHECK_ENG(e);
    if (e->npipes > 0) {
        e->npipes--;
        d->pipe[0] = e->pipes[e->npipes][0];
        d->pipe[1] = e->pipes[e->npipes][1];
        return 0;
    }
    return e->sys->pipe(e->sys->ctx, d->pipe);
}

void pipe_give(struct eng *e, struct dir *d)
{
    CHECK_PROCESS(e->proc);
    BUG_ON(d->in_kind > FRAMING_TUNNEL);
    CHECK_ENG(e);
    if (d->pipe[0] < 0)
        return;
    if (d->pipe_len == 0 && e->npipes < PIPES_KEEP_MAX) {
        e->pipes[e->npipes][0] = d->pipe[0];
        e->pipes[e->npipes++][1] = d->pipe[1];
    } else {
        e->sys->close(e->sys->ctx, d->pipe[0]);
        e->sys->close(e->sys->ctx, d->pipe[1]);
    }
    d->pipe[0] = d->pipe[1] = -1;
    d->pipe_len = 0;
}

/* Fills the pipe from the source: bytes, 0 when the copy path has to look at the source. */
static uint32_t splice_in(struct stream *s, struct dir *d, struct conn *src)
{
    CHECK_CONN(s->front);
    BUG_ON(d->in_kind > FRAMING_TUNNEL);
    CHECK_STREAM(s);
    CHECK_CONN(src);
    struct eng *e = s->eng;
    uint64_t want = d->in_kind == FRAMING_LENGTH ? d->left : SPLICE_PIECE;
    if (want == 0 || !(src->flags & CONN_RD_READY))
        return 0;
    ssize_t n = e->sys->splice(e->sys->ctx, src->fd, d->pipe[1], (size_t)MIN(want, SPLICE_PIECE), 0);
    if (n == -EINVAL || n == -ENOSYS) {
        d->no_splice = 1;
        return 0;
    }
    if (n <= 0) {
        src->flags &= ~(uint32_t)CONN_RD_READY;
        if (n == 0)
            src->flags |= CONN_FIN;
        else if (n != -EAGAIN)
            src->flags |= CONN_FIN | CONN_RESET;
        return 0;
    }
    if ((uint64_t)n < SPLICE_SMALL && d->in_kind != FRAMING_LENGTH)
        d->streak = 0;
    if (d->in_kind == FRAMING_LENGTH)
        d->left -= (uint64_t)n;
    body_account(s, d, (uint64_t)n);
    source_progress(s, d);
    return (uint32_t)n;
}

/* Moves bytes through a pipe. PUMP_BLOCKED when either side blocks, PUMP_DONE when the copy path may go on. */
int splice_pump(struct stream *s, struct dir *d, struct conn *src, struct conn *dst)
{
    CHECK_CONN(s->front);
    BUG_ON(d->in_kind > FRAMING_TUNNEL);
    CHECK_STREAM(s);
    CHECK_CONN(src);
    CHECK_CONN(dst);
    struct eng *e = s->eng;
    if (d->pipe[0] < 0 && pipe_take(e, d) < 0) {
        d->no_splice = 1;
        return PUMP_DONE;
    }
    for (int round = 0; round < PUMP_ROUNDS_MAX; round++) {
        if (d->pipe_len == 0) {
            d->pipe_len = splice_in(s, d, src);
            if (d->pipe_len == 0)
                return PUMP_DONE;
        }
        ssize_t n = e->sys->splice(e->sys->ctx, d->pipe[0], dst->fd, d->pipe_len, d->left > 0);
        if (n == -EAGAIN) {
            conn_block(dst);
            return PUMP_BLOCKED;
        }
        if (n <= 0)
            return PUMP_DST;
        d->pipe_len -= (uint32_t)n;
        e->count.spliced_bytes += (uint64_t)n;
        if (d == &s->up) {
            s->flags = (s->flags | STREAM_SENT) & ~(uint32_t)STREAM_CAPTURE;
            s->back_sent_ms = e->now_ms;
        } else {
            s->front_sent_ms = e->now_ms;
        }
        if (d->pipe_len == 0 && d->in_kind == FRAMING_LENGTH && d->left == 0) {
            d->state = DIR_DONE;
            return PUMP_DONE;
        }
    }
    conn_ready(src);
    return PUMP_BLOCKED;
}
