/* The policy of the model (sim_model.h): it answers every event in one of the ways that are allowed there, at random, and
 * checks what it is told: streams begin and end once, heads name the request, granted slots are those that were asked for. */
#include "sim_model.h"

static struct {
    uint32_t n, edits, text; /* of this batch */
} out;

static uint32_t *command_put(uint32_t stream, uint32_t gen, uint32_t op)
{
    uint32_t *cmd = model.eng->commands + out.n++ * ABI_COMMAND_WORDS;
    memset(cmd, 0, ABI_COMMAND_WORDS * sizeof(*cmd));
    cmd[ABI_C_OP] = op;
    cmd[ABI_C_STREAM] = stream;
    cmd[ABI_C_STREAM_GEN] = gen;
    return cmd;
}

static uint32_t *command(const uint32_t *ev, uint32_t op)
{
    struct model_stream *m = &model.streams[ev[ABI_E_STREAM]];
    BUG_ON(!m->alive || m->gen != ev[ABI_E_STREAM_GEN] || m->answered);
    m->answered = 1;
    MODEL_SAY("  command %u for stream %u\n", op, ev[ABI_E_STREAM]);
    return command_put(ev[ABI_E_STREAM], ev[ABI_E_STREAM_GEN], op);
}

static void edit_put(uint32_t op, const char *name, const char *value)
{
    struct head_edit *x = &model.eng->edits[out.edits++];
    *x = (struct head_edit){.op = (uint16_t)op,
                            .text_off = out.text,
                            .name_len = (uint32_t)strlen(name),
                            .value_len = (uint32_t)strlen(value)};
    memcpy(model.eng->text + out.text, name, x->name_len);
    memcpy(model.eng->text + out.text + x->name_len, value, x->value_len);
    out.text += x->name_len + x->value_len;
}

static uint32_t body_put(uint32_t id, uint32_t from, uint32_t len)
{
    uint32_t at = out.text;
    for (uint32_t i = 0; i < len; i++)
        model.eng->text[out.text++] = model_byte(id, 2, from + i);
    return at;
}

static void respond(const uint32_t *ev, const char *status)
{
    struct model_stream *m = &model.streams[ev[ABI_E_STREAM]];
    uint32_t *cmd = command(ev, ABI_CMD_RESPOND), len = m->id == 0 ? 0 : model_local_len(m->id);
    char id[16];
    snprintf(id, sizeof(id), "%u", m->id);
    cmd[ABI_C_EDITS] = out.edits;
    edit_put(EDIT_STATUS, "", status);
    edit_put(EDIT_REASON, "", "Model");
    edit_put(EDIT_ADD, "x-id", id);
    edit_put(EDIT_ADD, "x-local", "1");
    cmd[ABI_C_NEDITS] = out.edits - cmd[ABI_C_EDITS];
    if (one_in(3)) {
        cmd[ABI_C_FLAGS] = ABI_RSP_MORE;
        len = (uint32_t)pick(len + 1);
        m->more_at = len;
    }
    cmd[ABI_C_BODY] = body_put(m->id, 0, len);
    cmd[ABI_C_BODY_LEN] = len;
}

/* WAKE_DRAINED: another piece of a RESPOND|MORE body. */
static void respond_more(const uint32_t *ev)
{
    struct model_stream *m = &model.streams[ev[ABI_E_STREAM]];
    uint32_t whole = m->id == 0 ? 0 : model_local_len(m->id), len = (uint32_t)pick(whole - m->more_at + 1);
    if (one_in(2))
        len = whole - m->more_at;
    uint32_t *cmd = command(ev, ABI_CMD_BODY);
    cmd[ABI_C_BODY] = body_put(m->id, m->more_at, len);
    cmd[ABI_C_BODY_LEN] = len;
    m->more_at += len;
    if (m->more_at == whole)
        cmd[ABI_C_FLAGS] = ABI_RSP_LAST;
}

static void wait(const uint32_t *ev, uint32_t reasons)
{
    uint32_t *cmd = command(ev, ABI_CMD_WAIT);
    cmd[ABI_C_REASONS] = reasons;
    cmd[ABI_C_DEADLINE_MS] = 1 + (uint32_t)pick(300);
    cmd[ABI_C_WANT_BYTES] = one_in(2) ? (uint32_t)pick(20000) : ABI_NONE;
    uint32_t at = model.nwaiting++ % ARRAY_LEN(model.waiting);
    model.waiting[at].stream = ev[ABI_E_STREAM];
    model.waiting[at].gen = ev[ABI_E_STREAM_GEN];
}

static void queue(const uint32_t *ev, uint32_t server)
{
    uint32_t *cmd = command(ev, ABI_CMD_QUEUE);
    cmd[ABI_C_SERVER] = one_in(2) ? server : ABI_NONE;
    cmd[ABI_C_BACKEND] = 0;
    cmd[ABI_C_REASONS] = ABI_WAKE_DEADLINE | ABI_WAKE_ABORT;
    cmd[ABI_C_DEADLINE_MS] = 100000;
}

static void forward_to(const uint32_t *ev, uint32_t server)
{
    struct model_stream *m = &model.streams[ev[ABI_E_STREAM]];
    uint32_t *cmd = command(ev, ABI_CMD_FORWARD);
    static const uint32_t some[] = {ABI_FWD_WANT_RESPONSE,
                                    ABI_FWD_REUSE_IDLE,
                                    ABI_FWD_REUSE_IDLE | ABI_FWD_REUSE_UNSAFE,
                                    ABI_FWD_KEEP_SERVER,
                                    ABI_FWD_SPLICE_RES | ABI_FWD_SPLICE_REQ,
                                    ABI_FWD_ABORT_ON_CLOSE,
                                    ABI_FWD_PRIVATE};
    cmd[ABI_C_FLAGS] = ABI_FWD_SLOT;
    for (size_t i = 0; i < ARRAY_LEN(some); i++)
        cmd[ABI_C_FLAGS] |= one_in(2) ? some[i] : 0;
    cmd[ABI_C_SERVER] = server;
    cmd[ABI_C_BACKEND] = 0;
    MODEL_SAY("  to server %u%s\n", server, m->replay ? ", again" : "");
    model.forwards[m->id]++;
    m->attempts++;
    if (m->replay) {
        cmd[ABI_C_FLAGS] |= ABI_FWD_REPLAY;
        return;
    }
    m->replay = 1;
    cmd[ABI_C_EDITS] = out.edits;
    edit_put(EDIT_ADD, "x-added", "by policy");
    if (one_in(6) && m->id != 0 && model_spec(m->id).req_len > 0) {
        cmd[ABI_C_STAGE] = ABI_STAGE_GZIP;
        edit_put(EDIT_ADD, "content-encoding", "gzip");
    }
    cmd[ABI_C_NEDITS] = out.edits - cmd[ABI_C_EDITS];
}

/* To a server with a free slot, else into the queue. */
static void forward(const uint32_t *ev)
{
    uint32_t server = (uint32_t)pick(2);
    if (!slot_try(process_get(), server))
        server = 1 - server;
    else {
        forward_to(ev, server);
        return;
    }
    if (slot_try(process_get(), server))
        forward_to(ev, server);
    else
        queue(ev, server);
}

static void on_request(const uint32_t *ev)
{
    switch (pick(10)) {
    case 0: respond(ev, "200"); return;
    case 1: wait(ev, ABI_WAKE_BYTES | ABI_WAKE_ABORT | ABI_WAKE_DEADLINE); return;
    case 2: wait(ev, ABI_WAKE_POSTED | ABI_WAKE_DEADLINE); return;
    default: forward(ev);
    }
}

static void on_response(const uint32_t *ev)
{
    struct model_stream *m = &model.streams[ev[ABI_E_STREAM]];
    struct spec x = model_spec(m->id);
    if (one_in(20)) {
        respond(ev, "502");
        return;
    }
    uint32_t *cmd = command(ev, ABI_CMD_FORWARD_RESPONSE);
    cmd[ABI_C_EDITS] = out.edits;
    if (one_in(3) && !x.head && x.res_body != BODY_NONE) {
        cmd[ABI_C_STAGE] = ABI_STAGE_GZIP;
        edit_put(EDIT_ADD, "content-encoding", "gzip");
    } else if (one_in(8)) {
        cmd[ABI_C_STAGE] = ABI_STAGE_IDENTITY;
    }
    cmd[ABI_C_NEDITS] = out.edits - cmd[ABI_C_EDITS];
}

static void on_fail(const uint32_t *ev)
{
    struct model_stream *m = &model.streams[ev[ABI_E_STREAM]];
    int gone = ev[ABI_E_KIND] == ABI_EV_FAIL && ev[ABI_E_REASON] == ABI_FAIL_CLIENT_GONE;
    BUG_ON(m->attempts == 0);
    if (gone && !one_in(8)) {
        command(ev, ABI_CMD_ABORT)[ABI_C_TERM] = 'C' | 'H' << 8;
    } else if ((ev[ABI_E_FLAGS] & ABI_EVF_REPLAYABLE) && m->attempts < 4) {
        if (one_in(4))
            wait(ev, ABI_WAKE_DEADLINE); /* the turn-around of a retry */
        else
            forward(ev);
    } else {
        respond(ev, "503");
    }
}

static void on_wake(const uint32_t *ev)
{
    struct model_stream *m = &model.streams[ev[ABI_E_STREAM]];
    switch (ev[ABI_E_REASON]) {
    case ABI_WAKE_SLOT:
        BUG_ON(ev[ABI_E_ARG] > 1);
        if (one_in(15)) { /* changed its mind: the slot must not be lost, nor given back twice */
            if (one_in(2))
                command_put(ev[ABI_E_STREAM], ev[ABI_E_STREAM_GEN], ABI_CMD_RELEASE_SLOT)[3] = ev[ABI_E_ARG];
            respond(ev, "503");
        } else if (one_in(15))
            queue(ev, 1 - ev[ABI_E_ARG]);
        else
            forward_to(ev, ev[ABI_E_ARG]);
        return;
    case ABI_WAKE_DRAINED: respond_more(ev); return;
    case ABI_WAKE_ABORT:
        BUG_ON(model.strict);
        command(ev, ABI_CMD_ABORT);
        return;
    default:
        for (uint32_t i = 0; i < ev[ABI_E_BODY_LEN]; i++)
            BUG_ON(model.eng->arena[ev[ABI_E_BODY] + i] != model_byte(m->id, 0, i));
        if (one_in(6) && m->attempts == 0)
            wait(ev, ABI_WAKE_BYTES | ABI_WAKE_ABORT | ABI_WAKE_DEADLINE);
        else if (one_in(6))
            respond(ev, "403");
        else
            forward(ev);
    }
}

static uint32_t target_id(const uint32_t *ev)
{
    const struct head *h = (const struct head *)(const void *)(model.eng->arena + (size_t)ev[ABI_E_HEAD] * 4);
    const char *target = (const char *)model.eng->arena + ev[ABI_E_TEXT] + h->target_off;
    BUG_ON(ev[ABI_E_HEAD] == ABI_NONE || *target != '/');
    uint32_t id = (uint32_t)atoi(target + 1);
    return id > model.next_id ? 0 : id; /* a broken client's */
}

static void begin(const uint32_t *ev)
{
    BUG_ON(ev[ABI_E_STREAM] >= ARRAY_LEN(model.streams));
    struct model_stream *m = &model.streams[ev[ABI_E_STREAM]];
    BUG_ON(m->alive);
    *m = (struct model_stream){.gen = ev[ABI_E_STREAM_GEN], .alive = 1};
    if (ev[ABI_E_KIND] == ABI_EV_REQUEST)
        m->id = target_id(ev);
}

static void end(const uint32_t *ev)
{
    struct model_stream *m = &model.streams[ev[ABI_E_STREAM]];
    BUG_ON(!m->alive || m->gen != ev[ABI_E_STREAM_GEN]); /* once, and only what began */
    m->alive = 0;
    model.ends++;
    uint32_t at = model.nold++ % ARRAY_LEN(model.old);
    model.old[at].stream = ev[ABI_E_STREAM];
    model.old[at].gen = ev[ABI_E_STREAM_GEN];
}

static void event(const uint32_t *ev)
{
    uint32_t kind = ev[ABI_E_KIND];
    if (kind == ABI_EV_REQUEST || kind == ABI_EV_BAD_REQUEST)
        begin(ev);
    if (kind <= ABI_EV_WAKE || kind == ABI_EV_BAD_RESPONSE)
        model.streams[ev[ABI_E_STREAM]].answered = 0;
    if (kind != ABI_EV_SESSION_END)
        MODEL_SAY("%llu: event %u of stream %u (request %u), reason %u, flags %x\n",
                  (unsigned long long)sim.now_ms, kind, ev[ABI_E_STREAM], model.streams[ev[ABI_E_STREAM]].id,
                  ev[ABI_E_REASON], ev[ABI_E_FLAGS]);
    if (kind == ABI_EV_END)
        MODEL_SAY("  term %.2s status %u flags %x\n", (const char *)(ev + ABI_X_TERM), ev[ABI_X_STATUS],
                  ev[ABI_X_FLAGS]);
    switch (kind) {
    case ABI_EV_REQUEST: on_request(ev); return;
    case ABI_EV_RESPONSE: on_response(ev); return;
    case ABI_EV_BAD_REQUEST: respond(ev, "400"); return;
    case ABI_EV_FAIL:
    case ABI_EV_BAD_RESPONSE: on_fail(ev); return;
    case ABI_EV_WAKE: on_wake(ev); return;
    case ABI_EV_END: end(ev); return;
    default: return;
    }
}

uint32_t model_policy(void *ctx, uint32_t nevents)
{
    const uint32_t *ev = model.eng->events;
    (void)ctx;
    memset(&out, 0, sizeof(out));
    for (uint32_t i = 0; i < nevents; i++) {
        event(ev);
        ev += ev[ABI_E_KIND] == ABI_EV_END ? ABI_EVENT_END_WORDS : ABI_EVENT_WORDS;
    }
    return out.n;
}

void model_command(void)
{
    memset(&out, 0, sizeof(out));
    if (model.nwaiting > 0 && one_in(2)) {
        uint32_t at = (uint32_t)pick(MIN(model.nwaiting, ARRAY_LEN(model.waiting)));
        command_put(model.waiting[at].stream, model.waiting[at].gen, ABI_CMD_POST)[ABI_C_THREAD] = 0;
    }
    if (model.nold > 0 && one_in(2)) {
        static const uint32_t ops[] = {ABI_CMD_FORWARD_RESPONSE,
                                       ABI_CMD_RESPOND,
                                       ABI_CMD_WAIT,
                                       ABI_CMD_QUEUE,
                                       ABI_CMD_ABORT,
                                       ABI_CMD_BODY,
                                       ABI_CMD_TIMEOUT,
                                       ABI_CMD_FORWARD};
        uint32_t at = (uint32_t)pick(MIN(model.nold, ARRAY_LEN(model.old))),
                 stale = (uint32_t)model.eng->count.stale_commands;
        command_put(model.old[at].stream, model.old[at].gen, ops[pick(ARRAY_LEN(ops))]);
        eng_exec(model.eng, out.n);
        BUG_ON(model.eng->count.stale_commands != stale + 1); /* dropped and counted, nothing else */
        return;
    }
    eng_exec(model.eng, out.n);
}
