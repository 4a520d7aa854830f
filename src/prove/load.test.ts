/** The strict client against servers that break in each way: the right name for it, and nothing counted twice. */
import { createServer, type Server, type Socket } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { originAsk } from './asks.ts';
import { Load } from './load.ts';
import type { ClientKind } from './load-connection.ts';
import { startOrigin } from './origin.ts';
import { failedOf, type Tally } from './tally.ts';

const closes: (() => void)[] = [];
afterEach(() => {
  for (const close of closes.splice(0)) close();
});

const asks = [originAsk(10)];
const RIGHT = 'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\noctets of ';

/** A server that does <act> with each request it reads: the request's number on its connection counts from 1. */
async function serverThat(act: (socket: Socket, count: number) => void): Promise<number> {
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    let count = 0;
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.on('data', () => act(socket, ++count));
  });
  closes.push(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as { port: number }).port;
}

function kind(port: number, more: Partial<ClientKind> = {}): ClientKind {
  return {
    name: 'k',
    connections: 1,
    requestsPerConnection: 0,
    pauseMinMs: 0,
    pauseMaxMs: 0,
    pipelined: 1,
    targets: [{ port, asks }],
    ...more,
  };
}

async function tallyOf(kinds: ClientKind[], requestsMax: number, answerWithinMs = 20_000): Promise<Tally> {
  const load = new Load({ kinds, requestsMax, answerWithinMs });
  await load.ended;
  return load.tallies[0] as Tally;
}

const failing: [string, (socket: Socket, count: number) => void, Partial<Tally['failures']>][] = [
  ['a close instead of the first answer', (socket) => socket.end(), { reset: 4 }],
  ['a reset instead of the first answer', (socket) => socket.resetAndDestroy(), { reset: 4 }],
  [
    'a close instead of the second answer',
    (socket, count) => (count > 1 ? socket.end() : socket.write(RIGHT)),
    { reused: 2 },
  ],
  ['half an answer', (socket) => socket.end(RIGHT.slice(0, -3)), { truncated: 4 }],
  ['half a head', (socket) => socket.end(RIGHT.slice(0, 9)), { truncated: 4 }],
  ['another body', (socket) => socket.write(RIGHT.replace('octets', 'Octets')), { wrong: 4 }],
  ['two answers to one request', (socket) => socket.write(RIGHT + RIGHT), { wrong: 4 }],
  ['an error', (socket) => socket.write('HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n'), { serverError: 4 }],
];

test.each(failing)('%s', async (_, act, expected) => {
  const tally = await tallyOf([kind(await serverThat(act))], 4);
  expect(tally.failures).toMatchObject(expected);
  expect(failedOf(tally)).toBe(Object.values(expected)[0]);
  expect(tally.answered + failedOf(tally)).toBe(expected.wrong === 4 && tally.answered > 0 ? 8 : 4);
});

test('nobody listens', async () => {
  const port = await serverThat(() => undefined);
  closes.splice(0)[0]?.();
  const tally = await tallyOf([kind(port)], 3);
  expect(tally.failures.refused).toBe(3);
});

test('no answer in time', async () => {
  const tally = await tallyOf([kind(await serverThat(() => undefined))], 1, 50);
  expect(tally.failures.late).toBe(1);
});

test('an announced end is no failure, and a close while nothing is asked is none either', async () => {
  const announced = await serverThat((socket) =>
    socket.end(RIGHT.replace('\r\n', '\r\nConnection: close\r\n')),
  );
  const first = await tallyOf([kind(announced)], 4);
  expect([failedOf(first), first.answered, first.announcedEnds, first.connections]).toEqual([0, 4, 4, 4]);
  const quiet = await serverThat((socket) => socket.end(RIGHT));
  const second = await tallyOf([kind(quiet, { pauseMinMs: 100, pauseMaxMs: 100 })], 3);
  expect([failedOf(second), second.answered, second.quietEnds]).toEqual([0, 3, 3]);
});

test('the origin answers every kind of client as it should', async () => {
  const origin = await startOrigin();
  closes.push(() => origin.close());
  const targets = [{ port: origin.port, asks: [originAsk(128), originAsk(70_000), originAsk(300, 20_000)] }];
  const kinds = [
    kind(origin.port, { targets, connections: 2 }),
    kind(origin.port, { targets, requestsPerConnection: 1 }),
    kind(origin.port, { targets, requestsPerConnection: 7 }),
    kind(origin.port, { targets, pipelined: 5 }),
  ];
  const load = new Load({ kinds, requestsMax: 400, answerWithinMs: 20_000 });
  await load.ended;
  expect(load.tallies.map((tally) => [failedOf(tally), tally.examples])).toEqual(kinds.map(() => [0, []]));
  expect(load.tallies.reduce((sum, tally) => sum + tally.answered, 0)).toBeGreaterThanOrEqual(400);
});

test('the origin refuses an upload with a wrong octet', async () => {
  const origin = await startOrigin();
  closes.push(() => origin.close());
  const ask = originAsk(10, 100);
  const bad = { ...ask, request: ask.request.replace(/sluice, counted/, 'sluice, Counted') };
  const tally = await tallyOf([kind(origin.port, { targets: [{ port: origin.port, asks: [bad] }] })], 1);
  expect(tally.examples[0]?.detail).toBe('status 409 instead of 200');
});

test('stopped, it lets the answer under way come', async () => {
  let answer: (() => void) | undefined;
  const port = await serverThat((socket) => {
    answer = () => socket.write(RIGHT);
  });
  const load = new Load({ kinds: [kind(port)], requestsMax: 0, answerWithinMs: 20_000 });
  while (answer === undefined) await new Promise((resolve) => setImmediate(resolve));
  const ended = load.stop();
  answer();
  await ended;
  expect(load.tallies[0]).toMatchObject({ requests: 1, answered: 1 });
});
