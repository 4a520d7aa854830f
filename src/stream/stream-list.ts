/** Streams under way, listed and ended for the runtime API. Runs between batches on the thread that owns the plane, for so many streams
 * at a time; the data path knows nothing of it.
 */
import { sessionSource } from '../model/session-address.ts';
import type { StreamChoice, StreamFacts } from '../model/stream-facts.ts';
import * as abi from '../native/abi.ts';
import type { DataStream } from './data-stream.ts';
import type { Plane } from './plane.ts';

/** Streams looked at in one piece of a listing. */
export const LIST_PIECE_MAX = 256;
/** Streams ended between two executions of commands: an engine takes so many with room to spare. */
const SHUT_PIECE_MAX = 256;
/** Characters of a URI that are told. */
const URI_MAX = 1024;

export interface StreamPiece {
  readonly streams: readonly StreamFacts[];
  /** Where the next piece begins; -1 = this was the last. */
  readonly next: number;
}

function sourceOf(stream: DataStream): { source: string; family: 4 | 6 | 0 } {
  const { session, engine } = stream;
  const address = sessionSource(session, engine);
  if (address === undefined) return { source: '', family: 0 };
  return { source: `${address.toString()}:${session.sourcePort}`, family: address.family };
}

/** The request line as it was received: the field table ends with its batch, the text stays. */
function requestLine(stream: DataStream): { method: string; uri: string } {
  if (stream.frontend.mode !== 'http') return { method: '', uri: '' };
  const { text } = stream.request;
  const [method = '', uri = ''] = text.slice(0, Math.max(0, text.indexOf('\n'))).split(' ', 2);
  return { method, uri: uri.slice(0, URI_MAX) };
}

function factsOf(plane: Plane, stream: DataStream, nowMs: number): StreamFacts {
  const { session } = stream;
  return {
    thread: plane.engine.thread,
    stream: stream.index,
    generation: stream.generation,
    frontend: stream.frontend.index,
    listener: session.listener.index,
    backend: stream.backend?.index ?? -1,
    server: stream.server?.index ?? -1,
    ...sourceOf(stream),
    retries: stream.retries,
    ageMs: Math.max(0, nowMs - stream.beganMs),
    requests: session.streams,
    ...requestLine(stream),
    isAnswered: stream.phase !== 0,
  };
}

/** The next streams from index <from>; <nowMs>: the engine's clock, read now. */
export function listStreams(plane: Plane, from: number, nowMs: number): StreamPiece {
  const streams: StreamFacts[] = [];
  const { length } = plane.streams;
  const end = Math.min(length, Math.max(0, from) + LIST_PIECE_MAX);
  for (let at = Math.max(0, from); at < end; at++) {
    const stream = plane.streams[at];
    if (stream?.isActive === true) streams.push(factsOf(plane, stream, nowMs));
  }
  return { streams, next: end < length ? end : -1 };
}

function isChosen(plane: Plane, stream: DataStream, choice: StreamChoice): boolean {
  if ('all' in choice) return true;
  if ('server' in choice) return stream.server?.index === choice.server;
  if (choice.thread !== plane.engine.thread) return false;
  return choice.stream === stream.index && choice.generation === stream.generation;
}

/** By an administrator, says the log; where it stood the engine knows. */
const KILLED = 'K'.charCodeAt(0);

/** Ends the streams of <choice>; returns how many. */
export function shutStreams(plane: Plane, choice: StreamChoice): number {
  const { engine } = plane;
  let count = 0;
  for (const stream of plane.streams) {
    if (stream?.isActive !== true || !isChosen(plane, stream, choice)) continue;
    stream.termination = '';
    const at = engine.command(abi.CMD_ABORT, stream.index, stream.generation);
    engine.commands[at + abi.C_HOW] = abi.ABORT_CLOSE;
    engine.commands[at + abi.C_TERM] = KILLED;
    count++;
    if (count % SHUT_PIECE_MAX === 0) engine.exec();
  }
  engine.exec();
  return count;
}
