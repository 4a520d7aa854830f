/** The runtime API's sockets and what its commands work on: the running process seen through `StatsSource` and `Control`. */
import { parseSize } from '../base/size.ts';
import type { ServerStates } from '../check/server-state.ts';
import { type Level, newClient } from '../cli/command.ts';
import { PAYLOAD_MAX_BYTES } from '../cli/flow.ts';
import { CliServer, type CliSocket } from '../cli/server.ts';
import { CliSession, type SessionLimits } from '../cli/session.ts';
import { HAPROXY_DATE, HAPROXY_VERSION } from '../config/version.ts';
import type { GlobalSettings, StatsSocket } from '../model/configuration.ts';
import { newChanges } from '../stats/changes.ts';
import { newHistory, newRates, type ProcessFacts, type StatsSource } from '../stats/source.ts';
import { Accounting } from './accounting.ts';
import type { ControlVoice } from './control-voice.ts';
import { sumEngineCount } from './engine-counts.ts';
import { statsMaxconn } from './limits.ts';
import type { Pause } from './pause.ts';
import { monotonicMs } from './questions.ts';
import type { Parts } from './running.ts';
import { makeControl } from './runtime-control.ts';
import { bindFault, type Opener, type SocketSettings } from './sockets.ts';

/** Clients that may wait in the kernel for the runtime API. */
const BACKLOG = 64;

function settingsOf(socket: StatsSocket): SocketSettings {
  const { kind, host, port, fd, source, mode, uid, gid, namespace, device } = socket;
  const address = { kind, host, port, fd, source };
  return { address, mode, uid, gid, namespace, device, backlog: BACKLOG, v6only: false, v4v6: false };
}

/** `tune.bufsize` bounds a line, `tune.cli.max-payload-size` a payload. */
function sessionLimits({ bufsize, settings }: GlobalSettings): SessionLimits {
  const payload = parseSize(settings.get('tune.cli.max-payload-size')?.[0] ?? '');
  return { lineBytes: bufsize, payloadBytes: payload ?? PAYLOAD_MAX_BYTES };
}

export class RuntimeApi {
  private readonly parts: Parts;
  private readonly states: ServerStates;
  private readonly voice: ControlVoice;
  private readonly pauses: Pause;
  private readonly rates = newRates();
  private readonly accounting = new Accounting(this.rates);
  private readonly sockets: CliSocket[] = [];
  private bootMs = 0;
  readonly source: StatsSource;
  private server: CliServer | undefined;

  constructor(parts: Parts, states: ServerStates, voice: ControlVoice, pauses: Pause) {
    this.parts = parts;
    this.voice = voice;
    this.pauses = pauses;
    this.states = states;
    this.source = this.makeSource();
  }

  wanted(): SocketSettings[] {
    return this.parts.configuration.global.statsSockets.map(settingsOf);
  }

  /** Opens the sockets; false when one could not be opened (each was named by an alert). */
  open(opener: Opener): boolean {
    let failed = false;
    for (const socket of this.parts.configuration.global.statsSockets) {
      const opened = opener.open(settingsOf(socket));
      if ('fd' in opened) {
        const { level, exposeListeners } = socket;
        this.sockets.push({ fd: opened.fd, level, exposesListeners: exposeListeners });
        if (socket.kind !== 'fd') this.parts.listeners.alsoOffer({ ...socket, fd: opened.fd });
        continue;
      }
      failed = true;
      this.parts.speaker.alert(bindFault(socket.place, 'frontend GLOBAL', socket, opened));
    }
    return !failed;
  }

  /** Answers from now on. */
  begin(): void {
    this.bootMs = Math.round(performance.now());
    this.accounting.begin(this.source);
    const { global } = this.parts.configuration;
    const control = makeControl(this.parts, this.source, this.voice, this.pauses);
    const limits = sessionLimits(global);
    this.server = new CliServer(
      (level, mayTakeSockets) =>
        new CliSession(control, newClient(level, global.statsTimeoutMs, mayTakeSockets), limits),
      { connections: statsMaxconn(this.parts.configuration) },
    );
    this.server.listen(this.sockets);
  }

  /** Takes no more clients; those that are here stay. */
  close(): void {
    this.server?.stopListening();
  }

  adopt(fd: number, level: Level): void {
    this.server?.adopt(fd, level);
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
      history: newHistory(),
      changed: newChanges(),
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
      connectionsMoved: () => ({
        in: sumEngineCount(engineCounts, 'movedIn'),
        out: sumEngineCount(engineCounts, 'movedOut'),
        refused: sumEngineCount(engineCounts, 'moveRefused'),
      }),
      splicedBytes: () => sumEngineCount(engineCounts, 'splicedBytes'),
      refusedBuffers: () => sumEngineCount(engineCounts, 'poolRefused'),
      streams: () => sumEngineCount(engineCounts, 'streams'),
      warnings: () => speaker.warningCount,
      listeners: () => listeners.openCount + this.sockets.length,
      idlePercent: () => this.accounting.idlePercent,
    };
  }
}
