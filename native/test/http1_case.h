/* What the HTTP/1 tests share: counters, rooms that fault one byte beyond either end, and a small engine's way from a
 * scanned head to the written one. All state is static to the including program. */
#ifndef SLUICE_TEST_HTTP1_CASE_H
#define SLUICE_TEST_HTTP1_CASE_H

#include "../http1/head.h"

#include <errno.h>
#include <stdio.h>
#include <sys/mman.h>

enum { CASE_ROOM_LEN = 1 << 17, CASE_FIELDS = 100 };

static unsigned case_passed, case_failed;

#define CHECK(cond, ...)                                     \
    do {                                                     \
        if (cond) {                                          \
            case_passed++;                                   \
        } else if (++case_failed < 40) {                     \
            printf("%s:%d: %s: ", __FILE__, __LINE__, #cond); \
            printf(__VA_ARGS__);                             \
            printf("\n");                                    \
        }                                                    \
    } while (0)

/* CASE_ROOM_LEN bytes between two pages that may not be touched. */
struct case_room {
    uint8_t *low, *high;
};

static inline struct case_room case_room_new(void)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    uint8_t *map = mmap(NULL, CASE_ROOM_LEN + 2 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    BUG_ON(map == MAP_FAILED || CASE_ROOM_LEN % page != 0);
    BUG_ON(mprotect(map + page, CASE_ROOM_LEN, PROT_READ | PROT_WRITE) != 0);
    return (struct case_room){map + page, map + page + CASE_ROOM_LEN};
}

/* The flags an engine gives for a message that goes on as it came. */
static inline uint32_t case_wflags(const struct head *h, uint16_t request_method_id)
{
    struct framing framing = {0};
    uint32_t wflags = h->flags & HEAD_F_UPGRADE ? WRITE_CONN_UPGRADE : 0;

    if (h->kind == HEAD_TRAILERS)
        return 0;
    if (h->kind == HEAD_REQUEST)
        framing_of_request(h, &framing);
    else
        framing_of_response(h, request_method_id, &framing);
    if (framing.kind == FRAMING_CHUNKED)
        wflags |= WRITE_CHUNKED;
    if (framing.kind == FRAMING_TUNNEL)
        wflags |= WRITE_DROP_CLEN;
    if (h->flags & HEAD_F_MUST_CLOSE)
        wflags |= WRITE_CONN_CLOSE;
    return h->version < 0x0101 ? wflags | WRITE_VERSION_10 : wflags;
}

static inline int case_end(const char *name)
{
    printf("%s: %u passed, %u failed\n", name, case_passed, case_failed);
    return case_failed != 0;
}

#endif
