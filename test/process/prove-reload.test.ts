/** `sluice prove-reload` as a user calls it: a short proof of a configuration that must not be touched, and what it refuses. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { runSluice } from '../tool/proxy.ts';

const PROOF_MAX_MS = 110_000;

function file(text: string): string {
  const dir = mkdtempSync(join(tmpdir(), 'sluice-proof-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  const path = join(dir, 'user.cfg');
  writeFileSync(path, text);
  return path;
}

test('a proof: nothing lost by reloads, nothing of the user touched', async () => {
  // The user's port and server are there, and must never be asked.
  let asked = 0;
  const real = createServer((socket) => {
    asked++;
    socket.destroy();
  });
  await new Promise<void>((resolve) => real.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void real.close());
  const { port } = real.address() as { port: number };
  const path = file(`global
    log 127.0.0.1:${port} local0
    stats socket /nowhere/admin.sock
    nbthread 1
defaults
    mode http
    timeout connect 5s
    timeout client 10s
    timeout server 10s
frontend web
    bind 127.0.0.1:${port}
    default_backend app
backend app
    server a 127.0.0.1:${port} check
`);
  const words = [
    'prove-reload',
    path,
    '--seconds',
    '2',
    '--connections',
    '8',
    '--moves',
    'still,reload',
    '--json',
  ];
  const { stdout, stderr, code } = await runSluice(words, { boundMs: PROOF_MAX_MS });
  const proof = JSON.parse(stdout);
  expect(
    proof.rows.map((row: { move: string; failed: number; examples: unknown[] }) => [
      row.move,
      row.failed,
      row.examples,
    ]),
  ).toEqual([
    ['still', 0, []],
    ['reload', 0, []],
  ]);
  expect(proof.rows[1].moves).toBeGreaterThan(0);
  expect(proof.rows[1].requests).toBeGreaterThan(10);
  expect(proof.frontends).toEqual([{ name: 'web', status: 200, fromOrigin: true, exact: true }]);
  expect([proof.proven, code]).toEqual([true, 0]);
  expect(stderr).toBe('sluice still\nsluice reload\n');
  expect(asked).toBe(0);
});

test('errors of the configuration are shown at their lines, and nothing is started', async () => {
  const { code, stderr, stdout } = await runSluice([
    'prove-reload',
    file('frontend f\n bind :80\n bnid :81\n'),
  ]);
  expect([code, stdout]).toEqual([2, '']);
  expect(stderr).toMatch(/^sluice prove-reload: The configuration has errors/);
  expect(stderr).toMatch(/user\.cfg:3\].*unknown keyword 'bnid'/);
});

test('a peer that is not there is named', async () => {
  const path = file('frontend f\n bind :80\n');
  const { code, stderr } = await runSluice(['prove-reload', path, '--peer', 'haproxx']);
  expect([code, stderr]).toEqual([
    2,
    'sluice prove-reload: --peer haproxx: there is no such program in PATH; give its path, or leave --peer out.\n',
  ]);
});
