/**
 * Runs scenarios, one after the other (the counters of a line are about the whole process), against one program, and
 * gives the log lines of each. The stage owns the proxy, the scripted servers and the silent port until it ends.
 */

import { freePort } from '../../tool/free-port.ts';
import { isLeft, isTaken } from '../../tool/kernel-sockets.ts';
import { type Proxy as ProxyProcess, startProxy } from '../../tool/proxy.ts';
import { type RawSocket, rawClient } from '../../tool/raw-socket.ts';
import { type ScriptedServer, scriptedServer } from '../../tool/scripted-server.ts';
import { until } from '../../tool/until.ts';
import { type LogFields, readLogLine } from './log-line.ts';
import type { Scenario } from './scenario.ts';
import { silentPort } from './silent-port.ts';
import { watchDelays } from './watch-delays.ts';

const LINE_BOUND_MS = 15_000;

export type Recorded = Record<string, LogFields[]>;

export interface Played {
  lines: Recorded;
  /** Of each scenario, for how long this machine kept the scripts from going on: its timers may be off by that. */
  lateMs: Record<string, number>;
}

function sectionsOf(each: Scenario): string {
  const mode = each.mode ?? 'http';
  const log = each.log ?? (mode === 'http' ? 'httplog' : 'tcplog');
  const back = each.back ?? ['server s1 {s1}'];
  const lines = [
    `frontend ${each.name}`,
    `mode ${mode}`,
    `bind 127.0.0.1:\${port:${each.name}}`,
    ...(log === 'default' ? [] : [`option ${log}`]),
    ...(each.front ?? []),
    ...(each.noBackend
      ? []
      : [`default_backend ${each.name}-b`, `backend ${each.name}-b`, `mode ${mode}`, ...back]),
  ];
  return lines
    .join('\n')
    .replaceAll(/\{(s1|s2)\}/g, (_, which: string) => `127.0.0.1:\${port:${each.name}-${which}}`)
    .replaceAll(/\{(nobody|silent)\}/g, (_, which: string) => `127.0.0.1:\${port:${which}}`);
}

export function configurationOf(scenarios: readonly Scenario[]): string {
  const common = `
global
    nbthread 1
    log \${log} local0
defaults
    log global
    timeout client 3s
    timeout server 3s
    timeout connect 3s
    retries 0
`;
  return `${common}\n${scenarios.map(sectionsOf).join('\n\n')}\n`;
}

function linesOf(proxy: ProxyProcess, name: string): LogFields[] {
  return proxy.logs.lines.map(readLogLine).filter((line) => line.frontend === name);
}

async function playScenario(each: Scenario, proxy: ProxyProcess, server: ScriptedServer): Promise<void> {
  const clients: RawSocket[] = [];
  const logged = async (count: number): Promise<void> => {
    await until(
      () => linesOf(proxy, each.name).length >= count,
      LINE_BOUND_MS,
      `log line ${count} of ${each.name}`,
    );
  };
  try {
    await each.client({
      async open() {
        const client = await rawClient(proxy.ports[each.name]!);
        clients.push(client);
        return client;
      },
      async served(count) {
        const peer = await server.accepted(count);
        await until(
          () => peer.bytesIn > 0,
          LINE_BOUND_MS,
          `a request on connection ${count} of ${each.name}`,
        );
        return peer;
      },
      taken: isTaken,
      logged,
    });
    await logged(each.lines ?? 1);
  } finally {
    for (const client of clients) client.close();
    // The proxy must have noticed before the next scenario is counted.
    await isLeft(proxy.ports[each.name]!);
  }
}

/** Plays all <scenarios>; a scenario whose script failed has its error as its only line. */
export async function playAll(scenarios: readonly Scenario[], program?: string): Promise<Played> {
  const silent = await silentPort();
  const ports: Record<string, number> = { silent: silent.port, nobody: await freePort() };
  const servers: Record<string, ScriptedServer> = {};
  for (const each of scenarios) {
    const server = await scriptedServer((peer, index) =>
      (each.server?.(peer, index) ?? Promise.resolve()).catch(() => undefined),
    );
    servers[each.name] = server;
    ports[`${each.name}-s1`] = server.port;
    ports[`${each.name}-s2`] = server.port;
  }
  const proxy = await startProxy({ cfg: configurationOf(scenarios), ports, ...(program ? { program } : {}) });
  const failures: Record<string, Error> = {};
  const lateMs: Record<string, number> = {};
  for (const each of scenarios) {
    const clock = watchDelays();
    await playScenario(each, proxy, servers[each.name]!).catch((error: Error) => {
      failures[each.name] = error;
    });
    lateMs[each.name] = clock.stop();
  }
  const recorded: Recorded = {};
  for (const each of scenarios) {
    const failure = failures[each.name];
    const lines = linesOf(proxy, each.name);
    recorded[each.name] = each.bytesVary ? lines.map((line) => ({ ...line, bytes: 'any' })) : lines;
    if (failure)
      recorded[each.name]!.push(
        readLogLine({ raw: '', facility: 0, level: 0, pid: 0, text: failure.message }),
      );
  }
  await proxy.stop();
  for (const server of Object.values(servers)) await server.stop();
  await silent.stop();
  return { lines: recorded, lateMs };
}
