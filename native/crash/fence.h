/* Hot path. Fences around what encoders and parsers write: overruns of the heap do not crash by themselves, they are found
 * here, in the call that did it. A fence is FENCE_LEN bytes of a pattern of this process behind a buffer, looked at when
 * the call returns; a broken one ends the process, and the report names call and stream. With guard pages (`guard-pages on`)
 * buffers lie against unmapped memory instead, and the very instruction faults. */
#ifndef SLUICE_CRASH_FENCE_H
#define SLUICE_CRASH_FENCE_H

#include "../base.h"

/* Under AddressSanitizer buffers come from malloc and end where its own red zone begins, which sees more. */
#if defined(__SANITIZE_ADDRESS__)
#define FENCE_RED_ZONES 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define FENCE_RED_ZONES 1
#endif
#endif
#ifndef FENCE_RED_ZONES
#define FENCE_RED_ZONES 0
#endif
#define FENCE_WORDS (!FENCE_RED_ZONES) /* whether the bytes behind a buffer may be read */

#define FENCE_LEN 128u /* bytes looked at: an overrun that jumps over them is not seen */

/* Memory for one buffer of <len> bytes, 64-aligned unless it has <guard> pages, where it ends at one; NULL without memory.
 * It is fenced. */
void *fence_alloc(size_t len, int guard);
void fence_free(void *buffer);
/* The fences of such a buffer: nothing, or the process ends. <call> is what wrote last. */
void fence_check(const void *buffer, const char *call);
/* Where <room> bytes for one call lie in the buffer: at its start, or with guard pages at its end. */
uint8_t *fence_room(void *buffer, size_t room);

extern uint8_t fence_pattern[FENCE_LEN]; /* other in each process */

/* How <call> broke the fence behind its <room> bytes. */
__attribute__((noreturn, cold)) void fence_broken(const char *call, const uint8_t *fence, size_t room);

/* A fence at any place: put before the call, looked at after it. There are FENCE_LEN bytes at <at>. */
static inline void fence_put(uint8_t *at)
{
    memcpy(at, fence_pattern, FENCE_LEN);
}

static inline void fence_look(const uint8_t *at, const char *call, size_t room)
{
    if (unlikely(memcmp(at, fence_pattern, FENCE_LEN) != 0))
        fence_broken(call, at, room);
}

/* The word behind bytes that are worked on in place: read before, compared after. */
static inline uint64_t fence_word(const uint8_t *end)
{
    return load_u64(end);
}

static inline void fence_same(const uint8_t *end, uint64_t word, const char *call, size_t room)
{
    if (unlikely(load_u64(end) != word))
        fence_broken(call, NULL, room);
}

#endif
