/* What a log line and the statistics call bytes: HAProxy counts a message as it holds it, not as it lies on the wire. A
 * start line weighs 20 and its words, a field its name and value, the end of a head and of a chunked body one each, a
 * body its payload. Measured on HAProxy 3.5; people compare the figures of the two. */
#include "eng.h"

#define START_LINE_WEIGHT 20u
#define VERSION_LEN 8u /* "HTTP/1.1" */
#define STATUS_LEN 3u

static int is_word(const uint8_t *value, uint32_t len, const char *word)
{
    return len == strlen(word) && strncasecmp((const char *)value, word, len) == 0;
}

/* A length that is another's double or that Transfer-Encoding overrides, and what tells of a body where none is. */
static int is_framing_dropped(const struct head *h, const struct head_field *f)
{
    uint32_t id = HEAD_NAME_ID(f->name_id);
    BUG_ON(h->kind == 0);
    if (id == HEAD_NAME_CONTENT_LENGTH)
        return (f->name_id & HEAD_NAME_HOP) != 0;
    return id == HEAD_NAME_TRANSFER_ENCODING && h->kind == HEAD_RESPONSE &&
           (h->status < 200 || h->status == 204);
}

uint32_t fields_weight(const struct head *h, const struct head_field *f, const uint8_t *bytes)
{
    uint32_t weight = 0;
    BUG_ON(h == NULL || bytes == NULL);
    for (uint32_t i = 0; i < h->nfields; i++) {
        const uint8_t *value = bytes + f[i].value_off;
        /* a Connection field that only says how long the connection lives ends at the parser */
        if (HEAD_NAME_ID(f[i].name_id) == HEAD_NAME_CONNECTION &&
            (is_word(value, f[i].value_len, "close") || is_word(value, f[i].value_len, "keep-alive")))
            continue;
        if (is_framing_dropped(h, &f[i]))
            continue;
        weight += f[i].name_len + f[i].value_len;
    }
    return weight;
}

uint32_t head_weight(const struct head *h, const struct head_field *f, const uint8_t *bytes)
{
    uint32_t words = VERSION_LEN;
    BUG_ON(h->kind != HEAD_REQUEST && h->kind != HEAD_RESPONSE);
    words += h->kind == HEAD_REQUEST ? h->method_len + h->target_len : STATUS_LEN + h->reason_len;
    return START_LINE_WEIGHT + words + fields_weight(h, f, bytes) + 1;
}
