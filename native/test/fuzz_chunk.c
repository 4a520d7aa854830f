/* Any bytes as a chunked body, at once and in pieces of a length that the first byte gives: same payload, same end, and
 * what was decoded, written again, decodes to itself. */
#include "../http1/chunk.h"

/* Decodes <len> bytes in pieces of <step>, gathering payload at <out>. Returns the answer; *used_ret raw bytes. */
static int decode(uint8_t *buf, uint32_t len, uint32_t step, uint8_t *out, uint32_t *out_len_ret, uint32_t *used_ret)
{
    struct chunk_decoder d = {0};
    uint32_t at = 0, got = 0, used = 0;
    int ret = 0;

    *out_len_ret = 0;
    while (ret == 0 && at < len) {
        uint32_t n = MIN(step, len - at);

        ret = chunk_decode(&d, buf + at, n, &got, &used);
        BUG_ON(got > used || used > n || (ret == 0 && used != n));
        memcpy(out + *out_len_ret, buf + at, got);
        *out_len_ret += got;
        at += used;
    }
    *used_ret = at;
    return ret;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint32_t len = (uint32_t)size - 1, n1, n2, used1, used2;
    uint8_t *one, *two, *out1, *out2;
    int ret1, ret2;

    if (size < 2 || size > 20000)
        return 0;
    one = malloc(len);
    two = malloc(len);
    out1 = malloc(len + 64);
    out2 = malloc(len + 64);
    BUG_ON(!one || !two || !out1 || !out2);
    memcpy(one, data + 1, len);
    memcpy(two, data + 1, len);
    ret1 = decode(one, len, len, out1, &n1, &used1);
    ret2 = decode(two, len, data[0] % 16 + 1, out2, &n2, &used2);
    BUG_ON(ret1 != ret2 || n1 != n2 || used1 != used2 || memcmp(out1, out2, n1) != 0);
    if (n1 > 0) {
        uint32_t head_len = chunk_head_write(out2, n1);

        memcpy(out2 + head_len, out1, n1);
        memcpy(out2 + head_len + n1, "\r\n0\r\n", 5);
        BUG_ON(chunk_decode(&(struct chunk_decoder){0}, out2, head_len + n1 + 5, &n2, &used2) != 1);
        BUG_ON(n2 != n1 || used2 != head_len + n1 + 5 || memcmp(out1, out2, n1) != 0);
    }
    free(one);
    free(two);
    free(out1);
    free(out2);
    return 0;
}
