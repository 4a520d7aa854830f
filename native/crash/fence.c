/* Fenced memory: always mapped, never from malloc, whose own records lie beside its blocks. Layout without guard pages: a
 * head of 64 bytes whose rest is a fence, the buffer, a fence. With them: the head, a fence, the buffer up to the page that
 * cannot be touched; before the first page another one. */
#include "fence.h"
#include "recorder.h"
#include "text.h"
#include <sys/mman.h>

#define FENCE_MAGIC 0x46454e43u

struct fenced {
    uint32_t magic;
    uint32_t guard;
    uint64_t len;     /* of the buffer */
    uint64_t map_len; /* of all */
    uint8_t *map;
    uint8_t before[32]; /* the fence on this side */
};
STATIC_ASSERT(sizeof(struct fenced) == 64);

uint8_t fence_pattern[FENCE_LEN];

/* From the addresses the kernel chose for this process: a pattern that a body repeats by chance, or that its sender knows,
 * would hide an overrun. */
__attribute__((constructor)) static void pattern_make(void)
{
    uint64_t x = (uint64_t)(uintptr_t)&x ^ (uint64_t)(uintptr_t)fence_pattern << 16 ^ (uint64_t)getpid() << 40;
    for (size_t i = 0; i < FENCE_LEN; i++) {
        x = x * 6364136223846793005u + 1442695040888963407u;
        fence_pattern[i] = (uint8_t)(x >> 56);
    }
}

static struct fenced *head_of(const void *buffer)
{
    struct fenced *f = (struct fenced *)(void *)((uintptr_t)buffer & ~(uintptr_t)7) - 1;
    BUG_ON(f->magic != FENCE_MAGIC);
    return f;
}

static void *red_zoned(size_t len)
{
    struct fenced *f = aligned_alloc(64, (sizeof(*f) + len + 63) & ~(size_t)63);
    BUG_ON(len > SIZE_MAX / 2);
    if (f == NULL)
        return NULL;
    *f = (struct fenced){.magic = FENCE_MAGIC, .len = len};
    memcpy(f->before, fence_pattern, sizeof(f->before));
    return f + 1;
}

void *fence_alloc(size_t len, int guard)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    size_t need = sizeof(struct fenced) + 8 + len + (guard ? 0 : FENCE_LEN);
    if (FENCE_RED_ZONES && !guard)
        return red_zoned(len);
    size_t body = (need + page - 1) / page * page, map_len = body + (guard ? 2 * page : 0);
    uint8_t *map = mmap(NULL, map_len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (map == MAP_FAILED)
        return NULL;
    /* What clients and servers sent is long, and nobody reads it in a core; crash.c takes the call at work back in. */
    madvise(map, map_len, MADV_DONTDUMP);
    if (guard && (mprotect(map, page, PROT_NONE) != 0 || mprotect(map + page + body, page, PROT_NONE) != 0)) {
        munmap(map, map_len);
        return NULL;
    }
    uint8_t *buffer = guard ? map + page + body - len : map + sizeof(struct fenced);
    struct fenced *f = (struct fenced *)(void *)((uintptr_t)buffer & ~(uintptr_t)7) - 1;
    *f = (struct fenced){
        .magic = FENCE_MAGIC, .guard = (uint32_t)(guard != 0), .len = len, .map_len = map_len, .map = map};
    memcpy(f->before, fence_pattern, sizeof(f->before));
    if (!guard)
        fence_put(buffer + len);
    return buffer;
}

void fence_free(void *buffer)
{
    if (buffer == NULL)
        return;
    struct fenced *f = head_of(buffer);
    if (f->map == NULL) {
        free(f);
        return;
    }
    BUG_ON(f->map_len < f->len);
    munmap(f->map, f->map_len);
}

uint8_t *fence_room(void *buffer, size_t room)
{
    struct fenced *f = head_of(buffer);
    BUG_ON(room > f->len);
    BUG_ON(f->guard > 1);
    return f->guard ? (uint8_t *)buffer + f->len - room : buffer;
}

void fence_check(const void *buffer, const char *call)
{
    const struct fenced *f = head_of(buffer);
    if (unlikely(memcmp(f->before, fence_pattern, sizeof(f->before)) != 0))
        fence_broken(call, NULL, 0);
    if (!f->guard && f->map != NULL)
        fence_look((const uint8_t *)buffer + f->len, call, f->len);
}

void fence_broken(const char *call, const uint8_t *fence, size_t room)
{
    struct text t;
    size_t first = 0, last = 0;
    text_init(&t, record->death.text, sizeof(record->death.text));
    text_str(&t, call);
    for (size_t i = FENCE_LEN; fence != NULL && i-- > 0;) {
        if (fence[i] == fence_pattern[i])
            continue;
        first = i;
        last = MAX(last, i + 1);
    }
    if (fence == NULL) {
        text_str(&t, room == 0 ? " wrote before its buffer" : " wrote past the ");
    } else {
        text_str(&t, " wrote ");
        text_dec(&t, last - first);
        text_str(&t, last - first == 1 ? " byte past the " : " bytes past the ");
    }
    if (room != 0) {
        text_dec(&t, room);
        text_str(&t, " bytes it was given");
    }
    if (first > 0) {
        text_str(&t, ", beginning ");
        text_dec(&t, first);
        text_str(&t, " bytes behind them");
    }
    record->death.cause = RECORD_CAUSE_CANARY;
    abort();
}
