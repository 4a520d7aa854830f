/** All converters. A new family adds its line here. */
import type { Converter } from '../declare.ts';
import { addressConverters } from './address.ts';
import { binaryConverters } from './binary.ts';
import { dateConverters } from './date.ts';
import { hashConverters } from './hash.ts';
import { integerConverters } from './integer.ts';
import { internalConverters } from './internal.ts';
import { stringConverters } from './string.ts';
import { textConverters } from './text.ts';

export const converters: readonly Converter[] = [
  ...addressConverters,
  ...binaryConverters,
  ...dateConverters,
  ...hashConverters,
  ...integerConverters,
  ...internalConverters,
  ...stringConverters,
  ...textConverters,
];
