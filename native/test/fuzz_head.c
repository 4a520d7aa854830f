/* Any bytes as a head, in two pieces: both ways of reading end alike, everything stays inside the buffer, and what is
 * accepted and written again is accepted again with the same framing, to the same bytes: a peer behind us reads what we
 * read. First byte: kind and where to cut. */
#include "../http1/head.h"

#include <errno.h>

enum { FIELDS = 100 };

static void written_again(const struct head *h, const uint8_t *buf, const struct head_field *fields)
{
    static uint8_t out[2][1 << 16], copy[1 << 16];
    struct head_field fields2[FIELDS];
    struct framing f1 = {0}, f2 = {0};
    struct head h2 = {0};
    uint32_t wflags = h->flags & HEAD_F_UPGRADE ? WRITE_CONN_UPGRADE : 0;
    int n, n2;

    if (h->kind == HEAD_REQUEST)
        framing_of_request(h, &f1);
    else if (h->kind == HEAD_RESPONSE)
        framing_of_response(h, HTTP_METHOD_GET, &f1);
    wflags |= f1.kind == FRAMING_CHUNKED ? WRITE_CHUNKED : f1.kind == FRAMING_TUNNEL ? WRITE_DROP_CLEN : 0;
    n = head_write(out[0], sizeof(out[0]), h, buf, fields, NULL, 0, NULL, 0, wflags);
    if (n == -ENOSPC)
        return;
    BUG_ON(n <= 0);
    memcpy(copy, out[0], (size_t)n);
    n2 = head_scan(&h2, fields2, FIELDS, copy, (uint32_t)n, h->kind, 0);
    /* the Host that we add may be one too many, 1.0 may do what 1.1 may not, and "http://:" becomes "http:///", as HAProxy's
     * tests want it; all else is a bug */
    if (n2 < 0 && (h->nfields == FIELDS || h->version < 0x0101 || ((h->flags & HEAD_F_ABSOLUTE) && !h->authority_len)))
        return;
    BUG_ON(n2 != n);
    if (h->kind == HEAD_REQUEST)
        framing_of_request(&h2, &f2);
    else if (h->kind == HEAD_RESPONSE)
        framing_of_response(&h2, HTTP_METHOD_GET, &f2);
    BUG_ON(f1.kind != f2.kind || f1.length != f2.length);
    BUG_ON(head_write(out[1], sizeof(out[1]), &h2, copy, fields2, NULL, 0, NULL, 0, wflags) != n);
    BUG_ON(memcmp(out[0], out[1], (size_t)n) != 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct head_field fields[FIELDS], again[FIELDS];
    struct head h = {0}, h2 = {0};
    uint32_t kind, cut, len;
    uint8_t *one, *two;
    int ret, ret2;

    if (size < 2 || size > 20000)
        return 0;
    kind = data[0] % 3 + 1;
    cut = data[1] * ((uint32_t)size - 2) / 255;
    len = (uint32_t)size - 2;
    one = malloc(len + 1);
    two = malloc(len + 1);
    BUG_ON(!one || !two);
    memcpy(one + 1, data + 2, len); /* + 1: ASan sees one byte too many at the end, UBSan sees no alignment */
    memcpy(two + 1, data + 2, len);
    ret = head_scan(&h, fields, FIELDS, one + 1, len, kind, 0);
    ret2 = head_scan(&h2, again, FIELDS, two + 1, cut, kind, 0);
    if (ret2 == 0)
        ret2 = head_scan(&h2, again, FIELDS, two + 1, len, kind, 0);
    BUG_ON(ret2 != ret || h.error != h2.error);
    if (ret > 0) {
        BUG_ON(memcmp(&h, &h2, sizeof(h)) != 0 || memcmp(one + 1, two + 1, len) != 0);
        written_again(&h, one + 1, fields);
    }
    free(one);
    free(two);
    return 0;
}
