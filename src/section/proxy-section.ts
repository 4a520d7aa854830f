/** A proxy while its section is read: the noun itself, and what only the reading knows (acls, names to be resolved at the end,
 * options said or unsaid). A `defaults` section is one too; later sections begin as its copies.
 */
import { predefinedAcl } from '../acl/acl.ts';
import type { Alerts, Place, Word, WordCursor } from '../config/place.ts';
import type { Proxy, Timeouts } from '../model/proxy.ts';
import type { NamedAcl, Position, RuleContext } from '../model/rule-context.ts';
import type { Condition, Rule, RuleSet } from '../model/rules.ts';
import type { Server } from '../model/server.ts';
import type { ProxyRecord } from '../model/server-proxy.ts';
import { loadFile, type Reading } from './reading.ts';

/** A name written in a line, to be found when all sections are read. */
export interface Reference {
  readonly word: Word;
  readonly alerts: Alerts;
  readonly place: Place;
}

export interface PendingUse extends Reference {
  readonly condition: Condition | undefined;
}

/** A log-format text: compiled for each proxy that logs with it, when its mode is known. */
export type FormatText = Reference;

/** A format of a server's options, compiled when the proxy's mode is known. */
export interface ServerFormat {
  readonly record: ProxyRecord;
  readonly text: FormatText;
}

/** One option of a `default-server` line, ready to be applied; formats are left in the list. */
export type ServerSetting = (server: Server, formats: ServerFormat[]) => void;

export interface ProxySection {
  readonly proxy: Proxy;
  readonly reading: Reading;
  /** `frontend`, `defaults` … as messages call it. */
  readonly kind: Proxy['kind'];
  /** Rules may stand in a `defaults` section only when it has a name. */
  readonly isAnonymous: boolean;
  readonly acls: Map<string, NamedAcl>;
  /** Options said (true) or unsaid with `no` (false); what is not here is HAProxy's default. */
  readonly optionWords: Map<string, boolean>;
  /** The timeouts that the section began with: another value was said here. */
  readonly firstTimeouts: Readonly<Timeouts>;
  readonly defaultServer: ServerSetting[];
  readonly serverFormats: ServerFormat[];
  readonly serverNames: Map<string, Server>;
  /** First words of lines that are not built yet, those of the defaults included. */
  readonly ignoredWords: Set<string>;
  /** Kinds of rules that stood here, for src/section/rule-order.ts. */
  readonly ruleKinds: Set<string>;
  /** Rule sets whose last rule here ends the evaluation always. */
  readonly finalSets: Set<RuleSet>;
  /** The lines of `Proxy.checkLines`, for what src/check says about them. */
  readonly checkAlerts: Map<Place, Alerts>;
  /** Those of them that came from the defaults section. */
  readonly inheritedChecks: ReadonlySet<Place>;
  defaultBackend: Reference | undefined;
  readonly pendingBackends: PendingUse[];
  readonly pendingServers: PendingUse[];
  /** Where `balance` was said: its expression is compiled at the end. */
  balanceAt: Reference | undefined;
  logFormat: FormatText | undefined;
  /** The option that chose the log format instead, and where. */
  logOption: { readonly name: string; readonly place: Place } | undefined;
  errorLogFormat: FormatText | undefined;
  uniqueIdFormat: FormatText | undefined;
  /** `log global` was said. */
  logsGlobal: boolean;
}

function newTimeouts(): Timeouts {
  return {
    clientMs: 0,
    serverMs: 0,
    connectMs: 0,
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
}

/** HAProxy tries a connection so often again. */
const RETRIES_DEFAULT = 3;

function newProxy(kind: Proxy['kind'], name: string, place: Place, index: number): Proxy {
  return {
    index,
    kind,
    name,
    place,
    id: 0,
    isFrontend: kind !== 'backend',
    isBackend: kind !== 'frontend',
    mode: 'tcp',
    disabled: false,
    description: '',
    listeners: [],
    servers: [],
    timeouts: newTimeouts(),
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
    balance: { algorithm: 'random', args: [] },
    httpReuse: 'safe',
    retries: RETRIES_DEFAULT,
    redispatchInterval: 0,
    forwardFor: undefined,
    originalTo: undefined,
    errorFiles: new Map(),
    compression: undefined,
    checkLines: [],
    settings: new Map(),
  };
}

const FRONTEND_SETTINGS = new Set(['monitor-uri']);
const BACKEND_SETTINGS = new Set(['hash-type', 'hash-balance-factor', 'hash-preserve-affinity']);

/** Keeps of a `defaults` section what the proxy may use: HAProxy copies by capability. */
function inherit(proxy: Proxy, from: Proxy): void {
  proxy.mode = from.mode;
  proxy.disabled = from.disabled;
  Object.assign(proxy.timeouts, from.timeouts);
  if (!proxy.isFrontend) proxy.timeouts.clientMs = 0;
  if (!proxy.isBackend) Object.assign(proxy.timeouts, { connectMs: 0, serverMs: 0 });
  if (proxy.isFrontend) {
    proxy.maxconn = from.maxconn;
    proxy.backlog = from.backlog;
    proxy.requestCaptures.push(...from.requestCaptures);
    proxy.responseCaptures.push(...from.responseCaptures);
    proxy.logFormatKind = from.logFormatKind;
  }
  if (proxy.isBackend) {
    proxy.fullconn = from.fullconn;
    proxy.retries = from.retries;
    proxy.redispatchInterval = from.redispatchInterval;
    proxy.checkLines.push(...from.checkLines);
    proxy.httpReuse = from.httpReuse;
    Object.assign(proxy.balance, { ...from.balance, args: [...from.balance.args] });
  }
  proxy.logs.push(...from.logs);
  proxy.logTag = from.logTag;
  proxy.uniqueIdHeader = from.uniqueIdHeader;
  if (from.inspectDelayMs !== undefined) proxy.inspectDelayMs = from.inspectDelayMs;
  proxy.forwardFor = from.forwardFor;
  proxy.originalTo = from.originalTo;
  if (from.compression !== undefined) proxy.compression = structuredClone(from.compression);
  for (const [status, file] of from.errorFiles) proxy.errorFiles.set(status, file);
  for (const [name, words] of from.settings) {
    if (!proxy.isFrontend && FRONTEND_SETTINGS.has(name)) continue;
    if (!proxy.isBackend && BACKEND_SETTINGS.has(name)) continue;
    proxy.settings.set(name, words);
  }
  for (const [set, rules] of from.rules) proxy.rules.set(set, [...rules]);
}

/** Begins a section: as a copy of <defaults>, or of HAProxy's own defaults. */
export function newProxySection(
  reading: Reading,
  kind: Proxy['kind'],
  name: string,
  place: Place,
  defaults: ProxySection | undefined,
): ProxySection {
  const { proxies } = reading.configuration;
  const proxy = newProxy(kind, name, place, kind === 'defaults' ? -1 : proxies.length);
  if (kind !== 'defaults') proxies.push(proxy);
  if (defaults !== undefined) inherit(proxy, defaults.proxy);
  return {
    proxy,
    reading,
    kind,
    isAnonymous: kind === 'defaults' && name === '',
    acls: new Map(),
    optionWords: new Map(defaults?.optionWords),
    firstTimeouts: { ...proxy.timeouts },
    defaultServer: proxy.isBackend ? [...(defaults?.defaultServer ?? [])] : [],
    serverFormats: [],
    serverNames: new Map(),
    ignoredWords: new Set(defaults?.ignoredWords),
    ruleKinds: new Set(),
    finalSets: new Set(),
    checkAlerts: new Map(defaults?.checkAlerts),
    inheritedChecks: new Set(defaults?.checkAlerts.keys()),
    defaultBackend: proxy.isFrontend ? defaults?.defaultBackend : undefined,
    pendingBackends: [],
    pendingServers: [],
    balanceAt: defaults?.balanceAt,
    logFormat: defaults?.logFormat,
    logOption: defaults?.logOption,
    errorLogFormat: defaults?.errorLogFormat,
    uniqueIdFormat: defaults?.uniqueIdFormat,
    logsGlobal: defaults?.logsGlobal ?? false,
  };
}

/** `frontend 'www'`, `proxy 'x'` for a listen section: as HAProxy's messages call it. */
export function calledProxy(proxy: Proxy): string {
  return `${proxy.kind === 'listen' ? 'proxy' : proxy.kind} '${proxy.name}'`;
}

/** What the compilers of rules and expressions are told about the line under <cursor>. */
export function ruleContext(
  section: ProxySection,
  at: Pick<WordCursor, 'place' | 'alerts'>,
  position: Position,
): RuleContext {
  const { proxy, reading, kind } = section;
  const ctx: RuleContext = {
    proxy: kind === 'defaults' ? undefined : proxy,
    isFrontend: proxy.isFrontend,
    isBackend: proxy.isBackend,
    configuration: reading.configuration,
    alerts: at.alerts,
    place: at.place,
    position,
    acls: section.acls,
    captures: proxy.requestCaptures,
    predefinedAcl: (name) => predefinedAcl(name, ctx),
    attachment: (path) => loadFile(reading, path, at.alerts),
    later: (check) => {
      reading.later.push(check);
    },
  };
  return ctx;
}

export function addRule(section: ProxySection, set: RuleSet, rule: Rule): void {
  const rules = section.proxy.rules.get(set);
  if (rules === undefined) section.proxy.rules.set(set, [rule]);
  else rules.push(rule);
}
