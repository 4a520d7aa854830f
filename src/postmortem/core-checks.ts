/** What stands between a crash and a core file, and the exact way to remove it: facts in, findings out. Pure.
 */
import type { CoreFacts } from './core-facts.ts';

export interface Finding {
  /** Of a few words: `core limit`. */
  readonly subject: string;
  /** bad: no core is written; weak: one is, with something amiss. */
  readonly rank: 'good' | 'weak' | 'bad';
  /** A sentence without its end: what is. */
  readonly text: string;
  /** A command to run or a flag to give, one a line; empty when there is nothing to do. */
  readonly fix: string;
}

/** A process at work leaves so much; below it a core is likely to be cut. */
const ROOM_WANTED_BYTES = 256 * 1024 * 1024;
const DIRECTORY_WANTED = '/var/lib/sluice/cores';
const PATTERN_WANTED = `${DIRECTORY_WANTED}/core.%e.%p.%t`;
/** coredump_filter: private memory, shared memory without a file (the flight recorder lies there). */
const FILTER_PRIVATE = 1;
const FILTER_SHARED = 2;
/** kernel.yama.ptrace_scope: nobody, until the next boot. */
const PTRACE_NEVER = 3;

function good(subject: string, text: string): Finding {
  return { subject, rank: 'good', text, fix: '' };
}

function megabytes(bytes: number): string {
  return `${Math.floor(bytes / 1024 / 1024)} MB`;
}

function judgeLimit({ softLimit, hardLimit }: CoreFacts): Finding {
  const subject = 'core limit';
  if (softLimit === Number.POSITIVE_INFINITY) return good(subject, 'unlimited');
  if (hardLimit === Number.POSITIVE_INFINITY) {
    return good(subject, `${softLimit} now, and Sluice raises it to unlimited when it starts`);
  }
  const rank = hardLimit === 0 ? 'bad' : 'weak';
  const text =
    hardLimit === 0
      ? 'is 0 and may not be raised: no core is written'
      : `cores are cut at ${hardLimit} bytes`;
  const fix = [
    'docker run --ulimit core=-1 …',
    'compose:     ulimits: { core: -1 }',
    'systemd:     LimitCORE=infinity',
    'a shell:     ulimit -H -c unlimited   (as root, before the start)',
  ].join('\n');
  return { subject, rank, text, fix };
}

function judgePipe(facts: CoreFacts): Finding {
  const program = facts.pattern.slice(1).trim().split(/\s+/)[0] ?? '';
  const subject = 'core pattern';
  if (!facts.isContained && facts.hasProgram) {
    const place = /systemd-coredump/.test(program)
      ? 'coredumpctl lists them'
      : /apport/.test(program)
        ? '/var/crash'
        : 'see its manual';
    return good(subject, `cores are piped to ${program} (${place})`);
  }
  const where = facts.isContained
    ? 'runs outside of this container, where the core stays, if the program is there'
    : 'is not there';
  return {
    subject,
    rank: 'bad',
    text: `'${facts.pattern}': the program of the pipe ${where}`,
    fix: `sysctl -w kernel.core_pattern=${PATTERN_WANTED}   (on the host: the pattern is the whole machine's)`,
  };
}

function judgePattern(facts: CoreFacts): Finding {
  const { pattern } = facts;
  const subject = 'core pattern';
  const fix = `sysctl -w kernel.core_pattern=${PATTERN_WANTED}   (on the host)`;
  if (pattern.startsWith('|')) return judgePipe(facts);
  if (pattern === '') return { subject, rank: 'bad', text: 'is empty: no core is written', fix };
  const place = pattern.startsWith('/') ? '' : ' in the working directory';
  if (!facts.addsPid && !/%[pPiI]/.test(pattern)) {
    const text = `'${pattern}'${place}: without the PID in it a second core replaces the first`;
    return { subject, rank: 'weak', text, fix };
  }
  return good(subject, `'${pattern}'${place}`);
}

/** What to do about a directory that takes no core. */
function directoryFix({ directory, pattern, uid }: CoreFacts): string {
  if (pattern.startsWith('/')) {
    return `mkdir -p ${directory} && chown ${uid} ${directory}\ndocker run -v cores:${directory} …   (a volume, not :ro)`;
  }
  return [
    `mkdir -p ${DIRECTORY_WANTED} && chown ${uid} ${DIRECTORY_WANTED}`,
    `sluice -C ${DIRECTORY_WANTED} …`,
    `docker run --workdir ${DIRECTORY_WANTED} -v cores:${DIRECTORY_WANTED} …   (a volume, not :ro)`,
  ].join('\n');
}

function judgeDirectory(facts: CoreFacts): Finding[] {
  const { directory, directoryFault, freeBytes } = facts;
  if (directory === '') return [];
  if (directoryFault !== '') {
    const text = `${directory} ${directoryFault}`;
    return [{ subject: 'directory', rank: 'bad', text, fix: directoryFix(facts) }];
  }
  const found = [good('directory', `${directory} may be written`)];
  if (freeBytes >= ROOM_WANTED_BYTES) return [...found, good('room', `${megabytes(freeBytes)} are free`)];
  const text = `${megabytes(freeBytes)} are free: a core may be cut (a quiet process leaves 20 MB, a busy one hundreds)`;
  return [...found, { subject: 'room', rank: 'weak', text, fix: `docker run -v cores:${directory} …` }];
}

function judgeDumpable({ isDumpable }: CoreFacts): Finding {
  const subject = 'dumpable';
  if (isDumpable) return good(subject, 'yes');
  return {
    subject,
    rank: 'bad',
    text: 'the kernel writes no core of this process: it changed its user, or the configuration says `set-dumpable off`',
    fix: 'global\n    set-dumpable on',
  };
}

function judgeFilter({ filter, pid }: CoreFacts): Finding {
  const subject = 'contents';
  if (filter & FILTER_PRIVATE && filter & FILTER_SHARED)
    return good(subject, 'memory and flight recorder are in the core');
  const lost = filter & FILTER_PRIVATE ? 'the flight recorder' : 'the memory of the process';
  const text = `coredump_filter is 0x${filter.toString(16)}: ${lost} would not be in the core`;
  return { subject, rank: 'weak', text, fix: `echo 0x33 > /proc/${pid}/coredump_filter` };
}

function judgeTrace({ ptraceScope, isFiltered, mayTrace }: CoreFacts): Finding {
  const subject = 'live process';
  if (ptraceScope < PTRACE_NEVER && mayTrace) return good(subject, 'gdb may attach');
  if (ptraceScope === 0 && !isFiltered) return good(subject, 'gdb may attach to processes of the same user');
  const fixes = ['docker run --cap-add SYS_PTRACE …'];
  if (ptraceScope >= PTRACE_NEVER) fixes[0] = 'reboot the host without it: it cannot be taken back';
  else if (ptraceScope > 0) fixes.push('sysctl -w kernel.yama.ptrace_scope=0   (on the host)');
  else fixes.push('docker run --security-opt seccomp=unconfined …');
  const by = ptraceScope > 0 ? `kernel.yama.ptrace_scope is ${ptraceScope}` : 'a seccomp filter is in place';
  return {
    subject,
    rank: 'weak',
    text: `${by}: gdb may not attach to a process that runs; cores are not concerned`,
    fix: fixes.join('\n'),
  };
}

/** All that was looked at, in the order in which a core comes about. */
export function judgeCore(facts: CoreFacts): Finding[] {
  return [
    judgeLimit(facts),
    judgePattern(facts),
    ...judgeDirectory(facts),
    judgeDumpable(facts),
    judgeFilter(facts),
    judgeTrace(facts),
  ];
}
