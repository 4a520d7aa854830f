/** The runtime API's sockets and what its commands work on: the running process seen through `StatsSource` and `Control`. */
import type { ServerStates } from '../check/server-state.ts';
import type { Control } from '../cli/command.ts';
import { CliServer, type CliSocket } from '../cli/server.ts';
import { HAPROXY_DATE, HAPROXY_VERSION } from '../config/version.ts';
import type { StatsSocket } from '../model/configuration.ts';
import * as abi from '../native/abi.ts';
import { newRates, type ProcessFacts, type StatsSource } from '../stats/source.ts';
import { Accounting } from './accounting.ts';
import { serverSockaddr } from './addresses.ts';
import type { DataThreads } from './data-threads.ts';
import { sumEngineCount } from './engine-counts.ts';
import { serverWords } from './engine-tables.ts';
import { statsMaxconn } from './limits.ts';
import type { Parts } from './running.ts';
import { bindFault, type SocketOpener } from './sockets.ts';

/** Clients that may wait in the kernel for the runtime API. */
const BACKLOG = 64;

/** Monotonic ms, the clock of the engines. */
function monotonicMs(): number {
  return Number(process.hrtime.bigint() / 1_000_000n);
}

export class RuntimeApi {
  private readonly parts: Parts;
  private readonly states: ServerStates;
  private readonly rates = newRates();
  private readonly accounting = new Accounting(this.rates);
  private readonly sockets: CliSocket[] = [];
  private bootMs = 0;
  readonly source: StatsSource;
  private server: CliServer | undefined;

  constructor(parts: Parts, states: ServerStates) {
    this.parts = parts;
    this.states = states;
    this.source = this.makeSource();
  }

  /** Opens the sockets; false when one could not be opened (each was named by an alert). */
  open(opener: SocketOpener): boolean {
    let failed = false;
    for (const socket of this.parts.configuration.global.statsSockets) {
      const opened = opener.open({
        ...socket,
        address: socket,
        backlog: BACKLOG,
        v6only: false,
        v4v6: false,
      });
      if ('fd' in opened) {
        this.sockets.push({ fd: opened.fd, level: socket.level });
        continue;
      }
      failed = true;
      this.parts.speaker.alert(bindFault(socket.place, 'frontend GLOBAL', socket, opened.error));
    }
    return !failed;
  }

  /** Answers from now on. */
  begin(): void {
    this.bootMs = Math.round(performance.now());
    this.accounting.begin(this.source);
    const { global } = this.parts.configuration;
    this.server = new CliServer(this.control(), {
      connections: statsMaxconn(this.parts.configuration),
      timeoutMs: global.statsTimeoutMs,
    });
    this.server.listen(this.sockets);
  }

  close(): void {
    this.server?.close();
  }

  private makeSource(): StatsSource {
    const { configuration, live, shared } = this.parts;
    const { proxies, servers, listeners } = configuration;
    const layout = {
      proxies: proxies.length,
      servers: servers.length,
      listeners: listeners.length,
      threads: shared.threads,
    };
    return {
      configuration,
      live,
      counters: shared.counters,
      layout,
      states: this.states,
      rates: this.rates,
      facts: this.facts(),
      nowMs: monotonicMs,
    };
  }

  private facts(): ProcessFacts {
    const { configuration, limits, shared, addon, speaker, listeners, engineCounts } = this.parts;
    const { global } = configuration;
    return {
      threads: shared.threads,
      startedMs: performance.timeOrigin,
      bootMs: () => this.bootMs,
      maxconn: limits.maxconn,
      maxsock: limits.maxsock,
      ulimitN: limits.ulimitN,
      shownHost: global.settings.get('node')?.[0] ?? global.hostname,
      description: global.settings.get('description')?.join(' ') ?? '',
      version: HAPROXY_VERSION,
      releaseDate: HAPROXY_DATE,
      poolUsage: () => {
        const [usedBytes = 0, maxBytes = 0] = addon.processUsage();
        return { usedBytes, maxBytes };
      },
      droppedLogs: () => sumEngineCount(engineCounts, 'logDrops'),
      splicedBytes: () => sumEngineCount(engineCounts, 'splicedBytes'),
      refusedBuffers: () => sumEngineCount(engineCounts, 'poolRefused'),
      streams: () => sumEngineCount(engineCounts, 'streams'),
      warnings: () => speaker.warningCount,
      listeners: () => listeners.openCount + this.sockets.length,
      idlePercent: () => this.accounting.idlePercent,
    };
  }

  private control(): Control {
    const { configuration, live, limits, speaker, environment, dataThreads, addon } = this.parts;
    return {
      source: this.source,
      version: HAPROXY_VERSION,
      sockets: configuration.global.statsSockets.map((socket) => ({
        source: shownSocket(socket),
        level: socket.level,
      })),
      environment: () => [...environment].sort(([a], [b]) => (a < b ? -1 : 1)),
      startupLog: () => speaker.startupLog,
      setAddress: (server, address) => {
        server.resolved = address;
        dataThreads.tellAll({ kind: 'address', server: server.index, address });
        addon.setServer(server.index, serverWords(server), serverSockaddr(address));
      },
      exit: (code) => process.exit(code),
      panic: () => panic(dataThreads),
      setMaxconn: (maxconn) => {
        if (maxconn > limits.maxconn) return false;
        Atomics.store(live.words, abi.LIVE_MAXCONN, maxconn === 0 ? limits.maxconn : maxconn);
        return true;
      },
    };
  }
}

/** In a data thread, or here when there is none. */
function panic(dataThreads: DataThreads): void {
  if (dataThreads.count > 0) dataThreads.panic();
  else setImmediate(throwPanic);
}

function throwPanic(): never {
  throw new Error('panic, as asked for by the runtime API');
}

function shownSocket(socket: StatsSocket): string {
  return socket.kind === 'unix' && !socket.source.includes('@') ? `unix@${socket.source}` : socket.source;
}
