/* zlib, and what has its face: zlib-ng in either of its builds. Also the judge: what an engine wrote must
 * inflate to the body before it gets a figure. */
#include "engine.h"
#include "judge.h"

#include <dlfcn.h>
#include <stdio.h>
#include <string.h>
#include <zlib.h>

struct zlib {
    int (*init)(z_stream *z, int level, int method, int bits, int memory, int strategy, const char *version,
                int size);
    int (*deflate)(z_stream *z, int flush);
    int (*end)(z_stream *z);
};

enum { GZIP_WINDOW = 15 + 16, MEMORY_LEVEL = 8, LIBRARIES_MAX = 2 };

static size_t zlib_pack(const struct engine *e, uint8_t *out, size_t room, const uint8_t *in, size_t len,
                        size_t chunk)
{
    const struct zlib *lib = e->library;
    z_stream z = {.next_out = out, .avail_out = (uInt)room};

    if (lib->init(&z, e->level, Z_DEFLATED, GZIP_WINDOW, MEMORY_LEVEL, Z_DEFAULT_STRATEGY, ZLIB_VERSION,
                  (int)sizeof(z)) != Z_OK)
        return 0;
    for (size_t at = 0, n; at < len; at += n) {
        n = chunk == 0 || len - at < chunk ? len - at : chunk;
        z.next_in = (Bytef *)(uintptr_t)(in + at);
        z.avail_in = (uInt)n;
        lib->deflate(&z, chunk == 0 ? Z_NO_FLUSH : Z_SYNC_FLUSH);
    }
    lib->deflate(&z, Z_FINISH);
    lib->end(&z);
    return room - z.avail_out;
}

unsigned engines_zlib(struct engine *list, unsigned count, const char *name, const char *path)
{
    static struct zlib libs[LIBRARIES_MAX];
    static char names[LIBRARIES_MAX][2][32];
    static unsigned used;
    static const int levels[2] = {1, 6};
    struct zlib *lib = &libs[used];
    void *so = path && used < LIBRARIES_MAX ? dlopen(path, RTLD_NOW) : NULL;

    if (!so)
        return count;
    *(void **)&lib->init = dlsym(so, "deflateInit2_");
    *(void **)&lib->deflate = dlsym(so, "deflate");
    *(void **)&lib->end = dlsym(so, "deflateEnd");
    if (!lib->init || !lib->deflate || !lib->end)
        return count;
    for (unsigned i = 0; i < 2; i++) {
        snprintf(names[used][i], sizeof(names[used][i]), "%s %d", name, levels[i]);
        list[count++] =
            (struct engine){.name = names[used][i], .level = levels[i], .library = lib, .pack = zlib_pack};
    }
    used++;
    return count;
}

bool judge_same(uint8_t *room, const uint8_t *packed, size_t packed_len, const uint8_t *body, size_t len)
{
    z_stream z = {.next_in = (Bytef *)(uintptr_t)packed, .avail_in = (uInt)packed_len};
    int status;

    z.next_out = room;
    z.avail_out = (uInt)len + 1;
    if (inflateInit2(&z, GZIP_WINDOW) != Z_OK)
        return false;
    status = inflate(&z, Z_FINISH);
    inflateEnd(&z);
    return status == Z_STREAM_END && z.avail_in == 0 && z.total_out == len && memcmp(room, body, len) == 0;
}
