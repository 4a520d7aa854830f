/** `fullconn` of backends that set none: a tenth of what the frontends in front of them may have at once, at least 1. It decides how
 * servers with `minconn` open up, so every thread must know the same figure.
 */
import type { Configuration } from '../model/configuration.ts';
import type { Proxy } from '../model/proxy.ts';

const TENTH = 10;

/** Requests of <frontend> may go to <backend>. */
function reaches(frontend: Proxy, backend: Proxy): boolean {
  if (!frontend.isFrontend || frontend.disabled) return false;
  if (frontend === backend || frontend.defaultBackend === backend) return true;
  // A name that is made for each request may be any.
  return frontend.useBackends.some((rule) => rule.backend === backend || rule.backend === undefined);
}

/** By proxy index; what was configured stays. */
export function fullconns({ proxies }: Configuration, maxconn: number): number[] {
  return proxies.map((backend) => {
    if (!backend.isBackend || backend.fullconn > 0) return backend.fullconn;
    let sum = 0;
    for (const frontend of proxies) if (reaches(frontend, backend)) sum += frontend.maxconn || maxconn;
    return Math.max(1, Math.ceil(sum / TENTH));
  });
}

/** Before the live array is filled: main's limits decide it, all threads read it there. */
export function setFullconns(configuration: Configuration, maxconn: number): void {
  const values = fullconns(configuration, maxconn);
  for (const proxy of configuration.proxies) proxy.fullconn = values[proxy.index] ?? proxy.fullconn;
}
