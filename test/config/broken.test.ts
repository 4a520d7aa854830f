// Broken configurations and what a person is told about them. Each NAME.cfg has a NAME.txt: the messages as printed by
// `sluice -c`, without the head that names the program. UPDATE_GOLDEN=1 writes them anew, to be read before they are kept.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { renderMessages } from '../../src/config/render.ts';
import { parseConfiguration } from '../../src/section/configuration.ts';
import { makeSources } from '../../src/section/sources.ts';

const folder = join(import.meta.dirname, 'broken');
const PROGRAM_LINES = 2;

function messagesFor(name: string): string {
  const text = readFileSync(join(folder, `${name}.cfg`), 'latin1');
  const options = { localPeer: 'peer', maxconn: 0, proxyMaxconn: 0 };
  const sources = makeSources([{ name: `${name}.cfg`, text }], options, { HOME: '/root' });
  const { messages } = parseConfiguration(sources);
  const rendered = renderMessages(messages, { pid: 1, diagnostics: false, version: '', executable: '' });
  return rendered.split('\n').slice(PROGRAM_LINES).join('\n');
}

const names = readdirSync(folder)
  .filter((file) => file.endsWith('.cfg'))
  .map((file) => file.slice(0, -'.cfg'.length));

it('there are twenty of them', () => expect(names.length).toBeGreaterThanOrEqual(20));

it.each(names)('%s', (name) => {
  const golden = join(folder, `${name}.txt`);
  const messages = messagesFor(name);
  if (process.env['UPDATE_GOLDEN'] !== undefined) writeFileSync(golden, messages);
  expect(messages).toBe(readFileSync(golden, 'utf8'));
  expect(messages).toContain('Fatal errors found in configuration.');
});
