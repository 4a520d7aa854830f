/** bin/sluice and the install script before there is anything to run: what they say, and what they survive. */
import { spawn, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { SLOW_MACHINE_MS, until, within } from '../tool/until.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
let folder = '';

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-house-'));
  cpSync(join(root, 'bin'), join(folder, 'bin'), { recursive: true });
  mkdirSync(join(folder, 'dist'));
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Puts <code> where the bundle <name> belongs, with the hash line that the build writes. */
function bundle(name: string, code: string): void {
  writeFileSync(join(folder, 'dist', `${name}.cjs`), `/*${'0'.repeat(32)}*/ ${code}`);
}

function sluice(...words: string[]) {
  return spawnSync(join(folder, 'bin/sluice'), words, { encoding: 'utf8', cwd: '/' });
}

test('a command that is not built says so in one line', () => {
  const { status, stderr } = sluice('-v');
  expect(status).toBe(1);
  expect(stderr).toMatch(/^sluice: not built yet \(no .*sluice-early\.cjs\): run `npm install` in .*\n$/);
});

test('an engine that does not load is one line too', () => {
  bundle('sluice-control', "exports.main = () => process.dlopen({ exports: {} }, '/nowhere/sluice.node');");
  const { status, stderr } = sluice('-f', 'x.cfg');
  expect(status).toBe(1);
  expect(stderr).toMatch(/^sluice: the native engine does not load \(.*\): run `npm rebuild` in .*\n$/);
});

test('elsewhere than on Linux the proxy says in one sentence that it needs it', () => {
  const elsewhere = join(folder, 'elsewhere.cjs');
  writeFileSync(elsewhere, "Object.defineProperty(process, 'platform', { value: 'darwin' });");
  bundle('sluice-early', 'exports.early = () => true;');
  bundle('sluice-control', 'exports.main = () => undefined;');
  const run = (word: string) =>
    spawnSync(process.execPath, ['-r', elsewhere, join(folder, 'bin/sluice'), word], { encoding: 'utf8' });
  expect(run('-db').stderr).toMatch(/^sluice: the proxy needs Linux and this is darwin; .*\n$/);
  expect(run('-db').status).toBe(1);
  expect(run('-v')).toMatchObject({ status: 0, stderr: '' });
});

test('-v is answered without the control bundle, and the exit code passes', () => {
  bundle('sluice-early', 'exports.early = (words) => { process.exitCode = words.length; return true; };');
  expect(sluice('-v').status).toBe(1);
  expect(sluice('-cc', 'x', 'y').status).toBe(3);
});

test('what the early bundle declines goes on to main', () => {
  bundle('sluice-early', 'exports.early = () => false;');
  bundle('sluice-control', "exports.main = (words) => process.stdout.write(words.join(' '));");
  expect(sluice('-f', '-v').stdout).toBe('-f -v');
});

test('a cache of another build, or of nonsense, is left alone', () => {
  bundle('sluice-control', "exports.main = () => process.stdout.write('ran');");
  const head = `${'0'.repeat(32)} ${process.version} ${process.arch}`.padEnd(64);
  for (const cache of ['', 'short', `${head}nonsense`, `${head.replace('0', '1')}nonsense`]) {
    writeFileSync(join(folder, 'dist/sluice-control.cjs.cache'), cache);
    expect(sluice()).toMatchObject({ status: 0, stdout: 'ran', stderr: '' });
  }
});

test('runs through a symbolic link', () => {
  bundle('sluice-control', "exports.main = () => process.stdout.write('ran');");
  symlinkSync(join(folder, 'bin/sluice'), join(folder, 'link'));
  expect(spawnSync(join(folder, 'link'), { encoding: 'utf8', cwd: '/' }).stdout).toBe('ran');
});

test('SIGUSR1 starts no inspector', async () => {
  bundle(
    'sluice-control',
    "exports.main = () => { process.on('SIGUSR1', () => process.exit(0)); setInterval(() => {}, 1e3); process.stdout.write('up'); };",
  );
  const child = spawn(join(folder, 'bin/sluice'));
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (bytes) => (stdout += bytes));
  child.stderr.on('data', (bytes) => (stderr += bytes));
  const exited = new Promise((resolve) => child.once('close', resolve));
  await until(() => stdout === 'up');
  child.kill('SIGUSR1');
  expect(await within(exited, SLOW_MACHINE_MS, 'the end after SIGUSR1')).toBe(0);
  expect(stderr).toBe('');
});

test('a machine without compilers is told what to install', () => {
  const env = { ...process.env, PATH: folder, PYTHON: '', npm_config_python: '', CC: '', CXX: '' };
  const { status, stderr } = spawnSync(process.execPath, [join(root, 'scripts/install.mjs')], {
    env,
    encoding: 'utf8',
  });
  expect(status).toBe(1);
  expect(stderr).toMatch(
    /^Sluice compiles its engine and finds no C compiler, no C\+\+ compiler, no make and no Python 3 /,
  );
  expect(stderr.trimEnd().split('\n')).toHaveLength(1);
});

test('a prebuilt addon that does not load is said, and compiling is tried', () => {
  cpSync(join(root, 'scripts'), join(folder, 'scripts'), { recursive: true });
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  const place = join(folder, 'prebuilds', `${process.platform}-${process.arch}`);
  mkdirSync(place, { recursive: true });
  writeFileSync(join(place, 'sluice.node'), 'of another machine');
  writeFileSync(join(folder, 'package.json'), '{ "name": "sluice" }');
  const env = { ...process.env, PATH: folder, PYTHON: '', npm_config_python: '', CC: '', CXX: '' };
  const install = (more: Record<string, string>) =>
    spawnSync(process.execPath, [join(folder, 'scripts/install.mjs')], {
      env: { ...env, ...more },
      encoding: 'utf8',
    });
  const lines = install({}).stderr.trimEnd().split('\n');
  expect(lines).toHaveLength(2);
  expect(lines[0]).toMatch(/^Sluice's prebuilt addon does not load here \(.*sluice\.node.*\): compiling\.$/);
  expect(lines[1]).toMatch(/^Sluice compiles its engine and finds no C compiler/);
  // Who asks for a build from source gets one.
  expect(install({ npm_config_build_from_source: 'true' }).stderr.trimEnd().split('\n')).toHaveLength(1);
});
