/** Made by scripts/gen-abi.mjs from native/engine/abi.def and native/http1/*.def: change those, not this. */

export const EVENT_WORDS = 16;
export const COMMAND_WORDS = 16;
/** struct head_field: nameOff, nameLen|nameId<<16, valueOff, valueLen */
export const FIELD_WORDS = 4;
/** op|field<<16, textOff, nameLen, valueLen */
export const EDIT_WORDS = 4;
export const NONE = 0xffffffff;
/** a mode tcp client is there: policy answers FORWARD, WAIT, QUEUE or ABORT */
export const EV_SESSION = 1;
/** a request head was read and is well formed */
export const EV_REQUEST = 2;
/** a final response head was read (only when FORWARD asked for it) */
export const EV_RESPONSE = 3;
/** the server side failed before a response head: retry, answer, or abort */
export const EV_FAIL = 4;
/** no request will come of this: malformed, too large, too late, client gone */
export const EV_BAD_REQUEST = 5;
/** what a WAIT or QUEUE waited for; the head is raised again, laid out as EV_REQUEST */
export const EV_WAKE = 6;
/** the stream is over: log it, count it, forget it (32 words) */
export const EV_END = 7;
/** the client connection is over (only for sessions that policy has seen) */
export const EV_SESSION_END = 8;
/** the answer to a PROBE command */
export const EV_PROBE = 9;
/** a control message from another thread */
export const EV_CONTROL = 10;
/** a client connection before its first stream, where its listener asks for it (LIF_*_EVENT) */
export const EV_CONNECTION = 12;
/** the server's head is malformed, too large, late or cut: answer 502/504 or retry */
export const EV_BAD_RESPONSE = 11;
export const E_KIND = 0;
export const E_STREAM = 1;
export const E_STREAM_GEN = 2;
/** client connection: index, process-wide */
export const E_CONN = 3;
export const E_CONN_GEN = 4;
export const E_LISTENER = 5;
/** EVF_* */
export const E_FLAGS = 6;
/** word offset in the arena of struct head, fields follow at E_FIELDS */
export const E_HEAD = 7;
/** word offset in the arena of the field table */
export const E_FIELDS = 8;
/** byte offset in the arena of the head's first byte (offsets in the table count from it) */
export const E_TEXT = 9;
/** byte offset in the arena of the body bytes at hand */
export const E_BODY = 10;
export const E_BODY_LEN = 11;
/** WAKE_*, FAIL_*, BAD_* */
export const E_REASON = 12;
/** slot granted: server index; bad request: HTTP status to answer; fail: errno */
export const E_ARG = 13;
/** RESPONSE, FAIL: ms since the connection was asked for */
export const E_MS = 14;
export const E_ARG2 = 15;
/** first request of its client connection: make the session */
export const EVF_FIRST = 1;
/** E_BODY holds the whole body */
export const EVF_BODY_END = 2;
/** the client has shut its side already */
export const EVF_CLIENT_FIN = 4;
/** FAIL: the server connection had served before */
export const EVF_REUSED = 8;
/** FAIL, BAD_RESPONSE: the whole request is still held: FORWARD|REPLAY is possible */
export const EVF_REPLAYABLE = 16;
/** FAIL: at least one byte of the request was written to the server; CLIENT_GONE: it was connected */
export const EVF_SENT = 32;
/** the message has no body */
export const EVF_BODY_NONE = 64;
/** with EVF_FIRST: the connection came from another process, which counted its session */
export const EVF_MOVED = 256;
/** REQUEST: a connection to server E_ARG2 has authenticated this client and waits for it */
export const EVF_PRIVATE = 128;
export const H_KIND = 0;
export const H_LEN = 1;
export const H_FLAGS = 2;
/** version | status<<16 */
export const H_VERSION_STATUS = 3;
/** method id | number of fields<<16 */
export const H_METHOD_FIELDS = 4;
export const H_METHOD_OFF = 5;
export const H_METHOD_LEN = 6;
export const H_TARGET_OFF = 7;
export const H_TARGET_LEN = 8;
export const H_REASON_OFF = 9;
export const H_REASON_LEN = 10;
export const H_HOST_FIELD = 11;
export const H_CLEN_LO = 12;
export const H_CLEN_HI = 13;
export const WAKE_DEADLINE = 1;
/** as much of the body as was asked for, or all there will be, or the buffer is full */
export const WAKE_BYTES = 2;
/** E_ARG: the server whose slot is now held by this stream */
export const WAKE_SLOT = 4;
/** the client is gone */
export const WAKE_ABORT = 8;
/** another thread or a timer posted a WAKE command */
export const WAKE_POSTED = 16;
/** RESPOND|MORE: what was given so far has been written */
export const WAKE_DRAINED = 32;
/** refused, unreachable, no local port: E_ARG is the errno */
export const FAIL_CONNECT = 1;
export const FAIL_CONNECT_TIMEOUT = 2;
/** the server closed or reset before any byte of a response */
export const FAIL_CLOSED = 3;
/** no response head within timeout server */
export const FAIL_TIMEOUT = 4;
/** no descriptor, no buffer */
export const FAIL_RESOURCE = 5;
/** the request body stopped coming */
export const FAIL_CLIENT_TIMEOUT = 7;
/** the request body's framing is broken: E_ARG is the status to answer */
export const FAIL_BAD_BODY = 8;
/** abortonclose: the client left while the server was being waited for; END follows the answer */
export const FAIL_CLIENT_GONE = 6;
export const BAD_SYNTAX = 1;
export const BAD_TOO_LARGE = 2;
export const BAD_TIMEOUT = 3;
/** peer went away inside the head; E_ARG2 = bytes received */
export const BAD_CLOSED = 4;
export const BAD_RESET = 5;
/** as its PROXY header says, else the peer */
export const ADDRESS_SOURCE = 0;
/** as its PROXY header says, else our own */
export const ADDRESS_DESTINATION = 1;
/** of the socket */
export const ADDRESS_PEER = 2;
export const ADDRESS_OWN = 3;
/** no address: the records behind those of a PROXY header; an error without a header */
export const ADDRESS_TLVS = 4;
/** wall clock of the accept */
export const K_ACCEPT_SEC = 7;
export const K_ACCEPT_MS = 8;
/** it came; its addresses are the socket's */
export const CONNECTION_ACCEPTED = 1;
/** its PROXY header, if any, was read: the session begins */
export const CONNECTION_OPEN = 2;
/** no PROXY header came of it: it is closed behind this batch */
export const CONNECTION_FAILED = 3;
/** 1-4: native/proxy_header */
export const HANDSHAKE_TRUNCATED = 1;
export const HANDSHAKE_NOT_HEADER = 2;
export const HANDSHAKE_INVALID = 3;
export const HANDSHAKE_UNHANDLED = 4;
/** the client closed first */
export const HANDSHAKE_EMPTY = 5;
export const HANDSHAKE_ABORT = 6;
export const HANDSHAKE_TIMEOUT = 7;
export const EVENT_END_WORDS = 36;
/** two characters of the termination state: who | when<<8, 0 = '-' ; C's view, policy may know better */
export const X_TERM = 6;
/** status sent to the client, 0 none */
export const X_STATUS = 7;
/** XF_* */
export const X_FLAGS = 8;
export const X_SERVER = 9;
/** to the client, heads included */
export const X_BYTES_OUT_LO = 10;
export const X_BYTES_OUT_HI = 11;
/** from the client */
export const X_BYTES_IN_LO = 12;
export const X_BYTES_IN_HI = 13;
/** wall clock of the accept (first request) or of the first byte of this request's idle time */
export const X_ACCEPT_SEC = 14;
export const X_ACCEPT_MS = 15;
/** wall clock of the first byte of the request */
export const X_REQUEST_SEC = 16;
export const X_REQUEST_MS = 17;
export const X_T_IDLE = 18;
export const X_T_REQUEST = 19;
export const X_T_QUEUE = 20;
export const X_T_CONNECT = 21;
export const X_T_DATA = 22;
export const X_T_CLOSE = 23;
export const X_ACTCONN = 24;
export const X_FECONN = 25;
export const X_BECONN = 26;
export const X_SRVCONN = 27;
/** how many were before it in the server's queue, and in the backend's */
export const X_QUEUE_SERVER = 28;
export const X_QUEUE_BACKEND = 29;
/** bytes given to the encoder, bytes it made (saturating) */
export const X_COMP_IN = 30;
export const X_COMP_OUT = 31;
/** those of X_COMP_IN that were only wrapped, because of a limit or ENCODER_STORE */
export const X_COMP_BYP = 32;
/** ms from X_ACCEPT to the end of the PROXY header; 0 without one, and on later requests */
export const X_T_HANDSHAKE = 33;
/** the client connection ends with it: no EV_SESSION_END follows */
export const XF_SESSION_END = 1;
export const XF_REUSED = 2;
/** the response was policy's own (RESPOND) */
export const XF_LOCAL = 4;
/** the response was written to its end */
export const XF_RESPONSE_DONE = 8;
export const XF_TUNNEL = 16;
/** the id given in the command */
export const P_ID = 1;
/** PROBE_* */
export const P_RESULT = 2;
export const P_ERRNO = 3;
/** bytes received, byte offset in the arena */
export const P_DATA = 4;
export const P_DATA_LEN = 5;
export const P_CONNECT_MS = 6;
export const P_TOTAL_MS = 7;
/** connected (and, when asked for bytes, got them: head complete, peer closed or limit) */
export const PROBE_OK = 1;
export const PROBE_CONNECT = 2;
export const PROBE_CONNECT_TIMEOUT = 3;
export const PROBE_READ_TIMEOUT = 4;
/** peer closed or reset before it said anything */
export const PROBE_CLOSED = 5;
export const PROBE_RESOURCE = 6;
/** word 2: epoch: take over what main published, then acknowledge */
export const CONTROL_PUBLISH = 1;
/** word 2: 1 soft, 2 hard */
export const CONTROL_STOP = 2;
/** 16 and above: policy's own */
export const CONTROL_USER = 16;
/** the request goes to a server */
export const CMD_FORWARD = 1;
/** the response goes to the client */
export const CMD_FORWARD_RESPONSE = 2;
/** policy's own response */
export const CMD_RESPOND = 3;
export const CMD_WAIT = 4;
/** wait for a slot of a server, or of any server of a backend */
export const CMD_QUEUE = 5;
/** end the stream without an answer */
export const CMD_ABORT = 6;
/** more of a RESPOND|MORE body */
export const CMD_BODY = 7;
export const CMD_PROBE = 8;
/** change one timer of a stream */
export const CMD_TIMEOUT = 9;
/** a line for a log target */
export const CMD_LOG = 10;
/** wake a stream of any thread */
export const CMD_POST = 11;
/** control message to a thread's engine */
export const CMD_CONTROL = 12;
/** give a slot back that policy took (CAS) but will not use; word 3 server, 4 backend */
export const CMD_RELEASE_SLOT = 13;
/** a server came up or a limit was raised: word 3 backend: grant what waits */
export const CMD_KICK_QUEUE = 14;
/** the answer to EV_CONNECTION, if any: words 1, 2 the conn, C_HOW = ABORT_* or CONNECTION_EXPECT_PROXY */
export const CMD_CONNECTION = 15;
export const C_OP = 0;
export const C_STREAM = 1;
export const C_STREAM_GEN = 2;
export const C_FLAGS = 3;
/** index of the first edit in the edits buffer (in edits) */
export const C_EDITS = 4;
export const C_NEDITS = 5;
/** FORWARD: server index */
export const C_SERVER = 6;
/** FORWARD: proxy index whose timeouts and options hold for the server side */
export const C_BACKEND = 7;
/** RESPOND, BODY: byte offset in text */
export const C_BODY = 8;
export const C_BODY_LEN = 9;
/** STAGE_* for the response body (FORWARD_RESPONSE) or the request body (FORWARD) */
export const C_STAGE = 10;
/** RESPOND, ABORT: who ended it | when<<8; ABORT's when 0: where it stands */
export const C_TERM = 11;
/** FORWARD with FWD_ADDR: byte offset in text of a 28-byte sockaddr that replaces the server's */
export const C_ADDR = 12;
/** FORWARD: idle connections are shared only between equal hashes */
export const C_CONN_HASH = 13;
/** FORWARD: byte offset in text of what a new server connection begins with (a PROXY header); */
export const C_PREFIX = 14;
/** an idle one is taken only if it began with the same; PREFIX_MAX bytes at most */
export const C_PREFIX_LEN = 15;
export const PREFIX_MAX = 4096;
export const C_REASONS = 3;
/** from now; NONE = no deadline */
export const C_DEADLINE_MS = 4;
/** WAIT: body bytes wanted before WAKE_BYTES */
export const C_WANT_BYTES = 5;
/** ABORT_* */
export const C_HOW = 3;
export const ABORT_CLOSE = 0;
export const ABORT_RESET = 1;
/** silent-drop: the client is told nothing at all */
export const ABORT_SILENT = 2;
/** at CONNECTION_ACCEPTED: a PROXY header must come first */
export const CONNECTION_EXPECT_PROXY = 3;
export const C_PROBE_ID = 1;
/** byte offset in text of sockaddr (PROBE_ADDR_LEN bytes) */
export const C_PROBE_ADDR = 2;
export const C_PROBE_ADDR_LEN = 3;
export const C_PROBE_SEND = 4;
export const C_PROBE_SEND_LEN = 5;
/** PROBE_EXPECT_* */
export const C_PROBE_EXPECT = 6;
export const C_PROBE_CONNECT_MS = 7;
export const C_PROBE_READ_MS = 8;
/** a connection is enough: closed with RST as HAProxy does */
export const PROBE_EXPECT_CONNECT = 0;
/** a whole response: to the end of the head and the body by length, or 16 KB */
export const PROBE_EXPECT_HTTP = 1;
/** anything at all */
export const PROBE_EXPECT_BYTES = 2;
/** 1: sends a PROXY version 1 line with the addresses of its own connection first */
export const C_PROBE_LINE = 9;
/** as SV_NETNS */
export const C_PROBE_NETNS = 10;
/** TIMEOUT_* */
export const C_TIMER = 3;
export const C_TIMER_MS = 4;
export const C_TARGET = 1;
export const C_LOG_TEXT = 2;
export const C_LOG_LEN = 3;
export const C_THREAD = 3;
/** raise EV_RESPONSE */
export const FWD_WANT_RESPONSE = 1;
/** send the request that is held again, edits are ignored */
export const FWD_REPLAY = 2;
/** may take an idle connection */
export const FWD_REUSE_IDLE = 4;
/** may take one that never proved to survive a second request (aggressive, always) */
export const FWD_REUSE_UNSAFE = 8;
/** keep the server connection afterwards when possible */
export const FWD_KEEP_SERVER = 16;
/** connection: close towards the client */
export const FWD_CLOSE_CLIENT = 32;
export const FWD_SPLICE_REQ = 64;
export const FWD_SPLICE_RES = 128;
/** a client's FIN before the response ends the stream */
export const FWD_ABORT_ON_CLOSE = 256;
export const FWD_ADDR = 512;
/** connection: close towards the server (httpclose, http-server-close asks none) */
export const FWD_CLOSE_SERVER = 1024;
/** the server connection stays with this client connection (http-reuse never) */
export const FWD_PRIVATE = 4096;
/** this stream holds a slot of C_SERVER: give it back when the server side ends */
export const FWD_SLOT = 2048;
/** connection: close after it */
export const RSP_CLOSE = 1;
/** body continues with CMD_BODY, sent chunked (close-delimited to a 1.0 client) */
export const RSP_MORE = 2;
/** CMD_BODY: the last piece */
export const RSP_LAST = 4;
/** a 1xx of our own */
export const RSP_INTERIM = 8;
/** read and drop the rest of the request body so that the client sees the answer */
export const RSP_DRAIN = 16;
export const EDIT_DEL = 1;
export const EDIT_VALUE = 2;
export const EDIT_ADD = 3;
export const EDIT_METHOD = 4;
export const EDIT_TARGET = 5;
export const EDIT_STATUS = 6;
export const EDIT_REASON = 7;
export const STAGE_NONE = 0;
export const STAGE_GZIP = 1;
export const STAGE_ZLIB = 2;
export const STAGE_RAW = 3;
/** no encoder, but chunked anew (`compression algo identity`) */
export const STAGE_IDENTITY = 4;
export const TIMEOUT_CLIENT = 0;
export const TIMEOUT_SERVER = 1;
export const TIMEOUT_CONNECT = 2;
export const TIMEOUT_HTTP_REQUEST = 3;
export const TIMEOUT_HTTP_KEEP_ALIVE = 4;
export const TIMEOUT_TUNNEL = 5;
export const TIMEOUT_CLIENT_FIN = 6;
export const TIMEOUT_SERVER_FIN = 7;
export const TIMEOUT_QUEUE = 8;
export const TIMEOUT_COUNT = 9;
export const PX_FLAGS = 9;
/** timeout client-hs: for the PROXY header; 0 = the client's */
export const PX_HANDSHAKE_MS = 10;
export const PX_WORDS = 16;
export const PXF_HTTP = 1;
export const PXF_NOLINGER = 2;
/** a client that says nothing raises no BAD_REQUEST */
export const PXF_DONTLOGNULL = 4;
export const PXF_HTTP_IGNORE_PROBES = 8;
export const PXF_ABORTONCLOSE = 16;
export const PXF_SPLICE_AUTO = 32;
export const PXF_TCP_SMART_CONNECT = 64;
export const PXF_TCP_SMART_ACCEPT = 128;
export const PXF_INDEPENDENT_STREAMS = 256;
/** httpclose on the client side */
export const PXF_NO_KEEPALIVE = 512;
export const PXF_HTTP_NO_DELAY = 1024;
export const PXF_CLITCPKA = 2048;
export const PXF_SRVTCPKA = 4096;
/** accept-unsafe-violations-in-http-request */
export const PXF_ACCEPT_UNSAFE = 8192;
/** minsize-*: a chunked body that came whole with its head is shown */
export const PXF_BODY_WHOLE = 16384;
export const SV_PROXY = 0;
/** pool-max-conn, NONE = no limit */
export const SV_POOL_MAX = 1;
export const SV_POOL_PURGE_MS = 2;
export const SV_FLAGS = 3;
export const SV_POOL_LOW = 4;
/** a descriptor of the network namespace it is reached in, and 1; 0 = our own */
export const SV_NETNS = 5;
export const SV_WORDS = 8;
export const LI_FD = 0;
export const LI_PROXY = 1;
export const LI_FLAGS = 2;
export const LI_MAXACCEPT = 3;
/** the master's number of the socket, 0 = none */
export const LI_SOCKET_ID = 4;
export const LI_WORDS = 8;
/** TCP socket: set TCP_NODELAY on what it accepts */
export const LIF_NODELAY = 1;
/** CONNECTION_OPEN is raised */
export const LIF_SESSION_EVENT = 2;
/** CONNECTION_ACCEPTED is raised */
export const LIF_ACCEPT_EVENT = 4;
/** a PROXY header comes first */
export const LIF_ACCEPT_PROXY = 8;
export const HANDOVER_VERSION = 1;
export const LIVE_WORDS = 16;
/** what runs goes on as stored blocks, nothing new is compressed */
export const ENCODER_OFF = 1;
export const ENCODER_STORE = 2;
export const ENCODER_FAST = 3;
export const ENCODER_BALANCED = 4;
export const LIVE_ACTCONN = 0;
export const LIVE_MAXCONN = 1;
export const LIVE_STOPPING = 2;
/** LIVE_STOPPING: responses close their connections */
export const STOPPING_SOFT = 1;
/** connections move to a successor, or close over time: C knows which */
export const STOPPING_RETIRE = 2;
export const LIVE_CUM_CONN = 3;
export const LIVE_CUM_REQ = 4;
export const LIVE_LISTENERS_FULL = 5;
/** bytes given to encoders, modulo 2^32 */
export const LIVE_COMP_IN = 6;
/** ENCODER_* of proxies that name none (tune.comp.maxlevel) */
export const LIVE_ENCODER = 7;
/** ENCODER_*: running streams do no better now (maxcomprate, maxcompcpuusage) */
export const LIVE_ENCODER_MOST = 8;
/** 1: new streams go uncompressed now */
export const LIVE_COMP_CLOSED = 9;
/** a stop closes within that time: 0 = at once, CLOSE_SPREAD_NEVER = never */
export const LIVE_CLOSE_SPREAD_MS = 10;
export const CLOSE_SPREAD_NEVER = 0x7fffffff;
export const LIVE_PX_FECONN = 0;
export const LIVE_PX_BECONN = 1;
/** in the backend's own queue */
export const LIVE_PX_QUEUED = 2;
/** 0 = none */
export const LIVE_PX_FE_MAXCONN = 3;
/** round robin */
export const LIVE_PX_POSITION = 4;
/** lb tables are rebuilt when it moves */
export const LIVE_PX_EPOCH = 5;
export const LIVE_PX_SERVED = 6;
export const LIVE_PX_CONN_MAX = 7;
/** the load at which servers with a minconn serve their maxconn; 0 = none */
export const LIVE_PX_FULLCONN = 8;
/** ENCODER_* that replaces the process's, 0 = none; the backend's goes before the frontend's */
export const LIVE_PX_ENCODER = 9;
export const LIVE_SV_SERVED = 0;
/** 0 = none */
export const LIVE_SV_MAXCONN = 1;
export const LIVE_SV_QUEUED = 2;
export const LIVE_SV_IDLE = 3;
/** SERVER_* flags, written by the control plane only */
export const LIVE_SV_STATE = 4;
/** effective weight 0..256 */
export const LIVE_SV_WEIGHT = 5;
export const LIVE_SV_SERVED_MAX = 6;
export const LIVE_SV_MAXQUEUE = 7;
/** 0 = none */
export const LIVE_SV_MINCONN = 8;
export const LIVE_LI_CONN = 0;
export const LIVE_LI_MAXCONN = 1;

/** What the addon says it was built from (native/binding/addon.cc computes the same). */
export const fingerprint = 600951919;

/** Field names by their id; 0 is any other name. */
export const FIELD_NAMES: readonly string[] = [
  '',
  'te',
  'age',
  'dnt',
  'via',
  'date',
  'etag',
  'from',
  'host',
  'link',
  'vary',
  'allow',
  'range',
  'accept',
  'cookie',
  'expect',
  'origin',
  'pragma',
  'server',
  'alt-svc',
  'expires',
  'referer',
  'refresh',
  'trailer',
  'upgrade',
  'warning',
  'if-match',
  'if-range',
  'location',
  'priority',
  'forwarded',
  'x-real-ip',
  'connection',
  'early-data',
  'keep-alive',
  'set-cookie',
  'user-agent',
  'retry-after',
  'traceparent',
  'content-type',
  'max-forwards',
  'x-request-id',
  'x-powered-by',
  'accept-ranges',
  'authorization',
  'cache-control',
  'content-range',
  'if-none-match',
  'last-modified',
  'x-original-to',
  'accept-charset',
  'content-length',
  'http2-settings',
  'sec-fetch-dest',
  'sec-fetch-mode',
  'sec-fetch-site',
  'sec-fetch-user',
  'accept-encoding',
  'accept-language',
  'idempotency-key',
  'x-forwarded-for',
  'x-frame-options',
  'content-encoding',
  'content-language',
  'content-location',
  'proxy-connection',
  'www-authenticate',
  'x-forwarded-host',
  'x-forwarded-port',
  'x-requested-with',
  'if-modified-since',
  'sec-websocket-key',
  'transfer-encoding',
  'x-forwarded-proto',
  'proxy-authenticate',
  'content-disposition',
  'if-unmodified-since',
  'proxy-authorization',
  'sec-websocket-accept',
  'sec-websocket-version',
  'sec-websocket-protocol',
  'content-security-policy',
  'sec-websocket-extensions',
  'strict-transport-security',
  'upgrade-insecure-requests',
];

/** Methods by their id; 0 is any other method. */
export const METHOD_NAMES: readonly string[] = [
  '',
  'OPTIONS',
  'GET',
  'HEAD',
  'POST',
  'PUT',
  'DELETE',
  'TRACE',
  'CONNECT',
  'PATCH',
];
