/**
 * A proxy put to the proof: started, reloaded, restarted and replaced as its operator would, with a bound on every wait. Owns
 * its processes: none of them outlives it, nor this process. Its runtime API is at <dir>/stats.sock (the configuration
 * says so), its master's at <dir>/master.sock.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { type Brand, startEnvironment } from './brand.ts';
import { childrenOf, familyOf, isAlive, listenInodes, titleOf } from './process-view.ts';
import { type MasterView, masterView, pidAt, waitFor } from './runtime-talk.ts';

/** `master`: -W, one master for ever. `single`: the serving process itself, replaced by the next one. */
export type Launch = 'master' | 'single';

export interface RunPlan {
  readonly brand: Brand;
  readonly launch: Launch;
  /** Configuration files, in the order of the command line. */
  readonly files: readonly string[];
  /** A folder of its own for sockets. */
  readonly dir: string;
  /** Relative file names of the configuration begin here. */
  readonly cwd: string;
  /** Ready when this port listens. */
  readonly port: number;
  readonly words?: readonly string[];
}

export const READY_WITHIN_MS = 60_000;
const STOP_WITHIN_MS = 10_000;
const OUTPUT_KEPT_CHARS = 16_384;
/** What a master says of a new worker. */
const SUCCESS = 'Loading success';
const FAILURE = 'Failed to load worker';

/** Killed when this process ends, however it ends. */
const families = new Set<ChildProcess>();
const guard = { isSet: false };

function killFamily(pid: number): void {
  for (const one of familyOf(pid)) {
    try {
      process.kill(one, 'SIGKILL');
    } catch {} // it ended meanwhile
  }
}

function killAll(): void {
  for (const child of families) if (child.pid !== undefined) killFamily(child.pid);
}

export class ProxyRun {
  readonly plan: RunPlan;
  /** What it said last, of all its processes. */
  output = '';
  private child: ChildProcess | undefined;
  /** All that were started, those that were told to finish among them. */
  private readonly started: ChildProcess[] = [];
  /** nginx tells no generation: distinct workers that served, and how many serve at once. */
  private readonly seenWorkers = new Set<number>();
  private workersAtOnce = 1;
  /** How often its master said that a worker serves, and that one came to nothing. */
  private successes = 0;
  private failures = 0;

  private constructor(plan: RunPlan) {
    this.plan = plan;
  }

  /** Starts it and waits until it serves; throws with what it said when it does not. */
  static async start(plan: RunPlan): Promise<ProxyRun> {
    const run = new ProxyRun(plan);
    await run.begin();
    return run;
  }

  get pid(): number {
    return this.child?.pid ?? -1;
  }

  get statsSocket(): string {
    return join(this.plan.dir, 'stats.sock');
  }

  get masterSocket(): string {
    return join(this.plan.dir, 'master.sock');
  }

  isAlive(): boolean {
    return this.child !== undefined && this.child.exitCode === null && this.child.signalCode === null;
  }

  private words(more: readonly string[]): string[] {
    const { brand, launch, files, words = [] } = this.plan;
    if (brand.family === 'nginx') return ['-e', 'stderr', '-c', files[0] ?? ''];
    const mode = launch === 'master' ? ['-W', '-S', this.masterSocket] : ['-db'];
    return [...mode, ...words, ...files.flatMap((file) => ['-f', file]), ...more];
  }

  private spawn(more: readonly string[], brand = this.plan.brand): ChildProcess {
    const [program = '', ...before] = brand.command;
    const child = spawn(program, [...before, ...this.words(more)], {
      cwd: this.plan.cwd,
      env: startEnvironment(),
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const keep = (bytes: Buffer) => {
      const text = bytes.toString('latin1');
      this.output = (this.output + text).slice(-OUTPUT_KEPT_CHARS);
      this.successes += text.split(SUCCESS).length - 1;
      this.failures += text.split(FAILURE).length - 1;
    };
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    child.on('error', (error) => keep(Buffer.from(error.message)));
    if (!guard.isSet) process.once('exit', killAll);
    guard.isSet = true;
    families.add(child);
    this.started.push(child);
    child.once('exit', () => families.delete(child));
    return child;
  }

  private async begin(): Promise<void> {
    this.successes = 0;
    this.failures = 0;
    this.child = this.spawn([]);
    const ready = async () => {
      if (!this.isAlive()) return false;
      if (listenInodes([this.plan.port])[0]?.length === 0) return undefined;
      if (this.plan.launch === 'single')
        return (await pidAt(this.statsSocket)) === this.pid ? true : undefined;
      if (this.plan.brand.family === 'haproxy' && this.successes === 0) return undefined;
      return ((await this.view())?.workers.length ?? 0) > 0 ? true : undefined;
    };
    if (await waitFor(ready, READY_WITHIN_MS)) return;
    const { output } = this;
    await this.stop();
    throw new Error(`${this.plan.brand.name} does not serve\n${output}`);
  }

  /** What the master says of itself; for nginx, what can be seen of it. */
  async view(): Promise<MasterView | undefined> {
    if (this.plan.brand.family !== 'nginx') return await this.haproxyView();
    const children = childrenOf(this.pid);
    const isOld = (pid: number) => titleOf(pid).includes('shutting down');
    const workers = children.filter((pid) => titleOf(pid).includes('worker process') && !isOld(pid));
    if (this.seenWorkers.size === 0) this.workersAtOnce = Math.max(1, workers.length);
    for (const pid of workers) this.seenWorkers.add(pid);
    const completed = Math.max(0, Math.floor(this.seenWorkers.size / this.workersAtOnce) - 1);
    return { pid: this.pid, completed, failed: 0, workers, oldWorkers: children.filter(isOld) };
  }

  /** `show proc` counts a reload when it begins, and forgets failed ones at the next success: what was said is counted instead. */
  private async haproxyView(): Promise<MasterView | undefined> {
    const view = await masterView(this.masterSocket);
    if (view === undefined) return undefined;
    return { ...view, completed: Math.max(0, this.successes - 1), failed: this.failures };
  }

  /** Asks the master to reload; whether it has is seen in view(). */
  signalReload(): void {
    if (this.pid > 0) process.kill(this.pid, this.plan.brand.reloadSignal);
  }

  /** Reloads and waits until a new worker serves; how long that took, or undefined when it did not come to be. */
  async reload(boundMs = READY_WITHIN_MS): Promise<number | undefined> {
    const before = await this.view();
    const beganMs = performance.now();
    this.signalReload();
    const done = await waitFor(async () => {
      const now = await this.view();
      if (now === undefined || before === undefined || now.workers.length === 0) return undefined;
      return now.completed > before.completed || now.failed > before.failed ? now : undefined;
    }, boundMs);
    return done && before && done.completed > before.completed ? performance.now() - beganMs : undefined;
  }

  /** Stops it and starts it again, as a service manager does on `restart`. */
  async restart(): Promise<void> {
    await this.stop();
    await this.begin();
  }

  /** Starts the next process beside this one; it tells this one to finish. <transfer>: it takes the listening sockets by -x.
   * <brand>: what the next process is. */
  async replace(transfer: boolean, brand = this.plan.brand): Promise<void> {
    const oldPid = this.pid;
    const take = transfer ? ['-x', this.statsSocket] : [];
    const next = this.spawn([...take, '-sf', String(oldPid)], brand);
    this.child = next;
    const ready = async () => {
      if (!this.isAlive()) return false;
      return (await pidAt(this.statsSocket)) === next.pid ? true : undefined;
    };
    if (await waitFor(ready, READY_WITHIN_MS)) return;
    const { output } = this;
    await this.stop();
    throw new Error(`${brand.name} does not take over\n${output}`);
  }

  /** Processes told to finish that are still there. */
  lingering(): number[] {
    const old = this.started.filter((child) => child !== this.child && child.pid !== undefined);
    return old.map((child) => child.pid as number).filter(isAlive);
  }

  /** Ends the process that serves, and its children. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    const { child, pid } = this;
    if (child === undefined || pid < 0) return;
    const family = familyOf(pid);
    child.kill(signal);
    await waitFor(() => (family.some(isAlive) ? undefined : true), STOP_WITHIN_MS);
    for (const one of family) if (isAlive(one)) killFamily(one);
    await waitFor(() => (this.isAlive() ? undefined : true), STOP_WITHIN_MS);
  }

  /** Ends everything it ever started. */
  async end(): Promise<void> {
    await this.stop();
    for (const pid of this.lingering()) killFamily(pid);
    await waitFor(() => (this.lingering().length > 0 ? undefined : true), STOP_WITHIN_MS);
  }
}

/** Ends everything that any run of this process started. */
export function endAllRuns(): void {
  killAll();
}
