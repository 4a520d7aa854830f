/** Reloads: what moves, what a failed one leaves, how many there are at once. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { atTestEnd } from '../tool/at-end.ts';
import { descriptorsOf, type Master, startMaster } from '../tool/master.ts';
import { rawClient } from '../tool/raw-socket.ts';
import { until } from '../tool/until.ts';

const CFG = `global
  nbthread 1
  no-standby
defaults
  mode http
  timeout client 60s
  timeout server 60s
  timeout connect 20s
frontend fe
  bind 127.0.0.1:{port:fe}
  http-request return status 200 content-type text/plain string one
`;
const GET = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';

/** Inodes of what listens on <ports>, in their order. */
function inodes(ports: readonly number[]): (string | undefined)[] {
  const table = readFileSync('/proc/net/tcp', 'latin1');
  const byPort = new Map<number, string>();
  for (const line of table.split('\n')) {
    const words = line.trim().split(/\s+/);
    if (words[3] === '0A')
      byPort.set(Number.parseInt((words[1] ?? '').split(':')[1] ?? '', 16), words[9] ?? '');
  }
  return ports.map((port) => byPort.get(port));
}

async function body(master: Master): Promise<string> {
  const client = await rawClient(master.proxy.ports['fe'] as number);
  await client.send(GET);
  const message = await client.receiveMessage();
  client.close();
  return message.body.toString();
}

describe('a reload', () => {
  it('brings the configuration on disk; idle connections go on with the new worker', async () => {
    const master = await startMaster(CFG);
    const port = master.proxy.ports['fe'] as number;
    const client = await rawClient(port);
    await client.send(GET);
    expect((await client.receiveMessage()).body.toString()).toBe('one');
    const before = await master.current();
    const [inode] = inodes([port]);
    master.rewrite((text) => text.replace('string one', 'string two'));
    process.kill(master.pid, 'SIGUSR2');
    await master.replaced(before);
    await client.send(GET);
    expect((await client.receiveMessage()).body.toString()).toBe('two');
    expect(inodes([port])).toEqual([inode]);
    client.close();
  });

  it('answers Success=1 when the new worker serves', async () => {
    const master = await startMaster(CFG);
    master.rewrite((text) => text.replace('string one', 'string two'));
    expect(await master.ask('reload')).toMatch(/^Success=1\n--\n/);
    expect(await body(master)).toBe('two');
    expect(await master.ask('show proc')).toMatch(/master +1 \[failed: 0\]/);
  });

  it('keeps 600 listeners', async () => {
    const first = 20_000 + (process.pid % 20) * 1000;
    const cfg = CFG.replace(
      'bind 127.0.0.1:{port:fe}',
      `bind 127.0.0.1:{port:fe}\n  bind 127.0.0.9:${first}-${first + 599}`,
    );
    const ports = Array.from({ length: 600 }, (_, at) => first + at);
    const master = await startMaster(cfg);
    const before = inodes(ports);
    expect(before.every((inode) => inode !== undefined)).toBe(true);
    await master.ask('reload');
    await master.replaced(0);
    expect(inodes(ports)).toEqual(before);
  });

  it('takes an address that overlaps with one of its own', async () => {
    const master = await startMaster(CFG);
    master.rewrite((text) => text.replace(/bind 127.0.0.1:(\d+)/, 'bind 0.0.0.0:$1').replace('one', 'two'));
    expect(await master.ask('reload')).toMatch(/^Success=1/);
    await master.replaced(0);
    expect(await body(master)).toBe('two');
  });

  it('leaves no descriptor behind', async () => {
    const master = await startMaster(CFG);
    const count = async () => {
      await master.replaced(0);
      return descriptorsOf(master.pid).length;
    };
    await master.ask('reload');
    const before = await count();
    for (let n = 0; n < 5; n++) await master.ask('reload');
    // The one that asks is itself a descriptor for a moment.
    await until(async () => (await count()) <= before);
  });

  it('that comes while one is under way waits for it, with all that come later', async () => {
    const master = await startMaster(CFG);
    const before = await master.current();
    for (let n = 0; n < 20; n++) process.kill(master.pid, 'SIGUSR2');
    master.rewrite((text) => text.replace('string one', 'string newest'));
    process.kill(master.pid, 'SIGUSR2');
    await until(async () => (await body(master)) === 'newest');
    await master.replaced(before);
    const tried = Number(/master +(\d+) /.exec(await master.ask('show proc'))?.[1]);
    expect(tried).toBeLessThanOrEqual(3);
  });

  it('ends workers that have seen more than mworker-max-reloads', async () => {
    const cfg = CFG.replace('no-standby', 'no-standby\n  mworker-max-reloads 1');
    const master = await startMaster(cfg);
    const first = await master.current();
    // A request that never ends keeps the first worker.
    const client = await rawClient(master.proxy.ports['fe'] as number);
    await client.send('POST / HTTP/1.1\r\nHost: a\r\n');
    await master.ask('reload');
    await until(async () => (await master.workers()).some((row) => row.pid === first && row.isOld));
    await master.ask('reload');
    await master.replaced(first);
    client.close();
  });

  it('is bounded by hard-stop-after', async () => {
    const master = await startMaster(CFG.replace('no-standby', 'no-standby\n  hard-stop-after 200ms'));
    const first = await master.current();
    const client = await rawClient(master.proxy.ports['fe'] as number);
    await client.send('POST / HTTP/1.1\r\nHost: a\r\n');
    await master.ask('reload');
    await master.replaced(first);
    expect(master.proxy.stderr).toContain('performing a hard-stop');
    client.close();
  });
});

describe('a reload that fails', () => {
  /** Reloads with <cfg>; the old worker serves on, and the answer says <why>. */
  async function fails(master: Master, why: RegExp): Promise<void> {
    const before = await master.current();
    const answer = await master.ask('reload');
    expect(answer).toMatch(/^Success=0\n--\n/);
    expect(answer).toMatch(why);
    expect(await master.workers()).toEqual([{ pid: before, reloads: 0, isOld: false }]);
    expect(await body(master)).toBe('one');
    expect(await master.ask('show proc')).toMatch(/\[failed: 1\]/);
  }

  it('because of a keyword leaves the old worker', async () => {
    const master = await startMaster(CFG);
    master.rewrite((text) => `${text}  bnid :80\n`);
    await fails(master, /unknown keyword 'bnid'/);
  });

  it('because of a missing file leaves the old worker', async () => {
    const master = await startMaster(CFG);
    execFileSync('mv', [master.proxy.cfgPath, join(master.proxy.dir, 'away')]);
    await fails(master, /Cannot open configuration file/);
  });

  it('because of a taken port leaves the old worker', async () => {
    const holder = createServer().listen(0, '127.0.0.1');
    atTestEnd(() => holder.close());
    await until(() => holder.listening);
    const { port } = holder.address() as { port: number };
    const master = await startMaster(CFG);
    master.rewrite((text) => text.replace('frontend fe\n', `frontend fe\n  bind 127.0.0.1:${port}\n`));
    await fails(master, /Address already in use/);
  });

  it('because the worker is never ready leaves the old worker', async () => {
    const master = await startMaster({ cfg: CFG, env: { SLUICE_START_TIMEOUT_MS: '3000' } });
    // Nobody ever writes into it: whoever opens it to read waits for ever.
    execFileSync('rm', [master.proxy.cfgPath]);
    execFileSync('mkfifo', [master.proxy.cfgPath]);
    await fails(master, /is not ready after 3000 ms/);
  });

  it('is followed by one that does not', async () => {
    const master = await startMaster(CFG);
    const before = await master.current();
    const good = readFileSync(master.proxy.cfgPath, 'latin1');
    master.rewrite((text) => `${text}  bnid :80\n`);
    await master.ask('reload');
    master.rewrite(() => good.replace('string one', 'string two'));
    expect(await master.ask('reload')).toMatch(/^Success=1/);
    await master.replaced(before);
    expect(await body(master)).toBe('two');
    expect(await master.ask('show proc')).toMatch(/master +2 \[failed: 0\]/);
  });
});
