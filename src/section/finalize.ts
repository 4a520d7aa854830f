/** When all sections are read: names become proxies and servers, defaults of the mode are filled in, log formats are compiled, and
 * what makes no sense as a whole is said.
 */
import { checkFaults } from '../check/plan.ts';
import type { MessageLog } from '../config/messages.ts';
import type { Place } from '../config/place.ts';
import { compileFormats } from './formats.ts';
import { CONNECTION_MODES, SWITCHES } from './options.ts';
import { calledProxy, type ProxySection } from './proxy-section.ts';
import type { Reading } from './reading.ts';
import { resolveBackends } from './resolve.ts';

/** Proxies are numbered from here; 1 is the frontend of the runtime API. */
const FIRST_PROXY_ID = 2;

/** Gives ids to what has none, in order, leaving out those that were chosen. */
function numberFrom(first: number, items: readonly { id: number }[]): void {
  const taken = new Set(items.map((item) => item.id));
  let next = first;
  for (const item of items) {
    if (item.id !== 0) continue;
    while (taken.has(next)) next++;
    item.id = next++;
  }
}

/** The options in force: what was said, then the defaults of 3.5. */
function fillOptions(section: ProxySection): void {
  const { proxy, optionWords, reading } = section;
  if (proxy.mode === 'http' && proxy.isBackend && !optionWords.has('abortonclose'))
    proxy.options.add('abortonclose');
  for (const [name, isOn] of optionWords) {
    if (!isOn) continue;
    const traits = SWITCHES[name];
    if (traits?.needs === 'frontend' ? !proxy.isFrontend : traits?.needs === 'backend' && !proxy.isBackend)
      continue;
    if (traits?.isHttp === true && proxy.mode !== 'http') {
      if (reading.log.alertCount === 0)
        reading.log.add(
          'warning',
          `'option ${name}' ignored for ${calledProxy(proxy)} as it requires HTTP mode.`,
        );
    } else {
      proxy.options.add(name);
    }
  }
  if (proxy.mode === 'http' && !CONNECTION_MODES.some((name) => proxy.options.has(name))) {
    proxy.options.add('http-keep-alive');
  }
}

function checkTimeouts(section: ProxySection): void {
  const { proxy, reading } = section;
  const { clientMs, serverMs, connectMs, tunnelMs } = proxy.timeouts;
  const lacksFront = proxy.isFrontend && clientMs === 0;
  const lacksServer = serverMs === 0 && (proxy.mode === 'http' || tunnelMs <= 0);
  const lacksBack = proxy.servers.length > 0 && (connectMs === 0 || lacksServer);
  if (!lacksFront && !lacksBack) return;
  reading.log.add(
    'warning',
    `missing timeouts for ${calledProxy(proxy)}.\n` +
      'While not properly invalid, you will certainly encounter various problems\n' +
      'with such a configuration. To fix this, please ensure that all following\n' +
      "timeouts are set to a non-zero value: 'client', 'connect', 'server'.",
  );
}

/** A check needs a port: of the server, of the check itself, or said by an `http-check connect`. */
function checkPorts({ proxy, reading, ignoredWords }: ProxySection): void {
  // It could have said the port.
  if (ignoredWords.has('tcp-check')) return;
  if (proxy.checkLines.some((line) => line.words.includes('port'))) return;
  for (const { name, check, address } of proxy.servers) {
    const target = check.address ?? address;
    if (!check.enabled || target.kind === 'unix' || target.kind === 'abns' || target.host === '0.0.0.0')
      continue;
    if (check.port > 0 || (check.address?.port ?? 0) > 0 || (address.port > 0 && address.portOffset === 0))
      continue;
    const text = `${calledProxy(proxy)}: server '${name}' has neither service port nor check port.`;
    reading.log.add('alert', text, undefined, '', -1, "Write a port behind its address, or 'port <port>'.");
  }
}

/** Ids that were chosen twice. */
function checkIds(what: string, items: readonly { id: number; place: Place }[], log: MessageLog): void {
  const seen = new Map<number, Place>();
  for (const { id, place } of items) {
    const other = id === 0 ? undefined : seen.get(id);
    if (other !== undefined) {
      const text = `${what} at ${place.file}:${place.line} has the id ${id} of the one at ${other.file}:${other.line}.`;
      log.add('alert', text, undefined, '', -1, 'Give one of them another id.');
    } else seen.set(id, place);
  }
}

function checkWhole(section: ProxySection): void {
  const { proxy, reading } = section;
  checkPorts(section);
  if (proxy.isFrontend && proxy.listeners.length === 0) {
    const message = `${calledProxy(proxy)} has no 'bind' directive. Please declare it as a backend if this was intended.`;
    reading.log.add('warning', message);
  }
  if (proxy.isFrontend && proxy.logs.length === 0 && proxy.logFormatKind !== 'default') {
    reading.log.add('warning', `log format ignored for ${calledProxy(proxy)} since it has no log address.`);
  }
  const hasRule = proxy.checkLines.some(
    ({ place, words }) => words[0] === 'http-check' && !section.inheritedChecks.has(place),
  );
  if (hasRule && !proxy.checkLines.some((line) => line.words[1] === 'httpchk')) {
    const message = `${calledProxy(proxy)} uses http-check rules without 'option httpchk', so the rules are ignored.`;
    reading.log.add('warning', message);
  }
  if (proxy.mode === 'http') checkHttp(section);
  else checkTcp(section);
}

/** Conditions on bytes below HTTP, which never hold in mode http. */
function checkHttp({ proxy, reading, pendingBackends, pendingServers }: ProxySection): void {
  const lines = [...pendingBackends, ...pendingServers, ...[...proxy.rules.values()].flat()];
  for (const { condition, place } of lines) {
    if (condition?.readsBytes !== true) continue;
    const text = `L6 sample fetches ignored on HTTP proxies (declared at ${place.file}:${place.line}).`;
    reading.log.add('warning', `${calledProxy(proxy)}: ${text}`);
  }
}

/** A line of HTTP has nothing to say of bytes. */
function fallBackToTcpLog({ proxy, reading, logOption }: ProxySection): void {
  const isOfHttp = proxy.logFormatKind === 'http' || proxy.logFormatKind === 'clf';
  if (!proxy.isFrontend || !isOfHttp || logOption === undefined || !logOption.name.includes('http')) return;
  const { name, place } = logOption;
  const text = `'${name}' not usable with ${calledProxy(proxy)} (needs 'mode http'). Falling back to '${name.replace('http', 'tcp')}'.`;
  reading.log.add('warning', text, place);
  if (proxy.logFormatKind === 'http') proxy.logFormatKind = 'tcp';
}

/** What was asked of a proxy in mode tcp that only requests could give. */
function checkTcp(section: ProxySection): void {
  const { proxy, reading } = section;
  const lacking: string[] = [];
  if (proxy.forwardFor !== undefined) lacking.push("'option forwardfor'");
  if (proxy.originalTo !== undefined) lacking.push("'option originalto'");
  if (proxy.settings.has('monitor-uri')) lacking.push("'monitor-uri' statement");
  for (const set of ['http-request', 'http-response', 'http-after-response'] as const) {
    if ((proxy.rules.get(set)?.length ?? 0) === 0) continue;
    lacking.push(`'${set}' rules`);
    proxy.rules.delete(set);
  }
  fallBackToTcpLog(section);
  for (const what of lacking) {
    const verb = what.endsWith('rules') ? 'as they require' : 'as it requires';
    reading.log.add('warning', `${what} ignored for ${calledProxy(proxy)} ${verb} HTTP mode.`);
  }
  for (const { name, cookie } of proxy.servers) {
    if (cookie === undefined) continue;
    const text = `ignoring cookie for server '${name}' as HTTP mode is disabled.`;
    reading.log.add('warning', `${calledProxy(proxy)}: ${text}`);
  }
}

function fillLogs(section: ProxySection): void {
  const { proxy, reading } = section;
  if (section.logsGlobal) proxy.logs.unshift(...reading.configuration.global.logs);
}

/** What is wrong with `option httpchk` and `http-check` lines; once for a line that many backends took from their defaults. */
function checkChecks({ proxy, checkAlerts }: ProxySection, saidPlaces: Set<Place>): void {
  for (const { place, text, isNotBuilt } of checkFaults(proxy)) {
    const alerts = saidPlaces.has(place) ? undefined : checkAlerts.get(place);
    saidPlaces.add(place);
    if (isNotBuilt) alerts?.notice(text);
    else alerts?.alert(text);
  }
}

function finishProxy(section: ProxySection, saidPlaces: Set<Place>): void {
  const { proxy, reading } = section;
  fillOptions(section);
  fillLogs(section);
  compileFormats(section);
  checkChecks(section, saidPlaces);
  if (proxy.maxconn === 0) proxy.maxconn = reading.proxyMaxconn;
  checkIds('server', proxy.servers, reading.log);
  // One line may make several listeners; only the first takes its id.
  const lines = proxy.listeners.filter(({ place }, i, all) => i === 0 || all[i - 1]?.place !== place);
  checkIds('listener', lines, reading.log);
  numberFrom(1, proxy.servers);
  numberFrom(1, proxy.listeners);
  // As HAProxy, which looks at the whole only when every line could be read.
  if (proxy.disabled || reading.log.alertCount > 0) return;
  checkTimeouts(section);
  checkWhole(section);
}

export function finalize(reading: Reading, sections: readonly ProxySection[]): void {
  checkIds('proxy', reading.configuration.proxies, reading.log);
  numberFrom(FIRST_PROXY_ID, reading.configuration.proxies);
  const saidPlaces = new Set<Place>();
  for (const section of sections) finishProxy(section, saidPlaces);
  resolveBackends(reading, sections);
  for (const check of reading.later) check();
}
