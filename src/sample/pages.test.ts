/** Every keyword has a page, every page examples, every example is true; a failure names the page's own line. */
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { readPage } from '../../test/tool/keyword-page.ts';
import { policyBench } from '../../test/tool/policy-stream.ts';
import { TestContext } from '../../test/tool/rule-context.ts';
import { converters } from './converters/index.ts';
import { parseExpressionText } from './expression.ts';
import { fetches } from './fetches/index.ts';
import { textOf } from './types.ts';

function pagesIn(folder: string) {
  const url = new URL(`./${folder}/`, import.meta.url);
  return readdirSync(url)
    .filter((name) => name.endsWith('.md'))
    .map((name) => readPage(`src/sample/${folder}/${name}`, readFileSync(new URL(name, url), 'utf8')));
}

function evaluate(page: ReturnType<typeof readPage>, expression: string): string {
  const bench = policyBench(page.request, page.response);
  const context = new TestContext(bench, page.response === undefined ? 'http-request' : 'http-response');
  // Acls are of a room above: the examples of acl() get two that say yes and no.
  for (const [name, holds] of [
    ['yes', true],
    ['no', false],
  ] as const) {
    context.acls.set(name, { name, place: context.place, test: () => holds });
  }
  const latin = Buffer.from(expression, 'utf8').toString('latin1');
  const compiled = parseExpressionText(latin, context, undefined);
  expect(context.finish()).toEqual([]);
  const value = textOf(compiled?.evaluate(bench.stream), compiled?.type ?? 'any');
  return value === undefined ? '<not found>' : Buffer.from(value, 'latin1').toString('utf8');
}

for (const [folder, names] of [
  ['converters', converters.map((keyword) => keyword.name)],
  ['fetches', fetches.map((keyword) => keyword.name)],
] as const) {
  const pages = pagesIn(folder);
  describe(folder, () => {
    it('have a page each, and pages no others', () => {
      expect(pages.flatMap((page) => page.keywords).sort()).toEqual([...names].sort());
    });
    for (const page of pages) {
      for (const keyword of page.keywords) {
        const examples = page.examples.filter((example) => example.keyword === keyword);
        it(`${keyword} has examples`, () => expect(examples).not.toEqual([]));
        for (const { line, expression, expected } of examples) {
          it(`${page.path}:${line} ${expression}`, () => expect(evaluate(page, expression)).toBe(expected));
        }
      }
    }
  });
}
