/** Hot path. Conditions of set-var: whether a variable takes a value, by what it holds and what it is given. */
import type { SampleValue } from '../model/rules.ts';
import { textOf } from './types.ts';

/** Whether a variable takes a value, by what it holds and what it is given. */
export type Guard = (current: SampleValue | undefined, next: SampleValue | undefined) => boolean;

function isEmpty(value: SampleValue | undefined): boolean {
  return value === undefined || textOf(value, 'any') === '';
}

function compared(test: (a: number | bigint, b: number | bigint) => boolean): Guard {
  return (current, next) => {
    if (typeof current !== 'number' && typeof current !== 'bigint') return false;
    if (typeof next !== 'number' && typeof next !== 'bigint') return false;
    return test(current, next);
  };
}

const GUARDS: { readonly [name: string]: Guard | undefined } = {
  ifexists: (current) => current !== undefined,
  ifnotexists: (current) => current === undefined,
  ifempty: (current) => isEmpty(current),
  ifnotempty: (current) => !isEmpty(current),
  ifset: (_current, next) => next !== undefined,
  ifnotset: (_current, next) => next === undefined,
  ifgt: compared((current, next) => current > next),
  iflt: compared((current, next) => current < next),
};

export const GUARD_NAMES: readonly string[] = Object.keys(GUARDS);

/** The condition of `set-var(name,condition)`. */
export function guardNamed(name: string): Guard | undefined {
  return GUARDS[name];
}

/** True when the variable may be set: <current> is what it holds, <next> what it would. */
export function guardsHold(
  guards: readonly Guard[],
  current: SampleValue | undefined,
  next: SampleValue | undefined,
): boolean {
  for (let i = 0; i < guards.length; i++) {
    if (!(guards[i] as Guard)(current, next)) return false;
  }
  return true;
}
