/** A master whose own program has changed on disk replaces it, in the same process: the new program is tried first, then what this one
 * knows goes into a file in memory, signals are held, and exec keeps every descriptor that matters. Whatever fails before leaves this
 * program as it was.
 */
import { fstatSync, readSync, statSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import type { Addon } from '../../native/addon.ts';
import { addonPath } from '../../native/load.ts';
import type { Children } from './children.ts';

/** Names the descriptor of what the program before knew; `trial` for one that is only tried. */
export const STATE_VARIABLE = 'SLUICE_MASTER_STATE';
/** The addon holds signals from its program's first moment when this is set and it is preloaded (native/fd/hold.h). */
const HOLD_VARIABLE = 'SLUICE_HOLD_SIGNALS';
const PRELOAD = 'LD_PRELOAD';
/** A new program has so long to show that it starts. */
const TRIAL_MAX_MS = 10_000;
const LOOK_MS = 20;
/** What a program may hand on. */
const STATE_MAX_BYTES = 256 * 1024 * 1024;

/** What this process was started as, with another environment. */
function environmentWith(extra: Readonly<Record<string, string>>): string[] {
  return Object.entries({ ...process.env, ...extra }).map(([name, value]) => `${name}=${value}`);
}

function argv(): string[] {
  return [process.execPath, ...process.execArgv, ...process.argv.slice(1)];
}

function stampOf(path: string): string {
  try {
    const { ino, size, mtimeMs } = statSync(path);
    return `${ino} ${size} ${mtimeMs}`;
  } catch {
    return '-';
  }
}

/** Changes with any file of the master's own program: its bundle, the command, the addon, Node. */
export function masterStamp(bundle: string): string {
  const command = process.argv[1] ?? '';
  return [process.execPath, command, bundle, addonPath()].map(stampOf).join('\n');
}

function extras(value: string): Record<string, string> {
  const path = addonPath();
  // The loader splits its list at these, and knows no way to write them.
  const canPreload = !/[: ]/.test(path);
  const before = process.env[PRELOAD];
  const preload = before === undefined || before === '' ? path : `${path}:${before}`;
  return {
    [STATE_VARIABLE]: value,
    ...(canPreload ? { [HOLD_VARIABLE]: '1', [PRELOAD]: preload } : {}),
  };
}

/** Starts the program on disk in a process of its own, which ends at once; '' or why it did not. */
export async function tryProgram(addon: Addon, children: Children): Promise<string> {
  const pid = addon.childStart(process.execPath, argv(), environmentWith(extras('trial')), [-1, -1, 2]);
  if (pid < 0) return `it cannot be executed (errno ${-pid})`;
  let status = -1;
  children.watch(pid, (code) => {
    status = code;
  });
  for (let waitedMs = 0; status < 0 && waitedMs < TRIAL_MAX_MS; waitedMs += LOOK_MS) {
    children.look();
    await delay(LOOK_MS);
  }
  if (status === 0) return '';
  if (status > 0) return `it ends with ${status}`;
  process.kill(pid, 'SIGKILL');
  return `it does not start within ${TRIAL_MAX_MS} ms`;
}

/** Replaces the program; comes back only when that fails, with the reason. <keep>: descriptors that <state> speaks of. */
export function replaceProgram(addon: Addon, state: object, keep: readonly number[]): string {
  const saved = { ...state, preload: process.env[PRELOAD] ?? '' };
  const fd = addon.memoryFile('sluice-master', Buffer.from(JSON.stringify(saved)));
  if (fd < 0) return `no memory file (errno ${-fd})`;
  const held = addon.holdSignals();
  const environment = environmentWith(extras(String(fd)));
  const result = addon.execSelf(process.execPath, argv(), environment, [...keep, fd]);
  if (held === 0) addon.releaseSignals();
  addon.closeFd(fd);
  return `exec failed (errno ${-result})`;
}

export type Inherited =
  | { readonly kind: 'none' | 'trial' }
  | { readonly kind: 'state'; readonly state: unknown };

/** What the program before this one left, whose traces in the environment are removed. */
export function inherited(addon: Addon): Inherited {
  const value = process.env[STATE_VARIABLE];
  delete process.env[STATE_VARIABLE];
  delete process.env[HOLD_VARIABLE];
  if (value === undefined) return { kind: 'none' };
  if (value === 'trial') return { kind: 'trial' };
  const fd = Number(value);
  const bytes = Buffer.alloc(Math.min(fstatSync(fd).size, STATE_MAX_BYTES));
  for (let at = 0; at < bytes.length; ) {
    const count = readSync(fd, bytes, at, bytes.length - at, at);
    if (count === 0) break;
    at += count;
  }
  addon.closeFd(fd);
  const state = JSON.parse(bytes.toString()) as { preload: string };
  if (state.preload === '') delete process.env[PRELOAD];
  else process.env[PRELOAD] = state.preload;
  return { kind: 'state', state };
}
