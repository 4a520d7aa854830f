/** The process that is asked for its sockets may be anything: what makes no sense is refused with a sentence, and nothing stays open. */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { afterAll, describe, expect, it } from 'vitest';
import { loadAddon } from '../../src/native/load.ts';
import { listenerSockaddr } from '../../src/process/addresses.ts';
import { askForClients, takeSockets } from '../../src/process/transfer-client.ts';
import { intBytes } from '../../src/process/transfer-wire.ts';
import { freePort } from '../tool/free-port.ts';

interface Step {
  readonly bytes?: string;
  readonly descriptors?: number;
  readonly wait?: boolean;
  readonly close?: boolean;
}

const addon = loadAddon();
const dir = mkdtempSync(join(tmpdir(), 'sluice-transfer-'));
afterAll(() => rmSync(dir, { recursive: true }));

const CLOSE: Step = { close: true };
const WAIT: Step = { wait: true };
/** Says nothing special about one socket. */
const PLAIN = Buffer.alloc(6);

function send(bytes: Uint8Array, descriptors = 0): Step {
  return { bytes: Buffer.from(bytes).toString('base64'), descriptors };
}

function count(value: number): Step {
  return send(intBytes(value));
}

let peers = 0;

/** Starts a peer that does <steps>; <ask> talks to it at its path. Answers what that gave, and how many descriptors it left open. */
async function against<T>(
  steps: readonly Step[],
  ask: (path: string, port: number) => T,
): Promise<{ result: T; left: number }> {
  const path = join(dir, `peer-${peers++}.sock`);
  const port = await freePort();
  const before = readdirSync('/proc/self/fd').length;
  const worker = new Worker(new URL('./transfer-peer.mjs', import.meta.url), {
    workerData: { path, steps, port },
  });
  const gone = new Promise((resolve) => worker.once('exit', resolve));
  await new Promise((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', reject);
  });
  const result = ask(path, port);
  await gone;
  return { result, left: readdirSync('/proc/self/fd').length - before };
}

function take(path: string): string {
  const transfer = takeSockets(addon, path);
  if (!('sockets' in transfer)) return 'refusal' in transfer ? transfer.refusal : transfer.absent;
  return `${transfer.sockets.count} sockets, ${transfer.sockets.closeUnused()} unused`;
}

describe('an old process', () => {
  it.each<[string, Step[], string | RegExp]>([
    ['that gives what it announced', [count(2), send(Buffer.alloc(12), 2), WAIT], '2 sockets, 2 unused'],
    ['in two messages', [count(2), send(PLAIN, 1), WAIT, send(PLAIN, 1), WAIT], '2 sockets, 2 unused'],
    ['that has none', [count(0)], '0 sockets, 0 unused'],
    ['without expose-fd', [CLOSE], /needs 'expose-fd listeners'/],
    ['that says half a number', [send(Buffer.of(1, 0)), CLOSE], /gives no sockets/],
    ['that announces less than nothing', [count(-1), WAIT], /announced -1 sockets/],
    ['that announces a billion', [count(1e9), WAIT], /announced 1000000000 sockets/],
    ['that answers with a text', [send(Buffer.from('Unknown command')), WAIT], /announced \d+ sockets/],
    ['that gives more than it announced', [count(1), send(Buffer.alloc(12), 2), WAIT], /at least 2/],
    [
      'that gives fewer',
      [count(3), send(Buffer.alloc(12), 2), WAIT, CLOSE],
      /announced 3 sockets and gave 2/,
    ],
    ['that gives none', [count(1), send(PLAIN), CLOSE], /announced 1 sockets and gave 0/],
    ['that gives some with the number', [send(intBytes(1), 1), WAIT], /had not announced/],
    ['that describes too little', [count(2), send(PLAIN, 2), WAIT], /makes no sense/],
    ['that describes too much', [count(1), send(Buffer.alloc(13), 1), WAIT], /makes no sense/],
    ['whose names end beyond the message', [count(1), send(Buffer.alloc(6, 255), 1), WAIT], /makes no sense/],
    [
      'that talks without end',
      [count(1), ...Array.from({ length: 3 }, () => send(Buffer.alloc(4000)))],
      /more about/,
    ],
    [
      'that closes midway',
      [count(300), send(Buffer.alloc(6 * 252), 252), WAIT, CLOSE],
      /300 sockets and gave 252/,
    ],
    ['that says nothing', [], /nothing came from it/],
  ])('%s', async (_, steps, expected) => {
    const { result, left } = await against(steps, take);
    expect(result).toMatch(expected);
    expect(left).toBe(0);
  });

  it('that is not there is told apart', () => {
    expect(takeSockets(addon, join(dir, 'nobody.sock'))).toMatchObject({
      absent: 'No such file or directory',
    });
    expect(takeSockets(addon, '/x'.repeat(100))).toHaveProperty('refusal');
  });

  it('gives a socket to who is bound alike, and to nobody else', async () => {
    const { result, left } = await against([count(1), send(PLAIN, 1), WAIT], (path, port) => {
      const transfer = takeSockets(addon, path);
      if (!('sockets' in transfer)) return 'refused';
      const want = (host: string, at: number, extra = {}): boolean => {
        const address = { kind: 'ipv4', host, port: at, fd: -1, source: '' } as const;
        const plain = { namespace: '', device: '', v6only: false, transparent: false };
        const fd = transfer.sockets.take({ ...plain, ...extra, sockaddr: listenerSockaddr(address) });
        if (fd !== undefined) addon.closeFd(fd);
        return fd !== undefined;
      };
      return [
        want('127.0.0.2', port),
        want('127.0.0.1', port + 1),
        want('', port),
        want('127.0.0.1', port, { namespace: 'n' }),
        want('127.0.0.1', port, { device: 'lo' }),
        want('127.0.0.1', port, { transparent: true }),
        want('127.0.0.1', port),
        want('127.0.0.1', port),
      ];
    });
    expect(result).toEqual([false, false, false, false, false, false, true, false]);
    expect(left).toBe(0);
  });
});

describe('an old process that is asked for its clients', () => {
  it.each<[string, Step[]]>([
    ['does not know the question', [send(Buffer.from('Unknown command: _handover\n')), CLOSE]],
    ['answers with the mark alone', [send(Buffer.of(1)), CLOSE]],
    ['gives a descriptor without the mark', [send(Buffer.of(2), 1), WAIT]],
    ['gives too many', [send(Buffer.of(1), 3), WAIT]],
    ['closes', [CLOSE]],
    ['says nothing', []],
  ])('%s', async (_, steps) => {
    const { result, left } = await against(steps, (path) => askForClients(addon, path, [1, 2]));
    expect(result).toBe(-1);
    expect(left).toBe(0);
  });
});
