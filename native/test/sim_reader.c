/* Reads HTTP/1 messages as a careful peer would (sim_model.h): anything that is not framed to the letter is a failure of the
 * engine, and aborts. */
#include "sim_model.h"
#include "slz_inflate.h"

const char *head_value(const char *head, const char *name)
{
    size_t len = strlen(name);
    for (const char *line = head; (line = strstr(line, "\r\n")) != NULL;) {
        line += 2;
        if (strncmp(line, name, len) == 0 && line[len] == ':' && line[len + 1] == ' ')
            return line + len + 2;
    }
    return NULL;
}

static void message_end(struct reader *r, const struct reader_face *face, void *who)
{
    r->state = READ_HEAD;
    r->head_len = 0;
    face->end(who);
    r->got = 0;
}

static void head_byte(struct reader *r, uint8_t byte, const struct reader_face *face, void *who)
{
    BUG_ON(r->head_len + 1 >= sizeof(r->head));
    r->head[r->head_len++] = (char)byte;
    r->head[r->head_len] = 0;
    if (r->head_len < 4 || memcmp(r->head + r->head_len - 4, "\r\n\r\n", 4) != 0)
        return;
    uint64_t length = 0;
    r->got = 0;
    enum body_kind kind = face->head(who, r->head, &length);
    r->head_len = r->line_len = 0;
    r->left = length;
    r->state = kind == BODY_LENGTH ? READ_LENGTH : kind == BODY_CHUNKED ? READ_SIZE : READ_CLOSE;
    if (kind == BODY_NONE || (kind == BODY_LENGTH && length == 0))
        message_end(r, face, who);
}

/* The engine writes sizes in hexadecimal without extensions. */
static void size_byte(struct reader *r, uint8_t byte)
{
    if (byte == '\n') {
        BUG_ON(r->line_len < 2 || r->head[r->line_len - 1] != '\r');
        r->state = r->left == 0 ? READ_TRAILERS : READ_DATA;
        r->line_len = 0;
        return;
    }
    r->head[r->line_len++] = (char)byte;
    BUG_ON(r->line_len > 18);
    if (byte == '\r')
        return;
    BUG_ON(!((byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'f') || (byte >= 'A' && byte <= 'F')));
    r->left = r->left * 16 + (uint64_t)(byte <= '9' ? byte - '0' : (byte | 32) - 'a' + 10);
}

static uint32_t data_bytes(struct reader *r, const uint8_t *data, uint32_t len,
                           const struct reader_face *face, void *who)
{
    uint32_t n = r->state == READ_CLOSE ? len : (uint32_t)MIN((uint64_t)len, r->left);
    face->body(who, data, n);
    r->got += n;
    if (r->state == READ_CLOSE)
        return n;
    r->left -= n;
    if (r->left == 0 && r->state == READ_DATA) {
        r->state = READ_DATA_END;
        r->line_len = 0;
    } else if (r->left == 0) {
        message_end(r, face, who);
    }
    return n;
}

static void line_byte(struct reader *r, uint8_t byte, const struct reader_face *face, void *who)
{
    static const char crlf[] = "\r\n";
    if (r->state == READ_DATA_END) {
        BUG_ON(byte != (uint8_t)crlf[r->line_len++]);
        if (r->line_len == 2) {
            r->state = READ_SIZE;
            r->line_len = 0;
            r->left = 0;
        }
        return;
    }
    if (byte != '\n') { /* a trailer line, or the empty one */
        r->line_len++;
        return;
    }
    if (r->line_len == 1)
        message_end(r, face, who);
    r->line_len = 0;
}

void reader_feed(struct reader *r, const uint8_t *data, uint32_t len, const struct reader_face *face,
                 void *who)
{
    while (len > 0) {
        uint32_t n = 1;
        switch (r->state) {
        case READ_HEAD: head_byte(r, *data, face, who); break;
        case READ_SIZE: size_byte(r, *data); break;
        case READ_LENGTH:
        case READ_DATA:
        case READ_CLOSE: n = data_bytes(r, data, len, face, who); break;
        default: line_byte(r, *data, face, who);
        }
        data += n;
        len -= n;
    }
}

void check_zipped(const struct text *t, uint32_t id, int kind, uint32_t len)
{
    uint8_t *out = malloc((size_t)len + 1);
    struct inflater f = {.in = t->mem + t->off, .in_len = t->len - t->off, .out = out, .out_max = len};
    BUG_ON(out == NULL);
    BUG_ON(inflate_all(&f, SLZ_GZIP) != INFLATE_DONE || f.out_len != len || f.at_bit / 8 != f.in_len);
    for (uint32_t i = 0; i < len; i++)
        BUG_ON(out[i] != model_byte(id, kind, i));
    free(out);
}
