/* Edits of one head, checked and sorted out for the writer. Lives on the writer's stack. */
#ifndef SLUICE_HTTP1_HEAD_EDIT_H
#define SLUICE_HTTP1_HEAD_EDIT_H

#include "head.h"

struct head_edit_plan {
    const struct head_edit *edits;
    uint32_t nedits;
    const uint8_t *text;
    const struct head_edit *method, *target, *status, *reason; /* the last of each kind, or NULL */
    uint32_t nadds;
    uint64_t touched[(HEAD_FIELDS_MAX + 64) / 64]; /* fields with an edit; only the words in use are set */
};

/* Returns 0, or -EINVAL when any edit is not fit for the wire. */
int head_edit_plan(struct head_edit_plan *plan, const struct head *h, const struct head_edit *edits, uint32_t nedits,
                   const uint8_t *text, uint32_t text_len);

static inline int head_edit_touches(const struct head_edit_plan *plan, uint32_t field)
{
    return (int)(plan->touched[field / 64] >> (field % 64) & 1);
}

/* Fields that this proxy writes for itself: policy's values for them are passed over. */
int head_field_is_own(uint32_t id);

/* The edit that decides about a field: a deletion, else its last value. */
const struct head_edit *head_edit_of_field(const struct head_edit_plan *plan, uint32_t field);

#endif
