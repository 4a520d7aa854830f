/* JavaScript's part of a stack, from frames and objects made by hand: V8's constants are defined here as node defines them. Then
 * the same memory with bytes changed at random: fewer functions, or none, and nothing that is not there is touched. */
#include "crash/javascript.h"
#include <stdio.h>

#define CONSTANT(name, value) \
    extern const int v8dbg_##name; \
    const int v8dbg_##name = value
CONSTANT(off_fp_function, -16);
CONSTANT(class_Map__instance_type__uint16_t, 12);
CONSTANT(class_JSFunction__shared__SharedFunctionInfo, 24);
CONSTANT(class_SharedFunctionInfo__name_or_scope_info__Object, 16);
CONSTANT(class_SharedFunctionInfo__script_or_debug_info__HeapObject, 32);
CONSTANT(class_Script__name__Object, 16);
CONSTANT(class_Script__source__Object, 8);
CONSTANT(class_String__length__int32_t, 12);
CONSTANT(class_SeqOneByteString__chars__char, 16);
CONSTANT(class_ExternalString__resource__Object, 16);
CONSTANT(class_ThinString__actual__String, 16);
CONSTANT(class_ConsString__first__String, 16);
CONSTANT(class_ConsString__second__String, 24);
CONSTANT(type_JSFunction__JS_FUNCTION_TYPE, 2000);
CONSTANT(type_Script__SCRIPT_TYPE, 150);
CONSTANT(IsNotStringMask, 0xff80);
CONSTANT(StringRepresentationMask, 7);
CONSTANT(StringEncodingMask, 8);
CONSTANT(OneByteStringTag, 8);
CONSTANT(SeqStringTag, 0);
CONSTANT(ConsStringTag, 1);
CONSTANT(ExternalStringTag, 2);
CONSTANT(ThinStringTag, 5);
CONSTANT(scopeinfo_idx_ncontextlocals, 2);
CONSTANT(scopeinfo_idx_first_vars, 3);

#define EXPECT(cond) \
    do { \
        if (!(cond)) { \
            printf("%s:%d: %s\n%s\n", __FILE__, __LINE__, #cond, out); \
            exit(1); \
        } \
    } while (0)
#define RUNS 20000

static char out[8192];
static uint64_t heap[512], stack[256];
static size_t used;

static uintptr_t object(uint32_t type, size_t words)
{
    uint64_t *map = heap + used, *made = heap + used + 2;
    BUG_ON(used + 2 + words > ARRAY_LEN(heap));
    map[1] = (uint64_t)type << 32; /* 12 bytes in */
    made[0] = (uintptr_t)map + 1;
    used += 2 + words;
    return (uintptr_t)made + 1;
}

static uint64_t *words_of(uintptr_t made)
{
    return (uint64_t *)(made - 1);
}

static uintptr_t string(const char *text)
{
    uintptr_t made = object(8, 2 + (strlen(text) + 7) / 8);
    words_of(made)[1] = (uint64_t)strlen(text) << 32;
    memcpy(words_of(made) + 2, text, strlen(text));
    return made;
}

static uintptr_t cons(uintptr_t first, uintptr_t second)
{
    uintptr_t made = object(8 | 1, 4);
    words_of(made)[1] = 99ull << 32;
    words_of(made)[2] = first;
    words_of(made)[3] = second;
    return made;
}

/* A function whose source begins at <position>, named by its ScopeInfo; <position> < 0: by a string. */
static uintptr_t function(uintptr_t name, int64_t position, uintptr_t script)
{
    uintptr_t info = object(170, 16), shared = object(160, 6), made = object(2001, 6);
    words_of(info)[3] = 1ull << 32; /* of its variables one lives in its context: two words */
    words_of(info)[6] = name;
    words_of(info)[7] = (uint64_t)position << 32;
    words_of(info)[8] = (uint64_t)(position + 10) << 32;
    words_of(info)[9] = 1;
    words_of(shared)[2] = position < 0 ? name : info;
    words_of(shared)[4] = script;
    words_of(made)[3] = shared;
    return made;
}

/* The frame at <at> runs <function>, called from the frame at <caller>. */
static uintptr_t frame(size_t at, uintptr_t made, size_t caller)
{
    BUG_ON(at < 2 || caller >= ARRAY_LEN(stack));
    stack[at] = caller == 0 ? 0 : (uintptr_t)(stack + caller);
    stack[at + 1] = 0x10000; /* code that is in no file */
    stack[at - 1] = made == 0 ? 42 : made; /* the context, or the kind of a frame */
    stack[at - 2] = made;
    return (uintptr_t)(stack + at);
}

static uintptr_t scene(void)
{
    used = 0;
    memset(heap, 0, sizeof(heap));
    memset(stack, 0, sizeof(stack));
    uintptr_t script = object(150, 4);
    words_of(script)[1] = string("one\ntwo\nthree\n");
    words_of(script)[2] = cons(string("a"), string(".js"));
    uintptr_t inner = function(string("inner"), 8, script), outer = function(string("outer"), -1, 1);
    uintptr_t moved = object(2001, 2);
    words_of(moved)[0] = outer - 1; /* garbage is being collected */
    frame(100, moved, 0);
    frame(60, 0, 100);
    return frame(40, inner, 60);
}

static size_t ask(uintptr_t pc, uintptr_t at)
{
    struct text t;
    text_init(&t, out, sizeof(out));
    return javascript_frames(&t, pc, at, (uintptr_t)stack);
}

int main(void)
{
    uint64_t x = 88172645463325252ull;
    uintptr_t at = scene();
    EXPECT(ask(0x10000, at) == 2 && strcmp(out, "inner a.js:3\nouter\n") == 0);
    /* libc has no chain: it is found above the stack pointer */
    stack[8] = at;
    stack[9] = 0x10000;
    EXPECT(ask(0x10000, 12345) == 2 && strcmp(out, "inner a.js:3\nouter\n") == 0);
    EXPECT(ask(0x10000, 0) == 2 && ask(0, UINTPTR_MAX - 7) == 2);
    /* names are text of strangers */
    words_of(words_of(words_of(stack[38])[3])[2])[6] = string("\x1b[2J\n");
    EXPECT(ask(0x10000, at) == 2 && strcmp(out, "\\x1b[2J\\x0a a.js:3\nouter\n") == 0);
    /* a frame that is its own caller, a string that is made of itself */
    stack[100] = (uintptr_t)(stack + 100);
    EXPECT(ask(0x10000, at) == 2);
    uintptr_t self = cons(1, 1);
    words_of(self)[2] = words_of(self)[3] = self;
    words_of(words_of(words_of(stack[38])[3])[2])[6] = self;
    EXPECT(ask(0x10000, at) == 2);
    for (uint32_t i = 0; i < RUNS; i++) {
        at = scene();
        for (uint32_t k = 0; k < 4; k++) {
            x ^= x << 13, x ^= x >> 7, x ^= x << 17;
            uint8_t *bytes = x & 1 ? (uint8_t *)heap : (uint8_t *)stack;
            bytes[(x >> 8) % (x & 1 ? sizeof(heap) : sizeof(stack))] = (uint8_t)(x >> 40);
        }
        EXPECT(ask(0x10000, at) <= JAVASCRIPT_FRAMES_MAX && strlen(out) < sizeof(out));
    }
    javascript_keep();
    EXPECT(strlen(javascript_kept()) < 4096);
    printf("javascript: 8 passed, 0 failed\n");
    return 0;
}
