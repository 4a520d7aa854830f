# Made by scripts/gen-record.mjs from native/crash/record.h: change that, not this.

RECORD_MAGIC = 0x3144434552554c53
RECORD_VERSION = 1
RECORD_NONE = 0xffffffff
RECORD_THREADS_MAX = 64
RECORD_STREAMS_MAX = 1024
RECORD_STREAMS_ALL_MAX = 4096
RECORD_EVENTS_MAX = 1024
RECORD_EVENTS_ALL_MAX = 16384
RECORD_NAMES_MAX = 16384
RECORD_LEN_MAX = 8388608
RECORD_LINE_LEN = 192
RECORD_HOST_LEN = 64
RECORD_ADDR_LEN = 28
RECORD_NAME_LEN = 64
RECORD_TEXT_LEN = 1024
RECORD_PATH_LEN = 256
RECORD_BUILD_ID_LEN = 20
RECORD_AT_NOTHING = 0
RECORD_AT_REST = 1
RECORD_AT_ENGINE = 2
RECORD_AT_POLICY = 3
RECORD_CALL_NONE = 0
RECORD_CALL_SLZ_ENCODE = 1
RECORD_CALL_SLZ_FLUSH = 2
RECORD_CALL_SLZ_FINISH = 3
RECORD_CALL_HEAD_SCAN = 4
RECORD_CALL_HEAD_WRITE = 5
RECORD_CALL_CHUNK_DECODE = 6
RECORD_CALL_RECV = 7
RECORD_ST_FREE = 0
RECORD_ST_POLICY = 1
RECORD_ST_WAIT = 2
RECORD_ST_QUEUE = 3
RECORD_ST_CONNECT = 4
RECORD_ST_SEND = 5
RECORD_ST_POLICY_FAIL = 6
RECORD_ST_POLICY_RES = 7
RECORD_ST_BODY = 8
RECORD_ST_TUNNEL = 9
RECORD_ST_LOCAL = 10
RECORD_ST_ENDED = 11
RECORD_FORMAT_NONE = 0
RECORD_FORMAT_GZIP = 1
RECORD_FORMAT_ZLIB = 2
RECORD_FORMAT_RAW = 3
RECORD_FORMAT_IDENTITY = 4
RECORD_MODE_STORE = 0
RECORD_MODE_FAST = 1
RECORD_MODE_BALANCED = 2
RECORD_EV_ACCEPT = 1
RECORD_EV_REQUEST = 2
RECORD_EV_COMMAND = 3
RECORD_EV_CONNECT = 4
RECORD_EV_RESPONSE = 5
RECORD_EV_ENCODE = 6
RECORD_EV_FAIL = 7
RECORD_EV_END = 8
RECORD_EV_CLOSE = 9
RECORD_EV_HANDOVER = 10
RECORD_LIVES = 0
RECORD_DYING = 1
RECORD_TOLD = 2
RECORD_HANDED = 3
RECORD_REPORTED = 4
RECORD_ENDED = 5
RECORD_CAUSE_NONE = 0
RECORD_CAUSE_SIGNAL = 1
RECORD_CAUSE_BUG = 2
RECORD_CAUSE_CANARY = 3
RECORD_CAUSE_EXCEPTION = 4
RECORD_CAUSE_HEAP = 5
RECORD_CAUSE_STUCK = 6
RECORD_CAUSE_ABORT = 7

# struct: (length, {field: (offset, kind, count)})
STRUCTS = {
    "death": (2448, {
        "stage": (0, "u32", 1),
        "cause": (4, "u32", 1),
        "signal": (8, "u32", 1),
        "code": (12, "i32", 1),
        "tid": (16, "u32", 1),
        "thread": (20, "u32", 1),
        "call": (24, "u32", 1),
        "slot": (28, "u32", 1),
        "address": (32, "pointer", 1),
        "pc": (40, "pointer", 1),
        "sp": (48, "pointer", 1),
        "fault_mono_ns": (56, "u64", 1),
        "told_mono_ns": (64, "u64", 1),
        "handed_mono_ns": (72, "u64", 1),
        "reported_mono_ns": (80, "u64", 1),
        "wall_ms": (88, "u64", 1),
        "handed": (96, "u32", 1),
        "parked": (100, "u32", 1),
        "unparked": (104, "u32", 1),
        "conn": (108, "u32", 1),
        "addr_len": (112, "u32", 1),
        "addr": (116, "u8", 28),
        "report": (144, "text", 256),
        "verdict": (400, "text", 1024),
        "text": (1424, "text", 1024),
    }),
    "head": (3000, {
        "magic": (0, "u64", 1),
        "version": (8, "u32", 1),
        "head_len": (12, "u32", 1),
        "total_len": (16, "u64", 1),
        "threads_off": (24, "u32", 1),
        "thread_len": (28, "u32", 1),
        "nthreads": (32, "u32", 1),
        "streams_off": (36, "u32", 1),
        "stream_len": (40, "u32", 1),
        "nstreams": (44, "u32", 1),
        "events_off": (48, "u32", 1),
        "event_len": (52, "u32", 1),
        "nevents": (56, "u32", 1),
        "names_off": (60, "u32", 1),
        "name_len": (64, "u32", 1),
        "nnames": (68, "u32", 1),
        "nproxies": (72, "u32", 1),
        "nservers": (76, "u32", 1),
        "nlisteners": (80, "u32", 1),
        "pid": (84, "u32", 1),
        "generation": (88, "u32", 1),
        "addon_id_len": (92, "u32", 1),
        "start_wall_ms": (96, "u64", 1),
        "start_mono_ms": (104, "u64", 1),
        "now_mono_ms": (112, "u64", 1),
        "addon_id": (120, "u8", 20),
        "node_id": (140, "u8", 20),
        "node_id_len": (160, "u32", 1),
        "spare": (164, "u32", 1),
        "version_text": (168, "text", 64),
        "node_version": (232, "text", 64),
        "config": (296, "text", 256),
        "death": (552, "death", 1),
    }),
    "thread": (128, {
        "tid": (0, "u32", 1),
        "at": (4, "u32", 1),
        "turns": (8, "u32", 1),
        "batches": (12, "u32", 1),
        "turn_mono_ms": (16, "u64", 1),
        "conn": (24, "u32", 1),
        "stream": (28, "u32", 1),
        "stream_gen": (32, "u32", 1),
        "command": (36, "u32", 1),
        "policy_stream": (40, "u32", 1),
        "policy_gen": (44, "u32", 1),
        "call": (48, "u32", 1),
        "call_detail": (52, "u32", 1),
        "call_in": (56, "pointer", 1),
        "call_in_len": (64, "u64", 1),
        "call_out": (72, "pointer", 1),
        "call_out_len": (80, "u64", 1),
        "events": (88, "u64", 1),
        "streams_live": (96, "u32", 1),
        "slots_lost": (100, "u32", 1),
        "engine": (104, "u32", 1),
        "spare": (108, "u32", 5),
    }),
    "stream": (448, {
        "index": (0, "u32", 1),
        "gen": (4, "u32", 1),
        "state": (8, "u32", 1),
        "flags": (12, "u32", 1),
        "frontend": (16, "u32", 1),
        "backend": (20, "u32", 1),
        "server": (24, "u32", 1),
        "listener": (28, "u32", 1),
        "conn": (32, "u32", 1),
        "conn_gen": (36, "u32", 1),
        "server_conn": (40, "u32", 1),
        "status": (44, "u32", 1),
        "term": (48, "u8", 2),
        "up_state": (50, "u8", 1),
        "down_state": (51, "u8", 1),
        "encoder_format": (52, "u8", 1),
        "encoder_mode": (53, "u8", 1),
        "encoder_up": (54, "u8", 1),
        "addr_len": (55, "u8", 1),
        "addr": (56, "u8", 28),
        "line_len": (84, "u16", 1),
        "host_len": (86, "u16", 1),
        "accept_wall_ms": (88, "u64", 1),
        "accept_ms": (96, "u64", 1),
        "request_ms": (104, "u64", 1),
        "queue_ms": (112, "u64", 1),
        "connect_ms": (120, "u64", 1),
        "response_ms": (128, "u64", 1),
        "deadline_ms": (136, "u64", 1),
        "bytes_in": (144, "u64", 1),
        "bytes_out": (152, "u64", 1),
        "encoder_in": (160, "u64", 1),
        "encoder_out": (168, "u64", 1),
        "encoder": (176, "u8", 16),
        "line": (192, "text", 192),
        "host": (384, "text", 64),
    }),
    "event": (32, {
        "mono_ms": (0, "u64", 1),
        "kind": (8, "u32", 1),
        "stream": (12, "u32", 1),
        "gen": (16, "u32", 1),
        "a": (20, "u32", 1),
        "b": (24, "u32", 1),
        "c": (28, "u32", 1),
    }),
    "name": (64, {
        "text": (0, "text", 64),
    }),
}
