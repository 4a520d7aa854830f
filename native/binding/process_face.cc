// Process-wide calls: the tables that main fills before data threads start (shared/process.h), checked word by word.
#include "faces.h"

extern "C" {
#include "engine/abi.h"
}
#include "engine/api.h"
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

namespace
{

uint32_t word(const Napi::CallbackInfo &info, size_t i)
{
    return i < info.Length() && info[i].IsNumber() ? info[i].As<Napi::Number>().Uint32Value() : 0;
}

uint32_t limit(const Napi::Object &o, const char *name)
{
    Napi::Value v = o.Get(name);
    return v.IsNumber() ? v.As<Napi::Number>().Uint32Value() : 0;
}

Napi::Value process_init_call(const Napi::CallbackInfo &info)
{
    Napi::Env env = info.Env();
    void *data = nullptr;
    size_t length = 0;
    napi_typedarray_type type;
    // also over a SharedArrayBuffer, which napi_get_arraybuffer_info refuses
    if (napi_get_typedarray_info(env, info[0], &type, &length, &data, nullptr, nullptr) != napi_ok ||
        type != napi_int32_array)
        return throw_error(env, "processInit: live must be an Int32Array");
    uint32_t proxies = word(info, 1), servers = word(info, 2), listeners = word(info, 3);
    if (length < static_cast<size_t>(1 + proxies + servers + listeners) * ABI_LIVE_WORDS ||
        !info[4].IsObject())
        return throw_error(env, "processInit: live is too short or limits are missing");
    Napi::Object o = info[4].As<Napi::Object>();
    struct api_limits l = {};
    l.bufsize = limit(o, "bufsize");
    l.maxrewrite = limit(o, "maxrewrite");
    l.max_fields = limit(o, "maxFields");
    l.conns_max = limit(o, "connsMax");
    l.threads = limit(o, "threads");
    l.pool_max_bytes = static_cast<uint64_t>(o.Get("poolMaxBytes").ToNumber().DoubleValue());
    l.idle_shared = o.Get("idleShared").ToBoolean() ? 1 : 0;
    l.guard_pages = o.Get("guardPages").ToBoolean() ? 1 : 0;
    int rc = api_process_init(static_cast<int32_t *>(data), proxies, servers, listeners, &l);
    return rc == 0 ? env.Undefined()
                   : throw_error(env, rc == -EALREADY ? "processInit was called before"
                                                      : "processInit: limits out of range or no memory");
}

Napi::Value done(Napi::Env env, int rc, const char *message)
{
    return rc == 0 ? env.Undefined() : throw_error(env, message);
}

Napi::Value set_proxy(const Napi::CallbackInfo &info)
{
    Napi::Uint32Array words = info[1].As<Napi::Uint32Array>();
    return done(info.Env(), api_set_proxy(word(info, 0), words.Data(), words.ElementLength()),
                "setProxy: no such proxy, or too few words");
}

Napi::Value set_server(const Napi::CallbackInfo &info)
{
    Napi::Uint32Array words = info[1].As<Napi::Uint32Array>();
    Napi::Uint8Array addr = info[2].As<Napi::Uint8Array>();
    return done(info.Env(),
                api_set_server(word(info, 0), words.Data(), words.ElementLength(), addr.Data(),
                               addr.ByteLength()),
                "setServer: no such server or proxy, too few words, or an address too long");
}

Napi::Value set_listener(const Napi::CallbackInfo &info)
{
    Napi::Uint32Array words = info[1].As<Napi::Uint32Array>();
    return done(info.Env(), api_set_listener(word(info, 0), words.Data(), words.ElementLength()),
                "setListener: no such listener or proxy, or too few words");
}

Napi::Value set_log_target(const Napi::CallbackInfo &info)
{
    Napi::Env env = info.Env();
    Napi::Uint8Array addr = info[2].As<Napi::Uint8Array>();
    uint32_t index = word(info, 0);
    if (word(info, 1) == 1)
        return Napi::Number::New(env, api_set_log_target(index, 1, info[3].As<Napi::Number>().Int32Value()));
    struct sockaddr_storage storage = {};
    if (addr.ByteLength() < 2 || addr.ByteLength() > sizeof(storage))
        return Napi::Number::New(env, -EINVAL);
    memcpy(&storage, addr.Data(), addr.ByteLength());
    int fd = socket(storage.ss_family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return Napi::Number::New(env, -errno);
    if (connect(fd, reinterpret_cast<struct sockaddr *>(&storage),
                static_cast<socklen_t>(addr.ByteLength())) < 0) {
        int err = errno;
        close(fd);
        return Napi::Number::New(env, -err);
    }
    return Napi::Number::New(env, api_set_log_target(index, 0, fd));
}

Napi::Value process_usage(const Napi::CallbackInfo &info)
{
    double usage[3];
    api_process_usage(usage);
    Napi::Array out = Napi::Array::New(info.Env(), 3);
    for (uint32_t i = 0; i < 3; i++)
        out.Set(i, usage[i]);
    return out;
}

} // namespace

void process_face(Napi::Env env, Napi::Object exports)
{
    exports.Set("processInit", Napi::Function::New(env, process_init_call));
    exports.Set("setProxy", Napi::Function::New(env, set_proxy));
    exports.Set("setServer", Napi::Function::New(env, set_server));
    exports.Set("setListener", Napi::Function::New(env, set_listener));
    exports.Set("setLogTarget", Napi::Function::New(env, set_log_target));
    exports.Set("processUsage", Napi::Function::New(env, process_usage));
}
