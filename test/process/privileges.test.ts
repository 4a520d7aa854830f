/** What a process gives away once its sockets are open, read back from /proc; and what it says when it cannot. Changing the user and the
 * root directory needs root: without it those tests are skipped by name.
 */
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { atTestEnd } from '../tool/at-end.ts';
import { startMaster } from '../tool/master.ts';
import { type Proxy, runSluice, startProxy } from '../tool/proxy.ts';
import { rawClient } from '../tool/raw-socket.ts';
import { until } from '../tool/until.ts';

const isRoot = process.getuid?.() === 0;
const asRoot = it.skipIf(!isRoot);
/** `nobody` of every system. */
const NOBODY = 65534;

function config(global: string, bind = '127.0.0.1:{port:fe}'): string {
  return `global
  nbthread 2
${global}
defaults
  mode http
  timeout client 60s
  timeout server 60s
  timeout connect 20s
frontend fe
  bind ${bind}
  http-request return status 200 content-type text/plain string hello
`;
}

async function serves({ ports }: Proxy): Promise<boolean> {
  const client = await rawClient(ports['fe'] as number);
  await client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
  const { body } = await client.receiveMessage();
  client.close();
  return body.toString() === 'hello';
}

/** The value of <name> for every thread of <pid>, each once. */
function ofThreads(pid: number, name: string): string[] {
  const values = readdirSync(`/proc/${pid}/task`).map((task) => {
    const text = readFileSync(`/proc/${pid}/task/${task}/status`, 'latin1');
    return (new RegExp(`^${name}:[ \\t]*(.*)$`, 'm').exec(text)?.[1] ?? '').trim();
  });
  return [...new Set(values)].sort();
}

function limitOf(pid: number, name: string): string[] {
  const text = readFileSync(`/proc/${pid}/limits`, 'latin1');
  return (new RegExp(`^${name}\\s+(\\S+)\\s+(\\S+)`, 'm').exec(text) ?? []).slice(1, 3);
}

function emptyFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-jail-'));
  chmodSync(folder, 0o755);
  atTestEnd(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

describe('a process of root', () => {
  asRoot('becomes another user with every thread, in another root, once it listens', async () => {
    const jail = emptyFolder();
    const proxy = await startProxy(config(`  uid ${NOBODY}\n  gid ${NOBODY}\n  chroot ${jail}`));
    expect(await serves(proxy)).toBe(true);
    const four = Array.from({ length: 4 }, () => `${NOBODY}`).join('\t');
    expect(ofThreads(proxy.pid, 'Uid')).toEqual([four]);
    expect(ofThreads(proxy.pid, 'Gid')).toEqual([four]);
    expect(ofThreads(proxy.pid, 'Groups')).toEqual(['']);
    expect(readlinkSync(`/proc/${proxy.pid}/root`)).toBe(jail);
    expect(readlinkSync(`/proc/${proxy.pid}/cwd`)).toBe(jail);
    expect(proxy.stderr).toBe('');
  });

  asRoot('takes names of /etc/passwd and /etc/group, and still owns ports below 1024', async () => {
    const group = readFileSync('/etc/group', 'latin1').includes('\nnogroup:') ? 'nogroup' : 'nobody';
    const proxy = await startProxy({
      cfg: config(`  user nobody\n  group ${group}`, '127.0.0.77:{port:fe},127.0.0.77:777').replace(
        'bind 127.0.0.77:{port:fe}',
        'bind 127.0.0.1:{port:fe}',
      ),
    });
    expect(await serves(proxy)).toBe(true);
    expect(ofThreads(proxy.pid, 'Uid')[0]).toMatch(/^65534/);
  });

  asRoot('an empty directory without a name is a jail, too', async () => {
    const proxy = await startProxy(config(`  uid ${NOBODY}\n  chroot auto`));
    expect(await serves(proxy)).toBe(true);
    expect(readlinkSync(`/proc/${proxy.pid}/root`)).toMatch(/\/sluice\.\w+ \(deleted\)$/);
  });

  asRoot('a worker does the same; its master stays who it is', async () => {
    const jail = emptyFolder();
    const cfg = config(`  no-standby\n  uid ${NOBODY}\n  gid ${NOBODY}\n  chroot ${jail}`);
    const master = await startMaster({ cfg });
    const worker = await master.current();
    expect(await serves(master.proxy)).toBe(true);
    expect(ofThreads(worker, 'Uid')[0]).toMatch(/^65534/);
    expect(readlinkSync(`/proc/${worker}/root`)).toBe(jail);
    expect(ofThreads(master.pid, 'Uid')[0]).toMatch(/^0\t/);
  });

  asRoot('can be taken over from, and stopped, by another one of root', async () => {
    const global = `  uid ${NOBODY}\n  stats socket {dir}/s.sock level admin expose-fd listeners`;
    const old = await startProxy(config(global));
    const next = startProxy({
      cfg: config(global.replace('{dir}', old.dir)),
      ports: old.ports,
      args: ['-x', join(old.dir, 's.sock'), '-sf', String(old.pid)],
      readyWhen: () => old.process.exitCode !== null,
    });
    expect((await old.exited).code).toBe(0);
    expect(await serves(await next)).toBe(true);
  });

  asRoot('a jail that is not there ends the start, by name', async () => {
    const folder = emptyFolder();
    const path = join(folder, 'a.cfg');
    writeFileSync(path, config('  chroot /nonexistent', `${folder}/fe.sock`));
    const end = await runSluice(['-db', '-f', path]);
    expect(end.code).toBe(1);
    expect(end.stderr).toContain('Cannot chroot(/nonexistent): No such file or directory');
  });
});

describe('a process without rights', () => {
  asRoot('serves, and says by whom it was started when it shall become somebody else', async () => {
    const jail = emptyFolder();
    const run = (global: string): string => {
      const path = join(jail, 'a.cfg');
      const text = config(global, `${jail}/fe.sock`);
      const script = `cat > ${path} && exec setpriv --reuid ${NOBODY} --regid ${NOBODY} --clear-groups "$0" "$@"`;
      const words = [
        '-c',
        script,
        process.execPath,
        join(import.meta.dirname, '../../bin/sluice'),
        '-f',
        path,
      ];
      const { stderr } = spawnSync('sh', words, { input: text, timeout: 20_000, encoding: 'latin1' });
      return stderr;
    };
    chmodSync(jail, 0o777);
    const readable = spawnSync('setpriv', [
      `--reuid=${NOBODY}`,
      '--clear-groups',
      '--regid=65534',
      process.execPath,
      '-e',
      '0',
    ]);
    if (readable.status !== 0) return;
    expect(run('  uid 1')).toContain(`The process was started by user ${NOBODY}; only root can do that.`);
    expect(run('  chroot /')).not.toContain('Cannot chroot');
    expect(run(`  chroot ${jail}`)).toContain(`Cannot chroot(${jail}): Operation not permitted`);
  });
});

describe('limits', () => {
  it('cores are on up to the hard limit, unless they are switched off', async () => {
    const on = await startProxy(config(''));
    const [soft, hard] = limitOf(on.pid, 'Max core file size');
    expect(soft).toBe(hard);
    for (const line of ['set-dumpable off', 'no set-dumpable']) {
      const off = await startProxy(config(`  ${line}`));
      expect(limitOf(off.pid, 'Max core file size')[0]).toBe('0');
    }
  });

  it('ulimit-n and -m are what the kernel holds the process to', async () => {
    const proxy = await startProxy({ cfg: config('  ulimit-n 4321'), args: ['-m', '4096'] });
    expect(limitOf(proxy.pid, 'Max open files')[0]).toBe('4321');
    expect(limitOf(proxy.pid, 'Max data size')).toEqual(['4294967296', '4294967296']);
  });

  it('a limit that cannot be had ends the start, or is a warning', async () => {
    const proxy = await startProxy(config(''));
    const path = proxy.cfgPath;
    const nofile = Number(readFileSync('/proc/sys/fs/nr_open', 'latin1')) + 1;
    writeFileSync(
      path,
      config(`  ulimit-n ${nofile}`).replace('127.0.0.1:{port:fe}', join(proxy.dir, 'x.sock')),
    );
    const exit = await runSluice(['-db', '-f', path]);
    expect(exit.code).toBe(1);
    expect(exit.stderr).toContain(`Cannot raise FD limit to ${nofile}`);
    const lenient = startProxy(config(`  no strict-limits\n  ulimit-n ${nofile}`));
    expect((await lenient).stderr).toContain(`[WARNING]`);
  });

  it('cpu-map puts each thread of the data plane where it belongs', async () => {
    const proxy = await startProxy(config('  cpu-map auto:1/1-2 0-1'));
    await until(() => ofThreads(proxy.pid, 'Cpus_allowed_list').includes('0'));
    const { length } = readdirSync('/sys/devices/system/cpu').filter((name) => /^cpu\d+$/.test(name));
    if (length > 1) expect(ofThreads(proxy.pid, 'Cpus_allowed_list')).toContain('1');
    const nowhere = await startProxy(config('  cpu-map 1/2 1000'));
    expect(nowhere.stderr).toContain('cpu-map : thread 2 runs anywhere');
  });
});
