/* Probes: one connection that a check opens, a few bytes out, an answer back as one event. They live on the same conns
 * and transports as traffic, on whichever engine policy commands (main's). */
#include "eng.h"
#include "proxy_header/proxy_header.h"
#include "watched.h"
#include <errno.h>

#define PROBE_DATA_MAX 16384u /* bytes of an answer */

struct probe {
    struct probe *next;
    struct conn *conn;
    uint32_t id, expect, read_ms;
    uint32_t send_len, len;
    uint32_t line; /* a PROXY line of its own addresses goes first */
    uint32_t late_result; /* without a connection: why there is none, to be said when there is room */
    int late_err;
    uint64_t start_ms, connected_ms, deadline_ms;
    uint8_t *send; /* behind data */
    uint8_t data[PROBE_DATA_MAX];
};

static void probe_free(struct eng *e, struct probe *p)
{
    BUG_ON(e->nprobes == 0);
    CHECK_ENG(e);
    e->nprobes--;
    for (struct probe **at = &e->probes; *at != NULL; at = &(*at)->next)
        if (*at == p) {
            *at = p->next;
            break;
        }
    free(p);
}

static void probe_report(struct eng *e, uint32_t id, uint32_t result, int err, const struct probe *p)
{
    CHECK_PROCESS(e->proc);
    CHECK_ENG(e);
    uint32_t *ev = event_put(e, ABI_EV_PROBE, ABI_EVENT_WORDS);
    ev[ABI_P_ID] = id;
    ev[ABI_P_RESULT] = result;
    ev[ABI_P_ERRNO] = (uint32_t)err;
    if (p == NULL)
        return;
    ev[ABI_P_CONNECT_MS] = p->connected_ms == 0 ? ABI_NONE : (uint32_t)(p->connected_ms - p->start_ms);
    ev[ABI_P_TOTAL_MS] = (uint32_t)(e->now_ms - p->start_ms);
    if (p->len > 0) {
        ev[ABI_P_DATA] = arena_put(e, p->data, p->len);
        ev[ABI_P_DATA_LEN] = p->len;
    }
}

static void probe_done(struct probe *p, uint32_t result, int err)
{
    BUG_ON(p->conn == NULL || p->conn->probe != p);
    struct conn *c = p->conn;
    struct eng *e = c->eng;
    if (!event_room(e, p->len)) {
        p->deadline_ms = e->now_ms; /* reported by the timer, after the batch */
        timer_arm(&e->wheel, &c->timer, e->now_ms + 1);
        return;
    }
    probe_report(e, p->id, result, err, p);
    c->flags |= CONN_RST_CLOSE; /* as HAProxy: no TIME_WAIT is left behind */
    probe_free(e, p);
    conn_close(c);
}

/* No connection was made. Many at once may fail: who finds no room in the batch is kept for the next. */
static int probe_refused(struct eng *e, struct probe *p, uint32_t id, int err)
{
    CHECK_ENG(e);
    BUG_ON(e->nprobes_late > e->nprobes);
    uint32_t result = err == EMFILE || err == ENFILE || err == ENOMEM ? ABI_PROBE_RESOURCE : ABI_PROBE_CONNECT;
    if (event_room(e, 0)) {
        free(p);
        probe_report(e, id, result, err, NULL);
        return 0;
    }
    if (p == NULL)
        return -ENOBUFS;
    memset(p, 0, sizeof(*p));
    p->next = e->probes;
    p->id = id;
    p->late_result = result;
    p->late_err = err;
    e->probes = p;
    e->nprobes++;
    e->nprobes_late++;
    return 0;
}

void probes_late(struct eng *e)
{
    CHECK_ENG(e);
    BUG_ON(e->nprobes_late > e->nprobes);
    for (struct probe *p = e->probes, *next; p != NULL && e->nprobes_late > 0 && event_room(e, 0); p = next) {
        next = p->next;
        if (p->conn != NULL)
            continue;
        BUG_ON(p->late_result == 0);
        probe_report(e, p->id, p->late_result, p->late_err, NULL);
        e->nprobes_late--;
        probe_free(e, p);
    }
}

int probe_start(struct eng *e, const uint32_t *cmd)
{
    CHECK_PROCESS(e->proc);
    CHECK_ENG(e);
    uint32_t send_len = cmd[ABI_C_PROBE_SEND_LEN], connect_ms = cmd[ABI_C_PROBE_CONNECT_MS];
    int err = ENOMEM;
    struct probe *p = e->nprobes >= PROBES_MAX ? NULL : malloc(sizeof(*p) + send_len);
    struct conn *c = p == NULL ? NULL
                               : server_dial(e, e->text + cmd[ABI_C_PROBE_ADDR], cmd[ABI_C_PROBE_ADDR_LEN],
                                             (int)cmd[ABI_C_PROBE_NETNS] - 1, CONN_PROBE, 0, &err);
    if (c == NULL)
        return probe_refused(e, p, cmd[ABI_C_PROBE_ID], err);
    *p = (struct probe){.next = e->probes,
                        .conn = c,
                        .id = cmd[ABI_C_PROBE_ID],
                        .expect = cmd[ABI_C_PROBE_EXPECT],
                        .read_ms = cmd[ABI_C_PROBE_READ_MS],
                        .send_len = send_len,
                        .line = cmd[ABI_C_PROBE_LINE],
                        .start_ms = e->now_ms};
    p->send = (uint8_t *)(p + 1);
    memcpy(p->send, e->text + cmd[ABI_C_PROBE_SEND], send_len);
    e->probes = p;
    e->nprobes++;
    c->probe = p;
    c->mux = &mux_probe;
    p->deadline_ms = connect_ms == 0 ? UINT64_MAX : e->now_ms + connect_ms;
    if (connect_ms != 0)
        conn_timer_lower(c, p->deadline_ms);
    return 0;
}

/* Whether the bytes so far are a whole HTTP response, as far as a check looks. */
static int answer_whole(struct probe *p)
{
    BUG_ON(p->len == 0 || p->len > PROBE_DATA_MAX);
    struct eng *e = p->conn->eng;
    struct head h;
    struct framing f;
    memset(&h, 0, sizeof(h));
    memcpy(e->rx, p->data, p->len);
    int n = watched_scan(e, &h, e->fields, e->rx, p->len, HEAD_RESPONSE, 0);
    if (n < 0)
        return 1; /* policy will say what is wrong with it */
    if (n == 0)
        return 0;
    if (framing_of_response(&h, HTTP_METHOD_GET, &f) < 0 || f.kind == FRAMING_NONE ||
        p->len >= PROBE_DATA_MAX)
        return 1;
    return f.kind == FRAMING_LENGTH && p->len - (uint32_t)n >= f.length;
}

static void probe_read(struct probe *p)
{
    BUG_ON(p->len > PROBE_DATA_MAX);
    struct conn *c = p->conn;
    while ((c->flags & CONN_RD_READY) && p->len < PROBE_DATA_MAX)
        p->len += conn_recv(c, p->data + p->len, PROBE_DATA_MAX - p->len);
    int ended = (c->flags & (CONN_FIN | CONN_RESET)) != 0;
    if (p->len > 0 && (p->expect == ABI_PROBE_EXPECT_BYTES || ended || answer_whole(p)))
        probe_done(p, ABI_PROBE_OK, 0);
    else if (ended)
        probe_done(p, ABI_PROBE_CLOSED, (c->flags & CONN_RESET) ? ECONNRESET : 0);
}

/* Connected: what is to be said first. */
static void probe_send(struct probe *p)
{
    struct conn *c = p->conn;
    const struct sys *sys = c->eng->sys;
    struct sockaddr_storage own, peer;
    socklen_t own_len = sizeof(own), peer_len = sizeof(peer);
    char line[PROXY_LINE_LEN_MAX + 1];
    struct iovec iov[2] = {{.iov_base = line}, {.iov_base = p->send, .iov_len = p->send_len}};
    CHECK_CONN(c);
    BUG_ON(c->flags & CONN_CONNECTING);
    if (p->line) {
        if (sys->sock_name(sys->ctx, c->fd, 0, &own, &own_len) < 0 ||
            sys->sock_name(sys->ctx, c->fd, 1, &peer, &peer_len) < 0)
            own_len = peer_len = 0;
        iov[0].iov_len = proxy_header_write_line(line, (const uint8_t *)&own, MIN(own_len, sizeof(own)),
                                                 (const uint8_t *)&peer, MIN(peer_len, sizeof(peer)));
    }
    conn_send(c, iov, 2, 0);
}

void probe_run(struct conn *c)
{
    CHECK_ENG(c->eng);
    CHECK_CONN(c);
    struct probe *p = c->probe;
    struct eng *e = c->eng;
    BUG_ON(p == NULL);
    if (c->flags & CONN_CONNECTING) {
        if (c->flags & CONN_RESET) {
            int err = -e->sys->sock_error(e->sys->ctx, c->fd);
            probe_done(p, ABI_PROBE_CONNECT, err == 0 ? ECONNREFUSED : err);
            return;
        }
        if (c->flags & CONN_WR_BLOCKED)
            return;
        c->flags &= ~(uint32_t)CONN_CONNECTING;
        p->connected_ms = e->now_ms;
        probe_send(p);
        if (p->expect == ABI_PROBE_EXPECT_CONNECT) {
            probe_done(p, ABI_PROBE_OK, 0);
            return;
        }
        timer_cancel(&e->wheel, &c->timer);
        p->deadline_ms = p->read_ms == 0 ? UINT64_MAX : e->now_ms + p->read_ms;
        if (p->read_ms != 0)
            conn_timer_lower(c, p->deadline_ms);
    }
    conn_flush(c);
    probe_read(p);
}

static void probe_timeout(struct conn *c)
{
    CHECK_ENG(c->eng);
    struct probe *p = c->probe;
    BUG_ON(p == NULL);
    if (p->deadline_ms > c->eng->now_ms) {
        conn_timer_lower(c, p->deadline_ms);
        return;
    }
    probe_done(p, (c->flags & CONN_CONNECTING) ? ABI_PROBE_CONNECT_TIMEOUT : ABI_PROBE_READ_TIMEOUT,
               ETIMEDOUT);
}

void probes_free(struct eng *e)
{
    CHECK_ENG(e);
    while (e->probes != NULL) {
        struct conn *c = e->probes->conn;
        probe_free(e, e->probes);
        if (c != NULL)
            conn_close(c);
    }
}

const struct mux mux_probe = {.name = "probe", .run = probe_run, .timeout = probe_timeout};
