/** Keywords of `global` about what the process may do and use: identity, root directory, cores, detaching. */
import { type Argument, customOrNothing, integer, word } from '../config/argument.ts';
import { type Keyword, keyword, type Statement } from '../config/keyword.ts';
import type { Word } from '../config/place.ts';
import type { GlobalSection } from './global.ts';

/** Numbers of users and groups; the last one means "none" to the kernel. */
const ID_MAX = 0xffff_fffe;

type Which = 'uid' | 'gid';

const CALLED: Readonly<Record<Which, string>> = { uid: 'user/uid', gid: 'group/gid' };

function setId({ target, cursor }: Statement<GlobalSection>, which: Which, id: number): void {
  const { settings } = target;
  if (settings[which] === undefined) settings[which] = id;
  else cursor.alerts.alert(`${CALLED[which]} already specified.`, cursor.words[0], 'Keep one of the lines.');
}

function numberKeyword(name: Which): Keyword<GlobalSection> {
  return keyword<GlobalSection, readonly [Argument<number>]>({
    name,
    args: [integer(`<${name}>`, 0, ID_MAX)],
    parse(statement, id) {
      setId(statement, name, id);
    },
  });
}

function nameKeyword(name: 'user' | 'group'): Keyword<GlobalSection> {
  return keyword<GlobalSection, readonly [Argument<string>]>({
    name,
    args: [word(`<${name}>`)],
    parse(statement, text) {
      const { target, cursor } = statement;
      const { reading } = target;
      const id = name === 'user' ? reading.userId(text) : reading.groupId(text);
      if (id !== undefined) {
        setId(statement, name === 'user' ? 'uid' : 'gid', id);
        return;
      }
      const file = name === 'user' ? '/etc/passwd' : '/etc/group';
      const advice = `It is not in ${file}; a number can be given with '${name === 'user' ? 'uid' : 'gid'}'.`;
      cursor.alerts.alert(`cannot find ${name} id for '${text}'.`, cursor.words[1], advice);
    },
  });
}

const DUMPABLE: Readonly<Record<string, boolean>> = { on: true, off: false, libs: true };

export const privilegeKeywords: readonly Keyword<GlobalSection>[] = [
  numberKeyword('uid'),
  numberKeyword('gid'),
  nameKeyword('user'),
  nameKeyword('group'),
  keyword<GlobalSection, readonly [Argument<string>]>({
    name: 'chroot',
    args: [word('{ <jail dir> | auto }')],
    parse({ target, cursor }, path) {
      if (target.settings.chroot === '') target.settings.chroot = path;
      else cursor.alerts.alert("'chroot' already specified.", cursor.words[0], 'Keep one of the lines.');
    },
  }),
  keyword<GlobalSection, readonly [Argument<unknown>]>({
    name: 'set-dumpable',
    args: [customOrNothing('[ on | off | libs ]')],
    parse({ target, cursor, modifier }) {
      const given = cursor.next() ?? 'on';
      const isOn = DUMPABLE[given];
      if (isOn === undefined) {
        const at = cursor.words[1] as Word;
        cursor.alerts.alert(`'set-dumpable' does not know '${given}'`, at, 'Allowed: on, off, libs.');
      } else target.settings.isDumpable = isOn && modifier !== 'no';
    },
  }),
  keyword<GlobalSection, readonly []>({
    name: 'strict-limits',
    args: [],
    parse({ target, modifier }) {
      target.settings.isStrict = modifier !== 'no';
    },
  }),
  keyword<GlobalSection, readonly []>({
    name: 'daemon',
    args: [],
    parse({ target }) {
      target.settings.isDaemon = true;
    },
  }),
];

/** Of versions whose processes were numbered: one process has all threads. */
export const obsoleteGlobalKeywords: readonly Keyword<GlobalSection>[] = [
  keyword<GlobalSection, readonly [Argument<unknown>]>({
    name: 'stats bind-process',
    args: [customOrNothing('[ all | odd | even | <number>[-<number>] ]...')],
    traits: { isObsolete: true },
    parse({ cursor }) {
      cursor.position = cursor.words.length;
      const advice = 'Remove the line: there is one process, and every stats socket is its own.';
      cursor.alerts.warning("'stats bind-process' has no effect any more; ignored.", cursor.words[0], advice);
    },
  }),
  keyword<GlobalSection, readonly [Argument<number>]>({
    name: 'nbproc',
    args: [integer('<number>')],
    traits: { isObsolete: true },
    parse({ cursor }, count) {
      const advice = count > 1 ? `Write: nbthread ${count}` : 'Remove the line: one process is all there is.';
      cursor.alerts.warning("'nbproc' has no effect any more; ignored.", cursor.words[0], advice);
    },
  }),
];
