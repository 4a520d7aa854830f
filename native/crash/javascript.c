/* JavaScript's part of a stack. Frames of V8's chain through the frame pointer; below it lie the context and the function. The
 * state here is the range of V8's code, and what the first thread kept whose heap was exhausted. */
#define _GNU_SOURCE
#include "javascript.h"
#include "modules.h"
#include "report.h"
#include <stdatomic.h>

#define WALK_MAX 256              /* frames that are looked at, of all kinds */
#define FRAME_LEN_MAX (1u << 20)  /* a caller's frame lies no further away */
#define SCAN_WORDS_MAX 16384u     /* of the stack, when the chain is broken: V8 lays tables there before it aborts */
#define SCAN_STEP 512u            /* words that are read at once */
#define NAME_MAX_LEN 120u         /* characters of a name */
#define FILE_MAX_LEN 200u
#define DEPTH_MAX 4               /* strings made of strings */
#define SOURCE_LEN_MAX (1u << 20) /* of scripts, for one report: looked through for line feeds */
#define LOCALS_MAX 10000u
#define LOCALS_INLINE_MAX 75u     /* V8 keeps the names of more in a table */
#define WORD 8

#define CONSTANTS(X) \
    X(off_fp_function) \
    X(class_Map__instance_type__uint16_t) \
    X(class_JSFunction__shared__SharedFunctionInfo) \
    X(class_SharedFunctionInfo__name_or_scope_info__Object) \
    X(class_SharedFunctionInfo__script_or_debug_info__HeapObject) \
    X(class_Script__name__Object) \
    X(class_Script__source__Object) \
    X(class_String__length__int32_t) \
    X(class_SeqOneByteString__chars__char) \
    X(class_ExternalString__resource__Object) \
    X(class_ThinString__actual__String) \
    X(class_ConsString__first__String) \
    X(class_ConsString__second__String) \
    X(type_JSFunction__JS_FUNCTION_TYPE) \
    X(type_Script__SCRIPT_TYPE) \
    X(IsNotStringMask) \
    X(StringRepresentationMask) \
    X(StringEncodingMask) \
    X(OneByteStringTag) \
    X(SeqStringTag) \
    X(ConsStringTag) \
    X(ExternalStringTag) \
    X(ThinStringTag) \
    X(scopeinfo_idx_ncontextlocals) \
    X(scopeinfo_idx_first_vars)

#define DECLARED(name) extern const int v8dbg_##name __attribute__((weak));
CONSTANTS(DECLARED)
#define ADDRESS_OF(name) &v8dbg_##name,
static const int *const constants[] = {CONSTANTS(ADDRESS_OF)};
#define OF(name) ((uintptr_t)(intptr_t)v8dbg_##name)

static uintptr_t code_start;
static size_t code_len;
static char kept[4096];
static _Atomic uint32_t keepers;

struct source {
    uintptr_t chars;
    uint32_t len; /* characters */
    int wide;     /* two bytes each */
};

static int is_known(void)
{
    BUG_ON(ARRAY_LEN(constants) == 0);
    for (size_t i = 0; i < ARRAY_LEN(constants); i++)
        if (constants[i] == NULL)
            return 0;
    return 1;
}

/* What lies at <at>, or 0. */
static uintptr_t word_at(uintptr_t at)
{
    uintptr_t word = 0;
    BUG_ON(sizeof(word) != WORD);
    return at % sizeof(word) == 0 && report_peek(at, &word, sizeof(word)) == 0 ? word : 0;
}

static uint32_t half_at(uintptr_t at)
{
    uint32_t half = 0;
    BUG_ON(sizeof(half) != 4);
    return report_peek(at, &half, sizeof(half)) == 0 ? half : 0;
}

static int is_object(uintptr_t value)
{
    return (value & 3) == 1 && value > 4096;
}

static uintptr_t field(uintptr_t object, uintptr_t offset)
{
    BUG_ON(offset > 4096);
    return is_object(object) ? word_at(object - 1 + offset) : 0;
}

/* Where <object> is now: while garbage is collected its first word may be the new address. */
static uintptr_t where(uintptr_t object)
{
    uintptr_t map = field(object, 0);
    BUG_ON(object == 0 && map != 0);
    return map != 0 && (map & 7) == 0 ? map + 1 : object;
}

/* Its instance type, UINT32_MAX: it is no object. */
static uint32_t type_of(uintptr_t object)
{
    uint16_t type;
    uintptr_t map = field(object, 0);
    BUG_ON(OF(class_Map__instance_type__uint16_t) > 4096);
    if (!is_object(map) || report_peek(map - 1 + OF(class_Map__instance_type__uint16_t), &type, sizeof(type)) != 0)
        return UINT32_MAX;
    return type;
}

/* 0: <string> is flat, and <out> says where its characters are; 1: it is made of two; -1: it is none. */
static int string_of(uintptr_t *string, struct source *out)
{
    BUG_ON(string == NULL || out == NULL);
    for (int i = 0; i < DEPTH_MAX; i++) {
        *string = where(*string);
        uint32_t type = type_of(*string);
        if (type == UINT32_MAX || (type & OF(IsNotStringMask)) != 0)
            return -1;
        uint32_t shape = type & (uint32_t)OF(StringRepresentationMask);
        out->wide = (type & OF(StringEncodingMask)) != OF(OneByteStringTag);
        out->len = half_at(*string - 1 + OF(class_String__length__int32_t));
        if (shape == OF(ConsStringTag))
            return 1;
        if (shape == OF(SeqStringTag)) {
            out->chars = *string - 1 + OF(class_SeqOneByteString__chars__char);
            return 0;
        }
        if (shape == OF(ExternalStringTag)) { /* what follows the resource points to the characters */
            out->chars = word_at(*string - 1 + OF(class_ExternalString__resource__Object) + WORD);
            return out->chars == 0 ? -1 : 0;
        }
        if (shape != OF(ThinStringTag))
            return -1;
        *string = field(*string, OF(class_ThinString__actual__String));
    }
    return -1;
}

/* Appends at most <most> characters of <string>: how many. */
static size_t string_put(struct text *t, uintptr_t string, size_t most, int depth)
{
    struct source s = {0};
    uint8_t bytes[FILE_MAX_LEN * 2];
    size_t put = 0;
    BUG_ON(t == NULL);
    BUG_ON(depth > DEPTH_MAX);
    int kind = string_of(&string, &s);
    if (kind == 1 && depth < DEPTH_MAX) {
        put = string_put(t, field(string, OF(class_ConsString__first__String)), most, depth + 1);
        if (put < most)
            put += string_put(t, field(string, OF(class_ConsString__second__String)), most - put, depth + 1);
    }
    size_t step = s.wide ? 2 : 1, len = MIN(s.len, MIN(most, FILE_MAX_LEN));
    if (kind != 0 || len == 0 || report_peek(s.chars, bytes, len * step) != 0)
        return put;
    for (; put < len; put++)
        text_escaped(t, step == 1 || bytes[put * step + 1] == 0 ? &bytes[put * step] : (const uint8_t *)"?", 1);
    return put;
}

/* Where a function's source begins, from its ScopeInfo <info>, whose name comes first: -1 unknown. Fields lie behind the names
 * of its variables; two small numbers in order, with flags behind, are where it begins and ends. */
static int64_t scope_info_put(struct text *t, uintptr_t info)
{
    uintptr_t base = info - 1 + WORD, slots[9];
    uint64_t locals = field(info, WORD + WORD * OF(scopeinfo_idx_ncontextlocals)) >> 32;
    size_t named = 0;
    BUG_ON(t == NULL);
    if (!is_object(info) || locals > LOCALS_MAX)
        return -1;
    uintptr_t at = base + WORD * (OF(scopeinfo_idx_first_vars) + (locals < LOCALS_INLINE_MAX ? locals : 1) + locals);
    if (report_peek(at, slots, sizeof(slots)) != 0)
        return -1;
    for (size_t i = 0; i + 2 < ARRAY_LEN(slots); i++) {
        if (is_object(slots[i])) {
            if (named == 0)
                named = string_put(t, slots[i], NAME_MAX_LEN, 0);
        } else if (((slots[i] | slots[i + 1]) & UINT32_MAX) == 0 && (slots[i + 2] & 1) && slots[i] <= slots[i + 1]) {
            return (int64_t)(slots[i] >> 32);
        }
    }
    return -1;
}

/* :line of the character <position>, as long as <budget> lasts. */
static void line_put(struct text *t, uintptr_t script, int64_t position, size_t *budget)
{
    uintptr_t string = field(script, OF(class_Script__source__Object));
    struct source s = {0};
    uint8_t piece[4096];
    uint64_t lines = 1;
    BUG_ON(t == NULL || budget == NULL);
    if (position < 0 || string_of(&string, &s) != 0 || (uint64_t)position > s.len)
        return;
    size_t left = (size_t)position * (s.wide ? 2 : 1), step = s.wide ? 2 : 1;
    if (left > *budget)
        return;
    *budget -= left;
    for (size_t n; left > 0; left -= n, s.chars += n) {
        n = MIN(left, sizeof(piece));
        if (report_peek(s.chars, piece, n) != 0)
            return;
        for (size_t i = 0; i < n; i += step)
            lines += piece[i] == '\n' && (step == 1 || piece[i + 1] == 0);
    }
    text_char(t, ':');
    text_dec(t, lines);
}

/* The function that <frame> runs, in a line: 1, or 0 when it is no frame of JavaScript. */
static int function_put(struct text *t, uintptr_t frame, size_t *budget)
{
    uintptr_t function = where(word_at(frame + OF(off_fp_function)));
    struct source s = {0};
    int64_t position = -1;
    BUG_ON(t == NULL || budget == NULL);
    if (!is_object(word_at(frame - WORD))) /* a context; other frames have their kind there */
        return 0;
    uint32_t type = type_of(function);
    if (type == UINT32_MAX || type < OF(type_JSFunction__JS_FUNCTION_TYPE))
        return 0;
    uintptr_t shared = where(field(function, OF(class_JSFunction__shared__SharedFunctionInfo)));
    uintptr_t named = field(shared, OF(class_SharedFunctionInfo__name_or_scope_info__Object));
    uintptr_t script = where(field(shared, OF(class_SharedFunctionInfo__script_or_debug_info__HeapObject)));
    if (!is_object(shared) || type_of(shared) == UINT32_MAX)
        return 0;
    uintptr_t string = named;
    size_t before = t->len;
    if (is_object(named) && string_of(&string, &s) >= 0)
        string_put(t, string, NAME_MAX_LEN, 0);
    else if (is_object(named))
        position = scope_info_put(t, where(named));
    if (t->len == before)
        text_str(t, "(anonymous)");
    if (is_object(script) && type_of(script) == OF(type_Script__SCRIPT_TYPE)) {
        text_char(t, ' ');
        string_put(t, field(script, OF(class_Script__name__Object)), FILE_MAX_LEN, 0);
        line_put(t, script, position, budget);
    }
    text_char(t, '\n');
    return 1;
}

static int is_of_v8(uintptr_t pc)
{
    BUG_ON(code_start > UINTPTR_MAX - code_len);
    return pc - code_start < code_len || (pc > 4096 && module_of(pc) == NULL);
}

static size_t walk(struct text *t, uintptr_t pc, uintptr_t frame, size_t *budget)
{
    size_t n = 0;
    BUG_ON(t == NULL || budget == NULL);
    for (size_t i = 0; i < WALK_MAX && n < JAVASCRIPT_FRAMES_MAX; i++) {
        uintptr_t words[2]; /* the caller's frame, the return address */
        if (frame % WORD != 0 || report_peek(frame, words, sizeof(words)) != 0)
            break;
        n += is_of_v8(pc) ? (size_t)function_put(t, frame, budget) : 0;
        if (words[0] <= frame || words[0] - frame > FRAME_LEN_MAX)
            break;
        frame = words[0];
        pc = words[1];
    }
    return n;
}

static size_t scan(struct text *t, uintptr_t stack, size_t *budget)
{
    uintptr_t words[SCAN_STEP + 1];
    BUG_ON(t == NULL || budget == NULL);
    stack &= ~(uintptr_t)(WORD - 1);
    for (size_t at = 0; at < SCAN_WORDS_MAX; at += SCAN_STEP) {
        if (report_peek(stack + at * WORD, words, sizeof(words)) != 0)
            return 0;
        for (size_t i = 0; i < SCAN_STEP; i++) {
            uintptr_t here = stack + (at + i) * WORD;
            if (words[i] <= here || words[i] - here > FRAME_LEN_MAX || words[i] % WORD != 0 || !is_of_v8(words[i + 1]))
                continue;
            size_t n = walk(t, words[i + 1], words[i], budget);
            if (n > 0)
                return n;
        }
    }
    return 0;
}

void javascript_code(uintptr_t start, size_t len)
{
    BUG_ON(start > UINTPTR_MAX - len);
    code_start = start;
    code_len = len;
}

size_t javascript_frames(struct text *t, uintptr_t pc, uintptr_t frame, uintptr_t stack)
{
    size_t budget = SOURCE_LEN_MAX;
    BUG_ON(t == NULL);
    if (!is_known())
        return 0;
    size_t n = walk(t, pc, frame, &budget);
    return n > 0 ? n : scan(t, stack, &budget);
}

void javascript_keep(void)
{
    struct text t;
    uintptr_t frame = (uintptr_t)__builtin_frame_address(0);
    BUG_ON(frame == 0);
    if (atomic_fetch_add(&keepers, 1) != 0)
        return;
    text_init(&t, kept, sizeof(kept));
    javascript_frames(&t, (uintptr_t)javascript_keep, frame, frame);
}

const char *javascript_kept(void)
{
    BUG_ON(kept[sizeof(kept) - 1] != 0);
    return kept;
}
