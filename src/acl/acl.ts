/** Named acls. Each line under a name adds an alternative; an acl holds when one of them does. Some names exist without being
 * declared.
 */
import { nearest } from '../config/nearest.ts';
import type { Place, Word, WordCursor } from '../model/place.ts';
import type { NamedAcl, RuleContext } from '../model/rule-context.ts';
import { CONDITION_FAIL, CONDITION_PASS } from '../model/rules.ts';
import type { Stream } from '../model/stream.ts';
import { type Criterion, parseCriterion } from './criterion.ts';

export class Acl implements NamedAcl {
  readonly name: string;
  readonly place: Place;
  private readonly criteria: Criterion[] = [];
  /** Places where at least one alternative can be evaluated, as bits of sample/sources.ts. */
  places = 0;

  constructor(name: string, place: Place) {
    this.name = name;
    this.place = place;
  }

  add(criterion: Criterion): void {
    this.criteria.push(criterion);
    this.places |= criterion.expression.places;
  }

  /** True when an alternative looks at bytes below HTTP. */
  get readsBytes(): boolean {
    return this.criteria.some(({ expression }) =>
      expression.fetch.uses.some((use) => use.endsWith(' bytes')),
    );
  }

  /** The fetch to name when the acl is used where it cannot be evaluated. */
  get firstFetch(): string {
    return this.criteria[0]?.expression.fetch.name ?? '';
  }

  test(stream: Stream): boolean {
    return this.evaluate(stream) === CONDITION_PASS;
  }

  evaluate(stream: Stream): number {
    const criteria = this.criteria;
    let outcome = CONDITION_FAIL;
    for (let i = 0; i < criteria.length; i++) {
      outcome |= (criteria[i] as Criterion).evaluate(stream);
      if (outcome === CONDITION_PASS) break;
    }
    return outcome;
  }
}

/** Criteria of the acls that need no declaration. */
const PREDEFINED: { readonly [name: string]: readonly string[] | undefined } = {
  TRUE: ['always_true'],
  FALSE: ['always_false'],
  LOCALHOST: ['src', '127.0.0.1/8', '::1'],
  HTTP: ['req.proto_http'],
  'HTTP_1.0': ['req.ver', '1.0'],
  'HTTP_1.1': ['req.ver', '1.1'],
  'HTTP_2.0': ['req.ver', '2.0'],
  'HTTP_3.0': ['req.ver', '3.0'],
  METH_CONNECT: ['method', 'CONNECT'],
  METH_DELETE: ['method', 'DELETE'],
  METH_GET: ['method', 'GET', 'HEAD'],
  METH_HEAD: ['method', 'HEAD'],
  METH_OPTIONS: ['method', 'OPTIONS'],
  METH_POST: ['method', 'POST'],
  METH_PUT: ['method', 'PUT'],
  METH_TRACE: ['method', 'TRACE'],
  HTTP_URL_ABS: ['url_reg', '^[^/:]*://'],
  HTTP_URL_SLASH: ['url_beg', '/'],
  HTTP_URL_STAR: ['url', '*'],
  HTTP_CONTENT: ['req.hdr_val(content-length)', 'gt', '0'],
  REQ_CONTENT: ['req.len', 'gt', '0'],
  WAIT_END: ['wait_end'],
  RDP_COOKIE: ['req.rdp_cookie_cnt', 'gt', '0'],
};

/** All bits of sample/sources.ts. */
const ALL_PLACES = -1;

/** Words up to the first empty one, where HAProxy stops reading patterns. */
function untilEmpty(words: readonly Word[]): readonly Word[] {
  const end = words.findIndex((word) => word.text === '');
  return end < 0 ? words : words.slice(0, end);
}

/** The line `acl <name> <criterion> …`, read from the name on. */
export function declareAcl(cursor: WordCursor, ctx: RuleContext): void {
  const name = cursor.words[cursor.position];
  const rest = untilEmpty(cursor.words.slice(cursor.position + 1));
  cursor.position = cursor.words.length;
  if (name === undefined) {
    ctx.alerts.alert(
      "'acl' expects a name and a criterion.",
      cursor.words.at(-1),
      'Write: acl <name> <criterion> [flags] [patterns]',
    );
    return;
  }
  const bad = /[^A-Za-z0-9_.:-]/.exec(name.text);
  if (bad !== null) {
    ctx.alerts.alert(
      `invalid character in ACL name : '${bad[0]}'.`,
      { text: name.text, column: name.column + bad.index },
      "Allowed: letters, digits, '-', '_', '.' and ':'.",
    );
    return;
  }
  if (/^or$/i.test(name.text)) {
    ctx.alerts.alert(
      "acl name 'or' will never match. 'or' is used to express a disjunction within a condition.",
      name,
    );
    return;
  }
  if (rest.length === 0) {
    ctx.alerts.alert(`acl '${name.text}' expects a criterion, but the line ends here.`, name);
    return;
  }
  const criterion = parseCriterion(rest, ctx);
  let acl = ctx.acls.get(name.text);
  if (!(acl instanceof Acl)) {
    acl = new Acl(name.text, ctx.place);
    ctx.acls.set(name.text, acl);
  }
  if (criterion !== undefined) (acl as Acl).add(criterion);
  // Its line was refused: those that name it have done nothing wrong.
  else (acl as Acl).places = ALL_PLACES;
}

/** The acl that exists without a declaration, made on first use. */
export function predefinedAcl(name: string, ctx: RuleContext, column = 0): Acl | undefined {
  const words = Object.hasOwn(PREDEFINED, name) ? PREDEFINED[name] : undefined;
  const criterion =
    words === undefined
      ? undefined
      : parseCriterion(
          words.map((text) => ({ text, column })),
          ctx,
        );
  if (criterion === undefined) return undefined;
  const acl = new Acl(name, ctx.place);
  acl.add(criterion);
  ctx.acls.set(name, acl);
  return acl;
}

/** An acl that a condition names; undefined: an alert was given. */
export function findAcl(word: Word, name: string, ctx: RuleContext): Acl | undefined {
  const declared = ctx.acls.get(name);
  if (declared instanceof Acl) return declared;
  if (!Object.hasOwn(PREDEFINED, name)) {
    const known = [...ctx.acls.keys(), ...Object.keys(PREDEFINED)];
    const meant = nearest(name, known);
    ctx.alerts.alert(
      `no such ACL : '${name}'${meant === undefined ? '' : `; did you mean '${meant}' maybe?`}`,
      word,
      ctx.acls.size === 0
        ? 'This section declares no acl; a test without a name is written between braces: { path_beg /api }.'
        : `Declared here: ${[...ctx.acls.keys()].slice(0, 12).join(', ')}.`,
    );
    return undefined;
  }
  return predefinedAcl(name, ctx, word.column);
}

/** `{ <criterion> … }` */
export function anonymousAcl(words: readonly Word[], ctx: RuleContext): Acl | undefined {
  const criterion = parseCriterion(untilEmpty(words), ctx);
  if (criterion === undefined) return undefined;
  const acl = new Acl('', ctx.place);
  acl.add(criterion);
  return acl;
}
