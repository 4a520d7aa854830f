/** A stream for tests of policy without an engine: raw HTTP heads become the field table that C would have made, commands and
 * edits are only recorded. One frontend `web` (id 2), one backend `app` (id 3) with a server `s1`.
 */
import { Address } from '../../src/base/ip.ts';
import type { Arena, EditBuffer, Engine } from '../../src/model/boundary.ts';
import type { Configuration } from '../../src/model/configuration.ts';
import type { HttpMessage } from '../../src/model/http-message.ts';
import type { Listener } from '../../src/model/listener.ts';
import { createLiveMemory, Live } from '../../src/model/live.ts';
import { PatternLists } from '../../src/model/pattern-list.ts';
import type { Proxy, Timeouts } from '../../src/model/proxy.ts';
import { SERVER_RUNNING, type Server } from '../../src/model/server.ts';
import { Session } from '../../src/model/session.ts';
import { Stream } from '../../src/model/stream.ts';
import * as abi from '../../src/native/abi.ts';

const FIELDS_AT = 32;
const PLACE = { file: 'test.cfg', line: 1 };

function latinBytes(text: string): Arena['bytes'] {
  return Buffer.from(text, 'latin1') as Arena['bytes'];
}

/** The arena of one head, laid out as the scanner does. */
export function arenaOf(head: string): Arena {
  const end = head.indexOf('\r\n\r\n') + 4;
  const lines = head.slice(0, end - 4).split('\r\n');
  const words = new Uint32Array(FIELDS_AT + lines.length * abi.FIELD_WORDS);
  const start = lines[0] as string;
  words[abi.H_LEN] = end;
  if (start.startsWith('HTTP/')) scanStatus(words, start);
  else scanRequest(words, start);
  let text = `${start}\r\n`;
  for (let i = 1; i < lines.length; i++) {
    const line = lines[i] as string;
    const colon = line.indexOf(':');
    const name = line.slice(0, colon).toLowerCase();
    const value = line.slice(colon + 1).trim();
    const at = FIELDS_AT + (i - 1) * abi.FIELD_WORDS;
    words[at] = text.length;
    words[at + 1] = name.length | (Math.max(abi.FIELD_NAMES.indexOf(name), 0) << 16);
    words[at + 2] = text.length + line.indexOf(value, colon + 1);
    words[at + 3] = value.length;
    text += `${name}${line.slice(colon)}\r\n`;
  }
  words[abi.H_METHOD_FIELDS] = (words[abi.H_METHOD_FIELDS] as number) | ((lines.length - 1) << 16);
  return { words, bytes: latinBytes(`${text}\r\n${head.slice(end)}`) };
}

function versionWord(text: string): number {
  return (Number(text.charAt(5)) << 8) | Number(text.charAt(7));
}

function scanRequest(words: Uint32Array, start: string): void {
  const [method, target, version] = start.split(' ') as [string, string, string];
  words[abi.H_VERSION_STATUS] = versionWord(version);
  words[abi.H_METHOD_FIELDS] = Math.max(abi.METHOD_NAMES.indexOf(method), 0);
  words[abi.H_METHOD_LEN] = method.length;
  words[abi.H_TARGET_OFF] = method.length + 1;
  words[abi.H_TARGET_LEN] = target.length;
}

function scanStatus(words: Uint32Array, start: string): void {
  words[abi.H_VERSION_STATUS] = versionWord(start) | (Number(start.slice(9, 12)) << 16);
  words[abi.H_REASON_OFF] = 13;
  words[abi.H_REASON_LEN] = start.length - 13;
}

export function attachHead(message: HttpMessage, head: string): Arena {
  const arena = arenaOf(head);
  message.attach(arena, 0, FIELDS_AT, 0);
  return arena;
}

export interface RecordedEdit {
  readonly op: number;
  readonly field: number;
  readonly name: string;
  readonly value: string;
}

/** Records what policy commands. */
export class RecordingEngine implements Engine {
  readonly thread = 1;
  arena: Arena = { words: new Uint32Array(0), bytes: latinBytes('') };
  readonly edited: RecordedEdit[] = [];
  readonly edits: EditBuffer;
  readonly commands = new Uint32Array(1024);
  readonly work = new Uint32Array(2);
  readonly logged: { target: number; line: string }[] = [];
  nowMs = 1000;
  live?: Live;
  private commandCount = 0;

  constructor() {
    const edited = this.edited;
    this.edits = {
      get count() {
        return edited.length;
      },
      put(op, field, name, value) {
        edited.push({ op, field, name, value });
      },
    };
  }

  command(op: number, stream: number, generation: number): number {
    const at = this.commandCount++ * abi.COMMAND_WORDS;
    this.commands[at] = op;
    this.commands[at + 1] = stream;
    this.commands[at + 2] = generation;
    return at;
  }

  text(): number {
    return 0;
  }

  bytes(): number {
    return 0;
  }

  exec(): void {}

  log(target: number, line: string): void {
    this.logged.push({ target, line });
  }

  /** There are no sockets, but the records of a PROXY header. */
  connAddress(_conn: number, _generation: number, which: number, out: Uint8Array): number {
    if (which !== abi.ADDRESS_TLVS) return -1;
    const tlvs = Buffer.from('\x02\0\x0bexample.com\x05\0\x04id-1\xe1\0\x06custom', 'latin1');
    out.set(tlvs);
    return tlvs.length;
  }
}

const NO_TIMEOUTS: Timeouts = {
  clientMs: 5000,
  serverMs: 5000,
  connectMs: 5000,
  httpRequestMs: -1,
  httpKeepAliveMs: -1,
  tunnelMs: -1,
  clientFinMs: -1,
  clientHsMs: -1,
  serverFinMs: -1,
  queueMs: -1,
  tarpitMs: -1,
  checkMs: -1,
};

function proxy(index: number, name: string, isFrontend: boolean): Proxy {
  return {
    index,
    kind: isFrontend ? 'frontend' : 'backend',
    name,
    place: PLACE,
    id: index + 2,
    isFrontend,
    isBackend: !isFrontend,
    mode: 'http',
    disabled: false,
    description: '',
    listeners: [],
    servers: [],
    timeouts: { ...NO_TIMEOUTS },
    options: new Set(),
    maxconn: 0,
    fullconn: 0,
    backlog: 0,
    rules: new Map(),
    useBackends: [],
    useServers: [],
    defaultBackend: undefined,
    logs: [],
    logFormat: undefined,
    logFormatKind: 'default',
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

export interface PolicyBench {
  readonly configuration: Configuration;
  readonly engine: RecordingEngine;
  readonly web: Proxy;
  readonly app: Proxy;
  readonly server: Server;
  readonly stream: Stream;
}

/** Everything an expression may look at. <request> and <response> are raw heads, a body may follow. */
export function policyBench(request?: string, response?: string): PolicyBench {
  const web = proxy(0, 'web', true);
  const app = proxy(1, 'app', false);
  web.defaultBackend = app;
  const server = {
    index: 0,
    proxy: app,
    name: 's1',
    place: PLACE,
    id: 1,
    weight: 1,
    backup: false,
    maxconn: 0,
    maxqueue: 0,
    settings: new Map(),
  } as unknown as Server;
  app.servers.push(server);
  const listener = { index: 0, proxy: web, place: PLACE, name: 'main', id: 1, settings: new Map() };
  const engine = new RecordingEngine();
  const counts = { proxies: 2, servers: 1, listeners: 1 };
  const live = new Live(new Int32Array(createLiveMemory(counts)), counts);
  live.words[abi.LIVE_ACTCONN] = 1;
  live.words[live.proxy(0) + abi.LIVE_PX_FECONN] = 1;
  live.words[live.server(0) + abi.LIVE_SV_STATE] = SERVER_RUNNING;
  live.words[live.server(0) + abi.LIVE_SV_WEIGHT] = 1;
  live.words[live.listener(0) + abi.LIVE_LI_CONN] = 1;
  engine.live = live;
  const stream = new Stream();
  const session = new Session(1, 1, listener as unknown as Listener);
  session.source = new Address(Uint8Array.of(127, 0, 0, 1));
  session.sourcePort = 40000;
  session.destination = new Address(Uint8Array.of(127, 0, 0, 1));
  session.destinationPort = 8080;
  session.peer = { address: session.source, port: session.sourcePort };
  session.own = { address: session.destination, port: session.destinationPort };
  stream.begin(engine, 1, 1, session);
  if (request !== undefined) takeRequest(stream, engine, request);
  if (response !== undefined) {
    stream.phase = 1;
    stream.backend = app;
    stream.server = server;
    stream.request.detach();
    engine.arena = attachHead(stream.response, response);
  }
  const configuration = {
    global: { hostname: 'test', settings: new Map(), bufsize: 16384 },
    proxies: [web, app],
    servers: [server],
    listeners: [listener],
    logTargets: [],
    patternLists: new PatternLists(),
  } as unknown as Configuration;
  return { configuration, engine, web, app, server, stream };
}

function takeRequest(stream: Stream, engine: RecordingEngine, request: string): void {
  engine.arena = attachHead(stream.request, request);
  stream.bodyOffset = request.indexOf('\r\n\r\n') + 4;
  stream.bodyLength = request.length - stream.bodyOffset;
  stream.eventFlags = abi.EVF_FIRST | abi.EVF_BODY_END;
}
