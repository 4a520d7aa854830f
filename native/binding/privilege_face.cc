// What a process is allowed to do and to use: user and groups, root directory, limits, processors, cores; and its standard
// streams. Calls for the main thread while it starts; setAffinity is for the thread that calls it.
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "faces.h"

#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

namespace
{

int int_at(const Napi::CallbackInfo &info, size_t i)
{
    return i < info.Length() && info[i].IsNumber() ? info[i].As<Napi::Number>().Int32Value() : -1;
}

Napi::Value result(const Napi::CallbackInfo &info, int rc)
{
    return Napi::Number::New(info.Env(), rc < 0 ? -errno : rc);
}

// (path): chroot and its working directory; '' makes an empty directory without a name.
Napi::Value change_root(const Napi::CallbackInfo &info)
{
    std::string path = info[0].As<Napi::String>().Utf8Value();
    if (!path.empty())
        return result(info, path != "/" && chroot(path.c_str()) < 0 ? -1 : chdir("/"));
    char folder[] = "/tmp/sluice.XXXXXX";
    if (mkdtemp(folder) == nullptr)
        return result(info, -1);
    int rc = chdir(folder);
    int err = errno;
    rmdir(folder); // the working directory keeps it
    errno = err;
    return result(info, rc < 0 || chroot(".") < 0 || chdir("/") < 0 ? -1 : 0);
}

// (uid, gid, drop other groups), -1 = stays; for all threads at once, as libc does it. 0 or -errno.
Napi::Value set_identity(const Napi::CallbackInfo &info)
{
    int uid = int_at(info, 0), gid = int_at(info, 1);
    if (info[2].ToBoolean() && setgroups(0, nullptr) < 0)
        return result(info, -1);
    if (gid >= 0 && setresgid(static_cast<gid_t>(gid), static_cast<gid_t>(gid), static_cast<gid_t>(gid)) < 0)
        return result(info, -1);
    if (uid >= 0 && setresuid(static_cast<uid_t>(uid), static_cast<uid_t>(uid), static_cast<uid_t>(uid)) < 0)
        return result(info, -1);
    return result(info, 0);
}

// [real, effective, saved user, real, effective, saved group, other groups]
Napi::Value identity(const Napi::CallbackInfo &info)
{
    uid_t u[3] = {};
    gid_t g[3] = {};
    getresuid(&u[0], &u[1], &u[2]);
    getresgid(&g[0], &g[1], &g[2]);
    Napi::Array out = Napi::Array::New(info.Env(), 7);
    for (uint32_t i = 0; i < 3; i++) {
        out.Set(i, static_cast<double>(u[i]));
        out.Set(i + 3, static_cast<double>(g[i]));
    }
    out.Set(6u, static_cast<double>(getgroups(0, nullptr)));
    return out;
}

bool resource_of(const Napi::Value &name, int *resource_ret)
{
    std::string text = name.As<Napi::String>().Utf8Value();
    *resource_ret = text == "nofile" ? RLIMIT_NOFILE
                    : text == "core" ? RLIMIT_CORE
                    : text == "data" ? RLIMIT_DATA
                                     : -1;
    return *resource_ret >= 0;
}

double shown(rlim_t value)
{
    return value == RLIM_INFINITY ? -1 : static_cast<double>(value);
}

rlim_t limit_at(const Napi::CallbackInfo &info, size_t i)
{
    double value = info[i].As<Napi::Number>().DoubleValue();
    return value < 0 ? RLIM_INFINITY : static_cast<rlim_t>(value);
}

// (name): [soft, hard], -1 = none.
Napi::Value resource_limit(const Napi::CallbackInfo &info)
{
    int resource;
    struct rlimit r = {};
    if (!resource_of(info[0], &resource))
        return throw_error(info.Env(), "resourceLimit: no such resource");
    getrlimit(static_cast<__rlimit_resource>(resource), &r);
    Napi::Array out = Napi::Array::New(info.Env(), 2);
    out.Set(0u, shown(r.rlim_cur));
    out.Set(1u, shown(r.rlim_max));
    return out;
}

// (name, soft, hard): 0 or -errno.
Napi::Value set_resource_limit(const Napi::CallbackInfo &info)
{
    int resource;
    if (!resource_of(info[0], &resource))
        return throw_error(info.Env(), "setResourceLimit: no such resource");
    struct rlimit r = {limit_at(info, 1), limit_at(info, 2)};
    return result(info, setrlimit(static_cast<__rlimit_resource>(resource), &r));
}

Napi::Value set_dumpable(const Napi::CallbackInfo &info)
{
    return result(info, prctl(PR_SET_DUMPABLE, info[0].ToBoolean() ? 1 : 0, 0, 0, 0));
}

// (processors): the calling thread runs on these alone; 0 or -errno.
Napi::Value set_affinity(const Napi::CallbackInfo &info)
{
    Napi::Array list = info[0].As<Napi::Array>();
    cpu_set_t set;
    CPU_ZERO(&set);
    for (uint32_t i = 0; i < list.Length(); i++) {
        uint32_t cpu = list.Get(i).As<Napi::Number>().Uint32Value();
        if (cpu < CPU_SETSIZE)
            CPU_SET(cpu, &set);
    }
    return result(info, sched_setaffinity(0, sizeof(set), &set));
}

// Standard streams become /dev/null, so that who started us sees their end; 0 or -errno.
Napi::Value silence_streams(const Napi::CallbackInfo &info)
{
    int fd = open("/dev/null", O_RDWR | O_CLOEXEC), rc = fd;
    for (int stream = 0; stream < 3 && rc >= 0; stream++)
        rc = dup2(fd, stream);
    int err = errno;
    if (fd > 2)
        close(fd);
    errno = err;
    return result(info, rc < 0 ? rc : 0);
}

} // namespace

void privilege_face(Napi::Env env, Napi::Object exports)
{
    exports.Set("changeRoot", Napi::Function::New(env, change_root));
    exports.Set("setIdentity", Napi::Function::New(env, set_identity));
    exports.Set("identity", Napi::Function::New(env, identity));
    exports.Set("resourceLimit", Napi::Function::New(env, resource_limit));
    exports.Set("setResourceLimit", Napi::Function::New(env, set_resource_limit));
    exports.Set("setDumpable", Napi::Function::New(env, set_dumpable));
    exports.Set("setAffinity", Napi::Function::New(env, set_affinity));
    exports.Set("silenceStreams", Napi::Function::New(env, silence_streams));
}
