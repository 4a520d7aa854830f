// `npm run prebuilds`: the addon as the package brings it, one file for each processor, made by prebuildify. One file
// serves glibc and musl; test/prebuild holds that it does. Works on a copy of the sources, because a build for another
// processor must not lie in build/ of a checkout whose tests run. Symbols stay, so that a core dump names functions;
// files and lines go to sluice.node.debug beside it, which is kept with the release and is not in the package.
//   node scripts/prebuild.mjs [--available] [linux-x64] [linux-arm64]     --available skips what has no compiler here
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { splitDebug } from './debug-file.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
/** The prefix of each target's compiler; Debian's names. */
const prefixes = { 'linux-x64': 'x86_64-linux-gnu-', 'linux-arm64': 'aarch64-linux-gnu-' };

const targets = Object.keys(prefixes);

function run(command, words, options) {
  const { status, error } = spawnSync(command, words, { stdio: 'inherit', ...options });
  if (error) throw error;
  if (status !== 0) throw new Error(`${command} ${words.join(' ')} ended with ${status}`);
}

function copySources(folder) {
  for (const name of ['package.json', 'binding.gyp', 'scripts', 'native']) {
    const isWanted = (path) => !path.startsWith(join(root, 'native', 'test'));
    cpSync(join(root, name), join(folder, name), { recursive: true, filter: isWanted });
  }
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
}

/** The headers of this very Node, when they lie beside it; node-gyp downloads them otherwise. */
function headers() {
  const prefix = join(dirname(process.execPath), '..');
  return existsSync(join(prefix, 'include', 'node', 'node_api.h')) ? { npm_config_nodedir: prefix } : {};
}

function prebuild(name) {
  const prefix = prefixes[name];
  if (!prefix) throw new Error(`no such target: ${name}; there are ${targets.join(', ')}`);
  const [platform, arch] = name.split('-');
  const folder = mkdtempSync(join(tmpdir(), 'sluice-prebuild-'));
  const tools = { CC: `${prefix}gcc`, CXX: `${prefix}g++`, AR: `${prefix}gcc-ar`, LINK: `${prefix}g++` };
  const env = { ...process.env, ...headers(), ...tools, MAKEFLAGS: '-j2 -s' };
  delete env.SLUICE_ADDON;
  try {
    copySources(folder);
    const words = ['--napi', '--quiet', `--platform=${platform}`, `--arch=${arch}`];
    words.push(`--target=${process.versions.node}`);
    run(join(root, 'node_modules', '.bin', 'prebuildify'), words, { cwd: folder, env });
    const made = join(folder, 'prebuilds', name, 'sluice.node');
    splitDebug(made, prefix);
    const kept = join(root, 'prebuilds', name, 'sluice.node');
    mkdirSync(dirname(kept), { recursive: true });
    cpSync(made, `${kept}.new`);
    cpSync(`${made}.debug`, `${kept}.debug`);
    renameSync(`${kept}.new`, kept);
    console.log(`made prebuilds/${name}/sluice.node`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function hasCompiler(name) {
  return spawnSync(`${prefixes[name]}g++`, ['--version']).status === 0;
}

const words = process.argv.slice(2);
const asked = words.filter((word) => word !== '--available');
for (const name of asked.length > 0 ? asked : targets) {
  if (words.includes('--available') && !hasCompiler(name)) {
    console.log(`skipped: prebuilds/${name} (needs ${prefixes[name]}g++)`);
  } else prebuild(name);
}
