/* Log lines of one turn: kept in one buffer, datagrams sent together at its end, descriptors written line by line without
 * ever blocking. A target that stalls or is gone costs its lines and nothing else; drops are counted. */
#include "eng.h"
#include <errno.h>

#define DATAGRAMS 64

void log_put(struct eng *e, uint32_t target, const uint8_t *text, uint32_t len)
{
    CHECK_PROCESS(e->proc);
    CHECK_ENG(e);
    BUG_ON(target >= LOG_TARGETS_MAX);
    BUG_ON(e->nlog_lines > LOG_LINES_MAX || e->log_used > LOG_BYTES_MAX);
    if (len > LOG_BYTES_MAX / 4) {
        e->count.log_drops++;
        return;
    }
    if (e->nlog_lines == LOG_LINES_MAX || e->log_used + len > LOG_BYTES_MAX)
        log_flush(e);
    memcpy(e->log_bytes + e->log_used, text, len);
    e->log_lines[e->nlog_lines++] = (struct log_line){.target = target, .off = e->log_used, .len = len};
    e->log_used += len;
    e->count.log_lines++;
}

static void send_run(struct eng *e, int fd, struct iovec *iov, int n)
{
    BUG_ON(n <= 0 || n > DATAGRAMS);
    CHECK_PROCESS(e->proc);
    CHECK_ENG(e);
    int done = 0, refusals = 0;
    while (done < n) {
        int rc = e->sys->send_datagrams(e->sys->ctx, fd, iov + done, n - done);
        if (rc > 0) {
            done += rc;
        } else if (rc == -ECONNREFUSED && refusals++ == 0) {
            continue; /* an ICMP error of an earlier datagram: this one was not sent yet */
        } else {
            e->count.log_drops += (uint64_t)(n - done);
            return;
        }
    }
}

static void send_lines(struct eng *e, uint32_t target)
{
    BUG_ON(target >= LOG_TARGETS_MAX);
    CHECK_PROCESS(e->proc);
    CHECK_ENG(e);
    const struct log_target *t = &e->proc->logs[target];
    struct iovec iov[DATAGRAMS];
    int n = 0;
    for (uint32_t i = 0; i < e->nlog_lines; i++) {
        struct log_line *l = &e->log_lines[i];
        if (l->target != target)
            continue;
        l->target = ABI_NONE;
        if (t->kind == 0 && n == DATAGRAMS) {
            send_run(e, t->fd, iov, n);
            n = 0;
        }
        if (t->kind == 0)
            iov[n++] = (struct iovec){.iov_base = e->log_bytes + l->off, .iov_len = l->len};
        else if (t->kind != 1 || e->sys->write_line(e->sys->ctx, t->fd, e->log_bytes + l->off, l->len) < 0)
            e->count.log_drops++;
    }
    if (n > 0)
        send_run(e, t->fd, iov, n);
}

void log_flush(struct eng *e)
{
    CHECK_ENG(e);
    for (uint32_t i = 0; i < e->nlog_lines; i++)
        if (e->log_lines[i].target != ABI_NONE)
            send_lines(e, e->log_lines[i].target);
    e->nlog_lines = 0;
    e->log_used = 0;
}
