/** From the bytes of the files to the nouns: the same call on the main thread and in every data thread, with the same result. Pure
 * but for `load`, which on the main thread reads the files that the configuration names and elsewhere finds them in the bundle.
 */
import { type Keyword, KeywordIndex } from '../config/keyword.ts';
import { namesElsewhere } from '../config/known-elsewhere.ts';
import { type Line, type LineVisitor, readLines, type SourceFile } from '../config/lines.ts';
import { type Message, MessageLog } from '../config/messages.ts';
import { didYouMean } from '../config/nearest.ts';
import type { Word } from '../config/place.ts';
import type { Seen } from '../config/seen.ts';
import { type Environment, Variables } from '../config/variables.ts';
import type { Configuration } from '../model/configuration.ts';
import { PatternLists } from '../model/pattern-list.ts';
import { DefaultsUse } from './defaults-use.ts';
import { finalize } from './finalize.ts';
import { type GlobalSection, globalKeywords } from './global.ts';
import { proxySectionKeywords } from './keyword-tables.ts';
import { newProxySection, type ProxySection } from './proxy-section.ts';
import { addressInHosts, newGlobalSettings, type Reading } from './reading.ts';

/** What the command line and the machine say beside the files. */
export interface ParseOptions {
  readonly localPeer: string;
  readonly hostname: string;
  /** `-n`, `-N`; 0 = not given. */
  readonly maxconn: number;
  readonly proxyMaxconn: number;
}

/** Everything a reading depends on; may be handed to another thread as it is. */
export interface Sources {
  readonly files: readonly SourceFile[];
  readonly environment: Environment;
  /** Bytes of the files that the configuration names, by their name there; null: it could not be read. */
  readonly attachments: Map<string, Uint8Array | null>;
  /** Numbers of users (`u:name`) and groups (`g:name`), looked up like attachments. */
  readonly ids: Map<string, number | null>;
  readonly options: ParseOptions;
  /** All that was looked at on disk. */
  readonly seen: Seen[];
}

/** Reads what is not in the bundle yet: only the main thread has one. */
export interface Loader {
  file(path: string): Buffer | undefined;
  userId(name: string): number | undefined;
  groupId(name: string): number | undefined;
}

export interface Parsed {
  readonly configuration: Configuration;
  readonly messages: readonly Message[];
  /** The environment as `setenv` and friends left it. */
  readonly environment: Environment;
}

const globalIndex: KeywordIndex<GlobalSection> = new KeywordIndex([globalKeywords]);
const proxyIndex: KeywordIndex<ProxySection> = new KeywordIndex(proxySectionKeywords);

/** Where a keyword is at home that was found in the other kind of section. */
const GLOBAL_HOME = { index: globalIndex, called: "the 'global' section" };
const PROXY_HOME = { index: proxyIndex, called: "a 'defaults', 'frontend', 'backend' or 'listen' section" };

const PROXY_KINDS = ['defaults', 'frontend', 'backend', 'listen'] as const;
type ProxyKind = (typeof PROXY_KINDS)[number];

function isProxyKind(word: string): word is ProxyKind {
  return (PROXY_KINDS as readonly string[]).includes(word);
}

const SECTION_ADVICE = 'Sections: global, defaults, frontend, backend, listen.';

/** `listen <name> <address>:<port>` was the form of version 1.4. */
function isOldListen({ cursor: { words } }: Line): boolean {
  const kind = words[0]?.text;
  return (kind === 'listen' || kind === 'frontend') && words[2]?.text.includes(':') === true;
}

/** Gives each line to the section that it stands in. */
class SectionReader implements LineVisitor {
  private readonly reading: Reading;
  private readonly global: GlobalSection;
  private current: ProxySection | GlobalSection | 'skipped' | undefined;
  private lastDefaults: ProxySection | undefined;
  private readonly namedDefaults = new Map<string, ProxySection>();
  /** Names that several defaults sections have: none of them can be meant by name. */
  private readonly ambiguousDefaults = new Set<string>();
  private readonly defaultsUse = new DefaultsUse();
  private readonly names = new Map<string, ProxySection>();
  readonly sections: ProxySection[] = [];

  constructor(reading: Reading) {
    this.reading = reading;
    this.global = { settings: reading.configuration.global, reading };
  }

  line(line: Line): void {
    const first = line.cursor.words[0] as Word;
    if (line.modifier === undefined && this.beginSection(first.text, line)) return;
    const { current } = this;
    if (current === undefined) {
      const meant = didYouMean(first.text, ['global', ...PROXY_KINDS]);
      line.alerts.alert(`unknown keyword '${first.text}' out of section${meant}`, first, SECTION_ADVICE);
    } else if (current !== 'skipped') {
      if ('kind' in current) this.run(proxyIndex, current, current.kind, line);
      else this.run(globalIndex, current, 'global', line);
    }
  }

  endOfFile(): void {
    this.current = undefined;
  }

  private run<Target>(index: KeywordIndex<Target>, target: Target, section: string, line: Line): void {
    const { cursor, modifier } = line;
    const found: Keyword<Target> | undefined = index.find(cursor);
    if (found === undefined) {
      index.explain(line, section, section === 'global' ? PROXY_HOME : GLOBAL_HOME);
      if (typeof this.current === 'object' && 'kind' in this.current)
        this.current.ignoredWords.add((cursor.words[0] as Word).text);
    } else found.run({ target, cursor, modifier, name: found.name });
  }

  private beginSection(word: string, line: Line): boolean {
    if (word === 'global') {
      this.current = this.global;
      this.named(line, 'global');
      this.noMoreWords(line, 1);
    } else if (isProxyKind(word)) {
      this.current = this.beginProxy(word, line) ?? 'skipped';
    } else if (namesElsewhere('section').has(word)) {
      this.current = 'skipped';
      this.named(line, line.cursor.words[1]?.text ?? word);
      const text = `the '${word}' section is known to HAProxy but not built yet in Sluice; ignored.`;
      line.alerts.notice(text, line.cursor.words[0]);
    } else {
      return false;
    }
    return true;
  }

  private named(_line: Line, name: string): void {
    this.reading.variables.at.section = name;
  }

  private noMoreWords(line: Line, count: number): void {
    const extra = line.cursor.words[count];
    if (extra === undefined) return;
    line.alerts.alert(
      `'${line.cursor.words[0]?.text}' cannot handle unexpected argument '${extra.text}'.`,
      extra,
    );
  }

  private beginProxy(kind: ProxyKind, line: Line): ProxySection | undefined {
    const { words } = line.cursor;
    const hasName = words[1] !== undefined && !(kind === 'defaults' && words[1].text === 'from');
    const name = hasName ? (words[1] as Word).text : '';
    this.named(line, name === '' ? kind : name);
    if (!this.checkName(kind, name, line)) return undefined;
    const fromAt = hasName ? 2 : 1;
    const from = this.defaultsFor(line, fromAt);
    if (from === null) return undefined;
    if (from !== undefined) {
      const isNamed = words[fromAt]?.text === 'from';
      this.defaultsUse.take(kind, from, isNamed, words[isNamed ? fromAt + 1 : 0] as Word, line.alerts);
    }
    const section = newProxySection(this.reading, kind, name, line.cursor.place, from);
    if (kind === 'defaults') {
      this.lastDefaults = section;
      if (name !== '') this.rememberDefaults(name, section, line);
    } else {
      this.rememberName(section, line);
      this.sections.push(section);
    }
    return section;
  }

  private checkName(kind: ProxyKind, name: string, line: Line): boolean {
    const { alerts, cursor } = line;
    if (name === '' && kind !== 'defaults') {
      alerts.alert(`'${kind}' expects a name as argument.`, cursor.words[0], `Write: ${kind} <name>`);
      return false;
    }
    const bad = /[^A-Za-z0-9_.:-]/.exec(name);
    if (bad !== null) {
      const message = `character '${bad[0]}' is not permitted in '${kind}' name '${name}'.`;
      alerts.alert(message, cursor.words[1], 'Allowed: letters, digits, "-", "_", "." and ":".');
    }
    return true;
  }

  /** The section to begin from: undefined for HAProxy's own defaults, null when an alert was given. */
  private defaultsFor(line: Line, at: number): ProxySection | undefined | null {
    const { words } = line.cursor;
    const isDefaults = words[0]?.text === 'defaults';
    const own = isDefaults ? undefined : this.lastDefaults;
    const next = words[at];
    if (next === undefined) return own;
    if (next.text !== 'from') {
      this.refuseExtra(line, next);
      return own;
    }
    const name = words[at + 1];
    if (name === undefined) {
      line.alerts.alert(
        "'from' expects the name of a defaults section.",
        next,
        'Write: from <defaults name>',
      );
      return null;
    }
    this.noMoreWords(line, at + 2);
    const found = this.namedDefaults.get(name.text);
    if (found !== undefined && this.ambiguousDefaults.has(name.text)) {
      const message = `several defaults sections are called '${name.text}'.`;
      line.alerts.alert(message, name, 'Give each of them its own name.');
    }
    if (found !== undefined) return found;
    const meant = didYouMean(name.text, this.namedDefaults.keys());
    const known = [...this.namedDefaults.keys()];
    const advice =
      known.length === 0 ? 'No defaults section above has a name.' : `Named above: ${known.join(', ')}.`;
    line.alerts.alert(`'${name.text}' is not the name of a defaults section${meant}`, name, advice);
    return own;
  }

  private refuseExtra(line: Line, extra: Word): void {
    const kind = line.cursor.words[0]?.text;
    if (isOldListen(line)) {
      const text = `'${kind}' takes no address any more.`;
      line.alerts.alert(text, extra, `Write on a line of its own: bind ${extra.text}`);
      return;
    }
    const advice = "Only 'from <defaults name>' may follow the name.";
    line.alerts.alert(`'${kind}' cannot handle unexpected argument '${extra.text}'.`, extra, advice);
  }

  private rememberDefaults(name: string, section: ProxySection, line: Line): void {
    const before = this.namedDefaults.get(name);
    this.namedDefaults.set(name, section);
    if (before === undefined) return;
    this.ambiguousDefaults.add(name);
    if (!this.defaultsUse.isNamed(before)) return;
    const { file, line: number } = before.proxy.place;
    const message = `defaults section '${name}' has the name of one declared at ${file}:${number} that is used by name.`;
    line.alerts.alert(message, line.cursor.words[1], 'Give one of them another name.');
  }

  /** A name is a proxy's alone, whatever its kind. */
  private rememberName(section: ProxySection, line: Line): void {
    const { name } = section.proxy;
    const other = this.names.get(name) ?? this.namedDefaults.get(name);
    if (other === undefined) {
      this.names.set(name, section);
      return;
    }
    const { file, line: number } = other.proxy.place;
    const message = `${section.kind} '${name}' has the same name as ${other.kind} '${name}' declared at ${file}:${number}.`;
    line.alerts.alert(message, line.cursor.words[1], 'Give one of them another name.');
  }
}

function newConfiguration(options: ParseOptions): Configuration {
  const global = newGlobalSettings();
  global.localPeer = options.localPeer;
  global.hostname = options.hostname;
  return {
    global,
    proxies: [],
    servers: [],
    listeners: [],
    logTargets: [],
    patternLists: new PatternLists(),
  };
}

/** Finds in the bundle, or loads into it. */
function lookUp<T>(known: Map<string, T | null>, key: string, load: () => T | undefined): T | undefined {
  let value = known.get(key);
  if (value === undefined) {
    value = load() ?? null;
    known.set(key, value);
  }
  return value ?? undefined;
}

export function parseConfiguration(sources: Sources, loader?: Loader): Parsed {
  const log = new MessageLog();
  const variables = new Variables(sources.environment);
  const configuration = newConfiguration(sources.options);
  const reading: Reading = {
    configuration,
    log,
    variables,
    proxyMaxconn: sources.options.proxyMaxconn,
    later: [],
    load(path) {
      const bytes = lookUp<Uint8Array>(sources.attachments, path, () => loader?.file(path));
      return bytes === undefined ? undefined : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    },
    userId: (name) => lookUp(sources.ids, `u:${name}`, () => loader?.userId(name)),
    hostAddress: (name) => addressInHosts(reading.load('/etc/hosts')?.toString('latin1') ?? '', name),
    groupId: (name) => lookUp(sources.ids, `g:${name}`, () => loader?.groupId(name)),
  };
  const reader = new SectionReader(reading);
  readLines(sources.files, variables, log, reader);
  if (sources.options.maxconn > 0) configuration.global.maxconn = sources.options.maxconn;
  finalize(reading, reader.sections);
  return { configuration, messages: log.messages, environment: variables.values };
}
