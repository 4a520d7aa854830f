/* The others, loaded at run time: libslz, libdeflate and igzip. State: one table of functions for each
 * library, filled once. */
#include "engine.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

/* libslz. Its stream is 40 bytes; the room here is more than any version needs. */
struct libslz {
    int (*init)(void *stream, int level);
    long (*encode)(void *stream, void *out, const void *in, long len, int more);
    int (*flush)(void *stream, void *out);
    int (*finish)(void *stream, void *out);
};

enum { LIBSLZ_STREAM_MAX = 256 };

static size_t libslz_pack(const struct engine *e, uint8_t *out, size_t room, const uint8_t *in, size_t len,
                          size_t chunk)
{
    const struct libslz *lib = e->library;
    uint64_t stream[LIBSLZ_STREAM_MAX / 8];
    uint8_t *start = out;

    (void)room;
    lib->init(stream, e->level);
    for (size_t at = 0, n; at < len; at += n) {
        n = chunk == 0 || len - at < chunk ? len - at : chunk;
        out += lib->encode(stream, out, in + at, (long)n, chunk != 0);
        if (chunk != 0)
            out += lib->flush(stream, out);
    }
    return (size_t)(out - start) + (size_t)lib->finish(stream, out);
}

unsigned engines_libslz(struct engine *list, unsigned count, const char *path)
{
    static struct libslz lib;
    void *so = path ? dlopen(path, RTLD_NOW) : NULL;

    if (!so)
        return count;
    *(void **)&lib.init = dlsym(so, "slz_rfc1952_init");
    *(void **)&lib.encode = dlsym(so, "slz_rfc1952_encode");
    *(void **)&lib.flush = dlsym(so, "slz_rfc1952_flush");
    *(void **)&lib.finish = dlsym(so, "slz_rfc1952_finish");
    if (lib.init && lib.encode && lib.flush && lib.finish)
        list[count++] = (struct engine){.name = "libslz", .level = 1, .library = &lib, .pack = libslz_pack};
    return count;
}

/* libdeflate packs whole bodies only. */
struct libdeflate {
    void *(*alloc)(int level);
    size_t (*gzip)(void *state, const void *in, size_t len, void *out, size_t room);
    void (*release)(void *state);
};

static size_t libdeflate_pack(const struct engine *e, uint8_t *out, size_t room, const uint8_t *in,
                              size_t len, size_t chunk)
{
    const struct libdeflate *lib = e->library;
    void *state = chunk == 0 ? lib->alloc(e->level) : NULL;
    size_t n = 0;

    if (state) {
        n = lib->gzip(state, in, len, out, room);
        lib->release(state);
    }
    return n;
}

unsigned engines_libdeflate(struct engine *list, unsigned count, const char *path)
{
    static struct libdeflate lib;
    void *so = dlopen(path ? path : "libdeflate.so.0", RTLD_NOW);

    if (!so)
        return count;
    *(void **)&lib.alloc = dlsym(so, "libdeflate_alloc_compressor");
    *(void **)&lib.gzip = dlsym(so, "libdeflate_gzip_compress");
    *(void **)&lib.release = dlsym(so, "libdeflate_free_compressor");
    if (lib.alloc && lib.gzip && lib.release)
        list[count++] =
            (struct engine){.name = "libdeflate 1", .level = 1, .library = &lib, .pack = libdeflate_pack};
    return count;
}

#if __has_include(<isa-l/igzip_lib.h>)
#include <isa-l/igzip_lib.h>

struct igzip {
    void (*init)(struct isal_zstream *stream);
    int (*stateless)(struct isal_zstream *stream);
    uint32_t (*crc32)(uint32_t sum, const uint8_t *in, uint64_t len);
};

/* Stateless, as ours is: a full flush after each chunk. Its own gzip frame would begin anew with every call,
 * so header and trailer are put here. */
static size_t igzip_pack(const struct engine *e, uint8_t *out, size_t room, const uint8_t *in, size_t len,
                         size_t chunk)
{
    static const uint8_t head[10] = {0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255};
    static uint8_t level_room[ISAL_DEF_LVL1_DEFAULT];
    const struct igzip *lib = e->library;
    struct isal_zstream stream;
    uint32_t tail[2] = {0, (uint32_t)len};

    memcpy(out, head, sizeof(head));
    lib->init(&stream);
    stream.level = (uint32_t)e->level;
    stream.level_buf = level_room;
    stream.level_buf_size = e->level ? sizeof(level_room) : 0;
    stream.next_out = out + sizeof(head);
    stream.avail_out = (uint32_t)(room - sizeof(head) - sizeof(tail));
    for (size_t at = 0, n; at < len; at += n) {
        n = chunk == 0 || len - at < chunk ? len - at : chunk;
        tail[0] = lib->crc32(tail[0], in + at, n);
        stream.next_in = (uint8_t *)(uintptr_t)(in + at);
        stream.avail_in = (uint32_t)n;
        stream.flush = chunk == 0 ? NO_FLUSH : FULL_FLUSH;
        stream.end_of_stream = at + n == len;
        if (lib->stateless(&stream) != COMP_OK)
            return 0;
    }
    memcpy(stream.next_out, tail, sizeof(tail));
    return (size_t)(stream.next_out - out) + sizeof(tail);
}

unsigned engines_igzip(struct engine *list, unsigned count, const char *path)
{
    static struct igzip lib;
    void *so = dlopen(path ? path : "libisal.so.2", RTLD_NOW);

    if (!so)
        return count;
    *(void **)&lib.init = dlsym(so, "isal_deflate_stateless_init");
    *(void **)&lib.stateless = dlsym(so, "isal_deflate_stateless");
    *(void **)&lib.crc32 = dlsym(so, "crc32_gzip_refl");
    if (!lib.init || !lib.stateless || !lib.crc32)
        return count;
    for (int level = 0; level < 2; level++)
        list[count++] = (struct engine){
            .name = level ? "igzip 1" : "igzip 0", .level = level, .library = &lib, .pack = igzip_pack};
    return count;
}
#else
unsigned engines_igzip(struct engine *list, unsigned count, const char *path)
{
    (void)list, (void)path;
    return count;
}
#endif
