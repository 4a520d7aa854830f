/** One output for one input: the encoder writes the same bytes with every feature of this processor allowed and with none,
 * on arm64 too, and through Node as without it. So one decoded stream speaks for all of them.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect } from 'vitest';
import { testWith } from '../tool/peer.ts';
import { corpus } from './corpus.ts';
import { packed, plans, script } from './plan.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'sluice-pack-'));
const chunks = [0, 1000, 65_536];
/** Nothing but the portable code, every single feature, all of them. */
const masks = ['0', '2', '4', '8', '10', '20', 'ffffffff'];

afterAll(() => rmSync(folder, { recursive: true, force: true }));

function run(command: string, words: readonly string[], input: Buffer = Buffer.alloc(0)): Buffer {
  const { status, stdout, stderr } = spawnSync(command, words, { cwd: root, input, maxBuffer: 1 << 30 });
  if (status !== 0) throw new Error(`${command}: ${status} ${stderr}`);
  return stdout;
}

/** pack.c and the encoder, compiled as the addon's are. */
function program(compiler: string): string {
  const listed = (question: string[]) => {
    const answer = run(process.execPath, ['scripts/native.mjs', ...question]);
    return answer.toString().trim().split('\n');
  };
  const path = join(folder, `pack-${compiler.split('/').at(-1)}`);
  const flags = [...listed(['encoder-flags']), '-std=gnu11', '-O2', '-static', '-Inative'];
  run(compiler, [...flags, '-o', path, 'test/gzip/pack.c', ...listed(['sources', 'slz'])]);
  return path;
}

function digest(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** All plans of a body, as scripts for pack.c and as what Node makes of them. */
function streams(bytes: Buffer): { scripts: Buffer; outputs: Buffer } {
  const all = [...plans(bytes.length, chunks)];
  return {
    scripts: Buffer.concat(all.map((plan) => script(plan, bytes))),
    outputs: Buffer.concat(all.map((plan) => packed(plan, bytes))),
  };
}

function compare(command: string, before: string[], compiler: string, mask: string[], maxLen: number): void {
  const pack = program(compiler);
  for (const { name, bytes } of corpus(maxLen)) {
    const { scripts, outputs } = streams(bytes);
    for (const features of mask) {
      const given = run(command || pack, command ? [...before, pack, features] : [features], scripts);
      expect(digest(given), `${name} with features ${features}`).toBe(digest(outputs));
    }
  }
}

/** It takes 340 s beside fifteen busy programs. */
const BOUND_MS = 900_000;

testWith(
  ['cc'],
  'every set of features of this processor',
  ([cc]) => {
    compare('', [], cc as string, masks, 50_000);
  },
  BOUND_MS,
);

testWith(
  ['aarch64-linux-gnu-gcc', 'qemu-aarch64'],
  'arm64, with all features, each alone and none',
  ([cc, qemu]) => {
    compare(qemu as string, ['-cpu', 'max'], cc as string, ['0', '4', '10', '40', 'ffffffff'], 40_000);
  },
  BOUND_MS,
);
