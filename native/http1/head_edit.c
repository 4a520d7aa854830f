/** Hot path. Checks edits before a byte is written. They come from policy, whose texts may hold what a client sent: a
 * line end in one of them would be another field or another message for the peer. */
#include "head_edit.h"
#include "chars.h"

#include <errno.h>

int head_field_is_own(uint32_t id)
{
    BUG_ON(id & HEAD_NAME_HOP);
    switch (id) {
    case HEAD_NAME_CONNECTION:
    case HEAD_NAME_CONTENT_LENGTH:
    case HEAD_NAME_HTTP2_SETTINGS:
    case HEAD_NAME_KEEP_ALIVE:
    case HEAD_NAME_PROXY_CONNECTION:
    case HEAD_NAME_TE:
    case HEAD_NAME_TRANSFER_ENCODING:
    case HEAD_NAME_UPGRADE:
        return 1;
    default:
        return 0;
    }
}

static int value_is_fit(const uint8_t *p, uint32_t len)
{
    BUG_ON(!p && len);
    return value_skip(p, p + len) == p + len;
}

/* A target that came with what only an option lets pass may keep it through a rule. */
static int target_is_fit(const struct head *h, const uint8_t *p, uint32_t len)
{
    const uint8_t *end = p + len, *at = target_skip(p, end);

    BUG_ON(!p && len);
    while ((h->flags & HEAD_F_UNSAFE_TARGET) && at < end && (*at == '#' || *at >= 0x80))
        at = target_skip(at + 1, end);
    BUG_ON(at > end);
    return at == end;
}

/* Three digits from 100 on. */
static int status_is_fit(const uint8_t *p, uint32_t len)
{
    BUG_ON(!p && len);
    return len == 3 && p[0] >= '1' && p[0] <= '9' && char_is_digit(p[1]) && char_is_digit(p[2]);
}

static int edit_check(struct head_edit_plan *plan, const struct head *h, const struct head_edit *e)
{
    const uint8_t *name = plan->text + e->text_off, *value = name + e->name_len;

    BUG_ON(!h || !e);
    BUG_ON(plan->nadds > plan->nedits);
    switch (e->op) {
    case EDIT_DEL:
    case EDIT_VALUE:
        if (e->field >= h->nfields || !value_is_fit(value, e->value_len))
            return -EINVAL;
        plan->touched[e->field / 64] |= 1ull << (e->field % 64);
        return 0;
    case EDIT_ADD:
        plan->nadds++;
        if (e->name_len == 0 || e->name_len > HEAD_NAME_LEN_MAX || token_scan(name, e->name_len) != e->name_len)
            return -EINVAL;
        return value_is_fit(value, e->value_len) ? 0 : -EINVAL;
    case EDIT_METHOD:
        plan->method = e;
        if (h->kind != HEAD_REQUEST || e->value_len == 0 || e->value_len > HEAD_METHOD_LEN_MAX)
            return -EINVAL;
        return token_scan(value, e->value_len) == e->value_len ? 0 : -EINVAL;
    case EDIT_TARGET:
        plan->target = e;
        if (h->kind != HEAD_REQUEST || e->value_len == 0)
            return -EINVAL;
        return target_is_fit(h, value, e->value_len) ? 0 : -EINVAL;
    case EDIT_STATUS:
        plan->status = e;
        return h->kind == HEAD_RESPONSE && status_is_fit(value, e->value_len) ? 0 : -EINVAL;
    case EDIT_REASON:
        plan->reason = e;
        return h->kind == HEAD_RESPONSE && value_is_fit(value, e->value_len) ? 0 : -EINVAL;
    default:
        return -EINVAL;
    }
}

int head_edit_plan(struct head_edit_plan *plan, const struct head *h, const struct head_edit *edits, uint32_t nedits,
                   const uint8_t *text, uint32_t text_len)
{
    BUG_ON(!plan || !h || (!edits && nedits) || (!text && text_len));
    BUG_ON(h->nfields > HEAD_FIELDS_MAX);
    if (nedits > HEAD_EDITS_MAX)
        return -EINVAL;
    plan->edits = edits;
    plan->nedits = nedits;
    plan->text = text ? text : (const uint8_t *)"";
    plan->method = plan->target = plan->status = plan->reason = NULL;
    plan->nadds = 0;
    for (uint32_t i = 0; i < (h->nfields + 63u) / 64u; i++)
        plan->touched[i] = 0;
    for (uint32_t i = 0; i < nedits; i++) {
        const struct head_edit *e = &edits[i];

        if ((uint64_t)e->text_off + e->name_len + e->value_len > text_len || edit_check(plan, h, e) < 0)
            return -EINVAL;
    }
    return 0;
}

const struct head_edit *head_edit_of_field(const struct head_edit_plan *plan, uint32_t field)
{
    const struct head_edit *found = NULL;

    BUG_ON(field >= HEAD_FIELDS_MAX);
    for (uint32_t i = 0; i < plan->nedits; i++) {
        const struct head_edit *e = &plan->edits[i];

        if (e->field != field || (e->op != EDIT_DEL && e->op != EDIT_VALUE))
            continue;
        found = e;
        if (e->op == EDIT_DEL)
            break;
    }
    BUG_ON(!found);
    return found;
}
