/** The examples of every page, asked of a real haproxy. What an older one does not know is left out there. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import { freePort } from '../../test/tool/free-port.ts';
import { type KeywordPage, type PageExample, readPage } from '../../test/tool/keyword-page.ts';
import { testWith } from '../../test/tool/peer.ts';
import { startProxy } from '../../test/tool/proxy.ts';
import { ask } from '../../test/tool/raw-socket.ts';
import { answering, scriptedServer } from '../../test/tool/scripted-server.ts';

function pagesIn(folder: string): KeywordPage[] {
  const url = new URL(`./${folder}/`, import.meta.url);
  return readdirSync(url)
    .filter((name) => name.endsWith('.md'))
    .map((name) => readPage(`src/sample/${folder}/${name}`, readFileSync(new URL(name, url), 'utf8')));
}

interface Question {
  readonly examples: readonly PageExample[];
  readonly listen: string;
  readonly server: number;
  readonly results: string;
}

/** What changed between Debian's 2.6 and 3.5: proxy numbers, bracketed addresses, captures without `capture` lines, and words
 * that were empty where they are now missing. */
const CHANGED_SINCE_2_6: readonly string[] = [
  'str(012),bytes(-1)',
  'str(f1_f2_f3__f5),word(5,_)',
  'capture.req.method',
  'capture.req.uri',
  'res.hdr_ip(x-via)',
  'shdr_ip(x-via)',
  'fe_id',
  'be_id',
];

function isOld(haproxy: string): boolean {
  return /version [12]\./.test(spawnSync(haproxy, ['-v'], { encoding: 'utf8' }).stdout);
}

/** Line of the first example in it. */
const FIRST_RULE_LINE = 12;

/** Each example sets a variable; the answer lists them, a line each. */
function configuration(page: KeywordPage, question: Question): string {
  const rules = page.response === undefined ? 'http-request' : 'http-response';
  const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;
  return [
    'defaults',
    '  mode http',
    '  timeout client 5s',
    '  timeout server 5s',
    '  timeout connect 5s',
    'frontend web',
    `  bind 127.0.0.1:${question.listen} name main`,
    '  default_backend app',
    '  option http-buffer-request',
    '  acl yes always_true',
    '  acl no always_false',
    ...question.examples.map(({ expression }, i) => `  ${rules} set-var(txn.r${i}) ${quoted(expression)}`),
    `  ${rules} return status 200 content-type text/plain lf-file ${question.results}`,
    'backend app',
    `  server s1 127.0.0.1:${question.server}`,
    '',
  ].join('\n');
}

/** Examples whose line haproxy accepts: an older one does not know all keywords, and stops at the first it does not. */
function accepted(
  haproxy: string,
  page: KeywordPage,
  question: Question,
  folder: string,
): readonly PageExample[] {
  const path = join(folder, 'check.cfg');
  const left = [...question.examples];
  for (;;) {
    writeFileSync(path, configuration(page, { ...question, examples: left }));
    const check = spawnSync(haproxy, ['-c', '-f', path], { encoding: 'utf8' });
    const refused = /ALERT.*parsing \[[^\]]*:(\d+)\]/.exec(check.stderr);
    if (check.status === 0 || refused === null) return left;
    left.splice(Number(refused[1]) - FIRST_RULE_LINE, 1);
  }
}

/** Figures that haproxy knows in the middle of a stream and Sluice at its end: their pages say so; and those of a PROXY protocol
 * header, which this client does not send. */
const isAsked = (page: KeywordPage): boolean => !/\/(exchange|proxy-protocol)/.test(page.path);

for (const page of [...pagesIn('converters'), ...pagesIn('fetches')].filter(isAsked)) {
  testWith(['haproxy'], page.path, async ([haproxy]) => {
    const folder = mkdtempSync(join(tmpdir(), 'sluice-pages-'));
    const results = join(folder, 'results.txt');
    const server = await scriptedServer(
      answering(page.response ?? 'HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n'),
    );
    const listen = await freePort();
    const all = { examples: page.examples, listen: String(listen), server: server.port, results };
    writeFileSync(results, '');
    const examples = accepted(haproxy as string, page, all, folder);
    writeFileSync(results, examples.map((_, i) => `%[var(txn.r${i},'<not found>')]\n`).join(''));
    await startProxy({
      cfg: configuration(page, { ...all, examples, listen: '${port:web}' }),
      program: haproxy as string,
      ports: { web: listen },
    });
    const answer = await ask(listen, page.request);
    const lines = answer.body.toString('utf8').split('\n');
    const wrong = examples
      .map(({ line, expression, expected }, i) => ({ line, expression, expected, got: lines[i] }))
      .filter(({ expected, got }) => expected.trim() !== got?.trim())
      .filter(({ expression }) => !isOld(haproxy as string) || !CHANGED_SINCE_2_6.includes(expression));
    expect(wrong).toEqual([]);
    rmSync(folder, { recursive: true });
  });
}
