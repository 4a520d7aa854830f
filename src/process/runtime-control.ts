/** What the commands of the runtime API may do to the running process: the only place where they reach it. Main thread only.
 */
import type { Control, FrontendRequest, StreamDoor } from '../cli/command.ts';
import { HAPROXY_VERSION } from '../config/version.ts';
import type { StatsSocket } from '../model/configuration.ts';
import type { PatternChange, PatternList } from '../model/pattern-list.ts';
import type { Proxy } from '../model/proxy.ts';
import type { Server, ServerAddress } from '../model/server.ts';
import * as abi from '../native/abi.ts';
import type { StateDoor } from '../state/section.ts';
import type { StatsSource } from '../stats/source.ts';
import { serverSockaddr } from './addresses.ts';
import type { ControlVoice } from './control-voice.ts';
import type { DataThreads } from './data-threads.ts';
import { serverWords } from './engine-tables.ts';
import { kindOf, type Pause } from './pause.ts';
import { answerQuestion, type Question, type Reply } from './questions.ts';
import type { Parts } from './running.ts';
import { stoppedText } from './stop.ts';
import { giveSockets } from './transfer-server.ts';

/** syslog levels. */
const WARNING = 4;
const INFO = 6;

/** Asks the thread <thread> of the data plane, which may be this one. */
function ask({ mainEngine, dataThreads }: Parts, thread: number, question: Question): Promise<Reply> {
  const { plane } = mainEngine;
  return plane === undefined
    ? dataThreads.question(thread, question)
    : Promise.resolve(answerQuestion(plane, question));
}

/** Streams of all threads, listed and ended. */
export function streamDoor(parts: Parts): StreamDoor {
  const { threads } = parts.shared;
  return {
    threads,
    async list(thread, from) {
      const reply = await ask(parts, thread, { what: 'streams', from });
      return reply.what === 'streams' ? reply.piece : { streams: [], next: -1 };
    },
    async shut(choice) {
      let count = 0;
      for (let thread = 0; thread < threads; thread++) {
        const reply = await ask(parts, thread, { what: 'shut', choice });
        if (reply.what === 'shut') count += reply.count;
      }
      return count;
    },
  };
}

/** Changes a list here and in every data thread; resolves when all have. */
async function changePatterns(parts: Parts, list: PatternList, change: PatternChange): Promise<boolean> {
  const { configuration, mainEngine, shared } = parts;
  const index = configuration.patternLists.all.indexOf(list);
  const isDone = list.apply(change);
  // With one thread the data plane uses the list that was just changed.
  if (!isDone || mainEngine.plane !== undefined) return isDone;
  const threads = Array.from({ length: shared.threads }, (_, thread) => thread);
  await Promise.all(threads.map((thread) => ask(parts, thread, { what: 'patterns', list: index, change })));
  return true;
}

/** From now on <server> is reached at <address>, on every thread. */
export function moveServer({ addon, dataThreads }: Parts, server: Server, address: ServerAddress): void {
  server.resolved = address;
  dataThreads.tellAll({ kind: 'address', server: server.index, address });
  addon.setServer(server.index, serverWords(server), serverSockaddr(address));
}

/** The process-wide maxconn; false when it is above what descriptors allow. */
function setMaxconn({ live, limits }: Parts, maxconn: number): boolean {
  if (maxconn > limits.maxconn) return false;
  Atomics.store(live.words, abi.LIVE_MAXCONN, maxconn === 0 ? limits.maxconn : maxconn);
  return true;
}

/** What the state of another worker may touch. */
export function stateDoor(parts: Parts): StateDoor {
  return {
    moveServer: (server, address) => moveServer(parts, server, address),
    // Before clients are let in no thread polls.
    changeFrontend: (proxy, request) => void changeFrontend(parts, proxy, request),
    setMaxconn: (maxconn) => setMaxconn(parts, maxconn),
  };
}

/** Only while no thread polls; what is wrong, '' when it is done. */
function changeFrontend({ listeners }: Parts, proxy: Proxy, request: FrontendRequest): string {
  if (request === 'resume') return listeners.unsilence(proxy) ? '' : 'a port is taken';
  if (request === 'pause') listeners.silence(proxy);
  else listeners.shut(proxy);
  return '';
}

export function makeControl(parts: Parts, source: StatsSource, voice: ControlVoice, pauses: Pause): Control {
  const { configuration, speaker, environment, dataThreads } = parts;
  return {
    source,
    version: HAPROXY_VERSION,
    anonKey: 0,
    sockets: configuration.global.statsSockets.map((socket) => ({
      source: shownSocket(socket),
      level: socket.level,
    })),
    environment: () => [...environment].sort(([a], [b]) => (a < b ? -1 : 1)),
    startupLog: () => speaker.startupLog,
    setAddress: (server, address) => moveServer(parts, server, address),
    async changeFrontend(proxy, request) {
      const error = await pauses.whileQuiet(() => changeFrontend(parts, proxy, request));
      if (error !== '') return error;
      const said = { pause: 'Paused', resume: 'Resumed' } as const;
      const text =
        request === 'stop' ? stoppedText(source, proxy) : `${said[request]} ${kindOf(proxy)} ${proxy.name}.`;
      voice.warn(text);
      voice.log(proxy, WARNING, text);
      return '';
    },
    streams: streamDoor(parts),
    giveSockets: (connection) => {
      const { addon, listeners } = parts;
      giveSockets(addon, connection, listeners.offered, () => {
        listeners.areShared = true;
      });
    },
    changePatterns: (list, change) => changePatterns(parts, list, change),
    giveClients: (connection, socketIds) => {
      // A worker's clients are its master's to move.
      if (parts.listeners.areNumberedByInode) parts.successor.give(connection, socketIds);
      else connection.end();
    },
    exit: (code) => process.exit(code),
    panic: () => panic(dataThreads),
    log: (text) => voice.logGlobal(INFO, text),
    setMaxconn: (maxconn) => setMaxconn(parts, maxconn),
  };
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
