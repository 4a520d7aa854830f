/** Hot path. Actions on a client connection: the addresses that rules, logs and headers see from then on, and the PROXY header that
 * must come first. Where the rule stands says how long it holds: a connection or a session for all its requests, else one stream.
 */
import { Address } from '../base/ip.ts';
import { ACTION_CONTINUE, type Expression, type RuleSet, type SampleValue } from '../model/rules.ts';
import type { Session } from '../model/session.ts';
import {
  destinationOf,
  destinationPortOf,
  type Endpoint,
  forgetAddresses,
  ownEndOf,
  peerOf,
  sourceOf,
  sourcePortOf,
} from '../model/session-address.ts';
import type { Stream } from '../model/stream.ts';
import * as abi from '../native/abi.ts';
import { parseExpression } from '../sample/expression.ts';
import { type Cast, findCast } from '../sample/types.ts';
import { type ActionLine, action, atEnd, takeWord } from './declare.ts';

const RULE_SETS: readonly RuleSet[] = [
  'tcp-request connection',
  'tcp-request session',
  'tcp-request content',
  'http-request',
];

/** What a rule of one set reads and writes. */
interface Level {
  read(stream: Stream, isSource: boolean): Endpoint | undefined;
  write(stream: Stream, isSource: boolean, end: Endpoint): void;
}

function seen(stream: Stream, isSource: boolean): Endpoint | undefined {
  const address = isSource ? sourceOf(stream) : destinationOf(stream);
  if (address === undefined) return undefined;
  return { address, port: isSource ? sourcePortOf(stream) : destinationPortOf(stream) };
}

function writeSession(session: Session, isSource: boolean, { address, port }: Endpoint): void {
  const { source, sourcePort, destination, destinationPort } = session;
  forgetAddresses(session);
  if (isSource) {
    session.source = address;
    session.sourcePort = port;
    session.destination = destination;
    session.destinationPort = destinationPort;
  } else {
    session.source = source;
    session.sourcePort = sourcePort;
    session.destination = address;
    session.destinationPort = port;
  }
}

const CONNECTION: Level = {
  read: ({ session, engine }, isSource) => (isSource ? peerOf(session, engine) : ownEndOf(session, engine)),
  write({ session }, isSource, end) {
    if (isSource) {
      session.peer = end;
      session.isPeerSet = true;
    } else {
      session.own = end;
      session.isOwnSet = true;
    }
    writeSession(session, isSource, end);
  },
};

const SESSION: Level = {
  read: seen,
  write: ({ session }, isSource, end) => writeSession(session, isSource, end),
};

const STREAM: Level = {
  read: seen,
  write(stream, isSource, end) {
    if (isSource) stream.source = end;
    else stream.destination = end;
  },
};

function levelOf(ruleSet: RuleSet): Level {
  if (ruleSet === 'tcp-request connection') return CONNECTION;
  return ruleSet === 'tcp-request session' ? SESSION : STREAM;
}

/** Evaluates and casts; undefined when there is no sample. */
function valueOf(expression: Expression, cast: Cast | null, stream: Stream): SampleValue | undefined {
  const value = expression.evaluate(stream);
  return value === undefined || cast === null ? value : cast(value);
}

function takeExpression(
  line: ActionLine,
  type: 'addr' | 'sint',
): { expression: Expression; cast: Cast | null } | undefined {
  const expression = parseExpression(line.cursor, line.ctx);
  if (expression === undefined) return undefined;
  const cast = findCast(expression.type, type);
  if (cast !== undefined) return { expression, cast };
  const wanted = type === 'addr' ? 'an address' : 'a port';
  line.ctx.alerts.alert(`'${line.word.text}' expects ${wanted}, a ${expression.type} is none.`, line.word);
  return undefined;
}

/** `set-src`, `set-dst`: another address, the port stays. */
function setAddress(name: string, isSource: boolean) {
  return action({
    name,
    from: RULE_SETS,
    usage: '<expression>',
    parse(line) {
      const taken = takeExpression(line, 'addr');
      if (taken === undefined) return undefined;
      const level = levelOf(line.ruleSet);
      return (stream) => {
        const address = valueOf(taken.expression, taken.cast, stream);
        if (!(address instanceof Address)) return ACTION_CONTINUE;
        const port = level.read(stream, isSource)?.port ?? 0;
        level.write(stream, isSource, { address, port });
        return ACTION_CONTINUE;
      };
    },
  });
}

const NO_ADDRESS = new Address(new Uint8Array(4));

/** `set-src-port`, `set-dst-port`: where there is no address (a unix socket) it becomes 0.0.0.0. */
function setPort(name: string, isSource: boolean) {
  return action({
    name,
    from: RULE_SETS,
    usage: '<expression>',
    parse(line) {
      const taken = takeExpression(line, 'sint');
      if (taken === undefined) return undefined;
      const level = levelOf(line.ruleSet);
      return (stream) => {
        const value = valueOf(taken.expression, taken.cast, stream);
        if (value === undefined) return ACTION_CONTINUE;
        const address = level.read(stream, isSource)?.address ?? NO_ADDRESS;
        level.write(stream, isSource, { address, port: Number(value) & 0xffff });
        return ACTION_CONTINUE;
      };
    },
  });
}

const expectProxy = action({
  name: 'expect-proxy',
  from: ['tcp-request connection'],
  usage: 'layer4',
  parse(line) {
    const word = takeWord(line, "'layer4'");
    if (word === undefined) return undefined;
    if (word.text !== 'layer4' || !atEnd(line.cursor)) {
      line.ctx.alerts.alert(`'expect-proxy' only supports 'layer4', not '${word.text}'.`, word);
      return undefined;
    }
    return ({ engine, session }) => {
      const at = engine.command(abi.CMD_CONNECTION, session.conn, session.generation);
      engine.commands[at + abi.C_HOW] = abi.CONNECTION_EXPECT_PROXY;
      return ACTION_CONTINUE;
    };
  },
});

export const connectionActions = [
  setAddress('set-src', true),
  setPort('set-src-port', true),
  setAddress('set-dst', false),
  setPort('set-dst-port', false),
  expectProxy,
];
