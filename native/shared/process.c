/* The one instance of process.h and its tables. Filled by main before data threads start; afterwards only atomics, and
 * what the named locks guard, change. */
#define _GNU_SOURCE
#include "process.h"
#include "../engine/conn.h"
#include "idle.h"
#include "mailbox.h"
#include "slots.h"
#include <errno.h>
#include <sys/auxv.h>
#include <sys/mman.h>

#define CONNS_LIMIT (1u << 24) /* connections of a process */

static struct process the_process;

struct process *process_get(void)
{
    return &the_process;
}

/* The kernel gives every program 16 random bytes. */
static void hash_key_init(struct process *p)
{
    const void *random = (const void *)getauxval(AT_RANDOM);
    STATIC_ASSERT(sizeof(p->hash_key) == 16);
    if (random != NULL)
        memcpy(p->hash_key, random, sizeof(p->hash_key));
}

static size_t conns_bytes(const struct process *p)
{
    return (size_t)p->limits.conns_max * sizeof(struct conn);
}

static int tables_init(struct process *p)
{
    BUG_ON(p->proxies != NULL || p->conns != NULL);
    p->proxies = calloc(p->nproxies + 1, sizeof(*p->proxies));
    p->servers = calloc(p->nservers + 1, sizeof(*p->servers));
    p->listeners = calloc(p->nlisteners + 1, sizeof(*p->listeners));
    if (p->proxies == NULL || p->servers == NULL || p->listeners == NULL)
        return -ENOMEM;
    for (uint32_t i = 0; i < p->nservers; i++)
        pthread_mutex_init(&p->servers[i].lock, NULL);
    for (uint32_t i = 0; i < p->nlisteners; i++)
        p->listeners[i].fd = -1;
    for (uint32_t i = 0; i < LOG_TARGETS_MAX; i++)
        p->logs[i] = (struct log_target){.kind = -1, .fd = -1};
    p->cookies_seen = calloc(COOKIES_SEEN_MAX, sizeof(*p->cookies_seen)); /* pages nobody touches cost nothing */
    if (p->cookies_seen == NULL)
        return -ENOMEM;
    void *conns = mmap(NULL, conns_bytes(p), PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (conns == MAP_FAILED)
        return -ENOMEM;
    p->conns = conns;
    return 0;
}

int process_init(struct live *live, uint32_t proxies, uint32_t servers, uint32_t listeners,
                 const struct limits *l)
{
    struct process *p = &the_process;
    if (p->magic != 0)
        return -EALREADY;
    if (l->threads == 0 || l->threads > THREADS_MAX || l->conns_max == 0 || l->conns_max > CONNS_LIMIT)
        return -EINVAL;
    if (l->bufsize < 4096 || l->bufsize > (1u << 24) || l->maxrewrite >= l->bufsize || l->max_fields == 0)
        return -EINVAL;
    memset(p, 0, sizeof(*p));
    p->limits = *l;
    p->live = live;
    p->nproxies = proxies;
    p->nservers = servers;
    p->nlisteners = listeners;
    p->conns_free = ABI_NONE;
    hash_key_init(p);
    pthread_mutex_init(&p->conns_lock, NULL);
    for (int i = 0; i < THREADS_MAX; i++) {
        pthread_mutex_init(&p->poll_locks[i], NULL);
        p->poll_fds[i] = -1;
    }
    p->magic = PROCESS_MAGIC;
    int rc = tables_init(p);
    if (rc == 0)
        rc = slots_init(p);
    if (rc == 0)
        rc = mailboxes_init(p);
    if (rc == 0)
        rc = idle_init(p);
    p->magic = rc == 0 ? PROCESS_MAGIC : 0;
    return rc;
}

void process_reset(void)
{
    STATIC_ASSERT(sizeof(struct live) == ABI_LIVE_WORDS * 4);
    struct process *p = &the_process;
    if (p->magic == 0)
        return;
    idle_reset(p);
    mailboxes_reset(p);
    slots_reset(p);
    munmap(p->conns, conns_bytes(p));
    for (uint32_t i = 0; i < p->nservers; i++)
        pthread_mutex_destroy(&p->servers[i].lock);
    free(p->proxies);
    free(p->servers);
    free(p->listeners);
    free(p->cookies_seen);
    pthread_mutex_destroy(&p->conns_lock);
    for (int i = 0; i < THREADS_MAX; i++)
        pthread_mutex_destroy(&p->poll_locks[i]);
    memset(p, 0, sizeof(*p));
}
