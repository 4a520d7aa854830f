// `npm run build:faults`: the addon with faults on purpose (native/crash/fault.h), as build/faults/sluice.node. Compiled from a
// tree of links, so that the release in build/Release stays what it is; the tree stays, for the next time. SLUICE_FAULTS=1 makes
// a start take it.
import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, renameSync, symlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const folder = join(root, 'build', 'faults');
const tree = join(folder, 'tree');

mkdirSync(tree, { recursive: true });
for (const name of ['native', 'scripts', 'node_modules', 'package.json', 'binding.gyp']) {
  if (!existsSync(join(tree, name))) symlinkSync(join(root, name), join(tree, name));
}
const words = ['configure', 'build', '--loglevel=error'];
const prefix = join(dirname(process.execPath), '..');
if (existsSync(join(prefix, 'include', 'node', 'node_api.h'))) words.push(`--nodedir=${prefix}`);
const gyp = createRequire(import.meta.url).resolve('node-gyp/bin/node-gyp.js');
const { status, stdout, stderr } = spawnSync(process.execPath, [gyp, ...words], {
  cwd: tree,
  env: { ...process.env, SLUICE_ADDON: 'faults' },
  encoding: 'utf8',
});
if (status !== 0) {
  console.error(`${stdout}${stderr}`);
  process.exit(1);
}
// A process that has the old one mapped keeps it.
copyFileSync(join(tree, 'build', 'Release', 'sluice.node'), join(folder, 'sluice.node.new'));
renameSync(join(folder, 'sluice.node.new'), join(folder, 'sluice.node'));
