/** What the system says about core files of one process, read from /proc; nothing is judged here. A stand-in for /proc can be given,
 * so that what cannot be changed on a machine can be tested.
 */
import {
  accessSync,
  constants,
  existsSync,
  readFileSync,
  readlinkSync,
  type Stats,
  statfsSync,
  statSync,
} from 'node:fs';
import { dirname, join } from 'node:path';

export interface CoreFacts {
  readonly pid: number;
  /** Its effective user, who writes the core. */
  readonly uid: number;
  /** RLIMIT_CORE in bytes; Infinity = unlimited. */
  readonly softLimit: number;
  readonly hardLimit: number;
  /** kernel.core_pattern, without its line feed. */
  readonly pattern: string;
  /** kernel.core_uses_pid */
  readonly addsPid: boolean;
  /** Where a core goes by the pattern; empty when it goes to a program. */
  readonly directory: string;
  readonly directoryFault: string;
  readonly freeBytes: number;
  /** The program of a pipe pattern is found here. */
  readonly hasProgram: boolean;
  /** We are in a container: the kernel would run a pipe's program outside of it. */
  readonly isContained: boolean;
  /** False after a change of user without PR_SET_DUMPABLE, or by `set-dumpable off`. */
  readonly isDumpable: boolean;
  /** /proc/<pid>/coredump_filter */
  readonly filter: number;
  /** Another process of the same user may be looked at: 0 yes, 1 children alone, 2 with a capability, 3 never. */
  readonly ptraceScope: number;
  /** A seccomp filter is in place. */
  readonly isFiltered: boolean;
  readonly mayTrace: boolean;
}

/** CAP_SYS_PTRACE as a bit of CapEff. */
const CAP_SYS_PTRACE = 1n << 19n;

function read(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}

function limit(word: string | undefined): number {
  return word === undefined || word === 'unlimited' ? Number.POSITIVE_INFINITY : Number(word);
}

/** The directory a core of a process in <cwd> goes to. */
export function coreDirectory(pattern: string, cwd: string): string {
  if (pattern.startsWith('|')) return '';
  return pattern.startsWith('/') ? dirname(pattern) : dirname(join(cwd, pattern));
}

interface Identity {
  readonly uid: number;
  readonly gids: readonly number[];
}

/** Whether <who> may make files in what <facts> are of; root may. */
function mayWrite({ mode, uid, gid }: Stats, who: Identity): boolean {
  if (who.uid === 0) return true;
  const wanted = constants.W_OK | constants.X_OK;
  const shift = uid === who.uid ? 6 : who.gids.includes(gid) ? 3 : 0;
  return ((mode >> shift) & wanted) === wanted;
}

/** What keeps <who> from writing a core there; asked by another user it is judged by owner and mode. */
function directoryFault(directory: string, who: Identity): string {
  try {
    const facts = statSync(directory);
    if (!facts.isDirectory()) return 'is no directory';
    accessSync(directory, constants.W_OK | constants.X_OK);
    const isOther = process.geteuid?.() !== who.uid;
    return isOther && !mayWrite(facts, who) ? 'may not be written' : '';
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EROFS') return 'is on a file system that is mounted read-only';
    return code === 'ENOENT' ? 'does not exist' : 'may not be written';
  }
}

/** <directory> as process <pid> sees it, whose root may be another. */
function seenBy(proc: string, pid: number, directory: string): string {
  const root = `${proc}/${pid}/root`;
  return existsSync(root) ? join(root, directory) : directory;
}

function identityOf(status: string): Identity {
  const numbers = (name: string): number[] => {
    const line = new RegExp(`^${name}:\\s+(.*)$`, 'm').exec(status)?.[1] ?? '';
    return line
      .split(/\s+/)
      .filter((word) => word !== '')
      .map(Number);
  };
  return { uid: numbers('Uid')[1] ?? 0, gids: [...numbers('Gid').slice(1, 2), ...numbers('Groups')] };
}

function freeBytes(directory: string): number {
  try {
    const { bavail, bsize } = statfsSync(directory);
    return bavail * bsize;
  } catch {
    return 0;
  }
}

function cwdOf(proc: string, pid: number): string {
  try {
    return readlinkSync(`${proc}/${pid}/cwd`);
  } catch {
    return process.cwd();
  }
}

/** Its files in /proc belong to root although it does not: the kernel's sign that no core is written. */
function isDumpable(proc: string, pid: number, uid: number): boolean {
  if (uid === 0) return true;
  try {
    return statSync(`${proc}/${pid}/limits`).uid === uid;
  } catch {
    return true;
  }
}

function isContained(proc: string): boolean {
  if (existsSync('/.dockerenv') || existsSync('/run/.containerenv')) return true;
  return /\b(docker|kubepods|containerd|libpod)\b/.test(read(`${proc}/1/cgroup`));
}

/** Facts about process <pid>, this one when it is left out. */
export function readCoreFacts(pid = process.pid, proc = '/proc'): CoreFacts {
  const limits = /^Max core file size\s+(\d+|unlimited)\s+(\d+|unlimited)/m.exec(
    read(`${proc}/${pid}/limits`),
  );
  const pattern = read(`${proc}/sys/kernel/core_pattern`).replace(/\n$/, '');
  const status = read(`${proc}/${pid}/status`);
  const who = identityOf(status);
  const directory = coreDirectory(pattern, cwdOf(proc, pid));
  const program = pattern.startsWith('|') ? (pattern.slice(1).trim().split(/\s+/)[0] ?? '') : '';
  return {
    pid,
    uid: who.uid,
    softLimit: limit(limits?.[1]),
    hardLimit: limit(limits?.[2]),
    pattern,
    addsPid: read(`${proc}/sys/kernel/core_uses_pid`).trim() === '1',
    directory,
    directoryFault: directory === '' ? '' : directoryFault(seenBy(proc, pid, directory), who),
    freeBytes: directory === '' ? 0 : freeBytes(seenBy(proc, pid, directory)),
    hasProgram: program !== '' && existsSync(program),
    isContained: isContained(proc),
    isDumpable: isDumpable(proc, pid, who.uid),
    filter: Number.parseInt(read(`${proc}/${pid}/coredump_filter`) || '33', 16),
    ptraceScope: Number(read(`${proc}/sys/kernel/yama/ptrace_scope`) || '0'),
    isFiltered: /^Seccomp:\s+2/m.test(status),
    mayTrace: (BigInt(`0x${/^CapEff:\s+([0-9a-f]+)/m.exec(status)?.[1] ?? '0'}`) & CAP_SYS_PTRACE) !== 0n,
  };
}
