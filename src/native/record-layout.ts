/** Made by scripts/gen-record.mjs from native/crash/record.h: change that, not this. */

export const RECORD_MAGIC = 0x3144434552554c53n;
export const RECORD_VERSION = 1;
export const RECORD_NONE = 0xffffffff;
export const RECORD_THREADS_MAX = 64;
export const RECORD_STREAMS_MAX = 1024;
export const RECORD_STREAMS_ALL_MAX = 4096;
export const RECORD_EVENTS_MAX = 1024;
export const RECORD_EVENTS_ALL_MAX = 16384;
export const RECORD_NAMES_MAX = 16384;
export const RECORD_LEN_MAX = 8388608;
export const RECORD_LINE_LEN = 192;
export const RECORD_HOST_LEN = 64;
export const RECORD_ADDR_LEN = 28;
export const RECORD_NAME_LEN = 64;
export const RECORD_TEXT_LEN = 1024;
export const RECORD_PATH_LEN = 256;
export const RECORD_BUILD_ID_LEN = 20;
export const RECORD_AT_NOTHING = 0;
export const RECORD_AT_REST = 1;
export const RECORD_AT_ENGINE = 2;
export const RECORD_AT_POLICY = 3;
export const RECORD_CALL_NONE = 0;
export const RECORD_CALL_SLZ_ENCODE = 1;
export const RECORD_CALL_SLZ_FLUSH = 2;
export const RECORD_CALL_SLZ_FINISH = 3;
export const RECORD_CALL_HEAD_SCAN = 4;
export const RECORD_CALL_HEAD_WRITE = 5;
export const RECORD_CALL_CHUNK_DECODE = 6;
export const RECORD_CALL_RECV = 7;
export const RECORD_ST_FREE = 0;
export const RECORD_ST_POLICY = 1;
export const RECORD_ST_WAIT = 2;
export const RECORD_ST_QUEUE = 3;
export const RECORD_ST_CONNECT = 4;
export const RECORD_ST_SEND = 5;
export const RECORD_ST_POLICY_FAIL = 6;
export const RECORD_ST_POLICY_RES = 7;
export const RECORD_ST_BODY = 8;
export const RECORD_ST_TUNNEL = 9;
export const RECORD_ST_LOCAL = 10;
export const RECORD_ST_ENDED = 11;
export const RECORD_FORMAT_NONE = 0;
export const RECORD_FORMAT_GZIP = 1;
export const RECORD_FORMAT_ZLIB = 2;
export const RECORD_FORMAT_RAW = 3;
export const RECORD_FORMAT_IDENTITY = 4;
export const RECORD_MODE_STORE = 0;
export const RECORD_MODE_FAST = 1;
export const RECORD_MODE_BALANCED = 2;
export const RECORD_EV_ACCEPT = 1;
export const RECORD_EV_REQUEST = 2;
export const RECORD_EV_COMMAND = 3;
export const RECORD_EV_CONNECT = 4;
export const RECORD_EV_RESPONSE = 5;
export const RECORD_EV_ENCODE = 6;
export const RECORD_EV_FAIL = 7;
export const RECORD_EV_END = 8;
export const RECORD_EV_CLOSE = 9;
export const RECORD_EV_HANDOVER = 10;
export const RECORD_LIVES = 0;
export const RECORD_DYING = 1;
export const RECORD_TOLD = 2;
export const RECORD_HANDED = 3;
export const RECORD_REPORTED = 4;
export const RECORD_ENDED = 5;
export const RECORD_CAUSE_NONE = 0;
export const RECORD_CAUSE_SIGNAL = 1;
export const RECORD_CAUSE_BUG = 2;
export const RECORD_CAUSE_CANARY = 3;
export const RECORD_CAUSE_EXCEPTION = 4;
export const RECORD_CAUSE_HEAP = 5;
export const RECORD_CAUSE_STUCK = 6;
export const RECORD_CAUSE_ABORT = 7;

export const record_death = {
  length: 2448,
  fields: {
    stage: { at: 0, kind: 'u32', count: 1 },
    cause: { at: 4, kind: 'u32', count: 1 },
    signal: { at: 8, kind: 'u32', count: 1 },
    code: { at: 12, kind: 'i32', count: 1 },
    tid: { at: 16, kind: 'u32', count: 1 },
    thread: { at: 20, kind: 'u32', count: 1 },
    call: { at: 24, kind: 'u32', count: 1 },
    slot: { at: 28, kind: 'u32', count: 1 },
    address: { at: 32, kind: 'pointer', count: 1 },
    pc: { at: 40, kind: 'pointer', count: 1 },
    sp: { at: 48, kind: 'pointer', count: 1 },
    fault_mono_ns: { at: 56, kind: 'u64', count: 1 },
    told_mono_ns: { at: 64, kind: 'u64', count: 1 },
    handed_mono_ns: { at: 72, kind: 'u64', count: 1 },
    reported_mono_ns: { at: 80, kind: 'u64', count: 1 },
    wall_ms: { at: 88, kind: 'u64', count: 1 },
    handed: { at: 96, kind: 'u32', count: 1 },
    parked: { at: 100, kind: 'u32', count: 1 },
    unparked: { at: 104, kind: 'u32', count: 1 },
    conn: { at: 108, kind: 'u32', count: 1 },
    addr_len: { at: 112, kind: 'u32', count: 1 },
    addr: { at: 116, kind: 'u8', count: 28 },
    report: { at: 144, kind: 'text', count: 256 },
    verdict: { at: 400, kind: 'text', count: 1024 },
    text: { at: 1424, kind: 'text', count: 1024 },
  },
} as const;

export const record_head = {
  length: 3000,
  fields: {
    magic: { at: 0, kind: 'u64', count: 1 },
    version: { at: 8, kind: 'u32', count: 1 },
    head_len: { at: 12, kind: 'u32', count: 1 },
    total_len: { at: 16, kind: 'u64', count: 1 },
    threads_off: { at: 24, kind: 'u32', count: 1 },
    thread_len: { at: 28, kind: 'u32', count: 1 },
    nthreads: { at: 32, kind: 'u32', count: 1 },
    streams_off: { at: 36, kind: 'u32', count: 1 },
    stream_len: { at: 40, kind: 'u32', count: 1 },
    nstreams: { at: 44, kind: 'u32', count: 1 },
    events_off: { at: 48, kind: 'u32', count: 1 },
    event_len: { at: 52, kind: 'u32', count: 1 },
    nevents: { at: 56, kind: 'u32', count: 1 },
    names_off: { at: 60, kind: 'u32', count: 1 },
    name_len: { at: 64, kind: 'u32', count: 1 },
    nnames: { at: 68, kind: 'u32', count: 1 },
    nproxies: { at: 72, kind: 'u32', count: 1 },
    nservers: { at: 76, kind: 'u32', count: 1 },
    nlisteners: { at: 80, kind: 'u32', count: 1 },
    pid: { at: 84, kind: 'u32', count: 1 },
    generation: { at: 88, kind: 'u32', count: 1 },
    addon_id_len: { at: 92, kind: 'u32', count: 1 },
    start_wall_ms: { at: 96, kind: 'u64', count: 1 },
    start_mono_ms: { at: 104, kind: 'u64', count: 1 },
    now_mono_ms: { at: 112, kind: 'u64', count: 1 },
    addon_id: { at: 120, kind: 'u8', count: 20 },
    node_id: { at: 140, kind: 'u8', count: 20 },
    node_id_len: { at: 160, kind: 'u32', count: 1 },
    spare: { at: 164, kind: 'u32', count: 1 },
    version_text: { at: 168, kind: 'text', count: 64 },
    node_version: { at: 232, kind: 'text', count: 64 },
    config: { at: 296, kind: 'text', count: 256 },
    death: { at: 552, kind: 'death', count: 1 },
  },
} as const;

export const record_thread = {
  length: 128,
  fields: {
    tid: { at: 0, kind: 'u32', count: 1 },
    at: { at: 4, kind: 'u32', count: 1 },
    turns: { at: 8, kind: 'u32', count: 1 },
    batches: { at: 12, kind: 'u32', count: 1 },
    turn_mono_ms: { at: 16, kind: 'u64', count: 1 },
    conn: { at: 24, kind: 'u32', count: 1 },
    stream: { at: 28, kind: 'u32', count: 1 },
    stream_gen: { at: 32, kind: 'u32', count: 1 },
    command: { at: 36, kind: 'u32', count: 1 },
    policy_stream: { at: 40, kind: 'u32', count: 1 },
    policy_gen: { at: 44, kind: 'u32', count: 1 },
    call: { at: 48, kind: 'u32', count: 1 },
    call_detail: { at: 52, kind: 'u32', count: 1 },
    call_in: { at: 56, kind: 'pointer', count: 1 },
    call_in_len: { at: 64, kind: 'u64', count: 1 },
    call_out: { at: 72, kind: 'pointer', count: 1 },
    call_out_len: { at: 80, kind: 'u64', count: 1 },
    events: { at: 88, kind: 'u64', count: 1 },
    streams_live: { at: 96, kind: 'u32', count: 1 },
    slots_lost: { at: 100, kind: 'u32', count: 1 },
    engine: { at: 104, kind: 'u32', count: 1 },
    spare: { at: 108, kind: 'u32', count: 5 },
  },
} as const;

export const record_stream = {
  length: 448,
  fields: {
    index: { at: 0, kind: 'u32', count: 1 },
    gen: { at: 4, kind: 'u32', count: 1 },
    state: { at: 8, kind: 'u32', count: 1 },
    flags: { at: 12, kind: 'u32', count: 1 },
    frontend: { at: 16, kind: 'u32', count: 1 },
    backend: { at: 20, kind: 'u32', count: 1 },
    server: { at: 24, kind: 'u32', count: 1 },
    listener: { at: 28, kind: 'u32', count: 1 },
    conn: { at: 32, kind: 'u32', count: 1 },
    conn_gen: { at: 36, kind: 'u32', count: 1 },
    server_conn: { at: 40, kind: 'u32', count: 1 },
    status: { at: 44, kind: 'u32', count: 1 },
    term: { at: 48, kind: 'u8', count: 2 },
    up_state: { at: 50, kind: 'u8', count: 1 },
    down_state: { at: 51, kind: 'u8', count: 1 },
    encoder_format: { at: 52, kind: 'u8', count: 1 },
    encoder_mode: { at: 53, kind: 'u8', count: 1 },
    encoder_up: { at: 54, kind: 'u8', count: 1 },
    addr_len: { at: 55, kind: 'u8', count: 1 },
    addr: { at: 56, kind: 'u8', count: 28 },
    line_len: { at: 84, kind: 'u16', count: 1 },
    host_len: { at: 86, kind: 'u16', count: 1 },
    accept_wall_ms: { at: 88, kind: 'u64', count: 1 },
    accept_ms: { at: 96, kind: 'u64', count: 1 },
    request_ms: { at: 104, kind: 'u64', count: 1 },
    queue_ms: { at: 112, kind: 'u64', count: 1 },
    connect_ms: { at: 120, kind: 'u64', count: 1 },
    response_ms: { at: 128, kind: 'u64', count: 1 },
    deadline_ms: { at: 136, kind: 'u64', count: 1 },
    bytes_in: { at: 144, kind: 'u64', count: 1 },
    bytes_out: { at: 152, kind: 'u64', count: 1 },
    encoder_in: { at: 160, kind: 'u64', count: 1 },
    encoder_out: { at: 168, kind: 'u64', count: 1 },
    encoder: { at: 176, kind: 'u8', count: 16 },
    line: { at: 192, kind: 'text', count: 192 },
    host: { at: 384, kind: 'text', count: 64 },
  },
} as const;

export const record_event = {
  length: 32,
  fields: {
    mono_ms: { at: 0, kind: 'u64', count: 1 },
    kind: { at: 8, kind: 'u32', count: 1 },
    stream: { at: 12, kind: 'u32', count: 1 },
    gen: { at: 16, kind: 'u32', count: 1 },
    a: { at: 20, kind: 'u32', count: 1 },
    b: { at: 24, kind: 'u32', count: 1 },
    c: { at: 28, kind: 'u32', count: 1 },
  },
} as const;

export const record_name = {
  length: 64,
  fields: {
    text: { at: 0, kind: 'text', count: 64 },
  },
} as const;
