/** Conditions on one request, as a table; then what wrong ones say. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { policyBench } from '../../test/tool/policy-stream.ts';
import { TestContext } from '../../test/tool/rule-context.ts';
import type { Position } from '../model/rule-context.ts';
import { CONDITION_MAYBE } from '../model/rules.ts';
import { matchMethods } from '../pattern/methods.ts';
import { declareAcl } from './acl.ts';
import { parseCondition } from './condition.ts';

const REQUEST = [
  'GET /api/v1/items.json?x=1 HTTP/1.1',
  'host: www.example.org',
  'x-list: a, b,c',
  'user-agent: Mozilla/5.0',
  'content-length: 0',
  '\r\n',
].join('\r\n');

const ACLS = [
  'is_api path_beg /api/',
  'is_static path_end .gif .png',
  'is_static path_end -i .JPG',
  'is_www hdr_beg(host) -i WWW.',
  'has_b hdr(x-list) b',
];

function bench(position: Position = 'http-request') {
  const stand = policyBench(REQUEST);
  const context = new TestContext(stand, position);
  for (const line of ACLS) declareAcl(context.cursor(line), context);
  return { ...stand, context };
}

function holds(condition: string): boolean | undefined {
  const { stream, context } = bench();
  const compiled = parseCondition(context.cursor(condition), context);
  expect(context.said).toEqual([]);
  return compiled?.test(stream);
}

describe('conditions', () => {
  it.each([
    ['if is_api', true],
    ['if is_api is_static', false],
    ['if is_static or is_api', true],
    ['if is_static || is_www has_b', true],
    ['if !is_static', true],
    ['if ! is_static !is_api', false],
    ['if !!is_api', true],
    ['unless is_api', false],
    ['unless is_static', true],
    ['if { path /api/v1/items.json }', true],
    ['if { path -i /API/v1/items.json }', true],
    ['if { path,length gt 10 } METH_GET', true],
    ['if { hdr(x-list) c } { hdr_cnt(x-list) 3 }', true],
    ['if { hdr(x-list),upper C }', true],
    ['if { req.hdr(x-none) -m found }', false],
    ['if { req.hdr(host) -m found }', true],
    ['if { hdr_reg(user-agent) ^mozilla } or { hdr_reg(user-agent) -i ^mozilla }', true],
    ['if { src 10.0.0.0/8 127.0.0.0/8 }', true],
    ['if { dst_port 80 8080 }', true],
    ['if { query -m beg x= } !{ url_param(x) -m str 2 }', true],
    ['if LOCALHOST HTTP HTTP_1.1', true],
    ['if HTTP_CONTENT', false],
    ['if { var(txn.v) -m found }', false],
    ['if { always_true,not }', false],
    ['if { int(7) -m bool }', true],
    ['if { str(abc) -m len 3 }', true],
    ['if { path_dir v1 } { url_sub items } { hdr_dom(host) example }', true],
    ['if { method POST } or { method GET }', true],
    ['if { path -- -x }', false],
  ])('%s is %s', (condition, expected) => {
    expect(holds(condition)).toBe(expected);
  });

  it('reads patterns of a file, case per file', () => {
    const { stream, context } = bench();
    context.files.set('a.lst', '# list\n/API/V1\n');
    const line = 'if { path_beg -i -f a.lst } !{ path_beg -f a.lst }';
    expect(parseCondition(context.cursor(line), context)?.test(stream)).toBe(true);
    expect(context.said).toEqual([]);
  });

  it('is undecided while bytes may still come', () => {
    const { stream, context } = bench('tcp-request content');
    stream.eventFlags = 0;
    const undecided = parseCondition(context.cursor('if { wait_end }'), context);
    expect(undecided?.evaluate(stream)).toBe(CONDITION_MAYBE);
    expect(parseCondition(context.cursor('unless { wait_end }'), context)?.test(stream)).toBe(false);
    expect(parseCondition(context.cursor('if { wait_end } or TRUE'), context)?.test(stream)).toBe(true);
    expect(parseCondition(context.cursor('if { wait_end } FALSE'), context)?.evaluate(stream)).toBe(0);
  });

  it.each([
    ['if is_apu', "alert: no such ACL : 'is_apu'; did you mean 'is_api' maybe?"],
    ['if', "alert: 'if' expects a condition, but the line ends here."],
    ['if { path /x', "alert: missing closing '}' in condition."],
    [
      'if { pat_beg /x }',
      "alert: unknown fetch method 'pat_beg'; did you mean 'path_beg' maybe? in ACL expression 'pat_beg'.",
    ],
    ['if { path_beg }', 'warning: no pattern to match against were provided, so this ACL will never match.'],
    ['if { path -m begin /x }', "alert: unknown matching method 'begin' when parsing ACL expression."],
    ['if { src -m bin 00 }', ''],
    [
      'if { path -z /x }',
      "alert: '-z' is not a valid ACL option. Please use '--' before any pattern beginning with a '-'.",
    ],
    ['if { dst_port http }', "alert: 'http' is not a number."],
    [
      'if { req.body x }',
      "alert: matching method must be specified first (using '-m') when using a sample fetch of this type ('req.body').",
    ],
    [
      'if { path_beg(x) /y }',
      "alert: ACL keyword 'path_beg' : fetch method 'path' : no argument supported, but got '(x)'.",
    ],
    [
      'if { status 200 }',
      "warning: anonymous acl will never match because it uses keyword 'status' which is incompatible with 'frontend http-request header rule'",
    ],
    [
      'if { hdr (host) }',
      "warning: matching 'hdr' for pattern '(host)' is likely a mistake and probably not what you want.",
    ],
  ])('%s says so', (condition, expected) => {
    const { context } = bench();
    parseCondition(context.cursor(condition), context);
    expect(context.said.map(({ severity, message }) => `${severity}: ${message}`)[0] ?? '').toBe(expected);
  });

  it.each([
    ['a/b path /x', "invalid character in ACL name : '/'."],
    [
      'or path /x',
      "acl name 'or' will never match. 'or' is used to express a disjunction within a condition.",
    ],
    ['x', "acl 'x' expects a criterion, but the line ends here."],
  ])('acl %s is refused', (line, message) => {
    const { context } = bench();
    declareAcl(context.cursor(line), context);
    expect(context.said[0]?.message).toBe(message);
  });
});

describe('the page', () => {
  const page = readFileSync(new URL('./acl.md', import.meta.url), 'utf8');

  it('lists every match method and predefined acl', () => {
    const listed = [...page.matchAll(/^\| `(\w+)` \|/gm)].map((row) => row[1]);
    expect(listed).toEqual(matchMethods.map(({ name }) => name));
    const { context } = bench();
    for (const name of page.match(/^(TRUE[\s\S]*?)\.$/m)?.[0].match(/[A-Z_]{2,}(?:\d\.\d)?/g) ?? []) {
      parseCondition(context.cursor(`if ${name}`), context);
    }
    expect(context.said.filter(({ severity }) => severity === 'alert')).toEqual([]);
  });
});
