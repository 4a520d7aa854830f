/** Commands that the master answers itself, with the texts of `show proc` and `reload` (management guide, section 9.4). */
import { fail, type Message, type SettledAnswer, say } from './answer.ts';
import { type ClientState, type CommandFace, type Level, mayRun } from './command.ts';
import type { MasterDoor, ProcessRow, ReloadOutcome } from './master-door.ts';

export type MasterAnswer = SettledAnswer | Promise<SettledAnswer>;

export interface MasterCommand extends CommandFace {
  run(door: MasterDoor, args: readonly string[], client: ClientState): MasterAnswer;
}

function entry(
  words: string,
  usage: string,
  help: string,
  level: Level,
  run: MasterCommand['run'],
): MasterCommand {
  return { words, usage, help, level, run, restriction: 'none', isHidden: false };
}

const COLUMN = 15;

function columns(cells: readonly (string | number)[]): string {
  return cells.map((cell) => String(cell).padEnd(COLUMN)).join(' ');
}

/** `0d00h00m02s` */
export function uptimeText(startedMs: number, nowMs: number): string {
  const seconds = Math.max(0, Math.floor((nowMs - startedMs) / 1000));
  const two = (value: number) => String(value).padStart(2, '0');
  const hours = Math.floor(seconds / 3600) % 24;
  return `${Math.floor(seconds / 86_400)}d${two(hours)}h${two(Math.floor(seconds / 60) % 60)}m${two(seconds % 60)}s`;
}

/** The table of processes; <isDebug>: with the descriptors of their channels. */
export function processTable(door: MasterDoor, isDebug: boolean, nowMs: number): string {
  const { tried, failed } = door.reloads();
  const end = (descriptors: readonly (string | number)[]) =>
    isDebug ? `\t\t ${columns(descriptors)}\n` : '\n';
  const row = ({ pid, reloads, startedMs, version, descriptors }: ProcessRow) =>
    columns([pid, 'worker', reloads, uptimeText(startedMs, nowMs), version]) + end(descriptors);
  const workers = door.workers();
  const old = workers.filter((one) => one.isOld);
  let text = columns(['#<PID>', '<type>', '<reloads>', '<uptime>', '<version>']);
  text += end(['<ipc_fd[0]>', '<ipc_fd[1]>']);
  text += columns([
    door.pid,
    'master',
    `${tried} [failed: ${failed}]`,
    uptimeText(door.startedMs, nowMs),
    door.version,
  ]);
  text += `${end(door.descriptors)}# workers\n`;
  for (const worker of workers) if (!worker.isOld) text += row(worker);
  if (old.length > 0) text += '# old workers\n';
  for (const worker of old) {
    text += row(worker);
    // A tool that reads the table takes lines with a sharp for comments.
    for (const note of worker.notes) text += `# ${worker.pid}: ${note}\n`;
  }
  for (const remark of door.remarks()) text += `# ${remark}\n`;
  return text;
}

function outcomeText({ isDone, log }: ReloadOutcome): string {
  return `Success=${isDone ? 1 : 0}\n--\n${log === '' || log.endsWith('\n') ? log : `${log}\n`}`;
}

function showProc(door: MasterDoor, [what]: readonly string[]): MasterAnswer {
  if (what !== undefined && what !== 'debug') return fail("'show proc' only supports 'debug' as argument\n");
  return processTable(door, what === 'debug', Date.now());
}

function reload(isHard: boolean): MasterCommand['run'] {
  return async (door) => outcomeText(await door.reload(isHard));
}

function showEnvironment(door: MasterDoor, [name]: readonly string[]): MasterAnswer {
  const all = door.environment();
  if (name === undefined) return all.map(([key, value]) => `${key}=${value}\n`).join('');
  const found = all.find(([key]) => key === name);
  return found === undefined ? fail('Variable not found\n') : `${found[0]}=${found[1]}\n`;
}

/** Prefixes are no commands, the help lists them as if they were. */
function prefix(words: string, help: string): MasterCommand {
  return entry(words, '', help, 'user', () => '');
}

export const masterCommands: readonly MasterCommand[] = [
  prefix('@<relative pid>', 'send a command to the <relative pid> process'),
  prefix('@!<pid>', 'send a command to the <pid> process'),
  prefix('@master', 'send a command to the master process'),
  entry('echo', '<text>', 'print text to the output', 'user', (_, args) => say(`${args.join(' ')}\n`)),
  entry('reload', '', 'achieve a soft-reload (-sf) of haproxy', 'operator', reload(false)),
  entry('hard-reload', '', 'achieve a hard-reload (-st) of haproxy', 'operator', reload(true)),
  entry('show proc', '', 'show processes status', 'operator', showProc),
  entry('show version', '', 'show version of the current process', 'user', (door) =>
    say(`${door.version}\n`),
  ),
  entry('show startup-logs', '', 'report logs emitted during HAProxy startup', 'user', (door) => {
    const text = door.startupLog();
    return text === '' ? '\n' : text;
  }),
  entry('show env', '[var]', 'dump environment variables known to the process', 'operator', showEnvironment),
  entry('show cli level', '', 'display the level of the current CLI session', 'user', (_, __, client) =>
    say(`${client.level}\n`),
  ),
  entry('show cli sockets', '', 'dump list of cli sockets', 'user', () => ''),
  // Known to the conversation itself: listed, never run from here.
  entry('user', '', 'lower the level of the current CLI session to user', 'user', () => ''),
  entry('operator', '', 'lower the level of the current CLI session to operator', 'user', () => ''),
  {
    ...entry('_loadstatus', '', 'outcome of the last reload', 'user', (door) =>
      outcomeText(door.lastOutcome()),
    ),
    isHidden: true,
  },
];

export function mayRunMaster(client: ClientState, command: MasterCommand): Message | undefined {
  return mayRun(client.level, command.level) ? undefined : fail('Permission denied\n');
}
