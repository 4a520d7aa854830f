/**
 * The proof itself: for each program and each way of moving it, a fresh proxy, a fresh load, a storm; the result is rows of
 * numbers. Owns everything it starts and ends it in any case. Bounded: seconds for each storm, clients, listeners, maxconn,
 * threads, bodies.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Brand } from './brand.ts';
import { keepAliveClients, oneShotClients } from './clients.ts';
import { type OriginThread, startLoad, startOrigins } from './crew.ts';
import { type Learned, learn, type Target } from './learn.ts';
import { NoProof, type Prepared, prepare } from './prepare.ts';
import { type Launch, ProxyRun } from './proxy-run.ts';
import { type Move, runStorm, type StormProgress, type StormResult } from './storm.ts';

export interface ProofPlan {
  /** The user's files. */
  readonly files: readonly string[];
  readonly brands: readonly Brand[];
  readonly moves: readonly Move[];
  /** Each storm's length. */
  readonly seconds: number;
  readonly connections: number;
  readonly path: string;
  readonly host: string;
  /** What threads are started from. */
  readonly crewProgram: string;
  readonly progress: (row: string, now: StormProgress) => void;
}

export interface ProofRow {
  readonly brand: string;
  readonly version: string;
  readonly move: Move;
  readonly result: StormResult;
}

export interface Proof {
  readonly prepared: Prepared;
  /** What the first program answers. */
  readonly learned: Learned;
  /** Sentences about another program that answers something else: each is judged by its own answers. */
  readonly differences: readonly string[];
  readonly rows: readonly ProofRow[];
}

export const ORIGINS = 2;
export const TARGETS_MAX = 8;
/** A restart closes the port for its length, a transfer begins a process: both take longer than a signal. */
const EVERY_MS: Readonly<Record<Move, number>> = {
  still: 1000,
  restart: 1000,
  overlap: 500,
  reload: 250,
  transfer: 500,
};
const ANSWER_WITHIN_MS = 10_000;
const MOVES_MAX = 10_000;

function differencesIn(learnedBy: ReadonlyMap<string, Learned>): string[] {
  const [[own, first] = ['', undefined], ...others] = [...learnedBy];
  return others.flatMap(([name, learned]) =>
    learned.targets.flatMap(({ proxy, ask }) => {
      const ours = first?.targets.find((target) => target.proxy === proxy)?.ask.status;
      const word = ours === undefined ? 'nothing' : String(ours);
      return ours === ask.status ? [] : [`${proxy}: ${name} answers ${ask.status}, ${own} ${word}`];
    }),
  );
}

function launchOf(move: Move): Launch {
  return move === 'reload' || move === 'still' ? 'master' : 'single';
}

/** Writes the rewritten files, and one that names the runtime API; gives their paths. */
function writeFiles(dir: string, prepared: Prepared): string[] {
  const folder = join(dir, 'cfg');
  mkdirSync(folder);
  const paths = prepared.rewritten.files.map((file, index) => {
    // Named like the user's, so that a message of the program is understood.
    const path = join(folder, `${String(index).padStart(3, '0')}-${file.name.split('/').pop() ?? 'cfg'}`);
    writeFileSync(path, file.text, 'latin1');
    return path;
  });
  const own = join(folder, 'prove-reload.cfg');
  const socket = `stats socket ${join(dir, 'stats.sock')} mode 600 level admin expose-fd listeners`;
  writeFileSync(own, `global\n    ${socket}\n    stats timeout 1m\n`);
  return [...paths, own];
}

class Proving {
  private readonly plan: ProofPlan;
  private readonly dir = mkdtempSync(join(tmpdir(), 'sluice-prove-'));
  private origins: OriginThread | undefined;

  constructor(plan: ProofPlan) {
    this.plan = plan;
  }

  async run(): Promise<Proof> {
    try {
      this.origins = await startOrigins(this.plan.crewProgram, ORIGINS);
      const prepared = await prepare(this.plan.files, this.origins.ports);
      const files = writeFiles(this.dir, prepared);
      return await this.storms(prepared, files);
    } finally {
      await this.origins?.end();
      rmSync(this.dir, { recursive: true, force: true });
    }
  }

  private start(brand: Brand, launch: Launch, files: readonly string[], port: number): Promise<ProxyRun> {
    return ProxyRun.start({ brand, launch, files, dir: this.dir, cwd: process.cwd(), port });
  }

  private async storms(prepared: Prepared, files: readonly string[]): Promise<Proof> {
    const { brands, moves, path, host } = this.plan;
    const { listeners } = prepared.rewritten;
    const first = listeners[0]?.port as number;
    const learnedBy = new Map<string, Learned>();
    for (const brand of brands) {
      const trial = await this.start(brand, 'single', files, first);
      try {
        learnedBy.set(brand.name, await learn(listeners, path, host, TARGETS_MAX));
      } finally {
        await trial.end();
      }
    }
    const learned = learnedBy.get((brands[0] as Brand).name) as Learned;
    if ([...learnedBy.values()].some((one) => one.targets.length === 0)) {
      throw new NoProof(
        `No frontend answers GET ${path} for ${host}: try --path and --host with what your clients ask.`,
      );
    }
    const rows: ProofRow[] = [];
    for (const move of moves) {
      for (const brand of brands) {
        const result = await this.storm(brand, move, files, learnedBy.get(brand.name)?.targets ?? []);
        rows.push({ brand: brand.name, version: brand.version, move, result });
      }
    }
    return { prepared, learned, differences: differencesIn(learnedBy), rows };
  }

  private async storm(
    brand: Brand,
    move: Move,
    files: readonly string[],
    learned: readonly Target[],
  ): Promise<StormResult> {
    const { seconds, connections, crewProgram, progress } = this.plan;
    const port = (learned[0] as Target).port;
    const run = await this.start(brand, launchOf(move), files, port);
    try {
      const targets = learned.map((target) => ({ port: target.port, asks: [target.ask] }));
      const half = Math.max(1, Math.floor(connections / 2));
      const load = startLoad(crewProgram, {
        requestsMax: 0,
        answerWithinMs: ANSWER_WITHIN_MS,
        kinds: [
          keepAliveClients({ targets, connections: half }),
          oneShotClients({ targets, connections: connections - half }),
        ],
      });
      return await runStorm(run, load, {
        move,
        everyMs: EVERY_MS[move],
        moves: MOVES_MAX,
        untilLoadEnds: false,
        isPaced: true,
        secondsMax: seconds,
        progress: (now) => progress(`${brand.name} ${move}`, now),
      });
    } finally {
      await run.end();
    }
  }
}

export function prove(plan: ProofPlan): Promise<Proof> {
  return new Proving(plan).run();
}
