/* libFuzzer target for the command validator: whatever words policy writes, in whatever state a stream is, the engine refuses
 * and counts, or obeys; it never faults, and afterwards everything can still be given back. The input is a script: acts of
 * peers and of time, and batches of commands whose words are taken from it, often made plausible. A short input goes on at
 * random, from itself: small changes reach deep. */
#include "engine_case.h"

#define STEPS 80

struct input {
    const uint8_t *data;
    size_t len;
};

static struct input in;
static uint64_t beyond; /* what comes after the input's end */
static int over;        /* policy says nothing more */
static uint32_t names[64][2], nnames; /* streams that policy has heard of */

static uint32_t take(uint32_t below)
{
    if (in.len == 0) {
        beyond ^= beyond << 13;
        beyond ^= beyond >> 7;
        beyond ^= beyond << 17;
        return (uint32_t)(beyond >> 16) % below;
    }
    in.len--;
    return *in.data++ % below;
}

static uint32_t take_word(void)
{
    uint32_t word = 0;
    for (int i = 0; i < 4; i++)
        word = word << 8 | take(256);
    return word;
}

/* A number near a border more often than not. */
static uint32_t take_odd(uint32_t border)
{
    switch (take(6)) {
    case 0: return take(4);
    case 1: return border - 2 + take(4);
    case 2: return ABI_NONE - take(3);
    case 3: return take_word();
    default: return take(256) * 3;
    }
}

static void fill_edits(void)
{
    for (uint32_t i = 0; i < 8; i++) {
        struct head_edit *x = &house.eng->edits[i];
        *x = (struct head_edit){.op = (uint16_t)take(9),
                                .field = (uint16_t)take_odd(100),
                                .text_off = take_odd(TEXT_MAX),
                                .name_len = take_odd(200),
                                .value_len = take_odd(200)};
        if (take(3) > 0) { /* one that may be obeyed */
            x->text_off = take(200);
            x->name_len = take(12);
            x->value_len = take(20);
        }
    }
    for (uint32_t i = 0; i < 300; i++)
        house.eng->text[i] = (uint8_t)(take(4) ? 'a' + i % 26 : take(256));
    memcpy(house.eng->text, "200x-nameOKvalue", 16);
}

static void fill_command(uint32_t *cmd)
{
    static const uint32_t borders[ABI_COMMAND_WORDS] = {
        15, 4, 4, 4096, EDITS_MAX, HEAD_EDITS_MAX, 2, 2, TEXT_MAX, TEXT_MAX, 5, 70, TEXT_MAX, 2, 4, 4};
    for (uint32_t i = 0; i < ABI_COMMAND_WORDS; i++)
        cmd[i] = take_odd(borders[i]);
    cmd[ABI_C_OP] = take(16);
    if (nnames > 0 && take(8) > 0) {
        uint32_t i = take(MIN(nnames, 64u));
        cmd[ABI_C_STREAM] = names[i][0];
        cmd[ABI_C_STREAM_GEN] = names[i][1];
    }
    if (take(2)) { /* plausible ranges: the checks behind them are reached */
        cmd[ABI_C_EDITS] = take(4);
        cmd[ABI_C_NEDITS] = take(5);
        cmd[ABI_C_SERVER] = take(3);
        cmd[ABI_C_BACKEND] = take(2);
        cmd[ABI_C_BODY] = take(100);
        cmd[ABI_C_BODY_LEN] = take(100);
    }
    if (cmd[ABI_C_OP] == ABI_CMD_CONTROL)
        cmd[1] = take(3) ? 0 : cmd[1];
}

static uint32_t policy(void *ctx, uint32_t nevents)
{
    const uint32_t *ev = house.eng->events;
    (void)ctx;
    for (uint32_t i = 0; i < nevents; i++) {
        uint32_t kind = ev[ABI_E_KIND];
        if (kind <= ABI_EV_WAKE || kind == ABI_EV_BAD_RESPONSE) {
            names[nnames % 64][0] = ev[ABI_E_STREAM];
            names[nnames++ % 64][1] = ev[ABI_E_STREAM_GEN];
        }
        if (kind == ABI_EV_REQUEST || kind == ABI_EV_BAD_REQUEST || kind == ABI_EV_SESSION)
            house.alive++;
        if (kind == ABI_EV_END)
            house.alive--;
        ev += kind == ABI_EV_END ? ABI_EVENT_END_WORDS : ABI_EVENT_WORDS;
    }
    if (over)
        return 0; /* unanswered: the engine ends them */
    fill_edits();
    uint32_t n = take(6);
    for (uint32_t i = 0; i < n; i++)
        fill_command(house.eng->commands + i * ABI_COMMAND_WORDS);
    return take(20) == 0 ? take_odd(COMMANDS_MAX) : n;
}

static void peer(int role)
{
    static const char *const clients[] = {
        "GET /a HTTP/1.1\r\nHost: a\r\n\r\n",
        "POST /b HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhe",
        "llo",
        "POST /c HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
        "0\r\n\r\n",
        "GET / HTTP/1.0\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n"};
    static const char *const servers[] = {
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n",
        "hello",
        "HTTP/1.1 204 No\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nabcd\r\n",
        "0\r\n\r\n",
        "HTTP/1.0 200 OK\r\n\r\nx",
        "HTTP/1.1 101 S\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n"};
    uint32_t skip = take(12);
    for (int fd = 3; fd < SIM_FDS; fd++) {
        struct sim_fd *f = &sim.fds[fd];
        if (f->kind != SIM_SOCKET || f->closed || f->role != role || skip-- > 0)
            continue;
        uint32_t what = take(10);
        const char *text = role == SIM_ACCEPTED ? clients[what % 7] : servers[what % 7];
        if (f->connecting)
            sim_finish_connect(fd, take(4) == 0);
        else if (what == 7)
            sim_fin(fd);
        else if (what == 8)
            sim_rst(fd);
        else if (what == 9)
            f->stalled ? sim_unstall(fd) : sim_stall(fd);
        else
            sim_push(fd, text, (uint32_t)strlen(text));
        return;
    }
}

static void step(void)
{
    switch (take(9)) {
    case 0: sim_knock(process_get()->listeners[take(4) == 0].fd); break;
    case 1:
    case 2: peer(SIM_ACCEPTED); break;
    case 3:
    case 4: peer(SIM_CONNECTED); break;
    case 5: sim.now_ms += take(2) ? take(256) : take(256) * 100; break;
    case 6: sim.send_max = take(3) ? 0 : 1 + take(200); break;
    case 7: sim.hang_connects = (int)take(2); break;
    default:
        if (take(2)) {
            fill_edits();
            fill_command(house.eng->commands);
            eng_exec(house.eng, 1);
        }
    }
    eng_turn(house.eng);
    for (int fd = 3; fd < SIM_FDS; fd++)
        if (sim.fds[fd].kind == SIM_SOCKET && sim.fds[fd].closed)
            sim_recycle(fd);
}

/* Streams that nobody ends are ended, peers leave, time passes: nothing may stay behind. Slots and posted control messages
 * are policy's own words, so that their counts prove nothing here. */
static void finish(void)
{
    struct process *p = process_get();
    over = 1;
    sim.send_max = 0;
    for (uint32_t i = 0; i < MIN(nnames, 64u); i++) {
        uint32_t *cmd = house.eng->commands;
        memset(cmd, 0, ABI_COMMAND_WORDS * sizeof(*cmd));
        cmd[ABI_C_OP] = ABI_CMD_ABORT;
        cmd[ABI_C_STREAM] = names[i][0];
        cmd[ABI_C_STREAM_GEN] = names[i][1];
        eng_exec(house.eng, 1);
    }
    for (int fd = 3; fd < SIM_FDS; fd++)
        if (sim.fds[fd].kind == SIM_SOCKET && !sim.fds[fd].closed)
            sim_rst(fd);
    for (int i = 0; i < 8; i++) {
        sim.now_ms += 20000;
        eng_turn(house.eng);
    }
    if (nnames <= 64) { /* all were named above */
        BUG_ON(house.eng->streams_live != 0 || house.alive != 0);
        BUG_ON(live_get(&house.live[0].w[ABI_LIVE_ACTCONN]) != 0);
        BUG_ON(live_get(&live_proxy(p, 0)->w[ABI_LIVE_PX_BECONN]) +
                   live_get(&live_proxy(p, 1)->w[ABI_LIVE_PX_BECONN]) !=
               0);
        BUG_ON(live_get(&live_proxy(p, 0)->w[ABI_LIVE_PX_QUEUED]) +
                   live_get(&live_proxy(p, 1)->w[ABI_LIVE_PX_QUEUED]) !=
               0);
    }
    for (uint32_t i = 0; i < 2; i++)
        BUG_ON(live_get(&live_server(p, i)->w[ABI_LIVE_SV_SERVED]) < 0);
    eng_free(house.eng);
    BUG_ON(sim_open_fds() != 2);
    BUG_ON(atomic_load(&p->pool_used_bytes) != 0);
    process_reset();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    in = (struct input){.data = data, .len = len};
    beyond = 0x9e3779b97f4a7c15ULL;
    for (size_t i = 0; i < len; i++)
        beyond = (beyond ^ data[i]) * 1099511628211ULL;
    beyond |= 1;
    over = 0;
    nnames = 0;
    house_begin_with(policy);
    for (int i = 0; i < STEPS; i++)
        step();
    finish();
    return 0;
}
