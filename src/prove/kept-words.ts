/**
 * What of a user's configuration goes to the proof, as tables. The rule: what could reach beyond this machine's loopback, the
 * user's ports, files that are written or the user's account is left out; what decides how requests are treated stays.
 */

/** Sections that stay; every other is left out whole. */
export const KEPT_SECTIONS: ReadonlySet<string> = new Set([
  'global',
  'defaults',
  'frontend',
  'backend',
  'listen',
  'userlist',
  'http-errors',
  'cache',
]);

export const PROXY_SECTIONS: ReadonlySet<string> = new Set(['defaults', 'frontend', 'backend', 'listen']);

/** Keywords of `global` that stay, `tune.` aside. */
export const KEPT_GLOBAL: ReadonlySet<string> = new Set([
  'nbthread',
  'maxconn',
  'maxconnrate',
  'maxsessrate',
  'maxcomprate',
  'maxcompcpuusage',
  'maxpipes',
  'hard-stop-after',
  'grace',
  'close-spread-time',
  'spread-checks',
  'no-standby',
  'setenv',
  'presetenv',
  'unsetenv',
  'resetenv',
  'default-path',
  'expose-experimental-directives',
  'expose-deprecated-directives',
  'h1-accept-payload-with-any-method',
  'h1-case-adjust',
  'h1-do-not-close-on-insecure-transfer-encoding',
  'localpeer',
  'node',
  'description',
]);

/** `tune.` keywords of parts that are left out. */
export const LEFT_TUNE = /^tune\.(ssl|quic|lua|peers|ring)\b/;

/** Lines of proxies that are left out, by their first word. */
export const LEFT_PROXY: ReadonlySet<string> = new Set([
  'log',
  'email-alert',
  'source',
  'dispatch',
  'external-check',
  'http-check',
  'tcp-check',
  'load-server-state-from-file',
  'server-state-file-name',
  'use-fcgi-app',
  'bind-process',
]);

/** Options of proxies that are left out: checks of servers (the origins are always well) and other ways of finding a server. */
export const LEFT_OPTIONS =
  /^(httpchk|.*-check|external-check|transparent|http_proxy|log-health-checks|persist)$/;

/** Actions that speak to somebody else, or choose another address than the server's. */
export const LEFT_ACTIONS = /^(lua\.|do-resolve|send-spoe-group|set-dst|attach-srv)/;

/** Filters that stay. */
export const KEPT_FILTERS: ReadonlySet<string> = new Set(['compression', 'cache', 'bwlim-in', 'bwlim-out']);

/** Options of a `bind` line that stay, and how many words each takes. */
export const KEPT_BIND: ReadonlyMap<string, number> = new Map([
  ['name', 1],
  ['id', 1],
  ['maxconn', 1],
  ['backlog', 1],
  ['nice', 1],
  ['thread', 1],
  ['shards', 1],
  ['tcp-ut', 1],
  ['defer-accept', 0],
]);

/** Options of a `server` or `default-server` line that stay. */
export const KEPT_SERVER: ReadonlyMap<string, number> = new Map([
  ['weight', 1],
  ['maxconn', 1],
  ['minconn', 1],
  ['maxqueue', 1],
  ['cookie', 1],
  ['id', 1],
  ['redir', 1],
  ['max-reuse', 1],
  ['pool-max-conn', 1],
  ['pool-low-conn', 1],
  ['pool-purge-delay', 1],
  ['backup', 0],
  ['disabled', 0],
]);

/** How many words the known options take that are left out: what is not listed takes none. */
export const LEFT_ARITY: ReadonlyMap<string, number> = new Map(
  (
    'accept-netscaler-cip addr agent-addr agent-check agent-inter agent-port agent-send alpn ca-file ca-sign-file ca-verify-file cc cert ' +
    'check-alpn check-proto check-reuse-pool check-sni check-pool-conn-name ciphers ciphersuites client-sigalgs crl-file crt crt-ignore-err ' +
    'ca-ignore-err crt-list curves downinter ecdhe error-limit fall fastinter fd group gid guid guid-prefix hash-key init-addr init-state ' +
    'inter interface ktls label level log-bufsize mode mss namespace no-alpn npn observe on-error on-marked-down on-marked-up ' +
    'pool-conn-name port process proto proxy-v2-options resolve-net resolve-opts resolve-prefer resolvers rise set-proxy-v2-tlv-fmt ' +
    'severity-output sigalgs slowstart sni socks4 source ssl-max-ver ssl-min-ver tls-ticket-keys tls-tickets track uid user verify ' +
    'verifyhost ws crt-base ca-base quic-cc-algo cls shard'
  )
    .split(' ')
    .map((word) => [word, 1] as const),
);
