/** Every action has a page with examples, and every example is accepted where it stands. */
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { policyBench } from '../../test/tool/policy-stream.ts';
import { TestContext } from '../../test/tool/rule-context.ts';
import type { RuleSet } from '../model/rules.ts';
import { actions } from './index.ts';
import { parseRule } from './parse.ts';

const RULE = /^((?:tcp|http)-(?:request|response|after-response)(?: (?:connection|session|content))?) (.*)$/;

const folder = new URL('./', import.meta.url);
const pages = readdirSync(folder)
  .filter((name) => name.endsWith('.md'))
  .map((name) => ({ name, lines: readFileSync(new URL(name, folder), 'utf8').split('\n') }));

describe('actions', () => {
  it('have a page each, and pages no others', () => {
    const headings = pages.flatMap(({ lines }) =>
      lines.flatMap((line) => /^### ([\w-]+)/.exec(line)?.[1] ?? []),
    );
    expect(headings.sort()).toEqual(actions.map(({ name }) => name).sort());
  });

  for (const { name, lines } of pages) {
    let action = '';
    const shown = new Set<string>();
    for (const [index, line] of lines.entries()) {
      action = /^### ([\w-]+)/.exec(line)?.[1] ?? action;
      if (!line.startsWith('    ')) continue;
      shown.add(action);
      const [, ruleSet, rule] = RULE.exec(line.trim()) ?? ['', '', ''];
      const ofAction = action;
      it(`src/action/${name}:${index + 1} ${line.trim()}`, () => {
        const context = new TestContext(policyBench(), ruleSet as RuleSet);
        const compiled = parseRule(
          ruleSet as RuleSet,
          context.cursor(rule.replaceAll('\\', '\\\\')),
          context,
        );
        expect(context.finish()).toEqual([]);
        expect(compiled?.action.name).toBe(ofAction);
      });
    }
    it(`src/action/${name} shows each of its actions`, () => {
      const headings = lines.flatMap((line) => /^### ([\w-]+)/.exec(line)?.[1] ?? []);
      expect([...shown]).toEqual(headings);
    });
  }
});
