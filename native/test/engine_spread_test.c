/* close-spread-time, case by case: idle connections end one after the other, responses close more and more of theirs, nothing
 * ends before its time, and what moves to a successor is not spread at all. */
#include "sim_moves.h"
#include <stdio.h>

#define CLIENTS 200
#define WINDOW_MS 10000

static int cases_passed, cases_failed;
static int clients[CLIENTS];
static const uint32_t http[] = {MOVES_HTTP};

static void check(int ok, const char *name, const char *what)
{
    if (ok)
        return;
    fprintf(stderr, "FAILED %s: %s\n", name, what);
    cases_failed++;
}

static void begin(int32_t window_ms, uint32_t listener)
{
    moves_begin();
    atomic_store(&live_process(process_get())->w[ABI_LIVE_CLOSE_SPREAD_MS], window_ms);
    for (int i = 0; i < CLIENTS; i++) {
        clients[i] = moves_client(listener);
        if (i % 2 == 0) /* every other one has said nothing yet */
            moves_say(clients[i], "GET /now/1 HTTP/1.1\r\nhost: a\r\n\r\n");
    }
}

static int closed(void)
{
    int count = 0;
    for (int i = 0; i < CLIENTS; i++)
        count += sim.fds[clients[i]].closed;
    return count;
}

/* All that are there ask: how many are told to close. */
static int told_close(void)
{
    int count = 0;
    for (int i = 0; i < CLIENTS; i++) {
        if (sim.fds[clients[i]].closed)
            continue;
        sim_forget_written(clients[i]);
        moves_say(clients[i], "GET /now/2 HTTP/1.1\r\nhost: a\r\n\r\n");
        int is_told = strstr(sim_written(clients[i]), "onnection: close") != NULL;
        BUG_ON(strstr(sim_written(clients[i]), "/now/2") == NULL);
        if (is_told)
            sim_fin(clients[i]);
        count += is_told;
    }
    return count;
}

static void idle_ones_end_one_by_one(void)
{
    const char *name = "idle connections";
    begin(WINDOW_MS, MOVES_HTTP);
    eng_stop(moves.worker);
    moves_wait(0);
    check(closed() < CLIENTS / 20, name, "do not end at once");
    int before = closed();
    for (int i = 0; i < 10; i++) {
        moves_wait(WINDOW_MS / 10);
        int now = closed();
        check(now - before < CLIENTS / 4, name, "nor in one crowd");
        check(i != 4 || (now > CLIENTS / 4 && now < CLIENTS * 3 / 4), name, "half of them at half of the time");
        before = now;
    }
    moves_wait(1);
    check(closed() == CLIENTS && moves.bads == 0, name, "all when it is over, without a word");
    moves_end();
    cases_passed++;
}

static void responses_close_more_and_more(void)
{
    const char *name = "responses";
    begin(WINDOW_MS, MOVES_HTTP);
    eng_stop(moves.worker);
    int early = told_close();
    check(early < CLIENTS / 10, name, "seldom close at the beginning");
    moves_wait(WINDOW_MS * 9 / 10);
    int there = CLIENTS - closed();
    int late = told_close();
    check(there > 0 && late * 4 >= there * 3, name, "mostly close near the end");
    moves_wait(WINDOW_MS / 10 + 1);
    check(closed() == CLIENTS, name, "and nobody is left");
    moves_end();
    cases_passed++;
}

static void never_closes(void)
{
    const char *name = "infinite";
    begin(ABI_CLOSE_SPREAD_NEVER, MOVES_HTTP);
    eng_stop(moves.worker);
    moves_wait(30000);
    check(closed() == 0, name, "idle ones stay");
    check(told_close() == 0, name, "and may ask again");
    moves_wait(60001);
    check(closed() == CLIENTS, name, "until their own timeout");
    moves_end();
    cases_passed++;
}

static void beside_a_successor(uint32_t listener)
{
    const char *name = "a retirement";
    begin(WINDOW_MS, listener);
    moves_serve();
    moves_retire(http, 1);
    for (int i = 0; i < 20; i++) {
        moves_receive();
        moves_wait(0);
    }
    check(moves.adopted == (listener == MOVES_HTTP ? CLIENTS : 0), name, "moves what it can");
    if (listener != MOVES_HTTP) {
        moves_wait(WINDOW_MS / 2);
        check(closed() > CLIENTS / 4 && closed() < CLIENTS * 3 / 4, name, "and spreads what it cannot");
        moves_wait(WINDOW_MS / 2 + 1);
        check(closed() == CLIENTS, name, "to the end");
    }
    moves_end();
    cases_passed++;
}

int main(void)
{
    idle_ones_end_one_by_one();
    responses_close_more_and_more();
    never_closes();
    beside_a_successor(MOVES_OTHER);
    beside_a_successor(MOVES_HTTP);
    printf("engine spread: %d passed, %d failed\n", cases_passed, cases_failed);
    return cases_failed != 0;
}
