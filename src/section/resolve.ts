/** `default_backend`, `use_backend`, `use-server`: names become proxies and servers. */
import { didYouMean } from '../config/nearest.ts';
import type { Proxy } from '../model/proxy.ts';
import { compileBackendName } from './formats.ts';
import { calledProxy, type ProxySection, type Reference } from './proxy-section.ts';
import type { Reading } from './reading.ts';

type Backends = ReadonlyMap<string, Proxy>;

/** The backend called so, checked against the mode of who asks; undefined when an alert was given. */
function findBackend(from: Proxy, what: string, reference: Reference, backends: Backends): Proxy | undefined {
  const { word, alerts } = reference;
  const target = backends.get(word.text);
  if (target === undefined) {
    const meant = didYouMean(word.text, backends.keys());
    const advice = `Declare it: backend ${word.text}`;
    alerts.alert(
      `${calledProxy(from)}: unable to find required ${what}: '${word.text}'${meant}`,
      word,
      advice,
    );
    return undefined;
  }
  if (target === from) {
    alerts.alert(`${calledProxy(from)}: loop detected for ${what}: '${word.text}'.`, word);
    return undefined;
  }
  if (target.mode !== from.mode && !(from.mode === 'tcp' && target.mode === 'http')) {
    const { file, line } = target.place;
    const message =
      `${from.mode} ${calledProxy(from)} tries to use incompatible ${target.mode} ${calledProxy(target)} ` +
      `(${file}:${line}) as its ${what}.`;
    alerts.alert(message, word, "Both need the same 'mode'; look at the defaults sections above each.");
    return undefined;
  }
  return target;
}

function resolveServers({ proxy, pendingServers, serverNames }: ProxySection): void {
  for (const { word, alerts, place, condition } of pendingServers) {
    const server = serverNames.get(word.text);
    if (server !== undefined) {
      proxy.useServers.push({ place, server, condition });
      continue;
    }
    const meant = didYouMean(word.text, serverNames.keys());
    alerts.alert(
      `${calledProxy(proxy)}: unable to find server '${word.text}'${meant}`,
      word,
      'Declare it in this section.',
    );
  }
}

function resolveProxy(section: ProxySection, backends: Backends): void {
  const { proxy, defaultBackend, reading } = section;
  if (proxy.disabled) return;
  if (defaultBackend !== undefined && proxy.isFrontend) {
    proxy.defaultBackend = findBackend(proxy, 'default_backend', defaultBackend, backends);
    if (proxy.defaultBackend !== undefined && proxy.servers.length > 0) {
      const message = `In proxy '${proxy.name}', the 'default_backend' rule always has precedence over the servers, which will never be used.`;
      reading.log.add('warning', message);
    }
  }
  for (const { word, alerts, place, condition } of section.pendingBackends) {
    if (word.text.includes('%')) {
      const name = compileBackendName(section, { word, alerts, place });
      proxy.useBackends.push({ place, backend: undefined, name, condition });
      continue;
    }
    const backend = findBackend(proxy, 'use_backend', { word, alerts, place }, backends);
    proxy.useBackends.push({ place, backend, name: undefined, condition });
  }
  resolveServers(section);
}

export function resolveBackends(reading: Reading, sections: readonly ProxySection[]): void {
  const backends = new Map<string, Proxy>();
  for (const proxy of reading.configuration.proxies) if (proxy.isBackend) backends.set(proxy.name, proxy);
  for (const section of sections) resolveProxy(section, backends);
}
