/** The codec bench: reads the options, gets the bodies, measures in C and through Node, and says what came out. */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, extname, join } from 'node:path';
import { versions as nodeVersions } from 'node:process';
import { describeMachine } from '../proxy/machine.ts';
import { type Body, fetchBodies, loadBodies, manifest } from './bodies.ts';
import { runHarness } from './harness.ts';
import { type CodecOptions, parseOptions, USAGE } from './options.ts';
import { type CodecResults, reportText, saveResults } from './report.ts';
import { rowsByKind, rowsOf } from './samples.ts';
import { measureSet, nodeSets, runBenchmarkJs } from './through-node.ts';

const NOISE_LENGTH = 1 << 20;
/** One body alone: a disturbance would be all of its figure. */
const NOISE_ROUNDS = 4;
const NODE_ROUNDS = 3;

const ownBodies = (files: readonly string[]): Body[] =>
  files.map((file) => ({
    name: basename(file).replaceAll(/[\s=]/g, '_'),
    kind: extname(file).slice(1) || 'file',
    file,
    bytes: readFileSync(file),
  }));

const evaluationBodies = (root: string): Body[] => {
  const entries = manifest(root, 'evaluation');
  fetchBodies(entries, console.log);
  return loadBodies(entries);
};

/** xorshift32, so that every run meets the same noise. */
const noiseBody = (): Body => {
  const bytes = Buffer.alloc(NOISE_LENGTH);
  let state = 0x5eed_0001;
  for (let at = 0; at < bytes.length; at += 4) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    bytes.writeInt32LE(state | 0, at);
  }
  const file = join(tmpdir(), `sluice-bench-noise-${process.pid}`);
  writeFileSync(file, bytes);
  return { name: 'noise', kind: 'noise', file, bytes };
};

const measured = async (root: string, options: CodecOptions): Promise<CodecResults> => {
  const bodies = options.files.length > 0 ? ownBodies(options.files) : evaluationBodies(root);
  const baseline = options.libraries.includes('--libslz') ? 'libslz' : 'zlib 1';
  const { samples, crcGb } = runHarness(root, bodies, options);
  const noise = noiseBody();
  const often = { ...options, chunks: [16_384], rounds: options.rounds * NOISE_ROUNDS };
  const noiseSamples = runHarness(root, [noise], often).samples;
  rmSync(noise.file);
  const node: CodecResults['node'][number][] = [];
  for (const set of options.throughNode ? nodeSets(bodies) : []) {
    const rows = rowsOf(await measureSet(set, NODE_ROUNDS, 0), set.baseline);
    node.push({ name: set.name, baseline: set.baseline, rows });
    if (options.benchmarkJs) await runBenchmarkJs(set, console.log);
  }
  return {
    date: new Date().toISOString(),
    machine: describeMachine(),
    versions: {
      sluice: (JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string }).version,
      'zlib of Node': nodeVersions.zlib ?? '?',
    },
    baseline,
    settings: { rounds: options.rounds, sampleMs: options.sampleMs, bodies: bodies.length },
    crcGb,
    harness: rowsOf(samples, baseline),
    byKind: Object.fromEntries(rowsByKind(samples, baseline)),
    noise: rowsOf(noiseSamples, baseline),
    node,
  };
};

export const main = async (argv: readonly string[], root: string): Promise<number> => {
  const options = parseOptions(argv, root);
  if (!options) {
    console.log(USAGE);
    return 0;
  }
  const results = await measured(root, options);
  console.log(reportText(results, ''));
  if (options.out !== '') console.log(saveResults(results, options.out).join('\n'));
  return 0;
};
