// The flight recorder and the crash handler for JavaScript: what main tells them once. Everything else happens in C.
#include "faces.h"

#include <string>

extern "C" {
#include "crash/recorder.h"
}

namespace
{

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

} // namespace

void crash_face(Napi::Env env, Napi::Object exports)
{
    exports.Set("recorderCreate", Napi::Function::New(env, recorder_create));
    exports.Set("recorderNames", Napi::Function::New(env, recorder_names));
}
