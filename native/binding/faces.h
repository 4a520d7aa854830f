// The addon's faces, one file each; addon.cc lists them. Thin: arguments in, a C call, a number out.
#ifndef SLUICE_BINDING_FACES_H
#define SLUICE_BINDING_FACES_H

#include <errno.h>
#include <napi.h>
#include <stdint.h>

static inline Napi::Value throw_error(Napi::Env env, const char *message)
{
    Napi::Error::New(env, message).ThrowAsJavaScriptException();
    return env.Undefined();
}

struct eng;
// This thread's engine, or NULL.
struct eng *engine_of(Napi::Env env);

void process_face(Napi::Env env, Napi::Object exports);
void engine_face(Napi::Env env, Napi::Object exports);
void socket_face(Napi::Env env, Napi::Object exports);
void crash_face(Napi::Env env, Napi::Object exports);
void fd_face(Napi::Env env, Napi::Object exports);
void transfer_face(Napi::Env env, Napi::Object exports);
void privilege_face(Napi::Env env, Napi::Object exports);
void gzip_face(Napi::Env env, Napi::Object exports);

#endif
