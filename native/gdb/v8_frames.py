"""JavaScript frames for gdb: how to step over them, and what they are called.

gdb knows nothing of code that V8 makes at run time, nor of its builtins, and a backtrace becomes garbage at the first such
frame. All of them keep the frame pointer chain, so an unwinder that follows it is enough. Names come out of the heap with
the help of the v8dbg_* constants that the node binary carries for debuggers; without them frames stay anonymous. Memory of
a dead process is not trusted: every read may fail, every length has a bound.
"""

import gdb
from gdb.unwinder import Unwinder

NAME_MAX = 200  # characters of a name
SOURCE_MAX = 4 << 20  # bytes of a script that are looked through for line feeds
DEPTH_MAX = 8  # strings made of strings

_constants = {}


def constant(name, fallback=None):
    """The value of v8dbg_<name> in the node binary."""
    if name not in _constants:
        try:
            value = gdb.parse_and_eval("*(int *)&v8dbg_" + name)
            _constants[name] = int(value)
        except gdb.error:
            _constants[name] = fallback
    return _constants[name]


def read(address, length):
    return bytes(gdb.selected_inferior().read_memory(address, length))


def word(address):
    return int.from_bytes(read(address, 8), "little")


def signed(address):
    return int.from_bytes(read(address, 8), "little", signed=True)


def is_pointer(value):
    return value & 3 == 1


def field(obj, name, fallback):
    return word(obj - 1 + constant("class_" + name, fallback))


def instance_type(obj):
    the_map = field(obj, "HeapObject__map__Map", 0)
    at = constant("class_Map__instance_type__uint16_t", 12)
    return int.from_bytes(read(the_map - 1 + at, 2), "little")


def string(obj, most, depth=0):
    """The text of a V8 string, or None: at most <most> characters."""
    if depth > DEPTH_MAX or not is_pointer(obj):
        return None
    kind = instance_type(obj)
    if kind & constant("IsNotStringMask", 0xFF80):
        return None
    at = constant("class_String__length__int32_t", 12)
    length = min(int.from_bytes(read(obj - 1 + at, 4), "little"), most)
    shape = kind & constant("StringRepresentationMask", 7)
    one_byte = kind & constant("StringEncodingMask", 8) == constant("OneByteStringTag", 8)
    if shape == constant("SeqStringTag", 0):
        start = obj - 1 + constant("class_SeqOneByteString__chars__char", 16)
        return decode(start, length, one_byte)
    if shape == constant("ExternalStringTag", 2):
        # The resource is an object of C++; what follows it in the string is a pointer to the characters.
        start = word(obj - 1 + constant("class_ExternalString__resource__Object", 16) + 8)
        return decode(start, length, one_byte)
    if shape == constant("ThinStringTag", 5):
        return string(field(obj, "ThinString__actual__String", 16), most, depth + 1)
    if shape == constant("ConsStringTag", 1):
        first = string(field(obj, "ConsString__first__String", 16), most, depth + 1) or ""
        second = string(field(obj, "ConsString__second__String", 24), most, depth + 1) or ""
        return (first + second)[:most]
    return None


def decode(start, length, one_byte):
    if one_byte:
        return read(start, length).decode("latin-1")
    return read(start, length * 2).decode("utf-16-le", "replace")


def scope_info(info):
    """(name, first position) of a function, from its ScopeInfo: fields behind the names of its variables."""
    first = constant("scopeinfo_idx_first_vars", 3)
    base = info - 1 + 8  # behind the map
    locals_count = signed(base + 8 * constant("scopeinfo_idx_ncontextlocals", 2)) >> 32
    if not 0 <= locals_count < 100000:
        return "", None
    inlined = locals_count if locals_count < 75 else 1
    at = base + 8 * (first + inlined + locals_count)
    slots = [word(at + 8 * i) for i in range(9)]
    name = ""
    for i, slot in enumerate(slots[:7]):
        if is_pointer(slot):
            name = name or string(slot, NAME_MAX) or ""
        elif slot & 0xFFFFFFFF == 0 and slots[i + 1] & 0xFFFFFFFF == 0 and slots[i + 2] & 1:
            if slots[i] <= slots[i + 1]:
                return name, slot >> 32
    return name, None


def line_of(script, position):
    source = string(field(script, "Script__source__Object", 8), min(position, SOURCE_MAX))
    return None if source is None else source.count("\n") + 1


def describe(function):
    """`name file:line` of a JSFunction, or None when it is none."""
    shared = field(function, "JSFunction__shared__SharedFunctionInfo", 24)
    named = field(shared, "SharedFunctionInfo__name_or_scope_info__Object", 16)
    name, position = "", None
    if is_pointer(named):
        text = string(named, NAME_MAX)
        if text is None:
            name, position = scope_info(named)
        else:
            name = text
    script = field(shared, "SharedFunctionInfo__script_or_debug_info__HeapObject", 32)
    place = ""
    if is_pointer(script) and instance_type(script) == constant("type_Script__SCRIPT_TYPE", -1):
        file = string(field(script, "Script__name__Object", 16), NAME_MAX) or ""
        line = None if position is None else line_of(script, position)
        place = file if line is None else "%s:%d" % (file, line)
    return ("%s %s" % (name or "(anonymous)", place)).strip()


def function_of(frame_pointer):
    """What the JavaScript frame at <frame_pointer> runs, or None when it is no such frame."""
    try:
        function = word(frame_pointer + constant("off_fp_function", -16))
        if not is_pointer(function):
            return None
        if instance_type(function) < constant("type_JSFunction__JS_FUNCTION_TYPE", 0):
            return None
        return describe(function)
    except (gdb.error, gdb.MemoryError, OverflowError):
        return None


def is_of_v8(pc):
    """Code that V8 made: when node was built, or at run time, in memory that belongs to no file."""
    symbol = gdb.execute("info symbol 0x%x" % pc, False, True)
    if not symbol.startswith("No symbol"):
        return symbol.startswith("Builtins_")
    return gdb.solib_name(pc) is None and not gdb.execute("info line *0x%x" % pc, False, True).startswith("Line ")


class FrameId:
    def __init__(self, sp, pc):
        self.sp = sp
        self.pc = pc


class V8Unwinder(Unwinder):
    """Follows frame pointers through code of V8's."""

    def __init__(self):
        super().__init__("v8")
        self.register_names = None

    def names(self, pending):
        if self.register_names is None:
            arch = pending.architecture().name()
            self.register_names = ("x29", "sp", "pc") if "aarch64" in arch else ("rbp", "rsp", "rip")
        return self.register_names

    def __call__(self, pending):
        fp_name, sp_name, pc_name = self.names(pending)
        try:
            pc = int(pending.read_register(pc_name)) & 0xFFFFFFFFFFFFFFFF
            if not is_of_v8(pc):
                return None
            fp = int(pending.read_register(fp_name)) & 0xFFFFFFFFFFFFFFFF
            sp = int(pending.read_register(sp_name)) & 0xFFFFFFFFFFFFFFFF
            if fp < sp or fp & 7:
                return None
            caller_fp, caller_pc = word(fp), word(fp + 8)
        except (gdb.error, gdb.MemoryError):
            return None
        info = pending.create_unwind_info(FrameId(gdb.Value(fp), gdb.Value(pc)))
        long = gdb.lookup_type("unsigned long")
        info.add_saved_register(fp_name, gdb.Value(caller_fp).cast(long))
        info.add_saved_register(pc_name, gdb.Value(caller_pc).cast(long))
        info.add_saved_register(sp_name, gdb.Value(fp + 16).cast(long))
        return info


def install():
    gdb.unwinder.register_unwinder(None, V8Unwinder(), True)
