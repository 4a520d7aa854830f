/* What a request is and what is said about it, from its number alone (sim_model.h). */
#include "sim_model.h"
#include <stdarg.h>

struct model model;

/* Small numbers from a request's: the schedule's generator is not touched, so that all parties agree. */
static uint32_t fact(uint32_t id, uint32_t which, uint32_t below)
{
    uint64_t x = (seeded.seed << 40) ^ ((uint64_t)id << 8) ^ which;
    x *= 0x9e3779b97f4a7c15ULL;
    x ^= x >> 29;
    x *= 0xbf58476d1ce4e5b9ULL;
    return (uint32_t)((x >> 33) % below);
}

static uint32_t length(uint32_t id, uint32_t which)
{
    switch (fact(id, which, 8)) {
    case 0: return 0;
    case 1: return 1 + fact(id, which + 1, 3);
    case 2: return 33000 + fact(id, which + 1, 90000);
    case 3: return 4000 + fact(id, which + 1, 30000);
    default: return fact(id, which + 1, 600);
    }
}

struct spec model_spec(uint32_t id)
{
    static const int statuses[] = {200, 200, 200, 200, 201, 204, 304, 404};
    struct spec x = {0};
    BUG_ON(id == 0 || id >= MODEL_REQUESTS);
    x.old = fact(id, 0, 12) == 0;
    x.close = fact(id, 1, 12) == 0;
    x.head = fact(id, 2, 10) == 0;
    x.req_body = x.head || fact(id, 3, 2) ? BODY_NONE : x.old || fact(id, 4, 2) ? BODY_LENGTH : BODY_CHUNKED;
    x.req_len = x.req_body == BODY_NONE ? 0 : length(id, 5);
    x.expect = x.req_len > 0 && !x.old && fact(id, 7, 8) == 0;
    x.trailers = fact(id, 8, 4) == 0;
    x.interims = x.old ? 0 : (int)fact(id, 9, 8) / 6;
    x.status = statuses[fact(id, 10, ARRAY_LEN(statuses))];
    x.res_body = x.status == 204 || x.status == 304 ? BODY_NONE : BODY_LENGTH + fact(id, 11, 9) / 4;
    x.res_len = x.res_body == BODY_NONE ? 0 : length(id, 12);
    x.res_close = fact(id, 14, 8) == 0;
    x.early = x.req_len > 0 && fact(id, 15, 8) == 0;
    return x;
}

uint8_t model_byte(uint32_t id, int kind, uint32_t at)
{
    return (uint8_t)('a' + (id * 7 + (uint32_t)kind * 5 + at + at / 251 + at / 26 * (id % 3)) % 26);
}

uint32_t model_local_len(uint32_t id)
{
    return fact(id, 20, 400);
}

void text_put(struct text *t, const void *data, uint32_t len)
{
    if (t->off == t->len)
        t->off = t->len = 0;
    if (t->len + len > t->size) {
        t->size = (t->len + len) * 2;
        t->mem = realloc(t->mem, t->size);
        BUG_ON(t->mem == NULL);
    }
    if (len > 0)
        memcpy(t->mem + t->len, data, len);
    t->len += len;
}

void text_say(struct text *t, const char *format, ...)
{
    char line[512];
    va_list args;
    va_start(args, format);
    int n = vsnprintf(line, sizeof(line), format, args);
    va_end(args);
    BUG_ON(n < 0 || n >= (int)sizeof(line));
    text_put(t, line, (uint32_t)n);
}

void text_free(struct text *t)
{
    free(t->mem);
    memset(t, 0, sizeof(*t));
}

static void put_bytes(struct text *t, uint32_t id, int kind, uint32_t from, uint32_t len)
{
    uint8_t piece[512];
    while (len > 0) {
        uint32_t n = MIN(len, (uint32_t)sizeof(piece));
        for (uint32_t i = 0; i < n; i++)
            piece[i] = model_byte(id, kind, from + i);
        text_put(t, piece, n);
        from += n;
        len -= n;
    }
}

static void put_body(struct text *t, uint32_t id, int kind, enum body_kind how, uint32_t len, int trailers)
{
    if (how == BODY_NONE)
        return;
    if (how != BODY_CHUNKED) {
        put_bytes(t, id, kind, 0, len);
        return;
    }
    for (uint32_t at = 0; at < len;) {
        uint32_t n = MIN(len - at, 1 + fact(id, 40 + at % 200, len > 5000 ? 20000 : 200));
        text_say(t, fact(id, 41 + at % 200, 3) ? "%x\r\n" : "%04X;ext=\"v;\"\r\n", n);
        put_bytes(t, id, kind, at, n);
        text_put(t, "\r\n", 2);
        at += n;
    }
    text_say(t, trailers ? "0\r\nx-end: %u\r\n\r\n" : "0\r\n\r\n", id);
}

void text_request(struct text *t, uint32_t id)
{
    struct spec x = model_spec(id);
    text_say(t, "%s /%u HTTP/1.%d\r\nHost: a\r\nX-Fill: %.*s\r\n",
             x.head       ? "HEAD"
             : x.req_body ? "POST"
                          : "GET",
             id, !x.old, (int)fact(id, 30, 200),
             "0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890"
             "0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890"
             "01234567890123456789");
    if (x.close)
        text_say(t, "Connection: close\r\n");
    else if (x.old)
        text_say(t, "Connection: keep-alive\r\n");
    if (x.req_body == BODY_LENGTH)
        text_say(t, "Content-Length: %u\r\n", x.req_len);
    if (x.req_body == BODY_CHUNKED)
        text_say(t, "Transfer-Encoding: chunked\r\n");
    if (x.expect)
        text_say(t, "Expect: 100-continue\r\n");
    text_put(t, "\r\n", 2);
    put_body(t, id, 0, x.req_body, x.req_len, x.trailers);
}

void text_response(struct text *t, uint32_t id)
{
    struct spec x = model_spec(id);
    for (int i = 0; i < x.interims; i++)
        text_say(t, "HTTP/1.1 103 Early Hints\r\nx-id: %u\r\n\r\n", id);
    text_say(t, "HTTP/1.1 %d Because\r\nx-id: %u\r\n", x.status, id);
    if (x.res_close)
        text_say(t, "Connection: close\r\n");
    if (x.res_body == BODY_LENGTH)
        text_say(t, "Content-Length: %u\r\n", x.res_len);
    if (x.res_body == BODY_CHUNKED)
        text_say(t, "Transfer-Encoding: chunked\r\n");
    text_put(t, "\r\n", 2);
    if (!x.head)
        put_body(t, id, 1, x.res_body, x.res_len, x.trailers);
}
