/* The mailbox of mailbox.h: a mutex and a growing ring, because mail is rare and losing a slot grant would lose the slot. */
#include "mailbox.h"
#include <errno.h>

#define MAILBOX_START 64

int mailboxes_init(struct process *p)
{
    CHECK_PROCESS(p);
    BUG_ON(p->mailboxes != NULL);
    p->mailboxes = calloc(THREADS_MAX, sizeof(*p->mailboxes));
    if (p->mailboxes == NULL)
        return -ENOMEM;
    for (int i = 0; i < THREADS_MAX; i++)
        pthread_mutex_init(&p->mailboxes[i].lock, NULL);
    return 0;
}

void mailboxes_reset(struct process *p)
{
    CHECK_PROCESS(p);
    for (int i = 0; p->mailboxes != NULL && i < THREADS_MAX; i++) {
        free(p->mailboxes[i].ring);
        pthread_mutex_destroy(&p->mailboxes[i].lock);
    }
    free(p->mailboxes);
    p->mailboxes = NULL;
}

int mailbox_open(struct mailbox *m, const struct sys *sys, int wake_fd)
{
    int rc = 0;
    BUG_ON(wake_fd < 0);
    pthread_mutex_lock(&m->lock);
    if (m->ring == NULL) {
        m->ring = malloc(MAILBOX_START * sizeof(*m->ring));
        m->size = MAILBOX_START;
    }
    if (m->ring == NULL)
        rc = -ENOMEM;
    m->head = m->count = 0;
    m->sys = sys;
    m->wake_fd = wake_fd;
    m->open = rc == 0;
    pthread_mutex_unlock(&m->lock);
    return rc;
}

void mailbox_close(struct mailbox *m)
{
    pthread_mutex_lock(&m->lock);
    m->open = 0;
    pthread_mutex_unlock(&m->lock);
}

static int grow(struct mailbox *m)
{
    BUG_ON(m->ring == NULL);
    BUG_ON(m->count > m->size);
    if (m->size >= MAILBOX_MAX)
        return -ENOBUFS;
    struct mail *ring = malloc((size_t)m->size * 2 * sizeof(*ring));
    if (ring == NULL)
        return -ENOBUFS;
    for (uint32_t i = 0; i < m->count; i++)
        ring[i] = m->ring[(m->head + i) & (m->size - 1)];
    free(m->ring);
    m->ring = ring;
    m->head = 0;
    m->size *= 2;
    return 0;
}

int mailbox_send(struct process *p, uint32_t thread, const struct mail *mail)
{
    CHECK_PROCESS(p);
    int rc = 0, first;
    if (thread >= THREADS_MAX)
        return -ENXIO;
    struct mailbox *m = &p->mailboxes[thread];
    pthread_mutex_lock(&m->lock);
    first = m->count == 0;
    if (!m->open)
        rc = -ENXIO;
    else if (m->count == m->size)
        rc = grow(m);
    if (rc == 0) {
        m->ring[(m->head + m->count) & (m->size - 1)] = *mail;
        m->count++;
        atomic_store_explicit(&m->pending, m->count, memory_order_relaxed);
        if (first)
            m->sys->wake_signal(m->sys->ctx, m->wake_fd);
    }
    pthread_mutex_unlock(&m->lock);
    return rc;
}

uint32_t mailbox_take(struct mailbox *m, struct mail *out, uint32_t max)
{
    BUG_ON(out == NULL || max == 0);
    uint32_t n;
    pthread_mutex_lock(&m->lock);
    n = MIN(max, m->count);
    BUG_ON(m->count > m->size);
    for (uint32_t i = 0; i < n; i++)
        out[i] = m->ring[(m->head + i) & (m->size - 1)];
    m->head = (m->head + n) & (m->size - 1);
    m->count -= n;
    atomic_store_explicit(&m->pending, m->count, memory_order_relaxed);
    pthread_mutex_unlock(&m->lock);
    return n;
}
