/* Connections that move from a worker to its successor, case by case: what moves, when, what stays and how it ends, full and
 * broken ways, and what a hostile sender may say. */
#include "sim_moves.h"
#include <errno.h>
#include <stdio.h>

static int cases_passed, cases_failed;
static const uint32_t http[] = {MOVES_HTTP};

static void check(int ok, const char *name, const char *what)
{
    if (ok)
        return;
    fprintf(stderr, "FAILED %s: %s\n", name, what);
    cases_failed++;
}

static void ask(int fd, const char *path)
{
    char text[200];
    snprintf(text, sizeof(text), "GET %s HTTP/1.1\r\nhost: a\r\n\r\n", path);
    moves_say(fd, text);
}

static int answered(int fd, const char *path)
{
    const char *end = strstr(sim_written(fd), "\r\n\r\n");
    return end != NULL && strcmp(end + 4, path) == 0;
}

static int told_close(int fd)
{
    return strstr(sim_written(fd), "onnection: close") != NULL;
}

static void retire(void)
{
    moves_serve();
    moves_retire(http, 1);
}

static int left(void)
{
    return (int)(moves.worker->client_conns + moves.worker->streams_live);
}

static void idle_moves(void)
{
    const char *name = "an idle connection";
    moves_begin();
    int asked = moves_client(MOVES_HTTP), fresh = moves_client(MOVES_HTTP);
    ask(asked, "/now/1");
    sim_forget_written(asked);
    sim_push(asked, "GET /now/2 HT", 13); /* in the kernel: travels with the socket */
    retire();
    check(left() == 0 && sim_pair_queued(moves.pair) == 1, name, "both go at once, in one message");
    check(moves.session_ends == 1, name, "policy is told that the session it knows is over");
    moves_receive();
    check(moves.adopted == 2 && moves.refused == 0 && moves.last_receive == 0, name, "both arrive");
    moves_wait(0);
    moves_say(asked, "TP/1.1\r\nhost: a\r\n\r\n");
    ask(fresh, "/now/3");
    check(answered(asked, "/now/2") && answered(fresh, "/now/3"), name, "and are answered there");
    check(moves.firsts == 3 && moves.counted_before == 1, name, "only one session was counted before");
    check(moves.successor->client_conns == 2, name, "they count as connections");
    check(live_get(&live_process(process_get())->w[ABI_LIVE_CUM_CONN]) == 2, name, "but not as new ones");
    check(moves.worker->count.moved_out == 2 && moves.control->count.moved_in == 2, name, "all is counted");
    moves_end();
    cases_passed++;
}

static void busy_moves_later(void)
{
    const char *name = "a busy connection";
    moves_begin();
    int waiting = moves_client(MOVES_HTTP), two = moves_client(MOVES_HTTP), half = moves_client(MOVES_HTTP);
    ask(waiting, "/wait/1");
    moves_say(two, "GET /wait/2 HTTP/1.1\r\nhost: a\r\n\r\nGET /wait/3 HTTP/1.1\r\nhost: a\r\n\r\n");
    moves_say(half, "GET /now/4 HTT");
    retire();
    check(sim_pair_queued(moves.pair) == 0, name, "stays");
    moves_wait(20);
    check(answered(waiting, "/wait/1") && !told_close(waiting), name, "is answered, keep-alive on the wire");
    check(sim_pair_queued(moves.pair) == 1, name, "then goes");
    check(strstr(sim_written(two), "/wait/2") != NULL && left() == 3, name, "not with a request in the buffer");
    moves_wait(20);
    check(strstr(sim_written(two), "/wait/3") != NULL && !told_close(two), name, "which is answered first");
    moves_say(half, "P/1.1\r\nhost: a\r\n\r\n");
    check(answered(half, "/now/4") && !told_close(half), name, "nor with half a request");
    check(left() == 0, name, "all go in the end");
    moves_receive();
    moves_wait(0);
    check(moves.adopted == 3, name, "and arrive");
    moves_end();
    cases_passed++;
}

static void what_cannot_move(void)
{
    const char *name = "what cannot move";
    moves_begin();
    int asks = moves_client(MOVES_OTHER), silent = moves_client(MOVES_OTHER), never = moves_client(MOVES_OTHER);
    ask(asks, "/now/1");
    ask(silent, "/now/1");
    sim_forget_written(asks);
    retire();
    check(sim_pair_queued(moves.pair) == 0 && left() == 3, name, "stays");
    moves_wait(1000);
    ask(asks, "/now/2");
    check(answered(asks, "/now/2") && told_close(asks), name, "its next response says close");
    sim_fin(asks);
    moves_wait(RETIRE_QUIET_MS - 1001);
    check(!sim.fds[silent].closed && !sim.fds[never].closed, name, "is not closed bare while a request may come");
    moves_wait(2);
    check(sim.fds[silent].closed && sim.fds[never].closed && left() == 0, name, "but after a quiet time");
    check(moves.bads == 0, name, "without an error");
    moves_end();
    cases_passed++;
}

static void tcp_stays(void)
{
    const char *name = "a tunnel";
    moves_begin();
    int client = moves_client(MOVES_TCP);
    moves_say(client, "hello");
    moves_serve();
    moves_retire((const uint32_t[]){MOVES_TCP, MOVES_HTTP}, 2);
    moves_wait(RETIRE_QUIET_MS * 2);
    check(strcmp(sim_written(sim.last_connected), "hello") == 0 && left() == 2, name, "goes on");
    moves_say(sim.last_connected, "bye");
    check(strcmp(sim_written(client), "bye") == 0, name, "both ways");
    sim_fin(client);
    sim_fin(sim.last_connected);
    moves_wait(0);
    check(left() == 0, name, "and ends by itself");
    moves_end();
    cases_passed++;
}

/* A server connection that authenticates its client (NTLM) keeps both where they are. */
static void private_stays(void)
{
    const char *name = "a client whose server knows it";
    moves_begin();
    int client = moves_client(MOVES_HTTP);
    ask(client, "/back/1");
    moves_say(sim.last_connected, "HTTP/1.1 401 No\r\nwww-authenticate: NTLM\r\ncontent-length: 0\r\n\r\n");
    check(strstr(sim_written(client), "401") != NULL, name, "is answered");
    sim_forget_written(client);
    retire();
    check(left() == 1 && sim_pair_queued(moves.pair) == 0, name, "stays");
    ask(client, "/now/2");
    check(told_close(client), name, "until its next response");
    sim_fin(client);
    moves_wait(0);
    moves_end();
    cases_passed++;
}

static void full_queue(int error)
{
    const char *name = "a full queue";
    moves_begin();
    int first = moves_client(MOVES_HTTP), second = moves_client(MOVES_HTTP);
    ask(first, "/now/1");
    ask(second, "/now/1");
    sim_forget_written(first);
    sim.pair_error = error;
    retire();
    check(left() == 2, name, "keeps them here");
    ask(first, "/now/2");
    check(answered(first, "/now/2") && !told_close(first), name, "where they are served as ever");
    moves_wait(RETIRE_RETRY_MS);
    check(left() == 2, name, "is tried again");
    sim.pair_error = 0;
    moves_wait(RETIRE_RETRY_MS);
    check(left() == 0, name, "until it takes them");
    moves_receive();
    moves_wait(0);
    sim_forget_written(first);
    ask(first, "/now/3");
    check(moves.adopted == 2 && answered(first, "/now/3"), name, "nothing is lost");
    moves_end();
    cases_passed++;
}

static void nobody_there(int error, uint64_t after_ms)
{
    const char *name = "a successor that is gone";
    moves_begin();
    int asks = moves_client(MOVES_HTTP), waits = moves_client(MOVES_HTTP), silent = moves_client(MOVES_HTTP);
    ask(asks, "/now/1");
    ask(silent, "/now/1");
    ask(waits, "/wait/1");
    sim_forget_written(asks);
    sim.pair_error = error;
    retire();
    for (uint64_t t = 0; t < after_ms; t += 100)
        moves_wait(100);
    check(left() > 0 && !sim.fds[asks].closed, name, "leaves them open");
    ask(asks, "/now/2");
    check(answered(asks, "/now/2") && told_close(asks), name, "their next response says close");
    moves_wait(20);
    check(answered(waits, "/wait/1"), name, "what was under way is answered");
    sim_fin(asks);
    sim_fin(waits);
    moves_wait(RETIRE_QUIET_MS);
    check(left() == 0 && sim.fds[silent].closed, name, "a silent one is closed in time");
    check(moves.worker->count.move_errors == 1, name, "it is counted once");
    moves_end();
    cases_passed++;
}

static void times(void)
{
    const char *name = "its time";
    moves_begin();
    int client = moves_client(MOVES_HTTP), late = moves_client(MOVES_HTTP);
    ask(client, "/now/1");
    moves_wait(59950);
    retire();
    moves_receive();
    moves_wait(0);
    moves_wait(60);
    check(moves.adopted == 2 && !sim.fds[late].closed, name, "is not up before what is under way can have come");
    ask(client, "/now/2");
    moves_wait(41);
    check(strstr(sim_written(client), "/now/2") != NULL, name, "begins anew with a request");
    check(moves.bads == 1, name, "goes on where it moves to");
    moves_end();
    cases_passed++;
}

static void gone_clients(void)
{
    const char *name = "a client that has left";
    moves_begin();
    int client = moves_client(MOVES_HTTP), other = moves_client(MOVES_HTTP);
    ask(client, "/now/1");
    sim_fin(client);
    retire(); /* the end is in the kernel still: it travels */
    check(sim_pair_queued(moves.pair) == 1, name, "moves if nobody has seen it");
    sim_rst(other);
    moves_receive();
    moves_wait(0);
    check(moves.successor->client_conns == 0 && sim.fds[client].closed && sim.fds[other].closed, name,
          "and is found there");
    moves_end();
    cases_passed++;
}

static void many(void)
{
    const char *name = "many";
    moves_begin();
    int clients[150];
    for (int i = 0; i < 150; i++) {
        clients[i] = moves_client(MOVES_HTTP);
        ask(clients[i], "/wait/1");
    }
    retire();
    moves_wait(20); /* more responses in one batch than a packet holds */
    check(left() == 0, name, "all go");
    check(sim_pair_queued(moves.pair) == 3, name, "in full packets");
    moves_receive();
    moves_wait(0);
    check(moves.adopted == 150 && moves.successor->client_conns == 150, name, "all arrive");
    for (int i = 0; i < 150; i++) {
        sim_forget_written(clients[i]);
        ask(clients[i], "/now/2");
        check(answered(clients[i], "/now/2"), name, "all are answered");
    }
    moves_end();
    cases_passed++;
}

/* Where policy is told when a session begins, it is told once in each process, however often the queue is full. */
static void told_sessions(void)
{
    const char *name = "a session that is told";
    moves_begin();
    int client = moves_client(MOVES_OTHER);
    ask(client, "/now/1");
    check(moves.opened == 1, name, "begins");
    sim.pair_error = -EAGAIN;
    moves_serve();
    moves_retire((const uint32_t[]){MOVES_OTHER}, 1);
    for (int i = 0; i < 10; i++)
        moves_wait(RETIRE_RETRY_MS);
    check(moves.opened == 1 && left() == 1, name, "does not begin again while it waits");
    sim.pair_error = 0;
    moves_wait(RETIRE_RETRY_MS);
    check(left() == 0 && moves.session_ends == 1, name, "ends where it leaves");
    moves_receive();
    moves_wait(0);
    check(moves.adopted == 1 && moves.opened == 2, name, "begins where it comes to");
    sim_forget_written(client);
    ask(client, "/now/2");
    check(answered(client, "/now/2"), name, "and goes on");
    moves_end();
    cases_passed++;
}

/* One that is accepted by a thread which retires before the mail arrives is not lost. */
static void stop_after_retire(void)
{
    const char *name = "a stop";
    moves_begin();
    int client = moves_client(MOVES_HTTP);
    ask(client, "/now/1");
    sim.pair_error = -EAGAIN;
    retire();
    eng_stop(moves.worker);
    moves_wait(0);
    check(left() == 0 && sim.fds[client].closed, name, "ends what is idle");
    sim.pair_error = 0;
    check(eng_retire(moves.worker, moves.pair, http, 1) == -EALREADY || left() == 0, name, "is the end");
    moves_end();
    cases_passed++;
}

int main(void)
{
    idle_moves();
    busy_moves_later();
    what_cannot_move();
    tcp_stays();
    private_stays();
    full_queue(-EAGAIN);
    full_queue(-ETOOMANYREFS);
    nobody_there(-EPIPE, 0);
    nobody_there(-ECONNREFUSED, 0);
    nobody_there(-EAGAIN, RETIRE_TRY_MS + 200);
    times();
    gone_clients();
    many();
    told_sessions();
    stop_after_retire();
    printf("engine handover: %d passed, %d failed\n", cases_passed, cases_failed);
    return cases_failed != 0;
}
