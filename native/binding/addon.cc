// The addon: one object, several faces. Loaded by every thread of the process; the C statics behind it are shared. The
// encoder's face is there wherever Node is; the engine's need epoll and its kin, so they exist on Linux alone.
#include "faces.h"

extern "C" {
#include "engine/abi.h"
}

// A fingerprint of abi.def: TypeScript compares it with the one it was built from.
static uint32_t abi_fingerprint()
{
    uint32_t sum = 2166136261u;
#define ABI(name, value)                                                                                     \
    for (const char *p = #name; *p != 0; p++)                                                                \
        sum = (sum ^ static_cast<uint8_t>(*p)) * 16777619u;                                                  \
    sum = (sum ^ static_cast<uint32_t>(value)) * 16777619u;
#include "engine/abi.def"
    return sum;
}

static Napi::Object init(Napi::Env env, Napi::Object exports)
{
    exports.Set("abi", Napi::Number::New(env, abi_fingerprint()));
#ifdef __linux__
    process_face(env, exports);
    engine_face(env, exports);
    socket_face(env, exports);
    crash_face(env, exports);
    fd_face(env, exports);
    transfer_face(env, exports);
    privilege_face(env, exports);
#endif
    gzip_face(env, exports);
    return exports;
}

NODE_API_MODULE(sluice, init)
