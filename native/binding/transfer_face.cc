// Descriptors over unix stream sockets, as HAProxy's processes hand listening sockets to each other; what such sockets are; and
// pausing them. The protocol itself is TypeScript's (src/process/transfer*.ts).
#include "faces.h"

extern "C" {
#include "fd/netns.h"
#include "fd/packet.h"
}
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

namespace
{

int int_at(const Napi::CallbackInfo &info, size_t i)
{
    return i < info.Length() && info[i].IsNumber() ? info[i].As<Napi::Number>().Int32Value() : -1;
}

Napi::Value number(const Napi::CallbackInfo &info, double value)
{
    return Napi::Number::New(info.Env(), value);
}

int connect_unix(const uint8_t *bytes, size_t length, int wait_ms)
{
    struct timeval limit = {wait_ms / 1000, wait_ms % 1000 * 1000};
    struct sockaddr_un addr = {};
    if (length < sizeof(addr.sun_family) || length > sizeof(addr))
        return -EINVAL;
    memcpy(&addr, bytes, length);
    if (addr.sun_family != AF_UNIX)
        return -EINVAL;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -errno;
    // connecting to a unix socket waits only while the other side's queue is full, and so long
    if (setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit)) < 0 ||
        connect(fd, reinterpret_cast<struct sockaddr *>(&addr), static_cast<socklen_t>(length)) < 0) {
        int err = errno;
        close(fd);
        return -err;
    }
    return fd;
}

Napi::Value connect_unix_call(const Napi::CallbackInfo &info)
{
    Napi::Uint8Array addr = info[0].As<Napi::Uint8Array>();
    return number(info, connect_unix(addr.Data(), addr.ByteLength(), int_at(info, 1)));
}

// (fd, bytes, descriptors): 0 or -errno; all or nothing for messages of a page.
Napi::Value send_descriptors(const Napi::CallbackInfo &info)
{
    Napi::Uint8Array data = info[1].As<Napi::Uint8Array>();
    Napi::Array list = info[2].As<Napi::Array>();
    int fds[PACKET_FDS_MAX];
    uint32_t count = list.Length();
    if (count > PACKET_FDS_MAX || data.ByteLength() > static_cast<size_t>(getpagesize()))
        return number(info, -EINVAL);
    for (uint32_t i = 0; i < count; i++)
        fds[i] = list.Get(i).As<Napi::Number>().Int32Value();
    return number(info, packet_send(int_at(info, 0), data.Data(), data.ByteLength(), fds, count));
}

// (fd, buffer, descriptors' array to fill, ms to wait): bytes, 0 at the end, or -errno.
Napi::Value receive_descriptors(const Napi::CallbackInfo &info)
{
    Napi::Uint8Array data = info[1].As<Napi::Uint8Array>();
    Napi::Array list = info[2].As<Napi::Array>();
    int fds[PACKET_FDS_MAX];
    size_t count = 0;
    struct pollfd p = {int_at(info, 0), POLLIN, 0};
    int ready;
    do
        ready = poll(&p, 1, int_at(info, 3));
    while (ready < 0 && errno == EINTR);
    if (ready <= 0)
        return number(info, ready < 0 ? -errno : -ETIMEDOUT);
    ssize_t n = packet_receive(p.fd, data.Data(), data.ByteLength(), fds, &count);
    for (uint32_t i = 0; i < count; i++)
        list.Set(i, fds[i]);
    return number(info, static_cast<double>(n));
}

int option_of(int fd, int level, int name)
{
    int value = 0;
    socklen_t len = sizeof(value);
    return getsockopt(fd, level, name, &value, &len) < 0 ? -1 : value;
}

// Bits: 1 a listening stream socket, 2 IPv6 alone, 4 takes connections for foreign addresses.
Napi::Value socket_traits(const Napi::CallbackInfo &info)
{
    int fd = int_at(info, 0), bits = 0;
    int family = option_of(fd, SOL_SOCKET, SO_DOMAIN);
    if (option_of(fd, SOL_SOCKET, SO_TYPE) == SOCK_STREAM && option_of(fd, SOL_SOCKET, SO_ACCEPTCONN) == 1)
        bits |= 1;
    if (family == AF_INET6 && option_of(fd, IPPROTO_IPV6, IPV6_V6ONLY) == 1)
        bits |= 2;
    if ((family == AF_INET && option_of(fd, IPPROTO_IP, IP_TRANSPARENT) == 1) ||
        (family == AF_INET6 && option_of(fd, IPPROTO_IPV6, IPV6_TRANSPARENT) == 1))
        bits |= 4;
    return number(info, bits);
}

// Stops a TCP socket from listening without closing it: its port may then be bound by somebody else.
Napi::Value pause_listener(const Napi::CallbackInfo &info)
{
    struct sockaddr unspec = {};
    unspec.sa_family = AF_UNSPEC;
    return number(info, connect(int_at(info, 0), &unspec, sizeof(unspec)) < 0 ? -errno : 0);
}

Napi::Value netns_open_call(const Napi::CallbackInfo &info)
{
    return number(info, netns_open(info[0].As<Napi::String>().Utf8Value().c_str()));
}

} // namespace

void transfer_face(Napi::Env env, Napi::Object exports)
{
    exports.Set("connectUnix", Napi::Function::New(env, connect_unix_call));
    exports.Set("sendDescriptors", Napi::Function::New(env, send_descriptors));
    exports.Set("receiveDescriptors", Napi::Function::New(env, receive_descriptors));
    exports.Set("socketTraits", Napi::Function::New(env, socket_traits));
    exports.Set("pauseListener", Napi::Function::New(env, pause_listener));
    exports.Set("netnsOpen", Napi::Function::New(env, netns_open_call));
}
