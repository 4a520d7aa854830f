/** Small configurations and what becomes of them: one fact of the language each. */
import { describe, expect, it } from 'vitest';
import { parseConfiguration } from './configuration.ts';
import { makeSources } from './sources.ts';

const TIMEOUTS = 'timeout client 1s\n timeout server 2s\n timeout connect 3s\n';

function read(text: string, files: Record<string, string> = {}, environment: Record<string, string> = {}) {
  const options = { localPeer: 'peer0', maxconn: 0, proxyMaxconn: 0 };
  const sources = makeSources([{ name: 'x.cfg', text }], options, environment);
  const loader = {
    file: (path: string) => (path in files ? Buffer.from(files[path] as string) : undefined),
    userId: (name: string) => (name === 'www' ? 33 : undefined),
    groupId: () => undefined,
  };
  const parsed = parseConfiguration(sources, loader);
  const said = parsed.messages.map(
    ({ severity, place, text: what }) => `${severity} ${place?.line ?? '-'}: ${what}`,
  );
  const proxy = (name: string) => parsed.configuration.proxies.find((candidate) => candidate.name === name)!;
  return { ...parsed, sources, said, proxy };
}

describe('a configuration', () => {
  it('becomes proxies, listeners and servers in the order of the file', () => {
    const { said, configuration, proxy } = read(`global
 nbthread 2
 maxconn 500
defaults
 mode http
 ${TIMEOUTS}
frontend www
 bind 127.0.0.1:8080,[::1]:8080-8081 name web maxconn 10
 default_backend app
backend app
 balance roundrobin
 default-server check inter 5s weight 7
 server a 10.0.0.1:80
 server b 10.0.0.2:80 weight 9 no-check
`);
    expect(said).toEqual([]);
    expect(configuration.global.nbthread).toBe(2);
    expect(configuration.listeners.map(({ address }) => [address.host, address.port])).toEqual([
      ['127.0.0.1', 8080],
      ['::1', 8080],
      ['::1', 8081],
    ]);
    expect(configuration.listeners.map(({ index, id, name, maxconn }) => [index, id, name, maxconn])).toEqual(
      [
        [0, 1, 'web', 10],
        [1, 2, 'web', 10],
        [2, 3, 'web', 10],
      ],
    );
    expect(proxy('www').defaultBackend).toBe(proxy('app'));
    expect(
      proxy('app').servers.map(({ name, weight, check }) => [name, weight, check.enabled, check.interMs]),
    ).toEqual([
      ['a', 7, true, 5000],
      ['b', 9, false, 5000],
    ]);
  });

  it('has the defaults of HAProxy 3.5', () => {
    const { proxy } = read(
      `listen l\n mode http\n bind :80\n ${TIMEOUTS} server s 1.2.3.4:80\nlisten t\n bind :81\n ${TIMEOUTS}`,
    );
    const http = proxy('l');
    expect([http.balance.algorithm, http.httpReuse, http.retries, http.redispatchInterval]).toEqual([
      'random',
      'safe',
      3,
      0,
    ]);
    expect([...http.options].sort()).toEqual(['abortonclose', 'http-keep-alive']);
    expect([...proxy('t').options]).toEqual([]);
    expect(http.servers[0]).toMatchObject({ weight: 1, poolMaxConn: -1, poolPurgeDelayMs: 5000, maxconn: 0 });
    expect(http.servers[0]?.check).toMatchObject({ enabled: false, interMs: 2000, rise: 2, fall: 3 });
    expect([http.id, proxy('t').id]).toEqual([2, 3]);
  });

  it('is the same when it is read again from the bundle alone', () => {
    const text = `frontend f\n mode http\n bind :80 user www\n timeout client 1s\n errorfile 503 /e\n`;
    const first = read(text, { '/e': 'HTTP/1.0 503 X\r\n\r\n' });
    const again = parseConfiguration(structuredClone(first.sources));
    expect(first.said).toEqual([]);
    expect(again.messages).toEqual(first.messages);
    expect(again.configuration.proxies[0]?.errorFiles.get(503)?.message.toString()).toBe(
      'HTTP/1.0 503 X\r\n\r\n',
    );
    expect(again.configuration.listeners[0]?.uid).toBe(33);
  });
});

describe('defaults', () => {
  it('are copied by capability, and by name', () => {
    const { proxy, said } = read(`defaults one
 mode http
 retries 7
 maxconn 11
 ${TIMEOUTS}
defaults two from one
 retries 8
frontend f from one
 bind :80
backend b
backend c from one
`);
    expect(said).toEqual([]);
    expect([proxy('f').maxconn, proxy('b').maxconn]).toEqual([11, 0]);
    expect([proxy('b').retries, proxy('c').retries]).toEqual([8, 7]);
    expect([proxy('f').timeouts.connectMs, proxy('b').timeouts.clientMs]).toEqual([0, 0]);
  });

  it('can be unsaid', () => {
    const { proxy } = read(`defaults
 mode http
 option http-server-close
 no option abortonclose
 option dontlognull
 log 127.0.0.1 local0
 ${TIMEOUTS}
frontend f
 bind :80
 no option dontlognull
 no log
backend b
 option httpclose
backend c
 default option abortonclose
`);
    expect([...proxy('f').options]).toEqual(['http-server-close']);
    expect(proxy('f').logs).toEqual([]);
    expect([...proxy('b').options]).toEqual(['httpclose']);
    expect(proxy('c').options.has('abortonclose')).toBe(true);
  });
});

describe('global', () => {
  it('may be written in several sections, and sets variables for what follows', () => {
    const { configuration, said } = read(
      `global
 stats socket "/tmp/\${WHERE}.sock" level admin mode 600
 setenv PORT 8080
global
 stats socket fd@9
 log stdout len 2048 format raw local3 notice
frontend f
 bind ":\${PORT}"
 timeout client 1s
 log global
`,
      {},
      { WHERE: 'here' },
    );
    expect(said).toEqual([]);
    expect(configuration.global.statsSockets).toMatchObject([
      { kind: 'unix', host: '/tmp/here.sock', level: 'admin', mode: 0o600 },
      { kind: 'fd', fd: 9, level: 'operator' },
    ]);
    expect(configuration.listeners[0]?.address.port).toBe(8080);
    expect(configuration.proxies[0]?.logs).toEqual([
      { target: 0, facility: 19, maxLevel: 5, minLevel: 0, maxLength: 2048, format: 'raw' },
    ]);
    expect(configuration.logTargets).toEqual([{ kind: 'fd', host: '', port: 0, fd: 1, source: 'stdout' }]);
  });

  it('has variables in addresses expanded without quotes too, to nothing when they are not set', () => {
    const { configuration, said } = read(
      `global
 log \${LOG}:514 local0
frontend f
 bind \${HOST}:$PORT,:\${PORT}1
 timeout client 1s
 default_backend b
backend b
 timeout connect 1s
 timeout server 1s
 server s \${HOST}:$PORT
 server t \${NOPE}:\${NOPE}
`,
      {},
      { HOST: '127.0.0.2', PORT: '808', LOG: '127.0.0.3' },
    );
    expect(said).toEqual([]);
    expect(configuration.listeners.map(({ address }) => address)).toMatchObject([
      { host: '127.0.0.2', port: 808 },
      { host: '', port: 8081 },
    ]);
    expect(configuration.servers.map(({ address }) => address)).toMatchObject([
      { host: '127.0.0.2', port: 808 },
      { host: '0.0.0.0', port: 0 },
    ]);
    expect(configuration.logTargets).toMatchObject([{ host: '127.0.0.3' }]);
  });

  it('follows conditions and says what it is told to say', () => {
    const { said } = read(`.if feature(THREAD) && !defined(NOPE)
.notice "threads"
.elif 1
.alert "never"
.else
.alert "nor this"
.endif
.if 0
 unknown words "here
.else
.warning "else"
.endif
.if
.endif
`);
    expect(said).toEqual(["notice 2: 'threads'.", "warning 11: 'else'."]);
  });
});

describe('what is wrong as a whole', () => {
  it.each([
    [
      'frontend f\n bind :80\n timeout client 1s\n default_backend bb\nbackend b\n timeout connect 1s\n timeout server 1s\n',
      "alert 4: frontend 'f': unable to find required default_backend: 'bb'; did you mean 'b' maybe?",
    ],
    [
      `listen l\n bind :80\n ${TIMEOUTS} default_backend l\n`,
      "alert 6: proxy 'l': loop detected for default_backend: 'l'.",
    ],
    [
      `listen l\n ${TIMEOUTS}`,
      "warning -: proxy 'l' has no 'bind' directive. Please declare it as a backend if this was intended.",
    ],
    [
      `defaults\n ${TIMEOUTS}frontend f\n bind :80\n mode http\n default_backend b\nbackend b\n mode tcp\n`,
      "alert 8: http frontend 'f' tries to use incompatible tcp backend 'b' (x.cfg:9) as its default_backend.",
    ],
    [
      `backend b\n ${TIMEOUTS} server s 1.2.3.4:1\n server s 1.2.3.4:2\n`.replace('timeout client 1s\n', ''),
      "alert 5: 'server b/s' : another server named 's' was already defined at line 4.",
    ],
    [
      'frontend f\n bind :80\n timeout client 1s\nfrontend f\n',
      "alert 4: frontend 'f' has the same name as frontend 'f' declared at x.cfg:1.",
    ],
    [
      `backend b\n option http-buffer-request\n ${TIMEOUTS}`.replace('timeout client 1s\n', ''),
      "warning -: 'option http-buffer-request' ignored for backend 'b' as it requires HTTP mode.",
    ],
  ])('%j', (text, message) => expect(read(text).said).toContain(message));

  it('misses timeouts in HAProxy’s words', () => {
    expect(read('frontend f\n bind :80\n').said.join('\n')).toContain(
      "missing timeouts for frontend 'f'.\nWhile not",
    );
  });
});

describe('what HAProxy knows and Sluice does not yet', () => {
  it.each([
    [
      'global\n ca-base /x\n',
      "notice 2: 'ca-base' is known to HAProxy but not built yet in Sluice; ignored.",
    ],
    [
      'frontend f\n bind :80\n timeout client 1s\n stick-table type ip size 1k\n',
      "notice 4: 'stick-table' is known to HAProxy but not built yet in Sluice; ignored.",
    ],
    [
      'frontend f\n bind :80\n timeout client 1s\n option contstats\n',
      "notice 4: 'option contstats' is known to HAProxy but not built yet in Sluice; ignored.",
    ],
    [
      'peers p\n peer a 1.2.3.4:5\n',
      "notice 1: the 'peers' section is known to HAProxy but not built yet in Sluice; ignored.",
    ],
  ])('%j', (text, message) => expect(read(text).said).toEqual([message]));

  it('is refused where leaving it out would lay open what was to be protected', () => {
    expect(read('frontend f\n bind :443 ssl crt x\n timeout client 1s\n').said[0]).toMatch(/^alert 2: .*TLS/);
    expect(read('backend b\n server s 1.2.3.4:443 ssl\n').said[0]).toMatch(/^alert 2: .*TLS/);
  });
});

describe('conditions', () => {
  it('choose backends and servers by name', () => {
    const { proxy, said } = read(`defaults
 mode http
 ${TIMEOUTS}
frontend f
 bind :80
 acl api path_beg /api
 monitor-uri /alive
 monitor fail if { nbsrv(b) lt 1 }
 use_backend b if api !{ method POST }
 use_backend b unless api
backend b
 use-server two if { path /two }
 server one 1.2.3.4:1
 server two 1.2.3.4:2
`);
    expect(said).toEqual([]);
    expect(proxy('f').useBackends.map((use) => [use.backend?.name, use.condition?.source])).toEqual([
      ['b', expect.any(String)],
      ['b', expect.any(String)],
    ]);
    expect(proxy('f').monitorFails).toHaveLength(1);
    expect(proxy('b').useServers.map((use) => use.server.name)).toEqual(['two']);
  });

  it('must be conditions, of things that are there', () => {
    const { said } = read(`backend b
 timeout connect 1s
 timeout server 1s
 use-server three if TRUE
 use-server one when TRUE
 server one 1.2.3.4:1
`);
    expect(said).toEqual([
      "alert 5: 'use-server' expects 'if' or 'unless', not 'when'.",
      "alert 4: backend 'b': unable to find server 'three'",
    ]);
  });
});
