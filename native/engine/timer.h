/* A timer wheel: four levels of 256 slots, one slot of the lowest level a millisecond. Arming and cancelling are a few
 * pointer writes; owners arm lazily (a timer that fires early is armed again by its owner), so most requests never
 * touch the wheel. A wheel and its timers belong to one thread; time is an argument. */
#ifndef SLUICE_ENGINE_TIMER_H
#define SLUICE_ENGINE_TIMER_H

#include "../base.h"

#define WHEEL_LEVELS 4
#define WHEEL_SLOTS 256
#define TIMER_MS_MAX ((uint64_t)1 << 32) /* about 49 days: later deadlines are cut to it */

struct timer {
    struct timer *next, *prev; /* NULL when not armed */
    uint64_t at_ms;
    uint16_t slot; /* level * WHEEL_SLOTS + slot */
    uint8_t kind;  /* whose it is: the owner's business */
};

struct wheel {
    struct timer slots[WHEEL_LEVELS * WHEEL_SLOTS]; /* list heads */
    uint64_t used[WHEEL_LEVELS][WHEEL_SLOTS / 64];  /* slots that hold something */
    uint64_t now_ms;                                /* everything due before it has fired */
    uint32_t count;
    uint32_t firing; /* callbacks of the slot of now_ms run */
};

void wheel_init(struct wheel *w, uint64_t now_ms);
/* Arms <t> for <at_ms>, moving it when it is armed already. A time in the past fires at the next
 * wheel_turn; armed by a callback, a millisecond later. */
void timer_arm(struct wheel *w, struct timer *t, uint64_t at_ms);
void timer_cancel(struct wheel *w, struct timer *t);
static inline int timer_armed(const struct timer *t)
{
    return t->next != NULL;
}
/* Calls <fire> for each timer due at <now_ms>, disarmed before the call; returns how many. */
int wheel_turn(struct wheel *w, uint64_t now_ms, void (*fire)(void *ctx, struct timer *t), void *ctx);
/* When wheel_turn is needed next (may be early for far timers), UINT64_MAX when nothing is armed. */
uint64_t wheel_next(const struct wheel *w);

#endif
