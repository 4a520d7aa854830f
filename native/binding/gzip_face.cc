// The encoder's face, for the library in src/gzip: bytes in, bytes out, all in the caller's memory. A stream's state is
// the caller's too: STATE_LEN bytes of a Uint8Array that TypeScript keeps private. Every call copies it in and, when it
// succeeds, out again, so a refused call changes nothing. Answers are lengths, or one of the negative `refusal`s.
#include "gzip_arguments.h"

extern "C" {
#include "slz/slz.h"
}

namespace
{

enum after { AFTER_MORE, AFTER_FLUSH, AFTER_FINISH, AFTER_MARK };

enum { STATE_MAGIC = 0x5a6c7a53, STATE_LEN = 24, TAIL_MAX = 32, MARK_LEN = 5 };

struct state {
    struct slz slz;
    uint32_t magic;
    uint32_t ended;
};

STATIC_ASSERT(sizeof(struct state) == STATE_LEN);

struct state state_read(struct call *call, const struct bytes *from)
{
    struct state state = {};

    if (call->refused)
        return state;
    if (from->len == STATE_LEN && !from->shared)
        memcpy(&state, from->data, STATE_LEN);
    if (state.magic != STATE_MAGIC)
        call->refused = REFUSED_ARGUMENT;
    return state;
}

napi_value answer(napi_env env, double number)
{
    napi_value value = nullptr;

    BUG_ON(napi_create_double(env, number, &value) != napi_ok);
    return value;
}

// A flush that ends with an empty stored block on a byte's border, as zlib's do: RFC 7692 (7.2.1) and others look for its
// last four bytes. Only what the flush itself wrote is looked at: the data before it may end with the same bytes.
size_t mark_put(struct slz *s, uint8_t *out)
{
    static const uint8_t mark[MARK_LEN] = {0, 0, 0, 0xff, 0xff};
    size_t len = slz_flush(s, out);

    BUG_ON(len > slz_bound(0));
    if (len >= MARK_LEN - 1 && memcmp(out + len - (MARK_LEN - 1), mark + 1, MARK_LEN - 1) == 0)
        return len;
    memcpy(out + len, mark, MARK_LEN);
    return len + MARK_LEN;
}

// What one call may write.
size_t room(size_t len, enum after after)
{
    BUG_ON(len > PTRDIFF_MAX / 2);
    return slz_bound(len) + (after == AFTER_MARK ? MARK_LEN : 0);
}

// The tail goes through a scratch, because slz may write slz_bound(0) bytes there where fewer are left.
size_t encode_private(struct slz *s, uint8_t *out, const uint8_t *in, size_t len, enum after after)
{
    uint8_t tail[TAIL_MAX];
    size_t tail_len = 0, out_len = slz_encode(s, out, in, len, after != AFTER_FINISH);

    BUG_ON(room(0, AFTER_MARK) > sizeof(tail));
    if (after == AFTER_FLUSH)
        tail_len = slz_flush(s, tail);
    else if (after == AFTER_FINISH)
        tail_len = slz_finish(s, tail);
    else if (after == AFTER_MARK)
        tail_len = mark_put(s, tail);
    BUG_ON(out_len + tail_len > room(len, after));
    memcpy(out + out_len, tail, tail_len);
    return out_len + tail_len;
}

// Shared input is copied first: the encoder reads it twice and counts on finding the same.
double encode(struct slz *s, const struct bytes *in, const struct bytes *out, size_t at, enum after after)
{
    BUG_ON(at > out->len);
    uint8_t *to = out->data + at;
    if (in->len > PTRDIFF_MAX / 2 || out->len - at < room(in->len, after))
        return REFUSED_ROOM;
    if (in->len > 0 && in->data < to + room(in->len, after) && to < in->data + in->len)
        return REFUSED_OVERLAP;
    if (!in->shared || in->len == 0)
        return static_cast<double>(encode_private(s, to, in->data, in->len, after));
    uint8_t *copy = static_cast<uint8_t *>(malloc(in->len));
    if (copy == nullptr)
        return REFUSED_MEMORY;
    memcpy(copy, in->data, in->len);
    size_t len = encode_private(s, to, copy, in->len, after);
    free(copy);
    return static_cast<double>(len);
}

// slzStart(state, format, mode): a new stream in `state`, whatever it held.
napi_value start_call(napi_env env, napi_callback_info info)
{
    struct call call = call_open(env, info, 3);
    struct bytes kept = bytes_read(&call, 0);
    size_t format = number_read(&call, 1, SLZ_ZLIB), mode = number_read(&call, 2, SLZ_BALANCED);
    struct state state = {};

    if (!call.refused && (kept.len != STATE_LEN || kept.shared))
        call.refused = REFUSED_ARGUMENT;
    if (call.refused)
        return answer(env, call.refused);
    slz_init(&state.slz, static_cast<enum slz_format>(format), static_cast<enum slz_mode>(mode));
    state.magic = STATE_MAGIC;
    memcpy(kept.data, &state, STATE_LEN);
    return answer(env, 0);
}

// slzMode(state, mode): from the next slzEncode on.
napi_value mode_call(napi_env env, napi_callback_info info)
{
    struct call call = call_open(env, info, 2);
    struct bytes kept = bytes_read(&call, 0);
    struct state state = state_read(&call, &kept);
    size_t mode = number_read(&call, 1, SLZ_BALANCED);

    if (call.refused)
        return answer(env, call.refused);
    slz_set_mode(&state.slz, static_cast<enum slz_mode>(mode));
    memcpy(kept.data, &state, STATE_LEN);
    return answer(env, 0);
}

// slzEncode(state, input, output, at, after): the next bytes of a stream.
napi_value encode_call(napi_env env, napi_callback_info info)
{
    struct call call = call_open(env, info, 5);
    struct bytes kept = bytes_read(&call, 0), in = bytes_read(&call, 1), out = bytes_read(&call, 2);
    struct state state = state_read(&call, &kept);
    size_t at = number_read(&call, 3, out.len), after = number_read(&call, 4, AFTER_MARK);

    if (!call.refused && state.ended)
        call.refused = REFUSED_ENDED;
    if (call.refused)
        return answer(env, call.refused);
    double len = encode(&state.slz, &in, &out, at, static_cast<enum after>(after));
    if (len < 0)
        return answer(env, len);
    state.ended = after == AFTER_FINISH;
    memcpy(kept.data, &state, STATE_LEN);
    return answer(env, len);
}

// slzOnce(format, mode, input, output): a whole stream, its state on the stack.
napi_value once_call(napi_env env, napi_callback_info info)
{
    struct call call = call_open(env, info, 4);
    size_t format = number_read(&call, 0, SLZ_ZLIB), mode = number_read(&call, 1, SLZ_BALANCED);
    struct bytes in = bytes_read(&call, 2), out = bytes_read(&call, 3);
    struct slz slz;

    if (call.refused)
        return answer(env, call.refused);
    slz_init(&slz, static_cast<enum slz_format>(format), static_cast<enum slz_mode>(mode));
    return answer(env, encode(&slz, &in, &out, 0, AFTER_FINISH));
}

// slzBound(length)
napi_value bound_call(napi_env env, napi_callback_info info)
{
    struct call call = call_open(env, info, 1);
    size_t len = number_read(&call, 0, NUMBER_MAX);

    return answer(env, call.refused ? call.refused : static_cast<double>(slz_bound(len)));
}

// slzCheck(bytes): 0, or why they cannot be read.
napi_value check_call(napi_env env, napi_callback_info info)
{
    struct call call = call_open(env, info, 1);

    bytes_read(&call, 0);
    return answer(env, call.refused);
}

void give(Napi::Env env, Napi::Object exports, const char *name, napi_callback callback)
{
    napi_value function = nullptr;

    BUG_ON(napi_create_function(env, name, NAPI_AUTO_LENGTH, callback, nullptr, &function) != napi_ok);
    exports.Set(name, function);
}

} // namespace

void gzip_face(Napi::Env env, Napi::Object exports)
{
    exports.Set("slzStateLength", Napi::Number::New(env, STATE_LEN));
    give(env, exports, "slzStart", start_call);
    give(env, exports, "slzMode", mode_call);
    give(env, exports, "slzEncode", encode_call);
    give(env, exports, "slzOnce", once_call);
    give(env, exports, "slzBound", bound_call);
    give(env, exports, "slzCheck", check_call);
}
