/* What the files of the head scanner tell each other; nobody else includes it. The scan has two steps: lines
 * (head_scan.c: syntax only, resumable) and, once the last line is there, meaning (head_meaning.c and its neighbours:
 * framing, connection options, authority). So the order of errors does not depend on how the bytes arrived. */
#ifndef SLUICE_HTTP1_HEAD_PARTS_H
#define SLUICE_HTTP1_HEAD_PARTS_H

#include "chars.h"
#include "head.h"

#include <errno.h>

/* A message while its meaning is worked out. */
struct head_reading {
    struct head *h;
    struct head_field *fields;
    uint8_t *buf;
    uint32_t opts;
    uint32_t coding_other;   /* Transfer-Encoding named something other than chunked */
    uint32_t coding_chunked; /* it named chunked, last or not */
    uint32_t noptions;       /* Connection options other than close, keep-alive, upgrade and te */
    uint32_t has_upgrade, has_websocket_key;
};

static inline int head_refuse(struct head *h, uint32_t status, uint32_t off)
{
    BUG_ON(status < 400 || status > 599);
    h->error = h->kind == HEAD_RESPONSE ? 502 : status;
    h->error_off = off;
    BUG_ON(h->kind != HEAD_REQUEST && h->kind != HEAD_RESPONSE && h->kind != HEAD_TRAILERS);
    return -EINVAL;
}

int head_meaning(struct head *h, struct head_field *fields, uint8_t *buf, uint32_t opts);

/* head_framing.c */
int framing_read_length(struct head_reading *r, struct head_field *f);
int framing_read_coding(struct head_reading *r, const struct head_field *f);
int framing_settle(struct head_reading *r);

/* head_connection.c */
int connection_read(struct head_reading *r, const struct head_field *f);
void connection_read_upgrade(struct head_reading *r, struct head_field *f);
void connection_read_te(struct head_reading *r, struct head_field *f);
void connection_settle(struct head_reading *r);

/* head_target.c */
int authority_check(const uint8_t *p, uint32_t len);
int target_settle(struct head_reading *r);

#endif
