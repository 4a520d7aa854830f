/** What each rule makes of one request or response, and what wrong rules say. The results are HAProxy 3.5's. */
import { describe, expect, it } from 'vitest';
import { policyBench } from '../../test/tool/policy-stream.ts';
import { TestContext } from '../../test/tool/rule-context.ts';
import { ACTION_CONTINUE, ACTION_DONE, ACTION_STOP, ACTION_WAIT, type RuleSet } from '../model/rules.ts';
import type { Stream } from '../model/stream.ts';
import * as abi from '../native/abi.ts';
import { parseRule } from './parse.ts';

const REQUEST =
  'GET /a/b?c=d HTTP/1.1\r\nhost: example.org\r\nx-h: abc, b1,b2\r\nx-h: zz\r\ncookie: s=1\r\n\r\n';
const RESPONSE = 'HTTP/1.1 200 OK\r\nserver: quick\r\nset-cookie: a=b\r\ncontent-length: 0\r\n\r\n';

function run(ruleSet: RuleSet, rule: string) {
  const isResponse = ruleSet.startsWith('http') && ruleSet !== 'http-request';
  const bench = policyBench(REQUEST, isResponse ? RESPONSE : undefined);
  const context = new TestContext(bench, ruleSet);
  context.files.set('empty.http', '');
  context.files.set('page.http', 'HTTP/1.0 503 Busy\r\ncontent-type: text/plain\r\n\r\nlater');
  context.files.set('body.txt', 'from a file');
  const compiled = parseRule(ruleSet, context.cursor(rule), context);
  return { ...bench, context, compiled, outcome: compiled?.action.run(bench.stream) };
}

/** Start line and fields as they would be sent. */
function head(stream: Stream, isResponse: boolean): string {
  const message = isResponse ? stream.response : stream.request;
  const lines = [isResponse ? `${message.status} ${message.reason}` : `${message.method} ${message.target}`];
  for (let i = 0; i < message.fieldEnd; i++) {
    if (!message.isDeleted(i)) lines.push(`${message.fieldName(i)}: ${message.fieldValue(i)}`);
  }
  return lines.join('|');
}

const FIELDS = 'host: example.org|x-h: abc, b1,b2|x-h: zz|cookie: s=1';

describe('actions on a request', () => {
  it.each([
    ['set-header Connection close', true],
    ['add-header connection "keep-alive, Close"', true],
    ['set-header connection closed', false],
    ['set-header x-h close', false],
  ])('%s: asks for the end of the server connection: %s', (rule, asks) => {
    expect(run('http-request', rule).stream.request.asksClose).toBe(asks);
  });

  it.each([
    ['set-header X-New a%[path]b', `GET /a/b?c=d|${FIELDS}|x-new: a/a/bb`],
    ['set-header x-h "%[req.hdr(x-h)]!"', 'GET /a/b?c=d|host: example.org|cookie: s=1|x-h: zz!'],
    ['add-header x-h more', `GET /a/b?c=d|${FIELDS}|x-h: more`],
    ['del-header x-h', 'GET /a/b?c=d|host: example.org|cookie: s=1'],
    ['del-header X- -m beg', 'GET /a/b?c=d|host: example.org|cookie: s=1'],
    ['del-header o -m sub', 'GET /a/b?c=d|x-h: abc, b1,b2|x-h: zz'],
    ['del-header ^(x-h|host)$ -m reg', 'GET /a/b?c=d|cookie: s=1'],
    [
      'replace-header x-h (.*)b1(.*) [\\\\2-\\\\1]',
      'GET /a/b?c=d|host: example.org|x-h: [,b2-abc, ]|x-h: zz|cookie: s=1',
    ],
    ['replace-value x-h ^b(.)$ B\\\\1', 'GET /a/b?c=d|host: example.org|x-h: abc, B1,B2|x-h: zz|cookie: s=1'],
    ['set-path /new', `GET /new?c=d|${FIELDS}`],
    ['set-pathq /new?y', `GET /new?y|${FIELDS}`],
    ['set-query q=2', `GET /a/b?q=2|${FIELDS}`],
    ['set-query %[str()]', `GET /a/b?|${FIELDS}`],
    [
      'set-uri http://u@other:81/u?v',
      `GET http://u@other:81/u?v|${FIELDS.replace('example.org', 'other:81')}`,
    ],
    ['set-method POST', `POST /a/b?c=d|${FIELDS}`],
    ['set-method "BAD METHOD"', `GET /a/b?c=d|${FIELDS}`],
    ['replace-path (.*)/b(.*) /x\\\\1\\\\2', `GET /x/a?c=d|${FIELDS}`],
    ['replace-pathq /a(.*) \\\\1', `GET /b?c=d|${FIELDS}`],
    ['replace-uri ^/a /z', `GET /z|${FIELDS}`],
    ['replace-uri ^/nope /z', `GET /a/b?c=d|${FIELDS}`],
  ])('%s', (rule, expected) => {
    const { stream, context, outcome } = run('http-request', rule);
    expect(context.said).toEqual([]);
    expect(outcome).toBe(ACTION_CONTINUE);
    expect(head(stream, false)).toBe(expected);
  });
});

describe('actions on a response', () => {
  it.each([
    ['set-status 404', '404 Not Found|server: quick|set-cookie: a=b|content-length: 0'],
    ['set-status 299 reason "My own"', '299 My own|server: quick|set-cookie: a=b|content-length: 0'],
    ['del-header server', '200 OK|set-cookie: a=b|content-length: 0'],
    ['set-header via x%%', '200 OK|server: quick|set-cookie: a=b|content-length: 0|via: x%'],
    [
      'replace-header set-cookie (.*)=(.*) \\\\1=\\\\2;secure',
      '200 OK|server: quick|set-cookie: a=b;secure|content-length: 0',
    ],
  ])('%s', (rule, expected) => {
    const { stream, context } = run('http-response', rule);
    expect(context.said).toEqual([]);
    expect(head(stream, true)).toBe(expected);
  });
});

describe('answers', () => {
  const answer = (ruleSet: RuleSet, rule: string) => {
    const { stream, context, outcome } = run(ruleSet, rule);
    expect(context.said).toEqual([]);
    expect(outcome).toBe(ACTION_DONE);
    const { reply } = stream;
    const message = reply?.message;
    if (message === undefined)
      return `${reply?.status} ${reply?.termination} page${reply?.isDefaultPage ? ' default' : ''}`;
    const fields = message.names.map((name, i) => `${name}: ${message.values[i]}`).join('|');
    return `${message.status} ${message.reason} ${reply?.termination}|${fields}|${message.body.toString('latin1')}`;
  };

  it.each([
    ['http-request', 'deny', '403 PR page'],
    ['http-request', 'deny deny_status 429', '429 PR page'],
    [
      'http-request',
      'deny status 403 content-type text/plain string "no way" hdr x-a "%[path]"',
      '403 Forbidden PR|x-a: /a/b|content-length: 6|content-type: text/plain|no way',
    ],
    [
      'http-request',
      'deny errorfile page.http',
      '503 Busy PR|content-length: 5|content-type: text/plain|later',
    ],
    // Sent as no answer at all.
    ['http-request', 'deny deny_status 500 errorfile empty.http', '0  PR||'],
    ['http-request', 'return hdr x-a "%[req.hdr(none)]"', '200 OK LR|content-length: 0|'],
    ['http-response', 'deny', '502 PH page'],
    ['http-request', 'return', '200 OK LR|content-length: 0|'],
    ['http-request', 'return status 404', '404 Not Found LR|content-length: 0|'],
    ['http-request', 'return status 404 default-errorfiles', '404 LR page default'],
    ['http-request', 'return status 204', '204 No Content LR||'],
    [
      'http-request',
      'return content-type text/plain lf-string "hi %[path]" hdr x-b c',
      '200 OK LR|x-b: c|content-length: 7|content-type: text/plain|hi /a/b',
    ],
    [
      'http-request',
      'return content-type text/plain file body.txt',
      '200 OK LR|content-length: 11|content-type: text/plain|from a file',
    ],
    [
      'http-response',
      'return status 503 content-type t/x string abc',
      '503 Service Unavailable LH|content-length: 3|content-type: t/x|abc',
    ],
    [
      'http-request',
      'redirect location /loc',
      '302 Found LR|content-length: 0|location: /loc|cache-control: no-cache|',
    ],
    [
      'http-request',
      'redirect location /loc?a keep-query',
      '302 Found LR|content-length: 0|location: /loc?a&c=d|cache-control: no-cache|',
    ],
    [
      'http-request',
      'redirect code 301 prefix http://x.y',
      '301 Moved Permanently LR|content-length: 0|location: http://x.y/a/b?c=d|',
    ],
    [
      'http-request',
      'redirect prefix / drop-query append-slash',
      '302 Found LR|content-length: 0|location: /a/b/|cache-control: no-cache|',
    ],
    [
      'http-request',
      'redirect scheme https code 307',
      '307 Temporary Redirect LR|content-length: 0|location: https://example.org/a/b?c=d|cache-control: no-cache|',
    ],
    [
      'http-request',
      'redirect location /l set-cookie a=b code 303',
      '303 See Other LR|content-length: 0|location: /l|cache-control: no-cache|set-cookie: a=b; path=/;|',
    ],
    [
      'http-request',
      'redirect location /l clear-cookie a= code 308',
      '308 Permanent Redirect LR|content-length: 0|location: /l|set-cookie: a=; path=/; Max-Age=0;|',
    ],
    [
      'http-response',
      'redirect location /x',
      '302 Found LH|content-length: 0|location: /x|cache-control: no-cache|',
    ],
  ] as const)('%s %s', (ruleSet, rule, expected) => {
    expect(answer(ruleSet, rule)).toBe(expected);
  });

  it('holds a tarpit back', () => {
    const { stream } = run('http-request', 'tarpit deny_status 400');
    expect([stream.reply?.status, stream.reply?.termination, stream.tarpitMs]).toEqual([400, 'PT', 5000]);
  });

  it('ignores an empty location when asked', () => {
    expect(run('http-request', 'redirect location %[req.hdr(none)] ignore-empty').outcome).toBe(
      ACTION_CONTINUE,
    );
  });

  it('ends streams unanswered', () => {
    const rejected = run('http-request', 'reject');
    expect([rejected.outcome, rejected.stream.reply, rejected.stream.termination]).toEqual([
      ACTION_DONE,
      undefined,
      'PR',
    ]);
    expect(run('tcp-request content', 'silent-drop').stream.abortHow).toBe(abi.ABORT_SILENT);
    expect(run('tcp-request connection', 'accept').outcome).toBe(ACTION_STOP);
    expect(run('http-response', 'allow').outcome).toBe(ACTION_STOP);
  });
});

describe('variables, captures, timers', () => {
  it('sets, guards and forgets variables', () => {
    const { stream } = run('http-request', 'set-var(txn.p) path,upper');
    expect(stream.variables?.get('txn.p')).toBe('/A/B');
    expect(run('http-request', 'set-var(txn.p) req.hdr(none)').stream.variables).toBe(undefined);
    expect(run('http-request', 'set-var(txn.p,ifexists) path').stream.variables?.get('txn.p')).toBe(
      undefined,
    );
    expect(run('http-request', 'set-var(txn.p,ifnotexists) path').stream.variables?.get('txn.p')).toBe(
      '/a/b',
    );
    expect(
      run('http-request', 'set-var-fmt(sess.f) "%[method] %[path]"').stream.session.variables?.get('sess.f'),
    ).toBe('GET /a/b');
    expect(run('http-request', 'unset-var(txn.x)').outcome).toBe(ACTION_CONTINUE);
  });

  it('captures into a slot of its own length', () => {
    const { stream, web } = run('http-request', 'capture req.hdr(host) len 4');
    expect(web.requestCaptures).toEqual([{ name: '', length: 4 }]);
    expect(stream.requestCaptures).toEqual(['exam']);
  });

  it('commands a timeout', () => {
    const { engine } = run('http-request', 'set-timeout server 30s');
    expect([...engine.commands.slice(0, 5)]).toEqual([abi.CMD_TIMEOUT, 1, 1, abi.TIMEOUT_SERVER, 30000]);
  });

  it('waits for a body until it is there or the time is over', () => {
    const { compiled, stream } = run('http-request', 'wait-for-body time 5s at-least 10');
    stream.eventFlags = 0;
    stream.bodyLength = 3;
    expect(compiled?.action.run(stream)).toBe(ACTION_WAIT);
    expect([stream.waitMs, stream.waitBytes]).toEqual([5000, 10]);
    stream.wakeReason = abi.WAKE_BYTES;
    stream.bodyLength = 10;
    expect(compiled?.action.run(stream)).toBe(ACTION_CONTINUE);
    stream.bodyLength = 4;
    stream.wakeReason = abi.WAKE_DEADLINE;
    expect(compiled?.action.run(stream)).toBe(ACTION_DONE);
    expect(stream.reply?.status).toBe(408);
  });

  it('sets the log level', () => {
    expect(run('http-request', 'set-log-level silent').stream.logLevel).toBe(-1);
    expect(run('http-response', 'set-log-level err').stream.logLevel).toBe(3);
  });
});

describe('wrong rules', () => {
  it.each([
    ['denny', "alert: 'http-request' does not know the action 'denny'; did you mean 'deny' maybe?"],
    [
      'track-sc0 src',
      "notice: 'http-request track-sc0' is known to HAProxy but not built yet; the rule is ignored.",
    ],
    ['set-header', "alert: 'http-request set-header' expects a header name, but the rule ends here."],
    ['set-header a', "alert: 'http-request set-header' expects a value, but the rule ends here."],
    ['set-header a if TRUE', "alert: 'http-request set-header' expects a value, but the rule ends here."],
    ['set-header a b c', "alert: 'http-request set-header' expects 'if' or 'unless' here, not 'c'."],
    ['deny iff TRUE', "alert: 'iff' is not a keyword of deny."],
    ['deny deny_status 418', "alert: status code '418' has no error page."],
    ['deny status 20', "alert: 'status' expects an integer between 200 and 599, not '20'."],
    ['return string x', 'alert: a content type must be defined when non-empty payload is configured.'],
    ['return default-errorfiles string x', "alert: 'string' is incompatible with 'default-errorfiles'."],
    ['redirect code 301', "alert: redirect expects 'location', 'prefix' or 'scheme'."],
    ['redirect location / code 305', "alert: 'code' : unsupported HTTP code '305'."],
    ['replace-header a ( b', "alert: regex '(' is refused (missing ')', at character 2)."],
    [
      'set-var(x) path',
      "alert: invalid variable name 'x': it must begin with its scope (proc, sess, txn, req, res, check) and a dot.",
    ],
    ['set-var(txn.x,foo) path', "alert: unknown condition 'foo' of set-var(txn.x,foo)."],
    ['set-log-level inf', "alert: 'inf' is not a log level; did you mean 'info' maybe?."],
    ['set-timeout foo 5', "alert: 'foo' is not a timeout that can be set here."],
    ['capture path', "alert: 'http-request capture' expects 'len' or 'id', but the rule ends here."],
    ['wait-for-body', "alert: 'wait-for-body' expects 'time <time>'."],
    [
      'set-header x %[status]',
      "alert: sample fetch <status> may not be reliably used here because it needs 'HTTP response' which is not available here.",
    ],
    ['', "alert: 'http-request' expects an action, but the line ends here."],
  ])('%s', (rule, expected) => {
    const { context, compiled } = run('http-request', rule);
    expect(compiled).toBe(undefined);
    expect(context.said.map(({ severity, message }) => `${severity}: ${message}`)[0]).toBe(expected);
  });
});
