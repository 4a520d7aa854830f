/** A user's configuration before and after: what stays, what is moved, what is left out. */
import { expect, test } from 'vitest';
import { listenersOf, rewriteFiles } from './rewrite.ts';

function rewrite(text: string, environment: [string, string][] = []) {
  const places = { port: (index: number) => 20_001 + index, origin: (index: number) => 30_001 + index };
  return rewriteFiles([{ name: 'a.cfg', text }], new Map(environment), places);
}

/** The rewritten text of <lines>. */
function of(...lines: string[]): string[] {
  return (
    rewrite(`${lines.join('\n')}\n`)
      .files[0]?.text.split('\n')
      .slice(0, -1) ?? []
  );
}

test('listeners go to free ports of loopback, each address and each port of a range', () => {
  expect(
    of('frontend f', ' bind :80,[::]:8080-8081 name x ssl crt /a.pem alpn h2 backlog 9', ' bind fd@3'),
  ).toEqual([
    'frontend f',
    'bind 127.0.0.1:20001,127.0.0.1:20002,127.0.0.1:20003 name x backlog 9',
    'bind 127.0.0.1:20004',
  ]);
});

test('servers become origins and keep what decides about load', () => {
  expect(
    of(
      'backend b',
      ' server a db.example:80 check inter 2s weight 7 ssl verify none backup maxconn 5',
      ' server-template t 3 x:1 resolvers d',
    ),
  ).toEqual(['backend b', 'server a 127.0.0.1:30001 weight 7 backup maxconn 5', 'server t1 127.0.0.1:30002']);
});

test('what speaks to others is left out, rules stay, lines keep their numbers', () => {
  expect(
    of(
      'global',
      ' log 10.0.0.1 local0',
      ' chroot /var/empty',
      ' stats socket /run/x.sock level admin',
      ' tune.bufsize 16384',
      ' maxconn 100000',
      'resolvers d',
      ' nameserver a 8.8.8.8:53',
      'defaults',
      ' option httpchk',
      ' no option httpclose',
      ' http-request do-resolve(txn.ip,d) hdr(host)',
      ' http-request deny if { path /x }',
      'frontend f',
      ' stick-table type ip size 1k peers p store conn_cur',
    ),
  ).toEqual([
    'global',
    '',
    '',
    '',
    'tune.bufsize 16384',
    'maxconn 2000',
    '',
    '',
    'defaults',
    '',
    'no option httpclose',
    '',
    'http-request deny if { path /x }',
    'frontend f',
    'stick-table type ip size 1k store conn_cur',
  ]);
});

test('conditions and variables are resolved, those that the file sets too', () => {
  const text =
    'global\n setenv P 81\n.if defined(X)\nfrontend f\n.else\nfrontend "g$P$E"\n.endif\n bind "$A:80"\n';
  const { files, listeners } = rewrite(text, [
    ['E', 'nd'],
    ['A', '10.0.0.1'],
  ]);
  expect(files[0]?.text).toBe('global\nsetenv P 81\n\n\n\nfrontend g81nd\n\nbind 127.0.0.1:20001\n');
  expect(listeners).toEqual([{ proxy: 'g81nd', port: 20_001, source: '10.0.0.1:80' }]);
});

test('what it says was changed', () => {
  const { changes, exposesListeners, hardStopAfter } = rewrite(
    'global\n user x\n stats socket /s expose-fd listeners\n hard-stop-after 30s\nlisten l\n bind :1\n server s x:1 check\n server t x:1 check\n',
  );
  expect(exposesListeners).toBe(true);
  expect(hardStopAfter).toBe('30s');
  expect(Object.fromEntries(changes.map(({ what, words }) => [what, words]))).toEqual({
    'lines of global left out': { user: ['a.cfg:2'] },
    'stats sockets replaced by one in a folder of its own': { '/s': ['a.cfg:3'] },
    'listeners moved to free ports of 127.0.0.1': { ':1': ['a.cfg:6'] },
    'servers replaced by built-in origins': { s: ['a.cfg:7'], t: ['a.cfg:8'] },
    "options of 'server' left out": { check: ['a.cfg:7', 'a.cfg:8'] },
  });
});

test('words with spaces and quotes stay words', () => {
  expect(of('frontend f', ' http-request return string \'a "b" #c\' if TRUE')[1]).toBe(
    'http-request return string a\\ \\"b\\"\\ \\#c if TRUE',
  );
});

test('errors of the language itself are told', () => {
  expect(rewrite('frontend f\n bind ":80\n').alerts[0]?.text).toContain('unmatched quote');
});

test.each([
  [':80', 1],
  ['10.0.0.1:80,unix@/x,:81-90', 12],
  [':1-65535', 1001],
])('%s makes %i listeners', (source, count) => {
  expect(listenersOf(source)).toBe(count);
});
