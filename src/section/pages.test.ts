/** The pages beside this code: every keyword has its place in one, and every example is a configuration without a fault. What a
 * table only keeps under its name is read by another room, or announced as not built.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { renderMessages } from '../config/render.ts';
import { BIND_OPTIONS, NOT_BUILT } from './bind-options.ts';
import { parseConfiguration } from './configuration.ts';
import { globalKeywords } from './global.ts';
import { proxySectionKeywords } from './keyword-tables.ts';
import { SWITCHES } from './options.ts';
import { SERVER_OPTIONS } from './server-options.ts';
import { makeSources } from './sources.ts';

const names = readdirSync(import.meta.dirname).filter((file) => file.endsWith('.md'));
const pages = new Map(names.map((name) => [name, readFileSync(join(import.meta.dirname, name), 'utf8')]));

/** Keywords that are named in code style at the beginning of a piece: `timeout client <timeout>`. */
const documented = new Set<string>();
for (const page of pages.values()) {
  for (const [, code] of page.matchAll(/`([^`\n]+)`/g)) {
    const words = (code as string).split(/[ [<{]/).filter((word) => word !== '');
    for (let count = 1; count <= 3; count++) documented.add(words.slice(0, count).join(' '));
  }
}

function faultsOf(text: string): string {
  const options = { localPeer: 'peer', maxconn: 0, proxyMaxconn: 0 };
  const { messages } = parseConfiguration(makeSources([{ name: 'example', text }], options, {}));
  return renderMessages(messages, { pid: 1, diagnostics: false, version: '', executable: '' });
}

describe('every keyword is on a page', () => {
  const tables = [
    ['global', globalKeywords.map((entry) => entry.name)],
    [
      'proxies',
      proxySectionKeywords
        .flat()
        .flatMap((entry) => (entry.traits['isObsolete'] === true ? [] : [entry.name])),
    ],
    ['bind', BIND_OPTIONS.map((entry) => entry.name)],
    ['server', SERVER_OPTIONS.filter((entry) => entry.isBuilt).map((entry) => entry.name)],
  ] as const;
  it.each(tables)('%s', (_table, keywords) => {
    expect(keywords.filter((name) => !documented.has(name))).toEqual([]);
  });
});

describe('every example is a configuration', () => {
  it.each([...pages.keys()])('%s', (name) => {
    const examples = [...(pages.get(name) as string).matchAll(/```haproxy\n(.*?)```/gs)].map(
      (match) => match[1] as string,
    );
    expect(examples.length).toBeGreaterThan(0);
    for (const example of examples) expect(faultsOf(example)).toBe('');
  });
});

describe('what is kept under its name has a reader', () => {
  const files = readdirSync(join(import.meta.dirname, '..'), { recursive: true, encoding: 'utf8' })
    .filter(
      (path) => path.endsWith('.ts') && !path.endsWith('.test.ts') && !path.endsWith('known-elsewhere.ts'),
    )
    .map((path) => [path, readFileSync(join(import.meta.dirname, '..', path), 'utf8')] as const);
  const keepers = files.filter(([path]) =>
    /^section.(global|options|bind-options|server-options)\.ts$/.test(path),
  );
  const readers = files
    .filter((file) => !keepers.includes(file))
    .map(([, text]) => text)
    .join('\n');
  const kept = keepers.flatMap(([, text]) =>
    [...text.matchAll(/\bkept\('([^']+)'/g)].map(([, name]) => name as string),
  );

  it.each([...kept.filter((name) => !NOT_BUILT.has(name)), ...Object.keys(SWITCHES)])('%s', (name) => {
    expect(readers).toContain(`'${name}'`);
  });
});
