/* What competes: one interface over every encoder, so that the stick is the same for all. An engine packs a
 * body as one gzip member, in chunks with a sync flush after each or whole, and keeps nothing between two
 * bodies. Peers are shared libraries loaded by path; a library that is missing is left out by name. */
#ifndef SLUICE_BENCH_ENGINE_H
#define SLUICE_BENCH_ENGINE_H

#include <stddef.h>
#include <stdint.h>

enum { ENGINES_MAX = 24, ROOM_SPARE = 1 << 20 };

/* Every engine's output fits: what a flush per chunk may add, and a quarter more than the body. */
#define ENGINE_ROOM(len) ((len) + (len) / 4 + ROOM_SPARE)

struct engine {
    const char *name;
    int level; /* the engine's own word: a mode of ours, a level of zlib's */
    const void *library;

    /* One gzip member of `len` bytes in pieces of `chunk`, 0 for all at once. 0 when this engine cannot. */
    size_t (*pack)(const struct engine *e, uint8_t *out, size_t room, const uint8_t *in, size_t len,
                   size_t chunk);
};

/* Each appends what it offers to `list` and returns the new count. A path of NULL means the library's
 * customary name. */
unsigned engines_slz(struct engine *list, unsigned count);
unsigned engines_libslz(struct engine *list, unsigned count, const char *path);
unsigned engines_zlib(struct engine *list, unsigned count, const char *name, const char *path);
unsigned engines_libdeflate(struct engine *list, unsigned count, const char *path);
unsigned engines_igzip(struct engine *list, unsigned count, const char *path);

#endif
