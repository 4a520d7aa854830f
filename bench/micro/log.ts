/** What a log line costs: the hand-written HTTP line, the same through the general builder, and its header.
 *
 *   npx esbuild bench/micro/log.ts --bundle --platform=node --format=esm --outfile=/tmp/log.mjs && node /tmp/log.mjs
 */
import { Bench } from 'tinybench';
import { HTTP_FORMAT, namedLogFormats } from '../../src/log/formats.ts';
import { parseLogFormat } from '../../src/log/log-format.ts';
import { LogWriter } from '../../src/log/syslog.ts';
import type { LogLine } from '../../src/model/proxy.ts';
import * as abi from '../../src/native/abi.ts';
import { policyBench } from '../../test/tool/policy-stream.ts';
import { TestContext } from '../../test/tool/rule-context.ts';

const bench = policyBench('GET /dir/file.html?query=1 HTTP/1.1\r\nhost: example.org\r\n\r\n');
const { stream, web, app, server, configuration } = bench;
const words = new Uint32Array(abi.EVENT_END_WORDS);
words[abi.X_REQUEST_SEC] = Math.floor(Date.now() / 1000);
words[abi.X_STATUS] = 200;
words[abi.X_T_CLOSE] = 3;
stream.end = words;
stream.backend = app;
stream.server = server;
web.logFormatKind = 'http';
Object.assign(configuration.global, { logTag: 'haproxy' });
const format = namedLogFormats(configuration)(web);
const general = parseLogFormat({ text: HTTP_FORMAT, column: 0 }, new TestContext(bench, 'log'));
const writer = new LogWriter(configuration);
const line: LogLine = {
  target: 0,
  facility: 16,
  maxLevel: 7,
  minLevel: 0,
  maxLength: 1024,
  format: 'default',
};
const text = format.build(stream);
// A string that nobody reads stays a tree of pieces: the engine's write flattens it, so the bench does too.
const out = Buffer.alloc(4096) as Buffer & { latin1Write(text: string, at: number): number };

const suite = new Bench({ time: 500 });
suite
  .add('httplog, hand-written', () => {
    words[abi.X_REQUEST_MS] = ((words[abi.X_REQUEST_MS] as number) + 1) % 1000;
    out.latin1Write(format.build(stream), 0);
  })
  .add('httplog, general builder', () => {
    words[abi.X_REQUEST_MS] = ((words[abi.X_REQUEST_MS] as number) + 1) % 1000;
    out.latin1Write(general?.build(stream) ?? '', 0);
  })
  .add('syslog header', () => {
    out.latin1Write(writer.format(line, 6, text, undefined, 1795252916), 0);
  })
  .add('line and header', () => {
    words[abi.X_REQUEST_MS] = ((words[abi.X_REQUEST_MS] as number) + 1) % 1000;
    out.latin1Write(writer.format(line, 6, format.build(stream), undefined, 1795252916), 0);
  });
await suite.run();
console.table(suite.table());
