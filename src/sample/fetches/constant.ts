/** Fetches that need no stream: literals, the environment, the clock, chance, variables. */
import os from 'node:os';
import { crypto } from '../../base/late-modules.ts';
import { fetch } from '../declare.ts';
import { addIntegers, type Integer } from '../integer.ts';

function clock(unit: string | undefined, offset: number | undefined): Integer {
  const now = Date.now();
  const value =
    unit === 'ms'
      ? now
      : unit === 'us'
        ? Math.round((performance.timeOrigin + performance.now()) * 1000)
        : Math.floor(now / 1000);
  return offset === undefined ? value : addIntegers(value, offset);
}

/** `true`, `false`, `1` or `0`. */
function booleanOf(word: string): boolean | undefined {
  const lower = word.toLowerCase();
  if (lower === 'true' || lower === '1') return true;
  return lower === 'false' || lower === '0' ? false : undefined;
}

export const constantFetches = [
  fetch({ name: 'always_true', args: [], output: 'bool', uses: 'constant', fetch: () => true }),
  fetch({ name: 'always_false', args: [], output: 'bool', uses: 'constant', fetch: () => false }),
  fetch({ name: 'str', args: ['str'], output: 'str', uses: 'constant', fetch: (_stream, [text]) => text }),
  fetch({
    name: 'int',
    args: ['sint64'],
    output: 'sint',
    uses: 'constant',
    fetch: (_stream, [value]) => value,
  }),
  fetch({
    name: 'bool',
    args: ['str'],
    output: 'bool',
    uses: 'constant',
    check: ([word]) =>
      booleanOf(word) === undefined ? `expects 'true', 'false', '0' or '1', got '${word}'` : undefined,
    fetch: (_stream, [word]) => booleanOf(word),
  }),
  fetch({
    name: 'ipv4',
    args: ['ipv4'],
    output: 'ipv4',
    uses: 'constant',
    fetch: (_stream, [address]) => address,
  }),
  fetch({
    name: 'ipv6',
    args: ['ipv6'],
    output: 'ipv6',
    uses: 'constant',
    fetch: (_stream, [address]) => address,
  }),
  fetch({
    name: 'bin',
    args: ['str'],
    output: 'bin',
    uses: 'constant',
    check: ([hex]) =>
      /^(?:[0-9A-Fa-f]{2})+$/.test(hex) ? undefined : `an hexadecimal value is expected, but found '${hex}'`,
    fetch: (_stream, [hex]) => Buffer.from(hex, 'hex').toString('latin1'),
  }),
  fetch({ name: 'meth', args: ['str'], output: 'meth', uses: 'constant', fetch: (_stream, [name]) => name }),
  fetch({
    name: 'env',
    args: ['str'],
    output: 'str',
    uses: 'constant',
    fetch: (_stream, [name]) => process.env[name],
  }),
  fetch({ name: 'hostname', args: [], output: 'str', uses: 'constant', fetch: () => os.hostname() }),
  fetch({
    name: 'date',
    args: ['sint?', 'str?'],
    output: 'sint',
    uses: 'constant',
    check: ([, unit]) =>
      unit === undefined || ['', 's', 'ms', 'us'].includes(unit)
        ? undefined
        : `expects 's', 'ms' or 'us', got '${unit}'`,
    fetch: (_stream, [offset, unit]) => clock(unit, offset),
  }),
  fetch({
    name: 'date_us',
    args: [],
    output: 'sint',
    uses: 'constant',
    fetch: () => Number(clock('us', undefined)) % 1_000_000,
  }),
  fetch({
    name: 'rand',
    args: ['sint?'],
    output: 'sint',
    uses: 'constant',
    fetch: (_stream, [range]) => Math.floor(Math.random() * (range ?? 0x1_0000_0000)),
  }),
  fetch({
    name: 'uuid',
    args: ['sint?'],
    output: 'str',
    uses: 'constant',
    check: ([version]) =>
      version === undefined || version === 4 ? undefined : `unsupported UUID version '${version}'; only 4 is`,
    fetch: () => crypto().randomUUID(),
  }),
  fetch({
    name: 'acl',
    args: ['acl', 'acl?', 'acl?', 'acl?', 'acl?', 'acl?', 'acl?', 'acl?', 'acl?', 'acl?', 'acl?', 'acl?'],
    output: 'bool',
    uses: 'constant',
    fetch: (stream, acls) => {
      for (let i = 0; i < acls.length; i++) if (acls[i]?.test(stream) === false) return false;
      return true;
    },
  }),
  fetch({
    name: 'var',
    args: ['var', 'str?'],
    output: 'any',
    uses: 'constant',
    fetch: (stream, [variable, fallback]) => variable.get(stream) ?? fallback,
  }),
];
