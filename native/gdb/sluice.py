"""Sluice for gdb, in a core or in a live process:

    sluice-streams      the streams that live, oldest first
    sluice-stream ID    one of them, in full
    sluice-events       the last events of every thread
    sluice-bt [all]     the stack of this thread (of all), native and JavaScript frames

Load it with `source native/gdb/sluice.py`; images built with Dockerfile.debug load it by themselves."""

import os
import sys

import gdb

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import record_layout as layout  # noqa: E402
import v8_frames  # noqa: E402
from record import Record, label  # noqa: E402

FRAMES_MAX = 200
EVENTS_SHOWN = 32


def address_text(raw, length):
    """Of a sockaddr."""
    if length >= 8 and raw[0] | raw[1] << 8 == 2:
        return "%d.%d.%d.%d:%d" % (raw[4], raw[5], raw[6], raw[7], raw[2] << 8 | raw[3])
    if length >= 24 and raw[0] | raw[1] << 8 == 10:
        groups = ["%x" % (raw[8 + 2 * i] << 8 | raw[9 + 2 * i]) for i in range(8)]
        return "[%s]:%d" % (":".join(groups), raw[2] << 8 | raw[3])
    return "-"


def encoder_text(stream):
    if stream["encoder_format"] == layout.RECORD_FORMAT_NONE:
        return "-"
    format_name = label("RECORD_FORMAT_", stream["encoder_format"])
    return "%s/%s" % (format_name, label("RECORD_MODE_", stream["encoder_mode"]))


def age(record, stream):
    return "%.3f s" % (max(0, record.head["now_mono_ms"] - stream["accept_ms"]) / 1000)


def shown(text):
    return "".join(c if " " <= c < "\x7f" else "\\x%02x" % ord(c) for c in text)


class Streams(gdb.Command):
    """The streams that live, oldest first."""

    def __init__(self):
        super().__init__("sluice-streams", gdb.COMMAND_STACK)

    def invoke(self, argument, from_tty):
        record = Record()
        found = sorted(record.streams(), key=lambda pair: pair[1]["accept_ms"])
        print("%d streams live" % len(found))
        for thread, stream in found:
            print(
                '%u thread %d %s %s/%s/%s %s %s in %d out %d encoder %s "%s"'
                % (
                    stream["index"],
                    thread,
                    label("RECORD_ST_", stream["state"]),
                    record.name("proxy", stream["frontend"]),
                    record.name("proxy", stream["backend"]),
                    record.name("server", stream["server"]),
                    address_text(stream["addr"], stream["addr_len"]),
                    age(record, stream),
                    stream["bytes_in"],
                    stream["bytes_out"],
                    encoder_text(stream),
                    shown(stream["line"]),
                )
            )


class Stream(gdb.Command):
    """sluice-stream ID: one stream in full; ID as sluice-streams shows it."""

    def __init__(self):
        super().__init__("sluice-stream", gdb.COMMAND_STACK)

    def invoke(self, argument, from_tty):
        if not argument.strip().isdigit():
            raise gdb.GdbError("sluice-stream takes the number of a stream, as sluice-streams shows it.")
        record = Record()
        found = [pair for pair in record.streams() if pair[1]["index"] == int(argument)]
        if not found:
            raise gdb.GdbError("Stream %s does not live." % argument.strip())
        for thread, stream in found:
            print("stream %u of thread %d, generation %u" % (stream["index"], thread, stream["gen"]))
            print("  client   %s" % address_text(stream["addr"], stream["addr_len"]))
            print('  request  "%s" host "%s"' % (shown(stream["line"]), shown(stream["host"])))
            for kind, key in (("proxy", "frontend"), ("proxy", "backend"), ("server", "server"), ("listener", "listener")):
                print("  %-8s %s" % (key, record.name(kind, stream[key])))
            print("  encoder  %s in %d out %d" % (encoder_text(stream), stream["encoder_in"], stream["encoder_out"]))
            print("  state    %s" % label("RECORD_ST_", stream["state"]))
            for key in ("status", "flags", "conn", "server_conn", "bytes_in", "bytes_out"):
                print("  %-8s %s" % (key, stream[key]))
            for key in ("request_ms", "queue_ms", "connect_ms", "response_ms", "deadline_ms"):
                if stream[key] != 0:
                    print("  %-11s %+d ms after the accept" % (key, stream[key] - stream["accept_ms"]))


class Events(gdb.Command):
    """The last events of every thread, oldest first."""

    def __init__(self):
        super().__init__("sluice-events", gdb.COMMAND_STACK)

    def invoke(self, argument, from_tty):
        record = Record()
        for thread in record.threads():
            events = list(record.events(thread))[-EVENTS_SHOWN:]
            if events:
                print("thread %d" % thread)
            for event in events:
                print(
                    "  %8d ms  stream %-6s %-9s %d %d %d"
                    % (
                        event["mono_ms"] - record.head["now_mono_ms"],
                        "-" if event["stream"] == layout.RECORD_NONE else event["stream"],
                        label("RECORD_EV_", event["kind"]),
                        event["a"],
                        event["b"],
                        event["c"],
                    )
                )


class Backtrace(gdb.Command):
    """The stack of this thread, or of all threads: native and JavaScript frames."""

    def __init__(self):
        super().__init__("sluice-bt", gdb.COMMAND_STACK)

    def invoke(self, argument, from_tty):
        if argument.strip() != "all":
            return self.one()
        chosen = gdb.selected_thread()
        for thread in sorted(gdb.selected_inferior().threads(), key=lambda one: one.num):
            thread.switch()
            print("thread %d (LWP %d)%s" % (thread.num, thread.ptid[1], " at work" if thread == chosen else ""))
            self.one()
        if chosen is not None:
            chosen.switch()
        return None

    def one(self):
        frame = gdb.newest_frame()
        number = 0
        while frame is not None and number < FRAMES_MAX:
            print("#%-3d %s" % (number, self.line(frame)))
            try:
                frame = frame.older()
            except gdb.error:
                return
            number += 1

    def line(self, frame):
        name = frame.name()
        if name is None or name.startswith("Builtins_"):
            register = "x29" if "aarch64" in frame.architecture().name() else "rbp"
            called = v8_frames.function_of(int(frame.read_register(register)))
            if called is not None and (name is None or "Interpreter" in name or "Baseline" in name):
                return "[js] %s" % called
        place = frame.find_sal()
        where = "" if place.symtab is None else " at %s:%d" % (place.symtab.filename, place.line)
        return "%s%s" % (name or "0x%x" % frame.pc(), where)


v8_frames.install()
for command in (Streams, Stream, Events, Backtrace):
    command()
