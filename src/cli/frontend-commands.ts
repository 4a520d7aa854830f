/** `disable|enable|shutdown frontend`, `set maxconn frontend`: what a frontend's listeners do.
 */
import type { Proxy } from '../model/proxy.ts';
import * as abi from '../native/abi.ts';
import { type Answer, fail, leadingInteger, type SettledAnswer } from './answer.ts';
import { type Command, type Control, command, type FrontendRequest } from './command.ts';

function findFrontend(control: Control, name: string | undefined): Proxy | Answer {
  if (name === undefined) return fail('A frontend name is expected.\n');
  const { proxies } = control.source.configuration;
  const matches = (proxy: Proxy) =>
    name.startsWith('#') ? proxy.id === Number(name.slice(1)) : proxy.name === name;
  return proxies.find((proxy) => proxy.isFrontend && matches(proxy)) ?? fail('No such frontend.\n');
}

function isProxy(found: Proxy | Answer): found is Proxy {
  return typeof found === 'object' && 'isFrontend' in found;
}

const REFUSALS: Readonly<Record<FrontendRequest, { stopped: string; same: string; failed: string }>> = {
  pause: {
    stopped: 'Frontend was previously shut down, cannot disable.\n',
    same: 'All sockets are already disabled.\n',
    failed: 'Failed to pause frontend, check logs for precise cause.\n',
  },
  resume: {
    stopped: 'Frontend was previously shut down, cannot enable.\n',
    same: 'All sockets are already enabled.\n',
    failed: 'Failed to resume frontend, check logs for precise cause (port conflict?).\n',
  },
  stop: { stopped: 'Frontend was already shut down.\n', same: '', failed: 'Failed to stop frontend.\n' },
};

/** What a request leaves behind. */
const OUTCOMES = { pause: 'paused', resume: 'open', stop: 'stopped' } as const;

async function carryOut(control: Control, proxy: Proxy, request: FrontendRequest): Promise<SettledAnswer> {
  const { frontends } = control.source.changed;
  const error = await control.changeFrontend(proxy, request);
  if (error !== '') return fail(REFUSALS[request].failed);
  if (request === 'resume') frontends.delete(proxy.index);
  else frontends.set(proxy.index, OUTCOMES[request]);
  return '';
}

function change(request: FrontendRequest): Command['run'] {
  return (control, [name]) => {
    const proxy = findFrontend(control, name);
    if (!isProxy(proxy)) return proxy;
    const state = proxy.disabled ? 'stopped' : (control.source.changed.frontends.get(proxy.index) ?? 'open');
    if (state === 'stopped') return fail(REFUSALS[request].stopped);
    if (state === OUTCOMES[request]) return fail(REFUSALS[request].same);
    return carryOut(control, proxy, request);
  };
}

function setFrontendMaxconn(control: Control, [name, text]: readonly string[]): Answer {
  const proxy = findFrontend(control, name);
  if (!isProxy(proxy)) return proxy;
  if (text === undefined) return fail('Integer value expected.\n');
  const maxconn = leadingInteger(text);
  if (maxconn < 0) return fail('Value out of range.\n');
  const { live } = control.source;
  Atomics.store(live.words, live.proxy(proxy.index) + abi.LIVE_PX_FE_MAXCONN, maxconn);
  control.source.changed.frontendMaxconns.set(proxy.index, maxconn);
  return '';
}

export const frontendCommands: readonly Command[] = [
  command(
    'disable frontend',
    '<frontend>',
    'temporarily disable specific frontend',
    'admin',
    change('pause'),
  ),
  command('enable frontend', '<frontend>', 're-enable specific frontend', 'admin', change('resume')),
  command('shutdown frontend', '<frontend>', 'stop a specific frontend', 'admin', change('stop')),
  command(
    'set maxconn frontend',
    '<frontend> <value>',
    "change a frontend's maxconn setting",
    'admin',
    setFrontendMaxconn,
  ),
];
