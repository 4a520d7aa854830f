/** Any bytes may be a configuration: properties that hold for all of them. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { actions } from '../action/index.ts';
import { evaluateCondition, PREDICATE_NAMES } from '../config/condition.ts';
import { namesElsewhere } from '../config/known-elsewhere.ts';
import { LINE_WORDS_MAX, lexLine } from '../config/lexer.ts';
import { renderMessages } from '../config/render.ts';
import { Variables } from '../config/variables.ts';
import { converters } from '../sample/converters/index.ts';
import { fetches } from '../sample/fetches/index.ts';
import { BIND_OPTIONS } from './bind-options.ts';
import { parseConfiguration } from './configuration.ts';
import { globalKeywords } from './global.ts';
import { proxySectionKeywords } from './keyword-tables.ts';
import { SERVER_OPTIONS } from './server-options.ts';
import { makeSources } from './sources.ts';

/** How long one reading may take, however odd the file. */
const READING_MAX_MS = 10_000;

const bytes = fc.string({ unit: fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)) });
const syntax = fc.string({
  unit: fc.constantFrom(...` \t"'\\#$\{}[*]-.xA1(),:%!&|`.split('')),
  maxLength: 40,
});

const known = [
  ...globalKeywords.map((entry) => entry.name),
  ...proxySectionKeywords.flat().map((entry) => entry.name),
  ...BIND_OPTIONS.map((entry) => entry.name),
  ...SERVER_OPTIONS.map((entry) => entry.name),
  ...namesElsewhere('proxy'),
  ...namesElsewhere('http-request'),
  ...actions.flatMap(({ name, from }) => from.map((set) => `${set} ${name}`)),
  ...fetches.map((entry) => `acl a ${entry.name}`),
  ...converters.map((entry) => `http-request set-header x %[str(a),${entry.name}`),
  ...[
    'global',
    'defaults',
    'frontend f',
    'backend b',
    'listen l',
    'frontend x from d',
    'defaults d',
    'peers p',
  ],
  ...['.if 1', '.if 0', '.elif 1', '.else', '.endif', '.if', '.notice "x"', 'no', 'default'],
];
const value = fc.oneof(
  fc.constantFrom(
    'if',
    'unless',
    '{',
    '}',
    'TRUE',
    'path',
    '/',
    '10s',
    '5',
    '-1',
    '127.0.0.1:80',
    ':80',
    '[::1]:9-12',
  ),
  fc.constantFrom(
    '%[src]',
    '%[hdr(host),lower]',
    '"${X-y}"',
    'len',
    'gzip',
    'hdr(host)',
    'local0',
    'fd@3',
    'b',
    'f',
  ),
  fc.constantFrom(...known),
  syntax,
);
const line = fc
  .tuple(fc.constantFrom(...known), fc.array(value, { maxLength: 8 }))
  .map(([first, rest]) => [first, ...rest].join(' '));
const header = fc.constantFrom(
  'global',
  'defaults',
  'defaults d',
  'frontend f',
  'backend b',
  'listen l',
  'listen m from d',
);
const body = fc.array(
  fc.oneof({ weight: 8, arbitrary: line }, { weight: 1, arbitrary: syntax }, { weight: 1, arbitrary: bytes }),
  { maxLength: 20 },
);
const section = fc.tuple(header, body).map(([first, lines]) => [first, ' mode http', ...lines].join('\n'));
const file = fc.oneof(
  { weight: 9, arbitrary: fc.array(section, { maxLength: 6 }).map((sections) => `${sections.join('\n')}\n`) },
  { weight: 1, arbitrary: bytes },
);

it('cuts any line into words', () => {
  fc.assert(
    fc.property(fc.oneof(syntax, bytes), (text) => {
      const lexed = lexLine(text, new Variables(new Map([['A', 'x y']])));
      expect(lexed.words.length).toBeLessThanOrEqual(LINE_WORDS_MAX);
      for (const word of lexed.words) expect(text.length).toBeGreaterThan(word.column);
    }),
    { numRuns: 2000 },
  );
});

it('evaluates any condition, or says why not', () => {
  const part = fc.constantFrom(
    ...PREDICATE_NAMES,
    '(',
    ')',
    '!',
    '&&',
    '||',
    ',',
    ' ',
    '0',
    '1',
    '"',
    "'",
    '\\',
    'a',
    '3.5',
  );
  fc.assert(
    fc.property(fc.array(part, { maxLength: 30 }), (parts) => {
      const result = evaluateCondition(parts.join(''), () => false);
      expect('value' in result || result.error.length > 0).toBe(true);
    }),
    { numRuns: 2000 },
  );
});

const loader = {
  file: (path: string) =>
    path.length % 2 === 0 ? Buffer.from(`HTTP/1.1 200 OK\r\n\r\n${path}\n# x\n10.0.0.0/8\n(`) : undefined,
  userId: () => 1,
  groupId: () => undefined,
};

it('reads any file: never throws, never hangs, and every message has its place', () => {
  fc.assert(
    fc.property(file, (text) => {
      const options = { localPeer: 'p', maxconn: 0, proxyMaxconn: 0 };
      const sources = makeSources([{ name: 'f.cfg', text }], options, { A: '1' });
      const begun = performance.now();
      const { messages } = parseConfiguration(sources, loader);
      expect(performance.now() - begun).toBeLessThan(READING_MAX_MS);
      const lines = text.split('\n');
      for (const { place, column, source, text: what } of messages) {
        expect(what).not.toBe('');
        if (place === undefined) continue;
        expect(place.file).toBe('f.cfg');
        expect(place.line).toBeGreaterThanOrEqual(1);
        expect(place.line).toBeLessThanOrEqual(lines.length);
        expect(column).toBeLessThanOrEqual(source.length + 1);
      }
      renderMessages(messages, { pid: 1, diagnostics: true, version: '0', executable: 'x' });
    }),
    { numRuns: Number(process.env['FUZZ_RUNS'] ?? 500) },
  );
});
