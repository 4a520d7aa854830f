/* Finds the number of a field name or a method. Both lists are fixed at compile time; a name is looked up by its length,
 * then among the handful of that length. */
#include "head.h"

static const char *const names[] = {
    "",
#define NAME(id, text) text,
#define NAMES_OF_LEN(n)
#include "names.def"
#undef NAME
#undef NAMES_OF_LEN
};

/* id of the first name of each length; the group ends where the next length starts */
static const uint8_t names_of_len[] = {
#define NAME(id, text)
#define NAMES_OF_LEN(n) [n] = HEAD_NAMES_OF_LEN_##n,
#include "names.def"
#undef NAME
#undef NAMES_OF_LEN
};
STATIC_ASSERT(ARRAY_LEN(names) <= UINT8_MAX);

static const char *const methods[] = {
    "",
#define METHOD(id, text) text,
#include "methods.def"
#undef METHOD
};

/* Whole-word looks at both ends settle all but the longest names without a call. */
static inline int name_is(const char *text, const uint8_t *name, uint32_t len)
{
    if (len >= 8)
        return load_u64(text) == load_u64(name) && load_u64(text + len - 8) == load_u64(name + len - 8) &&
               (len <= 16 || memcmp(text + 8, name + 8, len - 16) == 0);
    if (len >= 4)
        return load_u32(text) == load_u32(name) && load_u32(text + len - 4) == load_u32(name + len - 4);
    return memcmp(text, name, len) == 0;
}

uint32_t head_name_find(const uint8_t *name, uint32_t len)
{
    BUG_ON(!name);
    if (len == 0 || len + 1 >= ARRAY_LEN(names_of_len))
        return HEAD_NAME_OTHER;
    for (uint32_t id = names_of_len[len], end = names_of_len[len + 1]; id < end; id++) {
        if (name_is(names[id], name, len))
            return id;
    }
    BUG_ON(names_of_len[len] > ARRAY_LEN(names));
    return HEAD_NAME_OTHER;
}

uint32_t http_method_find(const uint8_t *method, uint32_t len)
{
    BUG_ON(!method);
    if (len == 3 && memcmp(method, "GET", 3) == 0)
        return HTTP_METHOD_GET;
    if (len < 3 || len > 7)
        return HTTP_METHOD_OTHER;
    for (uint32_t id = 1; id < HTTP_METHODS; id++) {
        if (strncmp(methods[id], (const char *)method, len) == 0 && methods[id][len] == '\0')
            return id;
    }
    STATIC_ASSERT(ARRAY_LEN(methods) == HTTP_METHODS);
    return HTTP_METHOD_OTHER;
}
