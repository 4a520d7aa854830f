/* Hot path. Copies of what struct stream holds, for whoever looks after a death: a stream's slot is written when it begins,
 * when its head is there, whenever its state machine has run, and before the encoder gets a piece of it. */
#include "recording.h"
#include "crash/fault.h"

STATIC_ASSERT(RECORD_ST_ENDED == ST_ENDED && RECORD_ST_BODY == ST_BODY && RECORD_ST_FREE == ST_FREE);
STATIC_ASSERT(RECORD_MODE_BALANCED == SLZ_BALANCED && RECORD_FORMAT_IDENTITY == ABI_STAGE_IDENTITY);
STATIC_ASSERT(sizeof(((struct record_stream *)0)->encoder) == sizeof(struct slz));
STATIC_ASSERT(RECORD_ADDR_LEN == CONN_ADDR_LEN && RECORD_NONE == ABI_NONE);

static struct record_stream *slot_of(const struct stream *s)
{
    CHECK_ENG(s->eng);
    return recorder_slot(&s->eng->rec, s->index);
}

static int is_own(const struct record_stream *slot, const struct stream *s)
{
    return slot->gen == s->gen && slot->index == s->index;
}

/* All of it but the texts. */
static struct record_stream *slot_take(const struct stream *s)
{
    struct record_stream *slot = slot_of(s);
    const struct conn *front = s->front;
    CHECK_CONN(front);
    BUG_ON(front->addr_len > RECORD_ADDR_LEN);
    if (slot->state != RECORD_ST_FREE)
        s->eng->rec.thread->slots_lost++;
    slot->state = RECORD_ST_FREE; /* while it is half one, half the other */
    slot->index = s->index;
    slot->gen = s->gen;
    slot->frontend = s->frontend;
    slot->listener = front->listener;
    slot->conn = front->index;
    slot->conn_gen = atomic_load_explicit(&front->gen, memory_order_relaxed);
    slot->accept_wall_ms = s->accept_wall_ms;
    slot->accept_ms = s->accept_ms;
    slot->encoder_format = slot->encoder_mode = slot->encoder_up = 0;
    slot->encoder_in = slot->encoder_out = 0;
    slot->addr_len = front->addr_len;
    memcpy(slot->addr, front->addr, RECORD_ADDR_LEN);
    slot->line_len = slot->host_len = 0;
    slot->line[0] = slot->host[0] = 0;
    return slot;
}

void recording_note(const struct stream *s)
{
    struct record_stream *slot = slot_of(s);
    if (!is_own(slot, s))
        return;
    slot->state = s->state;
    slot->flags = s->flags;
    slot->backend = s->backend;
    slot->server = s->server;
    slot->server_conn = s->back == NULL ? RECORD_NONE : s->back->index;
    slot->status = s->status;
    slot->term[0] = s->term_who;
    slot->term[1] = s->term_when;
    slot->up_state = s->up.state;
    slot->down_state = s->down.state;
    slot->request_ms = s->t_request;
    slot->queue_ms = s->t_queue;
    slot->connect_ms = s->t_connect;
    slot->response_ms = s->t_data;
    slot->deadline_ms = s->deadline_ms;
    slot->bytes_in = s->bytes_in;
    slot->bytes_out = s->bytes_out;
}

void recording_begin(const struct stream *s)
{
    slot_take(s);
    recording_note(s);
}

static uint16_t text_put(char *to, uint32_t room, uint32_t at, const uint8_t *text, uint32_t len)
{
    BUG_ON(at >= room);
    len = MIN(len, room - 1 - at);
    memcpy(to + at, text, len);
    to[at + len] = 0;
    return (uint16_t)(at + len);
}

static uint16_t line_put(char line[RECORD_LINE_LEN], const struct head *h, const uint8_t *bytes)
{
    BUG_ON(h->kind != HEAD_REQUEST);
    uint32_t at = text_put(line, RECORD_LINE_LEN, 0, bytes + h->method_off, h->method_len);
    at = text_put(line, RECORD_LINE_LEN, at, (const uint8_t *)" ", 1);
    at = text_put(line, RECORD_LINE_LEN, at, bytes + h->target_off, h->target_len);
    return text_put(line, RECORD_LINE_LEN, at,
                    (const uint8_t *)(h->version < 0x0101 ? " HTTP/1.0" : " HTTP/1.1"), 9);
}

void recording_head(const struct stream *s, const struct head *h, const struct head_field *f,
                    const uint8_t *bytes)
{
    struct record_stream *slot = slot_of(s);
    BUG_ON(h->kind != HEAD_REQUEST);
#ifdef FAULT_INJECTION
    char line[RECORD_LINE_LEN]; /* of those without a slot, too */
    line_put(line, h, bytes);
    fault_request(line);
#endif
    if (!is_own(slot, s))
        return;
    slot->line_len = line_put(slot->line, h, bytes);
    if (h->host_field != HEAD_NONE) {
        const struct head_field *host = &f[h->host_field];
        slot->host_len = text_put(slot->host, RECORD_HOST_LEN, 0, bytes + host->value_off, host->value_len);
    }
    recording_event(s, RECORD_EV_REQUEST, s->front->index, h->len, h->nfields);
}

void recording_end(const struct stream *s)
{
    struct record_stream *slot = slot_of(s);
    if (is_own(slot, s))
        slot->state = RECORD_ST_FREE;
    recording_event(s, RECORD_EV_END, s->status, s->term_who | (uint32_t)s->term_when << 8,
                    (uint32_t)(s->eng->now_ms - s->accept_ms));
}

void recording_encode(const struct stream *s, const struct dir *d)
{
    struct record_stream *slot = slot_of(s);
    BUG_ON(d != &s->up && d != &s->down);
    if (unlikely(!is_own(slot, s))) {
        slot_take(s);
        if (s->image != NULL && s->image->off == 0) { /* the line as it was sent, if that is still there */
            uint32_t n = 0;
            while (n < s->image->len && n < RECORD_LINE_LEN - 1 && s->image->mem[n] != '\r')
                n++;
            slot->line_len = text_put(slot->line, RECORD_LINE_LEN, 0, s->image->mem, n);
        }
    }
    recording_note(s);
    slot->encoder_format = d->stage;
    slot->encoder_mode = d->slz.mode;
    slot->encoder_up = d == &s->up;
    memcpy(slot->encoder, &d->slz, sizeof(d->slz));
}

void recording_encoded(const struct stream *s, const struct dir *d, uint32_t len, uint32_t out_len)
{
    struct record_stream *slot = slot_of(s);
    BUG_ON(!is_own(slot, s));
    slot->encoder_in += len;
    slot->encoder_out += out_len;
    recording_event(s, RECORD_EV_ENCODE, len, out_len, d->stage | (uint32_t)d->slz.mode << 8);
}
