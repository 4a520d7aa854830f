/* Any bytes as a PROXY header: never read beyond them; what is one at some length is the same one with more behind it; what
 * can never become one stays so; addresses written as a line are read back. */
#include "../proxy_header/proxy_header.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct proxy_header h, part;
    char line[PROXY_LINE_LEN_MAX + 1];
    if (size > 4096)
        return 0;
    uint8_t *copy = malloc(size + 1); /* at its exact size under ASan */
    BUG_ON(copy == NULL);
    uint8_t *whole = malloc(size == 0 ? 1 : size);
    BUG_ON(whole == NULL);
    memcpy(whole, data, size);
    int n = proxy_header_parse(whole, (uint32_t)size, &h);
    BUG_ON(n > (int)size || n < -PROXY_UNHANDLED || n == 0);
    for (uint32_t cut = 0; cut < size; cut++) {
        memcpy(copy, data, cut);
        int m = proxy_header_parse(copy, cut, &part);
        BUG_ON(n > 0 && (m != (cut < (uint32_t)n ? -PROXY_TRUNCATED : n)));
        BUG_ON(n == -PROXY_TRUNCATED && m != n);
        BUG_ON(m < 0 && m != -PROXY_TRUNCATED && n != m);
    }
    if (n > 0 && h.src_len > 0) {
        uint32_t len = proxy_header_write_line(line, h.src, h.src_len, h.dst, h.dst_len);
        BUG_ON(proxy_header_parse((uint8_t *)line, len, &part) != (int)len);
        BUG_ON(part.src_len != h.src_len || memcmp(part.src, h.src, h.src_len) != 0);
        BUG_ON(part.dst_len != h.dst_len || memcmp(part.dst, h.dst, h.dst_len) != 0);
    }
    free(copy);
    free(whole);
    return 0;
}
