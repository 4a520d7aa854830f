// `npm start`: the demo of src/origin, or one sentence while nothing is built.
import { existsSync } from 'node:fs';

const demo = new URL('../dist/origin/start.js', import.meta.url);
if (existsSync(demo)) {
  await import(demo.href);
} else {
  process.stderr.write('sluice: not built yet: run `npm install` first\n');
  process.exitCode = 1;
}
