/* Commands: what policy tells C. Every word is checked before anything is done: a wrong id, state, offset or length is
 * refused and counted, never a memory fault. A stream that policy left without a valid answer is ended by eng_flush. */
#include "eng.h"
#include "watched.h"
#include "recording.h"
#include <errno.h>

static int range_ok(uint32_t off, uint32_t len, uint32_t max)
{
    return off <= max && len <= max - off;
}

/* The edits a command names: indexes within the batch's edits, texts within the batch's text. */
static int edits_ok(const struct eng *e, const uint32_t *cmd)
{
    CHECK_PROCESS(e->proc);
    CHECK_ENG(e);
    uint32_t first = cmd[ABI_C_EDITS], n = cmd[ABI_C_NEDITS];
    if (!range_ok(first, n, EDITS_MAX) || n > HEAD_EDITS_MAX)
        return 0;
    for (uint32_t i = first; i < first + n; i++) {
        const struct head_edit *x = &e->edits[i];
        if (x->name_len > TEXT_MAX || x->value_len > TEXT_MAX ||
            !range_ok(x->text_off, x->name_len + x->value_len, TEXT_MAX))
            return 0;
    }
    return 1;
}

/* Builds the outgoing request head in the stream's image. */
static int image_write(struct stream *s, const uint32_t *cmd)
{
    BUG_ON(s->fields == NULL || s->head_bytes == NULL);
    CHECK_CONN(s->front);
    CHECK_STREAM(s);
    struct eng *e = s->eng;
    uint32_t wflags = 0, tries = 0;
    uint32_t need = POOL_SMALL_SIZE;
    if (s->up.in_kind == FRAMING_CHUNKED)
        wflags |= WRITE_CHUNKED | WRITE_DROP_CLEN;
    if (cmd[ABI_C_FLAGS] & ABI_FWD_CLOSE_SERVER || !(cmd[ABI_C_FLAGS] & ABI_FWD_KEEP_SERVER))
        wflags |= (cmd[ABI_C_FLAGS] & ABI_FWD_CLOSE_SERVER) ? WRITE_CONN_CLOSE : 0;
    if (s->req.version < 0x0101 &&
        s->up.in_kind !=
            FRAMING_CHUNKED) { /* a 1.0 message stays one, as HAProxy passes it (a deviation from RFC 9112 2.3) */
        wflags |= WRITE_VERSION_10;
        if (!(wflags & WRITE_CONN_CLOSE) && (cmd[ABI_C_FLAGS] & ABI_FWD_KEEP_SERVER))
            wflags |= WRITE_CONN_KEEPALIVE;
    }
    if (s->req.flags & HEAD_F_UPGRADE)
        wflags = (wflags & ~(uint32_t)WRITE_CONN_CLOSE) | WRITE_CONN_UPGRADE;
    if ((s->req.flags & HEAD_F_EXPECT_100) && (s->flags & STREAM_SENT_100))
        wflags |= WRITE_DROP_EXPECT;
    if (cmd[ABI_C_STAGE] != ABI_STAGE_NONE &&
        (s->up.state == DIR_BODY || s->up.state == DIR_TRAILERS || s->up.decoded > 0 || s->up.end_due)) {
        stage_open(&s->up, cmd[ABI_C_STAGE]);
        s->up.out_kind = FRAMING_CHUNKED;
        wflags |= WRITE_CHUNKED | WRITE_DROP_CLEN;
    }
    for (;;) {
        struct buf *b = buf_take(&e->pool, need);
        if (b == NULL)
            return -ENOMEM;
        int n = watched_write(e, b->mem, b->size, &s->req, s->head_bytes, s->fields,
                              e->edits + cmd[ABI_C_EDITS], cmd[ABI_C_NEDITS], wflags);
        if (n > 0) {
            b->len = (uint32_t)n;
            s->image = b;
            s->flags |= STREAM_CAPTURE;
            return 0;
        }
        buf_give(&e->pool, b);
        if (n != -ENOSPC || ++tries > 1)
            return n == 0 ? -EINVAL : n;
        need = e->pool.big_size;
    }
}

static void take_timeouts(struct stream *s)
{
    BUG_ON(s->backend >= s->eng->proc->nproxies);
    CHECK_STREAM(s);
    const uint32_t *t = s->eng->proc->proxies[s->backend].timeouts_ms;
    static const uint8_t back[] = {ABI_TIMEOUT_SERVER, ABI_TIMEOUT_CONNECT, ABI_TIMEOUT_TUNNEL,
                                   ABI_TIMEOUT_SERVER_FIN, ABI_TIMEOUT_QUEUE};
    for (size_t i = 0; i < sizeof(back); i++)
        s->timeouts_ms[back[i]] = t[back[i]];
}

/* FAIL_CLIENT_GONE leaves the server side as it is; a policy that goes on nevertheless begins anew. */
static void let_go(struct stream *s)
{
    CHECK_STREAM(s);
    CHECK_CONN(s->front);
    if (s->back == NULL)
        return;
    BUG_ON(s->back->stream != s);
    stream_drop_back(s, 0);
    stream_release_slot(s);
}

static int cmd_forward(struct stream *s, const uint32_t *cmd)
{
    CHECK_CONN(s->front);
    CHECK_STREAM(s);
    struct eng *e = s->eng;
    struct process *p = e->proc;
    uint32_t flags = cmd[ABI_C_FLAGS], server = cmd[ABI_C_SERVER], backend = cmd[ABI_C_BACKEND];
    const uint8_t *addr = NULL;
    int replay = (flags & ABI_FWD_REPLAY) != 0;
    if (s->state != ST_POLICY && s->state != ST_POLICY_FAIL && s->state != ST_WAIT)
        return -EPROTO;
    if (backend >= p->nproxies || (server != ABI_NONE && server >= p->nservers) ||
        (server == ABI_NONE && !(flags & ABI_FWD_ADDR)) || cmd[ABI_C_STAGE] > ABI_STAGE_RAW)
        return -EINVAL;
    if (!replay && !edits_ok(e, cmd))
        return -EINVAL;
    if (replay ? s->image == NULL || ((s->flags & STREAM_SENT) && !(s->flags & STREAM_CAPTURE))
               : !(s->flags & STREAM_TCP) && (s->fields == NULL || s->image != NULL))
        if (!(replay && (s->flags & STREAM_TCP) && !(s->flags & STREAM_SENT)))
            return -EPROTO;
    if (flags & ABI_FWD_ADDR) {
        if (!range_ok(cmd[ABI_C_ADDR], CONN_ADDR_LEN, TEXT_MAX))
            return -EINVAL;
        addr = e->text + cmd[ABI_C_ADDR];
    }
    if (cmd[ABI_C_PREFIX_LEN] > ABI_PREFIX_MAX || !range_ok(cmd[ABI_C_PREFIX], cmd[ABI_C_PREFIX_LEN], TEXT_MAX))
        return -EINVAL;
    if (!replay && !(s->flags & STREAM_TCP)) {
        int rc = image_write(s, cmd);
        if (rc < 0)
            return rc;
        if (!(s->flags & STREAM_REQ_PINNED)) { /* they end with this batch; the image is what a replay needs */
            s->fields = NULL;
            s->head_bytes = NULL;
        }
    }
    let_go(s);
    if (!(s->flags & STREAM_BECONN)) {
        s->flags |= STREAM_BECONN;
        live_add(&live_proxy(p, backend)->w[ABI_LIVE_PX_BECONN], 1);
    } else if (s->backend != backend) {
        live_add(&live_proxy(p, s->backend)->w[ABI_LIVE_PX_BECONN], -1);
        live_add(&live_proxy(p, backend)->w[ABI_LIVE_PX_BECONN], 1);
    }
    s->backend = backend;
    if (!(flags & ABI_FWD_SLOT) || server != s->server)
        stream_release_slot(s); /* granted by the queue, but not what policy goes on with */
    s->server = server;
    s->fwd_flags = flags;
    s->flags &= ~(uint32_t)STREAM_SENT;
    if ((flags & ABI_FWD_SLOT) && server != ABI_NONE)
        s->flags |= STREAM_SLOT;
    take_timeouts(s);
    server_connect(s, addr, addr == NULL ? 0 : CONN_ADDR_LEN,
                   &(struct prefix){.hash = cmd[ABI_C_CONN_HASH],
                                    .at = e->text + cmd[ABI_C_PREFIX],
                                    .len = cmd[ABI_C_PREFIX_LEN]});
    return 0;
}

static int cmd_forward_response(struct stream *s, const uint32_t *cmd)
{
    CHECK_STREAM(s);
    if (s->state != ST_POLICY_RES || s->back == NULL || s->fields == NULL)
        return -EPROTO;
    if (!edits_ok(s->eng, cmd) || cmd[ABI_C_STAGE] > ABI_STAGE_IDENTITY)
        return -EINVAL;
    return response_forward(s, s->eng->edits + cmd[ABI_C_EDITS], cmd[ABI_C_NEDITS], cmd[ABI_C_FLAGS],
                            cmd[ABI_C_STAGE]);
}

static int cmd_respond(struct stream *s, const uint32_t *cmd)
{
    CHECK_CONN(s->front);
    CHECK_STREAM(s);
    if (s->state == ST_FREE || s->state == ST_BODY || s->state == ST_TUNNEL || s->state == ST_LOCAL ||
        (s->flags & (STREAM_RESPONDING | STREAM_TCP)))
        return -EPROTO;
    if (!edits_ok(s->eng, cmd) || !range_ok(cmd[ABI_C_BODY], cmd[ABI_C_BODY_LEN], TEXT_MAX))
        return -EINVAL;
    if (s->state == ST_QUEUE)
        slot_queue_leave(s->eng->proc, &s->waiter);
    return local_respond(s, cmd);
}

static int cmd_wait(struct stream *s, const uint32_t *cmd)
{
    CHECK_CONN(s->front);
    CHECK_STREAM(s);
    struct eng *e = s->eng;
    if (s->state != ST_POLICY && s->state != ST_POLICY_FAIL && s->state != ST_WAIT)
        return -EPROTO;
    if (stream_pin(s) < 0)
        return -ENOMEM;
    let_go(s);
    s->state = ST_WAIT;
    s->wait_reasons = (uint8_t)(cmd[ABI_C_REASONS] & ~(uint32_t)ABI_WAKE_SLOT); /* that is QUEUE's */
    s->want_bytes = cmd[ABI_C_WANT_BYTES];
    s->deadline_ms = cmd[ABI_C_DEADLINE_MS] == ABI_NONE ? UINT64_MAX : e->now_ms + cmd[ABI_C_DEADLINE_MS];
    stream_timer(s);
    stream_run(s);
    return 0;
}

static int cmd_queue(struct stream *s, const uint32_t *cmd)
{
    BUG_ON(s->waiter.next != NULL);
    CHECK_CONN(s->front);
    CHECK_STREAM(s);
    struct eng *e = s->eng;
    struct process *p = e->proc;
    uint32_t server = cmd[ABI_C_SERVER], backend = cmd[ABI_C_BACKEND];
    if (s->state != ST_POLICY && s->state != ST_POLICY_FAIL && s->state != ST_WAIT)
        return -EPROTO;
    if (backend >= p->nproxies ||
        (server != ABI_NONE && (server >= p->nservers || p->servers[server].proxy != backend)))
        return -EINVAL;
    if (stream_pin(s) < 0)
        return -ENOMEM;
    let_go(s);
    stream_release_slot(s); /* who holds one and asks for another would wait for itself */
    if (!(s->flags & STREAM_BECONN)) {
        s->flags |= STREAM_BECONN;
        s->backend = backend;
        live_add(&live_proxy(p, backend)->w[ABI_LIVE_PX_BECONN], 1);
    }
    s->state = ST_QUEUE;
    s->wait_reasons = (uint8_t)(cmd[ABI_C_REASONS] | ABI_WAKE_SLOT);
    s->deadline_ms = cmd[ABI_C_DEADLINE_MS] == ABI_NONE ? UINT64_MAX : e->now_ms + cmd[ABI_C_DEADLINE_MS];
    memset(&s->waiter, 0, sizeof(s->waiter));
    s->waiter.thread = e->thread;
    s->waiter.stream = s->index;
    s->waiter.stream_gen = s->gen;
    s->waiter.backend = backend;
    s->waiter.server = server;
    slot_queue_join(p, &s->waiter);
    stream_timer(s);
    stream_run(s);
    return 0;
}

static int cmd_abort(struct stream *s, const uint32_t *cmd)
{
    CHECK_CONN(s->front);
    CHECK_STREAM(s);
    struct conn *c = s->front;
    if (s->state == ST_FREE || cmd[ABI_C_HOW] > ABI_ABORT_SILENT)
        return -EPROTO;
    if (cmd[ABI_C_TERM] != 0)
        stream_term(s, (char)(cmd[ABI_C_TERM] & 0xff), (char)(cmd[ABI_C_TERM] >> 8 & 0xff));
    if (!(s->flags & STREAM_RESPONDING))
        s->status = 0;
    c->flags |= CONN_NO_REUSE;
    if (cmd[ABI_C_HOW] != ABI_ABORT_CLOSE)
        c->flags |= CONN_RST_CLOSE;
    if (cmd[ABI_C_HOW] == ABI_ABORT_SILENT)
        conn_silence(c);
    s->flags &= ~(uint32_t)STREAM_KEEP_CLIENT;
    stream_end(s);
    return 0;
}

static int cmd_timeout(struct stream *s, const uint32_t *cmd)
{
    CHECK_STREAM(s);
    if (cmd[ABI_C_TIMER] >= ABI_TIMEOUT_COUNT)
        return -EINVAL;
    s->timeouts_ms[cmd[ABI_C_TIMER]] = cmd[ABI_C_TIMER_MS];
    stream_timer(s);
    return 0;
}

/* FORWARD with FWD_SLOT hands a slot over whatever becomes of the command: one that is refused gives it back. */
static void slot_back(struct eng *e, const struct stream *s, const uint32_t *cmd)
{
    CHECK_ENG(e);
    CHECK_PROCESS(e->proc);
    BUG_ON(s != NULL && s->eng != e);
    uint32_t server = cmd[ABI_C_SERVER];
    if (cmd[ABI_C_OP] != ABI_CMD_FORWARD || !(cmd[ABI_C_FLAGS] & ABI_FWD_SLOT) || server >= e->proc->nservers)
        return;
    if (s != NULL && (s->flags & STREAM_SLOT) && s->server == server)
        return; /* it was granted to this stream, which still holds it */
    slot_release(e->proc, server);
}

static int stream_command(struct eng *e, const uint32_t *cmd)
{
    CHECK_PROCESS(e->proc);
    CHECK_ENG(e);
    struct stream *s = stream_find(e, cmd[ABI_C_STREAM], cmd[ABI_C_STREAM_GEN]);
    int rc;
    if (s == NULL || (s->flags & STREAM_ENDING)) { /* the latter: policy has not heard of its end yet */
        e->count.stale_commands++;
        slot_back(e, NULL, cmd);
        return 0;
    }
    uint32_t gen = s->gen;
    recording_work(s);
    recording_event(s, RECORD_EV_COMMAND, cmd[ABI_C_OP], s->server, s->backend);
    switch (cmd[ABI_C_OP]) {
    case ABI_CMD_FORWARD: rc = cmd_forward(s, cmd); break;
    case ABI_CMD_FORWARD_RESPONSE: rc = cmd_forward_response(s, cmd); break;
    case ABI_CMD_RESPOND: rc = cmd_respond(s, cmd); break;
    case ABI_CMD_WAIT: rc = cmd_wait(s, cmd); break;
    case ABI_CMD_QUEUE: rc = cmd_queue(s, cmd); break;
    case ABI_CMD_ABORT: return cmd_abort(s, cmd);
    case ABI_CMD_BODY:
        if (!range_ok(cmd[ABI_C_BODY], cmd[ABI_C_BODY_LEN], TEXT_MAX))
            return -EINVAL;
        return local_body(s, cmd);
    default: return cmd_timeout(s, cmd);
    }
    if (rc < 0)
        slot_back(e, s, cmd);
    if (rc == 0 && s->gen == gen && s->state != ST_POLICY && s->state != ST_POLICY_FAIL &&
        s->state != ST_POLICY_RES)
        s->flags |= STREAM_ANSWERED;
    return rc;
}

/* A slot that policy took will not be used; one that the queue granted is the stream's, and given back once. */
static int cmd_release_slot(struct eng *e, const uint32_t *cmd)
{
    CHECK_ENG(e);
    CHECK_PROCESS(e->proc);
    struct stream *s = stream_find(e, cmd[ABI_C_STREAM], cmd[ABI_C_STREAM_GEN]);
    BUG_ON(s != NULL && (s->flags & STREAM_SLOT) && s->server >= e->proc->nservers);
    if (cmd[3] >= e->proc->nservers)
        return -EINVAL;
    if (s == NULL || !(s->flags & STREAM_SLOT) || s->server != cmd[3])
        return slot_release(e->proc, cmd[3]);
    stream_release_slot(s);
    return 0;
}

static int plain_command(struct eng *e, const uint32_t *cmd)
{
    CHECK_PROCESS(e->proc);
    CHECK_ENG(e);
    struct process *p = e->proc;
    struct mail m;
    memset(&m, 0, sizeof(m));
    switch (cmd[ABI_C_OP]) {
    case ABI_CMD_PROBE:
        if (!range_ok(cmd[ABI_C_PROBE_ADDR], cmd[ABI_C_PROBE_ADDR_LEN], TEXT_MAX) ||
            !range_ok(cmd[ABI_C_PROBE_SEND], cmd[ABI_C_PROBE_SEND_LEN], TEXT_MAX) ||
            cmd[ABI_C_PROBE_EXPECT] > ABI_PROBE_EXPECT_BYTES)
            return -EINVAL;
        return probe_start(e, cmd);
    case ABI_CMD_LOG:
        if (cmd[ABI_C_TARGET] >= LOG_TARGETS_MAX ||
            !range_ok(cmd[ABI_C_LOG_TEXT], cmd[ABI_C_LOG_LEN], TEXT_MAX))
            return -EINVAL;
        log_put(e, cmd[ABI_C_TARGET], e->text + cmd[ABI_C_LOG_TEXT], cmd[ABI_C_LOG_LEN]);
        return 0;
    case ABI_CMD_POST:
        m.op = MAIL_POST;
        m.index = cmd[ABI_C_STREAM];
        m.gen = cmd[ABI_C_STREAM_GEN];
        return mailbox_send(p, cmd[ABI_C_THREAD], &m);
    case ABI_CMD_CONTROL:
        m.op = MAIL_CONTROL;
        m.index = cmd[2];
        memcpy(m.arg, cmd + 3, sizeof(m.arg));
        if (cmd[1] != ABI_NONE)
            return mailbox_send(p, cmd[1], &m);
        for (uint32_t t = 0; t < p->limits.threads; t++)
            mailbox_send(p, t, &m);
        return 0;
    case ABI_CMD_CONNECTION: return opening_command(e, cmd);
    case ABI_CMD_RELEASE_SLOT: return cmd_release_slot(e, cmd);
    case ABI_CMD_KICK_QUEUE:
        if (cmd[3] >= p->nproxies)
            return -EINVAL;
        slot_queue_kick(p, cmd[3]);
        return 0;
    default: return -ENOSYS;
    }
}

void command_exec(struct eng *e, uint32_t n)
{
    CHECK_PROCESS(e->proc);
    CHECK_ENG(e);
    n = MIN(n, COMMANDS_MAX);
    for (uint32_t i = 0; i < n; i++) {
        const uint32_t *cmd = e->commands + i * ABI_COMMAND_WORDS;
        uint32_t op = cmd[ABI_C_OP];
        e->count.commands++;
        e->rec.thread->command = op;
        int rc = (op >= ABI_CMD_FORWARD && op <= ABI_CMD_BODY) || op == ABI_CMD_TIMEOUT
                     ? stream_command(e, cmd)
                     : plain_command(e, cmd);
        if (rc < 0)
            e->count.bad_commands++;
        recording_rest(e);
    }
}
