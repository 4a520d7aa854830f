/** Dockerfile.debug, as a user has it: built (with faults on purpose) on a base made here, asked what stands between a crash and a
 * core, crashed in the middle of a response, and asked for the verdict, all inside.
 */
import { once } from 'node:events';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { freePort } from '../tool/free-port.ts';
import { ask } from '../tool/raw-socket.ts';
import { answering, scriptedServer } from '../tool/scripted-server.ts';
import { SLOW_MACHINE_MS, until } from '../tool/until.ts';
import { COMMAND_MAX_MS, enter, imageStep, obstacle, start, textOf } from './container.ts';

const BUILD_MAX_MS = 1_500_000;
const CORES = '/var/lib/sluice/cores';
const CORE_MAX_BYTES = 20 * 1024 * 1024;
const AFTER_BYTES = 1_048_576;
/** On an idle machine it is below 2 s. */
const VERDICT_MAX_MS = 20_000;
const TEST_MAX_MS = 4 * COMMAND_MAX_MS;

const LINE = 'a text that compresses well, again and again. ';
const BODY = LINE.repeat(Math.ceil((4 * AFTER_BYTES) / LINE.length));
const ANSWER = `HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: ${BODY.length}\r\n\r\n${BODY}`;
const WHO =
  '"POST /fault/overrun-1?after=1048576 HTTP/1.1", frontend fe, backend thing-two, server web3, encoder gzip/fast after ';

/** A folder that `image.sh build` has filled, for work on these tests: it stays. */
const isGiven = process.env['SLUICE_IMAGE'] !== undefined;
const why = obstacle();
const hasCoreFile = !readFileSync('/proc/sys/kernel/core_pattern', 'utf8').startsWith('|');

describe.skipIf(why !== '')(`the debug image${why === '' ? '' : ` (${why})`}`, () => {
  let folder = process.env['SLUICE_IMAGE'] ?? '';

  /** A directory of the host that the container's user may write. */
  function shared(name: string): string {
    const path = join(folder, name);
    mkdirSync(path, { recursive: true });
    chmodSync(path, 0o1777);
    return path;
  }

  beforeAll(async () => {
    if (isGiven) return;
    folder = mkdtempSync(join(tmpdir(), 'sluice-image-'));
    chmodSync(folder, 0o755);
    const built = await imageStep('build', folder, BUILD_MAX_MS);
    process.stdout.write(built.out);
    expect(built.err + built.out).toContain('the image: after');
    expect(built.code).toBe(0);
  }, BUILD_MAX_MS + COMMAND_MAX_MS);

  afterAll(async () => {
    if (isGiven) return;
    expect((await imageStep('clean', folder, COMMAND_MAX_MS)).code).toBe(0);
  });

  describe('what stands between a crash and a core is said with the command that helps', () => {
    const check = ['check-coredump'];

    test('nothing much; the soft limit is raised without a word', async () => {
      const { out } = await enter(folder, check, { before: 'ulimit -S -c 0' });
      expect(out).toMatch(/^ok {4}core limit {4}(unlimited|[1-9])/);
      expect(out).toMatch(/^ok {4}directory {5}\/var\/lib\/sluice\/cores may be written$/m);
      expect(out).toMatch(/^ok {4}dumpable {6}yes$/m);
      expect(out).toMatch(/^ok {4}contents {6}memory and flight recorder are in the core$/m);
    });

    test.each([
      [
        'a hard limit of 0',
        { before: 'ulimit -c 0' },
        'core limit    is 0 and may not',
        'docker run --ulimit core=-1',
      ],
      [
        'a working directory of somebody else',
        { words: ['--workingdir', '/'] },
        'directory     / may not be written',
        `sluice -C ${CORES} `,
      ],
    ])('%s', async (_, around, text, fix) => {
      const { out, code } = await enter(folder, check, around);
      expect(code).toBe(1);
      expect(out).toContain(`BAD   ${text}`);
      expect(out).toContain(`\n                      ${fix}`);
      expect(out).toMatch(/\nA crash would leave no core: one thing is in the way\.\n$/);
    });

    test('a volume that is mounted read-only', async () => {
      const words = ['--volume', `${shared('readonly')}:${CORES}:ro`];
      const { out, code } = await enter(folder, check, { words });
      expect(code).toBe(1);
      expect(out).toContain(`BAD   directory     ${CORES} is on a file system that is mounted read-only\n`);
      expect(out).toContain(`-v cores:${CORES} …   (a volume, not :ro)`);
    });

    test('a pattern that pipes to a program of the host', async () => {
      const pattern = join(folder, 'core_pattern');
      writeFileSync(pattern, '|/usr/lib/systemd/systemd-coredump %P %u\n');
      const { out, code } = await enter(folder, check, { pattern });
      expect(code).toBe(1);
      expect(out).toContain(
        "BAD   core pattern  '|/usr/lib/systemd/systemd-coredump %P %u': the program of the pipe runs outside of this container",
      );
      expect(out).toContain(
        'sysctl -w kernel.core_pattern=/var/lib/sluice/cores/core.%e.%p.%t   (on the host',
      );
    });

    test('an absolute pattern whose directory the container lacks', async () => {
      const pattern = join(folder, 'core_pattern');
      writeFileSync(pattern, '/cores/core.%p\n');
      const { out } = await enter(folder, check, { pattern });
      expect(out).toContain('BAD   directory     /cores does not exist\n');
      expect(out).toMatch(/mkdir -p \/cores && chown \d+ \/cores\n/);
    });

    test('a start says what is in the way, and goes on', async () => {
      const { err, out } = await enter(folder, ['-v'], { before: 'ulimit -c 0' });
      expect(err).toContain('BAD   core limit    is 0 and may not be raised');
      expect(err).toContain('sluice: going on without core files\n');
      expect(err).not.toContain('tini');
      expect(out).toContain('Sluice 0.');
    });
  });

  test.skipIf(!hasCoreFile)(
    'crashed in the middle of compressing a response, and asked who did it',
    async () => {
      const server = await scriptedServer(answering(ANSWER));
      const port = await freePort();
      const cores = shared('cores');
      const words = [
        '--volume',
        `${cores}:${CORES}`,
        '--volume',
        `${configuration(port, server.port)}:/etc/sluice:ro`,
      ];
      const proxy = start(folder, ['-f', '/etc/sluice'], {
        words: [...words, '--env', 'SLUICE_FAULT_URI=/fault/'],
      });
      const said = textOf(proxy.stderr);
      await until(() => ask(port, requestOf('/fine')).then(Boolean, () => false), SLOW_MACHINE_MS, said);
      const [answer] = await Promise.all([
        ask(port, requestOf(`/fault/overrun-1?after=${AFTER_BYTES}`)).catch(() => undefined),
        once(proxy, 'exit'),
      ]);
      expect(answer?.body.length ?? 0).toBeLessThan(BODY.length);
      expect(said()).toContain(WHO);
      const core = readdirSync(cores).find((name) => name.startsWith('core')) as string;
      expect(statSync(join(cores, core)).blocks * 512).toBeLessThan(CORE_MAX_BYTES);

      const short = await enter(folder, ['postmortem', '--no-stack', core], { words });
      expect(short.out.split('\n')[0]).toContain(WHO);
      expect(short.ms).toBeLessThan(VERDICT_MAX_MS);
      const whole = await enter(folder, ['postmortem', core], { words });
      process.stdout.write(
        `the verdict after ${Math.round(short.ms)} ms, with the stack ${Math.round(whole.ms)} ms\n`,
      );
      const [verdict = ''] = whole.out.split('\n');
      expect(verdict).toContain('SIGABRT: slz_encode wrote 1 byte past the ');
      expect(verdict).toContain(WHO);
      expect(Number(/after ([\d,]+) B in/.exec(verdict)?.[1]?.replaceAll(',', ''))).toBeGreaterThanOrEqual(
        AFTER_BYTES,
      );
      expect(whole.out).toMatch(/^ {2}#\d+ +stage_encode at \.\.\/native\/engine\/body_stage\.c:\d+$/m);
      expect(whole.out).toMatch(/^ {2}#\d+ +uv_run at /m);
      expect(whole.out).toMatch(/^ {2}#\d+ +_start/m);
      expect(whole.out).not.toContain('  note  ');
      expect(whole.code).toBe(0);

      // The scripts load by themselves, and the sources are where the symbols say.
      const commands = ['-ex', 'sluice-streams', '-ex', 'frame function body_pump', '-ex', 'list'];
      const gdb = await enter(folder, ['gdb', '-batch', ...commands, '/usr/local/bin/node', core], { words });
      const session = `${gdb.out}\n${gdb.err}`;
      expect(session).toContain('fe/thing-two/web3');
      expect(session).toMatch(/ at \.\.\/native\/engine\/body\.c:\d+\n/);
      expect(session).toContain('rc = stage_pump(');
    },
    TEST_MAX_MS,
  );

  function configuration(port: number, serverPort: number): string {
    const path = shared('etc');
    writeFileSync(
      join(path, 'haproxy.cfg'),
      `
global
  nbthread 1
defaults
  mode http
  timeout client 60s
  timeout server 60s
  timeout connect 10s
frontend fe
  bind 127.0.0.1:${port}
  default_backend thing-two
backend thing-two
  compression algo gzip
  compression type text/plain
  server web3 127.0.0.1:${serverPort}
`,
    );
    return path;
  }

  function requestOf(path: string): string {
    return `POST ${path} HTTP/1.1\r\nhost: example.org\r\ncontent-length: 0\r\naccept-encoding: gzip\r\nconnection: close\r\n\r\n`;
  }
});
