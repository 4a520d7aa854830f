/* What a report says, part by part. */
#define _GNU_SOURCE
#include "report_parts.h"
#include "crash.h"
#include "javascript.h"
#include "modules.h"
#include "recorder.h"
#include "report.h"
#include <ucontext.h>

static void line_text(struct text *t, const char *name, const char *value, size_t size)
{
    BUG_ON(name == NULL || value == NULL);
    BUG_ON(t->len >= t->size);
    text_str(t, name);
    text_str(t, ": ");
    text_escaped(t, value, strnlen(value, size));
    text_char(t, '\n');
}

static void line_str(struct text *t, const char *name, const char *value)
{
    BUG_ON(name == NULL || value == NULL);
    BUG_ON(t->len >= t->size);
    text_str(t, name);
    text_str(t, ": ");
    text_str(t, value);
    text_char(t, '\n');
}

static void line_hex(struct text *t, const char *name, uint64_t value)
{
    BUG_ON(name == NULL);
    BUG_ON(t->len >= t->size);
    text_str(t, name);
    text_str(t, ": ");
    text_hex(t, value, 1);
    text_char(t, '\n');
}

static void line_dec(struct text *t, const char *name, int64_t value)
{
    BUG_ON(name == NULL);
    BUG_ON(t->len >= t->size);
    text_str(t, name);
    text_str(t, ": ");
    text_int(t, value);
    text_char(t, '\n');
}

void part_head(struct text *t)
{
    const struct record_death *d = &record->death;
    BUG_ON(t->fd < 0);
    BUG_ON(record->magic != RECORD_MAGIC);
    text_str(t, d->verdict);
    text_str(t, "\n\n");
    line_dec(t, "report", RECORD_VERSION);
    line_dec(t, "pid", record->pid);
    line_dec(t, "generation", record->generation);
    line_text(t, "version", record->version_text, sizeof(record->version_text));
    line_text(t, "node", record->node_version, sizeof(record->node_version));
    line_text(t, "configuration", record->config, sizeof(record->config));
    line_dec(t, "cause", d->cause);
    line_dec(t, "signal", d->signal);
    line_dec(t, "code", d->code);
    line_hex(t, "address", d->address);
    line_dec(t, "thread", d->thread == RECORD_NONE ? -1 : (int64_t)d->thread);
    line_dec(t, "tid", d->tid);
    line_dec(t, "time-ms", (int64_t)d->wall_ms);
    line_dec(t, "uptime-ms", (int64_t)(d->wall_ms - record->start_wall_ms));
    line_dec(t, "told-us", d->told_mono_ns == 0 ? -1 : (int64_t)(d->told_mono_ns - d->fault_mono_ns) / 1000);
    line_dec(t, "threads-parked", d->parked);
    line_dec(t, "threads-not-parked", d->unparked);
    line_dec(t, "connections-handed-over", d->handed);
    if (d->text[0] != 0) {
        text_str(t, "\n[text]\n");
        for (size_t i = 0, n = strnlen(d->text, sizeof(d->text)); i < n; i++) {
            if (d->text[i] == '\n')
                text_char(t, '\n');
            else
                text_escaped(t, &d->text[i], 1);
        }
        text_char(t, '\n');
    }
}

void part_registers(struct text *t, const void *context)
{
    BUG_ON(t->fd < 0);
    BUG_ON(t->size == 0);
    if (context == NULL)
        return;
    const mcontext_t *m = &((const ucontext_t *)context)->uc_mcontext;
    text_str(t, "\n[registers]\n");
#if defined(__x86_64__)
    static const struct {
        const char *name;
        int index;
    } all[] = {{"rip", REG_RIP}, {"rsp", REG_RSP}, {"rbp", REG_RBP}, {"rax", REG_RAX}, {"rbx", REG_RBX},
               {"rcx", REG_RCX}, {"rdx", REG_RDX}, {"rsi", REG_RSI}, {"rdi", REG_RDI}, {"r8", REG_R8},
               {"r9", REG_R9},   {"r10", REG_R10}, {"r11", REG_R11}, {"r12", REG_R12}, {"r13", REG_R13},
               {"r14", REG_R14}, {"r15", REG_R15}, {"eflags", REG_EFL}};
    for (size_t i = 0; i < ARRAY_LEN(all); i++)
        line_hex(t, all[i].name, (uint64_t)m->gregs[all[i].index]);
#elif defined(__aarch64__)
    line_hex(t, "pc", m->pc);
    line_hex(t, "sp", m->sp);
    for (uint32_t i = 0; i < 31; i++) {
        text_char(t, 'x');
        text_dec(t, i);
        line_hex(t, "", m->regs[i]);
    }
#else
    (void)m;
#endif
}

void part_stack(struct text *t, const void *context)
{
    uintptr_t frames[REPORT_FRAMES_MAX];
    BUG_ON(t->fd < 0);
    BUG_ON(t->size == 0);
    if (context == NULL)
        return;
#if defined(__x86_64__)
    const greg_t *r = ((const ucontext_t *)context)->uc_mcontext.gregs;
    size_t n = report_frames((uintptr_t)r[REG_RIP], (uintptr_t)r[REG_RBP], (uintptr_t)r[REG_RSP], frames,
                             REPORT_FRAMES_MAX);
#elif defined(__aarch64__)
    const mcontext_t *m = &((const ucontext_t *)context)->uc_mcontext;
    size_t n = report_frames(m->pc, m->regs[29], m->sp, frames, REPORT_FRAMES_MAX);
#else
    size_t n = 0;
#endif
    text_str(t, "\n[stack]\n");
    for (size_t i = 0; i < n; i++) {
        const struct module *m = module_of(frames[i]);
        text_hex(t, frames[i], 12);
        text_char(t, ' ');
        text_str(t, m == NULL ? "javascript or nowhere" : m->name);
        if (m != NULL) {
            text_char(t, '+');
            text_hex(t, frames[i] - m->base, 1);
        }
        text_char(t, '\n');
    }
}

void part_javascript(struct text *t, const void *context)
{
    static char frames[16384];
    struct text lines;
    BUG_ON(t->fd < 0);
    BUG_ON(t->size == 0);
    text_init(&lines, frames, sizeof(frames));
    if (record->death.cause == RECORD_CAUSE_HEAP && javascript_kept()[0] != 0)
        text_str(&lines, javascript_kept());
#if defined(__x86_64__)
    else if (context != NULL) {
        const greg_t *r = ((const ucontext_t *)context)->uc_mcontext.gregs;
        javascript_frames(&lines, (uintptr_t)r[REG_RIP], (uintptr_t)r[REG_RBP], (uintptr_t)r[REG_RSP]);
    }
#elif defined(__aarch64__)
    else if (context != NULL) {
        const mcontext_t *m = &((const ucontext_t *)context)->uc_mcontext;
        javascript_frames(&lines, m->pc, m->regs[29], m->sp);
    }
#else
    (void)context;
#endif
    if (lines.len == 0)
        return;
    text_str(t, "\n[javascript]\n");
    text_bytes(t, lines.mem, lines.len);
}

void part_threads(struct text *t)
{
    static const char *const places[] = {"nothing", "rest", "engine", "policy"};
    BUG_ON(t->fd < 0);
    BUG_ON(record->nthreads > RECORD_THREADS_MAX);
    text_str(t, "\n[threads]\n");
    for (uint32_t i = 0; i < record->nthreads; i++) {
        const struct record_thread *th = record_thread_of(i);
        line_dec(t, "thread", i);
        line_dec(t, "  tid", th->tid);
        line_str(t, "  at", th->at < ARRAY_LEN(places) ? places[th->at] : "?");
        line_dec(t, "  turns", th->turns);
        line_dec(t, "  command", th->command);
        line_dec(t, "  call", th->call);
        if (th->call != RECORD_CALL_NONE) {
            line_hex(t, "  in", th->call_in);
            line_dec(t, "  in-bytes", (int64_t)th->call_in_len);
            line_hex(t, "  out", th->call_out);
            line_dec(t, "  out-bytes", (int64_t)th->call_out_len);
        }
    }
}

void part_streams(struct text *t)
{
    uint32_t listed = 0, live = 0;
    BUG_ON(t->fd < 0);
    BUG_ON(record->nthreads > RECORD_THREADS_MAX);
    text_str(t, "\n[streams]\n");
    for (uint32_t i = 0; i < record->nthreads * record->nstreams; i++) {
        const struct record_stream *s = record_streams_of(record_thread_of(0)) + i;
        if (s->state == RECORD_ST_FREE)
            continue;
        live++;
        if (i != record->death.slot && listed >= REPORT_STREAMS_MAX)
            continue;
        listed++;
        text_str(t, i == record->death.slot ? "* " : "  ");
        text_dec(t, i / record->nstreams);
        text_char(t, '/');
        text_dec(t, s->index);
        text_str(t, " state ");
        text_dec(t, s->state);
        text_str(t, " client ");
        text_sockaddr(t, s->addr, MIN(s->addr_len, RECORD_ADDR_LEN));
        text_str(t, " age-ms ");
        text_int(t, (int64_t)(record->death.fault_mono_ns / 1000000 - s->accept_ms));
        text_str(t, " in ");
        text_dec(t, s->bytes_in);
        text_str(t, " out ");
        text_dec(t, s->bytes_out);
        text_str(t, " host \"");
        text_escaped(t, s->host, MIN(s->host_len, sizeof(s->host)));
        text_str(t, "\" ");
        report_stream(t, s);
        text_char(t, '\n');
    }
    line_dec(t, "live", live);
}

void part_events(struct text *t)
{
    static const char *const kinds[] = {"?",      "accept", "request", "command", "connect", "response",
                                        "encode", "fail",   "end",     "close",   "handover"};
    BUG_ON(t->fd < 0);
    BUG_ON(record->nthreads > RECORD_THREADS_MAX);
    text_str(t, "\n[events]\n");
    for (uint32_t i = 0; i < record->nthreads; i++) {
        const struct record_thread *th = record_thread_of(i);
        uint64_t first = th->events > REPORT_EVENTS_MAX ? th->events - REPORT_EVENTS_MAX : 0;
        for (uint64_t k = first; k < th->events; k++) {
            const struct record_event *ev = record_events_of(th) + (k & (record->nevents - 1));
            uint32_t words[] = {ev->a, ev->b, ev->c};
            text_dec(t, i);
            text_char(t, ' ');
            text_int(t, (int64_t)ev->mono_ms - (int64_t)(record->death.fault_mono_ns / 1000000));
            text_str(t, "ms ");
            text_str(t, ev->kind < ARRAY_LEN(kinds) ? kinds[ev->kind] : "?");
            text_str(t, " stream ");
            text_int(t, ev->stream == RECORD_NONE ? -1 : (int64_t)ev->stream);
            for (size_t w = 0; w < ARRAY_LEN(words); w++) {
                text_char(t, ' ');
                text_int(t, words[w] == RECORD_NONE ? -1 : (int64_t)words[w]);
            }
            text_char(t, '\n');
        }
    }
}

void part_modules(struct text *t)
{
    BUG_ON(t->fd < 0);
    BUG_ON(t->size == 0);
    text_str(t, "\n[modules]\n");
    for (size_t i = 0; module_at(i) != NULL; i++) {
        const struct module *m = module_at(i);
        text_hex(t, m->base, 12);
        text_char(t, ' ');
        text_str(t, m->name);
        text_char(t, ' ');
        text_dump(t, m->id, m->id_len);
        text_char(t, '\n');
    }
}
