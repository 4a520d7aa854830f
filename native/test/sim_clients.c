/* The clients of the model (sim_model.h): they ask, pipelined and in pieces, check every byte of the answers, and leave in all
 * the ways there are. An answer that is not the one to the oldest open request, or not whole, aborts the test. */
#include "sim_model.h"

static struct model_client *client_of(void *who)
{
    struct model_client *c = who;
    BUG_ON(c->fd < 0);
    return c;
}

static enum body_kind client_head(void *who, const char *head, uint64_t *length_ret)
{
    struct model_client *c = client_of(who);
    const char *id = head_value(head, "x-id"), *length = head_value(head, "content-length");
    int status = atoi(head + 9), chunked = head_value(head, "transfer-encoding") != NULL;
    BUG_ON(strncmp(head, "HTTP/1.1 ", 9) != 0 || status < 100 || status > 599);
    c->interim = status < 200;
    if (c->interim)
        return BODY_NONE;
    if (head_value(head, "connection") != NULL && strncmp(head_value(head, "connection"), "close", 5) == 0)
        c->last = c->told_last = 1;
    if (c->nids == 0 || id == NULL || atoi(id) == 0) { /* an answer to what never became a request */
        BUG_ON(!c->finned && !model.timeouts);
        c->stray = 1;
    } else {
        struct spec x = model_spec(c->ids[0]);
        c->local = head_value(head, "x-local") != NULL;
        c->gzip = head_value(head, "content-encoding") != NULL;
        BUG_ON((uint32_t)atoi(id) != c->ids[0]);
        BUG_ON(x.old && chunked);
        BUG_ON(!c->local && status != x.status);
        if (x.head || status == 204 || status == 304)
            return BODY_NONE;
    }
    BUG_ON(chunked && length != NULL);
    *length_ret = length == NULL ? 0 : strtoull(length, NULL, 10);
    return chunked ? BODY_CHUNKED : length != NULL ? BODY_LENGTH : BODY_CLOSE;
}

static void client_body(void *who, const uint8_t *data, uint32_t len)
{
    struct model_client *c = client_of(who);
    if (c->stray)
        return;
    if (c->gzip) {
        text_put(&c->zipped, data, len);
        return;
    }
    for (uint32_t i = 0; i < len; i++)
        BUG_ON(data[i] != model_byte(c->ids[0], c->local ? 2 : 1, c->reader.got + i));
}

static void client_end(void *who)
{
    struct model_client *c = client_of(who);
    if (c->interim)
        return;
    if (c->stray) {
        c->stray = 0;
        c->last = c->told_last = 1;
        return;
    }
    uint32_t id = c->ids[0];
    struct spec x = model_spec(id);
    MODEL_SAY("client %d has its answer to %u\n", (int)(c - model.clients), id);
    uint32_t want = c->local ? model_local_len(id) : x.res_len;
    if (c->gzip)
        check_zipped(&c->zipped, id, 1, want);
    else
        BUG_ON(c->reader.got != want && !x.head && !(c->reader.got == 0 && c->local));
    text_free(&c->zipped);
    model.answers++;
    model.local_answers += (uint32_t)c->local;
    c->rest_excused =
        x.early; /* the server may have gone before it read the request: the connection goes too */
    memmove(c->ids, c->ids + 1, --c->nids * sizeof(c->ids[0]));
}

static const struct reader_face client_face = {.head = client_head, .body = client_body, .end = client_end};

/* The engine has closed the connection: was it allowed to? */
static void client_closed(struct model_client *c, const struct sim_fd *f)
{
    MODEL_SAY("client %d closed: %u open (first %u), broken %d, reset %d, read state %d\n",
              (int)(c - model.clients), c->nids, c->ids[0], c->broken, f->closed_reset, (int)c->reader.state);
    int inside = c->reader.state != READ_HEAD || c->reader.head_len > 0;
    if (c->reader.state == READ_CLOSE && !f->closed_reset && !c->broken) {
        c->reader.state = READ_HEAD;
        inside = 0;
        client_end(c); /* whole, or it would have been reset */
    }
    if (c->nids > 0 && !c->broken && !model.anything_goes)
        BUG_ON(!model.excused[c->ids[0]] && !c->told_last && !c->rest_excused);
    if (inside && !c->broken && !model.anything_goes)
        BUG_ON(!model.excused[c->ids[0]]);
    text_free(&c->plan);
    text_free(&c->zipped);
    memset(c, 0, sizeof(*c));
    c->fd = -1;
}

void clients_read(void)
{
    for (int fd = 3; fd < SIM_FDS; fd++) {
        struct sim_fd *f = &sim.fds[fd];
        if (f->kind != SIM_SOCKET || f->role != SIM_ACCEPTED)
            continue;
        for (int i = 0; i < MODEL_CLIENTS && !f->seen; i++)
            if (model.clients[i].fd < 0) {
                model.clients[i].fd = fd;
                f->seen = i + 1;
            }
        BUG_ON(!f->seen);
        struct model_client *c = &model.clients[f->seen - 1];
        reader_feed(&c->reader, f->tx.mem, f->tx.len, &client_face, c);
        f->tx.len = 0;
        if (f->shut && !f->closed && !c->finned) { /* the engine has ended: so does the client */
            sim_fin(fd);
            c->finned = c->last = 1;
        }
        if (f->closed) {
            client_closed(c, f);
            sim_recycle(fd);
        }
    }
}

static void client_ask(struct model_client *c)
{
    if (c->last || c->finned || c->nids == MODEL_PIPELINE || model.next_id + 1 >= model.last_id)
        return;
    uint32_t id = ++model.next_id;
    c->ids[c->nids++] = id;
    c->last = model_spec(id).close;
    text_request(&c->plan, id);
    MODEL_SAY("client %d asks %u\n", (int)(c - model.clients), id);
}

static void client_push(struct model_client *c)
{
    uint32_t left = c->plan.len - c->plan.off;
    uint32_t n = (uint32_t)(one_in(3) ? left : one_in(2) ? 1 + pick(7) : 1 + pick(3000));
    n = MIN(n, left);
    if (c->finned || n == 0)
        return;
    sim_push(c->fd, c->plan.mem + c->plan.off, n);
    c->plan.off += n;
}

static void client_fault(struct model_client *c)
{
    switch (pick(4)) {
    case 0:
        sim_rst(c->fd);
        c->broken = c->finned = 1;
        return;
    case 1:
        sim_fin(c->fd);
        c->broken = c->finned = 1;
        return;
    case 2: sim_stall(c->fd); return;
    default:
        if (!c->finned && c->plan.off == c->plan.len) /* not inside a body, where any byte is right */
            sim_push(c->fd, "GET / HTTP/1.1\r\nbad", (uint32_t)pick(19));
        c->broken = c->finned = 1; /* says nothing more */
    }
}

void client_act(void)
{
    struct model_client *c = &model.clients[pick(MODEL_CLIENTS)];
    int listener = process_get()->listeners[0].fd, absent = 0;
    if (c->fd < 0) {
        for (int i = 0; i < MODEL_CLIENTS; i++)
            absent += model.clients[i].fd < 0;
        if (sim.fds[listener].accept_left < absent && one_in(4) && !model.ending)
            sim_knock(listener);
        return;
    }
    struct sim_fd *f = &sim.fds[c->fd];
    if (f->closed)
        return;
    if (model.client_faults && one_in(60) && !model.ending)
        client_fault(c);
    else if (f->stalled && one_in(4))
        sim_unstall(c->fd);
    else if (one_in(3) && !model.ending)
        client_ask(c);
    else if (c->plan.len > c->plan.off)
        client_push(c);
    else if (c->nids == 0 && !c->finned && (one_in(20) || model.ending)) {
        sim_fin(c->fd);
        c->finned = c->last = 1;
    }
}

int clients_settled(void)
{
    for (int i = 0; i < MODEL_CLIENTS; i++)
        if (model.clients[i].fd >= 0)
            return 0;
    return sim.fds[process_get()->listeners[0].fd].accept_left == 0;
}
