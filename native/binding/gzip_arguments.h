// What the encoder's calls are given, checked: bytes and whole numbers. Nothing from JavaScript is believed, and no read
// throws: the first refusal is kept in the call and becomes its answer. Owns nothing; bytes stay the caller's.
#ifndef SLUICE_BINDING_GZIP_ARGUMENTS_H
#define SLUICE_BINDING_GZIP_ARGUMENTS_H

#include "base.h"
#include "faces.h"

enum { ARGUMENTS_MAX = 5 };

static constexpr size_t NUMBER_MAX = static_cast<size_t>(1) << 52; // doubles are whole numbers up to there
STATIC_ASSERT(sizeof(size_t) == sizeof(uint64_t));

enum refusal {
    REFUSED_ARGUMENT = -1, // not a Uint8Array, a number out of range, a state that was never started
    REFUSED_DETACHED = -2, // the ArrayBuffer went to another thread
    REFUSED_ROOM = -3,     // less than slz_bound() bytes of output
    REFUSED_ENDED = -4,    // after the end of the stream
    REFUSED_OVERLAP = -5,  // output inside input
    REFUSED_MEMORY = -6,   // no memory to copy shared input
};

struct bytes {
    uint8_t *data;
    size_t len;
    bool shared;
};

// The arguments of one call. The first refusal sticks: later reads answer nothing and change nothing.
struct call {
    napi_env env;
    napi_value argument[ARGUMENTS_MAX];
    int refused;
};

static inline struct call call_open(napi_env env, napi_callback_info info, size_t count)
{
    struct call call = {};
    size_t given = ARGUMENTS_MAX;

    BUG_ON(!env || !info);
    BUG_ON(count == 0 || count > ARGUMENTS_MAX);
    call.env = env;
    if (napi_get_cb_info(env, info, &given, call.argument, nullptr, nullptr) != napi_ok || given < count)
        call.refused = REFUSED_ARGUMENT;
    return call;
}

// Node-API tells a detached buffer from an empty one only when asked, and a SharedArrayBuffer by what it is not.
static inline struct bytes bytes_read(struct call *call, size_t i)
{
    struct bytes bytes = {};
    napi_typedarray_type type;
    napi_value value = call->argument[i], buffer;
    void *data = nullptr;
    bool is = false;

    BUG_ON(i >= ARGUMENTS_MAX);
    if (call->refused)
        return bytes;
    call->refused = REFUSED_ARGUMENT;
    if (napi_get_typedarray_info(call->env, value, &type, &bytes.len, &data, &buffer, nullptr) != napi_ok)
        return bytes;
    if (type != napi_uint8_array || napi_is_arraybuffer(call->env, buffer, &is) != napi_ok)
        return bytes;
    bytes.shared = !is;
    bytes.data = static_cast<uint8_t *>(data);
    BUG_ON(bytes.len > 0 && !bytes.data);
    call->refused = 0;
    if (is && bytes.len == 0 && napi_is_detached_arraybuffer(call->env, buffer, &is) == napi_ok && is)
        call->refused = REFUSED_DETACHED;
    return bytes;
}

// A whole number from 0 to `max`.
static inline size_t number_read(struct call *call, size_t i, size_t max)
{
    double number = -1;

    BUG_ON(i >= ARGUMENTS_MAX || max > NUMBER_MAX);
    if (call->refused)
        return 0;
    call->refused = REFUSED_ARGUMENT;
    if (napi_get_value_double(call->env, call->argument[i], &number) != napi_ok)
        return 0;
    if (!(number >= 0 && number <= static_cast<double>(max)))
        return 0;
    if (static_cast<double>(static_cast<size_t>(number)) == number)
        call->refused = 0;
    return static_cast<size_t>(number);
}

#endif
