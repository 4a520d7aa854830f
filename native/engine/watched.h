/* Hot path. The parsers' calls as the engine makes them: noted in the recorder while they run, and what lies behind the
 * bytes they may write compared when they return, so that an overrun is found in the call that did it. */
#ifndef SLUICE_ENGINE_WATCHED_H
#define SLUICE_ENGINE_WATCHED_H

#include "crash/fence.h"
#include "eng.h"

/* Eight bytes behind a buffer can be read: all of the engine's end in as many spare ones, but not before a guard page, and
 * not under AddressSanitizer, which watches by itself. */
static inline int watched_words(const struct eng *e)
{
    return FENCE_WORDS && !e->proc->limits.guard_pages;
}

/* head_scan of <buf>[0..len) into a table with room for max_fields. */
static inline int watched_scan(struct eng *e, struct head *h, struct head_field *f, uint8_t *buf, uint32_t len,
                               uint32_t kind, uint32_t opts)
{
    uint32_t max = e->proc->limits.max_fields;
    const uint8_t *table_end = (const uint8_t *)(f + max);
    int words = watched_words(e);
    uint64_t text = words ? fence_word(buf + len) : 0, table = words ? fence_word(table_end) : 0;
    recorder_call(&e->rec, RECORD_CALL_HEAD_SCAN, kind, buf, len, f, max * sizeof(*f));
    int rc = head_scan(h, f, max, buf, len, kind, opts);
    if (words) {
        fence_same(buf + len, text, "head_scan", len);
        fence_same(table_end, table, "head_scan", max * sizeof(*f));
    }
    recorder_returned(&e->rec);
    return rc;
}

/* chunk_decode of <data>[0..len). */
static inline int watched_decode(struct eng *e, struct chunk_decoder *d, uint8_t *data, uint32_t len,
                                 uint32_t *payload_ret, uint32_t *used_ret)
{
    int words = watched_words(e);
    uint64_t behind = words ? fence_word(data + len) : 0;
    recorder_call(&e->rec, RECORD_CALL_CHUNK_DECODE, 0, data, len, data, len);
    int rc = chunk_decode(d, data, len, payload_ret, used_ret);
    if (words)
        fence_same(data + len, behind, "chunk_decode", len);
    recorder_returned(&e->rec);
    return rc;
}

/* head_write to <out>, which has room for <size>. */
static inline int watched_write(struct eng *e, uint8_t *out, uint32_t size, const struct head *h, const uint8_t *buf,
                                const struct head_field *f, const struct head_edit *edits, uint32_t nedits,
                                uint32_t wflags)
{
    int words = watched_words(e);
    uint64_t behind = words ? fence_word(out + size) : 0;
    recorder_call(&e->rec, RECORD_CALL_HEAD_WRITE, h->kind, buf, h->len, out, size);
    int rc = head_write(out, size, h, buf, f, edits, nedits, e->text, TEXT_MAX, wflags);
    if (words)
        fence_same(out + size, behind, "head_write", size);
    recorder_returned(&e->rec);
    return rc;
}

#endif
