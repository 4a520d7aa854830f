/** The page for operators names every command there is, and none that there is not. */
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { cliCommands, sessionCommands } from './commands.ts';

const page = readFileSync(new URL('../../docs/runtime-api.md', import.meta.url), 'utf8');
const named = [...page.matchAll(/`([^`\n]+)`/g)].map((match) => match[1] as string);

it('docs/runtime-api.md names every command', () => {
  const listed = [...cliCommands, ...sessionCommands].filter(
    ({ isHidden, words }) => !isHidden || words.endsWith('-mode'),
  );
  const missing = listed.filter(
    ({ words }) => !named.some((code) => code === words || code.startsWith(`${words} `)),
  );
  expect(missing.map(({ words }) => words)).toEqual([]);
});
