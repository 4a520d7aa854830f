// Descriptors and processes for JavaScript: packets that carry descriptors, watching a descriptor from Node's loop,
// children that are known by their number alone, and the replacement of the own program.
#include "faces.h"

#include <string>
#include <sys/socket.h>
#include <uv.h>
#include <vector>

extern "C" {
#include "fd/child.h"
#include "fd/hold.h"
#include "fd/memory_file.h"
#include "fd/packet.h"
}

namespace
{

// One watched descriptor: belongs to the JavaScript function that stops it and to libuv until it has closed it.
struct Watch {
    napi_env env = nullptr;
    uv_poll_t poll;
    napi_ref callback = nullptr;
    napi_async_context async_context = nullptr;
    int owners = 2;
    bool closing = false;
};

void watch_release(Watch *watch)
{
    if (--watch->owners == 0)
        delete watch;
}

void watch_cleanup(void *data);

// <env_lives>: the environment still takes calls.
void watch_stop(Watch *watch, bool env_lives)
{
    if (watch->closing)
        return;
    watch->closing = true;
    if (env_lives) {
        napi_remove_env_cleanup_hook(watch->env, watch_cleanup, watch);
        napi_delete_reference(watch->env, watch->callback);
        napi_async_destroy(watch->env, watch->async_context);
    }
    uv_poll_stop(&watch->poll);
    uv_close(reinterpret_cast<uv_handle_t *>(&watch->poll),
             [](uv_handle_t *handle) { watch_release(static_cast<Watch *>(handle->data)); });
}

void watch_cleanup(void *data)
{
    watch_stop(static_cast<Watch *>(data), false);
}

void on_readable(uv_poll_t *handle, int, int)
{
    Watch *watch = static_cast<Watch *>(handle->data);
    napi_handle_scope scope;
    if (watch->closing || napi_open_handle_scope(watch->env, &scope) != napi_ok)
        return;
    napi_value callback, global, result;
    napi_env env = watch->env;
    if (napi_get_reference_value(env, watch->callback, &callback) == napi_ok && callback != nullptr) {
        napi_get_global(env, &global);
        napi_status status =
            napi_make_callback(env, watch->async_context, global, callback, 0, nullptr, &result);
        if (status == napi_pending_exception) {
            napi_value exception;
            napi_get_and_clear_last_exception(env, &exception);
            napi_fatal_exception(env, exception);
        }
    }
    napi_close_handle_scope(env, scope);
}

Napi::Value watch_call(const Napi::CallbackInfo &info)
{
    Napi::Env env = info.Env();
    uv_loop_t *loop = nullptr;
    napi_value name;
    if (!info[0].IsNumber() || !info[1].IsFunction())
        return throw_error(env, "watch takes a descriptor and a function");
    Watch *watch = new Watch();
    watch->env = env;
    napi_get_uv_event_loop(env, &loop);
    if (uv_poll_init(loop, &watch->poll, info[0].As<Napi::Number>().Int32Value()) != 0) {
        delete watch;
        return throw_error(env, "watch: not a descriptor that can be polled");
    }
    watch->poll.data = watch;
    napi_create_reference(env, info[1], 1, &watch->callback);
    napi_create_string_utf8(env, "sluice:watch", NAPI_AUTO_LENGTH, &name);
    napi_async_init(env, nullptr, name, &watch->async_context);
    napi_add_env_cleanup_hook(env, watch_cleanup, watch);
    uv_poll_start(&watch->poll, UV_READABLE, on_readable);
    Napi::Function stop = Napi::Function::New(
        env,
        [](const Napi::CallbackInfo &call) -> Napi::Value {
            watch_stop(static_cast<Watch *>(call.Data()), true);
            return call.Env().Undefined();
        },
        "stop", watch);
    napi_add_finalizer(env, stop, watch,
                       [](napi_env, void *data, void *) { watch_release(static_cast<Watch *>(data)); }, nullptr,
                       nullptr);
    return stop;
}

Napi::Value number(const Napi::CallbackInfo &info, double value)
{
    return Napi::Number::New(info.Env(), value);
}

std::vector<int> descriptors(const Napi::Value &value)
{
    std::vector<int> out;
    if (!value.IsArray())
        return out;
    Napi::Array list = value.As<Napi::Array>();
    for (uint32_t i = 0; i < list.Length(); i++)
        out.push_back(list.Get(i).ToNumber().Int32Value());
    return out;
}

Napi::Value two(const Napi::CallbackInfo &info, int rc, const int fds[2])
{
    if (rc < 0)
        return number(info, rc);
    Napi::Array out = Napi::Array::New(info.Env(), 2);
    out.Set(0u, fds[0]);
    out.Set(1u, fds[1]);
    return out;
}

Napi::Value packet_pair_call(const Napi::CallbackInfo &info)
{
    int fds[2] = {-1, -1};
    return two(info, packet_pair(fds), fds);
}

Napi::Value stream_pair(const Napi::CallbackInfo &info)
{
    int fds[2] = {-1, -1};
    int rc = socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds);
    return two(info, rc < 0 ? -errno : 0, fds);
}

Napi::Value packet_send_call(const Napi::CallbackInfo &info)
{
    Napi::Uint8Array data = info[1].As<Napi::Uint8Array>();
    std::vector<int> fds = descriptors(info[2]);
    return number(info, packet_send(info[0].As<Napi::Number>().Int32Value(), data.Data(), data.ByteLength(),
                                    fds.data(), fds.size()));
}

Napi::Value packet_receive_call(const Napi::CallbackInfo &info)
{
    Napi::Uint8Array data = info[1].As<Napi::Uint8Array>();
    Napi::Array out = info[2].As<Napi::Array>();
    int fds[PACKET_FDS_MAX];
    size_t count = 0;
    ssize_t n = packet_receive(info[0].As<Napi::Number>().Int32Value(), data.Data(), data.ByteLength(), fds,
                               &count);
    for (size_t i = 0; i < count; i++)
        out.Set(static_cast<uint32_t>(i), fds[i]);
    return number(info, static_cast<double>(n));
}

Napi::Value memory_file_call(const Napi::CallbackInfo &info)
{
    Napi::Uint8Array data = info[1].As<Napi::Uint8Array>();
    std::string name = info[0].As<Napi::String>().Utf8Value();
    return number(info, memory_file(name.c_str(), data.Data(), data.ByteLength()));
}

// A list of strings as exec takes it: the texts, and a pointer to each with a null at the end.
struct Words {
    std::vector<std::string> texts;
    std::vector<char *> pointers;

    explicit Words(const Napi::Value &value)
    {
        Napi::Array list = value.As<Napi::Array>();
        for (uint32_t i = 0; i < list.Length(); i++)
            texts.push_back(list.Get(i).ToString().Utf8Value());
        for (std::string &text : texts)
            pointers.push_back(&text[0]);
        pointers.push_back(nullptr);
    }
};

Napi::Value child_start_call(const Napi::CallbackInfo &info)
{
    std::string path = info[0].As<Napi::String>().Utf8Value();
    Words argv(info[1]), envp(info[2]);
    std::vector<int> fds = descriptors(info[3]);
    struct child_plan plan = {path.c_str(), argv.pointers.data(), envp.pointers.data(), fds.data(), fds.size()};
    return number(info, child_start(&plan));
}

// The status when it has ended, -1 while it runs, -2 when it is no child of ours.
Napi::Value child_wait_call(const Napi::CallbackInfo &info)
{
    int status = 0;
    int rc = child_wait(info[0].As<Napi::Number>().Int32Value(), &status);
    return number(info, rc == 1 ? status : rc == 0 ? -1 : -2);
}

Napi::Value die_with_parent(const Napi::CallbackInfo &info)
{
    return number(info, child_dies_with_parent());
}

Napi::Value exec_self_call(const Napi::CallbackInfo &info)
{
    std::string path = info[0].As<Napi::String>().Utf8Value();
    Words argv(info[1]), envp(info[2]);
    std::vector<int> keep = descriptors(info[3]);
    return number(info,
                  exec_self(path.c_str(), argv.pointers.data(), envp.pointers.data(), keep.data(), keep.size()));
}

Napi::Value hold_signals(const Napi::CallbackInfo &info)
{
    return number(info, hold_begin());
}

Napi::Value release_signals(const Napi::CallbackInfo &info)
{
    hold_release();
    return info.Env().Undefined();
}

// listen(2) again, which only changes how many may wait.
Napi::Value set_backlog(const Napi::CallbackInfo &info)
{
    int rc = listen(info[0].As<Napi::Number>().Int32Value(), info[1].As<Napi::Number>().Int32Value());
    return number(info, rc < 0 ? -errno : 0);
}

} // namespace

void fd_face(Napi::Env env, Napi::Object exports)
{
    exports.Set("watch", Napi::Function::New(env, watch_call));
    exports.Set("packetPair", Napi::Function::New(env, packet_pair_call));
    exports.Set("streamPair", Napi::Function::New(env, stream_pair));
    exports.Set("packetSend", Napi::Function::New(env, packet_send_call));
    exports.Set("packetReceive", Napi::Function::New(env, packet_receive_call));
    exports.Set("memoryFile", Napi::Function::New(env, memory_file_call));
    exports.Set("childStart", Napi::Function::New(env, child_start_call));
    exports.Set("childWait", Napi::Function::New(env, child_wait_call));
    exports.Set("dieWithParent", Napi::Function::New(env, die_with_parent));
    exports.Set("execSelf", Napi::Function::New(env, exec_self_call));
    exports.Set("holdSignals", Napi::Function::New(env, hold_signals));
    exports.Set("releaseSignals", Napi::Function::New(env, release_signals));
    exports.Set("setBacklog", Napi::Function::New(env, set_backlog));
}
