/* The moments of spread.h are drawn from the connection itself and when it fell idle: no state to keep, the same again when
 * a timer is armed anew, and the same in a replay. */
#include "spread.h"
#include "eng.h"

void spread_begin(struct eng *e)
{
    CHECK_ENG(e);
    CHECK_PROCESS(e->proc);
    int32_t window_ms = atomic_load(&live_process(e->proc)->w[ABI_LIVE_CLOSE_SPREAD_MS]);
    if (e->spread.on || window_ms <= 0)
        return;
    e->spread = (struct spread){.on = 1, .window_ms = (uint32_t)window_ms, .begun_ms = e->now_ms};
}

/* 0 to <range>, as good as evenly (the last step of MurmurHash3). */
static uint64_t draw(const struct conn *c, uint64_t range)
{
    uint64_t x = c->since_ms * 0x9e3779b97f4a7c15ULL ^ ((uint64_t)c->index << 32 | c->nrequests);
    BUG_ON(range >= UINT32_MAX);
    x = (x ^ x >> 33) * 0xff51afd7ed558ccdULL;
    x = (x ^ x >> 33) * 0xc4ceb9fe1a85ec53ULL;
    return (x ^ x >> 33) % (range + 1);
}

int spread_keeps(const struct conn *c)
{
    const struct spread *s = &c->eng->spread;
    CHECK_CONN(c);
    BUG_ON(s->on && s->window_ms == 0);
    if (!s->on || s->window_ms == ABI_CLOSE_SPREAD_NEVER)
        return s->on;
    uint64_t passed_ms = c->eng->now_ms - s->begun_ms;
    return passed_ms < s->window_ms && s->window_ms - passed_ms > draw(c, s->window_ms);
}

uint64_t spread_deadline(const struct conn *c)
{
    const struct spread *s = &c->eng->spread;
    CHECK_CONN(c);
    BUG_ON(s->on && s->window_ms == 0);
    if (!s->on || s->window_ms == ABI_CLOSE_SPREAD_NEVER)
        return UINT64_MAX;
    uint64_t end_ms = s->begun_ms + s->window_ms;
    uint64_t from_ms = MAX(s->begun_ms, c->since_ms);
    return from_ms >= end_ms ? from_ms : from_ms + draw(c, end_ms - from_ms);
}
