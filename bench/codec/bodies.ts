/**
 * The bodies that train and judge the encoder: files of npm and Debian packages, named with their digests in the two
 * manifests. They are fetched with the packages' own clients and kept in a cache folder outside the project; nothing is
 * taken whose digest is not the one written down. Owns that folder.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

export interface Entry {
  readonly kind: string;
  readonly source: string;
  readonly pack: string;
  readonly version: string;
  readonly length: number;
  readonly sha256: string;
  readonly path: string;
}

export interface Body {
  /** Package and last part of the path: unique within a manifest. */
  readonly name: string;
  readonly kind: string;
  readonly file: string;
  readonly bytes: Buffer;
}

const UNPACKED_MAX_BYTES = 64 << 20;
const FETCH_MAX_MS = 300_000;

export const cacheFolder = (): string =>
  process.env['SLUICE_BODIES'] ??
  join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'sluice-bodies');

export const readManifest = (text: string): Entry[] =>
  text
    .trimEnd()
    .split('\n')
    .slice(1)
    .map((line) => {
      const [kind, source, pack, version, length, sha256, path, ...more] = line.split('\t');
      if (path === undefined || sha256?.length !== 64 || more.length > 0)
        throw new Error(`manifest line: ${line}`);
      return {
        kind: kind!,
        source: source!,
        pack: pack!,
        version: version!,
        length: Number(length),
        sha256,
        path,
      };
    });

export const manifest = (root: string, which: 'training' | 'evaluation'): Entry[] =>
  readManifest(readFileSync(join(root, 'bench/codec', `manifest-${which}.tsv`), 'utf8'));

const nameOf = (entry: Entry): string =>
  `${entry.pack.replace(/^@/, '').replace('/', '-')}/${entry.path.split('/').slice(-2).join('-')}`;

const cachedFile = (entry: Entry): string =>
  join(cacheFolder(), `${entry.sha256.slice(0, 16)}-${entry.path.split('/').pop()}`);

const digest = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

const run = (command: string, args: readonly string[], cwd: string): Buffer =>
  execFileSync(command, args, {
    cwd,
    maxBuffer: UNPACKED_MAX_BYTES,
    timeout: FETCH_MAX_MS,
    stdio: ['ignore', 'pipe', 'pipe'],
  });

/** The package's archive as a tar stream in a file. */
const archiveOf = (entry: Entry, folder: string): string => {
  if (entry.source === 'npm') {
    const packed = run('npm', ['pack', '--silent', `${entry.pack}@${entry.version}`], folder);
    return join(folder, packed.toString().trim().split('\n').pop()!);
  }
  if (entry.source !== 'deb') throw new Error(`${entry.pack}: source ${entry.source} is neither npm nor deb`);
  run('apt-get', ['download', '-q', `${entry.pack}=${entry.version}`], folder);
  const tar = join(folder, 'data.tar');
  run('sh', ['-c', 'dpkg-deb --fsys-tarfile ./*.deb > data.tar'], folder);
  return tar;
};

/** Fetches what <entries> of one package lack in the cache. */
const fetchPackage = (entries: readonly Entry[]): void => {
  mkdirSync(cacheFolder(), { recursive: true });
  const folder = mkdtempSync(join(cacheFolder(), 'fetch-'));
  try {
    const archive = archiveOf(entries[0]!, folder);
    for (const entry of entries) {
      run('tar', ['-xf', archive, '--strip-components=1', '--wildcards', `*/${entry.path}`], folder);
      const bytes = readFileSync(join(folder, entry.path));
      if (digest(bytes) !== entry.sha256)
        throw new Error(`${entry.pack} ${entry.path}: another file than the manifest's`);
      const partial = join(folder, 'checked');
      writeFileSync(partial, bytes);
      renameSync(partial, cachedFile(entry));
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};

/** True when every body of the manifest is in the cache. */
export const bodiesArePresent = (entries: readonly Entry[]): boolean =>
  entries.every((entry) => existsSync(cachedFile(entry)));

export const fetchBodies = (entries: readonly Entry[], say: (line: string) => void): void => {
  const packages = new Map<string, Entry[]>();
  for (const entry of entries) {
    if (existsSync(cachedFile(entry))) continue;
    const name = `${entry.pack} ${entry.version}`;
    packages.set(name, [...(packages.get(name) ?? []), entry]);
  }
  for (const [name, wanted] of packages) {
    say(`fetching ${name}`);
    fetchPackage(wanted);
  }
};

/** Reads the bodies out of the cache and checks them once more. */
export const loadBodies = (entries: readonly Entry[]): Body[] =>
  entries.map((entry) => {
    const file = cachedFile(entry);
    const bytes = readFileSync(file);
    if (digest(bytes) !== entry.sha256) throw new Error(`${file} is not what the manifest names: remove it`);
    return { name: nameOf(entry), kind: entry.kind, file, bytes };
  });
