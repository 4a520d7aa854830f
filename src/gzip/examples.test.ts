/** Every example of the library's docstrings is run, and prints what it says it prints. */
import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import * as library from './index.ts';

const folder = new URL('.', import.meta.url);
const sources = readdirSync(folder).filter((name) => /(?<!\.test)\.ts$/.test(name));
const examples = sources.flatMap((name) =>
  [...readFileSync(new URL(name, folder), 'utf8').matchAll(/\* ```js\n([\s\S]*?)\* ```/g)].map(
    ([, code], at) => [`${name} ${at + 1}`, (code as string).replace(/^ *\* ?/gm, '')] as const,
  ),
);

const AsyncFunction = (async () => {}).constructor as new (
  ...words: string[]
) => (...given: unknown[]) => Promise<void>;

test('there are examples', () => {
  expect(examples.length).toBeGreaterThan(4);
});

test.each(examples)('%s', async (_name, code) => {
  const body = code.replace(/^import (\{.*\}) from '(.*)';$/gm, "const $1 = await load('$2');");
  const expected = [...code.matchAll(/console\.log.*\/\/ (.*)$/gm)].map(([, said]) => said);
  const said: string[] = [];
  const load = (name: string) => (name === 'sluice/gzip' ? library : import(name));
  const console = { log: (...words: unknown[]) => said.push(words.join(' ').trim()) };
  await new AsyncFunction('load', 'console', body)(load, console);
  await expect.poll(() => said.length).toBeGreaterThanOrEqual(expected.length);
  expect(new Set(said)).toEqual(new Set(expected.map((line) => line?.replace(/^null /, ' ').trim())));
});
