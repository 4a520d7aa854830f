/** The command line, as HAProxy reads it: what it asks for, or why it makes no sense. */

export interface CommandLine {
  readonly files: string[];
  isCheck: boolean;
  isVerbose: boolean;
  isQuiet: boolean;
  /** -d: says what happens. */
  isDebug: boolean;
  /** -db: stays in the foreground, whatever the configuration says. */
  isForeground: boolean;
  /** -D: goes to the background. */
  isDaemon: boolean;
  isDiagnostic: boolean;
  /** -dW: a warning is an error. */
  areWarningsFatal: boolean;
  /** -dr: servers whose names cannot be resolved start without an address. */
  ignoresResolution: boolean;
  directory: string;
  pidFile: string;
  localPeer: string;
  maxconn: number;
  proxyMaxconn: number;
  memoryMb: number;
  isIpv4Only: boolean;
  /** -W, -Ws: a master that keeps the sockets, and workers. */
  isMaster: boolean;
  /** -Ws: the master tells the service supervisor how it is. */
  isNotifying: boolean;
  /** -x: the runtime API socket to take listening sockets from. */
  transferSocket: string;
  /** -S: where the master's runtime API listens, with bind options behind commas; without -W there is no master. */
  readonly masterSockets: string[];
  softStopPids: number[];
  hardStopPids: number[];
  /** -dK: classes of keywords to print. */
  dumps: string[];
}

/** What is wrong, and whether seeing all options would help. */
export interface CommandLineError {
  readonly error: string;
  readonly isUsageDue: boolean;
}

export type CommandLineResult = CommandLine | CommandLineError;

/** Options of HAProxy that are refused by name, because doing without them would not be what was asked for. */
const NOT_BUILT: Readonly<Record<string, string>> = {
  dC: 'printing the configuration',
};

const WITH_VALUE = new Set(['C', 'p', 'L', 'n', 'N', 'm', 'x', 'S', 'f']);

function newCommandLine(): CommandLine {
  return {
    files: [],
    isCheck: false,
    isVerbose: false,
    isQuiet: false,
    isDebug: false,
    isForeground: false,
    isDaemon: false,
    isDiagnostic: false,
    areWarningsFatal: false,
    ignoresResolution: false,
    directory: '',
    pidFile: '',
    localPeer: '',
    maxconn: 0,
    proxyMaxconn: 0,
    memoryMb: 0,
    isIpv4Only: false,
    isMaster: false,
    isNotifying: false,
    transferSocket: '',
    masterSockets: [],
    softStopPids: [],
    hardStopPids: [],
    dumps: [],
  };
}

function setFlag(line: CommandLine, flag: string): boolean {
  if (flag === 'c') line.isCheck = true;
  else if (flag === 'V') line.isVerbose = true;
  else if (flag === 'q') line.isQuiet = true;
  else if (flag === '4') line.isIpv4Only = true;
  else if (flag === 'W') line.isMaster = true;
  else if (flag === 'Ws') line.isMaster = line.isNotifying = true;
  else if (flag === 'd') line.isDebug = true;
  else if (flag === 'db') line.isForeground = true;
  else if (flag === 'D') line.isDaemon = true;
  else if (flag === 'dW') line.areWarningsFatal = true;
  else if (flag === 'dD') line.isDiagnostic = true;
  else if (flag === 'dr') line.ignoresResolution = true;
  else if (flag.startsWith('dK')) line.dumps.push(...flag.slice(2).split(','));
  else return flag.startsWith('d');
  return true;
}

function setValue(line: CommandLine, flag: string, value: string): string | undefined {
  if (flag === 'f') line.files.push(value);
  else if (flag === 'C') line.directory = value;
  else if (flag === 'p') line.pidFile = value;
  else if (flag === 'L') line.localPeer = value;
  else if (flag === 'x') line.transferSocket = value;
  else if (flag === 'S') line.masterSockets.push(value);
  else {
    if (!/^\d{1,9}$/.test(value)) return `option '-${flag}' expects a number, not '${value}'`;
    if (flag === 'n') line.maxconn = Number(value);
    else if (flag === 'N') line.proxyMaxconn = Number(value);
    else line.memoryMb = Number(value);
  }
  return undefined;
}

/** Reads <words> (without the program's name). */
export function parseCommandLine(words: readonly string[]): CommandLineResult {
  const line = newCommandLine();
  for (let i = 0; i < words.length; i++) {
    const word = words[i] as string;
    if (word === '--') {
      line.files.push(...words.slice(i + 1));
      break;
    }
    const flag = word.slice(1);
    if (!word.startsWith('-') || flag === '') {
      return { error: `unexpected argument '${word}'`, isUsageDue: true };
    }
    if (Object.hasOwn(NOT_BUILT, flag)) {
      const error = `option '${word}' (${NOT_BUILT[flag]}) is not built yet in Sluice`;
      return { error, isUsageDue: false };
    }
    if (flag === 'sf' || flag === 'st') {
      const pids = flag === 'sf' ? line.softStopPids : line.hardStopPids;
      while (/^\d{1,10}$/.test(words[i + 1] ?? '')) pids.push(Number(words[++i]));
    } else if (WITH_VALUE.has(flag)) {
      const value = words[++i];
      if (value === undefined) {
        return { error: `option '${word}' expects an argument`, isUsageDue: true };
      }
      const error = setValue(line, flag, value);
      if (error !== undefined) return { error, isUsageDue: true };
    } else if (!setFlag(line, flag)) {
      return { error: `unknown option '${word}'`, isUsageDue: true };
    }
  }
  return line;
}
