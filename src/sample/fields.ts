/** Hot path. Values of header fields. A field may list several values between commas (commas inside quotes do not count); `hdr`
 * fetches see each of them, `fhdr` fetches whole lines. An empty name means every field.
 */

import type { FieldName } from '../model/field-name.ts';
import type { HttpMessage } from '../model/http-message.ts';

/** HAProxy looks no further back than so many occurrences. */
export const OCCURRENCES_BACK_MAX = 10;

/** Index of the next field called <field> from <from> on, or -1. */
export function findField(message: HttpMessage, field: FieldName, from: number): number {
  if (field.name !== '') return message.find(field.id, field.name, from);
  for (let i = from; i < message.fieldEnd; i++) if (!message.isDeleted(i)) return i;
  return -1;
}

/** Index of the comma that ends the value beginning at <from>, or the text's length. */
export function valueEnd(text: string, from: number): number {
  const comma = text.indexOf(',', from);
  if (comma < 0) return text.length;
  const quote = text.indexOf('"', from);
  if (quote < 0 || quote > comma) return comma;
  let isQuoted = false;
  for (let i = quote; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (isQuoted && code === 92) i++;
    else if (code === 34) isQuoted = !isQuoted;
    else if (code === 44 && !isQuoted) return i;
  }
  return text.length;
}

function isBlank(code: number): boolean {
  return code === 32 || code === 9;
}

/** Part of a text without the blanks around it. */
export function trimmed(text: string, from: number, to: number): string {
  let start = from;
  let end = to;
  while (start < end && isBlank(text.charCodeAt(start))) start++;
  while (end > start && isBlank(text.charCodeAt(end - 1))) end--;
  return text.substring(start, end);
}

/** True as soon as <accept> takes one of the values. */
export function someValue<Context>(
  message: HttpMessage,
  field: FieldName,
  isWhole: boolean,
  accept: (value: string, context: Context) => boolean,
  context: Context,
): boolean {
  for (let i = findField(message, field, 0); i >= 0; i = findField(message, field, i + 1)) {
    const text = message.fieldValue(i);
    if (isWhole) {
      if (accept(text, context)) return true;
      continue;
    }
    for (let at = 0; at <= text.length; ) {
      const end = valueEnd(text, at);
      if (accept(trimmed(text, at, end), context)) return true;
      at = end + 1;
    }
  }
  return false;
}

export function countValues(message: HttpMessage, field: FieldName, isWhole: boolean): number {
  let count = 0;
  for (let i = findField(message, field, 0); i >= 0; i = findField(message, field, i + 1)) {
    if (isWhole) {
      count++;
      continue;
    }
    const text = message.fieldValue(i);
    for (let at = 0; at <= text.length; at = valueEnd(text, at) + 1) count++;
  }
  return count;
}

/** The <occurrence>-th value: from 1 on, or from -1 back. */
export function nthValue(
  message: HttpMessage,
  field: FieldName,
  isWhole: boolean,
  occurrence: number,
): string | undefined {
  let left = occurrence;
  if (left < 0) {
    if (left < -OCCURRENCES_BACK_MAX) return undefined;
    left += countValues(message, field, isWhole) + 1;
    if (left < 1) return undefined;
  }
  for (let i = findField(message, field, 0); i >= 0; i = findField(message, field, i + 1)) {
    const text = message.fieldValue(i);
    if (isWhole) {
      if (--left === 0) return text;
      continue;
    }
    for (let at = 0; at <= text.length; ) {
      const end = valueEnd(text, at);
      if (--left === 0) return trimmed(text, at, end);
      at = end + 1;
    }
  }
  return undefined;
}

/** The last value, which is what a fetch without an occurrence gives. */
export function lastValue(message: HttpMessage, field: FieldName, isWhole: boolean): string | undefined {
  let last = -1;
  for (let i = findField(message, field, 0); i >= 0; i = findField(message, field, i + 1)) last = i;
  if (last < 0) return undefined;
  const text = message.fieldValue(last);
  if (isWhole) return text;
  let at = 0;
  for (;;) {
    const end = valueEnd(text, at);
    if (end >= text.length) return trimmed(text, at, end);
    at = end + 1;
  }
}
