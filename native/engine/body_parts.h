/* What the files of a body's way share: source, sink, stage, splice. Used by body*.c only; body_pump is their door. */
#ifndef SLUICE_ENGINE_BODY_PARTS_H
#define SLUICE_ENGINE_BODY_PARTS_H

#include "eng.h"

#define PUMP_ROUNDS_MAX 16 /* reads of one direction before others get their turn */

int sink_send(struct stream *s, struct dir *d, struct conn *dst, const struct iovec *iov, int iov_len);
int sink_put(struct stream *s, struct dir *d, struct conn *dst, const uint8_t *payload, uint32_t len,
             int last, const uint8_t *trailers, uint32_t trailers_len);
int source_decode(struct stream *s, struct dir *d, uint8_t *data, uint32_t len, uint32_t *payload_ret,
                  uint32_t *used_ret);
int trailers_read(struct stream *s, struct dir *d, struct conn *src, uint32_t *len_ret);
/* The source's side has given something: its timeout begins anew. */
void source_progress(struct stream *s, const struct dir *d);
uint32_t source_take(struct stream *s, struct dir *d, struct conn *src, uint8_t **data_ret);
int source_ended(struct stream *s, struct dir *d, struct conn *src, struct conn *dst);
/* Counts bytes for the log line, where HAProxy counts them. */
void body_account(struct stream *s, const struct dir *d, uint64_t weight);
/* Encodes payload that lies anywhere, RX_MAX bytes at most. */
int stage_piece(struct stream *s, struct dir *d, struct conn *dst, const uint8_t *data, uint32_t len, int last);
int stage_pump(struct stream *s, struct dir *d, struct conn *src, struct conn *dst);
/* Gives a direction's pipe back to its thread's store. */
void pipe_give(struct eng *e, struct dir *d);
int splice_wanted(const struct stream *s, const struct dir *d, const struct conn *src,
                  const struct conn *dst);
int splice_pump(struct stream *s, struct dir *d, struct conn *src, struct conn *dst);

#endif
