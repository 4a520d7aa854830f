/* The packet of handover.h as bytes: what is written into a record, and what is believed of one. Pure; owns nothing. */
#include "handover.h"
#include <errno.h>
#include <netinet/in.h>

STATIC_ASSERT(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__); /* the records are used as they lie */

void handover_fill(struct handover_record *r, const struct conn *c, uint32_t socket_id, uint64_t now_ms)
{
    uint64_t idle_ms = now_ms > c->since_ms ? now_ms - c->since_ms : 0;
    memset(r, 0, sizeof(*r));
    r->socket_id = socket_id;
    r->nrequests = c->nrequests;
    r->idle_ms = (uint32_t)MIN(idle_ms, UINT32_MAX);
    r->cookie = c->cookie;
    r->accepted_wall_ms = c->accepted_wall_ms;
    if (c->proxied == NULL)
        return;
    r->flags |= HANDOVER_PROXIED;
    r->source_len = c->proxied->src_len;
    r->target_len = c->proxied->dst_len;
    memcpy(r->source, c->proxied->src, sizeof(r->source));
    memcpy(r->target, c->proxied->dst, sizeof(r->target));
}

int handover_count(const void *bytes, size_t len, uint32_t nfds)
{
    struct handover_head head;
    BUG_ON(bytes == NULL);
    if (len < sizeof(head))
        return -EPROTO;
    memcpy(&head, bytes, sizeof(head));
    if (head.magic != HANDOVER_MAGIC || head.version != HANDOVER_VERSION || head.count == 0 ||
        head.count > HANDOVER_RECORDS_MAX || head.count != nfds || len != HANDOVER_PACKET_LEN(head.count))
        return -EPROTO;
    return head.count;
}

/* An address of a length that its family has, or none. */
static int address_ok(const uint8_t *addr, uint32_t len)
{
    uint16_t family = load_u16(addr);
    BUG_ON(addr == NULL);
    STATIC_ASSERT(offsetof(struct sockaddr_in, sin_family) == 0);
    if (len == 0)
        return 1;
    return (family == AF_INET && len == sizeof(struct sockaddr_in)) ||
           (family == AF_INET6 && len == sizeof(struct sockaddr_in6));
}

int handover_record_ok(const struct handover_record *r)
{
    static const uint8_t zero[sizeof(r->pad)];
    STATIC_ASSERT(CONN_ADDR_LEN == sizeof(struct sockaddr_in6));
    BUG_ON(r == NULL);
    if (r->socket_id == 0 || (r->flags & ~HANDOVER_FLAGS) != 0 || memcmp(r->pad, zero, sizeof(zero)) != 0)
        return 0;
    if (!(r->flags & HANDOVER_PROXIED) && (r->source_len != 0 || r->target_len != 0))
        return 0;
    return address_ok(r->source, r->source_len) && address_ok(r->target, r->target_len);
}
