/** What the master and a worker say to each other. Either side checks what it receives as it would check a stranger's bytes: the other
 * process may be of another version, or out of its mind.
 */
import type { SocketSettings } from '../sockets.ts';

/** Sockets one worker may ask for; of one message. */
export const SOCKETS_MAX = 65536;
export const SOCKETS_PER_MESSAGE = 64;
/** Numbers of sockets in one message. */
export const SOCKET_IDS_PER_MESSAGE = 4096;
/** Entries of a state in one message, and the characters they may have as JSON beyond the first. */
export const ENTRIES_PER_MESSAGE = 256;
const ENTRIES_MAX_CHARS = 8192;
/** Characters of a text in one message: each may take six bytes as JSON. */
export const TEXT_MAX_CHARS = 8192;

/** What a worker that is ready says about its configuration. */
export interface WorkerFacts {
  readonly version: string;
  readonly threads: number;
  readonly hardStopAfterMs: number;
  /** `mworker-max-reloads`; -1 = not set. */
  readonly maxReloads: number;
  readonly hasStandby: boolean;
  readonly pidFile: string;
  /** The packets with connections that it understands; the first ones when it does not say. */
  readonly handover?: number;
}

export type FromWorker =
  /** Its code is loaded, its threads boot. */
  | { readonly kind: 'booted' }
  /** Which sockets it wants, in several messages; answered in the same pieces when all <total> are known. */
  | { readonly kind: 'sockets'; readonly total: number; readonly wanted: readonly SocketSettings[] }
  /** What was said at its start. */
  | { readonly kind: 'log'; readonly text: string }
  | { readonly kind: 'failed' }
  /** Descriptor: its flight recorder (native/crash/record.h), to be read when it has died. */
  | { readonly kind: 'recorder' }
  /** Everything is open, nobody is let in. Descriptors: what it read, for another worker with the same configuration; and, when
   * files alone decide it, what the disk must still hold for the next start to be the same. */
  | { readonly kind: 'ready'; readonly facts: WorkerFacts }
  | { readonly kind: 'serving' }
  /** What the runtime API and the checks changed: entries as src/state reads them, each checked there. */
  | { readonly kind: 'state'; readonly entries: readonly unknown[] }
  /** All of its state was said, as `report` asked for. */
  | { readonly kind: 'reported' }
  /** It is stopped although somebody is still there. Descriptor: what it knew, as text; to be kept in <folder>. */
  | { readonly kind: 'evidence'; readonly folder: string }
  /** Who keeps a worker that was told to retire, a line each; requests it has answered since. */
  | { readonly kind: 'stale'; readonly lines: readonly string[]; readonly requests: number };

export type SocketAnswer = { readonly socketId: number } | { readonly error: string };

/** What only the master knows. */
export interface HistoryCounts {
  readonly reloads: number;
  readonly failedReloads: number;
  readonly crashes: number;
  /** In 15 minutes; in the encoder. */
  readonly crashesLately: number;
  readonly encoderCrashes: number;
  readonly staleWorkers: number;
  readonly staleRequests: number;
}

function areCounts(value: unknown): boolean {
  const all = fieldsOf(value);
  return all !== undefined && COUNTS.every((name) => isInteger(all[name], 0, Number.MAX_SAFE_INTEGER));
}

const COUNTS = [
  'reloads',
  'failedReloads',
  'crashes',
  'crashesLately',
  'encoderCrashes',
  'staleWorkers',
  'staleRequests',
];

/** The last death of a worker, as `show info` has it. */
export interface LastCrash {
  readonly timeSec: number;
  readonly signal: string;
  readonly proxy: string;
  readonly text: string;
}

function isCrash(value: unknown): boolean {
  const all = fieldsOf(value);
  const texts = [all?.signal, all?.proxy, all?.text];
  return isInteger(all?.timeSec, 0, UINT_MAX) && texts.every((text) => isText(text, TEXT_MAX_CHARS));
}

export type ToWorker =
  /** Descriptors: the sending end of its handover; what another worker read, when <hasSources>. */
  | {
      readonly kind: 'configure';
      readonly generation: number;
      readonly reloads: number;
      /** Another worker has said the same already. */
      readonly isSilent: boolean;
      readonly hasSources: boolean;
      /** Where the master's runtime API listens, as configured. */
      readonly masterSocket: string;
    }
  /** To a spare, which has time. Descriptor: what another worker read, of which its next start is likely to be a variation. */
  | { readonly kind: 'warm-up' }
  /** Descriptors: of the answers without an error, in their order. */
  | { readonly kind: 'sockets'; readonly answers: readonly SocketAnswer[] }
  /** What another worker said of its state; before `serve`. */
  | { readonly kind: 'state'; readonly entries: readonly unknown[] }
  /** How workers came and went, for `show info`. */
  | {
      readonly kind: 'history';
      readonly counts: HistoryCounts;
      /** `<proxy>=<deaths> …`, of 15 minutes. */
      readonly crashesByProxy: string;
      readonly last: LastCrash | null;
    }
  /** Workers died in the encoder of these proxies: it is switched off. */
  | { readonly kind: 'encoder'; readonly proxies: readonly string[] }
  /** To be logged: the master has no log targets. */
  | { readonly kind: 'alarm'; readonly text: string }
  /** Say the rest of the state. */
  | { readonly kind: 'report' }
  /** Descriptors: receiving ends of its predecessors' handovers. */
  | { readonly kind: 'serve' }
  /** Its successor serves, and has these sockets; said in several messages, the last one counts. */
  | {
      readonly kind: 'retire';
      readonly socketIds: readonly number[];
      readonly isLast: boolean;
      /** The packets with connections that the successor understands; the first ones when it does not say. */
      readonly handover?: number;
    }
  /** Descriptor: a client of the runtime API. */
  | { readonly kind: 'cli'; readonly level: 'user' | 'operator' | 'admin' };

type Fields = Readonly<Record<string, unknown>>;

function fieldsOf(value: unknown): Fields | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : undefined;
}

function isText(value: unknown, most: number): value is string {
  return typeof value === 'string' && value.length <= most;
}

function isInteger(value: unknown, least: number, most: number): value is number {
  return Number.isInteger(value) && (value as number) >= least && (value as number) <= most;
}

const INT_MAX = 0x7fffffff;
const UINT_MAX = 0xffffffff;
/** Characters of an address as it is written. */
const ADDRESS_MAX_CHARS = 4096;
/** Characters of the name of a network namespace or interface. */
const NAME_MAX_CHARS = 255;
const KINDS = ['ipv4', 'ipv6', 'unix', 'abns', 'fd'];

function isOptional(value: unknown, most: number): boolean {
  return value === undefined || isInteger(value, 0, most);
}

function socketSettings(value: unknown): SocketSettings | undefined {
  const all = fieldsOf(value);
  const address = fieldsOf(all?.address);
  if (all === undefined || address === undefined) return undefined;
  const isAddress =
    KINDS.includes(address.kind as string) &&
    isText(address.host, ADDRESS_MAX_CHARS) &&
    isInteger(address.port, 0, 65535) &&
    isInteger(address.fd, -1, INT_MAX) &&
    isText(address.source, ADDRESS_MAX_CHARS);
  const areOptions =
    isInteger(all.backlog, 0, INT_MAX) &&
    typeof all.v6only === 'boolean' &&
    typeof all.v4v6 === 'boolean' &&
    isOptional(all.mode, 0o7777) &&
    isOptional(all.uid, UINT_MAX) &&
    isOptional(all.gid, UINT_MAX) &&
    isText(all.namespace, NAME_MAX_CHARS) &&
    isText(all.device, NAME_MAX_CHARS);
  return isAddress && areOptions ? (value as SocketSettings) : undefined;
}

function facts(value: unknown): WorkerFacts | undefined {
  const all = fieldsOf(value);
  const isValid =
    all !== undefined &&
    isText(all.version, 256) &&
    isInteger(all.threads, 1, 4096) &&
    isInteger(all.hardStopAfterMs, 0, INT_MAX) &&
    isInteger(all.maxReloads, -1, INT_MAX) &&
    typeof all.hasStandby === 'boolean' &&
    isOptional(all.handover, UINT_MAX) &&
    isText(all.pidFile, ADDRESS_MAX_CHARS);
  return isValid ? (value as WorkerFacts) : undefined;
}

function areTexts(value: unknown, count: number): value is string[] {
  return Array.isArray(value) && value.length <= count && value.every((text) => isText(text, TEXT_MAX_CHARS));
}

/** Lines of a message that says who keeps a worker. */
export const STALE_LINES_MAX = 5;

/** Most descriptors a message of a worker may bring. */
const DESCRIPTORS_FROM: Readonly<Record<string, number>> = { ready: 2, evidence: 1, recorder: 1 };

function areEntries(value: unknown): value is unknown[] {
  return Array.isArray(value) && value.length <= ENTRIES_PER_MESSAGE;
}

/** What a worker said, or undefined when it makes no sense. */
export function fromWorker(value: unknown, descriptors: number): FromWorker | undefined {
  const all = fieldsOf(value);
  const most = DESCRIPTORS_FROM[String(all?.kind)] ?? 0;
  if (all === undefined || descriptors > most) return undefined;
  switch (all.kind) {
    case 'booted':
    case 'failed':
    case 'reported':
    case 'serving':
      return { kind: all.kind };
    case 'recorder':
      return descriptors === 1 ? { kind: 'recorder' } : undefined;
    case 'log':
      return isText(all.text, TEXT_MAX_CHARS) ? { kind: 'log', text: all.text } : undefined;
    case 'stale':
      return areTexts(all.lines, STALE_LINES_MAX) && isInteger(all.requests, 0, UINT_MAX)
        ? { kind: 'stale', lines: all.lines, requests: all.requests }
        : undefined;
    case 'state':
      return areEntries(all.entries) ? { kind: 'state', entries: all.entries } : undefined;
    case 'evidence':
      return isText(all.folder, ADDRESS_MAX_CHARS) ? { kind: 'evidence', folder: all.folder } : undefined;
    case 'ready': {
      const told = facts(all.facts);
      return told === undefined ? undefined : { kind: 'ready', facts: told };
    }
    case 'sockets': {
      if (!isInteger(all.total, 0, SOCKETS_MAX) || !Array.isArray(all.wanted)) return undefined;
      if (all.wanted.length > SOCKETS_PER_MESSAGE) return undefined;
      const wanted = all.wanted.map(socketSettings).filter((one) => one !== undefined);
      return wanted.length === all.wanted.length ? { kind: 'sockets', total: all.total, wanted } : undefined;
    }
    default:
      return undefined;
  }
}

function isAnswer(value: unknown): boolean {
  const all = fieldsOf(value);
  return all !== undefined && (isInteger(all.socketId, 1, UINT_MAX) || isText(all.error, TEXT_MAX_CHARS));
}

/** Encoders that one message switches off. */
export const ENCODERS_MAX = 64;

const LEVELS = ['user', 'operator', 'admin'];

/** Most descriptors a message may bring. */
const DESCRIPTORS: Readonly<Record<string, number>> = {
  configure: 2,
  'warm-up': 1,
  sockets: 253,
  serve: 253,
  cli: 1,
};

/** What the master said, or undefined when it makes no sense. */
export function toWorker(value: unknown, descriptors: number): ToWorker | undefined {
  const all = fieldsOf(value);
  if (all === undefined || descriptors > (DESCRIPTORS[all.kind as string] ?? 0)) return undefined;
  const isValid = {
    configure: () =>
      isInteger(all.generation, 0, INT_MAX) &&
      isInteger(all.reloads, 0, INT_MAX) &&
      typeof all.isSilent === 'boolean' &&
      typeof all.hasSources === 'boolean' &&
      isText(all.masterSocket, ADDRESS_MAX_CHARS) &&
      descriptors === (all.hasSources ? 2 : 1),
    'warm-up': () => descriptors === 1,
    sockets: () => {
      const { answers } = all;
      if (!Array.isArray(answers) || answers.length > SOCKETS_PER_MESSAGE || !answers.every(isAnswer))
        return false;
      return answers.filter((one) => 'socketId' in one).length === descriptors;
    },
    serve: () => true,
    state: () => areEntries(all.entries),
    history: () =>
      areCounts(all.counts) &&
      isText(all.crashesByProxy, TEXT_MAX_CHARS) &&
      (all.last === null || isCrash(all.last)),
    encoder: () => areTexts(all.proxies, ENCODERS_MAX),
    alarm: () => isText(all.text, TEXT_MAX_CHARS),
    report: () => true,
    retire: () =>
      isOptional(all.handover, UINT_MAX) &&
      typeof all.isLast === 'boolean' &&
      Array.isArray(all.socketIds) &&
      all.socketIds.every((id) => isInteger(id, 1, UINT_MAX)),
    cli: () => LEVELS.includes(all.level as string) && descriptors === 1,
  };
  const check = Object.hasOwn(isValid, String(all.kind)) ? isValid[all.kind as ToWorker['kind']] : undefined;
  return check?.() === true ? (value as ToWorker) : undefined;
}

/** <text> in pieces that fit in a message. */
export function* textPieces(text: string): Generator<string> {
  for (let at = 0; at < text.length; at += TEXT_MAX_CHARS) yield text.slice(at, at + TEXT_MAX_CHARS);
}

/** <entries> in pieces that fit in a message. */
export function* entryPieces(entries: Iterable<object>): Generator<object[]> {
  let piece: object[] = [];
  let chars = 0;
  for (const entry of entries) {
    const more = JSON.stringify(entry).length;
    if (piece.length > 0 && (chars + more > ENTRIES_MAX_CHARS || piece.length >= ENTRIES_PER_MESSAGE)) {
      yield piece;
      piece = [];
      chars = 0;
    }
    piece.push(entry);
    chars += more;
  }
  if (piece.length > 0) yield piece;
}

/** How the packet begins that a dying worker sends (native/crash/crash.h), and how long it is. */
const NOTICE_MARK = 0xc5;
const NOTICE_BYTES = 40;

/** Whether <bytes> say that a worker is dying; the rest stands in its recorder. */
export function isCrashNotice(bytes: Uint8Array): boolean {
  return bytes.length === NOTICE_BYTES && bytes[0] === NOTICE_MARK;
}
