/** `-D` and `daemon`: who starts it learns whether it serves, and may go. */
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { freePort } from '../tool/free-port.ts';
import { runSluice, sluiceProgram } from '../tool/proxy.ts';
import { rawClient } from '../tool/raw-socket.ts';
import { SLOW_MACHINE_MS, until, within } from '../tool/until.ts';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'sluice-daemon-'));
});
afterEach(() => {
  const path = join(dir, 'pid');
  const pid = existsSync(path) ? Number(readFileSync(path, 'latin1')) : 0;
  if (pid > 0) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It has ended, as it should.
    }
  }
  rmSync(dir, { recursive: true });
});

function write(port: number | string, global = ''): string {
  const path = join(dir, 'a.cfg');
  const cfg = `global
  nbthread 1
${global}
defaults
  mode http
  timeout client 60s
frontend fe
  bind ${typeof port === 'number' ? `127.0.0.1:${port}` : port}
  http-request return status 200 content-type text/plain lf-string "%pid."
`;
  writeFileSync(path, cfg);
  return path;
}

async function pidAt(port: number): Promise<number> {
  const client = await rawClient(port);
  await client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
  const { body } = await client.receiveMessage();
  client.close();
  return Number(body.toString().replace('.', ''));
}

/** Session of a process, and where its standard streams go. */
function shapeOf(pid: number): { session: number; streams: string[] } {
  const fields = readFileSync(`/proc/${pid}/stat`, 'latin1')
    .replace(/^.*\) /, '')
    .split(' ');
  const streams = [0, 1, 2].map((fd) => readlinkSync(`/proc/${pid}/fd/${fd}`));
  return { session: Number(fields[3]), streams };
}

describe('-D', () => {
  it('ends with 0 once the process in the background serves; that one has the pidfile, a session and no terminal', async () => {
    const port = await freePort();
    const exit = await runSluice(['-D', '-p', 'pid', '-C', dir, '-f', write(port)], { cwd: dir });
    expect(exit).toMatchObject({ code: 0, stdout: '', stderr: '' });
    const pid = Number(readFileSync(join(dir, 'pid'), 'latin1'));
    expect(await pidAt(port)).toBe(pid);
    expect(shapeOf(pid)).toEqual({ session: pid, streams: ['/dev/null', '/dev/null', '/dev/null'] });
    process.kill(pid, 'SIGUSR1');
    await until(() => !existsSync(`/proc/${pid}`));
  });

  it('the configuration may ask for it; what it has to say is said once', async () => {
    const port = await freePort();
    const path = write(port, '  daemon\n  stats bind-process 1');
    const exit = await runSluice(['-p', join(dir, 'pid'), '-f', path]);
    expect(exit.code).toBe(0);
    expect(exit.stderr.split('stats bind-process').length).toBe(3);
    expect(await pidAt(port)).toBe(Number(readFileSync(join(dir, 'pid'), 'latin1')));
  });

  it('-db keeps it in front', async () => {
    const port = await freePort();
    const child = spawn(sluiceProgram, ['-db', '-f', write(port, '  daemon')], { stdio: 'ignore' });
    try {
      await until(() =>
        pidAt(port).then(
          (pid) => pid === child.pid,
          () => false,
        ),
      );
    } finally {
      child.kill('SIGKILL');
    }
  });

  it('ends with 1 and what the other said when that cannot start', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as { port: number };
    const exit = await runSluice(['-D', '-p', 'pid', '-f', write(port)], { cwd: dir });
    server.close();
    expect(exit.code).toBe(1);
    expect(exit.stderr).toContain('Address already in use');
    expect(existsSync(join(dir, 'pid'))).toBe(false);
  });

  it('ends with 1 on a configuration that makes no sense, and -c goes nowhere', async () => {
    expect(await runSluice(['-D', '-f', write(0, '  nonsense')])).toMatchObject({ code: 1 });
    const check = await runSluice(['-D', '-c', '-V', '-f', write(await freePort())]);
    expect(check).toMatchObject({ code: 0, stdout: 'Configuration file is valid\n' });
  });

  it('takes inherited sockets along', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as { port: number };
    const { fd } = (server as unknown as { _handle: { fd: number } })._handle;
    const path = write('"fd@${FE}"');
    const child = spawn(sluiceProgram, ['-D', '-p', join(dir, 'pid'), '-f', path], {
      env: { ...process.env, FE: '5' },
      stdio: ['ignore', 'ignore', 'ignore', 'ignore', 'ignore', fd],
    });
    const code = await within(
      new Promise((resolve) => child.once('exit', resolve)),
      SLOW_MACHINE_MS,
      'the end of -D',
    );
    server.close();
    expect(code).toBe(0);
    expect(await pidAt(port)).toBe(Number(readFileSync(join(dir, 'pid'), 'latin1')));
  });

  it.each([
    ['-D -W', ''],
    ['-D', '\n  master-worker'],
    ['-W', '\n  daemon'],
    ['-q', '\n  daemon\n  master-worker'],
  ])(
    'with %s and%s in the configuration the process in the background is the master',
    async (words, lines) => {
      const port = await freePort();
      const path = write(port, `  no-standby${lines}`);
      const exit = await runSluice([...words.split(' '), '-p', 'pid', '-f', path], { cwd: dir });
      expect(exit.code).toBe(0);
      const master = Number(readFileSync(join(dir, 'pid'), 'latin1'));
      expect(await pidAt(port)).not.toBe(master);
      process.kill(master, 'SIGTERM');
      await until(() => !existsSync(`/proc/${master}`));
    },
  );
});
