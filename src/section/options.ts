/** `option …`: switches that are on, off (`no option`) or left to HAProxy's default (`default option`), and the few options that
 * take arguments. What was said is kept by the section; the proxy's set is made at the end, when the mode is known.
 */
import { parseNetwork } from '../base/ip.ts';
import { customOrNothing, integer, optional, words } from '../config/argument.ts';
import { expectEnd, type Keyword, type Statement } from '../config/keyword.ts';
import { didYouMean } from '../config/nearest.ts';
import type { Word, WordCursor } from '../config/place.ts';
import type { ForwardFor } from '../model/proxy.ts';
import type { ProxySection } from './proxy-section.ts';
import { proxyKeyword, type Traits } from './traits.ts';

interface Switch {
  readonly needs: NonNullable<Traits['needs']>;
  /** Without effect in mode tcp: a warning when said there. */
  readonly isHttp: boolean;
}

const both: Switch = { needs: 'any', isHttp: false };
const front: Switch = { needs: 'frontend', isHttp: false };
const back: Switch = { needs: 'backend', isHttp: false };
const bothHttp: Switch = { needs: 'any', isHttp: true };
const frontHttp: Switch = { needs: 'frontend', isHttp: true };

/** The switches that do something here. */
export const SWITCHES: Readonly<Record<string, Switch>> = {
  abortonclose: both,
  'accept-unsafe-violations-in-http-request': frontHttp,
  allbackups: back,
  clitcpka: front,
  'dontlog-normal': front,
  dontlognull: front,
  'http-buffer-request': bothHttp,
  'http-ignore-probes': frontHttp,
  'http-no-delay': bothHttp,
  'independent-streams': both,
  'log-health-checks': back,
  'log-separate-errors': front,
  nolinger: both,
  'socket-stats': front,
  'splice-auto': both,
  'splice-request': both,
  'splice-response': both,
  srvtcpka: back,
  'tcp-smart-accept': front,
  'tcp-smart-connect': back,
};

/** Only one of them holds; the last one said. */
export const CONNECTION_MODES = ['http-keep-alive', 'http-server-close', 'httpclose'];

function setSwitch(statement: Statement<ProxySection>, name: string): void {
  const { optionWords } = statement.target;
  if (statement.modifier === 'default') optionWords.delete(name);
  else optionWords.set(name, statement.modifier !== 'no');
}

function switchKeyword(name: string, traits: Switch): Keyword<ProxySection> {
  return proxyKeyword({
    name: `option ${name}`,
    args: [],
    traits,
    parse: (statement) => setSwitch(statement, name),
  });
}

function connectionModeKeyword(name: string): Keyword<ProxySection> {
  return proxyKeyword({
    name: `option ${name}`,
    args: [],
    parse(statement) {
      const { optionWords } = statement.target;
      if (statement.modifier === undefined) for (const other of CONNECTION_MODES) optionWords.delete(other);
      setSwitch(statement, name);
    },
  });
}

/** Refuses `no` and `default` where there is nothing to negate. */
function isPositive({ modifier, cursor }: Statement<ProxySection>, name: string): boolean {
  if (modifier === undefined) return true;
  const advice = 'To go back to the default, leave the line out of this section and of its defaults.';
  cursor.alerts.alert(`'${modifier} ${name}' is not supported.`, cursor.words[0], advice);
  return false;
}

/** `option forwardfor|originalto [except <net>] [header <name>] [if-none]`. */
function parseForwarded(cursor: WordCursor, name: string, header: string): ForwardFor | undefined {
  const result: ForwardFor = { header, ifNone: false, except: undefined };
  for (let word = cursor.next(); word !== undefined; word = cursor.next()) {
    const at = cursor.words[cursor.position - 1] as Word;
    if (word === 'if-none') {
      result.ifNone = true;
    } else if (word === 'header' && cursor.peek() !== undefined) {
      result.header = cursor.next() as string;
    } else if (word === 'except' && parseNetwork(cursor.peek() ?? '') !== undefined) {
      result.except = { network: cursor.next() as string };
    } else if (word === 'except') {
      cursor.alerts.alert(
        `'${name} except' expects <address>[/mask] as argument.`,
        cursor.words[cursor.position] ?? at,
      );
      return undefined;
    } else {
      const meant = didYouMean(word, ['except', 'header', 'if-none']);
      const message = `'${name}' does not know '${word}'${meant}`;
      cursor.alerts.alert(message, at, 'It knows: except <address>[/mask], header <name>, if-none.');
      return undefined;
    }
  }
  return result;
}

const forwardedKeywords: readonly Keyword<ProxySection>[] = [
  proxyKeyword({
    name: 'option forwardfor',
    args: [customOrNothing('[except <net>] [header <name>] [if-none]')],
    parse(statement, cursor) {
      const { proxy } = statement.target;
      if (statement.modifier !== undefined) proxy.forwardFor = undefined;
      else proxy.forwardFor = parseForwarded(cursor, 'option forwardfor', 'x-forwarded-for');
    },
  }),
  proxyKeyword({
    name: 'option originalto',
    args: [customOrNothing('[except <net>] [header <name>]')],
    parse(statement, cursor) {
      const { proxy } = statement.target;
      if (statement.modifier !== undefined) proxy.originalTo = undefined;
      else proxy.originalTo = parseForwarded(cursor, 'option originalto', 'x-original-to');
    },
  }),
];

/** `option httplog` and friends: they choose a log format and forget one that was given before. */
function logFormatKeyword(name: string, kind: 'http' | 'tcp'): Keyword<ProxySection> {
  return proxyKeyword({
    name: `option ${name}`,
    args: [customOrNothing('[clf]')],
    traits: { needs: 'frontend' },
    parse(statement, cursor) {
      const { target } = statement;
      if (!isPositive(statement, `option ${name}`)) return;
      const isClf = cursor.peek() === 'clf';
      if (isClf) cursor.next();
      if (!expectEnd(cursor, `option ${name}`, '[clf]')) return;
      if (
        target.logFormat !== undefined &&
        target.logFormat.place.file === cursor.place.file &&
        target.kind !== 'defaults'
      ) {
        cursor.alerts.warning(
          `'option ${name}' overrides previous 'log-format' in '${target.kind}' section.`,
        );
      }
      target.logFormat = undefined;
      target.logOption = { name: `option ${name}${isClf ? ' clf' : ''}`, place: cursor.place };
      target.proxy.logFormatKind = isClf ? 'clf' : kind;
    },
  });
}

const argumentKeywords: readonly Keyword<ProxySection>[] = [
  proxyKeyword({
    name: 'option redispatch',
    args: [optional(integer('<interval>', -0x7fff_ffff))],
    traits: { needs: 'backend' },
    parse({ target, modifier }, interval) {
      target.proxy.redispatchInterval = modifier === undefined ? (interval ?? -1) : 0;
    },
  }),
  proxyKeyword({
    name: 'option tcpka',
    args: [],
    parse(statement) {
      setSwitch(statement, 'clitcpka');
      setSwitch(statement, 'srvtcpka');
    },
  }),
  proxyKeyword({
    name: 'option httpchk',
    args: [customOrNothing('[<method>] <uri> [<version>]')],
    traits: { needs: 'backend' },
    parse(statement, cursor) {
      const { checkLines } = statement.target.proxy;
      const isCheck = (line: { words: readonly string[] }) => line.words[0] === 'option';
      for (let i = checkLines.length - 1; i >= 0; i--) {
        if (isCheck(checkLines[i] as { words: readonly string[] })) checkLines.splice(i, 1);
      }
      if (statement.modifier !== undefined) return;
      statement.target.checkAlerts.set(cursor.place, cursor.alerts);
      checkLines.push({ place: cursor.place, words: cursor.words.map((word) => word.text) });
      cursor.position = cursor.words.length;
    },
  }),
  proxyKeyword({
    name: 'http-check',
    args: [words('<action>...')],
    traits: { needs: 'backend' },
    parse({ target, cursor }) {
      target.checkAlerts.set(cursor.place, cursor.alerts);
      target.proxy.checkLines.push({ place: cursor.place, words: cursor.words.map((word) => word.text) });
    },
  }),
  // Before 2.x names; what they asked for is how things are done now, or has another name.
  ...['http-use-htx', 'forceclose', 'http-tunnel'].map((name) =>
    proxyKeyword({
      name: `option ${name}`,
      args: [],
      traits: { isObsolete: true },
      parse({ cursor }) {
        const advice =
          name === 'forceclose'
            ? "Write 'option httpclose' instead."
            : 'Remove the line: it has no effect any more.';
        cursor.alerts.warning(`'option ${name}' is obsolete and ignored.`, cursor.words[1], advice);
      },
    }),
  ),
];

export const optionKeywords: readonly Keyword<ProxySection>[] = [
  ...Object.entries(SWITCHES).map(([name, traits]) => switchKeyword(name, traits)),
  ...CONNECTION_MODES.map(connectionModeKeyword),
  ...forwardedKeywords,
  logFormatKeyword('httplog', 'http'),
  logFormatKeyword('tcplog', 'tcp'),
  ...argumentKeywords,
];
