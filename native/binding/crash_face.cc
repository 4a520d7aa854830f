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

// (index, name): over all proxies, servers and listeners, in this order.
Napi::Value recorder_name(const Napi::CallbackInfo &info)
{
    if (info.Length() > 1 && info[1].IsString()) {
        std::string name = info[1].As<Napi::String>().Utf8Value();
        record_name(count_of(info, 0), name.data(), name.size());
    }
    return info.Env().Undefined();
}

} // namespace

void crash_face(Napi::Env env, Napi::Object exports)
{
    exports.Set("recorderCreate", Napi::Function::New(env, recorder_create));
    exports.Set("recorderName", Napi::Function::New(env, recorder_name));
}
