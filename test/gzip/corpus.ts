/** Real bodies to compress: files of the npm packages that are installed for development anyway, and of every Debian. What
 * a machine lacks is left out; what is made here is what files do not hold. The caller owns the bytes.
 */
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export interface Body {
  readonly name: string;
  readonly bytes: Buffer;
}

const root = fileURLToPath(new URL('../..', import.meta.url));
const files = [
  'node_modules/typescript/README.md',
  'node_modules/express/History.md',
  'node_modules/fastify/docs/Reference/Server.md',
  'node_modules/fast-check/lib/types/fast-check-default.d.ts',
  'node_modules/mime-db/db.json',
  'node_modules/@types/node/http2.d.ts',
  'node_modules/vite/dist/client/client.mjs',
  'node_modules/esbuild/lib/main.js',
  'package-lock.json',
  '/usr/share/common-licenses/GPL-3',
  '/usr/share/mime/packages/freedesktop.org.xml',
  '/usr/share/i18n/locales/de_DE',
  '/usr/share/zoneinfo/tzdata.zi',
  '/usr/share/perl5/Debconf/Element/Noninteractive/Select.pm',
  '/usr/lib/os-release',
  '/bin/ls',
  '/usr/share/doc/bash/changelog.gz',
  '/usr/share/doc/dpkg/changelog.Debian.gz',
];

/** Bytes without any order, the same in every run. */
export function noise(length: number, seed = 1): Buffer {
  const out = Buffer.allocUnsafe(length);
  let state = seed >>> 0;
  for (let at = 0; at < length; at++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    out[at] = state >>> 24;
  }
  return out;
}

/** High bytes and short matches at short distances, on which encoders that only look forward grow. */
function crafted(length: number): Buffer {
  const out = noise(length, 7);
  for (let at = 0; at < length; at++) out[at] = (out[at] as number) | 0x90;
  for (let at = 60; at + 4 <= length; at += 55) out.copyWithin(at, at - 8, at - 4);
  return out;
}

/** Text and noise in turn: what is stored and what is not lie side by side. */
function mixed(length: number): Buffer {
  const out = Buffer.alloc(length, 'a proxy that reads and writes, and reads again; ');
  const rough = noise(length, 3);
  for (let at = 2000; at < length; at += 7000) rough.copy(out, at, at, Math.min(length, at + 3000));
  return out;
}

/** Every body, at most <maxLen> bytes of each. */
export function corpus(maxLen: number): Body[] {
  const paths = files.map((file) => (file.startsWith('/') ? file : `${root}${file}`));
  const read = paths.filter(existsSync).map((path) => ({ name: path, bytes: readFileSync(path) }));
  const len = Math.min(maxLen, 1_000_000);
  const made = [
    { name: 'nothing', bytes: Buffer.alloc(0) },
    { name: 'one byte', bytes: Buffer.from('x') },
    { name: 'zeros', bytes: Buffer.alloc(len) },
    { name: 'noise', bytes: noise(len) },
    { name: 'crafted', bytes: crafted(len) },
    { name: 'mixed', bytes: mixed(len) },
  ];
  return [...read, ...made].map(({ name, bytes }) => ({ name, bytes: bytes.subarray(0, maxLen) }));
}
