/* Ours, linked in: three modes. Also the checksum alone, which bounds them all. */
#include "engine.h"

#include "slz/slz.h"

static size_t slz_pack(const struct engine *e, uint8_t *out, size_t room, const uint8_t *in, size_t len,
                       size_t chunk)
{
    uint8_t *start = out;
    struct slz s;

    (void)room;
    slz_init(&s, SLZ_GZIP, (enum slz_mode)e->level);
    if (chunk == 0) {
        out += slz_encode(&s, out, in, len, false);
        return (size_t)(out - start) + slz_finish(&s, out);
    }
    for (size_t at = 0; at < len; at += chunk) {
        size_t n = len - at < chunk ? len - at : chunk;

        out += slz_encode(&s, out, in + at, n, true);
        out += slz_flush(&s, out);
    }
    return (size_t)(out - start) + slz_finish(&s, out);
}

unsigned engines_slz(struct engine *list, unsigned count)
{
    list[count++] = (struct engine){.name = "sluice fast", .level = SLZ_FAST, .pack = slz_pack};
    list[count++] = (struct engine){.name = "sluice balanced", .level = SLZ_BALANCED, .pack = slz_pack};
    list[count++] = (struct engine){.name = "sluice store", .level = SLZ_STORE, .pack = slz_pack};
    return count;
}
