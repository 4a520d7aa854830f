// Turns native/engine/abi.def (and the name and method lists of native/http1) into src/native/abi.ts.
// Run by the build; test/abi.test.ts holds that the committed file is what this makes.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');

/** @param {string} path @returns {string} */
const read = (path) => (existsSync(join(root, path)) ? readFileSync(join(root, path), 'utf8') : '');

/** FNV-1a over names and values, as the addon does. @param {string} text */
const fingerprintOf = (text) => {
  let sum = 2166136261;
  const mix = (value) => {
    sum = Math.imul(sum ^ value, 16777619) >>> 0;
  };
  for (const [, name, value] of text.matchAll(/^ABI\((\w+), (\w+)\)/gm)) {
    for (let i = 0; i < name.length; i++) mix(name.charCodeAt(i));
    mix(Number(value));
  }
  return sum;
};

export const generateAbi = () => {
  const out = [
    '/** Made by scripts/gen-abi.mjs from native/engine/abi.def and native/http1/*.def: change those, not this. */',
    '',
  ];
  for (const [, name, value, comment] of read('native/engine/abi.def').matchAll(
    /^ABI\((\w+), (\w+)\)(?: *\/\* (.*?) \*\/)?/gm,
  )) {
    if (comment) out.push(`/** ${comment} */`);
    out.push(`export const ${name} = ${value};`);
  }
  out.push('', '/** What the addon says it was built from (native/binding/addon.cc computes the same). */');
  out.push(`export const fingerprint = ${fingerprintOf(read('native/engine/abi.def'))};`);
  const list = (path, macro, name, doc) => {
    out.push('', `/** ${doc} */`, `export const ${name}: readonly string[] = [`, "  '',");
    for (const [, , text] of read(path).matchAll(new RegExp(`^${macro}\\((\\w+), "([^"]+)"\\)`, 'gm'))) {
      out.push(`  '${text}',`);
    }
    out.push('];');
  };
  list('native/http1/names.def', 'NAME', 'FIELD_NAMES', 'Field names by their id; 0 is any other name.');
  list('native/http1/methods.def', 'METHOD', 'METHOD_NAMES', 'Methods by their id; 0 is any other method.');
  return `${out.join('\n')}\n`;
};

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  writeFileSync(join(root, 'src/native/abi.ts'), generateAbi());
}
