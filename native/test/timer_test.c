/* The timer wheel against a plain list: the same timers armed, moved and cancelled at random, time moved by steps, jumps
 * and leaps of weeks, timers armed and cancelled inside callbacks. What fires, and when, must be the list's answer; and
 * wheel_next must never be later than the first deadline. Usage: timer_test [SEED]. */
#include "../engine/timer.h"
#include "sim_seeded.h"

enum { TIMERS = 64, STEPS = 4000, SEEDS = 200 };

static struct {
    struct wheel wheel;
    struct timer timers[TIMERS];
    uint64_t due[TIMERS]; /* UINT64_MAX: not armed */
    uint64_t now;
    uint8_t touched[TIMERS]; /* armed in this turn */
    uint32_t fired;
    int rearm; /* callbacks arm again */
} t;

/* Distances of every level, and the edges between levels. */
static uint64_t distance(void)
{
    static const uint64_t edges[] = {0,     1,     255,   256,      257,      65279,
                                     65535, 65536, 65537, 16777215, 16777216, 4294967295};
    switch (pick(6)) {
    case 0: return pick(300);
    case 1: return pick(70000);
    case 2: return pick(20000000);
    case 3: return edges[pick(ARRAY_LEN(edges))];
    case 4: return 65536 - pick(400);
    default: return pick(UINT32_MAX);
    }
}

static void arm(uint32_t i, uint64_t at)
{
    timer_arm(&t.wheel, &t.timers[i], at);
    t.touched[i] = 1;
    t.due[i] = MAX(MIN(at, t.wheel.now_ms + TIMER_MS_MAX - 1), t.wheel.now_ms + t.wheel.firing);
}

static void fire(void *ctx, struct timer *timer)
{
    uint32_t i = (uint32_t)(timer - t.timers);
    (void)ctx;
    BUG_ON(i >= TIMERS);
    BUG_ON(timer_armed(timer));
    BUG_ON(t.due[i] == UINT64_MAX); /* it was armed */
    BUG_ON(t.due[i] > t.now);       /* and is due */
    t.due[i] = UINT64_MAX;
    t.fired++;
    if (!t.rearm)
        return;
    if (pick(3) == 0) /* itself, perhaps for now or the past: not before the next turn */
        arm(i, t.now + (pick(2) ? distance() : 0) - pick(2));
    uint32_t other = (uint32_t)pick(TIMERS);
    if (pick(4) == 0 && t.due[other] != UINT64_MAX) {
        timer_cancel(&t.wheel, &t.timers[other]);
        t.due[other] = UINT64_MAX;
    }
}

static uint64_t first_due(void)
{
    uint64_t first = UINT64_MAX;
    for (uint32_t i = 0; i < TIMERS; i++)
        first = MIN(first, t.due[i]);
    return first;
}

static void turn(uint64_t to)
{
    memset(t.touched, 0, sizeof(t.touched));
    t.now = to;
    wheel_turn(&t.wheel, to, fire, NULL);
    for (uint32_t i = 0; i < TIMERS;
         i++) /* whatever is due has fired, but what a callback armed for the past may wait a turn */
        BUG_ON(t.due[i] <= to && !t.touched[i]);
    uint64_t first = first_due(), next = wheel_next(&t.wheel);
    BUG_ON(first == UINT64_MAX ? next != UINT64_MAX : next > MAX(first, to));
}

static void check_count(void)
{
    uint32_t armed = 0;
    for (uint32_t i = 0; i < TIMERS; i++) {
        armed += t.due[i] != UINT64_MAX;
        BUG_ON(timer_armed(&t.timers[i]) != (t.due[i] != UINT64_MAX));
    }
    BUG_ON(armed != t.wheel.count);
}

static void run(uint64_t seed, int rearm)
{
    memset(&t, 0, sizeof(t));
    memset(t.due, 0xff, sizeof(t.due));
    seeded_begin("timer_test", seed);
    t.rearm = rearm;
    t.now = pick(1ULL << 40);
    wheel_init(&t.wheel, t.now);
    for (uint32_t step = 0; step < STEPS; step++) {
        uint32_t i = (uint32_t)pick(TIMERS);
        switch (pick(5)) {
        case 0:
        case 1: arm(i, t.now + distance()); break;
        case 2:
            timer_cancel(&t.wheel, &t.timers[i]);
            t.due[i] = UINT64_MAX;
            break;
        case 3: turn(t.now + (pick(2) ? pick(5) : distance())); break;
        default: { /* as the engine does: sleep until wheel_next */
            uint64_t next = wheel_next(&t.wheel);
            turn(next == UINT64_MAX ? t.now + 1 : MAX(next, t.now));
        }
        }
        check_count();
    }
    while (t.wheel.count > 0 && (t.rearm = 0) == 0)
        turn(MAX(wheel_next(&t.wheel), t.now));
    BUG_ON(t.fired == 0);
}

int main(int argc, char **argv)
{
    uint64_t first = argc > 1 ? strtoull(argv[1], NULL, 0) : 1, last = argc > 1 ? first : SEEDS;
    for (uint64_t seed = first; seed <= last; seed++) {
        run(seed, 0);
        run(seed, 1);
    }
    printf("timer: %llu passed, 0 failed\n",
           (unsigned long long)(last - first + 1)); /* else a BUG_ON ended it */
    return 0;
}
