/* The two character tables of HTTP/1: which bytes a token is made of, and hexadecimal digits. */
#include "chars.h"

/* RFC 9110 section 5.6.2: tchar, given in lower case; 0 for every other byte. */
const uint8_t char_token_lower[256] = {
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    0, 33, 0, 35, 36, 37, 38, 39, 0, 0, 42, 43, 0, 45, 46, 0,
    48, 49, 50, 51, 52, 53, 54, 55, 56, 57, 0, 0, 0, 0, 0, 0,
    0, 97, 98, 99, 100, 101, 102, 103, 104, 105, 106, 107, 108, 109, 110, 111,
    112, 113, 114, 115, 116, 117, 118, 119, 120, 121, 122, 0, 0, 0, 94, 95,
    96, 97, 98, 99, 100, 101, 102, 103, 104, 105, 106, 107, 108, 109, 110, 111,
    112, 113, 114, 115, 116, 117, 118, 119, 120, 121, 122, 0, 124, 0, 126, 0,
};

uint32_t token_scan(const uint8_t *p, uint32_t len)
{
    uint32_t i = 0;

    BUG_ON(!p && len);
    while (i < len && char_token_lower[p[i]])
        i++;
    BUG_ON(i > len);
    return i;
}

int text_is(const uint8_t *p, uint32_t len, const char *lower, uint32_t lower_len)
{
    BUG_ON(!lower);
    if (len != lower_len)
        return 0;
    BUG_ON(!p && len);
    for (uint32_t i = 0; i < len; i++) {
        if (char_lower(p[i]) != (uint8_t)lower[i])
            return 0;
    }
    return 1;
}

int text_same(const uint8_t *a, uint32_t a_len, const uint8_t *b, uint32_t b_len)
{
    if (a_len != b_len)
        return 0;
    BUG_ON(a_len && (!a || !b));
    for (uint32_t i = 0; i < a_len; i++) {
        if (char_lower(a[i]) != char_lower(b[i]))
            return 0;
    }
    BUG_ON(a_len != b_len);
    return 1;
}

int list_next(const uint8_t *buf, struct text *rest, struct text *element_ret)
{
    uint32_t at = rest->off, end = rest->off + rest->len, stop;

    BUG_ON(!buf || !element_ret);
    BUG_ON(end < at);
    if (rest->len == 0)
        return 0;
    for (stop = at; stop < end && buf[stop] != ','; stop++)
        ;
    /* one comma is consumed with its element, so a comma at the very end leaves an empty element to be seen */
    rest->off = stop < end ? stop + 1 : end;
    rest->len = end - rest->off;
    if (stop < end && rest->len == 0)
        rest->last_empty = 1;
    while (at < stop && char_is_blank(buf[at]))
        at++;
    while (stop > at && char_is_blank(buf[stop - 1]))
        stop--;
    element_ret->off = at;
    element_ret->len = stop - at;
    return 1;
}
