/** Names of header fields as rules use them: lower case, with the id the scanner gives to names it knows, so that a field is found
 * by comparing numbers. Made when the configuration is read.
 */
import { FIELD_NAMES } from '../native/abi.ts';

export interface FieldName {
  readonly name: string;
  /** FIELD_NAMES index, 0 for any other name. */
  readonly id: number;
}

/** <name> in small letters, with the number the scanner gives it; 0 for a name it does not know. */
export function fieldName(name: string): FieldName {
  const lower = name.toLowerCase();
  return { name: lower, id: lower === '' ? 0 : Math.max(FIELD_NAMES.indexOf(lower), 0) };
}

/** A token of RFC 9110 5.6.2. */
export function isFieldName(name: string): boolean {
  return /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/.test(name);
}
