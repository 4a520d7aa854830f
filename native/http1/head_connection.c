/* What belongs to one connection and not to the message: Connection and what it lists, Upgrade, TE (RFC 9110 sections
 * 7.6.1, 7.8, 10.1.4). Such fields stay in the table for the rules, marked so that the writer leaves them out. */
#include "head_parts.h"

int connection_read(struct head_reading *r, const struct head_field *f)
{
    struct text rest = {f->value_off, f->value_len, 0}, word = {0};

    BUG_ON(HEAD_NAME_ID(f->name_id) != HEAD_NAME_CONNECTION);
    BUG_ON(r->noptions > HEAD_CONNECTION_OPTIONS_MAX);
    while (list_next(r->buf, &rest, &word)) {
        const uint8_t *p = r->buf + word.off;

        if (TEXT_IS(p, word.len, "close"))
            r->h->flags |= HEAD_F_CONN_CLOSE;
        else if (TEXT_IS(p, word.len, "keep-alive"))
            r->h->flags |= HEAD_F_CONN_KEEPALIVE;
        else if (TEXT_IS(p, word.len, "upgrade"))
            r->h->flags |= HEAD_F_CONN_UPGRADE;
        else if (word.len && !TEXT_IS(p, word.len, "te") && ++r->noptions > HEAD_CONNECTION_OPTIONS_MAX)
            return head_refuse(r->h, 400, word.off);
    }
    BUG_ON(rest.len != 0);
    return 0;
}

/* Fields that a Connection option cannot take out of a message: without them it would be another message. All but Host
 * are this proxy's own to write anyway. */
static int field_is_bound(const struct head_field *f)
{
    uint32_t id = HEAD_NAME_ID(f->name_id);

    BUG_ON(f->name_len == 0);
    return id == HEAD_NAME_HOST || id == HEAD_NAME_CONTENT_LENGTH || id == HEAD_NAME_TRANSFER_ENCODING ||
           id == HEAD_NAME_TE || id == HEAD_NAME_UPGRADE;
}

static void option_mark(struct head_reading *r, const struct text *word)
{
    BUG_ON(word->len == 0);
    for (uint32_t i = 0; i < r->h->nfields; i++) {
        struct head_field *f = &r->fields[i];

        if (f->name_len == word->len && !field_is_bound(f) &&
            text_same(r->buf + f->name_off, f->name_len, r->buf + word->off, word->len))
            f->name_id |= HEAD_NAME_HOP;
    }
    BUG_ON(r->noptions == 0);
}

/* Upgrade to HTTP/2 is another proxy's business: h2c and h2 are taken out of the list, in place. */
void connection_read_upgrade(struct head_reading *r, struct head_field *f)
{
    struct text rest = {f->value_off, f->value_len, 0}, word = {0};
    uint32_t out = f->value_off, dropped = 0;

    BUG_ON(HEAD_NAME_ID(f->name_id) != HEAD_NAME_UPGRADE);
    f->name_id |= HEAD_NAME_HOP;
    while (list_next(r->buf, &rest, &word)) {
        uint8_t *p = r->buf + word.off;

        if (word.len == 0 || TEXT_IS(p, word.len, "h2c") || TEXT_IS(p, word.len, "h2")) {
            dropped = 1;
            continue;
        }
        if (TEXT_IS(p, word.len, "websocket"))
            r->h->flags |= HEAD_F_WEBSOCKET;
        r->has_upgrade = 1;
        if (!dropped) {
            out = word.off + word.len;
            continue;
        }
        if (out > f->value_off)
            r->buf[out++] = ',';
        BUG_ON(out > word.off);
        memmove(r->buf + out, p, word.len);
        out += word.len;
    }
    BUG_ON(out > f->value_off + f->value_len);
    f->value_len = out - f->value_off;
}

/* TE goes no further than the next hop; we take trailers and can pass them on, so that one word is said again. */
void connection_read_te(struct head_reading *r, struct head_field *f)
{
    struct text rest = {f->value_off, f->value_len, 0}, word = {0};

    BUG_ON(HEAD_NAME_ID(f->name_id) != HEAD_NAME_TE);
    while (!(r->h->flags & HEAD_F_TE_TRAILERS) && list_next(r->buf, &rest, &word)) {
        if (!TEXT_IS(r->buf + word.off, word.len, "trailers"))
            continue;
        r->h->flags |= HEAD_F_TE_TRAILERS;
        f->value_off = word.off;
        f->value_len = word.len;
        return;
    }
    f->name_id |= HEAD_NAME_HOP;
    BUG_ON(!(f->name_id & HEAD_NAME_HOP));
}

void connection_settle(struct head_reading *r)
{
    struct head *h = r->h;

    BUG_ON(h->kind == HEAD_TRAILERS);
    /* RFC 9110 section 7.8: an Upgrade from HTTP/1.0 is ignored, and one that Connection does not name was not meant
     * for us */
    if (r->has_upgrade && (h->flags & HEAD_F_CONN_UPGRADE) && h->version >= 0x0101)
        h->flags |= HEAD_F_UPGRADE;
    else
        h->flags &= ~(uint32_t)HEAD_F_WEBSOCKET;
    if (r->noptions == 0)
        return;
    h->flags |= HEAD_F_HAS_LISTED;
    for (uint32_t i = 0; i < h->nfields; i++) {
        struct text rest = {r->fields[i].value_off, r->fields[i].value_len, 0}, word = {0};

        if (HEAD_NAME_ID(r->fields[i].name_id) != HEAD_NAME_CONNECTION)
            continue;
        while (list_next(r->buf, &rest, &word)) {
            if (word.len)
                option_mark(r, &word);
        }
    }
    BUG_ON(r->noptions > HEAD_CONNECTION_OPTIONS_MAX);
}
