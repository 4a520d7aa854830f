// The flight recorder and the crash handler for JavaScript: what main tells them once. Everything else happens in C.
#include "faces.h"

#include <string>
#include <sys/syscall.h>
#include <unistd.h>

extern "C" {
#include "crash/crash.h"
#include "crash/javascript.h"
#include "crash/recorder.h"
#include "crash/text.h"
#include "crash/watchdog.h"
#include "engine/api.h"
}

#include <uv.h> // behind the others: its MIN gives way to theirs

// node::RegisterSignalHandler: exported by Node since 12; weak, so that the addon loads where it is not.
extern "C" void register_signal(int signal, void (*ours)(int, siginfo_t *, void *),
                                bool reset) __asm__("_ZN4node21RegisterSignalHandlerEiPFviP9siginfo_tPvEb")
    __attribute__((weak));
// v8::Isolate::GetCurrent and others of its functions, in the same way.
extern "C" void *isolate_current() __asm__("_ZN2v87Isolate10GetCurrentEv") __attribute__((weak));
extern "C" void isolate_near_limit(void *isolate, size_t (*call)(void *, size_t, size_t),
                                   void *data) __asm__("_ZN2v87Isolate24AddNearHeapLimitCallbackEPFmPvmmES1_")
    __attribute__((weak));
extern "C" void isolate_no_near_limit(void *isolate, size_t (*call)(void *, size_t, size_t), size_t limit) __asm__(
    "_ZN2v87Isolate27RemoveNearHeapLimitCallbackEPFmPvmmEm") __attribute__((weak));
extern "C" void isolate_code(void *isolate, const void **start,
                             size_t *len) __asm__("_ZN2v87Isolate20GetEmbeddedCodeRangeEPPKvPm") __attribute__((weak));

namespace
{

// What Node gives a thread, too, whose heap is exhausted: with less V8 aborts.
constexpr size_t LAST_ROOM = 16 << 20;

uint32_t count_of(const Napi::CallbackInfo &info, size_t i)
{
    return i < info.Length() && info[i].IsNumber() ? info[i].As<Napi::Number>().Uint32Value() : 0;
}

// (fd, threads, proxies, servers, listeners): the descriptor of the recorder's memory or -errno.
Napi::Value recorder_create(const Napi::CallbackInfo &info)
{
    int fd = info.Length() > 0 && info[0].IsNumber() ? info[0].As<Napi::Number>().Int32Value() : -1;
    struct record_wants wants = {count_of(info, 1), count_of(info, 2), count_of(info, 3), count_of(info, 4)};
    return Napi::Number::New(info.Env(), record_create(fd, &wants));
}

// (names): of all proxies, servers and listeners, in this order, a NUL behind each.
Napi::Value recorder_names(const Napi::CallbackInfo &info)
{
    if (info.Length() == 0 || !info[0].IsString())
        return info.Env().Undefined();
    std::string names = info[0].As<Napi::String>().Utf8Value();
    uint32_t index = 0;
    for (size_t at = 0, end; (end = names.find('\0', at)) != std::string::npos; at = end + 1)
        record_name(index++, names.data() + at, end - at);
    return info.Env().Undefined();
}

void chain_segv(void (*ours)(int, siginfo_t *, void *))
{
    register_signal(SIGSEGV, ours, false);
}

void heap_text(struct text *t, size_t limit)
{
    text_str(t, "the heap has reached its limit of ");
    text_dec(t, limit >> 20);
    text_str(t, " MB");
}

// V8 is about to abort: the report then says why.
size_t near_heap_limit(void *, size_t limit, size_t)
{
    struct text t;
    text_init(&t, record->death.text, sizeof(record->death.text));
    heap_text(&t, limit);
    record->death.cause = RECORD_CAUSE_HEAP;
    javascript_keep();
    return limit;
}

// Node is about to end this data thread, and with it connections that a successor can have: without one it is asked again,
// when this has given way to its own.
size_t near_thread_limit(void *isolate, size_t limit, size_t)
{
    char mem[64];
    struct text t;
    text_init(&t, mem, sizeof(mem));
    heap_text(&t, limit);
    javascript_keep();
    if (crash_has_master())
        crash_end_text(RECORD_CAUSE_HEAP, mem, t.len, nullptr, nullptr);
    isolate_no_near_limit(isolate, near_thread_limit, 0);
    return limit + LAST_ROOM;
}

// Asked before V8, or Node for a data thread, gives up for want of memory.
void watch_heap(bool is_main)
{
    void *isolate = isolate_current != nullptr ? isolate_current() : nullptr;
    if (isolate == nullptr || isolate_near_limit == nullptr)
        return;
    if (!is_main) {
        if (isolate_no_near_limit != nullptr)
            isolate_near_limit(isolate, near_thread_limit, isolate);
        return;
    }
    const void *start = nullptr;
    size_t len = 0;
    if (isolate_code != nullptr)
        isolate_code(isolate, &start, &len);
    javascript_code(reinterpret_cast<uintptr_t>(start), len);
    isolate_near_limit(isolate, near_heap_limit, nullptr);
}

std::string text_of(const Napi::Object &from, const char *name)
{
    Napi::Value value = from.Get(name);
    return value.IsString() ? value.As<Napi::String>().Utf8Value() : std::string();
}

int number_of(const Napi::Object &from, const char *name)
{
    Napi::Value value = from.Get(name);
    return value.IsNumber() ? value.As<Napi::Number>().Int32Value() : -1;
}

// ({channelFd, handoverFd, reportDir, version, runtimeVersion, config}): 0 or -errno.
Napi::Value crash_setup_call(const Napi::CallbackInfo &info)
{
    if (info.Length() == 0 || !info[0].IsObject())
        return throw_error(info.Env(), "crashSetup takes an object");
    Napi::Object from = info[0].As<Napi::Object>();
    std::string dir = text_of(from, "reportDir"), version = text_of(from, "version"),
                node = text_of(from, "runtimeVersion"), config = text_of(from, "config");
    struct crash_settings s = {};
    s.channel_fd = number_of(from, "channelFd");
    s.handover_fd = number_of(from, "handoverFd");
    s.report_dir = dir.empty() ? nullptr : dir.c_str();
    s.version = version.c_str();
    s.node_version = node.c_str();
    s.config = config.c_str();
    s.handover = handover_at_crash;
    s.chain_segv = register_signal != nullptr ? chain_segv : nullptr;
    int generation = number_of(from, "generation");
    watch_heap(true);
    record->generation = generation < 0 ? 0 : static_cast<uint32_t>(generation);
    return Napi::Number::New(info.Env(), crash_setup(&s));
}

// (cause, text): a report of a death that JavaScript knows of, from the thread it happened in.
Napi::Value crash_report(const Napi::CallbackInfo &info)
{
    if (info.Length() < 2 || !info[1].IsString() || count_of(info, 0) == RECORD_CAUSE_NONE)
        return info.Env().Undefined();
    std::string text = info[1].As<Napi::String>().Utf8Value();
    crash_report_text(count_of(info, 0), text.data(), text.size());
    return info.Env().Undefined();
}

void flush_logs(void *engine)
{
    api_engine_flush_logs(static_cast<struct eng *>(engine));
}

// (cause, text): the same, and the end when there is a master.
Napi::Value crash_end(const Napi::CallbackInfo &info)
{
    if (info.Length() < 2 || !info[1].IsString() || count_of(info, 0) == RECORD_CAUSE_NONE)
        return info.Env().Undefined();
    std::string text = info[1].As<Napi::String>().Utf8Value();
    struct eng *engine = engine_of(info.Env());
    crash_end_text(count_of(info, 0), text.data(), text.size(), engine != nullptr ? flush_logs : nullptr, engine);
    return info.Env().Undefined();
}

// What one thread has for its death: an async handle by which the watchdog asks whether its loop still turns.
struct Watched {
    uv_async_t async;
    int number = -1;
};

void watched_closed(uv_handle_t *handle)
{
    delete static_cast<Watched *>(handle->data);
}

void thread_end(void *data)
{
    Watched *watched = static_cast<Watched *>(data);
    watchdog_remove(watched->number);
    uv_close(reinterpret_cast<uv_handle_t *>(&watched->async), watched_closed);
    crash_thread_end();
}

void ask_loop(void *data)
{
    uv_async_send(&static_cast<Watched *>(data)->async);
}

void loop_turns(uv_async_t *async)
{
    Watched *watched = static_cast<Watched *>(async->data);
    if (watched->number >= 0)
        watchdog_alive(watched->number);
}

// (ms): the limit of a thread that does not come back. 0 or -errno.
Napi::Value watchdog_start_call(const Napi::CallbackInfo &info)
{
    uint32_t limit = count_of(info, 0);
    return Napi::Number::New(info.Env(), limit == 0 ? -EINVAL : watchdog_start(limit));
}

// A thread that is about to make its engine.
Napi::Value crash_thread(const Napi::CallbackInfo &info)
{
    uv_loop_t *loop = nullptr;
    Watched *watched = new Watched();
    crash_thread_begin();
    if (getpid() != static_cast<pid_t>(syscall(SYS_gettid)))
        watch_heap(false);
    napi_get_uv_event_loop(info.Env(), &loop);
    if (uv_async_init(loop, &watched->async, loop_turns) != 0) {
        delete watched;
        return info.Env().Undefined();
    }
    watched->async.data = watched;
    uv_unref(reinterpret_cast<uv_handle_t *>(&watched->async));
    watched->number = watchdog_add(ask_loop, watched);
    napi_add_env_cleanup_hook(info.Env(), thread_end, watched);
    return info.Env().Undefined();
}

} // namespace

void crash_face(Napi::Env env, Napi::Object exports)
{
    exports.Set("crashSetup", Napi::Function::New(env, crash_setup_call));
    exports.Set("crashThread", Napi::Function::New(env, crash_thread));
    exports.Set("watchdogStart", Napi::Function::New(env, watchdog_start_call));
    exports.Set("crashReport", Napi::Function::New(env, crash_report));
    exports.Set("crashEnd", Napi::Function::New(env, crash_end));
    exports.Set("recorderCreate", Napi::Function::New(env, recorder_create));
    exports.Set("recorderNames", Napi::Function::New(env, recorder_names));
}
