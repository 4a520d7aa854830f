/* text.h: a few ways to write a number. */
#include "text.h"
#include <errno.h>
#include <sys/socket.h>

void text_init(struct text *t, char *mem, size_t size)
{
    BUG_ON(mem == NULL || size == 0);
    *t = (struct text){.mem = mem, .size = size, .fd = -1};
    mem[0] = 0;
}

void text_init_fd(struct text *t, char *mem, size_t size, int fd)
{
    text_init(t, mem, size);
    t->fd = fd;
}

void text_flush(struct text *t)
{
    size_t at = 0;
    BUG_ON(t->mem == NULL || t->len >= t->size);
    while (t->fd >= 0 && at < t->len) {
        ssize_t n = write(t->fd, t->mem + at, t->len - at);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            break; /* a full disk: the rest of the report is lost, the process ends all the same */
        at += (size_t)n;
    }
    if (t->fd >= 0) {
        t->len = 0;
        t->mem[0] = 0;
    }
}

void text_char(struct text *t, char c)
{
    if (t->len + 1 >= t->size)
        text_flush(t);
    if (t->len + 1 >= t->size)
        return;
    t->mem[t->len++] = c;
    t->mem[t->len] = 0;
}

void text_bytes(struct text *t, const void *bytes, size_t len)
{
    const char *p = bytes;
    BUG_ON(p == NULL && len > 0);
    BUG_ON(t->len >= t->size);
    for (size_t i = 0; i < len; i++)
        text_char(t, p[i]);
}

void text_str(struct text *t, const char *s)
{
    BUG_ON(s == NULL);
    BUG_ON(t->size == 0);
    while (*s != 0)
        text_char(t, *s++);
}

static char digit(uint32_t n)
{
    BUG_ON(n > 15);
    return "0123456789abcdef"[n];
}

void text_escaped(struct text *t, const void *bytes, size_t len)
{
    const uint8_t *p = bytes;
    BUG_ON(p == NULL && len > 0);
    BUG_ON(t->len >= t->size);
    for (size_t i = 0; i < len; i++) {
        if (p[i] >= 0x20 && p[i] < 0x7f && p[i] != '\\') {
            text_char(t, (char)p[i]);
            continue;
        }
        text_str(t, "\\x");
        text_char(t, digit(p[i] >> 4));
        text_char(t, digit(p[i] & 15));
    }
}

static void number(struct text *t, uint64_t n, uint32_t base, uint32_t digits, int grouped)
{
    char reversed[72];
    uint32_t len = 0, written = 0;
    BUG_ON(base < 2 || base > 16 || digits > 20);
    do {
        if (grouped && written > 0 && written % 3 == 0)
            reversed[len++] = ',';
        reversed[len++] = digit((uint32_t)(n % base));
        written++;
        n /= base;
    } while (n > 0 || written < digits);
    BUG_ON(len > sizeof(reversed));
    while (len > 0)
        text_char(t, reversed[--len]);
}

void text_dec(struct text *t, uint64_t n)
{
    number(t, n, 10, 1, 0);
}

void text_int(struct text *t, int64_t n)
{
    if (n < 0)
        text_char(t, '-');
    number(t, n < 0 ? -(uint64_t)n : (uint64_t)n, 10, 1, 0);
}

void text_grouped(struct text *t, uint64_t n)
{
    number(t, n, 10, 1, 1);
}

void text_hex(struct text *t, uint64_t n, uint32_t digits)
{
    text_str(t, "0x");
    number(t, n, 16, MAX(digits, 1u), 0);
}

void text_dump(struct text *t, const uint8_t *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        text_char(t, digit(bytes[i] >> 4));
        text_char(t, digit(bytes[i] & 15));
    }
}

/* Groups of 16 bits as they are: no shortening, which nobody needs in a report. */
static void ipv6(struct text *t, const uint8_t *bytes)
{
    text_char(t, '[');
    for (size_t i = 0; i < 16; i += 2) {
        if (i > 0)
            text_char(t, ':');
        uint32_t group = (uint32_t)bytes[i] << 8 | bytes[i + 1];
        number(t, group, 16, 1, 0);
    }
    text_char(t, ']');
}

void text_sockaddr(struct text *t, const uint8_t *addr, size_t addr_len)
{
    uint16_t family = addr_len >= 2 ? load_u16(addr) : 0;
    if (family == AF_INET && addr_len >= 8) { /* family, port, address */
        for (size_t i = 4; i < 8; i++) {
            if (i > 4)
                text_char(t, '.');
            text_dec(t, addr[i]);
        }
    } else if (family == AF_INET6 && addr_len >= 24) { /* family, port, flow, address */
        ipv6(t, addr + 8);
    } else {
        text_str(t, "unix");
        return;
    }
    text_char(t, ':');
    text_dec(t, (uint32_t)addr[2] << 8 | addr[3]);
}
