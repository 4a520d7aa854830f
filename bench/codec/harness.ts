/** Builds the C harness into a folder of its own and runs it over the bodies. State: none; the folder is removed. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Body } from './bodies.ts';
import type { CodecOptions } from './options.ts';
import { readSamples, type Sample } from './samples.ts';

const OUTPUT_MAX_BYTES = 256 << 20;

/** Samples of every engine that is there, on every body, in every way of feeding; and the checksum's speed in GB/s. */
export const runHarness = (
  root: string,
  bodies: readonly Body[],
  options: CodecOptions,
): { samples: Sample[]; crcGb: number } => {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-bench-codec-'));
  try {
    execFileSync('make', ['-s', '-C', join(root, 'bench/codec/harness'), `BIN=${folder}`], {
      stdio: 'inherit',
    });
    const program = join(folder, 'codec');
    const kinds = new Map(bodies.map(({ name, kind }) => [name, kind]));
    const args = [
      ...options.libraries,
      ...['--chunks', options.chunks.join(','), '--rounds', String(options.rounds)],
      ...['--sample-ms', String(options.sampleMs)],
      ...bodies.map(({ name, file }) => `${name}=${file}`),
    ];
    const ran = spawnSync(program, args, {
      maxBuffer: OUTPUT_MAX_BYTES,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    if (ran.status !== 0) throw new Error(`the harness ended with ${ran.status ?? ran.signal}`);
    const crc = execFileSync(program, ['--crc', '1'], { encoding: 'utf8' }).trim().split('\t');
    return {
      samples: readSamples(ran.stdout, (body) => kinds.get(body) ?? ''),
      crcGb: Number(crc[3]) / Number(crc[6]),
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};
