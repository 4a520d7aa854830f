/** Reads the server state files that the configuration names, when the process starts. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Proxy } from '../model/proxy.ts';
import {
  applyGlobalFile,
  applyLocalFile,
  readStateFile,
  type ServerLine,
} from '../state/server-state-file.ts';
import type { StatsSource } from '../stats/source.ts';
import type { Speaker } from './say.ts';

/** A larger file is no state of servers. */
const FILE_MAX_BYTES = 64 * 1024 * 1024;

type Lines = ReadonlyMap<string, ServerLine>;

/** The words that HAProxy uses of the one file and of a proxy's own. */
interface Voice {
  readonly missing: (path: string, why: string) => string;
  readonly empty: (path: string) => string;
  readonly version: (path: string) => string;
  readonly corrupted: (path: string, line: number) => string;
}

const GLOBAL: Voice = {
  missing: (path, why) => `config: Can't open global server state file '${path}': ${why}`,
  empty: (path) => `config: Empty global server state file '${path}'.`,
  version: (path) => `config: Can't get version of the global server state file '${path}'.`,
  corrupted: (path, line) => `config: corrupted global server state file '${path}' at line ${line}.`,
};

function ofProxy({ name }: Proxy): Voice {
  return {
    missing: (path, why) => `Proxy '${name}': Can't open server state file '${path}': ${why}.`,
    empty: (path) => `Proxy '${name}': Empty server state file '${path}'.`,
    version: (path) => `Proxy '${name}': Can't get version of the server state file '${path}'.`,
    corrupted: (path, line) => `Proxy '${name}': corrupted server state file '${path}' at line ${line}.`,
  };
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'No such file or directory',
  EACCES: 'Permission denied',
  EISDIR: 'Is a directory',
};

function load(path: string, voice: Voice, speaker: Speaker): Lines | undefined {
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    const { code = '', message } = error as NodeJS.ErrnoException;
    const text = voice.missing(path, REASONS[code] ?? message);
    // The first start of a machine has no such file.
    if (code === 'ENOENT') speaker.notice(text);
    else speaker.warning(text);
    return undefined;
  }
  const file = readStateFile(bytes.subarray(0, FILE_MAX_BYTES).toString('latin1'));
  if ('lines' in file) return file.lines;
  if (file.fault === 'empty') speaker.notice(voice.empty(path));
  else speaker.warning('line' in file ? voice.corrupted(path, file.line) : voice.version(path));
  return undefined;
}

function pathOf(base: string | undefined, name: string): string {
  return name.startsWith('/') || base === undefined ? name : join(base, name);
}

/** Applies what the files say, before anything runs. */
export function loadServerStates(source: StatsSource, speaker: Speaker): void {
  const { global, proxies } = source.configuration;
  const base = global.settings.get('server-state-base')?.[0];
  const globalName = global.settings.get('server-state-file')?.[0];
  const warn = (text: string) => speaker.warning(text);
  const common = globalName === undefined ? undefined : load(pathOf(base, globalName), GLOBAL, speaker);
  for (const proxy of proxies) {
    if (!proxy.isBackend || proxy.disabled || proxy.servers.length === 0) continue;
    const from = proxy.settings.get('load-server-state-from-file')?.[0];
    if (from === 'global' && common !== undefined) applyGlobalFile(source, proxy, common, warn);
    if (from !== 'local') continue;
    const named = proxy.settings.get('server-state-file-name')?.[0];
    const name = named === undefined || named === 'use-backend-name' ? proxy.name : named;
    const lines = load(pathOf(base, name), ofProxy(proxy), speaker);
    if (lines !== undefined) applyLocalFile(source, proxy, lines, warn);
  }
}
