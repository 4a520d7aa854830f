/** The rules of the house for TypeScript, read off the syntax tree: each takes a file and gives its faults. */
import { parseSync } from 'oxc-parser';
import { doors, layers, reaches } from '../../src/layers.ts';
import { type Fault, lineAt, type SourceFile } from './source-files.ts';

/** As much of a syntax tree's member as the rules look at. */
interface Syntax {
  type: string;
  start: number;
  end: number;
  [member: string]: unknown;
}

export const MAX_FUNCTION_LINES = 60;

const functionTypes = new Set(['FunctionDeclaration', 'FunctionExpression', 'ArrowFunctionExpression']);
const bannedWords =
  /^(upstream|downstream|middleware|route|router|node|handler|handlers|manager|managers|helper|helpers|util|utils)$/i;
const arrayMethods = new Set([
  'map',
  'forEach',
  'filter',
  'reduce',
  'some',
  'every',
  'find',
  'flatMap',
  'findIndex',
]);
/** Properties of a keyword's declaration that run while a configuration is read. */
const readingNames = new Set(['check', 'parse', 'build', 'compile', 'prepare']);
/** Programs, not modules: their last line starts them. */
const startsItself = new Set(['src/process/data-thread.ts', 'src/data-thread.ts', 'src/origin/start.ts']);

const parsed = new Map<string, ReturnType<typeof parseSync>>();

function parse(file: SourceFile): ReturnType<typeof parseSync> {
  const known = parsed.get(file.path);
  if (known) return known;
  const result = parseSync(file.path, file.text, {
    sourceType: file.path.endsWith('.cjs') ? 'script' : 'module',
  });
  parsed.set(file.path, result);
  return result;
}

function isSyntax(value: unknown): value is Syntax {
  return typeof value === 'object' && value !== null && typeof (value as Syntax).type === 'string';
}

/** Calls <visit> for <syntax> and all below it, with those above it, nearest last. */
function walk(
  syntax: Syntax,
  visit: (at: Syntax, above: readonly Syntax[]) => void,
  above: Syntax[] = [],
): void {
  visit(syntax, above);
  above.push(syntax);
  for (const member of Object.values(syntax)) {
    if (isSyntax(member)) walk(member, visit, above);
    else if (Array.isArray(member)) for (const one of member) if (isSyntax(one)) walk(one, visit, above);
  }
  above.pop();
}

function program(file: SourceFile): Syntax {
  return parse(file).program as unknown as Syntax;
}

function fault(file: SourceFile, offset: number, what: string): Fault {
  return `${file.path}:${lineAt(file.text, offset)}: ${what}`;
}

/** All modules a file names, statically or by import(). */
function importsOf(file: SourceFile): { name: string; offset: number }[] {
  const { module } = parse(file);
  const fixed = module.staticImports.map((one) => ({ name: one.moduleRequest.value, offset: one.start }));
  const passedOn = module.staticExports.flatMap((one) =>
    one.entries.flatMap((entry) =>
      entry.moduleRequest ? [{ name: entry.moduleRequest.value, offset: one.start }] : [],
    ),
  );
  const late = module.dynamicImports.map((one) => ({
    name: file.text.slice(one.moduleRequest.start + 1, one.moduleRequest.end - 1),
    offset: one.start,
  }));
  return [...fixed, ...passedOn, ...late];
}

/** The room of src/ a path lies in: its first folder, or the file itself. */
function roomOf(path: string): string {
  return path.replace(/^src\//, '').split('/')[0] ?? '';
}

const heightOf = new Map(layers.flatMap((rooms, height) => rooms.map((room) => [room, height] as const)));

/** Imports go down only, and Node's guarded modules are reached through their doors. */
export function layerFaults(file: SourceFile): Fault[] {
  const room = roomOf(file.path);
  const height = heightOf.get(room);
  if (height === undefined) return [`${file.path}:1: room ${room} is not in src/layers.ts`];
  return importsOf(file).flatMap(({ name, offset }) => {
    const allowed = doors[name];
    if (allowed && !allowed.includes(room))
      return [fault(file, offset, `${name} is for ${allowed.join(', ') || 'nobody'}`)];
    if (!name.startsWith('.')) return [];
    const target = new URL(name, `file:///${file.path}`).pathname.slice(1);
    if (!target.startsWith('src/')) return [fault(file, offset, `${name} lies outside src/`)];
    const targetRoom = roomOf(target);
    if (targetRoom === room) return [];
    const targetHeight = heightOf.get(targetRoom) ?? Number.POSITIVE_INFINITY;
    const reach = reaches[room];
    const goesDown = targetHeight < height && (!reach || reach.includes(targetRoom));
    return goesDown ? [] : [fault(file, offset, `${room} may not import ${targetRoom}`)];
  });
}

/** Relative imports name the file as it is. */
export function importEndingFaults(file: SourceFile): Fault[] {
  return importsOf(file).flatMap(({ name, offset }) =>
    name.startsWith('.') && !/\.(ts|mjs|cjs|json)$/.test(name)
      ? [fault(file, offset, `${name} has no ending`)]
      : [],
  );
}

/** A module only declares; a program's last line may start it. */
export function sideEffectFaults(file: SourceFile): Fault[] {
  if (startsItself.has(file.path)) return [];
  const body = program(file)['body'] as Syntax[];
  return body
    .filter((one) => !/Declaration$|^TS|^EmptyStatement$/.test(one.type))
    .map((one) => fault(file, one.start, 'runs when imported'));
}

/** Functions can be read on one screen. */
export function functionLengthFaults(file: SourceFile): Fault[] {
  const faults: Fault[] = [];
  walk(program(file), (at) => {
    if (!functionTypes.has(at.type)) return;
    const length = lineAt(file.text, at.end) - lineAt(file.text, at.start) + 1;
    if (length > MAX_FUNCTION_LINES) faults.push(fault(file, at.start, `a function of ${length} lines`));
  });
  return faults;
}

/** One word for each thing: none of the declared names holds a banned one. */
export function wordFaults(file: SourceFile): Fault[] {
  const faults: Fault[] = [];
  const judge = (name: unknown, offset: number) => {
    if (typeof name !== 'string') return;
    const words = name.split(/(?<=[a-z0-9])(?=[A-Z])|[_$-]/);
    const banned = words.find((word) => bannedWords.test(word));
    if (banned) faults.push(fault(file, offset, `${name}: the word ${banned} is not ours`));
  };
  const base = file.path.split('/').pop() ?? '';
  for (const word of base.split(/[.-]/))
    if (bannedWords.test(word)) faults.push(`${file.path}:1: ${word} in its name`);
  walk(program(file), (at, above) => {
    if (at.type !== 'Identifier') return;
    const parent = above.at(-1);
    if (parent && declares(parent, at)) judge(at['name'], at.start);
  });
  return faults;
}

function declares(parent: Syntax, name: Syntax): boolean {
  if (parent.type === 'VariableDeclarator') return parent['id'] === name;
  if (/^(Function|Class)(Declaration|Expression)$/.test(parent.type)) {
    return parent['id'] === name || ((parent['params'] as unknown[] | undefined)?.includes(name) ?? false);
  }
  if (parent.type === 'ArrowFunctionExpression') return (parent['params'] as unknown[]).includes(name);
  if (/^(TSInterfaceDeclaration|TSTypeAliasDeclaration)$/.test(parent.type)) return parent['id'] === name;
  if (/^(PropertyDefinition|MethodDefinition|TSPropertySignature|TSMethodSignature)$/.test(parent.type)) {
    return parent['key'] === name;
  }
  return false;
}

/** What a file that runs per request leaves to others; a function made for configuration says so in its comment. */
export function hotPathFaults(file: SourceFile): Fault[] {
  if (!/^\/\*\*\s*(\*\s*)?Hot path\./.test(file.text)) return [];
  const faults: Fault[] = [];
  walk(program(file), (at, above) => {
    const what = hotPathFault(at, above);
    if (what && !isForConfiguration(file, above))
      faults.push(fault(file, at.start, `${what} on the hot path`));
  });
  return faults;
}

function hotPathFault(at: Syntax, above: readonly Syntax[]): string | undefined {
  if (!above.some((one) => functionTypes.has(one.type)) && at['async'] !== true) return undefined;
  if (at.type === 'AwaitExpression' || at['async'] === true) return 'async';
  if (at.type === 'SpreadElement') return 'spread';
  if (functionTypes.has(at.type) && isClosure(above)) return 'a closure';
  if (at.type === 'MemberExpression' && (at['object'] as Syntax)['name'] === 'JSON') return 'JSON';
  if (at.type !== 'CallExpression') return undefined;
  const callee = at['callee'] as Syntax;
  const name = callee.type === 'MemberExpression' ? (callee['property'] as Syntax)['name'] : undefined;
  const given = at['arguments'] as Syntax[];
  const isCallback =
    typeof name === 'string' && arrayMethods.has(name) && given.some((one) => functionTypes.has(one.type));
  return isCallback ? `.${name}()` : undefined;
}

/** A function within a function is made anew at each call, unless every outer one exists to make it. */
function isClosure(above: readonly Syntax[]): boolean {
  return above.some((one, at) => functionTypes.has(one.type) && !isMaker(one, above[at - 1]));
}

/** Made at configuration: a function that returns functions, or one that a keyword's table names for its reading. */
function isMaker(outer: Syntax, parent: Syntax | undefined): boolean {
  const body = outer['body'] as Syntax;
  if (functionTypes.has(body.type)) return true;
  if (parent?.type === 'Property' && readingNames.has(String((parent['key'] as Syntax)['name']))) return true;
  const mayCall = outer.type === 'FunctionDeclaration';
  let makes = false;
  const judge = (given: unknown) => {
    if (!isSyntax(given)) return;
    walk(given, (one, over) => {
      if (functionTypes.has(one.type) && !over.some((call) => isPerCall(call, mayCall))) makes = true;
    });
  };
  if (body.type !== 'BlockStatement') return false;
  walk(body, (at, above) => {
    if (at.type === 'ReturnStatement' && !above.some((one) => functionTypes.has(one.type)))
      judge(at['argument']);
  });
  return makes;
}

/** A call whose function arguments are used and forgotten; a declaration's `return fetch({ … })` keeps them. */
function isPerCall(call: Syntax, mayCall: boolean): boolean {
  return call.type === 'CallExpression' && !(mayCall && (call['callee'] as Syntax).type === 'Identifier');
}

/** Whether the outermost function's comment speaks of configuration or start. */
function isForConfiguration(file: SourceFile, above: readonly Syntax[]): boolean {
  const outer = above.find(
    (one) => /Declaration$|MethodDefinition$/.test(one.type) && one.type !== 'ClassDeclaration',
  );
  if (!outer) return false;
  const comment = /\/\*\*((?!\*\/)[\s\S])*\*\/\s*(export\s+)?$/.exec(file.text.slice(0, outer.start));
  return comment !== null && /configur|at start|at boot/i.test(comment[0]);
}
