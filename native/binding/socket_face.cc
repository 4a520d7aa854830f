// Sockets that Node cannot make: listening ones bound with the options of a bind line, and unix datagrams.
#include "faces.h"

extern "C" {
#include "fd/netns.h"
}
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace
{

enum {
    LISTEN_V6ONLY = 1,
    LISTEN_V4V6 = 2,
    LISTEN_NO_REUSEPORT = 4,
    LISTEN_DEFER_ACCEPT = 8,
    LISTEN_TRANSPARENT = 16,
    LISTEN_SHARE_LATER = 32 // SO_REUSEPORT once bound: who owns the port is found out first
};

void option(int fd, int level, int name, int value)
{
    setsockopt(fd, level, name, &value, sizeof(value)); // what a kernel lacks is no reason to refuse a bind
}

int closed(int fd, int err)
{
    close(fd);
    return -err;
}

void set_options(int fd, int family, uint32_t flags)
{
    if (family != AF_UNIX) {
        option(fd, SOL_SOCKET, SO_REUSEADDR, 1);
        if (!(flags & LISTEN_NO_REUSEPORT))
            option(fd, SOL_SOCKET, SO_REUSEPORT, 1);
    }
    if (family == AF_INET6)
        option(fd, IPPROTO_IPV6, IPV6_V6ONLY, (flags & LISTEN_V6ONLY) ? 1 : (flags & LISTEN_V4V6) ? 0 : 1);
    if (flags & LISTEN_TRANSPARENT)
        option(fd, family == AF_INET6 ? IPPROTO_IPV6 : IPPROTO_IP, family == AF_INET6 ? 75 : 19, 1);
}

// <netns> is a descriptor or -1, <device> the name of an interface or empty.
int open_listener(const Napi::Uint8Array &name, int backlog, uint32_t flags, int netns,
                  const std::string &device)
{
    struct sockaddr_storage addr = {};
    size_t length = name.ByteLength();
    if (length < 2 || length > sizeof(addr))
        return -EINVAL;
    memcpy(&addr, name.Data(), length);
    int fd = netns >= 0 ? netns_socket(netns, addr.ss_family, SOCK_STREAM)
                        : socket(addr.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return netns >= 0 ? fd : -errno;
    set_options(fd, addr.ss_family, flags);
    if (!device.empty() && setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, device.c_str(),
                                      static_cast<socklen_t>(device.size() + 1)) < 0)
        return closed(fd, errno);
    if (bind(fd, reinterpret_cast<struct sockaddr *>(&addr), static_cast<socklen_t>(length)) < 0)
        return closed(fd, errno);
    if (flags & LISTEN_SHARE_LATER)
        option(fd, SOL_SOCKET, SO_REUSEPORT, 1);
    if (flags & LISTEN_DEFER_ACCEPT)
        option(fd, IPPROTO_TCP, TCP_DEFER_ACCEPT, 1);
    if (listen(fd, backlog) < 0)
        return closed(fd, errno);
    return fd;
}

Napi::Value listen_call(const Napi::CallbackInfo &info)
{
    int netns = info.Length() > 3 && info[3].IsNumber() ? info[3].As<Napi::Number>().Int32Value() : -1;
    std::string device =
        info.Length() > 4 && info[4].IsString() ? info[4].As<Napi::String>().Utf8Value() : std::string();
    return Napi::Number::New(info.Env(),
                             open_listener(info[0].As<Napi::Uint8Array>(),
                                           info[1].As<Napi::Number>().Int32Value(),
                                           info[2].As<Napi::Number>().Uint32Value(), netns, device));
}

Napi::Value adopt_listener(const Napi::CallbackInfo &info)
{
    int fd = info[0].As<Napi::Number>().Int32Value(), on = 0, type = 0;
    socklen_t len = sizeof(int);
    Napi::Env env = info.Env();
    if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) < 0)
        return Napi::Number::New(env, -errno);
    len = sizeof(int);
    if (type != SOCK_STREAM || getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &on, &len) < 0 || !on)
        return Napi::Number::New(env, -EINVAL);
    int flags = fcntl(fd, F_GETFL);
    fcntl(fd, F_SETFD, FD_CLOEXEC);
    return Napi::Number::New(env, flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0 ? -errno : 0);
}

Napi::Value close_fd(const Napi::CallbackInfo &info)
{
    close(info[0].As<Napi::Number>().Int32Value());
    return info.Env().Undefined();
}

// getsockname of any descriptor: [length or -errno], filled into a Uint8Array.
Napi::Value socket_name(const Napi::CallbackInfo &info)
{
    struct sockaddr_storage addr = {};
    socklen_t len = sizeof(addr);
    Napi::Uint8Array out = info[1].As<Napi::Uint8Array>();
    if (getsockname(info[0].As<Napi::Number>().Int32Value(), reinterpret_cast<struct sockaddr *>(&addr),
                    &len) < 0)
        return Napi::Number::New(info.Env(), -errno);
    len = len > out.ByteLength() ? static_cast<socklen_t>(out.ByteLength()) : len;
    memcpy(out.Data(), &addr, len);
    return Napi::Number::New(info.Env(), len);
}

Napi::Value send_unix_datagram(const Napi::CallbackInfo &info)
{
    Napi::Env env = info.Env();
    std::string path = info[0].As<Napi::String>().Utf8Value();
    Napi::Uint8Array data = info[1].As<Napi::Uint8Array>();
    struct sockaddr_un addr = {};
    addr.sun_family = AF_UNIX;
    if (path.empty() || path.size() >= sizeof(addr.sun_path))
        return Napi::Number::New(env, -EINVAL);
    memcpy(addr.sun_path, path.data(), path.size());
    socklen_t len = static_cast<socklen_t>(offsetof(struct sockaddr_un, sun_path) + path.size() + 1);
    if (path[0] == '@') { // an abstract name, as systemd writes it
        addr.sun_path[0] = 0;
        len--;
    }
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return Napi::Number::New(env, -errno);
    ssize_t n = sendto(fd, data.Data(), data.ByteLength(), MSG_NOSIGNAL,
                       reinterpret_cast<struct sockaddr *>(&addr), len);
    int rc = n < 0 ? -errno : 0;
    close(fd);
    return Napi::Number::New(env, rc);
}

// [soft, hard] of RLIMIT_NOFILE.
Napi::Value descriptor_limit(const Napi::CallbackInfo &info)
{
    struct rlimit r = {};
    getrlimit(RLIMIT_NOFILE, &r);
    Napi::Array out = Napi::Array::New(info.Env(), 2);
    out.Set(0u, static_cast<double>(r.rlim_cur));
    out.Set(1u, static_cast<double>(r.rlim_max));
    return out;
}

} // namespace

void socket_face(Napi::Env env, Napi::Object exports)
{
    exports.Set("listen", Napi::Function::New(env, listen_call));
    exports.Set("adoptListener", Napi::Function::New(env, adopt_listener));
    exports.Set("closeFd", Napi::Function::New(env, close_fd));
    exports.Set("socketName", Napi::Function::New(env, socket_name));
    exports.Set("sendUnixDatagram", Napi::Function::New(env, send_unix_datagram));
    exports.Set("descriptorLimit", Napi::Function::New(env, descriptor_limit));
}
