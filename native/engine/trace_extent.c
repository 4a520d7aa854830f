/* What of a batch goes into a trace: the events' fingerprint, and how much of the boundary's texts and edits the commands refer to.
 * Nothing here is kept. */
#include "eng.h"
#include "trace.h"

uint64_t trace_events_hash(const struct eng *e, uint32_t words)
{
    uint64_t sum = 1469598103934665603ULL;
    for (uint32_t i = 0; i < words; i++)
        sum = (sum ^ e->events[i]) * 1099511628211ULL;
    return sum;
}

/* How much of the texts and edits the commands of a batch refer to. */
void trace_extent(const struct eng *e, uint32_t ncommands, uint32_t *edits_ret, uint32_t *text_ret)
{
    uint64_t edits = 0, text = 0;
    for (uint32_t i = 0; i < ncommands; i++) {
        const uint32_t *c = e->commands + i * ABI_COMMAND_WORDS;
        uint32_t op = c[ABI_C_OP];
        if (op == ABI_CMD_FORWARD || op == ABI_CMD_FORWARD_RESPONSE || op == ABI_CMD_RESPOND)
            edits = MAX(edits, (uint64_t)c[ABI_C_EDITS] + c[ABI_C_NEDITS]);
        if (op == ABI_CMD_RESPOND || op == ABI_CMD_BODY)
            text = MAX(text, (uint64_t)c[ABI_C_BODY] + c[ABI_C_BODY_LEN]);
        if (op == ABI_CMD_LOG)
            text = MAX(text, (uint64_t)c[ABI_C_LOG_TEXT] + c[ABI_C_LOG_LEN]);
        if (op == ABI_CMD_FORWARD && (c[ABI_C_FLAGS] & ABI_FWD_ADDR))
            text = MAX(text, (uint64_t)c[ABI_C_ADDR] + CONN_ADDR_LEN);
        if (op == ABI_CMD_FORWARD)
            text = MAX(text, (uint64_t)c[ABI_C_PREFIX] + c[ABI_C_PREFIX_LEN]);
        if (op == ABI_CMD_PROBE)
            text = MAX(text, MAX((uint64_t)c[ABI_C_PROBE_ADDR] + c[ABI_C_PROBE_ADDR_LEN],
                                 (uint64_t)c[ABI_C_PROBE_SEND] + c[ABI_C_PROBE_SEND_LEN]));
    }
    *edits_ret = (uint32_t)MIN(edits, EDITS_MAX);
    for (uint32_t i = 0; i < *edits_ret; i++)
        text = MAX(text, (uint64_t)e->edits[i].text_off + e->edits[i].name_len + e->edits[i].value_len);
    *text_ret = (uint32_t)MIN(text, TEXT_MAX);
}
