/** The commands beside the proxy are those that bin/sluice looks for. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { commands } from './commands.ts';

test('bin/sluice knows every command by its name', () => {
  const program = readFileSync(new URL('../bin/sluice', import.meta.url), 'latin1');
  const list = /^const commands = (\[.*\]);$/m.exec(program)?.[1] ?? '[]';
  const names: unknown = JSON.parse(list.replaceAll("'", '"'));
  expect(names).toEqual(Object.keys(commands).sort());
});
