/* A worker that dies, for real: a child process serves, faults in the middle of everything, and its handler sends what is idle
 * from the signal's stack; the parent takes it over and answers the same clients on the same connections. One client had
 * asked and waits, one had sent half a request: they are lost, and nobody else. Real sockets, real signals. */
#include "../engine/eng.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <time.h>

enum { CLIENTS = 300, SOCKET_ID = 7 };

static struct live live[4];
static int listener, pair[2], answers;
static const char get[] = "GET /now HTTP/1.1\r\nHost: a\r\n\r\n", slow[] = "GET /wait HTTP/1.1\r\nHost: a\r\n\r\n";

static uint64_t now_ms(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

static struct eng *engine;

static uint32_t policy(void *ctx, uint32_t nevents)
{
    const uint32_t *ev = engine->events;
    uint32_t n = 0;
    (void)ctx;
    for (uint32_t i = 0; i < nevents; i++) {
        if (ev[ABI_E_KIND] == ABI_EV_REQUEST || ev[ABI_E_KIND] == ABI_EV_BAD_REQUEST) {
            uint32_t *cmd = engine->commands + n++ * ABI_COMMAND_WORDS;
            const uint8_t *text = ev[ABI_E_KIND] == ABI_EV_REQUEST ? engine->arena + ev[ABI_E_TEXT] : NULL;
            memset(cmd, 0, ABI_COMMAND_WORDS * sizeof(*cmd));
            cmd[ABI_C_STREAM] = ev[ABI_E_STREAM];
            cmd[ABI_C_STREAM_GEN] = ev[ABI_E_STREAM_GEN];
            cmd[ABI_C_OP] = text == NULL ? ABI_CMD_ABORT : text[5] == 'w' ? ABI_CMD_WAIT : ABI_CMD_RESPOND;
            if (cmd[ABI_C_OP] == ABI_CMD_WAIT)
                cmd[ABI_C_DEADLINE_MS] = ABI_NONE;
            memcpy(engine->text, "200", 3);
            engine->edits[0] = (struct head_edit){.op = EDIT_STATUS, .value_len = 3};
            cmd[ABI_C_NEDITS] = cmd[ABI_C_OP] == ABI_CMD_RESPOND;
            answers++;
        }
        ev += ev[ABI_E_KIND] == ABI_EV_END ? ABI_EVENT_END_WORDS : ABI_EVENT_WORDS;
    }
    return n;
}

static void begin(void)
{
    struct limits limits = {.bufsize = 16384, .maxrewrite = 1024, .max_fields = 101, .conns_max = 2000, .threads = 1,
                            .pool_max_bytes = 64u << 20};
    BUG_ON(process_init(live, 1, 0, 1, &limits) != 0);
    struct process *p = process_get();
    p->proxies[0].flags = ABI_PXF_HTTP;
    for (uint32_t t = 0; t < ABI_TIMEOUT_COUNT; t++)
        p->proxies[0].timeouts_ms[t] = 60000;
    p->listeners[0] = (struct listener_conf){.fd = listener, .max_accept = 64, .socket_id = SOCKET_ID};
    engine = eng_new(0, sys_real(), policy, NULL);
    BUG_ON(engine == NULL);
    eng_listen(engine, 1);
}

static void crashed(int sig)
{
    uint32_t left, sent = handover_at_crash(pair[1], now_ms() + 2000, &left);
    _exit(left == 0 && sent == CLIENTS - 2 ? sig : 1);
}

/* Serves until the whole half a request has come in, then writes where nobody may. */
static void child(void)
{
    static uint8_t stack[65536];
    stack_t alternate = {.ss_sp = stack, .ss_size = sizeof(stack)};
    struct sigaction act = {.sa_handler = crashed, .sa_flags = SA_ONSTACK};
    BUG_ON(sigaltstack(&alternate, NULL) != 0 || sigaction(SIGSEGV, &act, NULL) != 0);
    begin();
    for (uint64_t end = now_ms() + 30000; now_ms() < end;) {
        struct pollfd p = {.fd = engine->poll_fd, .events = POLLIN};
        poll(&p, 1, 10);
        eng_turn(engine);
        struct conn *last = &process_get()->conns[CLIENTS - 1];
        if (answers == CLIENTS - 1 && engine->client_conns == CLIENTS && last->in_len > 0)
            raise(SIGSEGV);
    }
    _exit(1);
}

static int dial(uint16_t port)
{
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = port, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    BUG_ON(fd < 0 || connect(fd, (struct sockaddr *)&in, sizeof(in)) != 0);
    return fd;
}

static void say(int fd, const char *text)
{
    BUG_ON(send(fd, text, strlen(text), MSG_NOSIGNAL) != (ssize_t)strlen(text));
}

/* 1: the answer, 0: the end. */
static int hear(int fd)
{
    char text[500];
    ssize_t n = recv(fd, text, sizeof(text) - 1, 0);
    BUG_ON(n > 0 && strncmp(text, "HTTP/1.1 200", 12) != 0);
    return n > 0;
}

int main(void)
{
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(in);
    static int clients[CLIENTS];
    uint32_t adopted = 0, refused = 0, taken, not_taken;
    int status;
    listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    BUG_ON(bind(listener, (struct sockaddr *)&in, sizeof(in)) != 0 || listen(listener, CLIENTS) != 0);
    BUG_ON(getsockname(listener, (struct sockaddr *)&in, &len) != 0);
    BUG_ON(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0);
    pid_t pid = fork();
    BUG_ON(pid < 0);
    if (pid == 0)
        child();
    close(pair[1]);
    for (int i = 0; i < CLIENTS; i++) { /* one after the other: the last conn is the last client's */
        clients[i] = dial(in.sin_port);
        say(clients[i], i == CLIENTS - 1 ? "GET /half HT" : i == CLIENTS - 2 ? slow : get);
        if (i < CLIENTS - 2)
            BUG_ON(!hear(clients[i]));
    }
    BUG_ON(waitpid(pid, &status, 0) != pid || !WIFEXITED(status));
    BUG_ON(WEXITSTATUS(status) != SIGSEGV); /* 1: not all that should have gone went */
    for (int i = 0; i < CLIENTS - 2; i++)
        say(clients[i], get); /* nobody reads, nobody closes: it waits in the kernel */
    begin();
    int end;
    do {
        end = eng_receive(engine, pair[0], &taken, &not_taken);
        adopted += taken;
        refused += not_taken;
    } while (end == 1);
    BUG_ON(adopted != CLIENTS - 2 || refused != 0 || end != 2);
    for (int i = 0; i < 50 && answers < CLIENTS - 2; i++)
        eng_turn(engine);
    BUG_ON(answers != CLIENTS - 2);
    for (int i = 0; i < CLIENTS; i++)
        BUG_ON(hear(clients[i]) != (i < CLIENTS - 2));
    eng_free(engine);
    process_reset();
    printf("engine handover crash: %u connections outlived a worker\n", adopted);
    printf("engine handover crash: 1 passed, 0 failed\n");
    return 0;
}
