/** Sluice takes over from a running haproxy, and haproxy from a running Sluice, while ab asks without pause: no request is lost. */
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { testWith } from '../tool/peer.ts';
import { type Proxy, startProxy } from '../tool/proxy.ts';
import { within } from '../tool/until.ts';

/** ab ends by itself; a machine that is busy takes its time. */
const LOAD_MAX_MS = 120_000;
const REQUESTS = 5_000;

function config(dir: string): string {
  return `global
  stats socket ${dir}/s.sock level admin expose-fd listeners
defaults
  mode http
  timeout client 60s
  timeout server 60s
  timeout connect 20s
frontend fe
  bind 127.0.0.1:{port:fe}
  bind 127.0.0.1:{port:other}
  bind ${dir}/fe.sock
  http-request return status 200 content-type text/plain string hello
`;
}

/** Runs ab again and again; `stop` ends it after the run under way and gives all reports. */
class Load {
  private isStopped = false;
  private readonly reports: Promise<string[]>;

  constructor(ab: string, port: number) {
    this.reports = this.run(ab, port);
  }

  async stop(): Promise<string[]> {
    this.isStopped = true;
    return this.reports;
  }

  private async run(ab: string, port: number): Promise<string[]> {
    const reports: string[] = [];
    while (!this.isStopped || reports.length === 0) reports.push(await runOnce(ab, port));
    return reports;
  }
}

async function runOnce(ab: string, port: number): Promise<string> {
  const child = spawn(ab, ['-r', '-c', '10', '-n', `${REQUESTS}`, `http://127.0.0.1:${port}/`], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let text = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (bytes: Buffer) => {
      text += bytes.toString('latin1');
    });
  const done = new Promise<string>((resolve) => child.once('close', () => resolve(text)));
  return within(done, LOAD_MAX_MS, 'the end of ab').finally(() => child.kill('SIGKILL'));
}

/** One after the other, each taking over from the one before; what ab says. */
async function relay(ab: string, programs: readonly (string | undefined)[]): Promise<string[]> {
  let last = await startProxy({ cfg: config('{dir}'), program: programs[0] });
  const { dir, ports } = last;
  const load = new Load(ab, ports['fe'] as number);
  for (const [index, program] of programs.slice(1).entries()) {
    const old: Proxy = last;
    const pid = join(dir, `pid${index}`);
    const isHaproxy = program !== undefined;
    last = await startProxy({
      cfg: config(dir),
      ports,
      program,
      args: ['-p', pid, '-x', join(dir, 's.sock'), '-sf', String(old.pid)],
      // haproxy writes no pidfile in front; its predecessor's end shows that it serves.
      readyWhen: () => (isHaproxy ? old.process.exitCode !== null : existsSync(pid)),
    });
    await within(old.exited, LOAD_MAX_MS, 'the end of the old process');
  }
  return load.stop();
}

function expectNoneLost(reports: readonly string[]): void {
  for (const report of reports) {
    expect(report).toMatch(new RegExp(`Complete requests: +${REQUESTS}`));
    expect(report).toMatch(/Failed requests: +0/);
    expect(report).not.toContain('Non-2xx');
  }
}

testWith(['haproxy', 'ab'], 'Sluice takes over from haproxy', async ([haproxy, ab]) => {
  expectNoneLost(await relay(ab as string, [haproxy, undefined]));
});

testWith(['haproxy', 'ab'], 'haproxy takes over from Sluice', async ([haproxy, ab]) => {
  expectNoneLost(await relay(ab as string, [undefined, haproxy]));
});

testWith(['haproxy', 'ab'], 'a relay of both, five times', async ([haproxy, ab]) => {
  expectNoneLost(await relay(ab as string, [haproxy, undefined, haproxy, undefined, undefined, haproxy]));
});

testWith(['ab'], 'a relay of Sluices', async ([ab]) => {
  expectNoneLost(await relay(ab as string, [undefined, undefined, undefined, undefined]));
});

testWith(['haproxy'], 'what haproxy says about a runtime API that gives nothing', async ([haproxy]) => {
  const old = await startProxy({ cfg: config('{dir}').replace(' expose-fd listeners', '') });
  const refused = startProxy({
    cfg: config(old.dir),
    ports: old.ports,
    program: haproxy as string,
    args: ['-x', join(old.dir, 's.sock')],
    readyWhen: () => false,
  });
  await expect(refused).rejects.toThrow('Failed to get the sockets from the old process');
  expect(readFileSync(`/proc/${old.pid}/stat`, 'latin1')).toContain(`${old.pid} `);
});
