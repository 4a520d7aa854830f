/** What a server wants to be told by a PROXY protocol header when a connection to it begins. */
import type { LogFormat } from './rules.ts';

/** A record that the configuration names; without a format its value is empty. */
export interface ProxyRecord {
  readonly type: number;
  format: LogFormat | undefined;
}

export interface ServerProxy {
  /** `send-proxy`, `send-proxy-v2`: the second goes before the first. */
  sendsLine: boolean;
  sendsBlock: boolean;
  /** `check-send-proxy`: checks too, also when they go elsewhere. */
  checks: boolean;
  /** `proxy-v2-options`. */
  hasChecksum: boolean;
  hasUniqueId: boolean;
  hasAuthority: boolean;
  hasTls: boolean;
  readonly records: ProxyRecord[];
}

export function newServerProxy(): ServerProxy {
  return {
    sendsLine: false,
    sendsBlock: false,
    checks: false,
    hasChecksum: false,
    hasUniqueId: false,
    hasAuthority: false,
    hasTls: false,
    records: [],
  };
}

/** Checks begin as traffic does, unless they go elsewhere. */
export function checkSendsProxy(proxy: ServerProxy, goesElsewhere: boolean): boolean {
  return proxy.checks || ((proxy.sendsLine || proxy.sendsBlock) && !goesElsewhere);
}
