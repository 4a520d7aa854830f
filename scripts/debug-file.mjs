// Splits an addon as it is shipped from what only a debugger wants: <addon>.debug has files, lines and types; the addon keeps
// the names of its functions, its build-id, and the name of its debug file. gdb, and so `sluice postmortem`, finds that
// file beside the addon (or below /usr/lib/debug) and knows by the build-id that it belongs to it.
//   node scripts/debug-file.mjs <addon> [<prefix of the tools>]
import { spawnSync } from 'node:child_process';
import { basename, dirname } from 'node:path';
import { fileURLToPath } from 'node:url';

function run(command, words, cwd) {
  const { status, error, stderr } = spawnSync(command, words, { cwd, encoding: 'utf8' });
  if (error) throw error;
  if (status !== 0) throw new Error(`${command} ${words.join(' ')} ended with ${status}: ${stderr.trim()}`);
}

/** Strips <addon> and writes <addon>.debug beside it; <prefix> is that of the tools, as `aarch64-linux-gnu-`. */
export function splitDebug(addon, prefix = '') {
  const folder = dirname(addon);
  const name = basename(addon);
  const objcopy = `${prefix}objcopy`;
  run(objcopy, ['--only-keep-debug', '--compress-debug-sections=zlib', name, `${name}.debug`], folder);
  run(`${prefix}strip`, ['--strip-debug', name], folder);
  run(objcopy, [`--add-gnu-debuglink=${name}.debug`, name], folder);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) splitDebug(process.argv[2], process.argv[3]);
