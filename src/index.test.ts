/** The library as its users call it. */
import { expect, it } from 'vitest';
import { checkConfig, version } from './index.ts';

it('knows its version', () => expect(version).toMatch(/^\d+\.\d+\.\d+/));

it('finds nothing in a good configuration', () => {
  expect(checkConfig('frontend f\n bind :8080\n timeout client 1s\n')).toEqual({
    isValid: true,
    findings: [],
  });
});

it('tells where and what, in the text of the file', () => {
  const { isValid, findings } = checkConfig('frontend é\n bind ":${PORT}"\n', {
    name: 'my.cfg',
    environment: { PORT: '80x' },
  });
  expect(isValid).toBe(false);
  expect(findings.map(({ severity, line, column }) => [severity, line, column])).toEqual([
    ['alert', 1, 10],
    ['alert', 2, 7],
  ]);
  expect(findings[1]?.message).toBe("'bind' : invalid port '80x'");
  expect(findings[0]?.text).toContain('parsing [my.cfg:1]');
  expect(findings[0]?.text).toContain('|   frontend é\n');
});
