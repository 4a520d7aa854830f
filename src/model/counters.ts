/** Counters of proxies, servers and listeners: one table that the CSV, the JSON, the HTML page and Prometheus are views of.
 * Every data thread writes only its own slice of one SharedArrayBuffer of doubles (a double add costs 0.9 ns, a BigInt add
 * 12); the main thread combines the slices when somebody asks. A listen section counts as a frontend and as a backend apart,
 * so each proxy has two records.
 */

/** How the slices of the threads become one value. `rate` takes three words: second, events in it, events in the one before;
 * `mean` holds a sliding sum over MEAN_WINDOW values. */
export type CounterKind = 'total' | 'max' | 'rate' | 'mean' | 'clock';

export interface Counter {
  /** Column of the CSV. */
  readonly column: string;
  /** Metric without its `haproxy_frontend_` prefix; undefined = not exported. */
  readonly metric: string | undefined;
  readonly kind: CounterKind;
  /** Which objects have it: l listener, f frontend, b backend, s server. */
  readonly scope: string;
  readonly help: string;
  /** First word in a record. */
  readonly at: number;
}

/** Requests that a `mean` looks back on, as HAProxy's TIME_STATS_SAMPLES. */
export const MEAN_WINDOW = 1024;

// The order of a record. Constants, not a lookup: the data path adds to them once per request.
export const COUNT_STOT = 0;
export const COUNT_BIN = 1;
export const COUNT_BOUT = 2;
export const COUNT_DREQ = 3;
export const COUNT_DRESP = 4;
export const COUNT_EREQ = 5;
export const COUNT_ECON = 6;
export const COUNT_ERESP = 7;
export const COUNT_WRETR = 8;
export const COUNT_WREDIS = 9;
export const COUNT_LBTOT = 10;
export const COUNT_HRSP_1XX = 11;
export const COUNT_HRSP_OTHER = 16;
export const COUNT_REQ_TOT = 17;
export const COUNT_CLI_ABRT = 18;
export const COUNT_SRV_ABRT = 19;
export const COUNT_COMP_IN = 20;
export const COUNT_COMP_OUT = 21;
export const COUNT_COMP_BYP = 22;
export const COUNT_COMP_RSP = 23;
export const COUNT_LASTSESS = 24;
export const COUNT_QTIME = 25;
export const COUNT_CTIME = 26;
export const COUNT_RTIME = 27;
export const COUNT_TTIME = 28;
export const COUNT_CONN_TOT = 29;
export const COUNT_INTERCEPTED = 30;
export const COUNT_DCON = 31;
export const COUNT_DSES = 32;
export const COUNT_WREW = 33;
export const COUNT_CONNECT = 34;
export const COUNT_REUSE = 35;
export const COUNT_QTIME_MAX = 36;
export const COUNT_CTIME_MAX = 37;
export const COUNT_RTIME_MAX = 38;
export const COUNT_TTIME_MAX = 39;
export const COUNT_EINT = 40;
export const COUNT_QMAX = 41;
export const COUNT_REQBOUT = 42;
export const COUNT_RESBOUT = 43;
export const COUNT_RATE = 44;
export const COUNT_RATE_MAX = 47;
export const COUNT_REQ_RATE = 48;
export const COUNT_REQ_RATE_MAX = 51;
export const COUNT_CONN_RATE = 52;
export const COUNT_CONN_RATE_MAX = 55;
/** Words of one record: a multiple of a cache line, so that no two records share one. */
export const COUNTER_WORDS = 56;

function counter(
  at: number,
  column: string,
  metric: string | undefined,
  scope: string,
  help: string,
  kind: CounterKind = 'total',
): Counter {
  return { column, metric, kind, scope, help, at };
}

export const COUNTERS: readonly Counter[] = [
  counter(COUNT_STOT, 'stot', 'sessions_total', 'lfbs', 'Sessions since the start'),
  counter(COUNT_BIN, 'bin', 'bytes_in_total', 'lfbs', 'Request bytes since the start'),
  counter(COUNT_BOUT, 'bout', 'bytes_out_total', 'lfbs', 'Response bytes since the start'),
  counter(COUNT_DREQ, 'dreq', 'requests_denied_total', 'lfb', 'Requests that a rule denied'),
  counter(COUNT_DRESP, 'dresp', 'responses_denied_total', 'lfbs', 'Responses that a rule denied'),
  counter(COUNT_EREQ, 'ereq', 'request_errors_total', 'lf', 'Requests that were malformed, late or cut'),
  counter(COUNT_ECON, 'econ', 'connection_errors_total', 'bs', 'Connections to a server that failed'),
  counter(COUNT_ERESP, 'eresp', 'response_errors_total', 'bs', 'Responses that were malformed, late or cut'),
  counter(COUNT_WRETR, 'wretr', 'retry_warnings_total', 'bs', 'Connections tried again on the same server'),
  counter(
    COUNT_WREDIS,
    'wredis',
    'redispatch_warnings_total',
    'bs',
    'Requests that went to another server instead',
  ),
  counter(
    COUNT_LBTOT,
    'lbtot',
    'loadbalanced_total',
    'bs',
    'Requests for which a server was chosen by the balance algorithm',
  ),
  counter(COUNT_HRSP_1XX, 'hrsp_1xx', 'http_responses_total', 'fbs', 'Responses with a status of 100-199'),
  counter(
    COUNT_HRSP_1XX + 1,
    'hrsp_2xx',
    'http_responses_total',
    'fbs',
    'Responses with a status of 200-299',
  ),
  counter(
    COUNT_HRSP_1XX + 2,
    'hrsp_3xx',
    'http_responses_total',
    'fbs',
    'Responses with a status of 300-399',
  ),
  counter(
    COUNT_HRSP_1XX + 3,
    'hrsp_4xx',
    'http_responses_total',
    'fbs',
    'Responses with a status of 400-499',
  ),
  counter(
    COUNT_HRSP_1XX + 4,
    'hrsp_5xx',
    'http_responses_total',
    'fbs',
    'Responses with a status of 500-599',
  ),
  counter(
    COUNT_HRSP_OTHER,
    'hrsp_other',
    'http_responses_total',
    'fbs',
    'Responses with another status, or none',
  ),
  counter(COUNT_REQ_TOT, 'req_tot', 'http_requests_total', 'fbs', 'HTTP requests since the start'),
  counter(COUNT_CLI_ABRT, 'cli_abrt', 'client_aborts_total', 'bs', 'Transfers that the client broke off'),
  counter(COUNT_SRV_ABRT, 'srv_abrt', 'server_aborts_total', 'bs', 'Transfers that the server broke off'),
  counter(COUNT_COMP_IN, 'comp_in', 'http_comp_bytes_in_total', 'fb', 'Bytes given to the encoder'),
  counter(COUNT_COMP_OUT, 'comp_out', 'http_comp_bytes_out_total', 'fb', 'Bytes that the encoder made'),
  counter(
    COUNT_COMP_BYP,
    'comp_byp',
    'http_comp_bytes_bypassed_total',
    'fb',
    'Bytes that went round the encoder',
  ),
  counter(COUNT_COMP_RSP, 'comp_rsp', 'http_comp_responses_total', 'fb', 'Responses that were compressed'),
  counter(
    COUNT_LASTSESS,
    'lastsess',
    'last_session_seconds',
    'bs',
    'Seconds since the last session',
    'clock',
  ),
  counter(COUNT_QTIME, 'qtime', 'queue_time_average_seconds', 'bs', 'Mean time in the queue, ms', 'mean'),
  counter(COUNT_CTIME, 'ctime', 'connect_time_average_seconds', 'bs', 'Mean time to connect, ms', 'mean'),
  counter(
    COUNT_RTIME,
    'rtime',
    'response_time_average_seconds',
    'bs',
    'Mean time to a response head, ms',
    'mean',
  ),
  counter(
    COUNT_TTIME,
    'ttime',
    'total_time_average_seconds',
    'bs',
    'Mean time of a whole exchange, ms',
    'mean',
  ),
  counter(COUNT_CONN_TOT, 'conn_tot', 'connections_total', 'lf', 'Client connections since the start'),
  counter(
    COUNT_INTERCEPTED,
    'intercepted',
    'intercepted_requests_total',
    'f',
    'Requests answered by the proxy itself',
  ),
  counter(COUNT_DCON, 'dcon', 'denied_connections_total', 'lf', 'Connections that a rule refused'),
  counter(COUNT_DSES, 'dses', 'denied_sessions_total', 'lf', 'Sessions that a rule refused'),
  counter(COUNT_WREW, 'wrew', 'failed_header_rewriting_total', 'lfbs', 'Header rewrites that did not fit'),
  counter(COUNT_CONNECT, 'connect', 'connection_attempts_total', 'bs', 'Connections made to servers'),
  counter(
    COUNT_REUSE,
    'reuse',
    'connection_reuses_total',
    'bs',
    'Requests sent on a connection that had served before',
  ),
  counter(
    COUNT_QTIME_MAX,
    'qtime_max',
    'max_queue_time_seconds',
    'bs',
    'Longest time in the queue, ms',
    'max',
  ),
  counter(
    COUNT_CTIME_MAX,
    'ctime_max',
    'max_connect_time_seconds',
    'bs',
    'Longest time to connect, ms',
    'max',
  ),
  counter(
    COUNT_RTIME_MAX,
    'rtime_max',
    'max_response_time_seconds',
    'bs',
    'Longest time to a response head, ms',
    'max',
  ),
  counter(COUNT_TTIME_MAX, 'ttime_max', 'max_total_time_seconds', 'bs', 'Longest exchange, ms', 'max'),
  counter(COUNT_EINT, 'eint', 'internal_errors_total', 'lfbs', 'Errors of the proxy itself'),
  counter(COUNT_QMAX, 'qmax', 'max_queue', 'bs', 'Most requests that were in the queue at once', 'max'),
  counter(COUNT_BIN, 'reqbin', 'req_bytes_in_total', 'lfbs', 'Request bytes received'),
  counter(COUNT_REQBOUT, 'reqbout', 'req_bytes_out_total', 'lfbs', 'Request bytes sent'),
  counter(COUNT_BOUT, 'resbin', 'res_bytes_in_total', 'lfbs', 'Response bytes received'),
  counter(COUNT_RESBOUT, 'resbout', 'res_bytes_out_total', 'lfbs', 'Response bytes sent'),
  counter(COUNT_RATE, 'rate', 'current_session_rate', 'fbs', 'Sessions over the last second', 'rate'),
  counter(COUNT_RATE_MAX, 'rate_max', 'max_session_rate', 'fbs', 'Most sessions in a second', 'max'),
  counter(COUNT_REQ_RATE, 'req_rate', undefined, 'f', 'Requests over the last second', 'rate'),
  counter(
    COUNT_REQ_RATE_MAX,
    'req_rate_max',
    'http_requests_rate_max',
    'f',
    'Most requests in a second',
    'max',
  ),
  counter(COUNT_CONN_RATE, 'conn_rate', undefined, 'f', 'Connections over the last second', 'rate'),
  counter(
    COUNT_CONN_RATE_MAX,
    'conn_rate_max',
    'connections_rate_max',
    'f',
    'Most connections in a second',
    'max',
  ),
];
