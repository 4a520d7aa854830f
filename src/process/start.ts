/** The start of the process, step by step: data threads boot while main resolves names, opens sockets and fills the engine's tables;
 * then all become ready together, and only then is anybody let in. What runs afterwards is in `Running`.
 */
import type { CommandLine } from '../config/command-line.ts';
import type { Configuration } from '../model/configuration.ts';
import { createCounterMemory } from '../model/counter-slices.ts';
import { createLiveMemory, Live } from '../model/live.ts';
import type { Addon } from '../native/addon.ts';
import { loadAddon } from '../native/load.ts';
import type { Sources } from '../section/configuration.ts';
import type { SharedMemory } from '../stream/plane.ts';
import { addressesOfNames, resolveServers } from './addresses.ts';
import { endByDeath, expectCrashes, reportDeath } from './crashes.ts';
import type { Crash, DataThreads } from './data-threads.ts';
import { createEngineCounts } from './engine-counts.ts';
import { engineLimits, fillEngine, fillLive } from './engine-tables.ts';
import { setFullconns } from './fullconn.ts';
import type { Host } from './host.ts';
import { computeLimits, descriptorLimit, type Limits } from './limits.ts';
import { Listeners } from './listeners.ts';
import { openLogTargets } from './log-targets.ts';
import { startMainEngine } from './main-engine.ts';
import { openNamespaces } from './namespaces.ts';
import { applyLimits, dropPrivileges } from './privileges.ts';
import { processorFaults } from './processors.ts';
import { openRecorder } from './recorder.ts';
import { Running } from './running.ts';
import type { Speaker } from './say.ts';
import { Successor } from './successor.ts';
import { threadCount, workersOf } from './thread-count.ts';

export interface Run {
  /** Booting since before the configuration was read. */
  readonly dataThreads: DataThreads;
  readonly configuration: Configuration;
  readonly sources: Sources;
  readonly options: CommandLine;
  /** As the configuration left it. */
  readonly environment: ReadonlyMap<string, string>;
  readonly host: Host;
  readonly speaker: Speaker;
}

function makeShared(configuration: Configuration, threads: number): SharedMemory {
  const { proxies, servers, listeners } = configuration;
  const counts = { proxies: proxies.length, servers: servers.length, listeners: listeners.length };
  return { live: createLiveMemory(counts), counters: createCounterMemory({ threads, ...counts }), threads };
}

function makeLive(configuration: Configuration, shared: SharedMemory): Live {
  const { proxies, servers, listeners } = configuration;
  const counts = { proxies: proxies.length, servers: servers.length, listeners: listeners.length };
  return new Live(new Int32Array(shared.live), counts);
}

/** Ends the process at once: the start failed, or went on without one of its threads. */
function giveUp(run: Run): never {
  run.host.giveUp();
  process.exit(1);
}

/** A thread is gone that nobody has ended. */
function endWithThread(run: Run, report: (addon: Addon, text: string) => void): Crash {
  return (thread, text) => {
    report(loadAddon(), text);
    run.speaker.alert(`Data thread ${thread + 1} is gone (${text}): the process ends.`);
    giveUp(run);
  };
}

function initEngine(addon: Addon, run: Run, live: Live, limits: Limits, engines: number): void {
  const { proxies, servers, listeners } = run.configuration;
  fillLive(live, run.configuration, limits);
  const words = engineLimits(run.configuration, limits, engines);
  run.host.keepRecorder(addon, openRecorder(addon, run.configuration, engines));
  expectCrashes(addon, run.configuration, run.options.files, run.host.atCrash, run.speaker);
  addon.processInit(live.words, proxies.length, servers.length, listeners.length, words);
  fillEngine(addon, run.configuration);
}

async function resolveNames(run: Run): Promise<void> {
  const { speaker } = run;
  const errors = await resolveServers(run.configuration);
  for (const error of errors) {
    if (run.options.ignoresResolution) speaker.warning(error);
    else speaker.alert(error);
  }
  if (errors.length === 0) return;
  if (!run.options.ignoresResolution) {
    speaker.alert('Failed to initialize server(s) addr.');
    giveUp(run);
  }
}

/** Starts what was read; a start that fails is said and ends the process with 1. */
export async function startProcess(run: Run): Promise<void> {
  try {
    await start(run);
  } catch (error) {
    run.speaker.alert(`[sluice.main()] ${error instanceof Error ? error.message : String(error)}`);
    giveUp(run);
  }
}

/** Everything but sockets: data threads boot, names are resolved, tables are filled. */
async function prepare(run: Run): Promise<Running> {
  const { configuration, options, speaker, dataThreads } = run;
  const threads = threadCount(configuration);
  dataThreads.onCrash = endWithThread(run, reportDeath);
  dataThreads.resize(workersOf(threads));
  const addon = loadAddon();
  if (!applyLimits(addon, configuration.global, options.memoryMb, speaker)) giveUp(run);
  for (const fault of processorFaults(configuration.global, threads)) speaker.warning(fault);
  const descriptors = descriptorLimit();
  const limits = computeLimits(configuration, threads, descriptors);
  const shared = makeShared(configuration, threads);
  const live = makeLive(configuration, shared);
  if (limits.maxsock > descriptors) {
    speaker.warning(`[sluice.main()] Cannot raise FD limit to ${limits.maxsock}, limit is ${descriptors}.`);
  }
  await resolveNames(run);
  setFullconns(configuration, limits.maxconn);
  if (!openNamespaces(addon, configuration, speaker)) giveUp(run);
  initEngine(addon, run, live, limits, threads === 1 ? 1 : threads + 1);
  await openLogTargets(addon, configuration, speaker);
  const engineCounts = createEngineCounts(threads === 1 ? 1 : threads + 1);
  const addresses = addressesOfNames(configuration);
  const work = { sources: run.sources, addresses, shared, engineCounts };
  const ready = dataThreads.configure(work);
  const running = new Running({
    ...{ addon, configuration, options, speaker, limits, shared, live, dataThreads },
    listeners: new Listeners(addon, configuration),
    successor: new Successor(addon),
    mainEngine: startMainEngine(addon, configuration, shared),
    environment: run.environment,
    engineCounts,
    host: run.host,
  });
  run.host.attach(running);
  await ready;
  return running;
}

async function start(run: Run): Promise<void> {
  const { configuration, host, speaker } = run;
  const running = await prepare(run);
  // Whoever can connect is served, and whoever sees a port open may send signals: nothing listens before now.
  const opener = host.opener(running.parts.addon);
  if (opener === undefined) giveUp(run);
  if (!(await running.open(opener))) {
    speaker.alert('[sluice.main()] Some protocols failed to start their listeners! Exiting.');
    giveUp(run);
  }
  if (!host.opened(running.parts) || !dropPrivileges(running.parts.addon, configuration.global, speaker))
    giveUp(run);
  await host.mayServe(running.parts);
  await running.begin();
  host.serves(running.parts);
  run.dataThreads.onCrash = endWithThread(run, endByDeath);
  speaker.endOfStart();
}
