/** What a proof says: the table, the sentences, the verdict. */
import { expect, test } from 'vitest';
import { adviceOn } from './advice.ts';
import { newAsk } from './asks.ts';
import type { Proof, ProofRow } from './proof.ts';
import { isProven, proofJson, proofText } from './proof-report.ts';
import type { Rewritten } from './rewrite.ts';
import type { Move } from './storm.ts';
import { countAnswer, countFailure, type Failure, newTally } from './tally.ts';

function row(
  brand: string,
  move: Move,
  failed: Partial<Record<Failure, number>> = {},
  completed = 10,
): ProofRow {
  const keepAlive = newTally('keep-alive');
  const oneShot = newTally('one-shot');
  keepAlive.requests = 1000;
  oneShot.requests = 1000;
  countAnswer(keepAlive, 5, 3);
  for (const [failure, count] of Object.entries(failed)) {
    for (let i = 0; i < count; i++) countFailure(keepAlive, i, failure as Failure, 'detail');
  }
  const result = {
    move,
    asked: completed,
    completed,
    failed: 0,
    tookMs: [],
    seconds: 5,
    tallies: [keepAlive, oneShot],
  };
  return { brand, version: '1', move, result };
}

function proof(rows: ProofRow[], more: Partial<Rewritten> = {}): Proof {
  const rewritten: Rewritten = {
    files: [],
    listeners: [{ proxy: 'web', port: 1, source: ':80' }],
    servers: 1,
    changes: [
      {
        what: 'lines of global left out',
        words: { log: ['/etc/a.cfg:2'], user: ['/etc/a.cfg:3', '/etc/a.cfg:9'] },
      },
    ],
    exposesListeners: true,
    hardStopAfter: '',
    alerts: [],
    ...more,
  };
  const target = { proxy: 'web', port: 1, ask: newAsk({}), isFromOrigin: true, isExact: true };
  return {
    prepared: { rewritten, tcpProxies: new Set() },
    learned: { targets: [target], silent: ['old'] },
    differences: [],
    rows,
  };
}

const lossless = [row('sluice', 'still'), row('sluice', 'restart', { refused: 50 }), row('sluice', 'reload')];

test('says what was changed and asked, then the table, then what to do', () => {
  expect(proofText(proof(lossless))).toBe(`Run on loopback, with your rules and these changes:
  lines of global left out: log (a.cfg:2), user (a.cfg:3 and 1 more)
Asked:
  web: answers 200 from an origin behind it; every octet is judged
  old: gave no answer and is left out

how             program  moves  requests  failed  per million  keep-alive  one-shot  slowest  longest gap  what failed
--------------  -------  -----  --------  ------  -----------  ----------  --------  -------  -----------  ---------------------
standing still  sluice       -     2,000       0            0           0         0   3.0 ms       0.0 ms
restart         sluice      10     2,000      50       25,000      50,000         0   3.0 ms       0.0 ms  50 connection refused
reload (-W)     sluice      10     2,000       0            0           0         0   3.0 ms       0.0 ms

sluice lost none of 2,000 requests over 10 moves by reload (-W).
Change nothing by stopping it: restart loses 25,000 per million. Use SIGUSR2 to its master (started with -W; 'systemctl reload') instead.
`);
});

test('is proven by its own reloads, whatever a restart or another program loses', () => {
  expect(isProven(proof(lossless))).toBe(true);
  expect(isProven(proof([...lossless, row('haproxy', 'reload', { reused: 3 })]))).toBe(true);
  expect(isProven(proof([row('sluice', 'reload', { reused: 1 })]))).toBe(false);
  expect(isProven(proof([row('sluice', 'still', { wrong: 1 })]))).toBe(false);
});

test('nothing that did not happen is proven', () => {
  const none = proof([row('sluice', 'reload', {}, 0)]);
  expect(isProven(none)).toBe(false);
  expect(adviceOn(none)).toEqual([
    'sluice: no reload (-W) came to be; the numbers of its row prove nothing.',
  ]);
});

const cures: [Failure, RegExp][] = [
  ['refused', /start it with -W/],
  ['reused', /option idle-close-on-response/],
  ['reset', /pass -x with -sf/],
  ['truncated', /'hard-stop-after 5s' cuts/],
  ['serverError', /limits such as maxconn/],
  ['late', /queues and timeouts/],
];
test.each(cures)('%s has its cure', (failure, cure) => {
  const [sentence] = adviceOn(proof([row('haproxy', 'reload', { [failure]: 2 })], { hardStopAfter: '5s' }));
  expect(sentence).toMatch(/^haproxy lost 1,000 per million by reload \(-W\)\. /);
  expect(sentence).toMatch(cure);
});

test('a load that fails while nothing moves is said first', () => {
  expect(adviceOn(proof([row('sluice', 'still', { wrong: 4 })]))[0]).toMatch(
    /while standing still \(first: wrong answer, detail\)/,
  );
});

test('-x needs a socket that exposes its listeners', () => {
  const [, sentence] = adviceOn(proof([row('sluice', 'transfer')], { exposesListeners: false }));
  expect(sentence).toContain('expose-fd listeners');
});

test('JSON says the same to machines', () => {
  const json = JSON.parse(proofJson(proof(lossless)));
  expect(json.proven).toBe(true);
  expect(json.rows[1]).toMatchObject({
    move: 'restart',
    program: 'sluice',
    failed: 50,
    failedPerMillion: 25_000,
  });
});
