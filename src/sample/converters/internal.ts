/** Converters that leave their input somewhere on its way: variables and capture slots. */

import { captureRequest, captureResponse } from '../capture.ts';
import { converter } from '../declare.ts';

export const internalConverters = [
  converter({
    name: 'set-var',
    args: ['var', 'guard?', 'guard?', 'guard?', 'guard?'],
    input: 'any',
    output: 'any',
    convert: (value, [variable, a, b, c, d], stream) => {
      const current = variable.get(stream);
      const refused =
        a?.(current, value) === false ||
        b?.(current, value) === false ||
        c?.(current, value) === false ||
        d?.(current, value) === false;
      if (refused) return undefined;
      variable.set(stream, value);
      return value;
    },
  }),
  converter({
    name: 'unset-var',
    args: ['var'],
    input: 'any',
    output: 'any',
    convert: (value, [variable], stream) => {
      variable.unset(stream);
      return value;
    },
  }),
  converter({
    name: 'capture-req',
    args: ['sint'],
    input: 'str',
    output: 'str',
    convert: (text, [slot], stream) => captureRequest(stream, slot, text),
  }),
  converter({
    name: 'capture-res',
    args: ['sint'],
    input: 'str',
    output: 'str',
    convert: (text, [slot], stream) => captureResponse(stream, slot, text),
  }),
];
