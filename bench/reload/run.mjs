// The door of the reload bench: compiles main.ts on the fly into a directory of its own under the system's temporary one,
// runs it, and removes that directory.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';

const here = dirname(fileURLToPath(import.meta.url));
const root = resolve(here, '../..');
const temporary = mkdtempSync(join(tmpdir(), 'sluice-bench-code-'));
const outfile = join(temporary, 'main.mjs');
process.once('exit', () => rmSync(temporary, { recursive: true, force: true }));
await build({
  entryPoints: [join(here, 'main.ts')],
  outfile,
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node20',
  sourcemap: 'inline',
  logLevel: 'warning',
  // Files that look for the checkout begin two folders below it, as they do when they are not bundled.
  define: { 'import.meta.url': JSON.stringify(pathToFileURL(join(root, 'bench/reload/main.ts')).href) },
});
const { main } = await import(pathToFileURL(outfile).href);
process.exitCode = await main(process.argv.slice(2), root);
