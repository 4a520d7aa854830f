/** Hot path. Actions on variables and captures. */
import { didYouMean } from '../config/nearest.ts';
import { parseLogFormat } from '../log/log-format.ts';
import type { Word } from '../model/place.ts';
import { ACTION_CONTINUE, type SampleValue } from '../model/rules.ts';
import type { Stream } from '../model/stream.ts';
import { captureRequest, captureResponse } from '../sample/capture.ts';
import { parseExpression } from '../sample/expression.ts';
import { Binary, findCast, textOf } from '../sample/types.ts';
import { parseVariable, Variable } from '../sample/variable.ts';
import { GUARD_NAMES, type Guard, guardNamed, guardsHold } from '../sample/variable-guard.ts';
import { type ActionLine, ALL_RULES, action, takeWord } from './declare.ts';

interface Destination {
  readonly variable: Variable;
  readonly guards: readonly Guard[];
}

/** `name[,condition]…`, read with the configuration. */
function readDestination(line: ActionLine): Destination | undefined {
  const parts = line.inner.split(',').map((part) => part.trim());
  const variable = parseVariable(parts[0] as string);
  if (typeof variable === 'string') {
    line.ctx.alerts.alert(`${variable}.`, line.word);
    return undefined;
  }
  const guards: Guard[] = [];
  for (const name of parts.slice(1)) {
    const guard = guardNamed(name);
    if (guard === undefined) {
      const message = `unknown condition '${name}' of ${line.word.text}${didYouMean(name, GUARD_NAMES)}.`;
      line.ctx.alerts.alert(message, line.word, `Allowed: ${GUARD_NAMES.join(', ')}.`);
      return undefined;
    }
    guards.push(guard);
  }
  return { variable, guards };
}

function store({ variable, guards }: Destination, stream: Stream, value: SampleValue | undefined): void {
  if (!guardsHold(guards, variable.get(stream), value)) return;
  if (value === undefined) variable.unset(stream);
  else variable.set(stream, value);
}

const setVariable = action({
  name: 'set-var',
  from: ALL_RULES,
  takesParentheses: true,
  usage: '(<name>[,<condition>…]) <expression>',
  parse(line) {
    const destination = readDestination(line);
    const expression = destination === undefined ? undefined : parseExpression(line.cursor, line.ctx);
    if (destination === undefined || expression === undefined) return undefined;
    const { evaluate } = expression;
    const isBytes = expression.type === 'bin';
    return (stream) => {
      const value = evaluate(stream);
      // A missing sample leaves the variable as it was, unless a condition speaks of that.
      if (value === undefined && destination.guards.length === 0) return ACTION_CONTINUE;
      store(destination, stream, isBytes && value !== undefined ? new Binary(value as string) : value);
      return ACTION_CONTINUE;
    };
  },
});

const setVariableFormat = action({
  name: 'set-var-fmt',
  from: ALL_RULES,
  takesParentheses: true,
  usage: '(<name>[,<condition>…]) <format>',
  parse(line) {
    const destination = readDestination(line);
    const word = destination === undefined ? undefined : takeWord(line, 'a format');
    const format = word === undefined ? undefined : parseLogFormat(word, line.ctx, { use: 'http' });
    if (destination === undefined || format === undefined) return undefined;
    return (stream) => {
      store(destination, stream, format.build(stream));
      return ACTION_CONTINUE;
    };
  },
});

const unsetVariable = action({
  name: 'unset-var',
  from: ALL_RULES,
  takesParentheses: true,
  usage: '(<name>)',
  parse(line) {
    const variable = parseVariable(line.inner);
    if (!(variable instanceof Variable)) {
      line.ctx.alerts.alert(`${variable}.`, line.word);
      return undefined;
    }
    return (stream) => {
      variable.unset(stream);
      return ACTION_CONTINUE;
    };
  },
});

/** A captured text has this many bytes at most. */
const CAPTURE_MAX_BYTES = 65535;

function numberAfter(line: ActionLine, keyword: Word): number | undefined {
  const word = takeWord(line, `a number after '${keyword.text}'`);
  if (word === undefined) return undefined;
  if (/^\d{1,5}$/.test(word.text)) return Number(word.text);
  line.ctx.alerts.alert(`'${keyword.text}' expects a number, not '${word.text}'.`, word);
  return undefined;
}

/** The slot that `len` makes or `id` names. */
function readSlot(line: ActionLine): number | undefined {
  const keyword = takeWord(line, "'len' or 'id'");
  if (keyword === undefined) return undefined;
  const { ctx } = line;
  const isResponse = line.ruleSet === 'http-response' || line.ruleSet === 'http-after-response';
  if (keyword.text === 'id') return numberAfter(line, keyword);
  if (keyword.text !== 'len' || isResponse) {
    const allowed = isResponse ? 'id <slot>' : 'len <length>, id <slot>';
    ctx.alerts.alert(
      `'${keyword.text}' is not expected after the expression of capture.`,
      keyword,
      `Allowed: ${allowed}.`,
    );
    return undefined;
  }
  const length = numberAfter(line, keyword);
  const captures = ctx.captures ?? ctx.proxy?.requestCaptures;
  if (length === undefined) return undefined;
  if (length < 1 || length > CAPTURE_MAX_BYTES || captures === undefined || !ctx.isFrontend) {
    ctx.alerts.alert(
      ctx.isFrontend
        ? `a capture has 1 to ${CAPTURE_MAX_BYTES} bytes.`
        : "'len' makes a slot of a frontend: use 'id' here.",
      keyword,
    );
    return undefined;
  }
  return captures.push({ name: '', length }) - 1;
}

const capture = action({
  name: 'capture',
  from: ['http-request', 'http-response', 'http-after-response', 'tcp-request content'],
  usage: '<expression> [ len <length> | id <slot> ]',
  parse(line) {
    const expression = parseExpression(line.cursor, line.ctx);
    if (expression === undefined) return undefined;
    const cast = findCast(expression.type, 'str');
    if (cast === undefined) {
      line.ctx.alerts.alert(`a ${expression.type} cannot be captured.`, line.word);
      return undefined;
    }
    const slot = readSlot(line);
    if (slot === undefined) return undefined;
    const put =
      line.ruleSet.startsWith('http-request') || line.ruleSet.startsWith('tcp')
        ? captureRequest
        : captureResponse;
    const { evaluate, type } = expression;
    return (stream) => {
      const text = textOf(evaluate(stream), type);
      if (text !== undefined) put(stream, slot, text);
      return ACTION_CONTINUE;
    };
  },
});

export const variableActions = [setVariable, setVariableFormat, unsetVariable, capture];
