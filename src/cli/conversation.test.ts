/** What a connection remembers: prompts, severity, modes, payloads; and that nothing a client sends can do more than be refused. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cliBench, newSession } from '../../test/tool/cli-bench.ts';
import { fail } from './answer.ts';
import type { Level } from './command.ts';
import { LINE_MAX_BYTES, PAYLOAD_MAX_BYTES } from './flow.ts';
import { payloadStart } from './words.ts';

function talk(...received: string[]): string {
  const session = newSession(cliBench().control, 'admin');
  return received.map((text) => [...session.take(text)].join('')).join('');
}

describe('prompts', () => {
  it('toggle between none and both; i is interactive without one', () => {
    expect(talk('prompt\n', 'echo a; echo b\n')).toBe('\n> a\n\nb\n\n> ');
    expect(talk('prompt i\n', 'echo a\n', 'prompt n\n')).toBe('\na\n\n\n');
    expect(talk('prompt\nprompt\necho c\n')).toBe('\n> \n');
  });

  it('show the uptime when asked to', () => {
    expect(talk('prompt timed\n')).toMatch(/^\n\[\d+:\d\d:\d\d:\d\d\]> $/);
  });

  it('refuse what they do not know', () => {
    expect(talk('prompt x\n')).toMatch(/^Usage: prompt /);
  });
});

describe('severity', () => {
  it('stands before messages, not before listings', () => {
    expect(talk('set severity-output number; get weight be/s1; get weight x; show backend\n')).toBe(
      "\n[6]: 10 (initial 10)\n\n[3]: Require 'backend/server'.\n\n# name\nbe\n\n",
    );
    expect(talk('set severity-output string; set server be/s1 addr 127.0.0.1\n')).toBe(
      '\n[warning]: nothing changed\n\n',
    );
    expect(talk('set severity-output loud\n')).toMatch(/^one of 'none'/);
  });
});

describe('modes', () => {
  it('are off, asked for by name, and lost with the level', () => {
    expect(talk('expert-mode; expert-mode on; expert-mode; user; expert-mode\n')).toBe(
      'expert-mode is OFF\n\n\nexpert-mode is ON\n\n\nPermission denied\n\n',
    );
    expect(talk('debug dev write 3\n')).toBe('This command is restricted to expert mode only.\n\n');
    expect(talk('expert-mode on; debug dev write 3\n')).toBe('\n...\n\n');
  });

  it('leave the empty line out for the master', () => {
    expect(talk('expert-mode on -; expert-mode\n')).toBe('expert-mode is ON\n\n');
    expect(talk('user -; show cli level\n')).toBe('user\n\n');
  });

  it('anonymise with a key of their own', () => {
    expect(talk('set anon on 5; show anon; user; show anon\n')).toBe(
      '\nAnonymized mode enabled\nKey : 5\n\n\nAnonymized mode enabled\n\n',
    );
    expect(talk('set anon on 0\n')).toBe('Value out of range (1 to 4294967295 expected).\n\n');
    expect(talk('set anon off 5\n')).toBe("Key can't be added while disabling anonymized mode\n\n");
  });
});

describe('payloads', () => {
  it('end with an empty line, or with a pattern of their own', () => {
    expect(talk('echo a <<\nline\n\n')).toBe('a\n\n');
    expect(talk('echo a <<EOF\nline\n\nstill\n', 'EOF\n')).toBe('a\n\n');
    expect(talk('prompt\n', 'echo a <<\n', 'x\n', '\n')).toBe('\n> + + a\n\n> ');
  });

  it('begin only where a word begins, with a pattern that is short enough', () => {
    expect(payloadStart('add map x <<EOF')).toEqual({ before: 'add map x ', pattern: 'EOF' });
    expect(payloadStart('add map x<<')).toBeUndefined();
    expect(payloadStart(`add map x <<${'y'.repeat(65)}`)).toBeUndefined();
  });

  it('are bounded', () => {
    const line = `${'x'.repeat(LINE_MAX_BYTES)}\n`;
    const text = talk(
      'echo <<\n',
      ...Array.from({ length: PAYLOAD_MAX_BYTES / LINE_MAX_BYTES + 1 }, () => line),
    );
    expect(text).toMatch(/^The payload is too big\./);
  });
});

describe('a line', () => {
  it('may have so many words', () => {
    expect(talk(`echo${' x'.repeat(64)}\n`)).toBe(
      'Too many arguments. Commands must have at most 64 arguments.\n\n',
    );
  });

  it('ends at a NUL', () => {
    expect(talk('show version\0foo\n')).toBe('9.9\n\n');
  });
});

it('an answer that comes later holds those behind it back', () => {
  const { control } = cliBench();
  control.streams.shut = () => new Promise(() => {});
  const session = newSession(control, 'admin');
  const flow = session.take('shutdown session 0x1; echo after\n');
  const first = flow.next();
  expect(first.value).toBeInstanceOf(Promise);
  expect([flow.next(fail('No such session.\n')).value, flow.next().value, flow.next().value]).toEqual([
    'No such session.\n',
    '\n',
    'after\n',
  ]);
});

const LEVELS: Level[] = ['user', 'operator', 'admin'];
/** Bytes that mean something here, mixed with all others. */
const noise = fc.array(
  fc.oneof(
    fc.constantFrom(
      ...[
        'show ',
        'set ',
        'server ',
        'be/s1 ',
        'stat ',
        'sess ',
        'info ',
        'weight ',
        'addr ',
        'prompt ',
        'help ',
      ],
      ...[
        'wait ',
        'clear ',
        'counters ',
        'state ',
        'maxconn ',
        'frontend ',
        'fe ',
        'all ',
        '\n',
        ';',
        '<<',
        '\\',
        '0x1 ',
      ],
    ),
    fc.string({ unit: 'binary', maxLength: 12 }),
    fc.integer().map((value) => `${value} `),
  ),
  { maxLength: 60 },
);

describe('whatever a client sends', () => {
  it('is answered or refused, in whatever pieces it comes', () => {
    fc.assert(
      fc.property(
        noise,
        fc.constantFrom(...LEVELS),
        fc.integer({ min: 1, max: 40 }),
        (words, level, size) => {
          const { control } = cliBench();
          control.exit = () => {
            throw new Error('a client without expert mode ended the process');
          };
          const session = newSession(control, level);
          const text = Buffer.from(`prompt i\n${words.join('')}\n`, 'utf8').toString('latin1');
          let sent = 0;
          for (let at = 0; at < text.length; at += size) {
            for (const piece of session.take(text.slice(at, at + size))) {
              if (typeof piece === 'string') sent += piece.length;
            }
          }
          for (const piece of session.end()) if (typeof piece === 'string') sent += piece.length;
          expect(sent).toBeGreaterThan(0);
          expect(session.client.isClosing).toBe(true);
        },
      ),
      { numRuns: 200 },
    );
  });
});
