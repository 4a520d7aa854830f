/** A worker: boots, waits for its orders, reads the configuration, gets its sockets from the master, serves when it is told to. It lives as
 * long as its channel: without a master it ends at once, so that nobody serves whom nobody can reload.
 */
import { closeSync, fstatSync, readSync } from 'node:fs';
import type { Worker } from 'node:worker_threads';
import { v8 } from '../../base/late-modules.ts';
import { parseCommandLine } from '../../config/command-line.ts';
import type { Addon } from '../../native/addon.ts';
import { loadAddon } from '../../native/load.ts';
import type { Parsed, Sources } from '../../section/configuration.ts';
import { Channel } from '../channel.ts';
import { DataThreads } from '../data-threads.ts';
import { hasListener, NO_LISTENER, parseSources, readSources, report, sayFailure } from '../launch.ts';
import { type FromWorker, type ToWorker, textPieces, toWorker } from '../master/messages.ts';
import { Speaker } from '../say.ts';
import { startProcess } from '../start.ts';
import { findingsOf } from './findings.ts';
import { MasterHost } from './master-host.ts';
import { warmUp } from './warm-up.ts';

/** Descriptor that the master gave: its end of the channel. */
const CHANNEL = 3;

type Configure = Extract<ToWorker, { kind: 'configure' }>;

function readAll(fd: number): Buffer {
  const bytes = Buffer.allocUnsafeSlow(fstatSync(fd).size);
  for (let at = 0; at < bytes.length; ) {
    const count = readSync(fd, bytes, at, bytes.length - at, at);
    if (count === 0) break;
    at += count;
  }
  closeSync(fd);
  return bytes;
}

/** What another worker read, under a number of its own. */
function withGeneration(sources: Sources, generation: string): Sources {
  return { ...sources, environment: new Map(sources.environment).set('SLUICE_GENERATION', generation) };
}

class WorkerProcess {
  private readonly addon: Addon;
  private readonly words: readonly string[];
  private readonly dataThreads: DataThreads;
  private readonly speaker = new Speaker();
  private readonly channel: Channel;
  private readonly host: MasterHost;
  private isConfigured = false;
  private endWarmUp = (): void => {};

  constructor(words: readonly string[], threads: readonly Worker[]) {
    this.addon = loadAddon();
    this.words = words;
    this.dataThreads = new DataThreads(threads);
    this.channel = new Channel(this.addon, CHANNEL, {
      onMessage: (message, fds) => this.take(message, fds),
      onNotice: (_bytes, fds) => this.closeAll(fds),
      onEnd: () => process.exit(1),
    });
    const master = {
      send: (message: FromWorker, fds?: readonly number[], given?: readonly number[]) =>
        this.channel.send(message, fds, given),
      sayLog: () => this.sayLog(),
    };
    this.host = new MasterHost(this.addon, master, CHANNEL);
    this.addon.dieWithParent();
    this.send({ kind: 'booted' });
  }

  private send(message: FromWorker): void {
    this.channel.send(message);
  }

  private closeAll(fds: readonly number[]): void {
    for (const fd of fds) this.addon.closeFd(fd);
  }

  private take(value: unknown, fds: number[]): void {
    const message = toWorker(value, fds.length);
    const isEarly = message?.kind === 'configure' || message?.kind === 'warm-up';
    if (message === undefined || (isEarly && this.isConfigured)) this.closeAll(fds);
    else if (message.kind === 'warm-up') {
      this.endWarmUp();
      this.endWarmUp = warmUp(v8().deserialize(readAll(fds[0] as number)) as Sources, this.dataThreads);
    } else if (message.kind !== 'configure') this.host.take(message, fds);
    else {
      this.isConfigured = true;
      this.endWarmUp();
      this.configure(message, fds);
    }
  }

  private configure(order: Configure, fds: readonly number[]): void {
    const line = parseCommandLine(this.words);
    if ('error' in line) {
      this.fail();
      return;
    }
    this.host.begin(order, fds[0] as number);
    this.speaker.isSilent = order.isSilent;
    this.speaker.begin(line.isQuiet && !line.isVerbose);
    const own = {
      HAPROXY_MWORKER: '1',
      HAPROXY_MASTER_CLI: order.masterSocket,
      SLUICE_GENERATION: String(order.generation),
    };
    const environment = { ...process.env, ...own };
    const known = fds[1];
    const sources =
      known === undefined
        ? readSources(line, environment, this.speaker)
        : withGeneration(v8().deserialize(readAll(known)) as Sources, own.SLUICE_GENERATION);
    if (sources === undefined) {
      this.fail();
      return;
    }
    this.dataThreads.read(sources);
    const parsed = parseSources(sources);
    if (!report(line, parsed, this.speaker)) this.fail();
    else if (!hasListener(parsed)) {
      sayFailure(line, [NO_LISTENER], this.speaker);
      this.fail();
    } else {
      // Whoever waits has the time to look at all bytes again.
      this.host.findings = findingsOf(sources, parsed.configuration, order.isSilent);
      this.start(sources, parsed, line);
    }
  }

  private start(
    sources: Sources,
    parsed: Parsed,
    options: import('../../config/command-line.ts').CommandLine,
  ): void {
    const { configuration, environment } = parsed;
    this.host.sources = () => v8().serialize(sources);
    const { dataThreads, host, speaker } = this;
    void startProcess({ configuration, sources, options, environment, dataThreads, host, speaker });
  }

  private sayLog(): void {
    for (const text of textPieces(this.speaker.startupLog)) this.send({ kind: 'log', text });
  }

  /** What is wrong has been said. */
  private fail(): void {
    this.host.giveUp();
    process.exit(1);
  }
}

export function runWorker(words: readonly string[], threads: readonly Worker[]): void {
  new WorkerProcess(words, threads);
}
