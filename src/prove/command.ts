/** `sluice prove-reload`: reads the words, runs the proof, prints. The process belongs to it: an interrupt ends what it started. */
import { realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type Brand, findProgram, haproxyBrand, sluiceBrand } from './brand.ts';
import { type Options, readOptions } from './options.ts';
import { NoProof } from './prepare.ts';
import { prove } from './proof.ts';
import { isProven, proofJson, proofText } from './proof-report.ts';
import { endAllRuns } from './proxy-run.ts';
import type { StormProgress } from './storm.ts';
import { grouped } from './table.ts';
import { failedOf, sumOf } from './tally.ts';

const PROVEN = 0;
const LOST = 1;
const NOT_TRIED = 2;

/** One line that is written over while a terminal shows it. */
class ProgressLine {
  private readonly isTerminal: boolean;
  private last = '';

  constructor(isTerminal: boolean) {
    this.isTerminal = isTerminal;
  }

  show(row: string, seconds: number, now: StormProgress): void {
    const total = sumOf('all', now.tallies);
    const text =
      `${row.padEnd(18)} ${Math.min(seconds, now.seconds).toFixed(1).padStart(5)} of ${seconds} s  ` +
      `${grouped(now.completed).padStart(4)} moves  ${grouped(total.requests).padStart(9)} requests  ${grouped(failedOf(total))} failed`;
    if (this.isTerminal) process.stderr.write(`\r${text}\x1b[K`);
    else if (row !== this.last) process.stderr.write(`${row}\n`);
    this.last = row;
  }

  end(): void {
    if (this.isTerminal && this.last !== '') process.stderr.write('\r\x1b[K');
  }
}

function brandsOf(options: Options, root: string): Brand[] {
  const brands = [sluiceBrand([process.execPath, join(root, 'bin/sluice')])];
  if (options.peer === '') return brands;
  const path = findProgram(options.peer, process.env['PATH'] ?? '');
  if (path === undefined) {
    throw new NoProof(
      `--peer ${options.peer}: there is no such program in PATH; give its path, or leave --peer out.`,
    );
  }
  const peer = haproxyBrand('haproxy', [path]);
  if (peer.version === '?')
    throw new NoProof(`--peer ${options.peer}: ${path} -v does not answer as a haproxy does.`);
  return [...brands, peer];
}

async function run(options: Options, root: string): Promise<number> {
  const line = new ProgressLine(process.stderr.isTTY === true);
  const interrupted = () => {
    endAllRuns();
    process.exit(NOT_TRIED);
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, interrupted);
  try {
    const proof = await prove({
      ...options,
      brands: brandsOf(options, root),
      crewProgram: join(root, 'bin/prove-crew.cjs'),
      progress: (row, now) => line.show(row, options.seconds, now),
    });
    line.end();
    process.stdout.write(options.isJson ? proofJson(proof) : proofText(proof));
    return isProven(proof) ? PROVEN : LOST;
  } catch (error) {
    line.end();
    const reason = error instanceof Error ? error.message : String(error);
    process.stderr.write(`sluice prove-reload: ${reason.trimEnd()}\n`);
    if (!(error instanceof NoProof)) endAllRuns();
    return NOT_TRIED;
  }
}

/** Where the program lies: bin/sluice, whatever link it was called by. */
function programRoot(): string {
  return join(dirname(realpathSync(process.argv[1] ?? '.')), '..');
}

/** Its number is the exit code. */
export async function proveReload(words: readonly string[]): Promise<number> {
  const asked = readOptions(words);
  if ('usage' in asked) {
    process.stdout.write(asked.usage);
    return PROVEN;
  }
  if ('wrong' in asked) {
    process.stderr.write(asked.wrong);
    return NOT_TRIED;
  }
  return await run(asked.options, programRoot());
}
