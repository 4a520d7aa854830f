/** Messages as a person reads them. Texts are bytes, one latin1 character each. */
import { describe, expect, it } from 'vitest';
import type { Message } from './messages.ts';
import { renderMessage, renderMessages } from './render.ts';

const bytes = (text: string) => Buffer.from(text, 'utf8').toString('latin1');
const message = (source: string, column: number, text = 'what'): Message => ({
  severity: 'alert',
  text: bytes(text),
  place: { file: 'a.cfg', line: 3 },
  source: bytes(source),
  column,
  advice: '',
});
const shown = (source: string, column: number) => {
  const lines = renderMessage(message(source, column), 7).split('\n').slice(1, 3);
  return lines.map((line) => Buffer.from(line, 'latin1').toString('utf8'));
};

describe('a message', () => {
  it('has HAProxy’s first line', () => {
    expect(renderMessage(message('', -1), 7)).toBe('[ALERT]    (7) : config : parsing [a.cfg:3] : what\n');
  });
  it('points at the word', () =>
    expect(shown('\t bind :80x', 7)).toEqual(['   |   bind :80x', '   |        ^']));
  it('points behind the end', () => expect(shown(' bind', 6)).toEqual(['   |   bind', '   |        ^']));
  it('counts characters, not bytes', () => {
    expect(shown('désc À x', 8)).toEqual(['   |   désc À x', '   |         ^']);
  });
  it('shows the part of a long line that it is about', () => {
    const [line, caret] = shown(`acl ${'a'.repeat(300)} here`, 305);
    expect(line).toContain('here');
    expect(line?.indexOf('here')).toBe(caret?.indexOf('^'));
  });
  it('sends nothing to the terminal that it would obey', () => {
    const text = renderMessage(message('a\x1b[31mb \u009b', -1, 'x\x07\r\n\x1b[2Jy'), 1);
    expect(text).not.toMatch(/[\x00-\x09\x0b-\x1f]|\xc2[\x80-\x9f]/);
  });
});

describe('all messages of a reading', () => {
  const options = { pid: 7, diagnostics: false, version: '1', executable: '/x' };
  it('name each file with alerts, and say an advice once', () => {
    const one = { ...message('x', 0), advice: 'Do it.' };
    expect(renderMessages([one, one], options).split('\n').slice(2, -1)).toEqual([
      '[ALERT]    (7) : config : parsing [a.cfg:3] : what',
      '   |   x',
      '   |   ^',
      '   | Do it.',
      '[ALERT]    (7) : config : parsing [a.cfg:3] : what',
      '   |   x',
      '   |   ^',
      '[ALERT]    (7) : config : Error(s) found in configuration file : a.cfg',
      '[ALERT]    (7) : config : Fatal errors found in configuration.',
    ]);
  });
  it('leave diagnostics out unless asked for', () => {
    const diag = { ...message('x', 0), severity: 'diag' as const };
    expect(renderMessages([diag], options)).toBe('');
    expect(renderMessages([diag], { ...options, diagnostics: true })).toContain('[DIAG]');
  });
});
