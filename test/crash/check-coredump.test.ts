/** `sluice check-coredump <pid>` of a proxy that changed its user: the kernel writes no core of such a process unless it was made
 * dumpable again, and then as that user.
 */
import { spawnSync } from 'node:child_process';
import { chownSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { type Proxy, sluiceProgram, startProxy } from '../tool/proxy.ts';

const isRoot = process.getuid?.() === 0;
const hasCoreFile = !readFileSync('/proc/sys/kernel/core_pattern', 'utf8').match(/^[|/]/);
const NOBODY = 65_534;
const ANSWER_MAX_MS = 60_000;

function started(more: string): Promise<Proxy> {
  return startProxy(`
global
  uid ${NOBODY}
  gid ${NOBODY}
  nbthread 1
  ${more}
defaults
  mode http
  timeout client 60s
  timeout server 60s
  timeout connect 10s
frontend fe
  bind 127.0.0.1:\${port:fe}
`);
}

function check(pid: number): { code: number | null; out: string } {
  const { status, stdout } = spawnSync(process.execPath, [sluiceProgram, 'check-coredump', String(pid)], {
    encoding: 'utf8',
    timeout: ANSWER_MAX_MS,
  });
  return { code: status, out: stdout };
}

test.skipIf(!isRoot)('dumpable again, unless the configuration says otherwise (needs root)', async () => {
  const proxy = await started('');
  expect(check(proxy.pid).out).toMatch(/^ok {4}dumpable {6}yes$/m);
  const other = await started('set-dumpable off');
  const { code, out } = check(other.pid);
  expect(out).toContain('BAD   dumpable      the kernel writes no core of this process');
  expect(out).toContain('\n                      global\n                          set-dumpable on\n');
  expect(code).toBe(1);
});

test.skipIf(!isRoot || !hasCoreFile)(
  'the directory is judged for that user, not for who asks (needs root and a relative core_pattern)',
  async () => {
    const proxy = await started('');
    const before = check(proxy.pid);
    expect(before.out).toContain(`BAD   directory     ${proxy.dir} may not be written\n`);
    expect(before.out).toContain('mkdir -p /var/lib/sluice/cores && chown 65534 /var/lib/sluice/cores\n');
    expect(before.code).toBe(1);
    chownSync(proxy.dir, NOBODY, NOBODY);
    expect(check(proxy.pid)).toMatchObject({
      code: 0,
      out: expect.stringContaining(`ok    directory     ${proxy.dir} may be written\n`),
    });
  },
);
