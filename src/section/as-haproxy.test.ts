/** Facts of HAProxy 3.5's language that were found by comparing answers: what it takes, what it refuses, what it warns of. */
import { describe, expect, it } from 'vitest';
import { parseConfiguration } from './configuration.ts';
import { makeSources } from './sources.ts';

const TIMEOUTS = 'timeout client 1s\n timeout server 2s\n timeout connect 3s\n';
const LISTEN = `listen l\n mode http\n bind :80\n ${TIMEOUTS}`;

/** `severity line: text` of each message about <text>. */
function said(text: string): string[] {
  const options = { localPeer: 'peer0', maxconn: 0, proxyMaxconn: 0 };
  const files: Record<string, string> = { empty: '' };
  const loader = {
    file: (path: string) => (path in files ? Buffer.from(files[path] as string) : undefined),
    userId: () => undefined,
    groupId: () => undefined,
  };
  const { messages } = parseConfiguration(makeSources([{ name: 'x.cfg', text }], options, {}), loader);
  return messages.map(({ severity, place, text: what }) => `${severity} ${place?.line ?? '-'}: ${what}`);
}

describe('what HAProxy accepts', () => {
  it.each([
    [
      'a proxy fetch without a name in a defaults section',
      'defaults d\n mode http\n timeout client 1s\n http-request set-header a %[fe_conn]\nfrontend f from d\n bind :80\n',
    ],
    [
      'captures in a defaults section',
      'defaults d\n mode http\n timeout client 1s\n http-request capture hdr(a) len 9\nfrontend f from d\n bind :80\n',
    ],
    ['an acl that nobody declared, by its name', `${LISTEN} http-request set-header a %[acl(TRUE,!FALSE)]\n`],
    ['a delimiter by its code', `${LISTEN} http-request set-header a %[query,param(x,0x26)]\n`],
    ['the timeout of a tarpit', `${LISTEN} http-request set-timeout tarpit 3s\n`],
  ])('%s', (_what, text) => expect(said(text)).toEqual([]));

  it.each([
    ['an address in one number', `listen l\n bind 0:80\n ${TIMEOUTS}`],
    ['a comma after the last address', `listen l\n bind 1.2.3.4:80,\n ${TIMEOUTS}`],
    ['more sockets than a call takes arguments', 'global\n stats socket 1.2.3.4:1-65535,1.2.3.5:1-65535\n'],
    ['balance alone', 'backend b\n balance\n'],
    ['a disabled proxy that knows nobody', 'frontend f\n disabled\n default_backend nope\n'],
  ])('%s', (_what, text) => expect(said(text)).toEqual([]));

  it('a check whose port is said by rules that are not built', () => {
    const text = `${LISTEN} tcp-check connect port 80\n server s 1.2.3.4 check\n`;
    expect(said(text).filter((line) => line.startsWith('alert'))).toEqual([]);
  });

  it('a peers section after global', () => {
    expect(said('global\npeers p\n peer a 1.2.3.4:5\n')[0]).toMatch(/^notice 2: the 'peers' section/);
  });
});

describe('what HAProxy refuses', () => {
  it.each([
    [
      'logs to a range',
      `global\n log 127.0.0.1:80-90 local0\n`,
      "alert 2: 'log' : '127.0.0.1:80-90' is not one port.",
    ],
    [
      'words behind no log',
      `${LISTEN} no log global\n`,
      "'no log' cannot handle unexpected argument 'global'.",
    ],
    [
      'a timeout of nothing',
      `${LISTEN} http-request set-timeout server 0\n`,
      "'set-timeout server' must not be zero.",
    ],
    [
      'a slot of captures in a backend',
      'backend b\n declare capture request len 5\n',
      'has no frontend capability',
    ],
    ['an address behind the name', 'listen l :80\n', "alert 1: 'listen' takes no address any more."],
    [
      'one name for a frontend and a backend',
      'frontend a\nbackend a\n',
      "alert 2: backend 'a' has the same name as frontend 'a' declared at x.cfg:1.",
    ],
    [
      'rules that frontends and backends both would have',
      'defaults d\n mode http\n http-request deny\nfrontend f from d\nbackend b from d\n',
      'alert 5: frontends and backends cannot inherit from the same defaults section when it has rules (declared at x.cfg:1).',
    ],
    [
      'rules for a listen section',
      'defaults d\n mode http\n http-request deny\nlisten l from d\n',
      'alert 4: a listen section cannot inherit from a defaults section with rules (declared at x.cfg:1).',
    ],
    [
      'a name that two defaults sections have',
      'defaults d\ndefaults d\nbackend b from d\n',
      "alert 3: several defaults sections are called 'd'.",
    ],
    [
      'bytes before the first',
      `${LISTEN} http-request set-header a %[path,bytes(-1)]\n`,
      'offset must not be negative',
    ],
    [
      'no bytes at all',
      `${LISTEN} http-request set-header a %[path,bytes(0,0)]\n`,
      'length must be positive',
    ],
  ])('%s', (_what, text, message) => expect(said(text).join('\n')).toContain(message));

  it('an acl once: who uses it is not told again', () => {
    expect(said(`${LISTEN} acl a nope x\n http-request deny if a\n`)).toHaveLength(1);
  });
});

describe('what HAProxy warns of', () => {
  it('what requests alone could give, in mode tcp', () => {
    const text = `listen l\n bind :80\n ${TIMEOUTS} option forwardfor\n server s 1.2.3.4:5 cookie c\n`;
    expect(said(text)).toEqual([
      "warning -: 'option forwardfor' ignored for proxy 'l' as it requires HTTP mode.",
      "warning -: proxy 'l': ignoring cookie for server 's' as HTTP mode is disabled.",
    ]);
  });

  it('a log line of requests, in mode tcp', () => {
    const text = `defaults\n log 127.0.0.1 local0\n option httplog clf\nlisten l\n bind :80\n ${TIMEOUTS} server s 1.2.3.4:5\n`;
    const fallen = "not usable with proxy 'l' (needs 'mode http'). Falling back to 'option tcplog";
    expect(said(text).join()).toContain(`warning 3: 'option httplog clf' ${fallen} clf'.`);
    expect(said(text.replace(' clf', '')).join()).toContain(`warning 3: 'option httplog' ${fallen}'.`);
    expect(said(text.replace('http', 'tcp')).join()).not.toContain('not usable');
  });

  it('conditions on bytes below HTTP', () => {
    expect(
      said(
        `${LISTEN} http-request deny if REQ_CONTENT\n use_backend b if { req.len gt 5 }\nbackend b\n mode http\n`,
      ),
    ).toEqual([
      "warning -: proxy 'l': L6 sample fetches ignored on HTTP proxies (declared at x.cfg:8).",
      "warning -: proxy 'l': L6 sample fetches ignored on HTTP proxies (declared at x.cfg:7).",
    ]);
  });

  it.each([
    [
      'a bare number that is too small',
      'backend b\n timeout server 30\n',
      "'timeout server 30' is suspiciously small for a value in milliseconds.",
    ],
    [
      'the same between checks',
      `${LISTEN} server s 1.2.3.4:5 check inter 5\n`,
      "'server l/s : inter 5' is suspiciously small",
    ],
    [
      'a unit with a tail',
      'backend b\n timeout server 1min\n',
      "unexpected 'in' after the time '1m' is ignored.",
    ],
    [
      'a timeout said twice',
      `${LISTEN} timeout client 5s\n`,
      "overwriting 'timeout client' which was already specified",
    ],
    [
      'a rule behind one that always ends',
      `${LISTEN} http-request deny\n http-request allow\n`,
      'this one is never reached',
    ],
    [
      'an order that does not hold',
      `${LISTEN} http-request deny\n tcp-request content accept\n`,
      "a 'tcp-request content' rule placed after a 'http-request' rule will still be processed before.",
    ],
    [
      'a delay said twice',
      `${LISTEN} tcp-request inspect-delay 1s\n tcp-request inspect-delay 2s\n`,
      "ignoring 'tcp-request inspect-delay'",
    ],
  ])('%s', (_what, text, message) => {
    expect(said(text).join('\n')).toMatch(/^warning/);
    expect(said(text).join('\n')).toContain(message);
  });

  it.each([
    ['a condition', `${LISTEN} http-request deny if TRUE\n http-request allow\n`],
    [
      'a redirection that may be empty',
      `${LISTEN} http-request redirect location %[path] ignore-empty\n http-request allow\n`,
    ],
    ['a timeout of its own', `defaults\n timeout client 1s\nfrontend f\n bind :80\n timeout client 2s\n`],
    ['a capture in mode tcp', `listen l\n bind :80\n ${TIMEOUTS} capture request header a len 5\n`],
  ])('not of %s', (_what, text) => expect(said(text)).toEqual([]));

  it('a defaults section that is taken by name and by order', () => {
    expect(said(`defaults d\n ${TIMEOUTS}backend a from d\nbackend b\n`)).toEqual([
      "warning 6: defaults section 'd' (declared at x.cfg:1) is taken by its name elsewhere and by its position here.",
    ]);
  });
});
