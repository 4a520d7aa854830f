/* Deaths that JavaScript knows of: an exception that nobody caught, a heap that is full. The process is sound, only policy
 * cannot go on; so with a master it dies as of a signal, which costs nobody but the requests at work, yet ends with Node's
 * code for it and without Node's way there: threads that stand still would be waited for. Alone it is left to Node. */
#define _GNU_SOURCE
#include "death.h"
#include "recorder.h"
#include <stdatomic.h>
#include <string.h>
#include <sys/syscall.h>

#define EXIT_CODE 1 /* Node's for an exception that nobody caught */
#define SAID_LEN_MAX 16384u /* of a stack, on stderr */

static _Atomic uint32_t texts; /* reports that were written */
static _Atomic uint32_t ended_thread = RECORD_NONE, ended_slot = RECORD_NONE; /* of crash_policy_ended */

void crash_policy_ended(void)
{
    uint32_t thread = crash_thread_find((uint32_t)syscall(SYS_gettid));
    BUG_ON(record->magic != RECORD_MAGIC);
    if (thread == RECORD_NONE || death_slot_of(thread) == RECORD_NONE)
        return;
    BUG_ON(death_slot_of(thread) >= record->nthreads * record->nstreams);
    atomic_store(&ended_thread, thread);
    atomic_store(&ended_slot, death_slot_of(thread));
}

static void note_death(uint32_t cause, const char *text, size_t text_len)
{
    struct record_death *d = &record->death;
    BUG_ON(text == NULL);
    BUG_ON(cause == RECORD_CAUSE_NONE || cause > RECORD_CAUSE_ABORT);
    d->fault_mono_ns = crash_now_ns();
    d->wall_ms = death_wall_ms();
    d->cause = cause;
    death_note_work(d);
    if (d->slot == RECORD_NONE && cause == RECORD_CAUSE_HEAP) {
        d->thread = atomic_load(&ended_thread);
        d->slot = atomic_load(&ended_slot);
    }
    text_len = MIN(text_len, sizeof(d->text) - 1);
    memcpy(d->text, text, text_len);
    d->text[text_len] = 0;
    d->stage = RECORD_DYING;
}

void crash_report_text(uint32_t cause, const char *text, size_t text_len)
{
    BUG_ON(text == NULL);
    if (!death_is_expected() || record->death.stage != RECORD_LIVES || atomic_fetch_add(&texts, 1) != 0)
        return;
    BUG_ON(record->magic != RECORD_MAGIC);
    note_death(cause, text, text_len);
    death_tell();
    death_report(NULL);
}

void crash_end_text(uint32_t cause, const char *text, size_t text_len, void (*last)(void *ctx), void *ctx)
{
    BUG_ON(text == NULL);
    if (!crash_has_master()) {
        crash_report_text(cause, text, text_len);
        return;
    }
    BUG_ON(record->magic != RECORD_MAGIC);
    if (death_is_first()) {
        note_death(cause, text, text_len);
        death_run(NULL);
        if (last != NULL)
            last(ctx);
        death_say(text, MIN(text_len, (size_t)SAID_LEN_MAX));
        death_say("\n", 1);
    }
    syscall(SYS_exit_group, EXIT_CODE);
}
