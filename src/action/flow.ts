/** Hot path. Actions that decide how the stream goes on: let it pass, end it, hold it, change what its timers and its log say. */

import { parseSize } from '../base/size.ts';
import { parseTime } from '../base/time.ts';
import { didYouMean } from '../config/nearest.ts';
import { LOG_LEVELS } from '../log/syslog.ts';
import { ACTION_CONTINUE, ACTION_DONE, ACTION_STOP, ACTION_WAIT } from '../model/rules.ts';
import type { Stream } from '../model/stream.ts';
import * as abi from '../native/abi.ts';
import { parseExpression } from '../sample/expression.ts';
import { findCast } from '../sample/types.ts';
import { type ActionLine, ALL_RULES, action, atEnd, HTTP_RULES, TCP_RULES, takeWord } from './declare.ts';

const stop = (): number => ACTION_STOP;

/** Ends the stream without an answer. */
function endsWith(how: number, termination: string) {
  return (stream: Stream): number => {
    stream.reply = undefined;
    stream.abortHow = how;
    if (stream.termination === '') stream.termination = termination;
    return ACTION_DONE;
  };
}

function takeTime(line: ActionLine, what: string): number | undefined {
  const word = takeWord(line, what);
  if (word === undefined) return undefined;
  const time = parseTime(word.text);
  if ('ms' in time) return time.ms;
  line.ctx.alerts.alert(
    `'${word.text}' is not a time.`,
    word,
    'A time is a number and a unit: us, ms (when none is given), s, m, h or d.',
  );
  return undefined;
}

const LEVEL_NAMES: readonly string[] = [...LOG_LEVELS, 'silent'];

const setLogLevel = action({
  name: 'set-log-level',
  from: [...HTTP_RULES, 'tcp-request content', 'tcp-response content'],
  usage: '{ <level> | silent }',
  parse(line) {
    const word = takeWord(line, 'a log level');
    if (word === undefined) return undefined;
    const names: readonly string[] = LOG_LEVELS;
    const level = word.text === 'silent' ? -1 : names.indexOf(word.text);
    if (level < 0 && word.text !== 'silent') {
      line.ctx.alerts.alert(
        `'${word.text}' is not a log level${didYouMean(word.text, LEVEL_NAMES)}.`,
        word,
        `Allowed: ${LEVEL_NAMES.join(', ')}.`,
      );
      return undefined;
    }
    return (stream) => {
      stream.logLevel = level;
      return ACTION_CONTINUE;
    };
  },
});

/** Not a timer of the engine: the answer of a later `tarpit` rule waits so long. */
const TARPIT_TIMER = -1;

const silentDrop = action({
  name: 'silent-drop',
  from: ALL_RULES.filter((set) => set !== 'http-after-response'),
  usage: '[ rst-ttl <ttl> ]',
  parse(line) {
    const { cursor, ctx } = line;
    if (cursor.peek() === 'rst-ttl') {
      const at = cursor.words[cursor.position++];
      if (takeWord(line, 'a number of hops') === undefined) return undefined;
      const text = "'silent-drop rst-ttl' is known to HAProxy but not built yet in Sluice; no reset is sent.";
      ctx.alerts.notice(text, at);
    }
    return endsWith(abi.ABORT_SILENT, 'PR');
  },
});

const TIMERS: { readonly [name: string]: number | undefined } = {
  client: abi.TIMEOUT_CLIENT,
  server: abi.TIMEOUT_SERVER,
  connect: abi.TIMEOUT_CONNECT,
  queue: abi.TIMEOUT_QUEUE,
  tarpit: TARPIT_TIMER,
  tunnel: abi.TIMEOUT_TUNNEL,
};

const setTimeout = action({
  name: 'set-timeout',
  from: ['http-request', 'http-response'],
  usage: '{ client | connect | queue | server | tarpit | tunnel } { <timeout> | <expression> }',
  parse(line) {
    const name = takeWord(line, 'the name of a timeout');
    const timer = name === undefined ? undefined : TIMERS[name.text];
    if (timer === undefined) {
      if (name !== undefined) {
        const names = Object.keys(TIMERS);
        const message = `'${name.text}' is not a timeout that can be set here${didYouMean(name.text, names)}.`;
        line.ctx.alerts.alert(message, name, `Allowed: ${names.join(', ')}.`);
      }
      return undefined;
    }
    if (/^0+(us|ms|s|m|h|d)?$/.test(line.cursor.peek() ?? '')) {
      const text = `'set-timeout ${name?.text}' must not be zero.`;
      line.ctx.alerts.alert(text, line.cursor.words[line.cursor.position], 'The least is 1ms.');
      return undefined;
    }
    const timeMs = readTimeOrExpression(line);
    if (timeMs === undefined) return undefined;
    return (stream) => {
      const value = timeMs(stream);
      if (value === undefined || value <= 0) return ACTION_CONTINUE;
      if (timer === TARPIT_TIMER) {
        stream.tarpitTimeoutMs = Math.min(value, 0x7fff_ffff);
        return ACTION_CONTINUE;
      }
      const at = stream.engine.command(abi.CMD_TIMEOUT, stream.index, stream.generation);
      stream.engine.commands[at + abi.C_TIMER] = timer;
      stream.engine.commands[at + abi.C_TIMER_MS] = Math.min(value, 0x7fff_ffff);
      return ACTION_CONTINUE;
    };
  },
});

/** A fixed time, or one that an expression gives in milliseconds. */
function readTimeOrExpression(line: ActionLine): ((stream: Stream) => number | undefined) | undefined {
  const next = line.cursor.peek();
  if (next !== undefined && /^\d/.test(next)) {
    const fixed = takeTime(line, 'a time');
    return fixed === undefined ? undefined : () => fixed;
  }
  const expression = parseExpression(line.cursor, line.ctx);
  if (expression === undefined) return undefined;
  const cast = findCast(expression.type, 'sint');
  if (cast === undefined) {
    line.ctx.alerts.alert(`a ${expression.type} is not a time.`, line.word);
    return undefined;
  }
  return (stream) => {
    const value = expression.evaluate(stream);
    if (value === undefined) return undefined;
    const number = cast === null ? value : cast(value);
    return number === undefined ? undefined : Number(number);
  };
}

function hasWholeBody(stream: Stream): boolean {
  return (stream.eventFlags & (abi.EVF_BODY_END | abi.EVF_BODY_NONE)) !== 0;
}

const waitForBody = action({
  name: 'wait-for-body',
  from: ['http-request'],
  usage: 'time <time> [at-least <bytes>]',
  parse(line) {
    let timeMs: number | undefined;
    let least = Number.POSITIVE_INFINITY;
    while (!atEnd(line.cursor)) {
      const keyword = takeWord(line, "'time'");
      if (keyword?.text === 'time') {
        timeMs = takeTime(line, 'a time');
        if (timeMs === undefined) return undefined;
      } else if (keyword?.text === 'at-least') {
        const word = takeWord(line, 'a number of bytes');
        const size = word === undefined ? undefined : parseSize(word.text);
        if (size === undefined) {
          if (word !== undefined) line.ctx.alerts.alert(`'${word.text}' is not a size.`, word);
          return undefined;
        }
        least = size === 0 ? Number.POSITIVE_INFINITY : size;
      } else {
        line.ctx.alerts.alert(
          `'${keyword?.text}' is not expected here.`,
          keyword,
          'Allowed: time <time>, at-least <bytes>.',
        );
        return undefined;
      }
    }
    if (timeMs === undefined) {
      line.ctx.alerts.alert("'wait-for-body' expects 'time <time>'.", line.word);
      return undefined;
    }
    const deadlineMs = timeMs;
    const bufsize = line.ctx.configuration.global.bufsize;
    return (stream) => waitForBytes(stream, least, deadlineMs, bufsize);
  },
});

/** Goes on with the whole body, <least> bytes of it or as many as the buffer holds; 408 when the time is over (as HAProxy). */
function waitForBytes(stream: Stream, least: number, deadlineMs: number, bufsize: number): number {
  const woken = stream.wakeReason;
  if (hasWholeBody(stream) || stream.bodyLength >= least) return ACTION_CONTINUE;
  if ((woken & abi.WAKE_DEADLINE) !== 0) {
    stream.reply = BODY_TIMEOUT;
    return ACTION_DONE;
  }
  // Woken for bytes although there are not enough of them: the buffer is full.
  if ((woken & abi.WAKE_BYTES) !== 0) return ACTION_CONTINUE;
  stream.waitReasons = abi.WAKE_BYTES | abi.WAKE_DEADLINE;
  stream.waitMs = deadlineMs;
  stream.waitBytes = Math.min(least, bufsize);
  return ACTION_WAIT;
}

const BODY_TIMEOUT = { status: 408, termination: 'cR', message: undefined, isDefaultPage: false };

const pause = action({
  name: 'pause',
  from: ['http-request'],
  usage: '{ <time> | <expression> }',
  parse(line) {
    const timeMs = readTimeOrExpression(line);
    if (timeMs === undefined) return undefined;
    return (stream) => {
      if ((stream.wakeReason & abi.WAKE_DEADLINE) !== 0) return ACTION_CONTINUE;
      const value = timeMs(stream);
      if (value === undefined || value <= 0) return ACTION_CONTINUE;
      stream.waitReasons = abi.WAKE_DEADLINE;
      stream.waitMs = value;
      return ACTION_WAIT;
    };
  },
});

const strictMode = action({
  name: 'strict-mode',
  from: HTTP_RULES,
  usage: '{ on | off }',
  parse(line) {
    const word = takeWord(line, "'on' or 'off'");
    if (word === undefined) return undefined;
    if (word.text === 'on' || word.text === 'off') return () => ACTION_CONTINUE;
    line.ctx.alerts.alert(`'strict-mode' expects 'on' or 'off', not '${word.text}'.`, word);
    return undefined;
  },
});

export const flowActions = [
  action({ name: 'allow', from: HTTP_RULES, parse: () => stop }),
  action({ name: 'accept', from: TCP_RULES, parse: () => stop }),
  action({
    name: 'reject',
    from: ['http-request', ...TCP_RULES],
    parse: (line) => endsWith(abi.ABORT_CLOSE, line.ruleSet === 'tcp-response content' ? 'PD' : 'PR'),
  }),
  action({ name: 'close', from: ['tcp-response content'], parse: () => endsWith(abi.ABORT_CLOSE, 'PD') }),
  silentDrop,
  setLogLevel,
  setTimeout,
  waitForBody,
  pause,
  strictMode,
];
