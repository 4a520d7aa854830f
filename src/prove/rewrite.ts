/**
 * A user's configuration made harmless and otherwise left as it is: every listener on a free port of 127.0.0.1, every
 * server one of the built-in origins, nothing that speaks to anybody else. Line by line, so that a message about line
 * 40 means line 40 of the user's file; conditions and variables are resolved on the way. Pure.
 */
import type { Line, LineVisitor, SourceFile } from '../config/lines.ts';
import { readLines } from '../config/lines.ts';
import { type Message, MessageLog } from '../config/messages.ts';
import { type Environment, Variables } from '../config/variables.ts';
import {
  KEPT_BIND,
  KEPT_FILTERS,
  KEPT_GLOBAL,
  KEPT_SECTIONS,
  KEPT_SERVER,
  LEFT_ACTIONS,
  LEFT_ARITY,
  LEFT_OPTIONS,
  LEFT_PROXY,
  LEFT_TUNE,
  PROXY_SECTIONS,
} from './kept-words.ts';
import { lineOf } from './quote.ts';

/** More listeners than this are no longer a proof on one machine. */
export const LISTENERS_MAX = 1000;
/** What the proof may hold at once, whatever the configuration allows. */
export const PROOF_MAXCONN = 2000;
export const PROOF_THREADS_MAX = 8;

/** Where the replaced things lie. */
export interface Places {
  /** A free port for each listener, in order. */
  readonly port: (index: number) => number;
  /** The origin of each server, in order. */
  readonly origin: (index: number) => number;
}

/** One address clients may ask. */
export interface ProofListener {
  readonly proxy: string;
  readonly port: number;
  /** As the user wrote it. */
  readonly source: string;
}

/** Something that was replaced or left out: the words, and where each stands, as `file:line`. */
export interface Change {
  readonly what: string;
  readonly words: Record<string, string[]>;
}

export interface Rewritten {
  readonly files: readonly SourceFile[];
  readonly listeners: readonly ProofListener[];
  readonly servers: number;
  readonly changes: readonly Change[];
  /** The user's own configuration lets a next process take the listening sockets. */
  readonly exposesListeners: boolean;
  /** `hard-stop-after` as written, or ''. */
  readonly hardStopAfter: string;
  /** Quotes, conditions and the like that are wrong. */
  readonly alerts: readonly Message[];
}

class Rewriter implements LineVisitor {
  readonly listeners: ProofListener[] = [];
  readonly changes = new Map<string, Change>();
  servers = 0;
  exposesListeners = false;
  hardStopAfter = '';
  /** What each line of the file under way becomes. */
  readonly written = new Map<number, string>();
  private readonly variables: Variables;
  private readonly places: Places;
  private section = '';
  private proxy = '';

  constructor(variables: Variables, places: Places) {
    this.variables = variables;
    this.places = places;
  }

  line(line: Line): void {
    const words = line.cursor.words.map((word) => word.text);
    const first = words[0] as string;
    const text = this.rewritten(first, words, line);
    if (text === undefined) return;
    this.written.set(line.cursor.place.line, line.modifier === undefined ? text : `${line.modifier} ${text}`);
  }

  endOfFile(): void {
    this.section = '';
  }

  private rewritten(first: string, words: string[], line: Line): string | undefined {
    if (line.modifier === undefined && isSection(first)) {
      this.section = first;
      this.proxy = words[1] ?? '';
      this.variables.at.section = this.proxy === '' ? first : this.proxy;
      if (KEPT_SECTIONS.has(first)) return lineOf(words);
      return this.leave('sections left out', lineOf(words), line);
    }
    if (!KEPT_SECTIONS.has(this.section)) return undefined;
    if (this.section === 'global') return this.globalLine(first, words, line);
    return PROXY_SECTIONS.has(this.section) ? this.proxyLine(first, words, line) : lineOf(words);
  }

  private globalLine(first: string, words: string[], line: Line): string | undefined {
    this.applyEnvironment(first, words);
    if (first === 'stats' && words[1] === 'socket') {
      if (words.includes('expose-fd')) this.exposesListeners = true;
      return this.leave('stats sockets replaced by one in a folder of its own', words[2] ?? '', line);
    }
    if (first === 'hard-stop-after') this.hardStopAfter = words[1] ?? '';
    if (first === 'maxconn') return `maxconn ${Math.min(PROOF_MAXCONN, Number(words[1]) || PROOF_MAXCONN)}`;
    if (first === 'nbthread') return `nbthread ${Math.min(PROOF_THREADS_MAX, Number(words[1]) || 1)}`;
    if (first === 'default-path' && words[1] === 'config') {
      const folder = line.cursor.place.file.replace(/[^/]*$/, '');
      return folder === '' ? undefined : lineOf(['default-path', 'origin', folder]);
    }
    const isKept = KEPT_GLOBAL.has(first) || (first.startsWith('tune.') && !LEFT_TUNE.test(first));
    return isKept ? lineOf(words) : this.leave('lines of global left out', first, line);
  }

  /** Later lines may use what these set. */
  private applyEnvironment(first: string, words: readonly string[]): void {
    const { values } = this.variables;
    const [, name = '', value = ''] = words;
    if (first === 'setenv' || (first === 'presetenv' && !values.has(name))) values.set(name, value);
    else if (first === 'unsetenv') for (const one of words.slice(1)) values.delete(one);
    else if (first === 'resetenv') {
      for (const one of [...values.keys()]) if (!words.includes(one, 1)) values.delete(one);
    }
  }

  private proxyLine(first: string, words: string[], line: Line): string | undefined {
    if (first === 'bind') return this.bindLine(words, line);
    if (first === 'server' || first === 'server-template') return this.serverLine(words, line);
    if (first === 'default-server') {
      const options = this.optionsOf(words.slice(1), KEPT_SERVER, 'server', line);
      return options.length === 0 ? undefined : lineOf([first, ...options]);
    }
    if (first === 'stick-table') {
      const at = words.indexOf('peers');
      if (at > 0) words.splice(at, 2);
      return lineOf(words);
    }
    const second = words[1] ?? '';
    const isLeft =
      LEFT_PROXY.has(first) ||
      (first === 'option' && LEFT_OPTIONS.test(second)) ||
      (first === 'filter' && !KEPT_FILTERS.has(second)) ||
      (/^(http|tcp)-(request|response)$/.test(first) &&
        words.slice(1, 3).some((word) => LEFT_ACTIONS.test(word)));
    if (!isLeft) return lineOf(words);
    const name =
      first === 'option' || first === 'filter' || first.includes('-re') ? `${first} ${second}` : first;
    return this.leave('lines of proxies left out', name, line);
  }

  private bindLine(words: readonly string[], line: Line): string {
    const source = this.variables.expand(words[1] ?? '');
    const addresses: string[] = [];
    for (let i = 0; i < listenersOf(source); i++) {
      const port = this.places.port(this.listeners.length);
      this.listeners.push({ proxy: this.proxy, port, source });
      addresses.push(`127.0.0.1:${port}`);
    }
    this.leave('listeners moved to free ports of 127.0.0.1', source, line);
    const options = this.optionsOf(words.slice(2), KEPT_BIND, 'bind', line);
    return lineOf(['bind', addresses.join(','), ...options]);
  }

  private serverLine(words: readonly string[], line: Line): string {
    const isTemplate = words[0] === 'server-template';
    const name = isTemplate ? `${words[1] ?? ''}1` : (words[1] ?? '');
    const port = this.places.origin(this.servers++);
    this.leave('servers replaced by built-in origins', name, line);
    const options = this.optionsOf(words.slice(isTemplate ? 4 : 3), KEPT_SERVER, 'server', line);
    return lineOf(['server', name, `127.0.0.1:${port}`, ...options]);
  }

  private optionsOf(
    words: readonly string[],
    known: ReadonlyMap<string, number>,
    where: string,
    line: Line,
  ): string[] {
    const options: string[] = [];
    for (let i = 0; i < words.length; i++) {
      const word = words[i] as string;
      const kept = known.get(word);
      if (kept !== undefined) options.push(...words.slice(i, i + 1 + kept));
      else this.leave(`options of '${where}' left out`, word, line);
      // `source` may be followed by `usesrc` and `interface` with a word each: unknown words are left out one by one.
      i += kept ?? LEFT_ARITY.get(word) ?? 0;
    }
    return options;
  }

  private leave(what: string, word: string, line: Line): undefined {
    const change = this.changes.get(what) ?? { what, words: {} };
    const { file, line: number } = line.cursor.place;
    change.words[word] = [...(change.words[word] ?? []), `${file}:${number}`];
    this.changes.set(what, change);
    return undefined;
  }
}

/** Every name a section may have in HAProxy; words inside sections never begin a line with one of these. */
const SECTIONS: ReadonlySet<string> = new Set([
  ...KEPT_SECTIONS,
  'peers',
  'mailers',
  'resolvers',
  'ring',
  'log-forward',
  'log-profile',
  'program',
  'fcgi-app',
  'crt-store',
  'traces',
  'acme',
]);

function isSection(word: string): boolean {
  return SECTIONS.has(word);
}

/** How many listeners an address text makes: its parts between commas, and each port of a range. */
export function listenersOf(source: string): number {
  let count = 0;
  for (const part of source.split(',')) {
    const range = /:(\d{1,5})-(\d{1,5})$/.exec(part);
    const ports = range === null ? 1 : Number(range[2]) - Number(range[1]) + 1;
    count += part === '' ? 0 : Math.max(1, ports);
  }
  return Math.min(count, LISTENERS_MAX + 1);
}

/** The files as the proof runs them. They must be free of errors. */
export function rewriteFiles(
  files: readonly SourceFile[],
  environment: Environment,
  places: Places,
): Rewritten {
  const variables = new Variables(environment);
  const rewriter = new Rewriter(variables, places);
  const log = new MessageLog();
  const written: SourceFile[] = [];
  for (const file of files) {
    rewriter.written.clear();
    readLines([file], variables, log, rewriter);
    const lines = file.text.split('\n').slice(0, -1);
    const text = lines.map((_, index) => rewriter.written.get(index + 1) ?? '').join('\n');
    written.push({ name: file.name, text: `${text}\n` });
  }
  const { listeners, servers, changes, exposesListeners, hardStopAfter } = rewriter;
  return {
    files: written,
    listeners,
    servers,
    changes: [...changes.values()],
    exposesListeners,
    hardStopAfter,
    alerts: log.messages.filter((message) => message.severity === 'alert'),
  };
}
