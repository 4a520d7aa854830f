/* The verdict: one sentence that names signal, call, stream and who serves it, out of the recorder alone. */
#include "recorder.h"
#include "report.h"
#include <string.h>

#define OVERRUN_MAX 65536u /* a fault so far behind a buffer still is an overrun of it */
#define NULL_PAGE 4096u

static const char *signal_word(uint32_t signal)
{
    BUG_ON(signal > 128);
    switch (signal) {
    case SIGSEGV: return "SIGSEGV";
    case SIGBUS: return "SIGBUS";
    case SIGILL: return "SIGILL";
    case SIGFPE: return "SIGFPE";
    case SIGABRT: return "SIGABRT";
    default: return "no signal";
    }
}

static const char *call_word(uint32_t call)
{
    static const char *const words[] = {"",          "slz_encode", "slz_flush",    "slz_finish",
                                        "head_scan", "head_write", "chunk_decode", "recv"};
    BUG_ON(RECORD_CALL_RECV != 7);
    return call < ARRAY_LEN(words) ? words[call] : "?";
}

static void name_put(struct text *t, const char *what, uint32_t first, uint32_t count, uint32_t index)
{
    const struct record_head *h = record;
    BUG_ON(what == NULL);
    if (index >= count)
        return;
    text_str(t, what);
    if (first + index >= h->nnames) {
        text_char(t, '#');
        text_dec(t, index);
        return;
    }
    const struct record_name *name =
        (const struct record_name *)(const void *)((const uint8_t *)h + h->names_off) + first + index;
    text_escaped(t, name->text, strnlen(name->text, sizeof(name->text)));
}

void report_stream(struct text *t, const struct record_stream *s)
{
    static const char *const formats[] = {"", "gzip", "zlib", "raw", "identity"};
    static const char *const modes[] = {"store", "fast", "balanced"};
    BUG_ON(s == NULL);
    text_char(t, '"');
    text_escaped(t, s->line, MIN(s->line_len, sizeof(s->line)));
    text_str(t, s->line_len == 0 ? "no request line\"" : "\"");
    name_put(t, ", frontend ", 0, record->nproxies, s->frontend);
    name_put(t, ", backend ", 0, record->nproxies, s->backend);
    name_put(t, ", server ", record->nproxies, record->nservers, s->server);
    if (s->encoder_format == 0 || s->encoder_format >= ARRAY_LEN(formats))
        return;
    text_str(t, ", encoder ");
    text_str(t, formats[s->encoder_format]);
    text_char(t, '/');
    text_str(t, s->encoder_mode < ARRAY_LEN(modes) ? modes[s->encoder_mode] : "?");
    text_str(t, " after ");
    text_grouped(t, s->encoder_in);
    text_str(t, " B in");
}

static void byte_count(struct text *t, const char *verb, uint64_t n, const char *of)
{
    BUG_ON(verb == NULL || of == NULL);
    BUG_ON(n == 0 || n > OVERRUN_MAX);
    text_str(t, verb);
    text_grouped(t, n);
    text_str(t, n == 1 ? " byte past the " : " bytes past the ");
    text_str(t, of);
}

static void access_put(struct text *t, const struct record_death *d, const struct record_thread *thread)
{
    BUG_ON(d == NULL);
    if (d->cause == RECORD_CAUSE_SIGNAL && d->code <= 0)
        text_str(t, " (sent by a process)");
    if (d->signal == SIGILL || d->signal == SIGFPE || d->signal == SIGABRT || d->code <= 0)
        return;
    if (thread != NULL && d->call != RECORD_CALL_NONE) {
        uint64_t past = d->address - (thread->call_out + thread->call_out_len);
        if (past < OVERRUN_MAX) {
            byte_count(t, ", writing ", past + 1, "output");
            return;
        }
        past = d->address - (thread->call_in + thread->call_in_len);
        if (past < OVERRUN_MAX) {
            byte_count(t, ", reading ", past + 1, "input");
            return;
        }
    }
    if (d->code == SI_KERNEL) {
        text_str(t, " at an address that cannot be");
    } else if (d->address < NULL_PAGE) {
        text_str(t, " through a null pointer");
    } else if (d->address - (d->sp - 65536) < 131072) {
        text_str(t, ": the stack is full, at address ");
        text_hex(t, d->address, 1);
    } else {
        text_str(t, " at address ");
        text_hex(t, d->address, 1);
    }
}

static void what_put(struct text *t, const struct record_death *d, const struct record_thread *thread)
{
    BUG_ON(d == NULL);
    switch (d->cause) {
    case RECORD_CAUSE_EXCEPTION: text_str(t, "JavaScript exception"); break;
    case RECORD_CAUSE_HEAP: text_str(t, "JavaScript heap exhausted"); break;
    case RECORD_CAUSE_STUCK: text_str(t, "a thread is stuck"); break;
    default: text_str(t, signal_word(d->signal));
    }
    if (d->cause == RECORD_CAUSE_CANARY || d->cause == RECORD_CAUSE_BUG) {
        text_str(t, ": ");
        text_escaped(t, d->text, strcspn(d->text, "\n"));
    } else {
        if (d->call != RECORD_CALL_NONE) {
            text_str(t, " in ");
            text_str(t, call_word(d->call));
        } else if (thread == NULL) {
            text_str(t, " outside of the engine");
        } else if (thread->at == RECORD_AT_POLICY || !thread->engine) {
            text_str(t, d->cause == RECORD_CAUSE_EXCEPTION ? " in policy" : " in policy (JavaScript)");
        } else if (thread->at == RECORD_AT_ENGINE) {
            text_str(t, " in the engine");
        }
        access_put(t, d, thread);
    }
}

void report_verdict(struct text *t, const struct record_death *d)
{
    const struct record_thread *thread = d->thread < record->nthreads ? record_thread_of(d->thread) : NULL;
    const struct record_stream *slot = NULL;
    BUG_ON(record->magic != RECORD_MAGIC);
    if (d->slot < record->nthreads * record->nstreams)
        slot = record_streams_of(record_thread_of(0)) + d->slot;
    what_put(t, d, thread);
    if (slot == NULL) {
        text_str(t, ", while no stream was at work");
    } else {
        text_str(t, d->cause == RECORD_CAUSE_CANARY || d->cause == RECORD_CAUSE_BUG ? ", stream " : " of stream ");
        text_dec(t, slot->index);
        text_str(t, ": ");
        report_stream(t, slot);
    }
    if ((d->cause == RECORD_CAUSE_EXCEPTION || d->cause == RECORD_CAUSE_HEAP) && d->text[0] != 0) {
        text_str(t, ": ");
        text_escaped(t, d->text, MIN(strcspn(d->text, "\n"), (size_t)200));
    }
}
