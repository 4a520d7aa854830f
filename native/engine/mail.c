/* Mail from other threads: a slot that was granted, a wake-up, a connection to adopt, a control message, room to accept. */
#include "eng.h"
#include "trace.h"

#define MAIL_BATCH 64 /* messages taken at once */

/* Mail that nobody will read: a granted slot must not be lost with it. */
void mail_drop(struct eng *e)
{
    CHECK_ENG(e);
    struct mail m;
    mailbox_close(&e->proc->mailboxes[e->thread]);
    while (mailbox_take(&e->proc->mailboxes[e->thread], &m, 1) == 1) {
        if (m.op == MAIL_SLOT)
            slot_release(e->proc, m.arg[0]);
        if (m.op != MAIL_ADOPT)
            continue;
        struct conn *c = conn_find(e->proc, m.index, m.gen);
        if (c == NULL)
            continue;
        c->eng = e;
        c->thread = (uint16_t)e->thread;
        c->flags |= CONN_COUNTED;
        e->client_conns++;
        listener_release(e, c);
        conn_close(c);
    }
}

static void mail_handle(struct eng *e, const struct mail *m)
{
    CHECK_PROCESS(e->proc);
    CHECK_ENG(e);
    struct stream *s;
    struct conn *c;
    switch (m->op) {
    case MAIL_SLOT:
        s = stream_find(e, m->index, m->gen);
        if (s == NULL || (s->flags & STREAM_ENDING) ||
            (s->state != ST_QUEUE && (s->state != ST_WAIT || !(s->wait_reasons & ABI_WAKE_SLOT)))) {
            slot_release(e->proc, m->arg[0]); /* its stream is gone: the next in the queue has it */
            return;
        }
        BUG_ON(m->arg[0] >= e->proc->nservers);
        slot_queue_leave(e->proc, &s->waiter); /* a grant of an earlier wait: this one is over too */
        stream_release_slot(s);
        s->server = m->arg[0];
        s->flags |= STREAM_SLOT;
        stream_wake(s, ABI_WAKE_SLOT, m->arg[0]);
        return;
    case MAIL_POST:
        s = stream_find(e, m->index, m->gen);
        if (s != NULL && (s->state == ST_WAIT || s->state == ST_QUEUE) && (s->wait_reasons & ABI_WAKE_POSTED))
            stream_wake(s, ABI_WAKE_POSTED, 0);
        return;
    case MAIL_ADOPT:
        c = conn_find(e->proc, m->index, m->gen);
        if (c != NULL) {
            e->count.adopted++;
            listener_adopt(e, c);
        }
        return;
    case MAIL_CONTROL:
        if (event_room(e, 0)) {
            uint32_t *ev = event_put(e, ABI_EV_CONTROL, ABI_EVENT_WORDS);
            ev[1] = m->index;
            memcpy(ev + 2, m->arg, sizeof(m->arg));
        }
        return;
    default: listener_resume(e);
    }
}

void mail_read(struct eng *e)
{
    CHECK_PROCESS(e->proc);
    CHECK_ENG(e);
    struct mail mail[MAIL_BATCH];
    uint32_t n;
    e->sys->wake_clear(e->sys->ctx, e->wake_fd);
    while ((n = mailbox_take(&e->proc->mailboxes[e->thread], mail, MAIL_BATCH)) > 0) {
        if (e->traced)
            trace_mail(e, mail, n);
        for (uint32_t i = 0; i < n; i++) {
            if (!event_room(e, e->pool.big_size))
                eng_flush(e);
            mail_handle(e, &mail[i]);
        }
    }
}
