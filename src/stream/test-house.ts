/** A small configuration and a plane over a fake engine, for the tests of the data path: proxies made by hand, events told in one
 * line, commands read back as text.
 */
import type { Configuration, GlobalSettings } from '../model/configuration.ts';
import { createCounterMemory } from '../model/counter-slices.ts';
import type { Listener } from '../model/listener.ts';
import { createLiveMemory, Live } from '../model/live.ts';
import { PatternLists } from '../model/pattern-list.ts';
import type { Proxy } from '../model/proxy.ts';
import type { Action, Condition, Rule } from '../model/rules.ts';
import { SERVER_RUNNING, type Server } from '../model/server.ts';
import type { Stream } from '../model/stream.ts';
import * as abi from '../native/abi.ts';
import { onBatch } from './batch.ts';
import { FakeEngine } from './fake-engine.ts';
import { Plane } from './plane.ts';

const place = { file: 'test.cfg', line: 1 };

export function makeProxy(index: number, kind: 'frontend' | 'backend' | 'listen', name: string): Proxy {
  return {
    index,
    kind,
    name,
    place,
    id: index + 2,
    isFrontend: kind !== 'backend',
    isBackend: kind !== 'frontend',
    mode: 'http',
    disabled: false,
    description: '',
    listeners: [],
    servers: [],
    timeouts: {
      clientMs: 5000,
      serverMs: 5000,
      connectMs: 500,
      httpRequestMs: -1,
      httpKeepAliveMs: -1,
      tunnelMs: -1,
      clientFinMs: -1,
      clientHsMs: -1,
      serverFinMs: -1,
      queueMs: -1,
      tarpitMs: -1,
      checkMs: -1,
    },
    options: new Set(['abortonclose']),
    maxconn: 0,
    fullconn: 0,
    backlog: 0,
    rules: new Map(),
    useBackends: [],
    useServers: [],
    defaultBackend: undefined,
    logs: [{ target: 0, facility: 16, maxLevel: 7, minLevel: 0, maxLength: 1024, format: 'rfc3164' }],
    logFormat: undefined,
    logFormatKind: 'http',
    errorLogFormat: undefined,
    logTag: undefined,
    uniqueIdFormat: undefined,
    uniqueIdHeader: undefined,
    requestCaptures: [],
    responseCaptures: [],
    balance: { algorithm: 'roundrobin', args: [] },
    httpReuse: 'safe',
    retries: 3,
    redispatchInterval: 0,
    forwardFor: undefined,
    originalTo: undefined,
    errorFiles: new Map(),
    compression: undefined,
    checkLines: [],
    settings: new Map(),
  };
}

export function makeServer(index: number, proxy: Proxy, name: string): Server {
  const address = { kind: 'ipv4' as const, host: '127.0.0.1', port: 8000 + index, portOffset: 0, source: '' };
  const server: Server = {
    index,
    proxy,
    name,
    place,
    id: proxy.servers.length + 1,
    address,
    resolved: address,
    weight: 1,
    backup: false,
    disabled: false,
    maxconn: 0,
    minconn: 0,
    maxqueue: 0,
    cookie: undefined,
    poolMaxConn: -1,
    poolLowConn: 0,
    poolPurgeDelayMs: 5000,
    netnsFd: -1,
    check: {
      enabled: false,
      interMs: 2000,
      fastinterMs: 0,
      downinterMs: 0,
      rise: 2,
      fall: 3,
      port: 0,
      address: undefined,
    },
    sendProxy: undefined,
    settings: new Map(),
  };
  proxy.servers.push(server);
  return server;
}

export function makeListener(index: number, proxy: Proxy): Listener {
  const listener: Listener = {
    index,
    proxy,
    place,
    address: { kind: 'ipv4', host: '', port: 80, fd: -1, source: ':80' },
    name: '',
    id: 1,
    maxconn: 0,
    backlog: 0,
    v6only: false,
    v4v6: false,
    mode: undefined,
    uid: undefined,
    gid: undefined,
    exposeFd: undefined,
    settings: new Map(),
  } as unknown as Listener;
  proxy.listeners.push(listener);
  return listener;
}

export function makeRule(name: string, run: (stream: Stream) => number, condition?: Condition): Rule {
  const action: Action = { name, run };
  return { place: { file: 'test.cfg', line: 7 }, action, condition };
}

/** The named bits of a flag word. */
export function flagNames(prefix: string, word: number): string {
  return Object.entries(abi)
    .filter(([name, bit]) => name.startsWith(prefix) && typeof bit === 'number' && (word & bit) !== 0)
    .map(([name]) => name.slice(prefix.length))
    .join('|');
}

export class House {
  readonly engine = new FakeEngine();
  readonly proxies: Proxy[] = [];
  readonly servers: Server[] = [];
  readonly listeners: Listener[] = [];
  readonly errors: string[] = [];
  plane!: Plane;
  live!: Live;
  private generation = 0;

  proxy(kind: 'frontend' | 'backend' | 'listen', name: string): Proxy {
    const proxy = makeProxy(this.proxies.length, kind, name);
    this.proxies.push(proxy);
    if (kind !== 'backend') this.listeners.push(makeListener(this.listeners.length, proxy));
    return proxy;
  }

  server(proxy: Proxy, name: string): Server {
    const server = makeServer(this.servers.length, proxy, name);
    this.servers.push(server);
    return server;
  }

  /** Makes the plane; every server is up. */
  open(): this {
    const { proxies, servers, listeners } = this;
    const counts = { proxies: proxies.length, servers: servers.length, listeners: listeners.length };
    const live = createLiveMemory(counts);
    this.live = new Live(new Int32Array(live), counts);
    for (const server of servers) {
      const at = this.live.server(server.index);
      this.live.words[at + abi.LIVE_SV_STATE] = SERVER_RUNNING;
      this.live.words[at + abi.LIVE_SV_WEIGHT] = server.weight;
      this.live.words[at + abi.LIVE_SV_MAXCONN] = server.maxconn;
    }
    const configuration: Configuration = {
      global: {} as GlobalSettings,
      proxies,
      servers,
      listeners,
      logTargets: [],
      patternLists: new PatternLists(),
    };
    const counters = createCounterMemory({ ...counts, threads: 1 });
    this.plane = new Plane(
      configuration,
      this.engine,
      { live, counters, threads: 1 },
      {
        defaultFormat: (proxy) => ({
          source: 'test',
          constant: undefined,
          build: (stream) =>
            `${proxy.name} ${stream.backend?.name ?? proxy.name}/${stream.server?.name ?? '<NOSRV>'} ` +
            `${stream.localStatus} ${stream.termination} retries=${stream.retries}`,
        }),
        write: (engine, line, _level, text) => engine.log(line.target, text),
        onPolicyError: (text) => this.errors.push(text),
      },
    );
    return this;
  }

  private event(words: Uint32Array): string[] {
    onBatch(this.plane, { onProbe: () => {}, onControl: () => {} }, words, 1);
    return this.commands();
  }

  /** What was commanded since the last look, one text each. */
  commands(): string[] {
    return this.engine.takeCommands().map(({ op, words, edits, body }) => {
      const edited = edits.map(
        (edit) => `${edit.name}${edit.op === abi.EDIT_DEL ? `-${edit.field}` : `: ${edit.value}`}`,
      );
      const tail = edited.length > 0 ? ` {${edited.join('; ')}}` : '';
      switch (op) {
        case abi.CMD_FORWARD:
          return `FORWARD ${this.servers[words[abi.C_SERVER] as number]?.name} ${flagNames('FWD_', words[abi.C_FLAGS] as number)}${tail}`;
        case abi.CMD_FORWARD_RESPONSE:
          return `FORWARD_RESPONSE stage=${words[abi.C_STAGE]}${tail}`;
        case abi.CMD_RESPOND:
          return `RESPOND ${flagNames('RSP_', words[abi.C_FLAGS] as number)}${tail} ${body.length}`;
        case abi.CMD_QUEUE:
          return `QUEUE ${words[abi.C_SERVER] === abi.NONE ? 'any' : this.servers[words[abi.C_SERVER] as number]?.name} ${words[abi.C_DEADLINE_MS]}`;
        case abi.CMD_WAIT:
          return `WAIT ${words[abi.C_DEADLINE_MS]}`;
        case abi.CMD_ABORT:
          return `ABORT ${words[abi.C_HOW]}`;
        case abi.CMD_RELEASE_SLOT:
          return `RELEASE_SLOT ${this.servers[words[3] as number]?.name}`;
        default:
          return `COMMAND ${op}`;
      }
    });
  }

  /** A request of a new stream; <conn> 0 is each time a new connection. */
  request(text: string, stream = 1, conn = 1): string[] {
    this.generation++;
    const at = this.engine.writeHead(`${text.trim().replaceAll(/\r?\n\s*/g, '\r\n')}\r\n\r\n`);
    const words = new Uint32Array(abi.EVENT_WORDS);
    words.set([abi.EV_REQUEST, stream, this.generation, conn, 1, 0, 0, at.head, at.fields, at.text]);
    this.streamGeneration.set(stream, this.generation);
    return this.event(words);
  }

  private readonly streamGeneration = new Map<number, number>();

  private about(kind: number, stream: number, reason: number, flags: number, argument: number): Uint32Array {
    const words = new Uint32Array(abi.EVENT_END_WORDS);
    words.set([kind, stream, this.streamGeneration.get(stream) ?? 0, 1, 1, 0, flags]);
    words[abi.E_REASON] = reason;
    words[abi.E_ARG] = argument;
    return words;
  }

  response(text: string, stream = 1): string[] {
    const at = this.engine.writeHead(`${text.trim().replaceAll(/\r?\n\s*/g, '\r\n')}\r\n\r\n`);
    const words = this.about(abi.EV_RESPONSE, stream, 0, 0, 0);
    words[abi.E_HEAD] = at.head;
    words[abi.E_FIELDS] = at.fields;
    words[abi.E_TEXT] = at.text;
    return this.event(words);
  }

  fail(reason: number, flags = 0, argument = 0, stream = 1): string[] {
    return this.event(this.about(abi.EV_FAIL, stream, reason, flags, argument));
  }

  badResponse(reason: number, stream = 1): string[] {
    return this.event(this.about(abi.EV_BAD_RESPONSE, stream, reason, 0, 502));
  }

  badRequest(reason: number, status: number, stream = 1): string[] {
    this.generation++;
    this.streamGeneration.set(stream, this.generation);
    return this.event(this.about(abi.EV_BAD_REQUEST, stream, reason, 0, status));
  }

  wake(reason: number, argument = 0, stream = 1): string[] {
    return this.event(this.about(abi.EV_WAKE, stream, reason, 0, argument));
  }

  /** Ends the stream; the log lines it made. */
  end(term = 0, status = 0, stream = 1): string[] {
    const words = this.about(abi.EV_END, stream, 0, 0, 0);
    words[abi.X_TERM] = term;
    words[abi.X_STATUS] = status;
    words[abi.X_FLAGS] = 0;
    for (let i = abi.X_T_IDLE; i <= abi.X_T_CLOSE; i++) words[i] = abi.NONE;
    this.engine.logged.length = 0;
    this.event(words);
    return this.engine.logged.map((entry) => entry.line);
  }
}
