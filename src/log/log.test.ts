/** Log lines of one finished request, format by format; what HAProxy 3.5 writes for the same figures. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { policyBench } from '../../test/tool/policy-stream.ts';
import { TestContext } from '../../test/tool/rule-context.ts';
import type { LogLine } from '../model/proxy.ts';
import * as abi from '../native/abi.ts';
import { aliases } from './aliases.ts';
import { HTTP_CLF_FORMAT, HTTP_FORMAT, namedLogFormats, TCP_CLF_FORMAT, TCP_FORMAT } from './formats.ts';
import { parseLogFormat } from './log-format.ts';
import { LOG_FACILITIES, LOG_LEVELS, LogWriter } from './syslog.ts';

const REQUEST = 'GET /a"b?x=1 HTTP/1.1\r\nhost: example.org\r\nx-q: say "hi]"\r\n\r\n';
const ACCEPT = 1_795_252_916;

/** A request that was accepted, idle 5 ms, read in 1, queued 2, connected in 3, answered after 10, over after 30. */
function finished() {
  const bench = policyBench(REQUEST);
  const { stream, web, app, server } = bench;
  const words = new Uint32Array(40);
  const set = (word: number, value: number): void => {
    words[8 + word] = value;
  };
  set(abi.X_TERM, 0);
  set(abi.X_STATUS, 200);
  set(abi.X_BYTES_OUT_LO, 1234);
  set(abi.X_BYTES_IN_LO, 77);
  set(abi.X_ACCEPT_SEC, ACCEPT);
  set(abi.X_ACCEPT_MS, 61);
  set(abi.X_REQUEST_SEC, ACCEPT);
  set(abi.X_REQUEST_MS, 66);
  set(abi.X_T_IDLE, 5);
  set(abi.X_T_REQUEST, 6);
  set(abi.X_T_QUEUE, 8);
  set(abi.X_T_CONNECT, 11);
  set(abi.X_T_DATA, 21);
  set(abi.X_T_CLOSE, 30);
  set(abi.X_ACTCONN, 4);
  set(abi.X_FECONN, 3);
  set(abi.X_BECONN, 2);
  set(abi.X_SRVCONN, 1);
  stream.end = words;
  stream.endOffset = 8;
  stream.backend = app;
  stream.server = server;
  stream.request.detach();
  return { ...bench, web, set };
}

/** With the date taken out, which is local. */
function built(format: string, change?: (bench: ReturnType<typeof finished>) => void): string | undefined {
  const bench = finished();
  const context = new TestContext(bench, 'log');
  change?.(bench);
  const compiled = parseLogFormat({ text: format, column: 0 }, context);
  expect(context.said).toEqual([]);
  return compiled?.build(bench.stream).replace(/\[[^\]]*\/Nov\/2026:[^\]]*\]/, '[date]');
}

describe('log formats', () => {
  it('show the request line behind the empty lines before it (RFC 9112 2.2)', () => {
    const line = built(HTTP_FORMAT, ({ stream }) => {
      stream.request.text = `\r\n\r\n${REQUEST}`;
    });
    expect(line).toBe(built(HTTP_FORMAT));
    expect(line).toMatch(/"GET \/a.*HTTP\/1.1"$/);
  });

  it('writes the HTTP line', () => {
    expect(built(HTTP_FORMAT)).toBe(
      '127.0.0.1:40000 [date] web app/s1 1/2/3/10/25 200 1234 - - ---- 4/3/2/1/0 0/0 "GET /a#22b?x=1 HTTP/1.1"',
    );
  });

  it('writes the TCP line', () => {
    expect(built(TCP_FORMAT)).toBe('127.0.0.1:40000 [date] web app/s1 2/3/30 1234 -- 4/3/2/1/0 0/0');
  });

  it('writes the CLF lines', () => {
    expect(built(HTTP_CLF_FORMAT)).toBe(
      '127.0.0.1 - - [date] "GET /a#22b?x=1 HTTP/1.1" 200 1234 "" "" 40000 061 "web" "app" "s1" ' +
        '1 2 3 10 25 ---- 4 3 2 1 0 0 0 "" "" ',
    );
    expect(built(TCP_CLF_FORMAT)).toBe(
      '127.0.0.1 - - [date] "TCP " 000 1234 "" "" 40000 061 "web" "app" "s1" 0 2 3 30 77 ---- 4 3 2 1 0 0 0 "" "" ',
    );
  });

  it('shows captures, retries, redispatches, and what was never reached', () => {
    const line = built(HTTP_FORMAT, ({ stream, web, set }) => {
      web.requestCaptures.push({ name: 'a', length: 9 }, { name: 'b', length: 9 });
      web.responseCaptures.push({ name: 'c', length: 9 });
      stream.requestCaptures = [undefined, 'x|y'];
      stream.retries = 3;
      stream.redispatched = true;
      stream.termination = 'sC';
      stream.localStatus = 503;
      stream.server = undefined;
      set(abi.X_T_CONNECT, abi.NONE);
      set(abi.X_T_DATA, abi.NONE);
      set(abi.X_BYTES_OUT_LO, 0);
    });
    expect(line).toBe(
      '127.0.0.1:40000 [date] web app/<NOSRV> 1/2/-1/-1/25 503 0 - - sC-- 4/3/2/1/+3 0/0 {|x#7Cy} {} "GET /a#22b?x=1 HTTP/1.1"',
    );
  });

  it('says <BADREQ> of a request that was not understood', () => {
    const line = built('%ST %{+Q}r %HM %HU %HV %HP %HQ', ({ stream }) => {
      stream.request.reset();
      stream.request.version = 0;
      stream.localStatus = 400;
    });
    expect(line).toBe('400 "<BADREQ>" <BADREQ> <BADREQ> <BADREQ> <BADREQ> <BADREQ>');
  });

  it.each([HTTP_FORMAT, TCP_FORMAT])('hand-written equals the general builder: %s', (format) => {
    const bench = finished();
    const kind = format === HTTP_FORMAT ? 'http' : 'tcp';
    bench.web.logFormatKind = kind;
    bench.web.requestCaptures.push({ name: 'a', length: 9 });
    const general = parseLogFormat({ text: format, column: 0 }, new TestContext(bench, 'log'));
    const byName = namedLogFormats(bench.configuration)(bench.web);
    expect(byName.build(bench.stream)).toBe(general?.build(bench.stream));
    bench.set(abi.X_T_IDLE, abi.NONE);
    bench.set(abi.X_T_REQUEST, abi.NONE);
    bench.set(abi.X_T_QUEUE, abi.NONE);
    bench.stream.termination = 'CR';
    expect(byName.build(bench.stream)).toBe(general?.build(bench.stream));
  });

  it.each([
    ['%b %s  %f  end', 'app s1 web end'],
    ['%[fe_name]|%[fe_id]|%[always_true]', 'web|2|1'],
    ['%{+Q}[fe_name] %{+Q}s %{-Q}b', '"web" "s1" app'],
    ['%{+Q}o %s %{-Q}s %[fe_name] %ft', '"s1" s1 "web" "web"'],
    ['%[capture.req.hdr(0)]', '-'],
    ['%{+Q}[capture.req.hdr(0)]', '""'],
    ['%{-M}[capture.req.hdr(0)]x', 'x'],
    ['%{+X}ci %{+X}cp %{+X}Ts %{+X}ms', '7F000001 9C40 6B0162B4 3D'],
    ['100%% %ST', '100% 200'],
    ["%{+E}[str('a\"b]c')]", 'a\\"b\\]c'],
    ['%HM %HP %HPO %HQ %HU %HV', 'GET /a#22b /a#22b ?x=1 /a#22b?x=1 HTTP/1.1'],
    ['%Tt %Tq %Ti %TR %Tw %Tc %Tr %Td %Ta %Tu %Th', '30 6 5 1 2 3 10 9 25 25 0'],
    ['%U %B %ac %fc %bc %sc %rc %sq %bq', '77 1234 4 3 2 1 0 0 0'],
    ['%ts %tsc %ms %Ts', '-- ---- 061 1795252916'],
    ['%hr %hs %hrl %hsl.', '.'],
    ['%fi:%fp %ft %ID %CC', '127.0.0.1:8080 web - -'],
    ['%[str(a%5Db),url_dec]', 'a]b'],
    [
      '%{+json}o %(method)HM %(status)ST %(ok)[bool(true)] %(n:str)[int(5)] %(q)[str(a\\"b)] %s',
      '{"method": "GET", "status": 200, "ok": true, "n": "5", "q": "a\\"b"}',
    ],
    [
      '%{+cbor}o %(s)ST %(t)b %(m)HM %(e)[capture.req.hdr(0)] %(ok)[bool(true)] %(n)[int(-500)] %(b)[bin(6162)] %(ts)ts',
      'BF617318C8617463617070616D7F63474554FF6165F6626F6BF5616E3901F361624261626274736 22D2DFF'.replace(
        ' ',
        '',
      ),
    ],
  ])('%s', (format, expected) => {
    expect(built(format)).toBe(expected);
  });

  it('keeps blanks and percents for header values', () => {
    const bench = finished();
    const context = new TestContext(bench, 'http-response');
    const format = parseLogFormat({ text: ' a  %[str("x\\ty\\nz")] %[res.hdr(none)].', column: 0 }, context, {
      use: 'http',
    });
    expect(format?.build(bench.stream)).toBe(' a  x\ty%0Az .');
    expect(parseLogFormat({ text: 'fixed  text', column: 0 }, context, { use: 'http' })?.constant).toBe(
      'fixed  text',
    );
  });

  it.each([
    [
      '%zz',
      "failed to parse log-format : no such format alias 'zz'. If you wanted to emit the '%' character verbatim, you need to use '%%'.",
    ],
    ['%{+Z}b', "failed to parse log-format : unknown flag '+Z' in '%{+Z}'."],
    ['%[fe_nam]', "unknown fetch method 'fe_nam'; did you mean 'fe_name' maybe? in expression 'fe_nam'."],
    ['%[fe_name', "failed to parse log-format : missing ']' after '[fe_name'."],
    [
      '%[path]',
      "sample fetch <path> may not be reliably used here because it needs 'HTTP request headers' which is not available here.",
    ],
    ['%(a:int)ST', "failed to parse log-format : unexpected output type 'int'."],
  ])('refuses %s', (format, message) => {
    const bench = finished();
    const context = new TestContext(bench, 'log');
    expect(parseLogFormat({ text: format, column: 0 }, context)).toBe(undefined);
    expect(context.said[0]?.message).toBe(message);
  });
});

describe('the page', () => {
  it('lists every alias and no other', () => {
    const page = readFileSync(new URL('./log-format.md', import.meta.url), 'utf8');
    const listed = [...page.matchAll(/^\| `%(\w+)` \|/gm)].map((row) => row[1]);
    expect(listed.sort()).toEqual(aliases.map(({ name }) => name).sort());
  });
});

describe('headers', () => {
  const line = (format: LogLine['format'], maxLength = 1024): LogLine => ({
    target: 0,
    facility: LOG_FACILITIES.indexOf('local0'),
    maxLevel: 7,
    minLevel: 0,
    maxLength,
    format,
  });
  const info = LOG_LEVELS.indexOf('info');

  it.each([
    ['default', undefined, `<134>DATE sluice[PID]: text\n`],
    ['default', 'gate', `<134>DATE gate sluice[PID]: text\n`],
    ['local', 'gate', `<134>DATE sluice[PID]: text\n`],
    ['rfc3164', undefined, `<134>DATE localhost sluice[PID]: text\n`],
    ['rfc5424', undefined, `<134>1 ISO - sluice PID - - text\n`],
    ['rfc5424', 'gate', `<134>1 ISO gate sluice PID - - text\n`],
    ['priority', undefined, `<134>text\n`],
    ['short', undefined, `<6>text\n`],
    ['timed', undefined, `<6>ISO text\n`],
    ['iso', undefined, `ISO text\n`],
    ['raw', undefined, `text\n`],
  ] as const)('%s with host %s', (format, host, expected) => {
    const bench = policyBench(REQUEST);
    Object.assign(bench.configuration.global, { logTag: 'sluice', logSendHostname: host });
    const text = new LogWriter(bench.configuration).format(line(format), info, 'text', undefined, ACCEPT);
    const shown = text
      .replace(/[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d/, 'DATE')
      .replace(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}[+-]\d\d:\d\d/, 'ISO')
      .replace(String(process.pid), 'PID');
    expect(shown).toBe(expected);
  });

  it('cuts a line to its length, line feed included', () => {
    const bench = policyBench(REQUEST);
    const writer = new LogWriter(bench.configuration);
    expect(writer.format(line('raw', 8), info, '0123456789', undefined, ACCEPT)).toBe('0123456\n');
  });
});
