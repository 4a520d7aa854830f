/* The few words every native room shares: assertions that stay in release builds, compile-time assertions, and loads
 * from unaligned memory. Nothing here owns state or allocates; it needs libc's write(2) and abort(3) only. */
#ifndef SLUICE_BASE_H
#define SLUICE_BASE_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#ifdef _WIN32
#include <io.h> /* where write(2) is declared there */
#else
#include <unistd.h>
#endif

#define likely(x) __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)

#ifdef __cplusplus
#define STATIC_ASSERT(cond) static_assert(cond, #cond)
#else
#define STATIC_ASSERT(cond) _Static_assert(cond, #cond)
#endif

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))
#define MIN(a, b) ((a) < (b) ? (a) : (b))
#define MAX(a, b) ((a) > (b) ? (a) : (b))

#define BASE_STR_(x) #x
#define BASE_STR(x) BASE_STR_(x)

#ifdef __linux__
/* Where the crash report finds the assertion that failed; absent from what is linked without the crash room. */
#ifdef __cplusplus
extern "C" const char *base_bug_said __attribute__((weak, visibility("hidden")));
#else
extern const char *base_bug_said __attribute__((weak, visibility("hidden")));
#endif
#endif

/* An impossible state was met: says where on stderr and aborts, so that the core shows the very frame. write(2) rather
 * than stdio because heap and stdio locks may be what broke; the whole text is known at compile time. */
__attribute__((noreturn, cold, noinline, unused)) static void base_bug(const char *text, size_t text_len)
{
#ifdef __linux__
    if (&base_bug_said != NULL)
        base_bug_said = text;
#endif
    if (write(2, text, text_len) < 0)
        abort();
    abort();
}

#define BUG_TEXT_(cond) "BUG: " __FILE__ ":" BASE_STR(__LINE__) ": " cond "\n"

/* Kept in release builds: use it for what is O(1). */
#define BUG_ON(cond) \
    do { \
        if (unlikely(cond)) \
            base_bug(BUG_TEXT_(#cond), sizeof(BUG_TEXT_(#cond)) - 1); \
    } while (0)

/* memcpy of a constant size is one instruction on every target we build for, and the only way without undefined
 * behaviour. */
static inline uint16_t load_u16(const void *p)
{
    uint16_t v;
    memcpy(&v, p, sizeof(v));
    return v;
}

static inline uint32_t load_u32(const void *p)
{
    uint32_t v;
    memcpy(&v, p, sizeof(v));
    return v;
}

static inline uint64_t load_u64(const void *p)
{
    uint64_t v;
    memcpy(&v, p, sizeof(v));
    return v;
}

static inline void store_u16(void *p, uint16_t v)
{
    memcpy(p, &v, sizeof(v));
}

static inline void store_u32(void *p, uint32_t v)
{
    memcpy(p, &v, sizeof(v));
}

static inline void store_u64(void *p, uint64_t v)
{
    memcpy(p, &v, sizeof(v));
}

#endif
