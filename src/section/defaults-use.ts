/** Who begins as a copy of which `defaults` section, and who may not: rules and captures have one owner, and a section that some
 * name and others take by order alone is a trap. Owned by one reading.
 */
import type { LineAlerts } from '../config/messages.ts';
import type { Word } from '../config/place.ts';
import type { Proxy } from '../model/proxy.ts';
import type { ProxySection } from './proxy-section.ts';

interface Use {
  isNamed: boolean;
  isByOrder: boolean;
  /** What kind of section took its rules first. */
  kind: Proxy['kind'] | undefined;
}

/** Why a section of <kind> cannot take the rules of <from>, or undefined. */
function ruleFault(kind: Proxy['kind'], from: Proxy, use: Use): string | undefined {
  const count = (set: 'tcp-request connection' | 'tcp-request session' | 'tcp-response content') =>
    from.rules.get(set)?.length ?? 0;
  if (kind === 'defaults' || kind === 'listen')
    return `a ${kind} section cannot inherit from a defaults section with rules`;
  if (use.kind !== undefined && use.kind !== kind)
    return 'frontends and backends cannot inherit from the same defaults section when it has rules';
  if (kind === 'backend' && count('tcp-request connection') + count('tcp-request session') > 0)
    return "a backend cannot inherit 'tcp-request connection' or 'tcp-request session' rules";
  if (kind === 'frontend' && count('tcp-response content') > 0)
    return "a frontend cannot inherit 'tcp-response content' rules";
  return undefined;
}

export class DefaultsUse {
  private readonly uses = new Map<ProxySection, Use>();

  private useOf(from: ProxySection): Use {
    const known = this.uses.get(from);
    if (known !== undefined) return known;
    const use = { isNamed: false, isByOrder: false, kind: undefined };
    this.uses.set(from, use);
    return use;
  }

  /** True when some section took <from> by its name. */
  isNamed(from: ProxySection): boolean {
    return this.uses.get(from)?.isNamed === true;
  }

  /** Notes that the section beginning at <at> is a copy of <from>, and says why it should not be. */
  take(kind: Proxy['kind'], from: ProxySection, isNamed: boolean, at: Word, alerts: LineAlerts): void {
    const use = this.useOf(from);
    if (isNamed) use.isNamed = true;
    else use.isByOrder = true;
    const { name, place, rules, requestCaptures, responseCaptures } = from.proxy;
    const where = `(declared at ${place.file}:${place.line})`;
    if (use.isNamed && use.isByOrder) {
      const text = `defaults section '${name}' ${where} is taken by its name elsewhere and by its position here.`;
      alerts.warning(text, at, "Write 'from' on each section, or put an unnamed defaults section before it.");
    }
    if (kind !== 'frontend' && requestCaptures.length + responseCaptures.length > 0) {
      const text = `a ${kind} section cannot inherit from a defaults section with captures ${where}.`;
      alerts.alert(text, at, 'Give it a defaults section without captures.');
    }
    if (![...rules.values()].some((list) => list.length > 0)) return;
    const fault = ruleFault(kind, from.proxy, use);
    if (fault !== undefined)
      alerts.alert(`${fault} ${where}.`, at, 'Give each kind of section a defaults section of its own.');
    use.kind ??= kind;
  }
}
