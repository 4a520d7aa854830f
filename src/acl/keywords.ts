/** Criteria that are not fetches: a fetch with a match method of its own. Most are made of a fetch and a suffix; the table is what
 * `-dKacl` prints.
 */
import { findMatchMethod, type MatchMethod, methodMethod } from '../pattern/methods.ts';

export interface AclKeyword {
  readonly name: string;
  readonly fetch: string;
  readonly method: MatchMethod;
}

const SUFFIXES = ['beg', 'dir', 'dom', 'end', 'len', 'reg', 'sub'];

/** Names whose suffixes exist, and the fetch they stand for. */
const FAMILIES: readonly (readonly [name: string, fetch: string])[] = [
  ['base', 'base'],
  ['cook', 'req.cook'],
  ['hdr', 'req.hdr'],
  ['path', 'path'],
  ['scook', 'res.cook'],
  ['shdr', 'res.hdr'],
  ['url', 'url'],
  ['urlp', 'urlp'],
];

function known(name: string): MatchMethod {
  return findMatchMethod(name) as MatchMethod;
}

function family(name: string, fetch: string): AclKeyword[] {
  const exact = { name, fetch, method: known('str') };
  return [exact, ...SUFFIXES.map((suffix) => ({ name: `${name}_${suffix}`, fetch, method: known(suffix) }))];
}

export const aclKeywords: readonly AclKeyword[] = [
  ...FAMILIES.flatMap(([name, fetch]) => family(name, fetch)),
  { name: 'method', fetch: 'method', method: methodMethod },
  { name: 'payload', fetch: 'req.payload', method: known('bin') },
  { name: 'payload_lv', fetch: 'req.payload_lv', method: known('bin') },
  { name: 'req_ver', fetch: 'req.ver', method: known('str') },
  { name: 'resp_ver', fetch: 'res.ver', method: known('str') },
];

const byName = new Map(aclKeywords.map((keyword) => [keyword.name, keyword]));

export function findAclKeyword(name: string): AclKeyword | undefined {
  return byName.get(name);
}
