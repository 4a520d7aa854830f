/** The runtime API under load and misuse, and commands that reach into the data threads: frontends, acls, streams, encoders, state. */
import { writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { atTestEnd } from '../tool/at-end.ts';
import { type Proxy, startProxy } from '../tool/proxy.ts';
import { rawClient } from '../tool/raw-socket.ts';
import { scriptedServer } from '../tool/scripted-server.ts';
import { until } from '../tool/until.ts';

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi';

function ask(proxy: Proxy, line: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(join(proxy.dir, 's.sock'));
    let text = '';
    socket.on('data', (data) => {
      text += data.toString('latin1');
    });
    socket.on('error', reject);
    socket.on('close', () => resolve(text));
    socket.end(`${line}\n`);
  });
}

async function status(proxy: Proxy, port = 'fe', path = '/'): Promise<string> {
  const client = await rawClient(proxy.ports[port] as number);
  await client.send(`GET ${path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`);
  const line = await client.receive('\r\n');
  client.socket.destroy();
  return line.split(' ')[1] as string;
}

function answering() {
  return scriptedServer(async (peer) => {
    for (;;) {
      const head = await peer.receive('\r\n\r\n', 60_000).catch(() => '');
      if (head === '') return;
      if (!head.includes('/never')) await peer.send(OK);
    }
  });
}

async function start(threads: number, more = '', defaults = ''): Promise<Proxy> {
  const server = await answering();
  return startProxy({
    cfg: `global
  nbthread ${threads}
  stats socket {dir}/s.sock level admin
  stats timeout 60s
${more}
defaults
  mode http
  timeout client 60s
  timeout server 60s
  timeout connect 20s
${defaults}
frontend fe
  bind 127.0.0.1:{port:fe}
  acl blocked path_beg /blocked
  http-request deny if blocked
  default_backend be
frontend other
  bind 127.0.0.1:{port:other}
  default_backend be
backend be
  server s 127.0.0.1:{port:s}
`,
    ports: { s: server.port },
  });
}

describe.each([1, 2])('with nbthread %i', (threads) => {
  it('a disabled frontend refuses, an enabled one serves again, one that was shut down never does', async () => {
    const proxy = await start(threads);
    expect(await ask(proxy, 'disable frontend fe')).toBe('\n');
    await expect(status(proxy)).rejects.toThrow(/ECONNREFUSED/);
    expect(await status(proxy, 'other')).toBe('200');
    expect(await ask(proxy, 'show stat fe 1 -1')).toContain(',PAUSED,');
    expect(await ask(proxy, 'enable frontend fe')).toBe('\n');
    expect(await status(proxy)).toBe('200');
    expect(await ask(proxy, 'shutdown frontend fe; enable frontend fe')).toBe(
      '\nFrontend was previously shut down, cannot enable.\n\n',
    );
    await expect(status(proxy)).rejects.toThrow(/ECONNREFUSED/);
    await until(() => /Proxy fe stopped \(cumulated conns: FE: 1, BE: 0\)\./.test(proxy.stderr));
  });

  it('an acl is changed on every thread before the answer', async () => {
    const proxy = await start(threads);
    const many = async (path: string) =>
      new Set(await Promise.all(Array.from({ length: 8 }, () => status(proxy, 'fe', path))));
    expect(await many('/secret')).toEqual(new Set(['200']));
    expect(await ask(proxy, 'add acl #0 /secret')).toBe('\n');
    expect(await many('/secret')).toEqual(new Set(['403']));
    expect(await ask(proxy, 'prepare acl #0; add acl @1 #0 /later; commit acl @1 #0')).toBe(
      'New version created: 1\n\n\n\n',
    );
    expect(await many('/secret')).toEqual(new Set(['200']));
    expect(await many('/later')).toEqual(new Set(['403']));
  });

  it('streams are listed, and ended one by one or by server', async () => {
    const proxy = await start(threads);
    const clients = await Promise.all([1, 2, 3].map(() => rawClient(proxy.ports['fe'] as number)));
    for (const client of clients) await client.send('GET /never?x HTTP/1.1\r\nHost: a\r\n\r\n');
    const list = async () => (await ask(proxy, 'show sess')).split('\n').filter((line) => line !== '');
    await until(async () => (await list()).filter((line) => line.includes(' srv=s ')).length === 3);
    const [line = ''] = await list();
    expect(line).toMatch(
      /^0x[0-9a-f]+: proto=tcpv4 src=127\.0\.0\.1:\d+ fe=fe be=be srv=s ts=00 epoch=0 age=/,
    );
    expect(await ask(proxy, 'show sess show-uri server be/s')).toContain(' uri="GET /never?x"');
    expect(await ask(proxy, 'show sess backend be older 1h')).toBe('\n');
    const id = line.slice(0, line.indexOf(':'));
    expect(await ask(proxy, `show sess ${id}`)).toMatch(/ {2}request="GET \/never\?x" answered=0\n/);
    expect(await ask(proxy, `shutdown session ${id}`)).toBe('\n');
    await until(async () => (await list()).length === 2);
    expect(await ask(proxy, `shutdown session ${id}`)).toBe("No such session (use 'show sess').\n\n");
    expect(await ask(proxy, 'shutdown sessions server be/s')).toBe('\n');
    await until(() => clients.every((client) => client.end !== undefined));
    expect(await ask(proxy, 'show sess 0x1; show sess 0x1234')).toBe(
      'Session not found.\n\nSession not found.\n\n',
    );
  });
});

describe('whoever misuses it', () => {
  it('a thousand idle clients: whoever asks is answered, nothing is left of them', async () => {
    const proxy = await start(2, '  stats maxconn 20');
    const idle: Socket[] = [];
    atTestEnd(() => {
      for (const socket of idle) socket.destroy();
    });
    for (let at = 0; at < 1000; at++) {
      const socket = connect(join(proxy.dir, 's.sock'));
      socket.on('error', () => socket.destroy());
      socket.resume();
      idle.push(socket);
    }
    // A silent client gives way after a second; until then the answer is a refusal.
    await until(async () => (await ask(proxy, 'show version').catch(() => '')).startsWith('3.5'));
    await until(() => idle.filter((socket) => socket.closed).length >= 980);
    expect(await status(proxy)).toBe('200');
  });

  it('floods, garbage and a listing that nobody reads stall neither others nor traffic', async () => {
    const proxy = await start(2);
    const flood = connect(join(proxy.dir, 's.sock'));
    atTestEnd(() => void flood.destroy());
    flood.on('error', () => flood.destroy());
    flood.write('prompt i\n');
    // The answers are never read.
    flood.pause();
    const lines = 'help\nshow stat\nshow info typed desc\n'.repeat(2000);
    flood.write(lines);
    const garbage = connect(join(proxy.dir, 's.sock'));
    garbage.on('error', () => garbage.destroy());
    atTestEnd(() => void garbage.destroy());
    let said = '';
    garbage.on('data', (data) => {
      said += String(data);
    });
    garbage.write(Buffer.alloc(100_000, 0xff));
    await until(() => said.includes('The command line is too big') && garbage.readableEnded);
    expect(await ask(proxy, 'show version')).toMatch(/^3\.5/);
    expect(await status(proxy)).toBe('200');
  });

  it('leaves in the middle of a command without harm', async () => {
    const proxy = await start(1);
    for (let turn = 0; turn < 20; turn++) {
      const socket = connect(join(proxy.dir, 's.sock'));
      socket.on('error', () => socket.destroy());
      socket.write('wait 60s\n', () => socket.destroy());
    }
    const gone = connect(join(proxy.dir, 's.sock'));
    gone.write('expert-mode on; debug dev write 1000000\n', () => gone.destroy());
    await until(async () => (await ask(proxy, 'show version').catch(() => '')).startsWith('3.5'));
  });
});

describe('server state files', () => {
  it('are applied before anybody is let in; one that is missing is a notice, a damaged one a warning', async () => {
    const first = await start(1);
    await ask(first, 'set server be/s state maint');
    const state = (await ask(first, 'show servers state')).slice(0, -1);
    const path = join(first.dir, 'state');
    writeFileSync(path, state);
    const from = '  load-server-state-from-file global';
    const second = await start(1, `  server-state-base ${first.dir}\n  server-state-file state`, from);
    expect(await status(second)).toBe('503');
    expect(await ask(second, 'show stat be 4 1')).toContain(',MAINT,');
    const third = await start(1, `  server-state-file ${path}.not`, from);
    expect(third.stderr).toContain(
      `Can't open global server state file '${path}.not': No such file or directory`,
    );
    writeFileSync(path, `${state}broken line\n`);
    const fourth = await start(1, `  server-state-file ${path}`, from);
    expect(fourth.stderr).toMatch(/\[WARNING\] .*corrupted global server state file '.*' at line 3\./);
    expect(await status(fourth)).toBe('200');
  });
});
