/** What the command line asks of the codec bench. State: none. */
import { parseArgs } from 'node:util';

export interface CodecOptions {
  /** Bodies of the user's own; without any, the evaluation manifest. */
  readonly files: readonly string[];
  /** Passed on to the harness: --libslz, --zlib, --zlib-ng, --igzip, --libdeflate. */
  readonly libraries: readonly string[];
  readonly chunks: readonly number[];
  readonly rounds: number;
  readonly sampleMs: number;
  readonly throughNode: boolean;
  readonly benchmarkJs: boolean;
  /** '' writes nothing. */
  readonly out: string;
}

export const USAGE = `usage: npm run bench:codec -- [options]
  --file PATH        a body of your own instead of the evaluation bodies; may be given more than once
  --libslz PATH      a shared library to compare with; also --zlib, --zlib-ng, --igzip, --libdeflate (default: the
                     customary name, left out when it is missing)
  --chunks LIST      bytes between two flushes, 0 for whole bodies (default: 16384,65536,0)
  --rounds N         (default: 5)    --sample-ms N   CPU time of a sample (default: 15)
  --no-node          leave out what is measured through Node
  --benchmarkjs      the set through Node once more, with benchmark.js
  --out DIRECTORY    (default: bench/results); --no-save writes none
other commands: node bench/codec/run.mjs train [--check] | fetch`;

const LIBRARIES = ['libslz', 'zlib', 'zlib-ng', 'igzip', 'libdeflate'] as const;
const ROUNDS_MAX = 1000;
const SAMPLE_MAX_MS = 10_000;
const CHUNK_MAX = 1 << 30;

const whole = (text: string, what: string, least: number, most: number): number => {
  const value = Number(text);
  if (!Number.isInteger(value) || value < least || value > most)
    throw new Error(`--${what} takes a whole number from ${least} to ${most}, not '${text}'`);
  return value;
};

export const parseOptions = (argv: readonly string[], root: string): CodecOptions | undefined => {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      file: { type: 'string', multiple: true, default: [] },
      libslz: { type: 'string' },
      zlib: { type: 'string' },
      'zlib-ng': { type: 'string' },
      igzip: { type: 'string' },
      libdeflate: { type: 'string' },
      chunks: { type: 'string', default: '16384,65536,0' },
      rounds: { type: 'string', default: '5' },
      'sample-ms': { type: 'string', default: '15' },
      'no-node': { type: 'boolean', default: false },
      benchmarkjs: { type: 'boolean', default: false },
      out: { type: 'string', default: `${root}/bench/results` },
      'no-save': { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return undefined;
  return {
    files: values.file,
    libraries: LIBRARIES.flatMap((name) => (values[name] === undefined ? [] : [`--${name}`, values[name]])),
    chunks: values.chunks.split(',').map((text) => whole(text, 'chunks', 0, CHUNK_MAX)),
    rounds: whole(values.rounds, 'rounds', 1, ROUNDS_MAX),
    sampleMs: whole(values['sample-ms'], 'sample-ms', 1, SAMPLE_MAX_MS),
    throughNode: !values['no-node'],
    benchmarkJs: values.benchmarkjs,
    out: values['no-save'] || values.file.length > 0 ? '' : values.out,
  };
};
