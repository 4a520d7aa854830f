/** The same patterns and subjects, asked of a real haproxy's PCRE2 through `-m reg`. */
import { expect } from 'vitest';
import { freePort } from '../../test/tool/free-port.ts';
import { testWith } from '../../test/tool/peer.ts';
import { startProxy } from '../../test/tool/proxy.ts';
import { ask } from '../../test/tool/raw-socket.ts';
import { regexCases } from './regex-cases.ts';

/** In groups: a configuration line sets one variable, the answer lists them. */
const questions = regexCases
  // A file of a test is UTF-8: a single byte above 127 cannot be written into it. Acls of haproxy capture no unnamed groups.
  .filter(([pattern]) => /^[\x00-\x7f]*$/.test(pattern) && !/\\1|\\g/.test(pattern))
  .flatMap(([pattern, yes, no]) => [
    ...yes.map((subject) => ({ pattern, subject, matches: true })),
    ...no.map((subject) => ({ pattern, subject, matches: false })),
  ]);

function configuration(): string {
  const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;
  const rules = questions.map(({ pattern, subject }, i) => {
    const hex = Buffer.from(subject, 'latin1').toString('hex');
    const sample = hex === '' ? 'str()' : `bin(${hex})`;
    return `  http-request set-var(sess.r${i}) bool(true) if { ${sample} -m reg -- ${quoted(pattern)} }`;
  });
  return [
    'defaults',
    '  mode http',
    '  timeout client 60s',
    '  timeout server 60s',
    '  timeout connect 60s',
    'frontend web',
    '  bind 127.0.0.1:${port:web}',
    ...rules,
    ...questions.map(
      (_, i) => `  http-request return status 200 if { url_param(q) ${i} } { var(sess.r${i}) -m bool }`,
    ),
    '  http-request return status 404',
    '',
  ].join('\n');
}

testWith(['haproxy'], 'patterns mean the same to PCRE2', async ([haproxy]) => {
  const port = await freePort();
  await startProxy({ cfg: configuration(), program: haproxy as string, ports: { web: port } });
  const wrong: unknown[] = [];
  for (const [i, { pattern, subject, matches }] of questions.entries()) {
    const { status } = await ask(port, `GET /?q=${i} HTTP/1.1\r\nhost: x\r\n\r\n`);
    if ((status === 200) !== matches) wrong.push({ pattern, subject, matches });
  }
  expect(wrong).toEqual([]);
});
