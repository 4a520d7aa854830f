/** The one list of all keyword tables: what feeds the parser is printed here in the format of `haproxy -dK`, so that the difference
 * of the two is the coverage report; what is read and announced as not built is left out. No state; each class is made
 * when asked for.
 */
import { aclKeywords } from './acl/keywords.ts';
import { actionsOf } from './action/index.ts';
import { cliCommands, sessionCommands } from './cli/commands.ts';
import type { Keyword } from './config/keyword.ts';
import type { RuleSet } from './model/rules.ts';
import { converters } from './sample/converters/index.ts';
import { signature } from './sample/declare.ts';
import { fetches } from './sample/fetches/index.ts';
import { placeColumns, placeNames, placesOf } from './sample/sources.ts';
import { BIND_OPTIONS, NOT_BUILT } from './section/bind-options.ts';
import { globalKeywords } from './section/global.ts';
import { proxySectionKeywords } from './section/keyword-tables.ts';
import type { ProxySection } from './section/proxy-section.ts';
import { SERVER_OPTIONS } from './section/server-options.ts';

interface KeywordClass {
  readonly name: string;
  readonly about: string;
  readonly title: string;
  lines(): string[];
}

/** Columns of `-dKsmp`. */
const PLACE_COUNT = 22;

function firstWord(entry: { readonly name: string }): string {
  return entry.name.split(' ')[0] as string;
}

function unique(names: readonly string[]): string[] {
  return [...new Set(names)].sort();
}

function withCount(name: string, args: number): string {
  return args === 0 ? name : `${name} +${args}`;
}

/** In the order of HAProxy's list. */
const RULE_SETS: readonly RuleSet[] = [
  'tcp-request connection',
  'tcp-request session',
  'tcp-request content',
  'tcp-response content',
  'http-request',
  'http-response',
  'http-after-response',
];

/** First words of rules: their actions are listed instead. */
const RULE_WORDS: readonly string[] = [...RULE_SETS.filter((set) => set.startsWith('http')), 'redirect'];

function optionLine(entry: Keyword<ProxySection>): string {
  const needs = entry.traits['needs'] ?? 'any';
  const sides = needs === 'any' ? 'FE BE' : needs === 'frontend' ? 'FE' : 'BE';
  return `\t${entry.name} [ ${sides}${entry.traits['isHttp'] === true ? ' HTTP' : ''} ]`;
}

function actionLines(): string[] {
  return RULE_SETS.flatMap((set) =>
    actionsOf(set).map(({ name, takesParentheses }) => `${set} ${name}${takesParentheses ? '*' : ''}`),
  );
}

function configurationLines(): string[] {
  const proxy = proxySectionKeywords.flat();
  const isOption = (entry: Keyword<ProxySection>) => firstWord(entry) === 'option';
  const plain = proxy.filter(
    (entry) => !isOption(entry) && !RULE_WORDS.includes(entry.name) && entry.traits['isObsolete'] !== true,
  );
  const builtGlobal = globalKeywords.filter((entry) => entry.traits['isBuilt'] !== false);
  const builtBind = BIND_OPTIONS.filter((entry) => !NOT_BUILT.has(entry.name));
  const builtServer = SERVER_OPTIONS.filter((entry) => entry.isBuilt);
  return [
    'global',
    ...unique(builtGlobal.map(firstWord)).map((name) => `\t${name}`),
    'listen',
    ...unique(plain.map(firstWord)).map((name) => `\t${name}`),
    ...unique(builtBind.map((entry) => withCount(entry.name, entry.args.length))).map(
      (name) => `\tbind <addr> ${name}`,
    ),
    ...unique(builtServer.map((entry) => withCount(entry.name, entry.args.length))).map(
      (name) => `\tserver <name> <addr> ${name}`,
    ),
    ...unique(proxy.filter(isOption).map(optionLine)),
    ...actionLines().map((line) => `\t${line}`),
  ];
}

/** A column for each place, its name at the end of a slanted line. */
function placeHeader(): string[] {
  const lines: string[] = [];
  for (let i = 0; i < PLACE_COUNT; i++) {
    const dashes = '-'.repeat(PLACE_COUNT - i);
    lines.push(`#${' '.repeat(PLACE_COUNT + 1 - i)}${'/ '.repeat(i)}_.${dashes} ${placeNames(1 << i)}`);
  }
  return [...lines, `# ${'/ '.repeat(PLACE_COUNT)} `, `# ${'| '.repeat(PLACE_COUNT)}`];
}

function byName<T extends { readonly name: string }>(entries: readonly T[]): T[] {
  return [...entries].sort((a, b) => (a.name < b.name ? -1 : 1));
}

const CLASSES: readonly KeywordClass[] = [
  {
    name: 'acl',
    about: 'ACL keywords',
    title: 'ACL keywords',
    lines: () => byName(aclKeywords).map(({ name, fetch, method }) => `${name} = ${fetch} -m ${method.name}`),
  },
  {
    name: 'act',
    about: 'actions of rules',
    title: 'actions',
    lines: actionLines,
  },
  {
    name: 'cfg',
    about: 'configuration keywords',
    title: 'configuration keywords',
    lines: configurationLines,
  },
  {
    name: 'cli',
    about: 'CLI keywords',
    title: 'CLI keywords',
    lines: () => [...sessionCommands, ...cliCommands].map(({ words }) => `${words} [WORKER] `).sort(),
  },
  {
    name: 'cnv',
    about: 'sample converter keywords',
    title: 'sample converter functions',
    // HAProxy prints what comes out before what goes in; a difference of the two dumps needs the same.
    lines: () =>
      byName(converters).map(
        ({ name, args, input, output }) => `${name}${signature(args)}: ${output} => ${input}`,
      ),
  },
  {
    name: 'flt',
    about: 'filter names',
    title: 'filter names',
    lines: () => ['compression [COMP]'],
  },
  {
    name: 'smp',
    about: 'sample fetch functions',
    title: 'sample fetch functions',
    lines: () => [
      ...placeHeader(),
      ...byName(fetches).map(
        ({ name, args, output, uses }) =>
          `${placeColumns(placesOf(uses))} ${name}${signature(args)}: ${output}`,
      ),
    ],
  },
];

function dumpClass({ title, lines }: KeywordClass): string {
  return `# List of registered ${title}:\n${lines().join('\n')}\n`;
}

/** The text of `-dK<class>[,<class>…]`: `help` lists the classes, `all` prints every one. */
export function dumpKeywords(classes: readonly string[]): string {
  let text = '';
  for (const name of classes) {
    const found = CLASSES.find((candidate) => candidate.name === name);
    if (name === 'all') text += CLASSES.map(dumpClass).join('');
    else if (found !== undefined) text += dumpClass(found);
    else {
      const list = CLASSES.map((known) => `${known.name}: ${known.about}\n`).join('');
      text += `# List of supported keyword classes:\nall: list all keywords\n${list}`;
    }
  }
  return text;
}
