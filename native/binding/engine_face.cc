// One thread's engine for JavaScript: memory shared without copies, libuv polling the engine's epoll descriptor, one
// callback per batch. A cleanup hook closes everything, so that a thread may end at any time without libuv aborting.
#include "faces.h"

#include <uv.h>

#include "engine/api.h"
extern "C" {
#include "crash/crash.h"
#include "crash/fault.h"
}

namespace
{

// What one environment (main or worker) owns: made by engineCreate, freed by engineDestroy or the cleanup hook.
struct Face {
    napi_env env = nullptr;
    struct eng *eng = nullptr;
    uv_poll_t poll;
    bool polling = false;
    bool closing = false;
    napi_ref callback = nullptr;
    napi_async_context async_context = nullptr;
};

void face_closed(uv_handle_t *handle)
{
    delete static_cast<Face *>(handle->data);
}

void face_free(Face *face)
{
    if (face->closing)
        return;
    face->closing = true;
    if (face->eng != nullptr) {
        api_engine_free(face->eng);
        face->eng = nullptr;
    }
    if (face->polling) {
        uv_poll_stop(&face->poll);
        uv_close(reinterpret_cast<uv_handle_t *>(&face->poll), face_closed);
    } else {
        delete face;
    }
}

void face_cleanup(void *data)
{
    face_free(static_cast<Face *>(data));
}

// Runs policy. It answers with the number of commands; an exception that escapes it is fatal as any uncaught one.
uint32_t on_batch(void *ctx, uint32_t nevents)
{
    Face *face = static_cast<Face *>(ctx);
    napi_env env = face->env;
    napi_value callback, global, argument, result;
    uint32_t commands = 0;
    if (napi_get_reference_value(env, face->callback, &callback) != napi_ok || callback == nullptr)
        return 0;
    napi_get_global(env, &global);
    napi_create_uint32(env, nevents, &argument);
    napi_status status =
        napi_make_callback(env, face->async_context, global, callback, 1, &argument, &result);
#ifdef FAULT_INJECTION
    const char *script = fault_script();
    if (script != nullptr && status == napi_ok) {
        napi_value text, ignored;
        napi_create_string_utf8(env, script, NAPI_AUTO_LENGTH, &text);
        status = napi_run_script(env, text, &ignored);
    }
#endif
    if (status == napi_ok) {
        napi_get_value_uint32(env, result, &commands);
        return commands;
    }
    crash_policy_ended();
    bool is_pending = false;
    // Asked for, as not every call that fails with one says so: it would come up in the next batch, if there is one.
    if (napi_is_exception_pending(env, &is_pending) == napi_ok && is_pending) {
        napi_value exception;
        napi_get_and_clear_last_exception(env, &exception);
        napi_fatal_exception(env, exception);
    }
    return 0;
}

void on_poll(uv_poll_t *handle, int, int)
{
    Face *face = static_cast<Face *>(handle->data);
    napi_handle_scope scope;
    if (face->closing || napi_open_handle_scope(face->env, &scope) != napi_ok)
        return;
    api_engine_turn(face->eng);
    napi_close_handle_scope(face->env, scope);
}

Face *face_of(const Napi::CallbackInfo &info)
{
    Face **slot = info.Env().GetInstanceData<Face *>();
    return slot != nullptr ? *slot : nullptr;
}

Face *face_need(const Napi::CallbackInfo &info)
{
    Face *face = face_of(info);
    if (face == nullptr || face->eng == nullptr) {
        throw_error(info.Env(), "no engine in this thread: engineCreate comes first");
        return nullptr;
    }
    return face;
}

Napi::Value external_bytes(Napi::Env env, void *data, size_t length, bool words)
{
    Napi::ArrayBuffer buffer = Napi::ArrayBuffer::New(env, data, length);
    if (words)
        return Napi::Uint32Array::New(env, length / 4, buffer, 0);
    return Napi::Uint8Array::New(env, length, buffer, 0);
}

Napi::Value engine_create(const Napi::CallbackInfo &info)
{
    Napi::Env env = info.Env();
    uint32_t thread = info[0].As<Napi::Number>().Uint32Value();
    Face **slot = env.GetInstanceData<Face *>();
    if (*slot != nullptr)
        return throw_error(env, "this thread has an engine already");
    Face *face = new Face();
    face->env = env;
    std::string trace =
        info.Length() > 1 && info[1].IsString() ? info[1].As<Napi::String>().Utf8Value() : std::string();
    face->eng = api_engine_new(thread, on_batch, face, trace.empty() ? nullptr : trace.c_str());
    if (face->eng == nullptr) {
        delete face;
        return throw_error(env, "no engine: processInit is missing, or memory or descriptors ran out");
    }
    *slot = face;
    napi_add_env_cleanup_hook(env, face_cleanup, face);
    struct api_memory m;
    api_engine_memory(face->eng, &m);
    Napi::Object memory = Napi::Object::New(env);
    memory.Set("events", external_bytes(env, m.events, m.events_len, true));
    memory.Set("commands", external_bytes(env, m.commands, m.commands_len, true));
    memory.Set("edits", external_bytes(env, m.edits, m.edits_len, true));
    memory.Set("text", external_bytes(env, m.text, m.text_len, false));
    memory.Set("arena", external_bytes(env, m.arena, m.arena_len, false));
    memory.Set("work", external_bytes(env, m.work, 2 * sizeof(uint32_t), true));
    return memory;
}

Napi::Value engine_start(const Napi::CallbackInfo &info)
{
    Napi::Env env = info.Env();
    Face *face = face_need(info);
    if (face == nullptr)
        return env.Undefined();
    if (face->polling || !info[0].IsFunction())
        return throw_error(env, "engineStart takes one function, once");
    uv_loop_t *loop = nullptr;
    napi_value name;
    napi_get_uv_event_loop(env, &loop);
    napi_create_reference(env, info[0], 1, &face->callback);
    napi_create_string_utf8(env, "sluice:batch", NAPI_AUTO_LENGTH, &name);
    napi_async_init(env, nullptr, name, &face->async_context);
    if (uv_poll_init(loop, &face->poll, api_engine_poll_fd(face->eng)) != 0)
        return throw_error(env, "uv_poll_init failed");
    face->poll.data = face;
    face->polling = true;
    uv_poll_start(&face->poll, UV_READABLE, on_poll);
    return env.Undefined();
}

Napi::Value engine_exec(const Napi::CallbackInfo &info)
{
    Face *face = face_need(info);
    if (face == nullptr)
        return info.Env().Undefined();
    if (api_engine_busy(face->eng))
        return throw_error(info.Env(), "engineExec inside a batch");
    api_engine_exec(face->eng, info[0].As<Napi::Number>().Uint32Value());
    return info.Env().Undefined();
}

Napi::Value engine_listen(const Napi::CallbackInfo &info)
{
    Face *face = face_need(info);
    if (face != nullptr)
        api_engine_listen(face->eng, info[0].As<Napi::Number>().Int32Value() != 0);
    return info.Env().Undefined();
}

Napi::Value engine_stop(const Napi::CallbackInfo &info)
{
    Face *face = face_need(info);
    if (face == nullptr)
        return info.Env().Undefined();
    if (api_engine_busy(face->eng))
        return throw_error(info.Env(), "engineStop inside a batch");
    api_engine_stop(face->eng);
    return info.Env().Undefined();
}

// engineRetire(fd, listeners): see api.h.
Napi::Value engine_retire(const Napi::CallbackInfo &info)
{
    Face *face = face_need(info);
    if (face == nullptr)
        return info.Env().Undefined();
    if (api_engine_busy(face->eng) || !info[1].IsTypedArray())
        return throw_error(info.Env(), "engineRetire inside a batch, or without a list of listeners");
    Napi::Uint32Array listeners = info[1].As<Napi::Uint32Array>();
    int rc = api_engine_retire(face->eng, info[0].As<Napi::Number>().Int32Value(), listeners.Data(),
                               listeners.ElementLength());
    return rc == 0 ? info.Env().Undefined() : throw_error(info.Env(), "engineRetire: it retires already");
}

// handoverReceive(fd, counts): one step; its answer says whether another is due.
Napi::Value handover_receive(const Napi::CallbackInfo &info)
{
    Face *face = face_need(info);
    if (face == nullptr)
        return info.Env().Undefined();
    Napi::Uint32Array counts = info[1].As<Napi::Uint32Array>();
    if (api_engine_busy(face->eng) || counts.ElementLength() < 2)
        return throw_error(info.Env(), "handoverReceive inside a batch, or without room for its counts");
    return Napi::Number::New(info.Env(), api_engine_receive(face->eng, info[0].As<Napi::Number>().Int32Value(),
                                                            counts.Data()));
}

Napi::Value engine_now(const Napi::CallbackInfo &info)
{
    Face *face = face_need(info);
    return Napi::Number::New(info.Env(),
                             face == nullptr ? 0 : static_cast<double>(api_engine_now(face->eng)));
}

Napi::Value engine_live(const Napi::CallbackInfo &info)
{
    Face *face = face_need(info);
    return Napi::Number::New(info.Env(), face == nullptr ? 0 : api_engine_live(face->eng));
}

Napi::Value conn_address(const Napi::CallbackInfo &info)
{
    Face *face = face_need(info);
    if (face == nullptr)
        return info.Env().Undefined();
    Napi::Uint8Array out = info[3].As<Napi::Uint8Array>();
    return Napi::Number::New(info.Env(), api_conn_address(face->eng, info[0].As<Napi::Number>().Uint32Value(),
                                                          info[1].As<Napi::Number>().Uint32Value(),
                                                          info[2].As<Napi::Number>().Uint32Value(),
                                                          out.Data(), out.ByteLength()));
}

// The address of a stream's server connection: which 0 the server's, 1 our own.
Napi::Value server_address(const Napi::CallbackInfo &info)
{
    Face *face = face_need(info);
    if (face == nullptr)
        return info.Env().Undefined();
    Napi::Uint8Array out = info[3].As<Napi::Uint8Array>();
    return Napi::Number::New(info.Env(),
                             api_server_address(face->eng, info[0].As<Napi::Number>().Uint32Value(),
                                                info[1].As<Napi::Number>().Uint32Value(),
                                                info[2].As<Napi::Number>().Uint32Value() == 0, out.Data(),
                                                out.ByteLength()));
}

Napi::Value engine_counters(const Napi::CallbackInfo &info)
{
    Face *face = face_need(info);
    if (face == nullptr)
        return info.Env().Undefined();
    Napi::Float64Array out = info[0].As<Napi::Float64Array>();
    api_engine_counters(face->eng, out.Data(), out.ElementLength());
    return info.Env().Undefined();
}

Napi::Value engine_destroy(const Napi::CallbackInfo &info)
{
    Napi::Env env = info.Env();
    Face **slot = env.GetInstanceData<Face *>();
    Face *face = *slot;
    if (face == nullptr)
        return env.Undefined();
    if (api_engine_busy(face->eng))
        return throw_error(env, "engineDestroy inside a batch");
    *slot = nullptr;
    napi_remove_env_cleanup_hook(env, face_cleanup, face);
    face_free(face);
    return env.Undefined();
}

} // namespace

struct eng *engine_of(Napi::Env env)
{
    Face **slot = env.GetInstanceData<Face *>();
    return slot != nullptr && *slot != nullptr ? (*slot)->eng : nullptr;
}

void engine_face(Napi::Env env, Napi::Object exports)
{
    env.SetInstanceData(new Face *(nullptr));
    exports.Set("engineCreate", Napi::Function::New(env, engine_create));
    exports.Set("engineStart", Napi::Function::New(env, engine_start));
    exports.Set("engineExec", Napi::Function::New(env, engine_exec));
    exports.Set("engineListen", Napi::Function::New(env, engine_listen));
    exports.Set("engineStop", Napi::Function::New(env, engine_stop));
    exports.Set("engineRetire", Napi::Function::New(env, engine_retire));
    exports.Set("handoverReceive", Napi::Function::New(env, handover_receive));
    exports.Set("engineNow", Napi::Function::New(env, engine_now));
    exports.Set("engineLive", Napi::Function::New(env, engine_live));
    exports.Set("connAddress", Napi::Function::New(env, conn_address));
    exports.Set("serverAddress", Napi::Function::New(env, server_address));
    exports.Set("engineCounters", Napi::Function::New(env, engine_counters));
    exports.Set("engineDestroy", Napi::Function::New(env, engine_destroy));
}
