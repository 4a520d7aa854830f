/** Converters that leave their input somewhere on its way: variables and capture slots. */

import { captureRequest, captureResponse } from '../capture.ts';
import { converter } from '../declare.ts';

export const internalConverters = [
  converter({
    name: 'set-var',
    args: ['var'],
    input: 'any',
    output: 'same',
    convert: (value, [variable], stream) => {
      variable.set(stream, value);
      return value;
    },
  }),
  converter({
    name: 'unset-var',
    args: ['var'],
    input: 'any',
    output: 'same',
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
