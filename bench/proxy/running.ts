/**
 * A process under the bench's care: started pinned, waited for until it answers, and stopped with all its children
 * whatever happens. Each RunningProgram owns its child; the registry of live ones is what an interrupt cleans up.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { Candidate, Setup } from './candidates.ts';
import { processTree } from './cpu-meter.ts';
import { connectionsMax, freePort, pinned, startEnvironment } from './machine.ts';
import type { Features } from './scenarios.ts';

const ANSWER_WITHIN_MS = 15_000;
const END_WITHIN_MS = 5_000;
/** What a program said last is kept for the message when it fails. */
const OUTPUT_KEPT = 4096;

const live = new Set<RunningProgram>();

export class RunningProgram {
  readonly name: string;
  readonly child: ChildProcess;
  output = '';
  #ended: Promise<void>;

  constructor(name: string, command: readonly string[]) {
    this.name = name;
    this.child = spawn(command[0]!, command.slice(1), {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: startEnvironment(),
    });
    const keep = (piece: Buffer): void => {
      this.output = (this.output + piece.toString('latin1')).slice(-OUTPUT_KEPT);
    };
    this.child.stdout?.on('data', keep);
    this.child.stderr?.on('data', keep);
    this.#ended = new Promise((resolve) => {
      this.child.once('exit', () => resolve());
      this.child.once('error', (error) => {
        this.output += error.message;
        resolve();
      });
    });
    live.add(this);
  }

  get pid(): number {
    return this.child.pid ?? -1;
  }

  /** Why it failed, as far as it said: its alarms, else its last words. */
  get complaint(): string {
    const lines = this.output.trim().split('\n');
    const alarms = lines.filter((line) => /alert|emerg|error|fatal/i.test(line));
    const said = (alarms.length > 0 ? alarms : lines).slice(-3).join(' / ');
    return said === '' ? '(said nothing)' : said;
  }

  get running(): boolean {
    return this.child.pid !== undefined && this.child.exitCode === null && this.child.signalCode === null;
  }

  /** All processes of this program, now. */
  get pids(): number[] {
    return processTree(this.pid);
  }

  async stop(): Promise<void> {
    if (this.running) {
      const tree = this.pids;
      this.child.kill('SIGTERM');
      const ended = await Promise.race([
        this.#ended.then(() => true),
        pause(END_WITHIN_MS, false, { ref: false }),
      ]);
      if (!ended) killAll(tree);
    }
    await this.#ended;
    live.delete(this);
  }
}

const killAll = (pids: readonly number[]): void => {
  for (const pid of pids) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // Gone already: what was wanted.
    }
  }
};

/** For an interrupt: nothing that this bench started may outlive it. */
export const killEverything = (): void => {
  for (const program of live) if (program.running) killAll(program.pids);
};

export const stopEverything = async (): Promise<void> => {
  await Promise.all([...live].map((program) => program.stop()));
};

const accepts = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' });
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });

export const untilAccepting = async (program: RunningProgram, port: number): Promise<void> => {
  const deadline = Date.now() + ANSWER_WITHIN_MS;
  while (Date.now() < deadline) {
    if (await accepts(port)) return;
    if (!program.running) break;
    await pause(5);
  }
  throw new Error(`${program.name} does not answer on port ${port}: ${program.complaint}`);
};

export interface Place {
  readonly originPorts: readonly [number, number];
  readonly logPort: number;
  /** The run's temporary directory. */
  readonly directory: string;
}

/** A candidate's configuration on disk and its address, ready to be started any number of times. */
export interface Prepared {
  readonly candidate: Candidate;
  readonly port: number;
  readonly configPath: string;
}

export const prepare = async (
  candidate: Candidate,
  features: Features,
  threads: number,
  place: Place,
): Promise<Prepared> => {
  const port = await freePort();
  const setup: Setup = {
    port,
    threads,
    connectionsMax: connectionsMax(),
    originPorts: place.originPorts,
    logPort: place.logPort,
    directory: place.directory,
  };
  const configPath = join(place.directory, `${candidate.name}-${port}.cfg`);
  writeFileSync(configPath, candidate.configText(features, setup));
  return { candidate, port, configPath };
};

/** Starts it on these CPUs and waits until it accepts. */
export const launch = async (prepared: Prepared, cpuList: string): Promise<RunningProgram> => {
  const command = pinned(cpuList, prepared.candidate.command(prepared.configPath));
  const program = new RunningProgram(prepared.candidate.name, command);
  try {
    await untilAccepting(program, prepared.port);
  } catch (error) {
    await program.stop();
    throw error;
  }
  return program;
};
