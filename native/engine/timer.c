/* The timer wheel of timer.h. A timer lies in the level whose span holds its distance; when a higher slot comes up, its
 * timers are dealt again into lower ones. */
#include "timer.h"

static void list_put(struct wheel *w, struct timer *t, unsigned level, unsigned slot)
{
    BUG_ON(level >= WHEEL_LEVELS || slot >= WHEEL_SLOTS);
    BUG_ON(t->next != NULL && t->prev == NULL);
    struct timer *head = &w->slots[level * WHEEL_SLOTS + slot];
    t->slot = (uint16_t)(level * WHEEL_SLOTS + slot);
    t->next = head;
    t->prev = head->prev;
    head->prev->next = t;
    head->prev = t;
    w->used[level][slot / 64] |= (uint64_t)1 << (slot % 64);
}

static void list_take(struct wheel *w, struct timer *t)
{
    struct timer *head = &w->slots[t->slot];
    BUG_ON(t->next == NULL);
    t->prev->next = t->next;
    t->next->prev = t->prev;
    t->next = t->prev = NULL;
    if (head->next == head) {
        unsigned slot = t->slot % WHEEL_SLOTS;
        w->used[t->slot / WHEEL_SLOTS][slot / 64] &= ~((uint64_t)1 << (slot % 64));
    }
}

static void deal(struct wheel *w, struct timer *t)
{
    BUG_ON(w->firing > 1);
    uint64_t first =
        w->now_ms +
        w->firing; /* the slot that is being fired is passed: not that one, it would wait a round */
    uint64_t at = t->at_ms < first ? first : t->at_ms;
    uint64_t distance = at - w->now_ms;
    unsigned level = 0;
    while (level < WHEEL_LEVELS - 1 && distance >= ((uint64_t)1 << (8 * (level + 1))))
        level++;
    list_put(w, t, level, (unsigned)(at >> (8 * level)) & (WHEEL_SLOTS - 1));
}

void wheel_init(struct wheel *w, uint64_t now_ms)
{
    memset(w, 0, sizeof(*w));
    for (unsigned i = 0; i < ARRAY_LEN(w->slots); i++)
        w->slots[i].next = w->slots[i].prev = &w->slots[i];
    w->now_ms = now_ms;
}

void timer_arm(struct wheel *w, struct timer *t, uint64_t at_ms)
{
    if (timer_armed(t))
        list_take(w, t);
    else
        w->count++;
    if (at_ms > w->now_ms + TIMER_MS_MAX - 1)
        at_ms = w->now_ms + TIMER_MS_MAX - 1;
    t->at_ms = at_ms;
    deal(w, t);
}

void timer_cancel(struct wheel *w, struct timer *t)
{
    if (!timer_armed(t))
        return;
    BUG_ON(w->count == 0);
    w->count--;
    list_take(w, t);
}

/* Deals a slot again whose time has come. Its list is taken off first: a timer a whole round away returns to it. */
static void cascade(struct wheel *w, unsigned level)
{
    unsigned slot = (unsigned)(w->now_ms >> (8 * level)) & (WHEEL_SLOTS - 1);
    struct timer *head = &w->slots[level * WHEEL_SLOTS + slot];
    struct timer *t = head->next;
    if (t == head)
        return;
    head->prev->next = NULL;
    head->next = head->prev = head;
    w->used[level][slot / 64] &= ~((uint64_t)1 << (slot % 64));
    while (t != NULL) {
        struct timer *next = t->next;
        deal(w, t);
        t = next;
    }
}

static int fire_slot(struct wheel *w, void (*fire)(void *ctx, struct timer *t), void *ctx)
{
    struct timer *head = &w->slots[w->now_ms & (WHEEL_SLOTS - 1)];
    struct timer due; /* own list: a callback may arm and cancel any timer, also these */
    int fired = 0;
    if (head->next == head)
        return 0;
    due.next = head->next;
    due.prev = head->prev;
    due.next->prev = due.prev->next = &due;
    head->next = head->prev = head;
    w->used[0][(w->now_ms & (WHEEL_SLOTS - 1)) / 64] &= ~((uint64_t)1 << (w->now_ms % 64));
    w->firing = 1;
    while (due.next != &due) {
        struct timer *t = due.next;
        t->prev->next = t->next;
        t->next->prev = t->prev;
        t->next = t->prev = NULL;
        w->count--;
        fired++;
        fire(ctx, t);
    }
    w->firing = 0;
    return fired;
}

/* Distance from <from> to the next used slot of <level>, going round; WHEEL_SLOTS when it is empty. */
static unsigned next_used(const struct wheel *w, unsigned level, unsigned from)
{
    for (unsigned i = 0; i < WHEEL_SLOTS;) {
        unsigned slot = (from + i) & (WHEEL_SLOTS - 1);
        uint64_t bits = w->used[level][slot / 64] >> (slot % 64);
        if (bits)
            return i + (unsigned)__builtin_ctzll(bits);
        i += 64 - slot % 64;
    }
    return WHEEL_SLOTS;
}

uint64_t wheel_next(const struct wheel *w)
{
    uint64_t next = UINT64_MAX;
    if (w->count == 0)
        return next;
    for (unsigned level = 0; level < WHEEL_LEVELS; level++) {
        uint64_t base = w->now_ms >> (8 * level);
        /* this very slot of a higher level was dealt: what lies there is a round away, and the others come first */
        unsigned own = level > 0;
        unsigned d = next_used(w, level, (unsigned)(base + own) & (WHEEL_SLOTS - 1)) + own;
        if (d >= WHEEL_SLOTS + own)
            continue;
        uint64_t at = (base + d) << (8 * level);
        next = MIN(next, MAX(at, w->now_ms));
    }
    return next;
}

int wheel_turn(struct wheel *w, uint64_t now_ms, void (*fire)(void *ctx, struct timer *t), void *ctx)
{
    int fired = 0;
    while (w->now_ms <= now_ms) {
        uint64_t next = wheel_next(w);
        if (next > now_ms) {
            /* nothing due: jump, but never over a boundary whose cascade is still owed */
            w->now_ms = now_ms;
            break;
        }
        if (next > w->now_ms)
            w->now_ms = next;
        for (unsigned level = WHEEL_LEVELS - 1; level > 0; level--)
            if ((w->now_ms & (((uint64_t)1 << (8 * level)) - 1)) == 0)
                cascade(w, level);
        fired += fire_slot(w, fire, ctx);
        if (w->now_ms == now_ms)
            break;
        w->now_ms++;
        for (unsigned level = WHEEL_LEVELS - 1; level > 0; level--)
            if ((w->now_ms & (((uint64_t)1 << (8 * level)) - 1)) == 0)
                cascade(w, level);
    }
    return fired;
}
