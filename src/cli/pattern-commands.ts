/** `show|add|del|clear|get|prepare|commit acl` (and `map`): patterns changed while requests are matched against them. A change is
 * answered when every data thread has it. Versions under preparation belong to this file; they are in use only when committed.
 */
import type { PatternList } from '../model/pattern-list.ts';
import { type Answer, fail, type SettledAnswer, say } from './answer.ts';
import { type Command, type Control, command } from './command.ts';

type Kind = 'acl' | 'map';

const UNKNOWN: Readonly<Record<Kind, string>> = {
  acl: 'Unknown ACL identifier. Please use #<id> or <file>.\n',
  map: 'Unknown map identifier. Please use #<id> or <file>.\n',
};

/** Versions of one list that are being prepared at once. */
const PREPARED_MAX = 16;
/** Patterns of one version. */
const PATTERNS_MAX = 1_000_000;

interface Versions {
  current: number;
  next: number;
  readonly prepared: Map<number, string[]>;
}

const versions = new WeakMap<PatternList, Versions>();

function versionsOf(list: PatternList): Versions {
  let known = versions.get(list);
  if (known === undefined) {
    known = { current: 0, next: 0, prepared: new Map() };
    versions.set(list, known);
  }
  return known;
}

/** `#<id>` or a file. There are no maps: no name is one. */
function findList(control: Control, kind: Kind, name: string | undefined): PatternList | undefined {
  if (kind === 'map' || name === undefined) return undefined;
  const { patternLists } = control.source.configuration;
  if (name.startsWith('#')) {
    return patternLists.withId(/^#\d{1,10}$/.test(name) ? Number(name.slice(1)) : -1);
  }
  return patternLists.withFile(name);
}

/** `@<version>` before the name; -1 = none given. */
function splitVersion(args: readonly string[]): { version: number; rest: readonly string[] } {
  const [first = ''] = args;
  if (!first.startsWith('@')) return { version: -1, rest: args };
  return { version: /^@\d{1,10}$/.test(first) ? Number(first.slice(1)) : 0, rest: args.slice(1) };
}

function reference(ref: number): string {
  return `0x${ref.toString(16)}`;
}

function* summary(control: Control, kind: Kind): Generator<string> {
  yield '# id (file) description\n';
  if (kind === 'map') return;
  for (const list of control.source.configuration.patternLists.all) {
    const { current, next } = versionsOf(list);
    yield `${list.id} (${list.file}) ${list.description}. curr_ver=${current} next_ver=${next} entry_cnt=${list.entries.length}\n`;
  }
}

function* content(list: PatternList, version: number): Generator<string> {
  const { current, prepared } = versionsOf(list);
  if (version < 0 || version === current) {
    for (const { ref, text } of list.entries) yield `${reference(ref)} ${text}\n`;
    return;
  }
  for (const [position, text] of (prepared.get(version) ?? []).entries()) {
    yield `${reference(position + 1)} ${text}\n`;
  }
}

function show(kind: Kind): Command['run'] {
  return (control, args) => {
    if (args.length === 0) return summary(control, kind);
    const { version, rest } = splitVersion(args);
    const list = findList(control, kind, rest[0]);
    return list === undefined ? fail(UNKNOWN[kind]) : content(list, version);
  };
}

/** The first thing that is wrong with <text> for any of those who match against <list>. */
function faultOf(list: PatternList, text: string): string {
  for (const user of list.users) {
    const fault = user.fault(text);
    if (fault !== '') return fault;
  }
  return '';
}

function add(kind: Kind): Command['run'] {
  return (control, args, _, payload): Answer => {
    const { version, rest } = splitVersion(args);
    const [name, text] = rest;
    if (kind === 'map' && (name === undefined || (payload === undefined && rest.length < 3))) {
      return fail(
        "'add map' expects three parameters (map identifier, key and value) or one parameter (map identifier) and a payload\n",
      );
    }
    if (kind === 'acl' && text === undefined) {
      return fail("'add acl' expects two parameters: ACL identifier and pattern.\n");
    }
    const list = findList(control, kind, name);
    if (list === undefined || text === undefined) return fail(UNKNOWN[kind]);
    const { current, next, prepared } = versionsOf(list);
    if (version > next) return fail("Version number in the future, please use 'prepare acl' before.\n");
    const wrong = faultOf(list, text);
    if (wrong !== '') return fail(`${wrong}.\n`);
    const texts = prepared.get(version);
    if ((texts ?? list.entries).length >= PATTERNS_MAX) return fail('Failed to add a key.\n');
    if (version >= 0 && version !== current) {
      texts?.push(text);
      return '';
    }
    return control.changePatterns(list, { op: 'add', text }).then((): SettledAnswer => '');
  };
}

function remove(kind: Kind): Command['run'] {
  return (control, [name, key]): Answer => {
    const called = kind === 'acl' ? 'ACL' : 'map';
    if (name === undefined || key === undefined) {
      return fail(`This command expects two parameters: ${called} identifier and key.\n`);
    }
    const list = findList(control, kind, name);
    if (list === undefined) return fail(UNKNOWN[kind]);
    const isReference = key.startsWith('#0x');
    if (isReference && !/^#0x[0-9a-f]{1,12}$/i.test(key)) {
      return fail('Malformed identifier. Please use #<id> or <file>.\n');
    }
    const change = isReference
      ? ({ op: 'remove-ref', ref: Number(key.slice(1)) } as const)
      : ({ op: 'remove', text: key } as const);
    return control
      .changePatterns(list, change)
      .then((isDone): SettledAnswer => (isDone ? '' : fail('Key not found.\n')));
  };
}

function missing(kind: Kind): Answer {
  return fail(`Missing ${kind === 'acl' ? 'ACL' : 'map'} identifier.\n`);
}

function clear(kind: Kind): Command['run'] {
  return (control, args): Answer => {
    const { version, rest } = splitVersion(args);
    if (rest[0] === undefined) return missing(kind);
    const list = findList(control, kind, rest[0]);
    if (list === undefined) return fail(UNKNOWN[kind]);
    const { current, next, prepared } = versionsOf(list);
    if (version > next) return fail("Version number in the future, please use 'prepare acl' before.\n");
    if (version >= 0 && version !== current) {
      prepared.delete(version);
      return '';
    }
    return control.changePatterns(list, { op: 'set', texts: [] }).then((): SettledAnswer => '');
  };
}

function prepare(kind: Kind): Command['run'] {
  return (control, [name]) => {
    const list = findList(control, kind, name);
    if (list === undefined) return fail(UNKNOWN[kind]);
    const known = versionsOf(list);
    const [oldest] = known.prepared.keys();
    if (known.prepared.size >= PREPARED_MAX && oldest !== undefined) known.prepared.delete(oldest);
    known.next++;
    known.prepared.set(known.next, []);
    return say(`New version created: ${known.next}\n`);
  };
}

function commit(kind: Kind): Command['run'] {
  return (control, args): Answer => {
    if (args[0]?.startsWith('@') !== true) return fail('Missing version number.\n');
    const { version, rest } = splitVersion(args);
    if (rest[0] === undefined) return missing(kind);
    const list = findList(control, kind, rest[0]);
    if (list === undefined) return fail(UNKNOWN[kind]);
    const known = versionsOf(list);
    const texts = known.prepared.get(version);
    if (texts === undefined) return fail('Version number out of range.\n');
    known.current = version;
    for (const prepared of [...known.prepared.keys()]) {
      if (prepared <= version) known.prepared.delete(prepared);
    }
    return control.changePatterns(list, { op: 'set', texts }).then((): SettledAnswer => '');
  };
}

/** Methods that HAProxy keeps in a tree as long as case counts. */
const IN_TREES = ['str', 'beg', 'ip'];

function get(kind: Kind): Command['run'] {
  return (control, [name, sample]) => {
    if (name === undefined || sample === undefined) {
      return fail(`Missing ${kind === 'acl' ? 'ACL' : 'map'} identifier and/or key.\n`);
    }
    const list = findList(control, kind, name);
    if (list === undefined) return fail(UNKNOWN[kind]);
    const { texts } = list;
    const lines = list.users.map((user) => {
      const found = user.find(texts, sample);
      const head = `type=${user.method}, case=${user.isInsensitive ? 'insensitive' : 'sensitive'}`;
      if (found === undefined) return `${head}, match=no\n`;
      const index = IN_TREES.includes(user.method) && !user.isInsensitive ? 'tree' : 'list';
      return `${head}, match=yes, idx=${index}, pattern="${found}"\n`;
    });
    return lines.join('');
  };
}

function setMap(_: Control, args: readonly string[]): Answer {
  if (args.length < 3) return fail("'set map' expects three parameters: map identifier, key and value.\n");
  return fail(UNKNOWN.map);
}

function family(kind: Kind): readonly Command[] {
  const [these, one, version] =
    kind === 'acl' ? ['available acls', "an acl's", 'ACL'] : ['available maps', "a map's", 'map'];
  const shown = kind === 'acl' ? '[@<ver>] <acl>' : '[@<ver>] [map]';
  return [
    command(`show ${kind}`, shown, `report ${these} or dump ${one} contents`, 'admin', show(kind)),
    command(
      `clear ${kind}`,
      `[@<ver>] <${kind}>`,
      `clear the contents of this ${kind}`,
      'admin',
      clear(kind),
    ),
    command(
      `commit ${kind}`,
      `@<ver> <${kind}>`,
      `commit the ${version} at this version`,
      'admin',
      commit(kind),
    ),
    command(
      `prepare ${kind}`,
      `<${kind}>`,
      `prepare a new version for atomic ${version} replacement`,
      'admin',
      prepare(kind),
    ),
    command(
      `del ${kind}`,
      `<${kind}> [<key>|#<ref>]`,
      `delete ${kind} entries matching <key>`,
      'admin',
      remove(kind),
    ),
  ];
}

export const patternCommands: readonly Command[] = [
  ...family('acl'),
  ...family('map'),
  command('add acl', '[@<ver>] <acl> <pattern>', 'add an acl entry', 'admin', add('acl')),
  command(
    'add map',
    '[@<ver>] <map> <key> <val>',
    'add a map entry (payload supported instead of key/val)',
    'admin',
    add('map'),
  ),
  command(
    'get acl',
    '<acl> <value>',
    'report the patterns matching a sample for an ACL',
    'admin',
    get('acl'),
  ),
  command(
    'get map',
    '<map> <value>',
    'report the keys and values matching a sample for a map',
    'admin',
    get('map'),
  ),
  command('set map', '<map> [<key>|#<ref>] <value>', 'modify a map entry', 'admin', setMap),
];
