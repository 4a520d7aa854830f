/** The `global` section: process-wide settings, the runtime API's sockets, variables of the environment. */

import { TIME_MAX_MS } from '../base/time.ts';
import type { Argument } from '../config/argument.ts';
import {
  custom,
  customOrNothing,
  integer,
  onOff,
  rawWord,
  size,
  time,
  timeOrForever,
  word,
  words,
} from '../config/argument.ts';
import { type Keyword, keyword } from '../config/keyword.ts';
import type { Word } from '../config/place.ts';
import type { GlobalSettings } from '../model/configuration.ts';
import { cpuMapKeywords } from './cpu-map.ts';
import { crashKeywords } from './crash-keywords.ts';
import { parseLogLine } from './log-lines.ts';
import { obsoleteGlobalKeywords, privilegeKeywords } from './privilege-keywords.ts';
import type { Reading } from './reading.ts';
import { stateGlobalKeywords } from './state-keywords.ts';
import { statsSocketKeywords } from './stats-socket.ts';

export interface GlobalSection {
  readonly settings: GlobalSettings;
  readonly reading: Reading;
}

type GlobalKeyword = Keyword<GlobalSection>;

/** More threads than processors help nobody; HAProxy's own limit is 1024. */
const THREADS_MAX = 64;

/** A head has to fit in a buffer, and offsets in one have 28 bits in HAProxy. */
const BUFFER_MIN_BYTES = 256;
const BUFFER_LIMIT_BYTES = 256 * 1024 * 1024;

function set<T>(
  name: string,
  argument: Argument<T>,
  apply: (settings: GlobalSettings, value: T) => void,
): GlobalKeyword {
  return keyword<GlobalSection, readonly [Argument<T>]>({
    name,
    args: [argument],
    parse({ target }, value) {
      apply(target.settings, value as T);
    },
  });
}

/** Read, checked and kept under its name for the room that knows it. */
function kept(name: string, ...args: Argument<unknown>[]): GlobalKeyword {
  return keyword<GlobalSection, readonly Argument<unknown>[]>({
    name,
    args,
    parse({ target, cursor, modifier }) {
      if (modifier !== undefined) target.settings.settings.delete(name);
      else
        target.settings.settings.set(
          name,
          cursor.words.slice(name.split(' ').length).map((at) => at.text),
        );
    },
  });
}

/** What asks for less than is there: nothing to do, and nothing worth a notice. */
function accepted(name: string, ...args: Argument<unknown>[]): GlobalKeyword {
  return keyword<GlobalSection, readonly Argument<unknown>[]>({ name, args, parse() {} });
}

/** Read so that its value is checked; does nothing yet. */
function notBuilt(name: string, ...args: Argument<unknown>[]): GlobalKeyword {
  return keyword<GlobalSection, readonly Argument<unknown>[]>({
    name,
    args,
    traits: { isBuilt: false },
    parse({ cursor }) {
      const text = `'${name}' is known to HAProxy but not built yet in Sluice; ignored.`;
      cursor.alerts.notice(text, cursor.words[0]);
    },
  });
}

const processKeywords: readonly GlobalKeyword[] = [
  set('nbthread', integer('<number>', 1, THREADS_MAX), (settings, value) => {
    settings.nbthread = value;
  }),
  set('maxconn', integer('<number>'), (settings, value) => {
    settings.maxconn = value;
  }),
  set('hard-stop-after', time('<time>'), (settings, value) => {
    settings.hardStopAfterMs = value;
  }),
  set('localpeer', word('<name>'), (settings, value) => {
    settings.localPeer = value;
  }),
  set('log-tag', word('<tag>'), (settings, value) => {
    settings.logTag = value;
  }),
  set('spread-checks', integer('<percent>', 0, 50), (settings, value) => {
    settings.spreadChecks = value;
  }),
  kept('max-spread-checks', time('<delay>')),
  kept('node', word('<name>')),
  kept('description', words('<text>...')),
  kept('pidfile', word('<path>')),
  set('close-spread-time', timeOrForever('{ <time> | infinite }', TIME_MAX_MS), (settings, value) => {
    settings.closeSpreadMs = value;
  }),
  kept('grace', time('<time>')),
  notBuilt('maxconnrate', integer('<number>')),
  notBuilt('maxsessrate', integer('<number>')),
  kept('tune.cli.max-payload-size', size('<size>')),
  set('maxcomprate', integer('<kilobytes per second>'), (settings, value) => {
    settings.maxCompressionRateKb = value;
  }),
  set('maxcompcpuusage', integer('<percent>', 0, 100), (settings, value) => {
    settings.maxCompressionCpuPercent = value;
  }),
  kept('maxpipes', integer('<number>')),
  kept('ulimit-n', integer('<number>')),
  kept('stats maxconn', integer('<connections>', 1)),
  kept('zero-warning'),
  accepted('thread-groups', integer('<number>', 1, 32)),
  accepted('expose-experimental-directives'),
  accepted('expose-deprecated-directives'),
  accepted('busy-polling'),
  accepted('insecure-fork-wanted'),
  accepted('insecure-setuid-wanted'),
  accepted('numa-cpu-mapping'),
  accepted('no-memory-trimming'),
  accepted('noevports'),
  accepted('nokqueue'),
  accepted('nopoll'),
  kept('nosplice'),
  accepted('quiet'),
  kept('master-worker', customOrNothing('[no-exit-on-failure]...')),
  kept('mworker-max-reloads', integer('<retries>')),
  kept('no-standby'),
  kept('hard-stop-folder', word('<path>')),
];

const tuneKeywords: readonly GlobalKeyword[] = [
  keyword<GlobalSection, readonly [Argument<number>]>({
    name: 'tune.bufsize',
    args: [size('<size>')],
    parse({ target, cursor }, bytes) {
      if (bytes >= BUFFER_MIN_BYTES && bytes < BUFFER_LIMIT_BYTES) target.settings.bufsize = bytes;
      else {
        const advice = `Allowed: ${BUFFER_MIN_BYTES} bytes and more, less than 256m.`;
        cursor.alerts.alert(`'tune.bufsize' cannot be ${bytes} bytes.`, cursor.words[1], advice);
      }
    },
  }),
  set('tune.maxrewrite', size('<size>'), (settings, value) => {
    settings.maxrewrite = value;
  }),
  set('tune.http.maxhdr', integer('<number>', 1, 32767), (settings, value) => {
    settings.httpMaxhdr = value;
  }),
  set('tune.maxaccept', integer('<number>', -1), (settings, value) => {
    settings.maxaccept = value;
  }),
  set('tune.comp.maxlevel', integer('<number>', 1, 9), (settings, value) => {
    settings.maxCompressionLevel = value;
  }),
  keyword<GlobalSection, readonly [Argument<string>]>({
    name: 'tune.idle-pool.shared',
    args: [word('{ auto | on | full | off }')],
    parse({ target, cursor }, mode) {
      if (!['auto', 'on', 'full', 'off'].includes(mode)) {
        const message = `'tune.idle-pool.shared' does not know '${mode}'`;
        cursor.alerts.alert(message, cursor.words[1], 'Allowed: auto, on, full, off.');
      } else target.settings.idlePoolShared = mode !== 'off';
    },
  }),
  kept('tune.http.logurilen', integer('<number>')),
  notBuilt('tune.http.cookielen', integer('<number>')),
  notBuilt('tune.buffers.limit', integer('<number>')),
  notBuilt('tune.buffers.reserve', integer('<number>', 0)),
  notBuilt('tune.maxpollevents', integer('<number>')),
  notBuilt('tune.rcvbuf.client', size()),
  notBuilt('tune.rcvbuf.server', size()),
  notBuilt('tune.sndbuf.client', size()),
  notBuilt('tune.sndbuf.server', size()),
  notBuilt('tune.pipesize', size()),
  notBuilt('tune.pool-high-fd-ratio', integer('<percent>', 0, 100)),
  notBuilt('tune.pool-low-fd-ratio', integer('<percent>', 0, 100)),
  notBuilt('tune.vars.proc-max-size', size()),
  notBuilt('tune.vars.sess-max-size', size()),
  notBuilt('tune.vars.txn-max-size', size()),
  notBuilt('tune.vars.reqres-max-size', size()),
  accepted('tune.listener.multi-queue', word('<mode>')),
  accepted('tune.listener.default-shards', word('<mode>')),
  accepted('tune.fd.edge-triggered', onOff()),
  accepted('tune.sched.low-latency', onOff()),
];

/** Names of variables in the environment. */
function isVariableName(name: string): boolean {
  return /^[A-Za-z_][A-Za-z0-9_]*$/.test(name);
}

function setenvKeyword(name: 'setenv' | 'presetenv'): GlobalKeyword {
  return keyword<GlobalSection, readonly [Argument<Word>, Argument<string>]>({
    name,
    args: [rawWord('<name>'), word('<value>')],
    parse({ target, cursor }, variable, value) {
      const { values } = target.reading.variables;
      if (!isVariableName(variable.text)) {
        cursor.alerts.alert(`'${name}' : '${variable.text}' is not a variable's name.`, variable);
      } else if (name === 'setenv' || !values.has(variable.text)) values.set(variable.text, value);
    },
  });
}

const environmentKeywords: readonly GlobalKeyword[] = [
  setenvKeyword('setenv'),
  setenvKeyword('presetenv'),
  keyword<GlobalSection, readonly [Argument<readonly Word[]>]>({
    name: 'unsetenv',
    args: [words('<name>...')],
    parse({ target }, names) {
      for (const name of names) target.reading.variables.values.delete(name.text);
    },
  }),
  keyword<GlobalSection, readonly [Argument<unknown>]>({
    name: 'resetenv',
    args: [customOrNothing('[<name>]...')],
    parse({ target, cursor }) {
      const { values } = target.reading.variables;
      const keep = new Set(cursor.words.slice(1).map((at) => at.text));
      cursor.position = cursor.words.length;
      for (const name of [...values.keys()]) if (!keep.has(name)) values.delete(name);
    },
  }),
];

const logKeywords: readonly GlobalKeyword[] = [
  keyword<GlobalSection, readonly [Argument<unknown>]>({
    name: 'log',
    args: [custom('<address> [<option>]... <facility> [<max level> [<min level>]]')],
    parse({ target, cursor, modifier }) {
      if (modifier !== undefined) {
        target.settings.logs.length = 0;
        cursor.position = cursor.words.length;
        return;
      }
      const line = parseLogLine(cursor, target.reading);
      if (line !== undefined) target.settings.logs.push(line);
    },
  }),
  keyword<GlobalSection, readonly [Argument<unknown>]>({
    name: 'log-send-hostname',
    args: [customOrNothing('[<name>]')],
    parse({ target, cursor }) {
      target.settings.logSendHostname = cursor.next() ?? target.settings.hostname;
    },
  }),
  keyword<GlobalSection, readonly [Argument<number>]>({
    name: 'stats timeout',
    args: [time('<timeout>')],
    parse({ target, cursor }, ms) {
      if (ms > 0) target.settings.statsTimeoutMs = ms;
      else cursor.alerts.alert("'stats timeout' must not be zero.", cursor.words[2], 'The least is 1ms.');
    },
  }),
];

export const globalKeywords: readonly GlobalKeyword[] = [
  ...processKeywords,
  ...tuneKeywords,
  ...environmentKeywords,
  ...stateGlobalKeywords,
  ...logKeywords,
  ...statsSocketKeywords,
  ...crashKeywords,
  ...cpuMapKeywords,
  ...privilegeKeywords,
  ...obsoleteGlobalKeywords,
];
