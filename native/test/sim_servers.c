/* The servers of the model (sim_model.h): they check every byte of what is asked, answer in pieces, late, early or not at
 * all, close and reset. More requests at a time than a server's maxconn abort the test. */
#include "sim_model.h"

static enum body_kind server_head(void *who, const char *head, uint64_t *length_ret)
{
    struct model_server *s = who;
    const char *path = strchr(head, '/'), *length = head_value(head, "content-length");
    uint32_t id = path == NULL ? 0 : (uint32_t)atoi(path + 1);
    BUG_ON(id == 0 || id > model.next_id);
    BUG_ON(s->id != 0); /* one request at a time */
    struct spec x = model_spec(id);
    int chunked = head_value(head, "transfer-encoding") != NULL;
    BUG_ON(strncmp(head, x.head ? "HEAD " : x.req_body ? "POST " : "GET ", 4) != 0);
    BUG_ON(strstr(head, x.old ? " HTTP/1.0\r\n" : " HTTP/1.1\r\n") == NULL);
    BUG_ON(++model.delivered[id] > model.forwards[id]); /* sent again only when policy said so */
    MODEL_SAY("server %d.%d is asked %u\n", s->index, (int)(s - model.servers), id);
    s->id = id;
    s->whole = s->answering = 0;
    s->upload_zipped = head_value(head, "content-encoding") != NULL;
    BUG_ON(chunked && length != NULL);
    if (!s->upload_zipped)
        BUG_ON(chunked != (x.req_body == BODY_CHUNKED) || (length != NULL) != (x.req_body == BODY_LENGTH));
    *length_ret = length == NULL ? 0 : strtoull(length, NULL, 10);
    return chunked ? BODY_CHUNKED : length != NULL ? BODY_LENGTH : BODY_NONE;
}

static void server_body(void *who, const uint8_t *data, uint32_t len)
{
    struct model_server *s = who;
    BUG_ON(s->id == 0);
    if (s->upload_zipped) {
        text_put(&s->zipped, data, len);
        return;
    }
    for (uint32_t i = 0; i < len; i++)
        BUG_ON(data[i] != model_byte(s->id, 0, s->reader.got + i));
}

static void answered(struct model_server *s)
{
    if (!s->answering || !s->whole || s->plan.len > s->plan.off)
        return;
    MODEL_SAY("server %d.%d has answered %u\n", s->index, (int)(s - model.servers), s->id);
    s->last_id = s->id;
    s->id = 0;
    s->answering = s->whole = 0;
}

static void server_end(void *who)
{
    struct model_server *s = who;
    struct spec x = model_spec(s->id);
    if (s->upload_zipped)
        check_zipped(&s->zipped, s->id, 0, x.req_len);
    else
        BUG_ON(s->reader.got != x.req_len);
    text_free(&s->zipped);
    s->whole = 1;
    model.whole_requests++;
    answered(s);
}

static const struct reader_face server_face = {.head = server_head, .body = server_body, .end = server_end};

void servers_read(void)
{
    for (int fd = 3; fd < SIM_FDS; fd++) {
        struct sim_fd *f = &sim.fds[fd];
        if (f->kind != SIM_SOCKET || f->role != SIM_CONNECTED)
            continue;
        for (int i = 0; i < MODEL_SERVERS && !f->seen; i++)
            if (model.servers[i].fd < 0) {
                model.servers[i].fd = fd;
                model.servers[i].index = f->port == 81;
                f->seen = i + 1;
            }
        BUG_ON(!f->seen);
        struct model_server *s = &model.servers[f->seen - 1];
        if (!s->dead)
            reader_feed(&s->reader, f->tx.mem, f->tx.len, &server_face, s);
        f->tx.len = 0;
        if (f->closed) {
            MODEL_SAY("server %d.%d is closed\n", s->index, (int)(s - model.servers));
            text_free(&s->plan);
            text_free(&s->zipped);
            memset(s, 0, sizeof(*s));
            s->fd = -1;
            sim_recycle(fd);
        }
    }
}

/* Requests that a server has seen and not answered: the engine may have at most maxconn of them under way. */
void servers_check(void)
{
    int busy[2] = {0, 0};
    for (int i = 0; i < MODEL_SERVERS; i++) {
        struct model_server *s = &model.servers[i];
        busy[s->index] += s->fd >= 0 && !s->dead && s->id != 0 && !(s->answering && s->plan.len == s->plan.off);
    }
    for (uint32_t i = 0; i < 2; i++) {
        struct live *sv = live_server(process_get(), i);
        int max = live_get(&sv->w[ABI_LIVE_SV_MAXCONN]);
        BUG_ON(busy[i] > max);
        BUG_ON(live_get(&sv->w[ABI_LIVE_SV_SERVED]) > max || live_get(&sv->w[ABI_LIVE_SV_SERVED_MAX]) > max);
        BUG_ON(live_get(&sv->w[ABI_LIVE_SV_SERVED]) < 0);
    }
}

static void server_push(struct model_server *s)
{
    uint32_t left = s->plan.len - s->plan.off;
    uint32_t n = (uint32_t)(one_in(3) ? left : one_in(2) ? 1 + pick(7) : 1 + pick(3000));
    n = MIN(n, left);
    sim_push(s->fd, s->plan.mem + s->plan.off, n);
    s->plan.off += n;
    if (s->plan.off < s->plan.len)
        return;
    if (s->fin_after) {
        sim_fin(s->fd);
        s->dead = 1;
    }
    answered(s);
}

static void server_fault(struct model_server *s)
{
    if (s->id != 0 && s->answering)
        model.excused[s->id] = 1;
    if (sim.fds[s->fd].rx.len > sim.fds[s->fd].rx.off) /* a reset takes with it what the engine has not read */
        model.excused[s->last_id] = 1;
    if (s->id != 0 && model.ending)
        return;
    MODEL_SAY("server %d.%d fails with %u\n", s->index, (int)(s - model.servers), s->id);
    /* an early FIN of a close-delimited answer cannot be told from its end */
    int must_reset = s->id != 0 && s->answering && model_spec(s->id).res_body == BODY_CLOSE;
    switch (must_reset ? 0 : pick(3)) {
    case 0:
        sim_rst(s->fd);
        break;
    case 1:
        if (!s->answering) /* nonsense instead of an answer, or out of turn */
            sim_push(s->fd, "HTTP/1.1 2x\r\n\r\n", 1 + (uint32_t)pick(15));
        sim_fin(s->fd);
        break;
    default:
        sim_fin(s->fd);
    }
    s->dead = 1;
}

void server_act(void)
{
    struct model_server *s = &model.servers[pick(MODEL_SERVERS)];
    if (s->fd < 0)
        return;
    struct sim_fd *f = &sim.fds[s->fd];
    if (f->closed || s->dead)
        return;
    if (f->connecting) {
        sim_finish_connect(s->fd, model.server_faults && one_in(4));
        s->dead = f->refused;
    } else if (model.server_faults && one_in(80)) {
        server_fault(s);
    } else if (s->id != 0 && !s->answering && (s->whole || model_spec(s->id).early)) {
        struct spec x = model_spec(s->id);
        s->answering = 1;
        s->fin_after = x.res_close || x.res_body == BODY_CLOSE;
        text_response(&s->plan, s->id);
        BUG_ON(s->plan.len == 0);
    } else if (s->plan.len > s->plan.off) {
        server_push(s);
    }
}
