"""The flight recorder (native/crash/record.h) in a core or a live process, for gdb: where it is, and its structures as
dictionaries. The process that wrote it may have died of a broken memory: nothing is believed, everything has a bound."""

import struct

import gdb
import record_layout as layout

PAGE = 4096
FORMATS = {"u8": "B", "u16": "H", "u32": "I", "i32": "i", "u64": "Q", "pointer": "Q"}


def memory(address, length):
    return bytes(gdb.selected_inferior().read_memory(address, length))


def is_record(address):
    try:
        return int.from_bytes(memory(address, 8), "little") == layout.RECORD_MAGIC
    except (gdb.error, gdb.MemoryError):
        return False


def candidates():
    """Addresses where it may begin, likeliest first."""
    given = gdb.convenience_variable("sluice_record")
    if given is not None:
        yield int(given)
    try:
        yield int(gdb.parse_and_eval("*(unsigned long *)&record"))
    except gdb.error:
        pass
    try:
        for line in gdb.execute("info proc mappings", False, True).splitlines():
            words = line.split()
            if len(words) >= 5 and "sluice-record" in line:
                yield int(words[0], 16)
    except gdb.error:
        pass
    # A foreign or stripped build: it is the beginning of a mapping of its own.
    for line in gdb.execute("maint info sections", False, True).splitlines():
        if "load" not in line or "->" not in line:
            continue
        for word in line.split():
            if "->" in word:
                yield int(word.split("->")[0], 16)
                break


def locate():
    for address in candidates():
        if is_record(address):
            return address
    return None


def unpack(data, at, shape):
    """The structure <shape> at data[at:] as a dictionary."""
    length, fields = layout.STRUCTS[shape]
    if at < 0 or at + length > len(data):
        raise ValueError("%s lies outside of the flight recorder" % shape)
    values = {}
    for name, (offset, kind, count) in fields.items():
        start = at + offset
        if kind in layout.STRUCTS:
            values[name] = unpack(data, start, kind)
        elif kind == "text":
            values[name] = data[start : start + count].split(b"\0")[0].decode("latin-1")
        else:
            numbers = struct.unpack_from("<%d%s" % (count, FORMATS[kind]), data, start)
            values[name] = numbers[0] if count == 1 else numbers
    return values


class Record:
    """A copy of the recorder, taken once."""

    def __init__(self):
        address = locate()
        if address is None:
            raise gdb.GdbError("There is no flight recorder here: no Sluice, or it died before its start.")
        head_length = layout.STRUCTS["head"][0]
        self.head = unpack(memory(address, head_length), 0, "head")
        if self.head["version"] != layout.RECORD_VERSION:
            text = "The flight recorder has version %d, these scripts read %d: use those of that build."
            raise gdb.GdbError(text % (self.head["version"], layout.RECORD_VERSION))
        total = self.head["total_len"]
        if not head_length <= total <= layout.RECORD_LEN_MAX:
            raise gdb.GdbError("The flight recorder claims %d bytes: it is damaged." % total)
        self.data = memory(address, total)

    def thread(self, index):
        head = self.head
        return unpack(self.data, head["threads_off"] + index * layout.STRUCTS["thread"][0], "thread")

    def threads(self):
        return range(min(self.head["nthreads"], layout.RECORD_THREADS_MAX))

    def streams(self):
        """(thread, stream) for all that live."""
        head = self.head
        length = layout.STRUCTS["stream"][0]
        for thread in self.threads():
            for slot in range(min(head["nstreams"], layout.RECORD_STREAMS_MAX)):
                at = head["streams_off"] + (thread * head["nstreams"] + slot) * length
                stream = unpack(self.data, at, "stream")
                if stream["state"] != layout.RECORD_ST_FREE:
                    yield thread, stream

    def events(self, thread):
        """What is left of them, oldest first."""
        head = self.head
        kept = min(head["nevents"], layout.RECORD_EVENTS_MAX)
        written = self.thread(thread)["events"]
        length = layout.STRUCTS["event"][0]
        for number in range(max(0, written - kept), written):
            at = head["events_off"] + (thread * kept + number % kept) * length
            yield unpack(self.data, at, "event")

    def name(self, kind, index):
        head = self.head
        base = {"proxy": 0, "server": head["nproxies"], "listener": head["nproxies"] + head["nservers"]}[kind]
        if index == layout.RECORD_NONE:
            return "-"
        if base + index >= head["nnames"]:
            return "#%d" % index
        at = head["names_off"] + (base + index) * layout.STRUCTS["name"][0]
        return unpack(self.data, at, "name")["text"] or "#%d" % index


def label(prefix, value):
    """The word of record.h for <value>: label("RECORD_ST_", 5) is `send`."""
    for name, number in vars(layout).items():
        if name.startswith(prefix) and number == value:
            return name[len(prefix) :].lower().replace("_", " ")
    return str(value)
