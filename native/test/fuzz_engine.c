/* libFuzzer target for the whole engine: arbitrary bytes from clients and servers, in arbitrary pieces, over the simulated
 * kernel and the test policy of sim_house.c. Nothing faults, every stream ends once, everything is given back. The input is
 * a list of records: who speaks, how much, and what. */
#include "engine_case.h"

#define RECORDS_MAX 100

static int socket_of(int role, uint32_t skip)
{
    for (int round = 0; round < 2; round++)
        for (int fd = 3; fd < SIM_FDS; fd++) {
            struct sim_fd *f = &sim.fds[fd];
            if (f->kind == SIM_SOCKET && !f->closed && f->role == role && skip-- == 0)
                return fd;
        }
    return -1;
}

static void setup(uint8_t flags)
{
    static const uint32_t some[] = {ABI_FWD_WANT_RESPONSE, ABI_FWD_REUSE_IDLE | ABI_FWD_REUSE_UNSAFE,
                                    ABI_FWD_ABORT_ON_CLOSE, ABI_FWD_CLOSE_SERVER};
    for (size_t i = 0; i < ARRAY_LEN(some); i++)
        house.forward_flags |= flags >> i & 1 ? some[i] : 0;
    house.response_stage = flags & 16 ? ABI_STAGE_GZIP : flags & 32 ? ABI_STAGE_IDENTITY : 0;
    house.retries = flags & 64 ? 1 : 0; /* house_end waits for three timeouts */
    house.respond = flags == 255;
    sim.can_splice = flags >> 7;
}

/* One record; how much of the input it was. */
static size_t play(const uint8_t *data, size_t len)
{
    uint8_t what = data[0];
    int role = what & 1 ? SIM_CONNECTED : SIM_ACCEPTED, fd = socket_of(role, what >> 1 & 3);
    size_t n = MIN(len - 1, (size_t)data[1]);
    if ((what >> 3) % 16 == 0 || fd < 0) {
        sim_knock(process_get()->listeners[what >> 7].fd);
        n = 1;
    } else if ((what >> 3) % 16 == 1) {
        sim_fin(fd);
        n = 1;
    } else if ((what >> 3) % 16 == 2) {
        sim_rst(fd);
        n = 1;
    } else if ((what >> 3) % 16 == 3) {
        sim.now_ms += (uint64_t)data[1] * 40;
        n = 1;
    } else if ((what >> 3) % 16 == 4) {
        sim.send_max = data[1];
        n = 1;
    } else if (n > 1) {
        sim_push(fd, data + 2, (uint32_t)n - 1);
    }
    eng_turn(house.eng);
    for (fd = 3; fd < SIM_FDS; fd++)
        if (sim.fds[fd].kind == SIM_SOCKET && sim.fds[fd].closed)
            sim_recycle(fd);
        else if (sim.fds[fd].kind == SIM_SOCKET)
            sim.fds[fd].tx.len = 0;
    return 1 + MAX(n, (size_t)1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    if (len < 4)
        return 0;
    house_begin();
    setup(data[0]);
    size_t at = 1;
    for (int i = 0; i < RECORDS_MAX && at + 2 < len; i++)
        at += play(data + at, len - at);
    sim.send_max = 0;
    for (int fd = 3; fd < SIM_FDS; fd++)
        if (sim.fds[fd].kind == SIM_SOCKET && !sim.fds[fd].closed)
            sim_fin(fd);
    house_end("fuzz_engine");
    BUG_ON(cases_failed != 0);
    return 0;
}
